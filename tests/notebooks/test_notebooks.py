"""Every lesson agrees with its notebooks, has the form that a course needs, and runs from top to bottom."""

import ast
import asyncio
import base64
import errno
import html
import io
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from style_helpers.classroom.class_folder import prepare, problems, read_manifest
from style_helpers.course import alt_texts
from style_helpers.devices import processors
from style_helpers.language import ENGLISH
from tests.notebooks import offline

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lessons"))
import build  # noqa: E402  (lessons/ is no package: authors run its programs)
import minutes  # noqa: E402
import translation  # noqa: E402

LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))
BUILT = {path: text for lesson in LESSONS for path, text in build.notebooks_of(lesson).items()}
each_notebook = pytest.mark.parametrize("path", BUILT, ids=lambda path: str(path.relative_to(build.NOTEBOOKS)))
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
each_mathematics_lesson = pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda lesson: lesson.stem)


def cells(path: Path) -> list:
    return nbformat.read(path, as_version=4).cells


def student(lesson: Path) -> list:
    return cells(build.NOTEBOOKS / f"{lesson.stem}.ipynb")


def language_of(path: Path) -> str:
    """That of a notebook's folder."""
    first = path.relative_to(build.NOTEBOOKS).parts[0]
    return first if first in translation.translated() else ENGLISH


def text_of(notebook: list) -> str:
    return "\n\n".join(cell.source for cell in notebook if cell.cell_type == "markdown")


def test_there_are_lessons_and_only_their_notebooks():
    assert [lesson.stem[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(len(LESSONS))]
    found = build.NOTEBOOKS.rglob("*.ipynb")
    assert {path for path in found if ".ipynb_checkpoints" not in path.parts} == set(BUILT)


@each_notebook
def test_the_notebook_is_what_the_lesson_builds(path):
    assert BUILT[path] == path.read_text(encoding="utf-8")


def built(tmp_path, text: str, exercises=build.leave_open) -> list:
    """The cells of a lesson, less the first cell."""
    (tmp_path / "lesson.md").write_text(text, encoding="utf-8")
    notebook = nbformat.reads(build.build(tmp_path / "lesson.md", exercises), as_version=4).cells
    assert notebook.pop(1).source == build.FIRST_CELL.rstrip("\n")
    return notebook


EXERCISE = """# One

Difficulty: 2 of 3.

```python tags=["exercise"]
def double(x):
    \"\"\"Return twice x.\"\"\"
    ### BEGIN SOLUTION
    twice = 2 * x
    return twice
    ### END SOLUTION
```

```python
double(1)
checks.double(my_double)
```

<details><summary>Hint 3</summary>

Add it to itself.

</details>

## Two

Difficulty: 1 of 3.

```python tags=["exercise"]
### BEGIN SOLUTION
answer = 42
### END SOLUTION
```

```python
checks.answer(my_answer)
```

<details><summary>Hint 3</summary>

Ask.

</details>
"""


def test_an_edit_leaves_the_ids_of_other_cells_and_twins_differ(tmp_path):
    rest = "\n\n```python\n1\n```\n\ntext\n\n```python\n1\n```\n"
    before, after = ([cell.id for cell in built(tmp_path, title + rest)] for title in ("# One", "# Another"))
    assert before[1:] == after[1:]
    assert before[0] != after[0]
    assert len(set(before)) == 4


def test_learners_get_the_cell_without_the_answer_and_the_answer_folded_after_the_last_hint(tmp_path):
    notebook = built(tmp_path, EXERCISE)
    assert notebook[1].source == (
        'def double(x):\n    """Return twice x."""\n    raise NotImplementedError("your code here")'
    )
    assert notebook[4].source == "answer = ..."
    folds = re.findall(r"<summary>(.*?)</summary>", text_of(notebook))
    assert folds == ["Hint 3", "Solution", "Hint 3", "Solution"]
    assert "    twice = 2 * x\n    return twice\n```" in notebook[3].source
    assert "answer = 42" in notebook[6].source


def test_the_solved_notebook_has_the_answer_in_the_cell(tmp_path):
    notebook = built(tmp_path, EXERCISE, build.solve)
    assert notebook[1].source == 'def double(x):\n    """Return twice x."""\n    twice = 2 * x\n    return twice'
    assert notebook[4].source == "answer = 42"
    assert "Solution</summary>" not in text_of(notebook)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (("Hint 3", "Hint 2"), "no third hint"),
        (("### END SOLUTION", ""), "no solution between its two marks"),
        (("checks.", "look_at."), "no checks.name"),
        (("1 of 3", "high"), "answer = 42"),
    ],
)
def test_an_exercise_that_an_author_left_unfinished_is_named(tmp_path, damage, complaint):
    with pytest.raises(ValueError, match=complaint):
        built(tmp_path, EXERCISE.replace(*damage))


