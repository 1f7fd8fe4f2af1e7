"""Every command that stands in README, TEACHING and the other pages, typed as written in a copy of the project.

The copy's `.venv` leads to the packages of the Python that runs these tests, and says that all of them are installed:
what `start.py` does when they are not is in test_start.py.
"""

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import browser, conftest
from tests.test_start import load_start

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "README.zh-CN.md", "TEACHING.md", "TEACHING.zh-CN.md", "hub/README.md")
MISSING = not conftest.HERE and os.environ.get("STYLE_HELPERS_BROWSER") != "required"
SECONDS = 900  # a guard against hanging, and no measure of speed
START = re.compile(r"python start\.py(?: [^`\n|#]*)?")

# What is not run here, and where it is: a whole class of learners, pictures for hours
ELSEWHERE = {
    "test": "it is running",
    "--language zh": "the menus, below",
    "doctor --json": "tests/test_command_line.py; it is what `doctor` says",
    "stylize PHOTO PAINTING OUT.png": "the other one with names of pictures says more",
    "slides": "nine times what `slides 04` does",
    "prepare --network vgg19": "tests/test_weights.py, from a server of its own",
    "python lessons/build.py": "tests/notebooks/test_notebooks.py",
    "python lessons/website.py FOLDER": "tests/browser/test_website.py",
    "python lessons/precompute.py": "tests/panels: each file is the one listed",
    "python -m benchmarks speed": "tests/test_benchmarks.py",
    "python -m benchmarks frontier": "tests/test_benchmarks.py",
    "python -m benchmarks quality": "tests/test_benchmarks.py",
    "python -m benchmarks peers --nnst FOLDER --crowson FOLDER": "tests/test_benchmarks.py, with small peers",
    "python -m benchmarks lessons": "tests/test_benchmark_lessons.py",
    "python -m benchmarks hub": "tests/classroom/test_hosting.py",
}


def typed() -> list[str]:
    """What follows `python start.py`, in every page, each once."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        # A command may go over the end of a line
        text = re.sub(r"(?<!`)`[^`]+`(?!`)", lambda code: code[0].replace("\n", " "), text)
        found += [line.removeprefix("python start.py").strip() for line in START.findall(text)]
    return list(dict.fromkeys(found))


COMMANDS = [command for command in typed() if command not in ELSEWHERE]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project in an empty folder, set up."""
    project = tmp_path_factory.mktemp("empty") / "project"
    ours = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in ours.split("\0")[:-1]:
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    start = load_start(project)
    paths = [str(project), *(path for path in sys.path if path.endswith("-packages"))]
    (start.packages() / "all.pth").write_text("\n".join(paths))
    start.write_stamp({"installed": start.fingerprint("[test]"), "weights": ""})
    return project


@pytest.fixture(scope="module")
def marked(project) -> Path:
    """The folder FOLDER of the pages: released, with one learner's notebook that came back."""
    type_in(project, "release FOLDER")
    lesson = "lesson-04/04_style_and_gram_matrices.ipynb"
    came_back = project / "FOLDER/submitted/NAME" / lesson
    came_back.parent.mkdir(parents=True)
    shutil.copy(project / "FOLDER/release" / lesson, came_back)
    return project / "FOLDER"


def environment() -> dict[str, str]:
    foreign = ("STYLE_HELPERS_WEIGHTS", "STYLE_HELPERS_LANGUAGE", "PYTHONPATH")
    ours = {name: text for name, text in os.environ.items() if name not in foreign} | {"LANGUAGE": "en"}
    jupyter = {"JUPYTER_PATH": f"{sys.prefix}/share/jupyter", "JUPYTER_CONFIG_PATH": f"{sys.prefix}/etc/jupyter"}
    programs = os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])  # nbgrader calls another by its name
    return ours | jupyter | {"STYLE_HELPERS_QUICK": "1", "PATH": programs}


