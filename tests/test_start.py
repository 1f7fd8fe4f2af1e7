"""start.py, run for real on a tiny project: a package that installs in a second and needs no package index.

The tiny project has its own build backend, so that pip has nothing to download, and stand-ins for JupyterLab and
pytest that write down how they were called.
"""

import ast
import base64
import contextlib
import hashlib
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

import psutil
import pytest

START = Path(__file__).resolve().parent.parent / "start.py"
NOBODY = "http://127.0.0.1:9"  # nothing listens on the discard port

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1.0"
requires-python = ">=3.11,<3.14"
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
called["weights"] = os.environ.get("STYLE_HELPERS_WEIGHTS")
pathlib.Path("called.json").write_text(json.dumps(called))
sys.exit(int(os.environ.get("TINY_EXIT", "0")))
"""

PREPARE = """
import os, sys
with open("prepared.txt", "a") as log:
    log.write(sys.argv[1] + "\\n")
sys.exit(int(os.environ.get("TINY_PREPARE", "0")))
"""


def write_start(project, **constants):
    """start.py as it is, but for the constants that reach out of the project's folder."""
    text = START.read_text(encoding="utf-8")
    space = {"SPACE, SPACE_WITH_CUDA, SPACE_TO_UPDATE": (0, 0, 0)}
    for name, value in {"CPU_INDEX": NOBODY, **space, **constants}.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", lambda _, line=f"{name} = {value!r}": line, text)
        assert found == 1, f"start.py has no constant {name}"
    (project / "start.py").write_text(text, encoding="utf-8")


def make_project(folder):
    folder.mkdir(parents=True)
    write_start(folder)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "constraints.txt").write_text("torch==2.14.1\ntorchvision==0.29.1\n")
    for name, text in (("jupyterlab", PROGRAM), ("pytest", PROGRAM), ("style_helpers", PREPARE)):
        (folder / "src" / name).mkdir(parents=True)
        (folder / "src" / name / "__main__.py").write_text(text)
    return folder


