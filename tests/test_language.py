"""What the package says in other languages: nothing missing, nothing stale, every {place} kept."""

import ast
import functools
import gettext
import io
import re
import string
import sys
from pathlib import Path

import pytest

from style_helpers import fronts, images, language
from style_helpers.classroom import class_folder
from style_helpers.panels import bundled
from style_helpers.panels.panel import pictures_of

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lessons"))
import translation  # noqa: E402  (lessons/ is no package: authors run its programs)
from web import gallery  # noqa: E402

LANGUAGES = sorted(path.parent.name for path in language.LOCALE.glob("*/LC_MESSAGES"))
each_language = pytest.mark.parametrize("code", LANGUAGES)
PICTURES = {*pictures_of(images.CONTENT), *pictures_of(images.STYLE)}
# No sentences, and no rule below knows it: titles, commands, code, CSS, what begins a topic or a docstring
PROGRAMS_READ = {
    bundled.COMMAND, class_folder.TITLE, class_folder.WHAT, gallery.CODE, "python start.py",
    "jupyter labextension enable --level=", "git clone ", "python start.py\n```\n\n<p>",
    "export default { render: (given) => begin(", "row wrap", "weights of ",
    "Judges an answer to the task: ",
    "| module or room | what is in it |",  # of pages that are there in English alone
}  # fmt: skip
COMPARED = {"startswith", "removeprefix", "index"}  # what is given to these methods is looked for, not said
NAMED = {"loc", "textcoords", "prog", "test"}  # a place in a figure, a program's name, what is looked for
PATTERN = re.compile(r"\w\|\w")  # of what others say, such as pip
each_module = pytest.mark.parametrize("path", translation.modules(), ids=lambda path: str(path.relative_to(ROOT)))


def places(text):
    """Of {} and of the % that argparse writes."""
    names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    return sorted([*names, *re.findall(r"%(?:\(\w+\))?[rs]\b", text)])


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
        assert language.sentences("One.", "", "Two.") == "One. Two."
        assert language.sentences("", "") == language.sentences() == ""


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


@each_module
def test_no_sentence_of_a_module_stays_english(path):
    """Every string with a space in it is in `_` or `plural`, or a docstring, or one that only programs read."""
    assert [each for each in english_left(path) if each not in PROGRAMS_READ] == []


def test_no_exemption_is_left_over():
    assert PROGRAMS_READ - {each for path in translation.modules() for each in english_left(path)} == set()


@each_module
def test_what_is_said_is_found(path):
    if path.suffix == ".js":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(map(is_said, ast.walk(node))):
            assert "_" not in {name for each in ast.walk(node) for name in named(each)}, f"{node.name} names its own _"
        hidden = isinstance(node, ast.JoinedStr) and any(map(is_said, ast.walk(node)))
        assert not hidden, "babel does not find it there"


def english_left(path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return left_in_javascript(text) if path.suffix == ".js" else left_in_python(ast.parse(text))


def left_in_python(tree: ast.Module) -> list[str]:
    not_shown = {id(each) for node in ast.walk(tree) if no_sentence(node) for each in ast.walk(node)}
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in not_shown]
    return [each for each in strings if isinstance(each, str) and is_english(each)]


def no_sentence(node: ast.AST) -> bool:
    """Whether what stands in a part of a program is said already, or for programs alone."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Compare():  # a docstring; what is compared
            return True
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in COMPARED
        case ast.keyword(arg=name):
            return name in NAMED
    return is_said(node)


@functools.cache
def catalogue() -> set:
    """What is said somewhere: the same string elsewhere is a key, or a table's and said by others."""
    return set(translation.of_package())


def is_english(text: str) -> bool:
    """Two words side by side, neither in a tag nor in Python, and no names of other things."""
    if text in catalogue() | PICTURES or PATTERN.search(text):
        return False
    if not re.search(r"[a-z]{2,} [a-z]{2,}", re.sub(r"<[^>]*(?:>|$)", "", text)):
        return False
    try:
        ast.parse(text)
    except SyntaxError:
        return True
    return False


def left_in_javascript(module: str) -> list[str]:
    """The strings of a front's module that are neither said nor names of classes and traits, apart by spaces."""
    left = fronts.SAID.sub("", re.sub(r"//[^\n]*", "", module))
    styles = "".join(path.read_text(encoding="utf-8") for path in fronts.FOLDER.glob("*.css"))
    names = {*re.findall(r"\.nst-([\w-]+)", styles), *re.findall(r'"([\w-]+)"', left)}
    strings = re.findall(r'"([^"\n]*)"', left) + re.findall(r"`([^`]*)`", re.sub(r"\$\{[^{}]*\}", "", left))
    return [
        each
        for each in strings
        if re.search(r"[A-Za-z]{2,} [a-z]{2,}", each) and each not in catalogue()
        if not all(word in names or "-" in word for word in each.split())
    ]


def named(node):
    """The local names that a part of a function makes."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg


def is_said(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "plural")
