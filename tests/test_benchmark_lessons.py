"""`python -m benchmarks lessons`, on tiny notebooks. No test here looks at a time that a machine needs."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks import lessons
from benchmarks.__main__ import main


def notebook(folder: Path, name: str, *cells: str) -> Path:
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *map(new_code_cell, cells)]), path)
    return path


def test_the_longest_cell_is_named_and_the_whole_is_all_cells(tmp_path):
    cells = "import time\ntime.sleep(0.2)", "# the long one\ntime.sleep(1)", "open('left.txt', 'w').close()"
    path = notebook(tmp_path, "03_sleep", *cells)
    (found,) = lessons.measure([path], quick=False)
    assert found["lesson"] == "03_sleep"
    assert found["longest_cell_begins"] == "# the long one"
    assert found["longest_cell"] >= 1
    assert found["seconds"] >= found["longest_cell"] + 0.2
    assert list(tmp_path.iterdir()) == [path]  # nothing is left in the folder of the notebooks


def test_memory_is_the_most_that_the_kernel_held(tmp_path):
    hold = "import time\nheld = bytearray(300_000_000)\ntime.sleep(1)\ndel held"
    cells = {"00_small": "import time\ntime.sleep(1)", "01_large": hold}
    small, large = lessons.measure([notebook(tmp_path, *each) for each in cells.items()], quick=False)
    assert 250e6 < large["memory"] - small["memory"] < 400e6


@pytest.mark.parametrize("quick", [True, False])
def test_quick_mode_is_what_was_asked_for_and_not_what_is_set_here(tmp_path, monkeypatch, quick):
    monkeypatch.setenv("STYLE_HELPERS_QUICK", "1" if not quick else "")
    cell = f"import os\nassert bool(os.environ.get('STYLE_HELPERS_QUICK')) is {quick}"
    assert len(list(lessons.measure([notebook(tmp_path, "00_quick", cell)], quick))) == 1


@pytest.mark.parametrize("damage", ["1 / 0", "import os\nos._exit(1)"])
def test_a_lesson_that_does_not_run_is_named_with_its_cell(tmp_path, damage):
    path = notebook(tmp_path, "05_broken", "1", damage)
    with pytest.raises(lessons.LessonError, match=r"05_broken\.ipynb did not run to its end; it stopped at cell 2: "):
        list(lessons.measure([path], quick=False))


def test_lessons_are_chosen_by_their_number(tmp_path):
    paths = [notebook(tmp_path, name, "1") for name in ("00_one", "01_two", "02_three")]
    assert lessons.chosen([], tmp_path) == paths
    assert lessons.chosen(["02", "00"], tmp_path) == [paths[2], paths[0]]


def test_the_command_measures_a_lesson_and_answers_an_unknown_one_in_a_sentence(tmp_path, monkeypatch, capsys):
    notebook(tmp_path, "03_tiny", "x = 1")
    monkeypatch.setattr(lessons.chosen, "__defaults__", (tmp_path,))
    out = tmp_path / "results"
    with pytest.raises(SystemExit, match="There is no lesson 17; there are 03"):
        main(["lessons", "03", "17", "--out", str(out)])
    assert capsys.readouterr().out == ""
    assert main(["lessons", "03", "--quick", "--out", str(out)]) == 0
    found = json.loads((out / "lessons.json").read_text())
    assert found["quick"] is True
    (one,) = found["lessons"]
    said = capsys.readouterr().out
    assert found["machine"]["processor"] in said
    (row,) = (line for line in said.splitlines() if "03_tiny" in line)
    numbers = [f"{one['seconds']:.0f}", f"{one['longest_cell']:.0f}", "`x = 1`", f"{one['memory'] / 1e9:.1f}"]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["03_tiny", *numbers]
