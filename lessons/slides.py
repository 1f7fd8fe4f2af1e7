"""Slides of the lessons: python start.py slides [NN ...] [--to FOLDER] [--language zh]

Runs each lesson (as long as it takes; STYLE_HELPERS_QUICK=1 is for a trial) and writes one HTML file of it, which opens
with a double click and needs no network. Space goes on, S opens the speaker's window with the lesson's full text,
O shows all slides, ?print-pdf at the end of the address gives pages to print.

What is on a slide follows from rules, for a slide is looked at and not read: headings, formulas, tables, pictures, the
first sentence of a section and of "What to notice"; a prediction as its question, and the answer when one goes on; an
exercise without hints and solution; short code, and what longer code printed. All other text is in the speaker's notes.
A code cell's tag in lessons/*.md comes before the rules: "slide", "subslide" and "fragment" show the cell with its
code, "notes" puts its code into the notes, "skip" leaves it out. In every language the rules read the English lesson,
of which the other one is a translation paragraph by paragraph.
"""

import os
import re
import sys
import tempfile
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from pathlib import Path

import nbformat
import options
import translation
from build import LESSONS, build, is_exercise, lessons
from latex2mathml.converter import convert
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import SlidesExporter

from style_helpers import files, language
from style_helpers.language import _

REVEAL = LESSONS / "reveal"
SHOWN, TAGS = ("slide", "subslide", "fragment"), ("slide", "subslide", "fragment", "notes", "skip")
LINES = 13  # of text that fit below a slide's heading, with each about 80 characters; a picture takes what is left
PICTURE_LINES, CODE_LINE, SHORT_CODE, SENTENCE = 7.5, 0.75, 12, 130
ABBREVIATION = re.compile(r"(\b(al|e\.g|i\.e|eq|fig|vs|[A-Z])|^\d+)\.$", re.IGNORECASE)
DIFFICULTY = re.compile(r"\**Difficulty: \d of 3\.( (About|Time:) \d+ minutes\.)?\**\s*")
WIDGET, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"
STILL = re.compile(r"!\[[^\]]*\]\(attachment:.*?\)")
FORMULA = re.compile(rf"(```.*?```|`[^`]*`|<img [^>]*>|{STILL.pattern})|\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)


@dataclass
class Slide:
    """kind: "slide" goes to the right, "subslide" down. cells: what is seen. notes: Markdown for the speaker."""

    kind: str
    title: str
    cells: list = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: float = 0
    asks: bool = False  # then nothing but fragments may follow: anything else may give the answer away


class Deck:
    """The slides of a lesson, made from its executed notebook cell by cell. english: the cells that rules are for.

    An output of type WIDGET is a list of what is shown: {"front": a class, "recorded": its traits}.
    """

    def __init__(self, cells: list, english: list | None = None):
        self.slides: list[Slide] = []
        for cell, read in zip(cells, english or cells, strict=True):
            tag = next((tag for tag in cell.metadata.get("tags", []) if tag in TAGS), None)
            if tag != "skip" and "first-cell" not in cell.metadata.get("tags", []):
                if cell.cell_type == "markdown":
                    self._text(cell, _blocks(_without_folds(read.source)), tag)
                else:
                    self._code(cell, tag)

    def _start(self, kind: str, title: str, heading: str):
        self.slides.append(Slide(kind, title))
        self._put(nbformat.v4.new_markdown_cell(heading), 0)

    def _go_on(self):
        title = self.slides[-1].title
        self._start("subslide", title, f'<p class="again">{title}</p>')  # one heading is enough

    def _put(self, cell, lines: float, fragment: bool = False):
        """Onto the slide, or onto a new one below it when it is full. A fragment stays with what it is about."""
        slide = self.slides[-1]
        full = slide.lines and slide.lines + lines > LINES and (not fragment or slide.lines >= LINES)
        if full or (slide.asks and not fragment):
            self._go_on()
            slide = self.slides[-1]
        cell.metadata = {"slideshow": {"slide_type": "fragment" if fragment else "-"}}
        slide.cells.append(cell)
        slide.lines += lines

    def _show(self, text: str, lines: float | None = None, fragment: bool = False, attachments: dict | None = None):
        cell = nbformat.v4.new_markdown_cell(text)
        if attachments:
            cell.attachments = attachments
        self._put(cell, _wide(text) / 80 + 1 if lines is None else lines, fragment)

    def _text(self, cell, english: list[str], tag: str | None):
        first = False  # whether nothing of this section has been said yet
        said = _blocks(_without_folds(cell.source))
        for (block, after), text in zip(pairwise([*english, ""]), said, strict=True):
            if heading := re.match(r"(#+) (.+)", text):
                level, title = len(heading[1]), heading[2]
                self._start("slide" if level < 3 else "subslide", title, text)
                first = True
            elif block.startswith("**To read on"):
                self.slides[-1].notes.append(cell.source[cell.source.index(text) :])
                break
            elif tag != "notes" and STILL.match(block):
                self._show(text, PICTURE_LINES, attachments=cell.get("attachments"))
            else:
                self.slides[-1].notes.append(text)
                if tag != "notes":
                    first = self._paragraph(block, text, first, after)

    def _paragraph(self, english: str, block: str, first: bool, after: str) -> bool:
        """Shows what a slide needs of one block. Returns whether the section's first sentence is still to come."""
        if difficulty := DIFFICULTY.match(english):
            english, sentences = english[difficulty.end() :], difficulty[0].count(".")
            block = re.sub(rf"^\*\*[^*]*\*\*\s*|^([^.。]*[.。]\s*){{{sentences}}}", "", block)
        if block.startswith("$$"):
            self._show(block, 2 + block.count("\n") + block.count(r"\\"))
        elif block.startswith("```"):
            self._show(block, CODE_LINE * block.count("\n") + 1)
        elif block.startswith("|"):
            self._show(block, sum(max(1, _wide(row) / 110) for row in block.splitlines()))
        elif re.match(r"- |\d+\. ", block):
            items = [_first_sentences(item, 110) for item in re.split(r"\n(?=- |\d+\. )", block)]
            self._show("\n".join(items), sum(_wide(item) / 80 + 0.6 for item in items))
        elif english.startswith("**What to notice"):
            if after.startswith(("- ", "1. ")) and self.slides[-1].lines > LINES - 6:
                self._go_on()  # with the list that follows
            self._show(_first_sentences(block), fragment=True)
        elif english.startswith("**After this lesson"):
            self._go_on()
            self._show(block)
        elif block and not english.startswith(("**You need", "**Time", "<")):
            leads_in = after.startswith(("$$", "|", "- ", "1. ", "```"))
            if leads_in and self.slides[-1].lines > LINES - 6:
                self._go_on()  # with what it leads to
            if first or leads_in:
                self._show(_first_sentences(block) if first else _last_sentence(block))
            return False
        return first

    def _code(self, cell, tag: str | None):
        if tag == "notes":
            self.slides[-1].notes.append(f"```python\n{cell.source}\n```")
        elif is_exercise(cell):
            self._show_code(cell.source.rsplit("\n    raise", 1)[0], "")
        elif not cell.metadata.get("nbgrader"):
            self._outputs(cell, tag)

    def _outputs(self, cell, tag: str | None):
        shown = [part for output in cell.outputs for part in output.get("data", {}).get(WIDGET, [])]
        fronts = {part["front"]: part["recorded"] for part in shown if "front" in part}
        question, answer = fronts.get("Prediction"), fronts.get("Answer")
        pictures = [output for output in cell.outputs if "<img" in output.get("data", {}).get("text/html", "")]
        printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout").strip("\n")
        values = [output.data for output in cell.outputs if set(output.get("data", {})) == {"text/plain"}]
        printed = "\n".join(filter(None, [printed, *(value["text/plain"] for value in values)]))
        short = len(cell.source.splitlines()) <= SHORT_CODE and not _only_imports(cell.source)
        other = pictures or shown
        if tag in SHOWN or (short and not other):
            self._show_code(cell.source, printed, tag)
        elif printed:
            self._show(f"```text\n{printed}\n```", CODE_LINE * (printed.count("\n") + 1) + 1)
        if question:
            asked = _("Predict first. {question}", question=question["question"])
            if self.slides[-1].lines > 4:
                self._go_on()
            self._show("\n".join([f"**{asked}**", "", *(f"- {each}" for each in question["choices"])]))
            self.slides[-1].asks = True
        elif answer:
            measured = _("Measured: {evidence}", evidence=answer["measured"])
            self._show(f"**{measured}**  \n{answer['evidence']}", fragment=True)
        for picture in pictures:
            self._put(nbformat.v4.new_markdown_cell(picture.data["text/html"]), PICTURE_LINES)

    def _show_code(self, source: str, printed: str, tag: str | None = None):
        if tag in ("slide", "subslide"):
            self._go_on()
            self.slides[-1].kind = tag
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
        cell = nbformat.v4.new_code_cell(source, outputs=outputs)
        self._put(cell, CODE_LINE * (source.count("\n") + printed.count("\n") + 2) + 1, tag == "fragment")

    def notebook(self) -> nbformat.NotebookNode:
        """For nbconvert: the cells in order, each slide's first with the slide's kind, its notes as the last."""
        cells = []
        for slide in self.slides:
            slide.cells[0].metadata["slideshow"] = {"slide_type": slide.kind}
            cells += slide.cells
            if slide.notes:
                notes = nbformat.v4.new_markdown_cell("\n\n".join(slide.notes))
                notes.metadata = {"slideshow": {"slide_type": "notes"}}
                cells.append(notes)
        for cell in cells:
            if cell.cell_type == "markdown":
                cell.source = FORMULA.sub(_mathml, cell.source)
        return nbformat.v4.new_notebook(cells=cells, metadata={"title": self.slides[0].title})


def _without_folds(text: str) -> str:
    """Hints and solutions go; a panel's still picture stays in its place."""
    return re.sub(r"<details>.*?</details>", lambda fold: "\n\n".join(STILL.findall(fold[0])), text, flags=re.DOTALL)


def _blocks(text: str) -> list[str]:
    """What blank lines part; code between its fences stays whole."""
    found = []
    for part in re.split(r"\n\s*\n(?=\S)", text):
        if found and found[-1].count("```") % 2:
            found[-1] += f"\n\n{part}"
        elif part.strip():
            found.append(part)
    return found


def _wide(text: str) -> int:
    """How many Latin letters wide a text is: a Chinese one is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _only_imports(source: str) -> bool:
    return all(re.match(r"(from|import) |\s*$", line) for line in source.splitlines())


def _sentences(text: str) -> list[str]:
    """Cut after full stops, but not within bold words, formulas and abbreviations, and not after a label in bold."""
    found = [""]
    for part in re.split(r"(?<=[.?!:])\s+|(?<=[。？！：])(?![”）*])", text.strip()):
        plain = re.sub(r"`[^`]*`", "", found[-1])
        within = plain.count("**") % 2 or plain.count("$") % 2 or plain.endswith(":**") or ABBREVIATION.search(plain)
        if found[-1] and not within:
            found.append(part)
        else:
            found[-1] = f"{found[-1]} {part}".strip()
    return found


def _first_sentences(text: str, longest: int = SENTENCE) -> str:
    first, *more = _sentences(text)
    for sentence in more:
        if _wide(first) + _wide(sentence) > longest and not first.endswith((":", "：")):
            break
        first = f"{first}{'' if first[-1] in '。？！：' else ' '}{sentence}"
    return re.sub("：$", "。", re.sub(":$", ".", first))


def _last_sentence(text: str) -> str:
    return _sentences(text)[-1]


def _mathml(found: re.Match) -> str:
    """LaTeX as MathML, which browsers show by themselves. Code is left as it is."""
    code, display, inline = found.groups()
    return code or mathml(display or inline, bool(display))


def mathml(latex: str, display: bool) -> str:
    """A formula as browsers show it. display: on a line of its own."""
    latex = latex.strip().replace(r"\|", "‖").replace("{aligned}", "{split}")  # what the converter knows
    latex = re.sub(r"\\texttt\{.*?(?<!\\)\}", lambda text: text[0].replace(r"\_", "_"), latex)
    return convert(latex, display="block" if display else "inline").replace("\n", " ")


class SelfContained(SlidesExporter):
    """nbconvert's slides, with reveal.js and the style sheets inside the page instead of links to a server."""

    def _init_resources(self, resources):
        resources = super()._init_resources(resources)
        names = ("reveal.js", "reveal.css", "notes.js", "slides.css")
        resources["inside"] = {name: (REVEAL / name).read_text(encoding="utf-8") for name in names}
        resources["language"] = language.chosen()
        return resources


def slides(notebook: nbformat.NotebookNode, english: list | None = None) -> str:
    """The page, from an executed notebook of a lesson. english: its cells in that language, where it has another."""
    template = str(REVEAL / "slides.html.j2")
    exporter = SelfContained(template_file=template, exclude_input_prompt=True, exclude_output_prompt=True)
    return exporter.from_notebook_node(Deck(notebook.cells, english).notebook())[0]


def run(lesson: Path, spoken: str = language.ENGLISH) -> nbformat.NotebookNode:
    """The core of a lesson's notebook, run; exercises and their checks, which no other cell needs, are not."""
    notebook = nbformat.reads(build(lesson, language=spoken), as_version=4)
    cells = core(notebook)
    notebook.cells = [cell for cell in cells if not cell.metadata.get("nbgrader")]
    with tempfile.TemporaryDirectory() as folder:
        sharp = Path(folder) / "matplotlibrc"
        sharp.write_text("savefig.dpi: 150\n")  # a figure is as wide as the screen
        client = NotebookClient(notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute(env=os.environ | {"MATPLOTLIBRC": str(sharp)})
    _put_in_fronts(notebook)
    notebook.cells = cells
    return notebook


def _put_in_fronts(notebook: nbformat.NotebookNode):
    """What a `Deck` takes, in the place of Jupyter's references to widgets."""
    states = notebook.metadata.get("widgets", {STATE: {"state": {}}})[STATE]["state"]
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if WIDGET in output.get("data", {}):
            traits = states[output.data[WIDGET]["model_id"]]["state"]
            front = traits.get("_anywidget_id", "").rpartition(".")[2]  # less its module; "" for a box of several
            output.data[WIDGET] = [{"front": front, "recorded": traits}]


def core(notebook: nbformat.NotebookNode) -> list:
    return list(takewhile(lambda cell: "deeper" not in cell.metadata.get("tags", []), notebook.cells))


def of(lesson: Path, spoken: str) -> str:
    """The page of a lesson in a language. Runs it."""
    english = core(nbformat.reads(build(lesson), as_version=4))
    return slides(run(lesson, spoken), english)


def main(arguments: list[str] | None = None) -> int:
    parser = options.parser("slides", _("Make slides of lessons, one HTML file each."))
    parser.add_argument("lessons", metavar="NN", nargs="*", help=_("such as 04 05 (default: all)"))
    usual = Path("slides")
    shown = _("(default: {value})", value=usual)
    parser.add_argument("--to", metavar="FOLDER", type=options.a_folder, default=usual, help=shown)
    asked = options.read(parser, arguments)
    found = {lesson.stem[:2]: lesson for lesson in lessons()}
    if unknown := [number for number in asked.lessons if number not in found]:
        known = " ".join(found)
        parser.error(_("there is no lesson {number!r}, there are {known}", number=unknown[0], known=known))
    target = translation.folder(asked.to, asked.language)
    try:
        target.mkdir(parents=True, exist_ok=True)
        wanted = {number: target / f"{found[number].stem}.html" for number in asked.lessons or found}
        for path in wanted.values():
            files.check(path, (".html",), overwrite=asked.force)  # before the long work
        for number, path in wanted.items():
            print(_("lesson {number} runs ...", number=number), flush=True)
            print(files.write(path, of(found[number], asked.language).encode(), asked.force))
    except KeyboardInterrupt:
        print(_("Stopped: the slides that are written are whole."), file=sys.stderr)
        return 130
    except CellExecutionError as error:
        kind, reason = error.ename, error.evalue
        print(
            _("Lesson {number} stops with {kind}: {reason}", number=number, kind=kind, reason=reason), file=sys.stderr
        )
        return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
