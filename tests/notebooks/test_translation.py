"""The lessons in other languages: text twice, code once, and whoever changes the English is told what became stale."""

import ast
import base64
import re
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lessons"))
import build
import maps
import translation

LESSONS = build.lessons()
CATALOGUES = [(language, name) for language in translation.translated() for name in build.all_messages()]
each_catalogue = pytest.mark.parametrize(("language", "name"), CATALOGUES, ids=["-".join(pair) for pair in CATALOGUES])
CODE = '''\
"""A module's words."""
title = "the {painting}"  # as a learner reads it
print(f"{title:10s} is {1 / 3:.2f}, {'never' !r} {{more}}", r"$\\eta$ grows")
path = "images/content.jpg"
long = (
    "a sentence that "
    f"goes on {title}"
)


def f(x):
    """Shapes.

        indented: kept
    end
    """
    return {"relu1_1": 1, "größe, mit Umlaut": 2}["relu1_1"]  # größer: bytes are not letters
'''


def said_in(source):
    found = []
    assert translation.in_code(source, lambda message: found.append(message) or message) == source
    return found


def test_of_code_the_words_are_found_and_nothing_else():
    assert said_in(CODE) == [
        "A module's words.", "the {painting}", "{title:10s} is {1 / 3:.2f}, {'never' !r} {{more}}", "$\\eta$ grows",
        "a sentence that goes on {title}", "Shapes.\n\n    indented: kept\nend", "größe, mit Umlaut",
        "as a learner reads it", "größer: bytes are not letters",
    ]  # fmt: skip


def test_in_another_language_the_code_does_the_same_with_other_words():
    upper = translation.in_code(
        CODE, lambda message: re.sub(r"\b[a-z]{2,}\b(?![^{]*\})", lambda found: "字" + found[0], message)
    )
    assert said_in(upper)[0] == "A 字module's 字words."
    assert ast.literal_eval(ast.parse(upper).body[1].value) == "字the {painting}"
    assert "字as a 字learner" in upper
    assert shape(upper) == shape(CODE)


def shape(source):
    """What a program does, whatever it says: its tree without words, and the places of its f-strings in any order."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            node.values = sorted((each for each in node.values if isinstance(each, ast.FormattedValue)), key=ast.dump)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = node.value if translation.NAME.fullmatch(node.value) else ""
    return ast.dump(tree)


written = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n"))


def test_the_places_of_an_f_string_are_found_as_they_are_written():
    source = 'f"{{a}} {b!r:>{c}}}} {{{d}" "plain"'
    assert said_in(source) == ["{{a}} {b!r:>{c}}}} {{{d}plain"]
    (expected,) = ast.parse(source).body
    turned = translation.in_code(source, lambda message: message.replace("plain", 'ein "Wort"'))
    assert shape(turned) == shape(ast.unparse(expected))
    assert turned.endswith('{{{d}ein \\"Wort\\""')


@given(written, written)
def test_any_words_can_stand_in_a_string(before, after):
    source = f"print({before + 'a b'!r})"
    said = translation.in_code(source, lambda message: after)
    assert ast.literal_eval(ast.parse(said).body[0].value.args[0]) == after


TEXT = """\
# One

Two lines
of one paragraph, $a$

- a list,
  its item
- another

$$x = y$$

