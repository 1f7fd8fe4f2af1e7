"""The first cell of every notebook: it makes the notebook work on Colab, and says elsewhere what is missing.

Colab itself is untried: a stand-in for its package `google.colab` takes its place here, and a folder that of Drive.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from style_helpers import __version__

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lessons"))
import build  # noqa: E402  (lessons/ is no package: authors run its programs)

DRIVE = "/content/drive"
NOTEBOOKS = sorted(path for folder in (build.NOTEBOOKS, build.SOLUTIONS) for path in folder.glob("[0-9]*.ipynb"))
COLAB = {
    "__init__.py": "",
    "drive.py": "def mount(where):\n    print('mounted')",
    "output.py": "def enable_custom_widget_manager():\n    print('widgets enabled')",
}
RUN = """\
import os, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

if Path("google").is_dir():
    import google.colab
shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
shell.run_cell(Path("cell.py").read_text(encoding="utf-8")).raise_error()
if sys.modules.get("style_helpers"):
    print("package:", Path(sys.modules["style_helpers"].__file__).parent)
print("weights:", os.environ.get("STYLE_HELPERS_WEIGHTS"))
"""


def run_cell(folder: Path) -> str:
    """Runs the first cell in a fresh Python whose working folder is `folder`. Returns what it printed."""
    cell = build.FIRST_CELL.replace(DRIVE, str(folder / "drive"))
    (folder / "cell.py").write_text(cell, encoding="utf-8")
    (folder / "run.py").write_text(RUN, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "STYLE_HELPERS_WEIGHTS"}
    environment |= {"IPYTHONDIR": str(folder / "ipython")}
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def colab(tmp_path) -> Path:
    place = tmp_path / "google" / "colab"
    place.mkdir(parents=True)
    for name, text in COLAB.items():
        (place / name).write_text(text, encoding="utf-8")
    return tmp_path


def class_folder(folder: Path) -> Path:
    """As small as it can be: a package that says that it was asked, no weights, and the note that it is whole."""
    package = folder / "course" / "style_helpers" / "course"
    package.mkdir(parents=True)
    for name in ("../__init__.py", "__init__.py"):
        (package / name).touch()
    (package / "first_cell.py").write_text("def first_look(version):\n    print('looked', version)", encoding="utf-8")
    (folder / "weights").mkdir()
    (folder / "class.json").write_text(json.dumps({}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_stands_before_the_first_section_and_is_folded(path):
    title, first, *rest = nbformat.read(path, as_version=4).cells
    assert first.source == build.FIRST_CELL.rstrip("\n")
    assert first.metadata.tags == ["first-cell"]
    assert first.metadata.jupyter.source_hidden
    assert "**Time:**" in title.source
    assert "\n## " not in title.source
    assert rest[0].source.startswith("## ")
    assert all(cell.source != first.source for cell in rest)


def test_in_another_language_it_says_so():
    title, first, *rest = nbformat.read(build.NOTEBOOKS / "zh" / "00_first_picture.ipynb", as_version=4).cells
    assert f'first_look("{__version__}", "zh")' in first.source
    assert first.metadata.tags == ["first-cell"]
    assert title.source.startswith("# ")
    assert rest[0].source.startswith("## ")


@pytest.mark.parametrize("place", ["MyDrive/my class", "Shareddrives/Drawing 101/class"])
def test_on_colab_the_course_and_its_weights_come_from_the_class_folder(colab, place):
    folder = class_folder(colab / "drive" / place)
    said = run_cell(colab)
    assert f"package: {folder / 'course' / 'style_helpers'}" in said
    assert f"weights: {folder / 'weights'}" in said
    assert "pip install -q 'ipywidgets>=8.1.9' anywidget torchmetrics" in said
    assert said.index("mounted") < said.index("widgets enabled") < said.index(f"looked {__version__}")


def test_on_colab_without_a_class_folder_one_sentence_says_what_to_do(colab):
    hidden = "import sys\nsys.modules['style_helpers'] = None\n"  # Colab does not have it
    (colab / "google" / "colab" / "__init__.py").write_text(hidden, encoding="utf-8")
    said = run_cell(colab)
    assert said.count("The course cannot be loaded here") == 1
    assert "add your instructor's class folder to your Google Drive" in said


def test_in_a_kernel_that_is_not_the_courses_one_sentence_says_what_to_do(tmp_path):
    (tmp_path / "style_helpers.py").write_text("raise ImportError('No module named style_helpers')", encoding="utf-8")
    said = run_cell(tmp_path)
    assert said.startswith("The course cannot be loaded here (No module named style_helpers): start JupyterLab with ")
    assert "Traceback" not in said


def test_in_the_course_itself_it_says_that_all_is_ready_or_what_is_not(tmp_path):
    said = run_cell(tmp_path).splitlines()
    assert len(said) >= 3
    assert "cannot be loaded" not in said[0]
