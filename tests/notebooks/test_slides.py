"""Slides: what the rules put on them, and that the page needs nothing from outside and lets nothing overflow."""

import hashlib
import importlib.util
import os
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from style_helpers import language
from tests.browser import browser
from tests.chinese import assert_chinese

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lessons"))
import build  # noqa: E402  (lessons/ is no package: authors run its programs)
import slides  # noqa: E402

LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
LESSON = """# Lesson 99: A small one

It says what a `$HOME` is. This sentence is long enough that only the speaker has it, because nobody reads as much as
that on a slide, while somebody speaks.

**After this lesson you can** read slides.

**You need** nothing.

## Squares

The square of $x$ is $x^2$, as Gatys et al. 2016 say. Its derivative is the following: for the speaker, who knows more.

$$\\frac{\\partial}{\\partial x} \\Big\\| x \\Big\\|^2
= \\begin{cases} 2x & \\text{if } x > 0 \\\\ 0 & \\text{else} \\end{cases}$$

| symbol | meaning |
|---|---|
| $x$ | a number |

```python
for x in range(3):
    print(x**2)
```

**What to notice:** they grow. And much more could be said about how fast they grow, and about what that means for
all of us, who have to draw squares.

```python
guess = predict("How large is 2 squared?", ["4", "8"])
guess
```

```python
guess.answer("4", "It is 4.")
```

### A picture

```python
picture
```

```python
2**10
```

**What to notice:**

- It is a thousand.
- Nearly.

```python tags=["skip"]
left_out = 1
```

```python tags=["notes"]
spoken = 2
```

```python tags=["subslide"]
import shown_whole
```

### Exercise 1: double

Difficulty: 1 of 3. About 2 minutes. Write it for all numbers.

```python tags=["exercise"]
def my_double(x):
    \"\"\"Return twice x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
```

```python
checks.double(my_double)
```

<details><summary>Hint 3</summary>

Add it to itself.

</details>

## The panel

<details><summary>What this panel looks like, for readers without a kernel</summary>

![A panel with two sliders and a picture](attachment:panel.png)

</details>

## What you should remember

- One.

**To read on:** a book.
"""
SHORT_LESSON = """# One

```python
print(6 * 7)
```

```python
from style_helpers.course import predict

guess = predict("How *many* <- measured?", ["one", "two"])
guess
```

```python
guess.answer("two", "Measured: 2")
```

Difficulty: 1 of 3.

```python tags=["exercise"]
### BEGIN SOLUTION
my_x = undefined
### END SOLUTION
```

```python
checks.x(my_x)
```

<details><summary>Hint 3</summary>

No.

</details>
"""
OUTPUTS = {
    "for x": nbformat.v4.new_output("stream", name="stdout", text="0\n1\n4\n"),
    "guess =": nbformat.v4.new_output(
        "execute_result",
        data={
            "text/plain": "what is said where there are no widgets",
            slides.WIDGET: [
                {"front": "Prediction", "recorded": {"question": "How large is 2 squared?", "choices": ["4", "8"]}}
            ],
        },
    ),
    "guess.": nbformat.v4.new_output(
        "execute_result",
        data={
            "text/html": "<ul></ul>",
            slides.WIDGET: [{"front": "Answer", "recorded": {"measured": "4", "evidence": "It is 4."}}],
        },
    ),
    "2**10": nbformat.v4.new_output("execute_result", data={"text/plain": "1024"}),
    "picture": nbformat.v4.new_output(
        "execute_result",
        data={"text/html": f'<img alt="A grey point." src="data:image/png;base64,{PIXEL}">', "text/plain": "<Figure>"},
    ),
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The small lesson as if it had been run."""
    lesson = tmp_path_factory.mktemp("lesson") / "99_small.md"
    lesson.write_text(LESSON, encoding="utf-8")
    notebook = nbformat.reads(build.build(lesson), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "first-cell" not in cell.metadata.get("tags", []):
            cell.outputs = [output for start, output in OUTPUTS.items() if cell.source.startswith(start)]
        if "panel.png" in cell.source:
            cell.attachments = {"panel.png": {"image/png": PIXEL}}
    return notebook


@pytest.fixture(scope="module")
def deck(notebook):
    return slides.Deck(notebook.cells).slides


@pytest.fixture(scope="module")
def page(notebook):
    return slides.slides(notebook)


def seen(slide) -> str:
    return "\n".join(cell.source for cell in slide.cells)


def test_headings_make_slides_and_an_exercise_its_own(deck):
    right = [slide.title for slide in deck if slide.kind == "slide"]
    assert right == ["Lesson 99: A small one", "Squares", "The panel", "What you should remember"]
    assert [slide.title for slide in deck].count("Exercise 1: double") == 1


def test_prose_is_for_the_speaker_and_little_of_it_for_all(deck):
    first, squares = deck[0], next(slide for slide in deck if slide.title == "Squares")
    assert "`$HOME`" in seen(first)
    assert "only the speaker" not in seen(first)
    assert "only the speaker" in "".join(first.notes)
    assert "You need" not in "".join(map(seen, deck))
    assert "as Gatys et al. 2016 say." in seen(squares)
    assert "how fast" not in "".join(map(seen, deck))
    assert "a book" not in "".join(map(seen, deck))


def test_a_question_comes_before_its_answer_which_waits(deck):
    asked = next(slide for slide in deck if "Predict first" in seen(slide))
    question = next(number for number, cell in enumerate(asked.cells) if cell.source.endswith("- 4\n- 8"))
    assert all(cell.metadata["slideshow"]["slide_type"] == "fragment" for cell in asked.cells[question + 1 :])
    shown = [cell for slide in deck[deck.index(asked) :] for cell in slide.cells]
    (answer,) = (cell for cell in shown if "**Measured: 4**  \nIt is 4." in cell.source)
    assert answer.metadata["slideshow"]["slide_type"] == "fragment"
    assert "predict(" not in "".join(map(seen, deck))


def test_a_value_is_shown_as_printed_text_is_and_a_notice_stays_with_its_list(deck):
    shown = next(slide for slide in deck if "2**10" in seen(slide))
    (cell,) = (cell for cell in shown.cells if cell.source == "2**10")
    assert cell.outputs[0].text == "1024"
    notice = next(slide for slide in deck if "- Nearly." in seen(slide))
    assert "**What to notice:**" in seen(notice)


def test_an_exercise_is_a_question_without_hint_check_and_solution(deck, page):
    exercise = next(slide for slide in deck if slide.title == "Exercise 1: double")
    assert "Write it for all numbers." in seen(exercise)
    assert 'def my_double(x):\n    """Return twice x."""' in seen(exercise)
    for secret in ("NotImplementedError", "Add it to itself", "return 2 * x", "checks.double", "google.colab", "Hint"):
        assert secret not in page


def test_tags_come_before_the_rules(deck):
    everything = "".join(seen(slide) + "".join(slide.notes) for slide in deck)
    assert "left_out" not in everything
    assert "spoken = 2" in everything
    assert "spoken = 2" not in "".join(map(seen, deck))
    whole = next(slide for slide in deck if "import shown_whole" in seen(slide))
    assert whole.kind == "subslide"


def test_the_page_holds_all_it_needs(page):
    assert re.findall(r"<h1[ >]", page) == ["<h1 "]
    assert 'alt="A grey point."' in page
    assert 'alt="A panel with two sliders and a picture"' in page
    assert "<title>Lesson 99: A small one</title>" in page
    body = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href|srcset|action)="(?!data:|#)[^"]*"', body)
    assert not re.findall(r"@import|url\((?![\"']?(?:data:|#))", body)
    assert "<script src" not in page
    assert body.count("<math") >= 4
    assert "$HOME" in body
    assert "$x" not in body


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_every_formula_of_every_lesson_becomes_mathml(lesson):
    text = "\n".join(cell.source for cell in jupytext.read(lesson).cells if cell.cell_type == "markdown")
    converted = slides.FORMULA.sub(slides._mathml, text)
    for formula in re.findall(r"<math.*?</math>", converted):
        assert "\\" not in formula
        assert "merror" not in formula
        assert not re.search("&(?!#)|&amp;|&#x00026;", formula)  # a table that was not understood


def test_revealjs_is_as_it_was_published():
    written = re.findall(r"^([0-9a-f]{64})  (\S+)$", (slides.REVEAL / "README.md").read_text(), re.MULTILINE)
    found = {name: hashlib.sha256((slides.REVEAL / name).read_bytes()).hexdigest() for _, name in written}
    assert {name: digest for digest, name in written} == found
    assert sorted(found) == ["notes.js", "reveal.css", "reveal.js"]


def test_a_lesson_is_run_but_not_its_exercises(tmp_path):
    (tmp_path / "99_small.md").write_text(SHORT_LESSON, encoding="utf-8")
    notebook = slides.run(tmp_path / "99_small.md")
    assert [cell.outputs[0].text for cell in notebook.cells if cell.get("outputs") and "6 * 7" in cell.source] == [
        "42\n"
    ]
    assert "42" in slides.slides(notebook)
    everything = "\n".join(map(seen, slides.Deck(notebook.cells).slides))
    assert "**Predict first. How *many* <- measured?**\n\n- one\n- two" in everything
    assert "**Measured: two**  \nMeasured: 2" in everything


def test_nothing_is_run_for_a_file_that_exists_or_a_lesson_that_does_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slides, "run", lambda *_: pytest.fail("it was run"))
    mine = tmp_path / f"{LESSONS[0].stem}.html"
    mine.write_text("mine")
    assert slides.main(["00", "--to", str(tmp_path)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    with pytest.raises(SystemExit):
        slides.main(["77", "--to", str(tmp_path)])
    assert "'77'" in capsys.readouterr().err


MISSING = browser.chromium() is None or importlib.util.find_spec("playwright") is None
OVERFLOWING = """async () => {
    const found = [];
    for (const slide of Reveal.getSlides()) {
        const at = Reveal.getIndices(slide);
        Reveal.slide(at.h, at.v, 99);
        await new Promise(requestAnimationFrame);
        const out = [...slide.querySelectorAll('*')].filter(each => !each.closest('aside'))
            .some(each => each.getBoundingClientRect().bottom > 721 || each.getBoundingClientRect().right > 1281);
        if (out || slide.scrollHeight > slide.clientHeight + 1) found.push(slide.innerText.slice(0, 60));
    }
    return [found, Reveal.getTotalSlides()];
}"""


@pytest.mark.skipif(
    MISSING and os.environ.get("STYLE_HELPERS_BROWSER") != "required", reason="needs Chromium, playwright"
)
def test_the_page_opens_from_a_file_without_network_and_nothing_overflows(notebook, tmp_path):
    from playwright.sync_api import sync_playwright

    crowded = nbformat.from_dict(notebook)  # one slide with far more than it can hold
    many = "\n".join(f"- A point with number {number} that is long enough to fill half a line." for number in range(16))
    wide = "$$ " + " + ".join(f"x_{{{number}}}^{{2}}" for number in range(40)) + " $$"
    crowded.cells.append(nbformat.v4.new_markdown_cell(f"## Crowded\n\nMuch.\n\n{wide}\n\n{many}"))
    (tmp_path / "slides.html").write_text(slides.slides(crowded), encoding="utf-8")
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"])
        tab = chrome.new_context(viewport={"width": 1280, "height": 720}, offline=True).new_page()
        asked, wrong = [], []
        tab.on("request", lambda request: asked.append(request.url.split(":")[0]))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto((tmp_path / "slides.html").as_uri())
        tab.wait_for_function("document.documentElement.dataset.ready")
        overflowing, count = tab.evaluate(OVERFLOWING)
        chrome.close()
    assert overflowing == []
    assert count >= 9
    assert set(asked) <= {"file", "data"}
    assert wrong == []


def test_what_it_says_is_in_the_language_that_is_asked_for(tmp_path, capsys, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    def broken(*_):
        raise slides.CellExecutionError("", "NameError", "'x'")

    monkeypatch.setenv(language.VARIABLE, "en")  # and is again afterwards
    chinese = ["00", "--to", str(tmp_path), "--language", "zh"]
    for of, more, code in (
        (lambda *_: "<p>", [], 0), (stopped, [], 1), (stopped, ["--force"], 130), (broken, ["--force"], 1),
    ):  # fmt: skip
        monkeypatch.setattr(slides, "of", of)
        assert slides.main([*chinese, *more]) == code
    with pytest.raises(SystemExit):
        slides.main(["77", *chinese])
    said = capsys.readouterr()
    for line in [*said.out.splitlines(), *said.err.splitlines()]:
        assert line.endswith(".html") or assert_chinese(line)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_in_another_language_every_slide_is_that_of_the_english_lesson(lesson, monkeypatch):
    """The same slides in the same order, in Chinese words; nothing is run here."""
    monkeypatch.setenv(language.VARIABLE, "zh")
    english, chinese = (
        slides.core(nbformat.reads(build.build(lesson, language=each), as_version=4)) for each in ("en", "zh")
    )
    ours, theirs = slides.Deck(english).slides, slides.Deck(chinese, english).slides
    titles = {slide.title: None for slide in ours}
    assert len({slide.title: None for slide in theirs}) == len(titles)
    for slide in theirs:
        for cell in slide.cells:
            if cell.cell_type == "markdown" and len(cell.source) > 60 and "<img" not in cell.source:
                assert re.search(r"[一-鿿]|^```|^\$\$", cell.source), cell.source
    assert "难度" not in "".join(map(seen, theirs))
    assert "你需要" not in "".join(map(seen, theirs))
