"""start.py, run for real on a tiny project: a package that installs in a second and needs no package index.

The tiny project has its own build backend, so that pip has nothing to download, and stand-ins for JupyterLab and
pytest that write down how they were called. What start.py asks of pip in which case is looked at in this process, where
nothing is installed.
"""

import ast
import contextlib
import http.server
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest

from tests.chinese import assert_chinese

START = Path(__file__).resolve().parent.parent / "start.py"
SECONDS = 300  # a guard against hanging, and no measure of speed
WEIGHTS, LANGUAGE = "STYLE_HELPERS_WEIGHTS", "STYLE_HELPERS_LANGUAGE"
NOBODY = "http://127.0.0.1:9"  # nothing listens on the discard port
NO_NETWORK = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": NOBODY, "PIP_RETRIES": "100"}  # tries that would take hours

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1.0"
requires-python = ">=3.11"
"""

BACKEND = '''
"""Builds the editable wheel of the tiny project: a link to src, and whatever requires.txt asks for."""
import pathlib, time, zipfile
root = pathlib.Path(__file__).parent

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open(root / "builds.txt", "a") as log:
        log.write("built\\n")
    while (root / "hang").exists():
        (root / "hanging").touch()
        time.sleep(0.05)
    requires = (root / "requires.txt").read_text() if (root / "requires.txt").exists() else ""
    metadata = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\nProvides-Extra: test\\n" + requires
    with zipfile.ZipFile(pathlib.Path(folder) / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.pth", str(root / "src"))
        wheel.writestr("tiny-1.0.dist-info/METADATA", metadata)
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        names = wheel.namelist() + ["tiny-1.0.dist-info/RECORD"]
        wheel.writestr("tiny-1.0.dist-info/RECORD", "".join(name + ",,\\n" for name in names))
    return "tiny-1.0-py3-none-any.whl"
'''

# Stands in for JupyterLab and for pytest.
PROGRAM = """
import json, os, pathlib, sys
called = {"argv": sys.argv[1:], "prefix": sys.prefix, "cwd": os.getcwd(), "path": os.environ.get("PYTHONPATH")}
called |= {name: os.environ.get(name) for name in
    ("STYLE_HELPERS_WEIGHTS", "STYLE_HELPERS_LANGUAGE", "JUPYTER_CONFIG_PATH")}
pathlib.Path("called.json").write_text(json.dumps(called))
sys.exit(int(os.environ.get("TINY_EXIT", "0")))
"""

PREPARE = """
import os, sys
with open("prepared.txt", "a") as log:
    log.write(sys.argv[1] + "\\n")
sys.exit(int(os.environ.get("TINY_PREPARE", "0")))
"""


def make_project(folder):
    """start.py as it is, but for the constants that reach out of the project's folder, and the tiny project."""
    folder.mkdir(parents=True)
    text = START.read_text(encoding="utf-8")
    for name, value in {"CPU_INDEX": NOBODY, "SPACE, SPACE_WITH_CUDA, SPACE_TO_UPDATE": (0, 0, 0)}.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", lambda _, line=f"{name} = {value!r}": line, text)
        assert found == 1, f"start.py has no constant {name}"
    (folder / "start.py").write_text(text, encoding="utf-8")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "constraints.txt").write_text("torch==2.14.1\ntorchvision==0.29.1\n")
    (folder / "style_helpers").mkdir()
    (folder / "style_helpers" / "__init__.py").write_text('__version__ = "1.0"\n')
    for name, text in (("jupyterlab", PROGRAM), ("pytest", PROGRAM), ("style_helpers", PREPARE)):
        (folder / "src" / name).mkdir(parents=True)
        (folder / "src" / name / "__main__.py").write_text(text)
    return folder


