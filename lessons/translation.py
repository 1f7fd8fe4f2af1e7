"""The course in other languages: python lessons/translation.py [LANGUAGE ...]

Text stands twice, code once. lessons/<language>/<lesson>.po holds a translation for each paragraph, comment and string
of lessons/<lesson>.md, in the format of gettext, for any of its editors; build.po those that lessons/build.py adds;
style_helpers/locale/<language>/LC_MESSAGES/style_helpers.po what the package says, which is compiled to .mo beside it.
This program brings the catalogues in step with the English: what is new comes without a translation, what changed
keeps its old one, marked fuzzy, what is gone goes. The translation of a string that only programs read is that string.
A new language is a new folder: python lessons/translation.py ja makes it.
"""

import ast
import datetime
import inspect
import io
import re
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from style_helpers import files, fronts
from style_helpers.language import ENGLISH, LOCALE

LESSONS = Path(__file__).resolve().parent
ROOT = LESSONS.parent
PACKAGE = "style_helpers"  # the catalogue of what the package says
ARGPARSE = (  # what Python's argparse says for `style_helpers.__main__.Parser`
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "the following arguments are required: %s",
    "unrecognized arguments: %s",
    "argument %(argument_name)s: %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "expected one argument",
    "ignored explicit argument %r",
    "ambiguous option: %(option)s could match %(matches)s",
)
KEYWORDS = {"_": None, "plural": (1, 2)}  # in Python; in fronts see `fronts.messages`
# Modules whose strings with a space in them are all said, by others: patterns under style_helpers
TABLES = (
    "course/bugs.py",
    "course/errors.py",
    "course/checks/lesson_*.py",
    "course/relations.py",
    "panels/techniques.py",
)
FENCE = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
WRAP = re.compile(r"\n(?!\s*(?:[-*] |[|>#<]|\d+\. |\$\$|```))\s*")  # a line break that means no more than a space
NO_WORDS = re.compile(r"<[^>]*>|`[^`\n]+`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)", re.DOTALL)
NAME = re.compile(r"[\w./-]*[\d_./][\w./-]*")  # of a file, a layer, a network: no words
LETTER = re.compile(r"[^\W\d_]")
WIDEST = 40  # characters of a piece, where a string stood on several lines

Words = Callable[[str], str]  # from a message to its translation


def languages() -> list[str]:
    """The codes of all that the lessons are in, English first."""
    return [ENGLISH, *translated()]


def translated() -> list[str]:
    """The codes of those that have catalogues."""
    return sorted(path.name for path in LESSONS.iterdir() if path.is_dir() and list(path.glob("*.po")))


def folder(parent: Path, language: str) -> Path:
    """Where in `parent` the files of a language are: English ones directly, others in a folder of their code."""
    return parent if language == ENGLISH else parent / language


def translate(cells: list, words: Words):
    """Puts the words of another language into the cells of a notebook, in place."""
    for cell in cells:
        cell.source = in_code(cell.source, words) if cell.cell_type == "code" else in_text(cell.source, words)


def messages(cells: list) -> list[str]:
    """All that is to be translated, in the order of the page, each once."""
    found = {}
    for cell in cells:
        rewrite = in_code if cell.cell_type == "code" else in_text
        rewrite(cell.source, lambda message: found.setdefault(message, message))
    return list(found)


# Text, paragraph by paragraph


def in_text(source: str, words: Words) -> str:
    """Markdown with the words of another language; Python between its fences is code."""
    *parts, end = FENCE.split(source)
    done = [_in_paragraphs(text, words) + f"```python\n{in_code(code, words)}\n```"
            for text, code in zip(parts[::2], parts[1::2], strict=True)]  # fmt: skip
    return "".join([*done, _in_paragraphs(end, words)])


def _in_paragraphs(text: str, words: Words) -> str:
    return re.sub(r"[^\n]+(?:\n[^\n]+)*", lambda found: _paragraph(found[0], words), text)


def _paragraph(block: str, words: Words) -> str:
    message = block if block.startswith("```") else WRAP.sub(" ", block)
    if not LETTER.search(NO_WORDS.sub("", message)) and r"\text{" not in message:
        return block
    said = words(message)
    return block if said == message else said


# Code: strings and comments


