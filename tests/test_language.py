"""What the package says in other languages: nothing missing, nothing stale, every {place} kept."""

import ast
import contextlib
import functools
import gettext
import io
import re
import string
import sys
from pathlib import Path

import pytest

from style_helpers import fronts, language
from style_helpers.course.bugs import BUGS

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lessons"))
import translation  # noqa: E402  (lessons/ is no package: authors run its programs)

LANGUAGES = sorted(path.name for path in language.LOCALE.iterdir())
each_language = pytest.mark.parametrize("code", LANGUAGES)
# Modules that speak to a learner, and say all of it in the reader's language
SPOKEN: tuple[str, ...] = (
    "style_helpers/course/[bmpr]*.py",
    "style_helpers/course/feedback.py",
    "style_helpers/course/checks/*.py",
)
# No sentences: names, places in a figure, a part of torch's words, of a docstring
PROGRAMS_READ = {
    *BUGS, "upper left", "outside right upper", "outside upper center", "offset points", "axes fraction",
    "implemented for|aten::", "Judges an answer to the task: ",
}  # fmt: skip
each_spoken = pytest.mark.parametrize("path", [path for each in SPOKEN for path in sorted(ROOT.glob(each))], ids=str)


def places(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_chinese_is_there():
    assert "zh" in LANGUAGES


def test_english_stands_where_it_is_said_and_where_there_is_no_other(monkeypatch):
    for code in ("en", "", "xx"):
        monkeypatch.setenv(language.VARIABLE, code)
        assert language._("{one} of {two} {things}", one=1, two=2, things="{x}") == "1 of 2 {x}"
        assert language._("braces {stay} without values") == "braces {stay} without values"
        assert language._("") == ""
        assert language.plural("{number} file", "{number} files", 1) == "1 file"
        assert language.plural("{number} file in {where}", "{number} files in {where}", 3, where="x") == "3 files in x"


@each_language
def test_nothing_is_missing_or_stale_and_every_place_is_kept(code):
    found = translation.of_package()
    assert translation.missing(code, translation.PACKAGE, found) == []
    known = translation.read(code, translation.PACKAGE)
    assert set(known) == set(found)
    for message, said in known.items():
        every = [said] if isinstance(message, str) else said
        last = message if isinstance(message, str) else message[-1]
        for form in every:
            assert places(form) == places(last), message


@each_language
def test_what_is_compiled_is_the_catalogue(code):
    path = language.LOCALE / code / "LC_MESSAGES" / "style_helpers.mo"
    assert path.read_bytes() == translation.compiled(code)
    said = gettext.GNUTranslations(io.BytesIO(path.read_bytes()))
    for message, words in translation.read(code, translation.PACKAGE).items():
        if isinstance(message, str):
            assert said.gettext(message) == words


@each_spoken
def test_no_sentence_of_a_module_stays_english(path):
    """Every string with a space in it is in `_` or `plural`, or a docstring, or one that only programs read."""
    if path.suffix == ".js":
        left = fronts.SAID.sub("", re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8")))
        assert [
            each for each in re.findall(r'"([^"\n]*)"', left) if re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]", each)
        ] == []
        return
    tree, allowed = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        said = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "plural")
        if said or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):  # a docstring
            allowed |= {id(each) for each in ast.walk(node) if isinstance(each, ast.Constant)}
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in allowed]
    assert [each for each in strings if isinstance(each, str) and is_english(each)] == []


@functools.cache
def catalogue() -> set:
    """What is said somewhere: the same string elsewhere is a key, or a table's and said by others."""
    return set(translation.of_package())


def is_english(text: str) -> bool:
    """Two words side by side, neither in a tag nor in Python."""
    if text in catalogue() | PROGRAMS_READ:
        return False
    with contextlib.suppress(SyntaxError):
        return not ast.parse(text)
    return bool(re.search(r"[a-z]{2,} [a-z]{2,}", re.sub(r"<[^>]*(?:>|$)", "", text)))
