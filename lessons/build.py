"""Build notebooks/ from lessons/: python lessons/build.py

The Markdown files are what authors edit; the notebooks carry no outputs and no counts, and the same text always gives
the same bytes, cell ids included. `python lessons/build.py --check` writes nothing and says which notebooks are stale.
"""

import hashlib
import sys
from pathlib import Path

import jupytext
import nbformat

LESSONS = Path(__file__).resolve().parent
NOTEBOOKS = LESSONS.parent / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def build(lesson: Path) -> str:
    """The notebook of one Markdown lesson, as the text of an .ipynb file."""
    notebook = jupytext.read(lesson)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken = set()
    for cell in notebook.cells:
        cell.id = _id(cell, taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _id(cell, taken: set[str]) -> str:
    """From the cell's own text, so that an edit elsewhere leaves it as it is."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()
    length = next(length for length in range(8, 64) if digest[:length] not in taken)
    taken.add(digest[:length])
    return digest[:length]


def main(check: bool) -> int:
    stale = []
    for lesson in sorted(LESSONS.glob("[0-9]*.md")):
        notebook, text = NOTEBOOKS / f"{lesson.stem}.ipynb", build(lesson)
        if not notebook.exists() or notebook.read_text(encoding="utf-8") != text:
            stale.append(notebook.name)
            if not check:
                notebook.write_text(text, encoding="utf-8", newline="\n")
    verb = "stale, run python lessons/build.py" if check else "written"
    print(f"{len(stale)} {verb}: {', '.join(stale)}" if stale else "All notebooks agree with their lessons.")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
