"""`python -m benchmarks lessons`, on tiny notebooks. No test here looks at a time that a machine needs."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks import lessons

ROOT = Path(__file__).resolve().parents[1]


def notebook(folder: Path, name: str, *cells: str) -> Path:
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *map(new_code_cell, cells)]), path)
    return path


def test_the_longest_cell_is_named_and_the_whole_is_all_cells(tmp_path):
    path = notebook(tmp_path, "03_sleep", "import time\ntime.sleep(0.2)", "# the long one\ntime.sleep(1)", "1")
    (found,) = lessons.measure([path], quick=False)
    assert found["lesson"] == "03_sleep"
    assert found["longest_cell_begins"] == "# the long one"
    assert found["longest_cell"] >= 1
    assert found["seconds"] >= found["longest_cell"] + 0.2


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


def test_a_lesson_leaves_nothing_in_the_folder_of_the_notebooks(tmp_path):
    path = notebook(tmp_path, "00_writes", "open('left.txt', 'w').close()")
    list(lessons.measure([path], quick=False))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["1 / 0", "import os\nos._exit(1)"])
def test_a_lesson_that_does_not_run_is_named_with_its_cell(tmp_path, damage):
    path = notebook(tmp_path, "05_broken", "1", damage)
    with pytest.raises(lessons.LessonError, match=r"05_broken\.ipynb did not run to its end; it stopped at cell 2: "):
        list(lessons.measure([path], quick=False))


def test_lessons_are_chosen_by_their_number(tmp_path):
    paths = [notebook(tmp_path, name, "1") for name in ("00_one", "01_two", "02_three")]
    assert lessons.chosen([], tmp_path) == paths
    assert lessons.chosen(["02", "00"], tmp_path) == [paths[2], paths[0]]
    with pytest.raises(lessons.LessonError, match="There is no lesson 17; there are 00, 01, 02"):
        lessons.chosen(["00", "17"], tmp_path)


def test_the_table_has_a_line_for_each_lesson():
    one = {"lesson": "00_a", "seconds": 61.4, "longest_cell": 40.2, "longest_cell_begins": "x = 1", "memory": 1.23e9}
    lines = lessons.as_table([one, one | {"lesson": "01_b"}]).splitlines()
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == ["00_a", "61", "40", "`x = 1`", "1.2"]
    assert len(lines) == 4


def test_the_command_measures_a_real_lesson_in_quick_mode(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "lessons", "01", "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "lessons.json").read_text())
    assert found["quick"] is True
    assert [one["lesson"] for one in found["lessons"]] == ["01_images_as_tensors"]
    assert "| 01_images_as_tensors |" in done.stdout
    assert found["machine"]["processor"] in done.stdout


def test_an_unknown_lesson_is_answered_in_a_sentence(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "lessons", "1", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "There is no lesson 1;" in done.stderr
