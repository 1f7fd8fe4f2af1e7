"""Every lesson agrees with its notebook, has the form that a course needs, and runs from top to bottom."""

import importlib.util
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))
NOTEBOOKS = [ROOT / "notebooks" / f"{lesson.stem}.ipynb" for lesson in LESSONS]
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location("build", ROOT / "lessons" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_lessons_and_a_notebook_for_each():
    assert LESSONS
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == NOTEBOOKS


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_the_notebook_is_what_the_lesson_builds(builder, lesson):
    assert builder.build(lesson) == (ROOT / "notebooks" / f"{lesson.stem}.ipynb").read_text(encoding="utf-8")


def test_an_edit_leaves_the_ids_of_other_cells_and_twins_differ(builder, tmp_path):
    (tmp_path / "a.md").write_text("# One\n\n```python\n1\n```\n\ntext\n\n```python\n1\n```\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("# Another\n\n```python\n1\n```\n\ntext\n\n```python\n1\n```\n", encoding="utf-8")
    before, after = (
        [cell["id"] for cell in json.loads(builder.build(tmp_path / name))["cells"]] for name in ("a.md", "b.md")
    )
    assert before[1:] == after[1:]
    assert before[0] != after[0]
    assert len(set(before)) == 4


@each_notebook
def test_no_outputs_no_counts_and_the_plain_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


@each_notebook
def test_one_title_and_headings_in_order(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_notebook
def test_every_figure_says_in_words_what_it_shows(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            figures = len(re.findall(r"images\.show\(|plots\.\w+\(", cell.source))
            assert len(re.findall(r"\balt=", cell.source)) == figures, cell.source


@each_notebook
def test_the_lesson_runs_from_top_to_bottom(path, tmp_path):
    copy = tmp_path / path.name  # from a folder that is not the project's, so that nothing depends on the place
    shutil.copy(path, copy)
    notebook = nbformat.read(copy, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    pictures = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert sum("<img alt=" in page for page in pictures) >= 3
    assert list(tmp_path.iterdir()) == [copy]  # a lesson leaves nothing behind
