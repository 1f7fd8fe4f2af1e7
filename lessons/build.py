"""Build notebooks/ and notebooks/solutions/ from lessons/: python lessons/build.py

The Markdown files are what authors edit. In a cell with the tag "exercise" the answer stands between the lines
### BEGIN SOLUTION and ### END SOLUTION. The learner's notebook has "your code here" in its place, and the answer folded
away after the last hint; the notebook in solutions/ has the answer in the cell.

What a figure shows stands in words in a comment <!-- alt ... --> below its cell, one for each figure. The notebooks do
not have it, as it would give predictions away; style_helpers/course/alt_texts.json lends it to the figures.

A section "Deeper: ..." stands after all that everybody reads; JupyterLab opens the notebook with it folded.

Before the first section stands the first cell, the same one in each lesson: it makes the notebook work on Colab, and
names what is wrong elsewhere. Exercises and their checks carry nbgrader's metadata; the difficulty of an exercise gives
its points.

The notebooks carry no outputs and no counts, and the same text always gives the same bytes, cell ids included.
`python lessons/build.py --check` writes nothing and says which notebooks are stale.
"""

import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import jupytext
import maps
import nbformat
import translation

from style_helpers import __version__
from style_helpers.course import alt_texts
from style_helpers.language import ENGLISH

LESSONS = Path(__file__).resolve().parent
NOTEBOOKS = LESSONS.parent / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"
MARKS = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}  # nbgrader's
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
ANSWER = re.compile(r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION\n?", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\((\.\./[^)]*\.(?:png|jpg))\)")
ALT = re.compile(r"\A\s*<!-- alt\n(.*?)\n-->\n*", re.DOTALL)
DEEPER = re.compile(r"^(?=## Deeper: )", re.MULTILINE)
LAST_HINT = re.compile(r"<details>\s*<summary>Hint 3</summary>.*?</details>\n?", re.DOTALL)
DIFFICULTY = re.compile(r"\bDifficulty: ([123]) of 3\b")
CHECK = re.compile(r"^checks\.(\w+)\(my_\w+\)$")
YOUR_CODE = "your code here"
LOOK = f'first_look("{__version__}")'
FIRST_CELL = f"""\
# First cell: it lets this notebook run, on your machine or on Colab, or says what is missing. Run it and read on.
import os
import sys
from pathlib import Path

remedy = "start JupyterLab with `python start.py` in the course's folder, or choose its kernel in the menu Kernel"
if "google.colab" in sys.modules:  # the course and its weights come from a class folder in your Google Drive
    from google.colab import drive, output

    remedy = "add your instructor's class folder to your Google Drive, as a shortcut, and run this cell again"
    drive.mount("/content/drive")
    for pattern in ("MyDrive/*/class.json", "Shareddrives/*/*/class.json"):
        for note in Path("/content/drive").glob(pattern):
            sys.path.insert(0, str(note.parent / "course"))
            os.environ["STYLE_HELPERS_WEIGHTS"] = str(note.parent / "weights")
    get_ipython().run_line_magic("pip", "install -q 'ipywidgets>=8.1.9' anywidget torchmetrics")  # panels, SSIM
    output.enable_custom_widget_manager()
try:
    from style_helpers.course.first_cell import first_look

    {LOOK}
except (ImportError, OSError) as error:  # OSError: on Windows, a library of torch that cannot be loaded
    print(f"The course cannot be loaded here ({{error}}): {{remedy}}.")
"""


def leave_open(cells: list):
    """For learners: takes the answers out of the exercise cells, and folds each away after the third hint."""
    waiting = []
    for cell in cells:
        if is_exercise(cell):
            waiting.append(_solution(cell.source))
            cell.source = ANSWER.sub(_your_code_here, cell.source).rstrip("\n")
        elif waiting and cell.cell_type == "markdown" and LAST_HINT.search(cell.source):
            hint = LAST_HINT.search(cell.source)[0].rstrip()
            cell.source = cell.source.replace(hint, f"{hint}\n\n{_folded(waiting.pop(0))}")
    if waiting:
        raise ValueError(f"This exercise has no third hint, where its solution would follow:\n{waiting[0]}")