```python
f("a b")  # c
```
"""


def test_of_text_each_paragraph_is_a_message_and_how_it_is_wrapped_does_not_matter():
    found = []
    translation.in_text(TEXT, lambda message: found.append(message) or message)
    assert found == ["# One", "Two lines of one paragraph, $a$", "- a list, its item\n- another", "a b", "c"]
    upper = TEXT.replace("lines\nof", "lines of").replace("list,\n  its", "list, its").upper()
    upper = upper.replace("$A$", "$a$").replace("X = Y", "x = y").replace("PYTHON\nF(", "python\nf(")
    other = translation.in_text(TEXT, lambda message: message.upper().replace("$A$", "$a$"))
    assert other == upper
    assert translation.in_text(TEXT, lambda message: message) == TEXT


@pytest.fixture
def catalogues(tmp_path, monkeypatch):
    monkeypatch.setattr(translation, "LESSONS", tmp_path)
    return tmp_path


def test_what_is_new_waits_what_changed_is_doubtful_what_is_gone_goes(catalogues):
    sentence = "A long sentence that says something about pictures."
    translation.write("ja", "one", [sentence, "gone"])
    assert translation.languages() == ["en", "ja"]
    assert translation.missing("ja", "one", [sentence]) == [sentence]
    path = catalogues / "ja" / "one.po"
    path.write_text(path.read_text("utf-8").replace('msgstr ""', 'msgstr "絵"', 1), "utf-8")
    assert translation.read("ja", "one") == {sentence: "絵"}
    changed = sentence.replace("something", "nothing")
    translation.write("ja", "one", [changed, "new"])
    assert translation.read("ja", "one") == {}  # the old words are there, but somebody must look
    assert translation.missing("ja", "one", [changed, "new"]) == [changed, "new"]
    text = path.read_text("utf-8")
    assert "#, fuzzy" in text
    assert "絵" in text
    assert "gone" not in text


def test_a_notebook_in_another_language_differs_in_words_alone(tmp_path, catalogues, monkeypatch):
    lesson = tmp_path / "00_one.md"
    lesson.write_text('# One\n\nText.\n\n```python\nprint("two words")\n```\n\n## Deeper: more\n\nThe end.\n')
    translation.write("ja", "00_one", ["Text."])
    path = tmp_path / "ja" / "00_one.po"
    path.write_text(path.read_text("utf-8").replace('msgstr ""', 'msgstr "文。"'), "utf-8")
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path / "notebooks")
    english, other = (nbformat.reads(text, 4) for text in build.notebooks_of(lesson).values())
    assert [path.parent.name for path in build.notebooks_of(lesson)] == ["notebooks", "ja"]
    assert [cell.metadata for cell in other.cells] == [cell.metadata for cell in english.cells]
    here = {cell.source for cell in english.cells}
    first, words = (cell.source for cell in other.cells if cell.source not in here)
    assert first.endswith("文。")
    assert '"ja")' in words


# Every language there is


@each_catalogue
def test_every_message_has_its_translation_and_none_is_left_over(language, name):
    found = build.all_messages()[name]
    assert translation.missing(language, name, found) == []
    assert set(translation.read(language, name)) == set(found)


def spans(message):
    """Inline code, formulas, addresses and numbers, which are the same in all languages."""
    found, message = [], re.sub(r"\\text\{[^{}]*\}", r"\\text{}", message)
    for pattern in (r"`[^`\n]+`", r"\$\$.*?\$\$|\$[^$\n]+\$", r"\]\([^)]*\)", r"\{[^{}]*\}", r"\d+(?:[.,]\d+)*"):
        each_one = re.findall(pattern, message, flags=re.DOTALL)
        found.append(Counter(re.sub(r'"[^"]*"', '""', re.sub(r"\s+", " ", each)) for each in each_one))
        message = re.sub(pattern, " ", message, flags=re.DOTALL)
    return found


@each_catalogue
def test_code_formulas_addresses_and_numbers_are_as_in_english(language, name):
    for english, other in translation.read(language, name).items():
        assert spans(other) == spans(english), other


@pytest.mark.parametrize("language", translation.translated())
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_the_code_is_the_same(lesson, language):
    words = build.words_of(lesson, language)
    for cell in jupytext.read(lesson).cells:
        if cell.cell_type == "code":
            assert shape(translation.in_code(cell.source, words)) == shape(cell.source)


@pytest.mark.parametrize("language", translation.translated())
@pytest.mark.parametrize("number", maps.LESSON_PARTS)
def test_the_map_of_a_lesson_speaks_the_language_of_the_notebook(number, language):
    (path,) = (build.NOTEBOOKS / language).glob(f"{number}*.ipynb")
    name = f"where-{number}.png"
    (attached,) = nbformat.read(path, 4).cells[0].attachments[name].values()
    assert base64.b64decode(attached) == (build.LESSONS.parent / "images" / "figures" / language / name).read_bytes()
    assert build.LESSONS.parent.joinpath("images", "figures", name).read_bytes() != base64.b64decode(attached)


@pytest.mark.parametrize(
    ("lesson", "not_said"),
    [
        ("09", {maps.WAY_BACK, maps.PARTS["picture"][2]}),
        ("06", {maps.WAY_ON, *(text for _, _, text in maps.PAINTERS_PARTS.values())}),
    ],
)
def test_a_map_says_what_its_words_are(lesson, not_said):
    drawn = maps.course_map(lesson, lambda message: f"<{message}>")
    texts = {text.get_text() for text in drawn.axes[0].texts} - {""}
    assert texts == {
        f"<{message.format(lesson=lesson) if message == maps.HERE else message}>"
        for message in set(maps.messages()) - not_said
    }


@pytest.mark.parametrize("wrong", ["jp", "--help", "../zh", ""])
def test_what_is_no_language_makes_no_folder(wrong, capsys):
    before = {*translation.LESSONS.iterdir(), *translation.LOCALE.iterdir()}
    assert translation.main([wrong]) == 2
    assert "is no language" in capsys.readouterr().err
    assert {*translation.LESSONS.iterdir(), *translation.LOCALE.iterdir()} == before
