"""Build notebooks/ and notebooks/solutions/ from lessons/: python lessons/build.py

The Markdown files are what authors edit. In a cell with the tag "exercise" the answer stands between the lines
### BEGIN SOLUTION and ### END SOLUTION. The learner's notebook has "your code here" in its place, and the answer folded
away after the last hint; the notebook in solutions/ has the answer in the cell.

The notebooks carry no outputs and no counts, and the same text always gives the same bytes, cell ids included.
`python lessons/build.py --check` writes nothing and says which notebooks are stale.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

import jupytext
import nbformat

LESSONS = Path(__file__).resolve().parent
NOTEBOOKS = LESSONS.parent / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
ANSWER = re.compile(r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION\n?", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\((\.\./[^)]*\.(?:png|jpg))\)")
LAST_HINT = re.compile(r"<details>\s*<summary>Hint 3</summary>.*?</details>\n?", re.DOTALL)


def build(lesson: Path, solved: bool = False) -> str:
    """The notebook of one Markdown lesson, for learners or with the solutions, as the text of an .ipynb file."""
    notebook = jupytext.read(lesson)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    (_solve if solved else _leave_open)(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _attach_pictures(cell)
    taken = set()
    for cell in notebook.cells:
        cell.id = _id(cell, taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _solve(cells: list):
    for cell in cells:
        if is_exercise(cell):
            cell.source = _solution(cell.source)


def _leave_open(cells: list):
    """Takes the answers out of the exercise cells, and folds each away after the exercise's third hint."""
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


def _folded(solution: str) -> str:
    return f"<details><summary>Solution</summary>\n\n```python\n{solution}\n```\n\n</details>"


def _attach_pictures(cell):
    """Puts the pictures of the text into the notebook, so that they are seen wherever it is opened."""
    for path in PICTURE.findall(cell.source):
        picture = LESSONS / path
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
    indent, code = answer.groups()
    if indent:
        return f'{indent}raise NotImplementedError("your code here")\n'
    return "".join(f"{name} = ...\n" for name in re.findall(r"^(\w+) =", code, flags=re.MULTILINE))


def _id(cell, taken: set[str]) -> str:
    """From the cell's own text, so that an edit elsewhere leaves it as it is."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()
    length = next(length for length in range(8, 64) if digest[:length] not in taken)
    taken.add(digest[:length])
    return digest[:length]


def notebooks_of(lesson: Path) -> dict[Path, str]:
    """What there should be of one lesson: the text of each notebook by its path. Without exercises, no solutions."""
    built = {NOTEBOOKS / f"{lesson.stem}.ipynb": build(lesson)}
    if any(is_exercise(cell) for cell in jupytext.read(lesson).cells):
        built[SOLUTIONS / f"{lesson.stem}.ipynb"] = build(lesson, solved=True)
    return built


def main(check: bool) -> int:
    stale, broken = [], False
    for lesson in sorted(LESSONS.glob("[0-9]*.md")):
        try:
            built = notebooks_of(lesson)
        except ValueError as error:
            print(f"{lesson.name} cannot be built. {error}", file=sys.stderr)
            broken = True
            continue
        for notebook, text in built.items():
            if not notebook.exists() or notebook.read_text(encoding="utf-8") != text:
                stale.append(str(notebook.relative_to(NOTEBOOKS)))
                if not check:
                    notebook.parent.mkdir(exist_ok=True)
                    notebook.write_text(text, encoding="utf-8", newline="\n")
    verb = "stale, run python lessons/build.py" if check else "written"
    print(f"{len(stale)} {verb}: {', '.join(stale)}" if stale else "All notebooks agree with their lessons.")
    return 1 if broken or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