def solve(cells: list):
    """For instructors: leaves the answers in the exercise cells, without their marks."""
    for cell in cells:
        if is_exercise(cell):
            cell.source = _solution(cell.source)


def build(lesson: Path, exercises: Callable[[list], None] = leave_open, language: str = ENGLISH) -> str:
    """The notebook of one Markdown lesson, as the text of an .ipynb file.

    exercises: what happens to the exercises among the cells, in place. language: one of `translation.languages`.
    Raises ValueError for an unfinished exercise.
    """
    notebook = jupytext.read(lesson)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    take_alt_texts(notebook.cells)
    _fold_deeper(notebook.cells)
    _mark(notebook.cells)
    exercises(notebook.cells)
    _put_first_cell(notebook.cells, language)
    translation.translate(notebook.cells, words_of(lesson, language))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _attach_pictures(cell, language)
    taken = set()
    for cell in notebook.cells:
        cell.id = _id(cell, taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def take_alt_texts(cells: list) -> dict[str, list[str]]:
    """Takes the comments <!-- alt ... --> away, and returns their texts by the source of the code cell above them."""
    taken = {}
    for code, told in pairwise(cells):
        while told.cell_type == "markdown" and (found := ALT.match(told.source)):
            if code.cell_type != "code":
                raise ValueError(f"This text for a figure stands below no code cell:\n{found[1]}")
            taken.setdefault(code.source, []).append(" ".join(found[1].split()))
            told.source = told.source[found.end() :]
    cells[:] = [cell for cell in cells if cell.source]
    return taken


def _fold_deeper(cells: list):
    """Lets each section "Deeper: ..." begin a cell of its own: of what is folded, its first paragraph is seen."""
    folded = {"jp-MarkdownHeadingCollapsed": True, "tags": ["deeper"]}
    for number in reversed(range(len(cells))):
        cell = cells[number]
        if cell.cell_type == "markdown":
            before, *sections = DEEPER.split(cell.source)
            cell.source = before.rstrip("\n")
            new = []
            for section in sections:
                parts = section.rstrip("\n").split("\n\n", 2)
                new.append(nbformat.v4.new_markdown_cell("\n\n".join(parts[:2]), metadata=folded))
                new += map(nbformat.v4.new_markdown_cell, parts[2:])
            cells[number : number + 1] = [cell, *new] if cell.source else new


def _put_first_cell(cells: list, language: str):
    """After the title, the aims and the time, before the first section."""
    look = LOOK if language == ENGLISH else f'{LOOK[:-1]}, "{language}")'
    source = FIRST_CELL.replace(LOOK, look)
    opening, section, rest = cells[0].source.partition("\n## ")
    metadata = {"tags": ["first-cell"], "jupyter": {"source_hidden": True}}  # folded in JupyterLab: it is no lesson
    cells[0].source = opening.rstrip("\n")
    cells.insert(1, nbformat.v4.new_code_cell(source.rstrip("\n"), metadata=metadata))
    if section:
        cells.insert(2, nbformat.v4.new_markdown_cell(section.lstrip("\n") + rest))


def _mark(cells: list):
    """nbgrader's metadata: exercises are the learner's, the checks after them are marked."""
    points = None
    for cell, after in pairwise([*cells, None]):
        if cell.cell_type == "markdown" and (found := DIFFICULTY.findall(cell.source)):
            points = int(found[-1])
        if is_exercise(cell):
            check = after and CHECK.search(after.source.splitlines()[-1])
            if not check or points is None:
                missing = '"Difficulty: 1 of 3" before it' if check else "checks.name(my_name) in the cell after it"
                raise ValueError(f"This exercise has no {missing}:\n{cell.source}")
            cell.metadata["nbgrader"] = MARKS | {"grade_id": check[1], "solution": True}
            marks = {"grade_id": f"{check[1]}_check", "grade": True, "locked": True, "points": points}
            after.metadata["nbgrader"] = MARKS | marks
            points = None


def _folded(solution: str) -> str:
    return f"<details><summary>Solution</summary>\n\n```python\n{solution}\n```\n\n</details>"


def _attach_pictures(cell, language: str):
    """Puts the pictures of the text into the notebook, so that they are seen wherever it is opened.

    One with words in it may be there in the notebook's language.
    """
    for path in PICTURE.findall(cell.source):
        picture = LESSONS / path
        own = translation.folder(picture.parent, language) / picture.name
        picture = own if own.exists() else picture
        kind = {".png": "image/png", ".jpg": "image/jpeg"}[picture.suffix]
        data = {kind: base64.b64encode(picture.read_bytes()).decode()}
        cell.setdefault("attachments", {})[picture.name] = data
        cell.source = cell.source.replace(f"]({path})", f"](attachment:{picture.name})")


def is_exercise(cell) -> bool:
    return "exercise" in cell.metadata.get("tags", [])


def _solution(source: str) -> str:
    solved, answers = ANSWER.subn(r"\2", source)
    if not answers:
        raise ValueError(f"This exercise cell has no solution between its two marks:\n{source}")
    return solved.rstrip("\n")


def _your_code_here(answer: re.Match) -> str:
    return answer_names(answer) or f'{answer[1]}raise NotImplementedError("{YOUR_CODE}")\n'


def answer_names(answer: re.Match) -> str:
    """The names that an answer outside of a function gives values to, each with three dots. answer: of ANSWER."""
    indent, code = answer.groups()
    return "" if indent else "".join(f"{name} = ...\n" for name in re.findall(r"^(\w+) =", code, flags=re.MULTILINE))


def _id(cell, taken: set[str]) -> str:
    """From the cell's own text, so that an edit elsewhere leaves it as it is."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()
    length = next(length for length in range(8, 64) if digest[:length] not in taken)
    taken.add(digest[:length])
    return digest[:length]


def words_of(lesson: Path, language: str) -> translation.Words:
    """What says a message of this lesson in a language."""
    return translation.words(language, "build", lesson.stem)


def all_messages() -> dict[str, list[str]]:
    """What is to be translated, by catalogue: what all notebooks get from here, and what stands in each lesson."""
    ours = [nbformat.v4.new_code_cell(FIRST_CELL), nbformat.v4.new_markdown_cell(_folded("pass"))]
    found = {"build": [*translation.messages(ours), YOUR_CODE, *maps.messages()]}
    for lesson in lessons():
        cells = jupytext.read(lesson).cells
        words = [text for texts in take_alt_texts(cells).values() for text in texts]
        found[lesson.stem] = list(dict.fromkeys([*translation.messages(cells), *words]))
    return found


def all_alt_texts() -> str:
    """The text of alt_texts.json: of every lesson in every language, every figure."""
    of = {}
    for lesson in lessons():
        taken = take_alt_texts(jupytext.read(lesson).cells)
        for language in translation.languages():
            words = words_of(lesson, language)
            of[f"{language}/{lesson.stem}"] = {
                alt_texts.key(translation.in_code(source, words), language): [words(text) for text in texts]
                for source, texts in taken.items()
            }
    return json.dumps(of, indent=1, ensure_ascii=False) + "\n"


def lessons() -> list[Path]:
    return sorted(LESSONS.glob("[0-9]*.md"))


def notebooks_of(lesson: Path) -> dict[Path, str]:
    """What there should be of one lesson: the text of each notebook by its path. Without exercises, no solutions."""
    built = {}
    for language in translation.languages():
        folder = translation.folder(NOTEBOOKS, language)
        built[folder / f"{lesson.stem}.ipynb"] = build(lesson, language=language)
        if any(is_exercise(cell) for cell in jupytext.read(lesson).cells):
            built[folder / SOLUTIONS.name / f"{lesson.stem}.ipynb"] = build(lesson, solve, language)
    return built


def main(check: bool) -> int:
    built, broken = {}, False
    for lesson in lessons():
        try:
            built |= notebooks_of(lesson)
        except ValueError as error:
            print(f"{lesson.name} cannot be built. {error}", file=sys.stderr)
            broken = True
    if not broken:
        built[alt_texts.TEXTS] = all_alt_texts()
    stale = [path for path, text in built.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if not check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(built[path], encoding="utf-8", newline="\n")
    verb = "stale, run python lessons/build.py" if check else "written"
    names = ", ".join(str(path.relative_to(LESSONS.parent)) for path in stale)
    print(f"{len(stale)} {verb}: {names}" if stale else "All notebooks agree with their lessons.")
    return 1 if broken or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