def in_code(source: str, words: Words) -> str:
    """Python with the words of another language in its comments and strings; all else stays byte by byte."""
    lines = source.encode().splitlines(keepends=True)  # of bytes: as Python counts them
    for (row, begin), (last, end), text in sorted(_edits(source, words), reverse=True):
        lines[row : last + 1] = [lines[row][:begin] + text.encode() + lines[last][end:]]
    return b"".join(lines).decode()


def _edits(source: str, words: Words) -> list[tuple[tuple[int, int], tuple[int, int], str]]:
    """(where it begins, where it ends, what stands there then) of all that changes; places in rows and bytes."""
    edits, rows = [], source.split("\n")
    for node in _strings(ast.parse(source)):
        message = _message(node, ast.get_source_segment(source, node))
        if LETTER.search(message) and not NAME.fullmatch(message) and (said := words(message)) != message:
            begin, end = (node.lineno - 1, node.col_offset), (node.end_lineno - 1, node.end_col_offset)
            edits.append((begin, end, _literal(said, node, ast.get_source_segment(source, node))))
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        is_said = token.type == tokenize.COMMENT and not token.string.startswith("###")  # which marks an answer
        text = token.string.lstrip("# ")
        if is_said and LETTER.search(text) and (said := words(text)) != text:
            row, column = token.start[0] - 1, token.start[1]
            begin = len(rows[row][:column].encode())
            edits.append(((row, begin), (row, begin + len(token.string.encode())), f"# {said}"))
    return edits


def _strings(tree: ast.AST) -> list[ast.expr]:
    """The strings and f-strings, in their order; what stands within an f-string is its part."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            found.append(node)
        else:
            waiting += ast.iter_child_nodes(node)
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _message(node: ast.expr, segment: str) -> str:
    """A string as translators see it: an f-string with its {places}, a docstring without its indent."""
    if not isinstance(node, ast.JoinedStr):
        return inspect.cleandoc(node.value) if segment.startswith('"""') else node.value
    places = iter(_split(segment)[1::2])
    return "".join(
        part.value.replace("{", "{{").replace("}", "}}") if isinstance(part, ast.Constant) else next(places)
        for part in node.values
    )


def _split(text: str) -> list[str]:
    """What is said before, between and after the {places} of an f-string, and the places: in turn."""
    parts, depth, begin, here = [], 0, 0, 0
    while here < len(text):
        if not depth and text[here : here + 2] in ("{{", "}}"):
            here += 1
        elif text[here] in "{}":
            edge = here if text[here] == "{" else here + 1
            depth += 1 if edge == here else -1
            if depth == (edge == here):  # a place begins or has ended
                parts.append(text[begin:edge])
                begin = edge
        here += 1
    return [*parts, text[begin:]]


def _literal(text: str, node: ast.expr, before: str) -> str:
    """What a program reads as `text`, in the manner of what stood there before: its marks, its lines."""
    marks = "f" * isinstance(node, ast.JoinedStr) + "r" * before.lower().startswith(("r", "fr", "rf"))
    indent = "\n" + " " * node.col_offset
    if before.startswith('"""'):
        end = indent if "\n" in before[3:] else ""
        return '"""' + re.sub(r"\n(?=.)", indent, text) + end + '"""'
    parts = _split(text) if "f" in marks else [text]
    if "r" not in marks:
        parts[::2] = (each.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for each in parts[::2])
    lines = [""]
    for number, part in enumerate(parts):
        for piece in [part] if number % 2 else re.findall(r"\{\{|\}\}|\\.|.", part):
            if "\n" in before and len(lines[-1] + piece) > WIDEST:
                lines.append("")
            lines[-1] += piece
    return indent.join(f'{marks}"{line}"' for line in lines)


# Catalogues


def of_package() -> list[str | tuple[str, str]]:
    """What the package, start.py and some programs here say: sentences, and pairs of one and many of a thing."""
    found = dict.fromkeys(ARGPARSE)
    for path in modules():
        found |= dict.fromkeys(of(path))
    return list(found)


def modules() -> list[Path]:
    """All that speaks the reader's language, in Python and then in JavaScript; programs of authors speak English."""
    package, website = sorted((ROOT / "style_helpers").rglob("*.py")), sorted(LESSONS.glob("web/*.py"))
    of_instructors = (LESSONS / f"{name}.py" for name in ("options", "release", "slides"))
    return [*package, ROOT / "start.py", *website, *of_instructors, *sorted(fronts.FOLDER.glob("*.js"))]