def settings(**more):
    """This process's settings, but no package index and nothing of this machine's pip."""
    unwanted = ("PIP_", "STYLE_HELPERS", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": NOBODY, "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    return {**kept, **pip, "PYTHONIOENCODING": "utf-8", **more}


def start(project, *arguments, **more):
    return subprocess.run(
        [sys.executable, str(project / "start.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        cwd=project.parent,
        env=settings(**more),
    )


def sentence(result):
    """The one line that start.py itself wrote to stderr, checked to be a plain sentence."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("start.py: ")]
    assert len(lines) == 1, result.stderr + result.stdout
    assert "Traceback" not in result.stderr + result.stdout
    assert lines[0].endswith((".", "!"))
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


def load_start(name="start"):
    specification = importlib.util.spec_from_file_location(name, START)
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
    """A copy of the started project; its place is new, so that the next start installs anew."""
    copy = tmp_path / "a copy"
    shutil.copytree(started[0], copy, symlinks=True)
    return copy


def wheel(folder, name, version, code="", requires=""):
    """A small real wheel, as a package index would serve it."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/slow"):
            self.server.released.wait(20)
        if self.path.startswith("/garbage"):
            self.wfile.write(b"not HTTP at all\r\n\r\n")
            self.close_connection = True
            return
        super().do_GET()


@pytest.fixture
def server(tmp_path):
    """A local HTTP server over the folder `served`; /slow waits until the test is over, /garbage is no HTTP."""
    folder = tmp_path / "served"
    folder.mkdir()

    def handler(*arguments):
        with contextlib.suppress(ConnectionError):
            Quiet(*arguments, directory=str(folder))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.released = threading.Event()
        running.folder, running.url = folder, f"http://127.0.0.1:{running.server_port}"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.released.set()
        running.shutdown()


# The first start and the second


def test_first_start_installs_prepares_and_opens_lesson_00(started):
    project, result = started
    assert result.returncode == 0, result.stdout + result.stderr
    seen = called(project)
    assert f"--ServerApp.root_dir={project}" in seen["argv"]
    assert "--LabApp.default_url=/lab/tree/notebooks/00_first_picture.ipynb" in seen["argv"]
    assert seen["argv"][-2:] == ["--port", "8899"]
    assert Path(seen["prefix"]) == project / ".venv"
    assert Path(seen["cwd"]) == project
    assert seen["path"] is None
    assert (project / "prepared.txt").read_text() == "prepare\n"
    assert builds(project) >= 1
    assert "Traceback" not in result.stdout + result.stderr


def test_second_start_installs_nothing(started):
    project, _ = started
    before = builds(project), (project / ".venv/start.json").stat().st_mtime_ns
    result = start(project, "--no-browser", "--ServerApp.root_dir=/elsewhere")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout + result.stderr == ""
    assert (builds(project), (project / ".venv/start.json").stat().st_mtime_ns) == before
    assert (project / "prepared.txt").read_text() == "prepare\n"
    argv = called(project)["argv"]
    assert argv[-2:] == ["--no-browser", "--ServerApp.root_dir=/elsewhere"]
    assert len([word for word in argv if word.startswith("--ServerApp.root_dir")]) == 1  # the user's wins


def test_new_pins_and_another_weights_folder_are_noticed(project):
    assert start(project).returncode == 0
    first = builds(project)
    assert start(project, STYLE_HELPERS_WEIGHTS=str(project / "drive")).returncode == 0
    assert builds(project) == first
    assert (project / "prepared.txt").read_text() == "prepare\n" * 3
    with open(project / "constraints.txt", "a") as constraints:
        constraints.write("numpy==2.4.6\n")
    assert start(project).returncode == 0
    assert builds(project) > first


def test_command_test_adds_its_packages_and_returns_pytests_exit_code(project):
    wheel(project / "wheels", "proof", "1.0")
    (project / "requires.txt").write_text('Requires-Dist: proof; extra == "test"\n')
    serving = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (project / "wheels").as_uri()}
    result = start(project, "test", "-k", "some thing", TINY_EXIT="5", **serving)
    assert result.returncode == 5, result.stdout + result.stderr
    assert called(project)["argv"] == ["-k", "some thing"]
    assert (site_packages(project) / "proof").is_dir()
    first = builds(project)
    assert start(project, "lab").returncode == 0  # what the tests need holds all that the lab needs
    assert builds(project) == first


def test_missing_weights_stop_the_tests_but_not_the_lab(project):
    result = start(project, TINY_PREPARE="1")
    assert result.returncode == 0
    assert "not all weights are here" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    called(project)
    tests = start(project, "test", TINY_PREPARE="1")
    assert tests.returncode == 1
    assert "the tests need the weights" in sentence(tests)
    assert not (project / "called.json").exists()
    again = start(project)  # and now they can be had
    assert again.returncode == 0
    assert (project / "prepared.txt").read_text() == "prepare\n" * 4


# Cut off and broken


@pytest.mark.parametrize("end", ["killed"] + ["interrupted"] * (os.name != "nt"))
def test_only_one_start_installs_and_what_was_cut_off_is_repaired(project, end):
    (project / "hang").touch()
    family = []
    with open(project / "errors.txt", "w") as errors:
        line = [sys.executable, str(project / "start.py")]
        running = subprocess.Popen(line, stdout=errors, stderr=errors, env=settings(), start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not (project / "hanging").exists():
            assert running.poll() is None, (project / "errors.txt").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        family = psutil.Process(running.pid).children(recursive=True)
        assert "another start.py is setting this folder up" in sentence(start(project))
        if end == "interrupted":
            os.killpg(running.pid, signal.SIGINT)
        else:
            running.kill()
        running.wait(30)
    finally:
        for process in [running, *family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        running.wait(30)
    assert not (project / ".venv/start.json").exists()
    if end == "interrupted":
        said = (project / "errors.txt").read_text()
        assert running.returncode == 130
        assert "start.py: stopped" in said
        assert str(project / "start.py") not in said  # no traceback from it
    (project / "hang").unlink()
    result = start(project)
    assert result.returncode == 0, result.stdout + result.stderr
    assert called(project)["argv"]


def test_a_package_that_was_cut_off_is_installed_again(project):
    wheel(project / "wheels", "proof", "1.0", code="WHOLE = True\n")
    (project / "requires.txt").write_text("Requires-Dist: proof\n")
    serving = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (project / "wheels").as_uri()}
    assert start(project, **serving).returncode == 0
    # As pip leaves it when it is killed while unpacking: the metadata is there, the code is not.
    (site_packages(project) / "proof/__init__.py").unlink()
    (site_packages(project) / "proof-1.0.dist-info/INSTALLER").unlink()
    (project / ".venv/start.json").unlink()
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


def test_a_damaged_note_counts_as_none(project):
    (project / ".venv/start.json").write_bytes(b"\xff[")
    assert start(project).returncode == 0
    assert "installed" in json.loads((project / ".venv/start.json").read_text())


# One sentence


@pytest.fixture
def bare(tmp_path):
    """A project that was never started."""
    return make_project(tmp_path / "bare")


def test_a_foreign_folder_called_venv_is_left_alone(bare):
    (bare / ".venv/deep").mkdir(parents=True)
    (bare / ".venv/deep/thesis.txt").write_text("years of work")
    result = start(bare)
    assert result.returncode == 1
    assert "not a Python environment" in sentence(result)
    assert [path.name for path in (bare / ".venv").rglob("*")] == ["deep", "thesis.txt"]
    assert (bare / ".venv/deep/thesis.txt").read_text() == "years of work"


def test_a_file_called_venv_is_left_alone(bare):
    (bare / ".venv").write_text("mine")
    result = start(bare)
    assert result.returncode == 1
    assert "not a Python environment" in sentence(result)
    assert (bare / ".venv").read_text() == "mine"


def test_no_network_for_a_dependency(project):
    (project / "requires.txt").write_text("Requires-Dist: torch\n")
    result = start(project)
    assert result.returncode == 1
    assert "cannot reach its package index" in sentence(result)
    assert not (project / ".venv/start.json").exists()
    assert not (project / "called.json").exists()
    (project / "requires.txt").unlink()
    assert start(project).returncode == 0


def test_no_network_for_the_build_backend(project):
    (project / "pyproject.toml").write_text(PYPROJECT.replace("requires = []", 'requires = ["hatchling"]'))
    result = start(project, PIP_RETRIES="1")
    assert result.returncode == 1
    assert "cannot reach its package index" in sentence(result)


def test_no_build_backend_in_the_index(project):
    (project / "wheels").mkdir()
    (project / "pyproject.toml").write_text(PYPROJECT.replace("requires = []", 'requires = ["hatchling"]'))
    result = start(project, PIP_NO_INDEX="1", PIP_FIND_LINKS=(project / "wheels").as_uri())
    assert result.returncode == 1
    assert "Could not find a version that satisfies the requirement hatchling" in sentence(result)


def test_a_package_that_does_not_exist(project):
    (project / "wheels").mkdir()
    (project / "requires.txt").write_text("Requires-Dist: no-such-package\n")
    result = start(project, PIP_NO_INDEX="1", PIP_FIND_LINKS=(project / "wheels").as_uri())
    assert result.returncode == 1
    assert "Could not find a version that satisfies the requirement no-such-package" in sentence(result)
    assert "install.log" in sentence(result)


def test_full_disk(project):
    write_start(project, **{"SPACE, SPACE_WITH_CUDA, SPACE_TO_UPDATE": (10**9, 10**9, 10**9)})
    result = start(project)
    assert result.returncode == 1
    assert "the disk is too full" in sentence(result)
    assert "1000000000 GB" in sentence(result)


def test_disk_that_runs_full_while_pip_works():
    log = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    module = load_start()
    assert "the disk ran full" in module.why_pip_failed(f"2026-11-23T16:56:38,282 {log}\n")
    assert "the disk ran full" in module.what_to_do_about(OSError(28, "No space left on device"))


def test_log_without_a_reason():
    assert "gave no reason" in load_start().why_pip_failed("")


def test_a_place_that_cannot_be_written(project):
    (project / ".venv/start.lock").unlink()
    (project / ".venv/start.lock").mkdir()
    result = start(project)
    assert result.returncode == 1
    assert "may be written to" in sentence(result)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_half_a_project(bare, name):
    (bare / name).unlink()
    result = start(bare)
    assert result.returncode == 1
    assert f"{name} is missing" in sentence(result)
    assert not (bare / ".venv").exists()


def test_unknown_command(bare):
    result = start(bare, "install")
    assert result.returncode == 2
    assert sentence(result) == "start.py: unknown command 'install': use lab, test or --help."
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help(bare, word):
    result = start(bare, word)
    assert result.returncode == 0
    assert "start.py test" in result.stdout
    assert not (bare / ".venv").exists()


def run_pretending(project, statement):
    """Runs start.py in a Python for which `statement` was executed first."""
    code = f"import runpy, sys; {statement}; sys.argv = ['start.py']; runpy.run_path('start.py', run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=project, env=settings(), timeout=60
    )


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 14, 0)])
def test_too_old_or_too_new_a_python(bare, version):
    result = run_pretending(bare, f"sys.version_info = {version}")
    assert result.returncode == 1
    assert f"this is Python {version[0]}.{version[1]}, but the course needs Python 3.11 to 3.13" in sentence(result)
    assert not (bare / ".venv").exists()