def settings(**more):
    """This process's settings, but a pip that asks no index, and nothing of this machine's pip."""
    unwanted = ("PIP_", "STYLE_HELPERS", "JUPYTER", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"}
    return {**kept, **pip, "LANGUAGE": "en", "PYTHONIOENCODING": "utf-8", **more}


def start(project, *arguments, **more):
    return subprocess.run(
        [sys.executable, str(project / "start.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        cwd=project.parent,
        env=settings(**more),
    )


def sentence(result):
    """The one line that start.py itself wrote to stderr, checked to be a plain sentence."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("start.py: ")]
    assert len(lines) == 1, result.stderr + result.stdout
    assert "Traceback" not in result.stderr + result.stdout
    assert lines[0].endswith((".", "。"))
    return lines[0]


def called(project):
    """What the stand-in program saw; at most once per call of it."""
    seen = json.loads((project / "called.json").read_text())
    (project / "called.json").unlink()
    return seen


def builds(project):
    return len((project / "builds.txt").read_text().splitlines())


def site_packages(project):
    return next((project / ".venv").rglob("site-packages"))


def needs(project, requirement):
    """Lets the tiny project need something, and returns the settings of an index, a folder, that has only proof 1.0."""
    wheel(project / "wheels", "proof", "1.0", code="WHOLE = True\n")
    (project / "requires.txt").write_text(f"Requires-Dist: {requirement}\n" if requirement else "")
    (project / ".venv/start.json").unlink(missing_ok=True)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (project / "wheels").as_uri()}


def load_start(project=START.parent):
    specification = importlib.util.spec_from_file_location("start", project / "start.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A project after its first start, and what that start said. Tests may look, but leave it as it is."""
    project = make_project(tmp_path_factory.mktemp("first") / "Käse 画 project")
    return project, start(project, "lab", "--port", "8899", PYTHONPATH=str(project / "wrong"))


@pytest.fixture
def project(started, tmp_path):
    """A copy of the started project, as if it had been started in this place."""
    copy = shutil.copytree(started[0], tmp_path / "a copy", symlinks=True)
    (site_packages(copy) / "tiny.pth").write_text(str(copy / "src"))
    (copy / "called.json").unlink(missing_ok=True)
    note(copy, weights="")
    return copy


@pytest.fixture
def bare(tmp_path):
    """A project that was never started."""
    return make_project(tmp_path / "bare")


def note(project, extras="", **more):
    """Writes what start.py writes down after an installation."""
    said = {"installed": load_start(project).fingerprint(extras), **more}
    (project / ".venv/start.json").write_text(json.dumps(said))


def wheel(folder, name, version, code="", requires=""):
    """A small real wheel, as a package index would serve it."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": "".join(f"{path},,\n" for path in files)}.items():
            archive.writestr(path, text)


class Asked(NamedTuple):
    """What start.py did in this process: exit code, what it asked of pip, the last thing it ran, what it printed."""

    code: int
    pip: list[str]
    last: str
    said: str

    @property
    def refusal(self) -> str:
        """The one sentence with which it refused; nothing was called."""
        (line,) = [line for line in self.said.splitlines() if line.startswith("start.py: ")]
        assert line.endswith((".", "。"))
        assert self.code == 1 + ("unknown command" in line or "不认识的命令" in line)
        assert not self.last.startswith(("lab", "test"))
        return line


@pytest.fixture
def asked(monkeypatch, capsys):
    """Runs start.py in this process, on a machine with a driver or without, and pretends to run what it runs."""
    for name in (WEIGHTS, LANGUAGE):  # start.py sets them for what it becomes: afterwards they are as before
        monkeypatch.setenv(name, "")

    def run(project, *arguments, fails="nothing", driver=False, answers=False, environment=(), **constants):
        wanted = settings(PATH=str(project / "none"), **dict(environment))
        for name in os.environ.keys() | wanted:
            monkeypatch.setenv(name, wanted[name]) if name in wanted else monkeypatch.delenv(name)
        monkeypatch.chdir(project)
        module, ran = load_start(project), [""]

        def pretend(*command, quiet=False):
            (project / ".venv/pyvenv.cfg").touch()
            ran.append(" ".join(str(part).replace(str(project.parent), "..") for part in command[1:]))
            return fails not in ran[-1]

        module.LINUX, module.NVIDIA_DRIVER = True, str(project / ("src" if driver else "none"))
        module.run, module.python_works, module.answers = pretend, lambda: True, lambda _: answers
        module.hand_over = lambda command, *_: ran.append(f"{command}: {os.environ.get(WEIGHTS)}") or 0
        vars(module).update(constants)
        code = module.main(arguments)
        shown = capsys.readouterr()
        pip = [line.split("constraints.txt ")[1] for line in ran if "--constraint" in line]
        return Asked(code, pip, ran[-1], shown.out + shown.err)

    return run


# The first start and the second


def test_first_start_installs_prepares_and_opens_lesson_00(started):
    project, result = started
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    seen = called(project)
    assert f"--ServerApp.root_dir={project}" in seen["argv"]
    assert "--LabApp.default_url=/lab/tree/notebooks/00_first_picture.ipynb" in seen["argv"]
    assert seen["argv"][-2:] == ["--port", "8899"]
    assert Path(seen["prefix"]) == project / ".venv"
    assert Path(seen["cwd"]) == project
    assert seen["path"] is None
    assert seen[WEIGHTS] is None
    assert seen[LANGUAGE] == "en"
    assert (project / "prepared.txt").read_text() == "prepare\n"
    assert builds(project) >= 1


def test_second_start_installs_nothing(started):
    project, _ = started
    before = builds(project), (project / ".venv/start.json").stat().st_mtime_ns
    result = start(project, "lab", "--no-browser", "--ServerApp.root_dir=/elsewhere")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout + result.stderr == ""
    assert (builds(project), (project / ".venv/start.json").stat().st_mtime_ns) == before
    assert (project / "prepared.txt").read_text() == "prepare\n"
    argv = called(project)["argv"]
    assert argv[-2:] == ["--no-browser", "--ServerApp.root_dir=/elsewhere"]
    assert len([word for word in argv if word.startswith("--ServerApp.root_dir")]) == 1  # the user's wins


def test_new_pins_a_new_version_and_another_weights_folder_are_noticed(bare, asked):
    drive = {WEIGHTS: "drive"}
    assert asked(bare).pip == ["--editable ."]
    assert asked(bare)[1:3] == ([], "lab: None")
    assert asked(bare, "slides")[1:3] == (["--editable .[teach]"], "slides: None")
    assert asked(bare, "test")[1:3] == (["--editable .[test]"], "test: None")
    for command in ("lab", "doctor", "slides", "prepare"):  # what the tests need holds all that the others need
        assert asked(bare, command)[1:] == ([], f"{command}: None", "")
    assert "not all weights are here" in asked(bare, fails="prepare", environment=drive).said
    assert asked(bare, environment=drive)[1:] == ([], "lab: drive", "")
    with open(bare / "constraints.txt", "a") as constraints:
        constraints.write("numpy==2.4.6\n")
    assert asked(bare).pip == ["--editable ."]
    (bare / "style_helpers" / "__init__.py").write_text('__version__ = "1.1"\n')
    assert asked(bare).pip == ["--editable ."]
    (bare / ".venv/start.json").write_bytes(b"\xff[")  # a damaged note counts as none
    assert asked(bare).pip == ["--editable ."]


def test_missing_weights_stop_the_tests_but_not_the_lab(bare, asked):
    first = asked(bare, fails="style_helpers prepare")
    assert (first.code, first.last) == (0, "lab: None")
    assert "not all weights are here: JupyterLab opens, and the next start tries again." in first.said
    tests = asked(bare, "test", fails="style_helpers prepare")
    assert tests.refusal == "start.py: the tests need the weights: do what the lines above say, then start again."
    again = asked(bare)  # and now they can be had
    assert (again.code, again.pip, again.said) == (0, [], "")


def test_command_test_returns_pytests_exit_code(started):
    project, _ = started
    note(project, extras="[test]")
    result = start(project, "test", "-k", "some thing", TINY_EXIT="5")
    note(project, weights="")
    assert result.returncode == 5, result.stdout + result.stderr
    assert called(project)["argv"] == ["-k", "some thing"]


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("doctor", ["-P", "-m", "style_helpers", "doctor"]),
        ("class", ["-P", "-m", "style_helpers", "class"]),
        ("slides", [str(START.parent / "lessons/slides.py")]),
        ("python", []),
    ],
)
def test_each_command_has_its_program_and_runs_where_the_user_is(command, program, tmp_path, monkeypatch):
    module, ran = load_start(), []
    monkeypatch.setattr(os, "execve", lambda path, line, settings: ran.extend([*line, os.getcwd()]))
    monkeypatch.setattr(module.os, "name", "posix")
    monkeypatch.chdir(START.parent)
    module.hand_over(command, ["--more"], str(tmp_path), False)
    assert ran == [str(module.PYTHON), *program, "--more", str(tmp_path)]


def test_nbgrader_runs_in_the_folder_that_release_made(bare, tmp_path, monkeypatch, capsys):
    module, ran = load_start(bare), []
    monkeypatch.setattr(os, "execve", lambda path, line, settings: ran.extend([*line[1:], os.getcwd()]))
    monkeypatch.setattr(module, "set_up", lambda command: None)
    (tmp_path / "marks").mkdir()
    for words in ([], ["nowhere", "autograde"], ["marks", "autograde"]):
        monkeypatch.chdir(tmp_path)
        assert module.main(["nbgrader", *words]) == 2
        assert "start.py release FOLDER" in capsys.readouterr().err
    (tmp_path / "marks" / "nbgrader_config.py").touch()
    monkeypatch.chdir(tmp_path)
    module.main(["nbgrader", "marks", "autograde", "lesson-04"])
    assert ran == ["-P", "-m", "nbgrader", "autograde", "lesson-04", str(tmp_path / "marks")]


# In another language


def speaks_chinese(project):
    """Gives the tiny project the package's catalogue and a first lesson in Chinese."""
    shutil.copytree(START.parent / "style_helpers/locale", project / "style_helpers/locale")
    (project / "notebooks/zh").mkdir(parents=True)
    (project / "notebooks/zh/00_first_picture.ipynb").touch()
    return project


def test_the_language_that_was_chosen_is_remembered_and_reaches_lessons_menus_and_messages(project):
    speaks_chinese(project)
    ours = str(project / "style_helpers/locale/zh")
    for words, others in ((["--language", "zh"], "/elsewhere"), (["lab"], "")):
        result = start(project, *words, JUPYTER_CONFIG_PATH=others)
        assert result.returncode == 0, result.stdout + result.stderr
        seen = called(project)
        assert "--LabApp.default_url=/lab/tree/notebooks/zh/00_first_picture.ipynb" in seen["argv"]
        assert seen[LANGUAGE] == "zh"
        assert seen["JUPYTER_CONFIG_PATH"] == os.pathsep.join(filter(None, [ours, others]))
    assert [path.name for path in project.glob(".language*")] == [".language"]
    assert_chinese(sentence(start(project, "install")))
    assert start(project, "--language=en").returncode == 0
    seen = called(project)
    assert "--LabApp.default_url=/lab/tree/notebooks/00_first_picture.ipynb" in seen["argv"]
    assert (seen[LANGUAGE], seen["JUPYTER_CONFIG_PATH"]) == ("en", str(project / "style_helpers/locale/en"))


@pytest.mark.parametrize(
    ("typed", "named", "kept", "system", "spoken"),
    [
        ("", "", "", "en_GB.UTF-8", "en"),
        ("", "", "", "C", "en"),
        ("", "", "", "ja_JP.UTF-8", "en"),
        ("", "", "", "zh_CN.UTF-8", "zh"),
        ("", "", "", "zh_TW:en", "zh"),
        ("", "", "en", "zh_CN.UTF-8", "en"),
        ("", "", "zh", "", "zh"),
        ("", "", "klingon", "zh_CN", "zh"),
        ("", "en", "zh", "zh_CN", "en"),
        ("", "zh-Hans", "en", "", "zh"),
        ("zh", "en", "en", "", "zh"),
        ("zh_CN", "", "", "", "zh"),
        ("en", "zh", "zh", "zh", "en"),
    ],
)
def test_which_language_counts(bare, asked, typed, named, kept, system, spoken):
    speaks_chinese(bare)
    if kept:
        (bare / ".language").write_text(kept)
    words = ["--language", typed] if typed else []
    found = asked(bare, *words, environment={LANGUAGE: named, "LANGUAGE": system})
    assert os.environ[LANGUAGE] == spoken
    assert ("正在装进 .venv" in found.said) == (spoken == "zh")
    assert found.last == "lab: None"
    left = (bare / ".language").read_text() if (bare / ".language").exists() else ""
    assert left == (spoken if typed else kept)


def test_the_tests_and_the_programs_of_the_project_stay_english_unless_another_language_is_named(bare, monkeypatch):
    def become(path, line, settings):
        ran.append(settings.get(LANGUAGE))
        raise SystemExit

    speaks_chinese(bare)
    monkeypatch.setattr(os, "execve", become)
    monkeypatch.setattr(os, "name", "posix")
    monkeypatch.setenv("LANGUAGE", "zh")
    monkeypatch.chdir(bare)
    (bare / ".language").write_text("zh")
    everywhere, where_people_read = ["zh"] * 4, [None, None, "zh", "zh"]
    for words, named, expected in (
        ([], "", where_people_read), ([], "zh", everywhere), (["--language", "zh"], "", everywhere),
    ):  # fmt: skip
        ran = []
        for command in ("test", "python", "doctor", "slides"):
            monkeypatch.setenv(LANGUAGE, named)
            module = load_start(bare)
            module.set_up = lambda command: None
            with pytest.raises(SystemExit):
                module.main([*words, command, "..."])
        assert ran == expected


@pytest.mark.parametrize(
    "words", [["--language", "fr", "lab"], ["--language=fr"], ["--language"], ["--language", "中文"]]
)
def test_a_language_that_is_not_there(bare, capsys, monkeypatch, words):
    speaks_chinese(bare)
    monkeypatch.setenv(LANGUAGE, "")
    monkeypatch.setenv("LANGUAGE", "en")
    assert load_start(bare).main(words) == 2
    assert capsys.readouterr().err.endswith(" is not known: choose one of en, zh.\n")
    assert not (bare / ".language").exists()
    monkeypatch.setenv(LANGUAGE, "klingon")
    assert load_start(bare).main(["lab"]) == 2
    assert capsys.readouterr().err == "start.py: STYLE_HELPERS_LANGUAGE 'klingon' is not known: choose one of en, zh.\n"


def test_where_nothing_can_be_written_the_language_counts_for_this_start(bare, asked):
    speaks_chinese(bare)
    (bare / ".language.part").mkdir()  # as good as a read-only drive, for an administrator too
    assert "所选的语言只用于这一次启动。" in asked(bare, "--language", "zh").said
    assert not (bare / ".language").exists()


def test_without_its_catalogue_or_with_a_damaged_one_it_speaks_english(bare, asked):
    chinese = {"LANGUAGE": "zh"}
    assert "unknown command 'install'" in asked(bare, "install", environment=chinese).refusal
    assert "'zh' is not known: choose one of en." in asked(bare, "--language", "zh").said
    speaks_chinese(bare)
    next(bare.rglob("zh/*/*.mo")).write_bytes(b"cut")
    assert "unknown command 'install'" in asked(bare, "install", environment=chinese).refusal
    assert os.environ[LANGUAGE] == "zh"  # for the programs that it starts: theirs may be whole


def test_the_language_of_windows_and_of_a_mac(monkeypatch, tmp_path):
    module = load_start()
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert module.system_language() == ""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert module.one_of_ours(module.system_language()) == ""  # there is no program `defaults`
    if os.name != "nt":
        (tmp_path / "defaults").write_text(
            '#!/bin/sh\n[ "$3" = AppleLanguages ] && printf \'(\n    "zh-Hans-CN",\n    "en-CN"\n)\n\'\n'
        )
        (tmp_path / "defaults").chmod(0o755)
        assert module.one_of_ours(module.system_language()) == "zh"
    tell = SimpleNamespace(kernel32=SimpleNamespace(GetUserDefaultUILanguage=lambda: 0x0804))
    monkeypatch.setattr("ctypes.windll", tell, raising=False)
    monkeypatch.setattr(module.os, "name", "nt")
    assert module.system_language() == "zh_CN"


@pytest.mark.parametrize("words", [
    ["install"], ["--bogus"], ["release"], ["nbgrader"], ["class", "--wheels"], ["--language", "fr"], ["test"],
])  # fmt: skip
def test_refusals_in_chinese(course, asked, words):
    speaks_chinese(course)
    said = asked(course, *words, environment={"LANGUAGE": "zh"}).said
    assert_chinese(said.strip().removeprefix("start.py: "))


def test_what_goes_on_is_told_in_chinese(bare, asked, monkeypatch):
    speaks_chinese(bare)
    chinese = {"LANGUAGE": "zh"}
    full = {"SPACE": 10**9, "SPACE_WITH_CUDA": 10**9}
    said = [asked(bare, environment=chinese, driver=driver, answers=answers, **more).said
            for driver, answers, more in ((True, True, {}), (False, True, {}), (False, False, full))]  # fmt: skip
    said += [asked(bare, environment=chinese | {WEIGHTS: "x"}, fails="prepare").said]
    (bare / "constraints.txt").unlink()
    said += [asked(bare, environment=chinese).said]
    for line in "".join(said).splitlines():
        assert_chinese(line.removeprefix("start.py: "))
    monkeypatch.setenv(LANGUAGE, "zh")
    module = load_start(bare)
    for sentence in (module.usage(), module.disk_full(), module.unreachable(), module.why_pip_failed("")):
        assert_chinese(re.sub(r"(?m)^ .*? {3,}|\[.*\]", "", sentence))
    monkeypatch.setattr(sys, "version_info", (3, 6, 15))
    assert_chinese(asked(bare, environment=chinese).said.removeprefix("start.py: "))


# Cut off and broken


@contextlib.contextmanager
def hanging(project):
    """A start that hangs while pip installs, and the file with what it says on stderr."""
    (project / "hang").touch()
    (project / ".venv/start.json").unlink(missing_ok=True)
    family, said = [], project / "errors.txt"
    with open(said, "w") as errors:
        line = [sys.executable, str(project / "start.py")]
        running = subprocess.Popen(line, stdout=errors, stderr=errors, env=settings(), start_new_session=True)
    try:
        deadline = time.monotonic() + SECONDS
        while not (project / "hanging").exists():
            assert running.poll() is None, said.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        family = psutil.Process(running.pid).children(recursive=True)
        yield running, said
        running.wait(SECONDS)
    finally:
        for process in [running, *family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        running.wait(SECONDS)
        for name in ("hang", "hanging"):
            (project / name).unlink()
    assert not (project / ".venv/start.json").exists()


def test_only_one_start_installs_and_what_was_cut_off_is_repaired(project):
    if os.name != "nt":
        with hanging(project) as (running, said):
            os.killpg(running.pid, signal.SIGINT)
        assert running.returncode == 130
        assert "start.py: stopped" in said.read_text()
        assert str(project / "start.py") not in said.read_text()  # no traceback from it
    with hanging(project) as (running, _):
        assert "another start.py is setting this folder up" in sentence(start(project))
        running.kill()
    result = start(project)
    assert result.returncode == 0, result.stdout + result.stderr
    assert called(project)["argv"]


def test_a_package_that_was_cut_off_is_installed_again(project):
    serving = needs(project, "proof")
    # As pip leaves it when it is killed while unpacking: the metadata is there, the code is not.
    half = site_packages(project) / "proof-1.0.dist-info"
    half.mkdir()
    (half / "METADATA").write_text("Metadata-Version: 2.1\nName: proof\nVersion: 1.0\n")
    assert start(project, **serving).returncode == 0
    assert (site_packages(project) / "proof/__init__.py").read_text() == "WHOLE = True\n"


def test_an_environment_that_does_not_run_is_made_anew(project):
    python = project / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.unlink()
    python.write_text("broken")
    (project / ".venv/pyvenv.cfg").write_text("home = nowhere\n")
    result = start(project)
    assert result.returncode == 0, result.stdout + result.stderr
    assert Path(called(project)["prefix"]) == project / ".venv"


# One sentence


@pytest.mark.parametrize("name", [".venv/deep/thesis.txt", ".venv"])
def test_what_is_the_users_and_called_venv_is_left_alone(bare, asked, name):
    (bare / name).parent.mkdir(parents=True, exist_ok=True)
    (bare / name).write_text("years of work")
    assert ".venv is not a Python environment: move it elsewhere or rename it" in asked(bare).refusal
    assert [path for path in (bare / ".venv").rglob("*") if path.is_file()] == [bare / name] * (name != ".venv")
    assert (bare / name).read_text() == "years of work"


@pytest.mark.parametrize(
    ("builder", "needed", "index", "words"),
    [
        ("", "torch", False, "cannot reach its package index"),
        ('"hatchling"', "", False, "cannot reach its package index"),
        ('"hatchling"', "", True, "Could not find a version that satisfies the requirement hatchling"),
        ("", "no-such-package", True, "Could not find a version that satisfies the requirement no-such-package"),
    ],
)
def test_pip_cannot_install(project, builder, needed, index, words):
    (project / "pyproject.toml").write_text(PYPROJECT.replace("requires = []", f"requires = [{builder}]"))
    serving = needs(project, needed)
    result = start(project, **(serving if index else NO_NETWORK))
    assert result.returncode == 1
    assert words in sentence(result)
    assert ("install.log" in sentence(result)) == index
    assert not (project / ".venv/start.json").exists()
    assert not (project / "called.json").exists()


def test_full_disk(bare, asked):
    needed = {"SPACE": 10**9, "SPACE_WITH_CUDA": 2 * 10**9, "SPACE_TO_UPDATE": 3 * 10**9}
    for gigabytes, found in ((1, {"answers": True}), (2, {"driver": True})):
        said = asked(bare, **found, **needed).refusal
        assert "the disk is too full" in said
        assert f"about {gigabytes}000000000 GB" in said
    load_start(bare).packages().joinpath("torch").mkdir(parents=True)  # then there is less to fetch
    assert "about 3000000000 GB" in asked(bare, **needed).refusal


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n", "ran full"),
        ("", "it gave no reason"),
    ],
)
def test_why_pip_failed(log, words):
    assert words in load_start().why_pip_failed(f"2026-11-23T16:56:38,282 {log}")


def test_a_disk_that_runs_full_elsewhere():
    assert "the disk ran full" in load_start().what_to_do_about(OSError(28, "No space left on device"))


def test_a_place_that_cannot_be_written(bare, asked):
    (bare / ".venv/start.lock").mkdir(parents=True)
    assert "may be written to" in asked(bare).refusal


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "style_helpers/__init__.py"])
def test_half_a_project(bare, asked, name):
    (bare / name).unlink()
    assert f"{name} is missing" in asked(bare).refusal
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bogus"], "unknown option '--bogus': JupyterLab's own go after"),
        (["class", "--wheels"], "'class' needs FOLDER"),
        (["release"], "'release' needs FOLDER"),
        (["stylize", "a.jpg", "b.jpg"], "'stylize' needs PHOTO PAINTING OUT"),
        (["lab", "--language", "zh"], "--language stands before the command: `start.py --language zh lab`."),
        (["doctor", "--json", "--language=zh"], "`start.py --language zh doctor`."),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_installed(bare, capsys, words, said):
    assert load_start(bare).main(words) == 2
    assert said in capsys.readouterr().err
    assert not (bare / ".venv").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows reserves symbolic links")