def of(path: Path) -> list[str | tuple[str, str]]:
    """What one module says."""
    if path.suffix == ".js":
        return fronts.messages(path.read_text(encoding="utf-8"))
    with path.open("rb") as file:
        found = [message for _, message, _, _ in extract("python", file, KEYWORDS)]
    if any(path.match(f"style_helpers/{table}") for table in TABLES):
        found += _in_table(ast.parse(path.read_text(encoding="utf-8")))
    return found


def _in_table(tree: ast.Module) -> list[str]:
    """The strings of a module that has what others say: none without a space, no docstring, no test of a bug.

    Of an exercise is said its task, which is a docstring, and what a mistake looks like, however short: keys in pairs.
    """
    said, unsaid = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(decorator_list=[ast.Call(), *_], body=[ast.Expr(value=task), *_]):
                said.add(task)
            case ast.Dict(keys=keys):
                said.update(part for key in keys if isinstance(key, ast.Tuple) for part in key.elts)
            case ast.Call(func=ast.Name(id="plural"), args=[one, many, *_]):  # which are said as a pair
                unsaid.update((one, many))
            case ast.Expr(value=alone) | ast.keyword(arg="test", value=alone):
                unsaid.add(alone)
    strings = [node for node in _strings(tree) if isinstance(node, ast.Constant) and LETTER.search(node.value)]
    return [node.value for node in strings if node in said or (" " in node.value and node not in unsaid)]


def read(language: str, *names: str) -> dict[str, str]:
    """The translations in some catalogues. A message that has none, or a doubtful one, is not among them."""
    catalogues = [_catalogue(language, name) for name in names]
    return {each.id: each.string for one in catalogues for each in one
            if each.id and all(_forms(each)) and not each.fuzzy}  # fmt: skip


def words(language: str, *names: str) -> Words:
    """What says a message by some catalogues; what is not translated, and so all of English, stays as it is."""
    known = read(language, *names)
    return lambda message: known.get(message, message)


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if message.pluralizable else (message.string,)


def missing(language: str, name: str, found: list[str]) -> list[str]:
    """The messages, of those that were found in a lesson, that have no translation or a stale one."""
    known = read(language, name)
    return [message for message in found if message not in known]


def write(language: str, name: str, found: list[str]):
    """Brings a catalogue in step with the messages of its lesson."""
    template = Catalog()
    for message in found:
        template.add(message)
    catalogue = _catalogue(language, name)
    catalogue.update(template)
    catalogue.obsolete.clear()
    page = io.BytesIO()
    write_po(page, catalogue, width=0, omit_header=True)
    path = _path(language, name)
    path.parent.mkdir(exist_ok=True, parents=True)
    files.write(path, page.getvalue(), overwrite=True)
    if name == PACKAGE:
        files.write(path.with_suffix(".mo"), compiled(language), overwrite=True)


def compiled(language: str) -> bytes:
    """What gettext reads of the package's catalogue."""
    page, catalogue = io.BytesIO(), _catalogue(language, PACKAGE)
    catalogue.creation_date = catalogue.revision_date = datetime.datetime.fromtimestamp(0, datetime.UTC)
    write_mo(page, catalogue)
    return page.getvalue()


def _path(language: str, name: str) -> Path:
    folder = LOCALE / language / "LC_MESSAGES" if name == PACKAGE else LESSONS / language
    return folder / f"{name}.po"


def _catalogue(language: str, name: str) -> Catalog:
    path = _path(language, name)
    return read_po(io.BytesIO(path.read_bytes() if path.exists() else b""), locale=language, charset="utf-8")


def main(wanted: list[str]) -> int:
    from build import all_messages

    for language in wanted:
        try:
            Locale.parse(language)
        except (ValueError, UnknownLocaleError):
            print(f"{language!r} is no language: give its code, such as ja.", file=sys.stderr)
            return 2
    for language in wanted or translated():
        for name, found in (all_messages() | {PACKAGE: of_package()}).items():
            write(language, name, found)
            left = missing(language, name, found)
            print(f"{language}/{name}.po: {len(found)} messages" + (f", {len(left)} to translate" if left else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