def test_an_old_python_can_read_start():
    ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_python_without_venv(bare):
    result = run_pretending(bare, "sys.modules['ensurepip'] = None")
    assert result.returncode == 1
    assert "sudo apt install python3" in sentence(result)


# From a class folder


@pytest.fixture
def course(started, tmp_path):
    """The started project as the course of a class folder."""
    course = tmp_path / "class of 2026" / "course"
    shutil.copytree(started[0], course, symlinks=True)
    (course.parent / "class.json").write_text("{}")
    return course


def test_the_weights_beside_the_course_are_used_unless_the_user_names_others(course):
    said = PREPARE.replace("sys.argv[1] +", 'os.environ["STYLE_HELPERS_WEIGHTS"] +')
    (course / "src/style_helpers/__main__.py").write_text(said)
    assert start(course).returncode == 0
    assert called(course)["weights"] == str(course.parent / "weights")
    assert start(course, STYLE_HELPERS_WEIGHTS="mine").returncode == 0
    assert called(course)["weights"] == "mine"
    assert (course / "prepared.txt").read_text().splitlines()[-2:] == [str(course.parent / "weights"), "mine"]


def test_a_course_without_its_class_folder_is_a_project_like_any_other(course):
    (course.parent / "class.json").unlink()
    assert start(course).returncode == 0
    assert called(course)["weights"] is None