def test_an_environment_that_is_a_link_to_nowhere(bare, asked):
    (bare / ".venv").symlink_to(bare / "gone")
    assert "is a link to nowhere: remove it" in asked(bare).refusal


def test_unknown_command(bare, asked):
    assert asked(bare, "install").refusal.startswith("start.py: unknown command 'install': use one of lab, doctor")
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help(bare, capsys, word):
    assert load_start(bare).main([word]) == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {command}\b", said, re.MULTILINE) for command in load_start(bare).COMMANDS)
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 15, 0)])
def test_too_old_or_too_new_a_python(bare, asked, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    said = asked(bare).refusal
    assert f"this is Python {version[0]}.{version[1]}, but the course needs Python 3.11 to 3.14" in said
    assert not (bare / ".venv").exists()


def test_an_old_python_can_read_start():
    ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_python_without_venv(bare, asked, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    assert "sudo apt install python3" in asked(bare).refusal


# From a class folder, and which build of PyTorch


@pytest.fixture
def course(tmp_path):
    """The tiny project as the course of a class folder, with packages."""
    course = make_project(tmp_path / "class of 2026" / "course")
    (course.parent / "class.json").write_text("{}")
    (course.parent / "wheels").mkdir()
    return course


def test_a_class_folder_that_cannot_be_used(course, asked):
    for words in (["test"], ["class", "x"], ["slides"], ["python", "x"]):
        assert f"lacks the files for '{words[0]}'" in asked(course, *words).refusal
    assert asked(course, "doctor").last.startswith("doctor: ")
    (course / ".start.part").mkdir()  # as good as a read-only drive, for an administrator too
    assert asked(course).refusal.endswith(f"copy {course.parent} to your own disk, and start from there.")


WHEELS = "--no-index --find-links ../wheels --editable ."
CPU = f"--no-deps --index-url {NOBODY} torch torchvision"


@pytest.mark.parametrize(
    ("fails", "pip", "words"),
    [
        ("nothing", [WHEELS], "Installing the packages of the class folder"),
        ("--no-index", [WHEELS, "--editable ."], "do not suit this computer: taking your package index"),
    ],
)
def test_the_packages_come_from_the_class_folder(course, asked, fails, pip, words):
    found = asked(course, fails=fails)
    assert (found.code, found.pip) == (0, pip)
    assert words in found.said
    assert ("PyTorch" in found.said) == (len(pip) > 1)  # else no index is asked


def test_packages_for_another_python_are_not_tried(course, asked):
    (course.parent / "wheels/torch-2.14.1-cp37-cp37-manylinux_2_28_x86_64.whl").write_bytes(b"")
    found = asked(course)
    assert (found.code, found.pip) == (0, ["--editable ."])
    here = "{}.{}".format(*sys.version_info)
    assert f"class folder are for Python 3.7, and this is {here}: taking your package index." in found.said


def test_no_network_beside_a_course_without_its_class_folder(project):
    course = project.rename(project.parent / "course")
    assert "copy all of that: its packages lie beside." in sentence(start(course, **NO_NETWORK))


def test_closed_streams_and_a_folder_that_is_gone(project, tmp_path):
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        command = f'"{sys.executable}" "{project / "start.py"}" --help {closed}'
        assert subprocess.run(command, shell=True, capture_output=True).stderr == b""
    gone = f'mkdir gone; cd gone; rmdir "$PWD"; "{sys.executable}" "{project / "start.py"}" doctor'
    done = subprocess.run(gone, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.strip() == "start.py: the folder that you are in has been deleted: go to another one with cd."


def test_with_no_packages_and_no_network_it_says_so_at_once(course, project):
    shutil.rmtree(course.parent / "wheels")
    assert "ask for a folder that was made with --wheels" in sentence(start(course, **NO_NETWORK))
    (project / ".venv/start.json").unlink()
    assert "pip cannot reach its package index" in sentence(start(project, **NO_NETWORK))


def test_real_packages_of_the_class_folder(project):
    (project.parent / "class").mkdir()
    course = project.rename(project.parent / "class" / "course")
    (course.parent / "class.json").write_text("{}")
    needs(course, "proof")
    wheel(course.parent / "wheels", "proof", "1.0")
    result = start(course)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (site_packages(course) / "proof-1.0.dist-info").is_dir()


@pytest.mark.parametrize(
    ("driver", "answers", "fails", "pip", "words"),
    [
        (
            False,
            True,
            "nothing",
            [CPU, "--editable ."],
            "the processor alone: no NVIDIA driver was found",
        ),
        (False, True, "--index-url", [CPU, "--editable ."], "did not serve it: taking PyTorch from your package index"),
        (False, False, "nothing", ["--editable ."], "its own index, which has the smaller build, does not answer"),
        (
            True,
            True,
            "nothing",
            ["--editable ."],
            "with CUDA, from your package index: an NVIDIA driver",
        ),
    ],
)
def test_the_build_of_pytorch_suits_the_machine(bare, asked, driver, answers, fails, pip, words):
    found = asked(bare, driver=driver, answers=answers, fails=fails)
    assert (found.code, found.pip) == (0, pip)
    assert words in found.said


def test_the_driver_is_found_by_its_program_and_elsewhere_than_on_linux_nothing_is_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    module = load_start()
    module.LINUX, module.NVIDIA_DRIVER = True, str(tmp_path / "none")
    (tmp_path / ("nvidia-smi.exe" if os.name == "nt" else "nvidia-smi")).touch(mode=0o755)
    assert not module.wants_cpu_build()
    assert "an NVIDIA driver was found" in capsys.readouterr().out
    module.LINUX = False
    assert not module.wants_cpu_build()
    assert "usual build" in capsys.readouterr().out


class Server(http.server.BaseHTTPRequestHandler):
    """/ answers, /slow waits until the test is over, /garbage is no HTTP, and nothing else is there."""

    over = threading.Event()

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/garbage":
            self.wfile.write(b"not HTTP at all\r\n\r\n")
            self.close_connection = True
            return
        if self.path == "/slow":
            self.over.wait(SECONDS)
        with contextlib.suppress(ConnectionError):
            self.send_response(200 if self.path == "/" else 404)
            self.end_headers()


def test_whether_an_index_answers():
    answers = load_start().answers
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert answers(url + "/", seconds=SECONDS)
        for address in (NOBODY, url + "/missing", "no address", url + "/garbage"):
            assert not answers(address)
        assert not answers(url + "/slow", seconds=0.3)
        Server.over.set()
        server.shutdown()