@each_notebook
def test_no_outputs_no_counts_and_the_plain_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    assert "SOLUTION" not in path.read_text(encoding="utf-8")


@each_notebook
def test_one_title_and_headings_in_order(path):
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text_of(cells(path)), flags=re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_notebook
def test_every_figure_is_told_in_words_that_no_learner_reads_in_the_code(path):
    texts = alt_texts.read()
    language = language_of(path)
    for cell in cells(path):
        if cell.cell_type == "code":
            figures = len(re.findall(r"images\.show\(|plots\.\w+\(", cell.source))
            told = texts.get(alt_texts.key(cell.source, language), [])
            assert len(told) == figures, cell.source
            assert all(len(words.split()) >= 6 or (language != ENGLISH and len(words) >= 12) for words in told), told
            assert not re.search(r"\balt=", cell.source)
        else:
            assert "<!--" not in cell.source


def test_the_words_for_figures_are_those_of_the_lessons():
    assert alt_texts.TEXTS.read_text(encoding="utf-8") == build.all_alt_texts()


FIGURES = """# One

```python
images.show(left)
images.show(right)
```

<!-- alt
What is left,
in words.
-->

<!-- alt
What is right.
-->

What to notice.
"""


def test_words_below_a_cell_go_to_its_figures_in_their_order_and_are_gone_from_the_page(tmp_path):
    _, code, notice = built(tmp_path, FIGURES)
    assert notice.source == "What to notice."
    (tmp_path / "lesson.md").write_text(FIGURES, encoding="utf-8")
    texts = build.take_alt_texts(jupytext.read(tmp_path / "lesson.md").cells)
    assert texts == {code.source: ["What is left, in words.", "What is right."]}


def test_words_without_a_figure_are_named(tmp_path):
    with pytest.raises(ValueError, match="below no code cell:\nNothing"):
        built(tmp_path, "# One\n\nText.\n\n\n<!-- alt\nNothing\n-->\n")


def test_what_is_deeper_is_folded_section_by_section_and_stands_last(tmp_path):
    text = "# One\n\nCore.\n\n## Deeper: a\n\nSeen.\n\nMore.\n\n```python\n1\n```\n\n## Deeper: b\n\nMost.\n"
    _, *sections = built(tmp_path, text)
    assert [cell.source for cell in sections] == ["## Deeper: a\n\nSeen.", "More.", "1", "## Deeper: b\n\nMost."]
    folded = [cell.metadata.get("jp-MarkdownHeadingCollapsed", False) for cell in sections]
    assert folded == [True, False, False, True]


@each_lesson
def test_the_core_comes_first_and_takes_the_minutes_that_the_lesson_states(lesson):
    headings = re.findall(r"^## (.*)", text_of(student(lesson)), flags=re.MULTILINE)
    deeper = [heading.startswith("Deeper: ") for heading in headings]
    assert deeper == sorted(deeper)
    assert headings[deeper.index(True) - 1 if any(deeper) else -1] == "What you should remember"
    assert minutes.stated(lesson)[0] <= (20 if lesson == LESSONS[0] else 40)
    for counted, stated in zip(minutes.counted(lesson), minutes.stated(lesson), strict=True):
        assert stated - 6 < counted <= stated


@each_notebook
def test_every_picture_in_the_text_exists_and_is_told_in_words(path):
    for cell in cells(path):
        for words, target in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source, flags=re.DOTALL):
            (data,) = cell.attachments[target.removeprefix("attachment:")].values()
            with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
                picture.verify()
            assert len(words.split()) >= 8 or (language_of(path) != ENGLISH and len(words) >= 16), words


@each_lesson
def test_a_lesson_opens_and_closes_as_every_lesson_does(lesson):
    text = text_of(student(lesson))
    for promise in ("**After this lesson you can**", "**You need**", "**Time:**", "**To read on:**"):
        assert promise in text, promise
    remember = text.split("## What you should remember")[1].split("**To read on:**")[0]
    assert len(re.findall(r"^- ", remember, flags=re.MULTILINE)) == 5


@each_mathematics_lesson
def test_a_lesson_asks_before_it_tells_and_lets_the_learner_work(lesson):
    notebook = student(lesson)
    code = "\n".join(cell.source for cell in notebook if cell.cell_type == "code")
    assert code.count("predict(") >= 2
    assert code.count(".answer(") == code.count("predict(")
    exercises = [number for number, cell in enumerate(notebook) if build.is_exercise(cell)]
    assert 2 <= len(exercises) <= 3
    for number in exercises:
        assert re.fullmatch(r"checks\.\w+\(my_\w+\)", notebook[number + 1].source.splitlines()[-1])
        folds = re.findall(r"<summary>(.*?)</summary>", notebook[number + 2].source)
        assert folds == ["Hint 1", "Hint 2", "Hint 3", "Solution"]
    assert f"(attachment:where-{lesson.stem[:2]}.png)" in notebook[0].source