def test_the_packages_come_from_the_class_folder_and_no_index_is_asked(course, server):
    wheel(course.parent / "wheels", "proof", "1.0")
    (course / "requires.txt").write_text("Requires-Dist: proof\n")
    write_start(course, CPU_INDEX=server.url, NVIDIA_DRIVER=str(course / "none"), LINUX=True)
    wheel(server.folder / "simple/proof", "proof", "2.0")
    result = start(course, PIP_INDEX_URL=server.url + "/simple")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "packages of the class folder" in result.stdout
    assert "PyTorch" not in result.stdout
    assert {path.name for path in site_packages(course).glob("proof-*")} == {"proof-1.0.dist-info"}


def test_packages_for_another_computer_give_way_to_the_index(course, server):
    wheel(course.parent / "wheels", "other", "1.0")
    (course / "requires.txt").write_text("Requires-Dist: proof\n")
    wheel(server.folder / "simple/proof", "proof", "2.0")
    result = start(course, PIP_INDEX_URL=server.url + "/simple")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "do not suit this computer" in result.stdout
    assert (site_packages(course) / "proof-2.0.dist-info").is_dir()


def test_a_course_that_cannot_be_written_says_copy_it(course):
    (course / ".start.part").mkdir()  # as good as a read-only drive, for an administrator too
    result = start(course)
    assert result.returncode == 1
    assert sentence(result).endswith(f"copy {course.parent} to your own disk, and start from there.")
    assert not (course / "called.json").exists()