def type_in(project: Path, command: str) -> str:
    """What it printed; it must end well."""
    line = [sys.executable, "start.py", *shlex.split(command)]
    done = subprocess.run(
        line, cwd=project, env=environment(), capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode == 0 or command.startswith("doctor"), done.stderr + done.stdout
    return done.stdout + done.stderr


def test_the_pages_name_all_commands_and_none_that_is_not_there():
    words = {(command or "lab").split()[0] for command in typed() if not command.startswith("-")}
    assert words == set(load_start().COMMANDS)
    assert set(ELSEWHERE) <= set(typed())


def test_no_page_names_a_command_that_needs_an_environment_of_its_own_to_be_awake():
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for line in re.findall(r"(?<!`)`(?:python|jupyter|nbgrader) [^`]*`", text):
            assert line.startswith(("`python start.py", "`python -m style_helpers prepare")), line


@contextlib.contextmanager
def lab(project: Path, *words: str):
    """`python start.py` with these words, from when its server answers; gives the page that it opens.

    What it opens in the user's own browser stays closed.
    """
    with socket.socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        port = any_free.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--port", str(port), "--IdentityProvider.token="]
    line = [sys.executable, "start.py", *words, "lab", *options]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "encoding": "utf-8", "errors": "replace"}
    with subprocess.Popen(line, cwd=project, env=environment(), **pipes) as running:
        try:
            found = (re.search(rf"http://\S*:{port}(/lab/tree/\S*)", said) for said in running.stderr)
            address = f"http://127.0.0.1:{port}{next(filter(None, found))[1]}"
            while True:  # it says where it is before it listens there
                assert running.poll() is None
                with (
                    contextlib.suppress(urllib.error.URLError),
                    urllib.request.urlopen(address, timeout=SECONDS) as page,
                ):
                    assert page.status == 200
                    break
            yield address
        finally:
            running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.communicate(timeout=20)
            running.kill()  # when a page was open, a waiting thread of AnyIO's may keep it from ending
            running.communicate()


def test_lab_opens(project):
    with lab(project) as address:
        assert address.endswith("/lab/tree/notebooks/00_first_picture.ipynb")


@pytest.mark.skipif(MISSING, reason="Chromium and playwright are needed.")
def test_in_chinese_its_lesson_and_its_menus_are_chinese(project):
    try:
        with lab(project, "--language", "zh") as address, browser.browser() as chromium:
            assert address.endswith("/lab/tree/notebooks/zh/00_first_picture.ipynb")
            page = chromium.new_page()
            page.goto(address)
            page.locator(".lm-MenuBar-itemLabel").filter(has_text="帮助").wait_for(timeout=1000 * SECONDS)
            menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
            assert {"文件", "编辑", "查看", "运行", "内核", "标签页", "设置"} <= set(menus)
            page.locator(".lm-MenuBar-itemLabel").filter(has_text="文件").click()
            page.locator(".lm-Menu .lm-Menu-itemLabel").filter(has_text="保存").first.wait_for()
        assert (project / ".language").read_text() == "zh"
    finally:
        (project / ".language").unlink(missing_ok=True)


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command and command.split()[0] not in ("lab", "nbgrader")]
)
def test_the_command_works_as_written(project, command):
    before = {*project.rglob("*")}
    made = command.replace("FOLDER", "../new")
    said = type_in(project, made)
    fresh = {path for path in project.rglob("*") if path not in before and "__pycache__" not in path.parts}
    new = project.parent / "new"
    if command.startswith("stylize ") and "--help" not in command:
        with Image.open(project / shlex.split(made)[3]) as picture:
            assert min(picture.size) == 256
    elif command.startswith("class"):
        assert (new / "class.json").is_file()
    elif command.startswith("slides"):
        assert {path.suffix for path in fresh if path.is_file()} == {".html"}
    elif command == "release FOLDER":
        assert (new / "nbgrader_config.py").is_file()
    elif command.startswith("python lessons/translation.py"):
        assert {path.suffix for path in fresh if path.is_file()} == {".po", ".mo"}
        for begun in ("lessons", "style_helpers/locale"):
            shutil.rmtree(project / begun / command.split()[-1])
    else:
        assert fresh == set()
        assert len(said.splitlines()) >= 2
    shutil.rmtree(new, ignore_errors=True)


def test_marking_as_written(project, marked):
    commands = [command for command in COMMANDS if command.startswith("nbgrader")]
    assert len(commands) >= 4
    for command in commands:
        type_in(project, command)
    assert list((marked / "autograded/NAME/lesson-04").glob("*.ipynb"))
    assert list((marked / "feedback/NAME/lesson-04").glob("*.html"))
    assert "NAME" in (marked / "grades.csv").read_text()