@each_mathematics_lesson
def test_no_cell_depends_on_the_learners_answers(lesson):
    notebook = student(lesson)
    exercises = [number for number, cell in enumerate(notebook) if build.is_exercise(cell)]
    mine = {name for number in exercises for name in _defined(notebook[number].source)}
    for number, cell in enumerate(notebook):
        if cell.cell_type == "code" and number not in exercises and number - 1 not in exercises:
            assert not mine & _used(cell.source), cell.source


def _defined(source: str) -> set[str]:
    functions = {each.name for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)}
    others = [each for each in ast.parse(source).body if not isinstance(each, ast.FunctionDef)]
    stored = (node for each in others for node in ast.walk(each) if isinstance(node, ast.Name))
    return functions | {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def _used(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


@each_notebook
def test_imports_are_plain(path):
    for cell in cells(path):
        if cell.cell_type == "code":
            assert not re.search(r"import \*|\bplt\b|pyplot", cell.source), cell.source


@pytest.fixture(scope="session")
def class_folder(tmp_path_factory) -> Path:
    """A class folder as an instructor makes it, with real weights."""
    folder = tmp_path_factory.mktemp("shared") / "class"
    prepare(folder)
    return folder


@pytest.fixture(scope="session")
def caches(tmp_path_factory) -> Path:
    """An empty folder for caches, so that no weights of this machine's user are found."""
    return tmp_path_factory.mktemp("caches")


# On a machine without a GPU the solved notebooks compute on one that only pretends to be one
PRETEND = """
from style_helpers import devices
from tests import pretend_device
pretend_device.register()
devices._PRESENT["pretend"] = lambda: True
devices.default_size = lambda *_: 128  # 512 on a GPU, which a processor only pretends to be
"""
PROOF = """
import socket
import style_helpers
from style_helpers import images
print(style_helpers.__file__, images.FOLDER, images.load(images.CONTENT / "flower.jpg", 16).device.type, sep="\\n")
with socket.socket() as caller:
    caller.settimeout(20)
    try:
        print(caller.connect(("192.0.2.1", 80)))
    except OSError as error:
        print(error.errno)
"""


def run(notebook, folder: Path, settings: dict[str, str]) -> list:
    """Runs every cell from `folder`, without network, then the cell PROOF; returns the code cells with outputs."""
    notebook.cells += [nbformat.v4.new_code_cell(PROOF)]
    notebook.cells[:0] = [nbformat.v4.new_code_cell(PRETEND)] if "pretend" in settings.values() else []
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        kernel_manager_class=offline.KernelCutOff,
        resources={"metadata": {"path": folder}},
    )
    asyncio.run(client.async_execute(env=os.environ | settings))  # in a thread, with a loop of its own that is closed
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# Learners' notebooks all run. Solved ones differ in the exercises alone, whose answers the tests of course/ hold
# to their checks: the ones with the most code run, and so does lesson 00, which has nothing to solve, on a pretend GPU.
# Other languages differ in words alone, as test_translation.py holds them to: one runs, for what words do to figures
SOLVED = ("04", "06")
IN_OTHER_WORDS = ("05",)
RUNS = [
    *((path, False) for path in BUILT if path.parent == build.NOTEBOOKS),
    *(
        (build.NOTEBOOKS / "zh" / path.name, False)
        for path in BUILT
        if path.parent == build.NOTEBOOKS and path.stem[:2] in IN_OTHER_WORDS
    ),
    *((path, True) for path in BUILT if path.parent == build.SOLUTIONS and path.stem[:2] in SOLVED),
    (build.NOTEBOOKS / f"{LESSONS[0].stem}.ipynb", True),
]


RUN_IDS = [f"{path.parent.name}/{path.stem}-{solved}" for path, solved in RUNS]
each_run = pytest.mark.parametrize("number", range(len(RUNS)), ids=RUN_IDS)


@pytest.fixture(scope="module")
def begun(request, device, class_folder, caches, tmp_path_factory):
    """All runs that this session wants, by number, two at a time, with half of the cores each.

    Learners' notebooks run from the class folder and with its code and weights, solutions with the project's code;
    without a real GPU the latter compute on a pretend one. No network is there, and no weights but the class folder's.
    """
    settings = {
        "STYLE_HELPERS_WEIGHTS": str(class_folder / "weights"),
        "XDG_CACHE_HOME": str(caches / "own"),
        "TORCH_HOME": str(caches / "torch"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "STYLE_HELPERS_QUICK": "1",
        "PYTHONWARNINGS": "error::UserWarning,error::RuntimeWarning,error::FutureWarning",
        "OMP_NUM_THREADS": str(max(1, processors() // 2)),
    }
    wanted = sorted({item.callspec.params["number"] for item in request.session.items if "begun" in item.fixturenames})
    with ThreadPoolExecutor(2) as pool, tempfile.TemporaryDirectory() as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", short)  # the names of a kernel's files may have 107 letters at most
        runs = {}
        for number in wanted:
            path, solved = RUNS[number]
            project = ROOT if solved else class_folder / "course"
            place = tmp_path_factory.mktemp("place") if solved else project / path.parent.relative_to(ROOT)
            own = {"PYTHONPATH": offline.python_path(project)}
            if solved and device.type == "cpu":
                own["STYLE_HELPERS_DEVICE"] = "pretend"
            notebook = nbformat.read(path if solved else place / path.name, as_version=4)
            runs[number] = place, pool.submit(run, notebook, place, settings | own)
        yield runs
        pool.shutdown(cancel_futures=True)
    # Nothing was put into the caches but matplotlib's
    assert {path.relative_to(caches).parts[:2] for path in caches.rglob("*.*")} <= {("own", "matplotlib")}


@each_run
def test_the_lesson_runs_from_top_to_bottom_without_network(number, begun, device, class_folder):
    solved = RUNS[number][1]
    project = ROOT if solved else class_folder / "course"
    place, running = begun[number]
    code = running.result()
    package, pictures, computed_on, refusal = code.pop().outputs[0].text.split("\n")[:4]
    assert computed_on == ("pretend" if solved and device.type == "cpu" else device.type)
    assert (Path(package), Path(pictures)) == (project / "style_helpers" / "__init__.py", project / "images")
    assert refusal == str(errno.ENETUNREACH)
    outputs = [output for cell in code for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert not re.sub(r".*(evaluations|求值).*", "", printed).strip()  # the bars of long runs, and nothing else
    pages = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert sum("<img alt=" in page for page in pages) >= 3
    told = alt_texts.read()
    for cell in code:
        page = "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)
        words = [html.unescape(found) for found in re.findall('<img alt="(.*?)" src="data:image/png', page)]
        assert words == told.get(alt_texts.key(cell.source, language_of(RUNS[number][0])), words)
        assert all(words)
    assert all(base64.b64decode(data) for page in pages for data in re.findall(r"base64,([^\"]+)", page))
    say = translation.words(language_of(RUNS[number][0]), translation.PACKAGE)
    expected = say("Right: " if solved else "Not yet: ")
    for cell in code:
        if re.match(r"checks\.", cell.source):
            assert cell.outputs[-1].data["text/plain"].startswith(expected), cell.outputs[-1].data["text/plain"]
    assert not solved or list(place.iterdir()) == []


def test_the_lessons_leave_nothing_behind_and_the_class_folder_as_it_was(class_folder):
    """The last one of this module: all lessons that run in the class folder have ended."""
    manifest = read_manifest(class_folder / "class.json")
    found = {path.relative_to(class_folder).as_posix() for path in class_folder.rglob("*") if path.is_file()}
    assert found == {*manifest.files, "class.json"}
    assert problems(class_folder, thorough=True) == []


def symbols_in(text: str) -> set[str]:
    """The letters of all formulas, Latin and Greek, without LaTeX's own words."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    found = set()
    for formula in re.findall(r"\$\$.*?\$\$|\$[^$]+\$", text, flags=re.DOTALL):
        plain = re.sub(r"\\(text|texttt|operatorname|begin|end)\{[^}]*\}|_\{?\\(max|min)\b", " ", formula)
        found |= set(re.findall(r"\\[A-Za-z]+|[A-Za-z]", plain))
    return {each for each in found if len(each) == 1 or each in GREEK}


GREEK_NAMES = "alpha beta gamma delta varepsilon eta kappa lambda mu rho sigma theta varphi Sigma ell"
GREEK = {f"\\{name}" for name in GREEK_NAMES.split()}


@pytest.mark.parametrize("language", translation.languages())
def test_the_table_of_symbols_has_those_of_all_lessons_and_no_others(language):
    table = (translation.folder(build.NOTEBOOKS, language) / "symbols.md").read_text(encoding="utf-8")
    used = [symbols_in(lesson.read_text(encoding="utf-8")) for lesson in LESSONS]
    assert symbols_in(table) == set().union(*used)