def test_a_class_folder_has_no_tests(course):
    result = start(course, "test")
    assert result.returncode == 1
    assert "holds no tests" in sentence(result)


# Which build of PyTorch


def test_without_a_driver_the_build_comes_from_pytorchs_index(project, server):
    for name, version in (("torch", "2.14.1+cpu"), ("torchvision", "0.29.1+cpu")):
        wheel(server.folder / "cpu" / name, name, version, requires="Requires-Dist: only-elsewhere\n")
    wheel(server.folder / "simple/only-elsewhere", "only_elsewhere", "1.0")
    (project / "requires.txt").write_text("Requires-Dist: torch\nRequires-Dist: torchvision\n")
    write_start(project, CPU_INDEX=server.url + "/cpu", NVIDIA_DRIVER=str(project / "none"), LINUX=True)
    result = start(project, PATH=str(project / "none"), PIP_INDEX_URL=server.url + "/simple")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "smaller build" in result.stdout
    names = {path.name for path in site_packages(project).glob("*.dist-info")}
    assert {"torch-2.14.1+cpu.dist-info", "torchvision-0.29.1+cpu.dist-info", "only_elsewhere-1.0.dist-info"} <= names


def test_an_index_without_the_pinned_build_gives_way(project, server):
    (server.folder / "cpu/torch").mkdir(parents=True)
    write_start(project, CPU_INDEX=server.url + "/cpu", NVIDIA_DRIVER=str(project / "none"), LINUX=True)
    result = start(project, PATH=str(project / "none"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "did not serve it" in result.stdout


@pytest.fixture
def module(monkeypatch, tmp_path):
    """start.py as a module, on a Linux without an NVIDIA driver."""
    monkeypatch.setenv("PATH", str(tmp_path))
    loaded = load_start()
    loaded.LINUX, loaded.NVIDIA_DRIVER = True, str(tmp_path / "driver")
    return loaded


def test_driver_found_by_its_folder(module, server, tmp_path, capsys):
    module.CPU_INDEX = server.url
    (server.folder / "torch").mkdir()
    assert module.wants_cpu_build()
    (tmp_path / "driver").mkdir()
    assert not module.wants_cpu_build()
    assert "NVIDIA driver found: taking PyTorch with CUDA" in capsys.readouterr().out


def test_driver_found_by_its_program(module, server, tmp_path):
    module.CPU_INDEX = server.url
    (server.folder / "torch").mkdir()
    program = tmp_path / ("nvidia-smi.exe" if os.name == "nt" else "nvidia-smi")
    program.touch(mode=0o755)
    assert not module.wants_cpu_build()


def test_elsewhere_than_on_linux_nothing_is_asked(module, capsys):
    module.LINUX = False
    assert not module.wants_cpu_build()
    assert capsys.readouterr().out == ""


def test_an_index_that_does_not_answer(module, server, capsys):
    assert not module.answers(NOBODY)
    assert not module.answers(server.url + "/missing")
    assert not module.answers(server.url + "/slow", seconds=0.3)
    assert not module.answers("no address")
    assert not module.answers(server.url + "/garbage")
    assert module.answers(server.url + "/")
    module.CPU_INDEX = NOBODY
    assert not module.wants_cpu_build()
    assert "does not answer" in capsys.readouterr().out
