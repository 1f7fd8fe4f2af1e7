"""Binder, JupyterHub on one machine and on Kubernetes: in agreement with each other and with the project.

JupyterHub itself is not among the project's packages. Its configuration is loaded here as JupyterHub loads it, through
traitlets; `python -m benchmarks hub` is the trial with the real one.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import requests
import yaml
from packaging.specifiers import SpecifierSet
from traitlets.config.loader import PyFileConfigLoader

from benchmarks import hub
from benchmarks.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
BINDER, HUB = ROOT / "binder", ROOT / "hub"
VALUES = yaml.safe_load((HUB / "values.yaml").read_text(encoding="utf-8"))
CLAIM, JOB = yaml.safe_load_all((HUB / "weights.yaml").read_text(encoding="utf-8"))
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Binder and JupyterHub run on Linux only")


# ---- binder/ ----


def dependencies(path: Path) -> dict[str, str]:
    """Name to what is asked of its version; the entries for pip under their own lines."""
    lines = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    plain = [line for line in lines if isinstance(line, str)] + [
        one for it in lines if not isinstance(it, str) for one in it["pip"]
    ]
    return {re.split("[=<>]", line)[0]: line.removeprefix(re.split("[=<>]", line)[0]) for line in plain}


def test_binder_has_the_environment_of_the_project_with_one_python_and_without_the_project_itself():
    ours, binders = dependencies(ROOT / "environment.yml"), dependencies(BINDER / "environment.yml")
    assert ours.pop("--editable .") == ""
    # repo2docker understands an exact Python only, as major.minor
    assert re.fullmatch(r"=3\.\d+", binders["python"])
    assert binders.pop("python").removeprefix("=") + ".0" in SpecifierSet(ours.pop("python"))
    assert binders == ours
    for key in ("name", "channels"):
        assert (
            yaml.safe_load((BINDER / "environment.yml").read_text())[key]
            == yaml.safe_load((ROOT / "environment.yml").read_text())[key]
        )


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binders_scripts_can_be_run(name):
    assert os.access(BINDER / name, os.X_OK)
    assert (BINDER / name).read_text().startswith("#!/bin/bash\n")
    done = subprocess.run(["bash", "-n", BINDER / name], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def post_build(folder: Path, python: str) -> tuple[int, list[str]]:
    """Runs binder/postBuild with a stand-in for Python; returns its exit code and what Python was asked to do."""
    (folder / "python").write_text(f'#!/bin/bash\necho "$@" >>"{folder}/asked"\n{python}\n')
    (folder / "python").chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    code = subprocess.run([BINDER / "postBuild"], env=environment, cwd=ROOT).returncode
    return code, (folder / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("python", "code", "asked"), [("exit 0", 0, 2), ('[ "$2" != style_helpers ]', 1, 2), ("exit 3", 3, 1)]
)
def test_post_build_installs_the_project_and_fetches_the_networks_without_which_no_image_is_built(
    tmp_path, python, code, asked
):
    found, lines = post_build(tmp_path, python)
    assert (found, len(lines)) == (code, asked)
    assert lines[0].startswith("-m pip install --no-deps ")
    assert lines[0].endswith(" --editable .")
    assert lines[1:] == ["-m style_helpers prepare"][: asked - 1]


def started(**variables) -> dict[str, str]:
    """The environment of what binder/start ends in, when it is started with these variables."""
    ask = "import json, os; print(json.dumps(dict(os.environ)))"
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(
        [BINDER / "start", sys.executable, "-c", ask], env=environment, capture_output=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(("limit", "threads"), [("0.3", "1"), ("1.0", "1"), ("1.6", "2"), ("4", "4")])
def test_start_takes_as_many_threads_as_the_container_has_cores(limit, threads):
    assert started(CPU_LIMIT=limit)["OMP_NUM_THREADS"] == threads


def test_start_takes_quick_mode_and_some_threads_but_leaves_alone_what_a_hub_has_set():
    found = started()
    assert 1 <= int(found["OMP_NUM_THREADS"]) <= os.cpu_count()
    assert found["STYLE_HELPERS_QUICK"] == "1"
    found = started(OMP_NUM_THREADS="3", STYLE_HELPERS_QUICK="0", CPU_LIMIT="8")
    assert (found["OMP_NUM_THREADS"], found["STYLE_HELPERS_QUICK"]) == ("3", "0")


def test_start_becomes_the_server_with_its_arguments_as_they_are():
    ask = "import sys; print(sys.argv[1:]); sys.exit(5)"
    done = subprocess.run(
        [BINDER / "start", sys.executable, "-c", ask, "two words", "$HOME"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (5, "['two words', '$HOME']\n")


# ---- hub/jupyterhub_config.py ----


@pytest.fixture
def place(tmp_path, monkeypatch):
    """What the configuration asks for: a password, weights, an ordinary account; and a folder for the class."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "vgg16.safetensors").touch()
    monkeypatch.setenv("STYLE_HELPERS_HUB_PASSWORD", "a long word")
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("STYLE_HELPERS_CLASS", str(tmp_path / "class"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def load():
    return PyFileConfigLoader("jupyterhub_config.py", str(HUB)).load_config()


def test_learners_start_at_lesson_00_with_limits_and_the_shared_weights(place):
    c = load()
    assert c.Spawner.environment == {"OMP_NUM_THREADS": "1", "STYLE_HELPERS_WEIGHTS": str(place / "weights")}
    gigabytes = int(re.fullmatch(r"(\d+)G", c.Spawner.mem_limit)[1])
    assert c.Spawner.cmd[:2] == ["prlimit", f"--data={gigabytes * 2**30}"]
    assert c.Spawner.cmd[2:] == [sys.executable, "-m", "jupyterhub.singleuser"]
    assert c.Spawner.default_url == f"/lab/tree/course/{LESSONS[0].name}"
    assert c.JupyterHub.active_server_limit >= 1


def test_the_hubs_own_files_are_in_the_class_folder_which_only_its_account_can_read(place):
    c = load()
    assert (place / "class").stat().st_mode & 0o077 == 0
    for path in (
        c.JupyterHub.db_url.removeprefix("sqlite:///"),
        c.JupyterHub.cookie_secret_file,
        c.ConfigurableHTTPProxy.pid_file,
    ):
        assert Path(path).parent == place / "class"
    assert Path(c.SimpleLocalProcessSpawner.home_dir_template).parent.parent == place / "class"


def test_names_that_can_be_folders_come_in_and_those_that_lead_elsewhere_do_not(place):
    comes_in = re.compile(load().Authenticator.username_pattern).match
    assert all(map(comes_in, ["ada", "grace.hopper", "student-8", "7"]))
    assert not any(map(comes_in, ["", "..", "../ada", "a/b", "ada\n", ".ssh", "{x}", "a b", "x" * 33]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: m.delenv("STYLE_HELPERS_HUB_PASSWORD"), "Set STYLE_HELPERS_HUB_PASSWORD to a password of 8"),
        (lambda m: m.setenv("STYLE_HELPERS_HUB_PASSWORD", "short"), "Set STYLE_HELPERS_HUB_PASSWORD to a password"),
        (lambda m: m.delenv("STYLE_HELPERS_WEIGHTS"), "Set STYLE_HELPERS_WEIGHTS to a folder"),
        (lambda m: m.setenv("STYLE_HELPERS_WEIGHTS", str(HUB)), "Set STYLE_HELPERS_WEIGHTS to a folder"),
        (lambda m: m.setattr(os, "geteuid", lambda: 0), "not as root"),
    ],
)
def test_a_hub_that_could_not_serve_its_class_says_so_in_a_sentence(place, monkeypatch, change, sentence):
    change(monkeypatch)
    with pytest.raises(SystemExit, match=sentence):
        load()
    assert not (place / "class").exists()


def spawner(name: str) -> SimpleNamespace:
    said = []
    log = SimpleNamespace(warning=lambda message, *values: said.append(message % values))
    return SimpleNamespace(user=SimpleNamespace(name=name), log=log, said=said)


def test_before_a_server_starts_its_learner_has_the_lessons_and_gets_in_even_without(place):
    c, ada, grace = load(), spawner("ada"), spawner("grace")
    c.Spawner.pre_spawn_hook(ada)
    learners = place / "class" / "learners"
    assert (learners / "ada" / "course" / LESSONS[0].name).read_bytes() == LESSONS[0].read_bytes()
    assert ada.said == []
    (learners / "grace").write_text("a file where a folder should be")
    c.Spawner.pre_spawn_hook(grace)
    (sentence,) = grace.said
    assert "grace" in sentence


# ---- hub/copy_course.py ----


@pytest.fixture
def copy_course(place):
    load()  # puts it on the path
    from copy_course import copy_course

    return copy_course


def test_the_copy_holds_every_lesson_and_nothing_else(copy_course, tmp_path):
    new = copy_course(tmp_path / "home" / "course")
    assert new == sorted((tmp_path / "home" / "course").iterdir())
    assert {path.name: path.read_bytes() for path in new} == {path.name: path.read_bytes() for path in LESSONS}
    for path in new:  # a picture in another file would be missing here
        assert "](../" not in path.read_text(encoding="utf-8")


def test_what_a_learner_has_is_never_written(copy_course, tmp_path):
    folder = tmp_path / "ada"
    copy_course(folder)
    mine, link, renamed = (folder / lesson.name for lesson in LESSONS[:3])
    mine.write_text("my answers")
    link.unlink()
    link.symlink_to(tmp_path / "elsewhere")  # leads nowhere: still the learner's
    renamed.rename(folder / "my own.ipynb")
    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir()}
    assert copy_course(folder) == [renamed]
    assert {path: path.lstat().st_mtime_ns for path in before} == before
    assert mine.read_text() == "my answers"
    assert not (tmp_path / "elsewhere").exists()
    assert copy_course(folder) == []


def test_from_the_command_line_as_kubernetes_calls_it(tmp_path):
    command = [sys.executable, HUB / "copy_course.py", tmp_path / "course"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "course" / LESSONS[0].name).is_file()
    (tmp_path / "file").touch()
    done = subprocess.run([*command[:2], tmp_path / "file"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("The lessons could not be copied into ")


# ---- hub/values.yaml and weights.yaml ----


def test_both_hubs_give_the_same(place):
    c, singleuser = load(), VALUES["singleuser"]
    assert set(singleuser["extraEnv"]) == {*c.Spawner.environment, "STYLE_HELPERS_QUICK"}
    assert singleuser["extraEnv"]["OMP_NUM_THREADS"] == c.Spawner.environment["OMP_NUM_THREADS"]
    assert singleuser["memory"]["limit"] == c.Spawner.mem_limit
    peak = re.search(r"^PEAK_GB = (\S+)", (HUB / "jupyterhub_config.py").read_text(), re.MULTILINE)[1]
    assert singleuser["memory"]["guarantee"] == f"{peak}G"
    assert singleuser["defaultUrl"] == c.Spawner.default_url
    kernels = singleuser["extraFiles"]["kernels"]["data"]["MappingKernelManager"]
    assert {f"--MappingKernelManager.{name}={value}" for name, value in kernels.items()} < set(c.Spawner.args)
    assert f"--ServerApp.shutdown_no_activity_timeout={VALUES['cull']['timeout']}" in c.Spawner.args
    config = VALUES["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == c.JupyterHub.authenticator_class
    assert config["Authenticator"] == dict(c.Authenticator)

    assert all(isinstance(value, str) for value in singleuser["extraEnv"].values())  # Kubernetes takes nothing else
    assert singleuser["extraEnv"]["OMP_NUM_THREADS"] == str(singleuser["cpu"]["limit"])
    assert singleuser["extraEnv"]["STYLE_HELPERS_QUICK"] == "0"
    assert singleuser["cpu"]["guarantee"] <= singleuser["cpu"]["limit"]


def test_the_weights_are_one_volume_that_learners_only_read():
    storage = VALUES["singleuser"]["storage"]
    (volume,), (mount,) = storage["extraVolumes"], storage["extraVolumeMounts"]
    assert mount == {
        "name": volume["name"],
        "mountPath": VALUES["singleuser"]["extraEnv"]["STYLE_HELPERS_WEIGHTS"],
        "readOnly": True,
    }
    assert volume["persistentVolumeClaim"] == {"claimName": CLAIM["metadata"]["name"], "readOnly": True}
    pod = JOB["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "{name}:{tag}".format(**VALUES["singleuser"]["image"])
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]
    assert f" {container['volumeMounts'][0]['mountPath']}/" in container["args"][-1]


def test_the_readme_builds_the_image_that_the_values_expect():
    readme = (HUB / "README.md").read_text(encoding="utf-8")
    build = re.search(r"jupyter-repo2docker (.+?) \.\n", readme.replace("\\\n", " "), re.DOTALL)[1]
    course = re.search(r"--target-repo-dir (\S+)", build)[1]
    command = VALUES["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"][-1]
    script = re.search(r"python (\S+)", command)[1]
    assert (ROOT / Path(script).relative_to(course)).is_file()
    assert "--image-name {name}:{tag}".format(**VALUES["singleuser"]["image"]) in build
    assert "--user-id 1000 " in build  # as whom the chart runs the learners' containers


# ---- benchmarks/hub.py ----


@pytest.fixture
def server(tmp_path):
    """A Jupyter server, with no hub before it: (its address, its token)."""
    (port,), token = hub.free_ports(1), secrets.token_hex(8)
    (tmp_path / "home" / "course").mkdir(parents=True)
    options = [f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root", "--no-browser"]
    command = [sys.executable, "-m", "jupyter_server", *options, "--ServerApp.port_retries=0"]
    environment = os.environ | {"HOME": str(tmp_path / "home"), "JUPYTER_PLATFORM_DIRS": "1"}
    process = subprocess.Popen(command, cwd=tmp_path / "home", env=environment, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 300
    while not answers(address):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.25)
    yield address, token
    process.terminate()
    process.wait(300)


def answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/api", timeout=60).ok
    except requests.RequestException:
        return False


def lesson(folder: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# A lesson"), *map(nbformat.v4.new_code_cell, cells)]
    )
    nbformat.write(notebook, folder / "06_lesson.ipynb")
    return folder / "06_lesson.ipynb"


def test_the_driver_runs_a_lesson_to_its_end_and_says_why_it_did_not(server, tmp_path):
    end = time.monotonic() + 300
    whole = lesson(tmp_path, "a = 20", "print('said'); a += 1", f"open({str(tmp_path / 'seen')!r}, 'w').write(str(a))")
    assert list(hub.run_lesson(*server, whole, end)) == [(1, 3), (2, 3), (3, 3)]
    assert (tmp_path / "seen").read_text() == "21"
    for last, sentence in (
        ("1 / 0", "Cell 2 of 3 failed with ZeroDivisionError: division by zero"),
        ("import os; os._exit(1)", "Cell 2 of 3 ended the kernel"),
    ):
        progress = hub.run_lesson(*server, lesson(tmp_path, "a = 1", last, "a = 2"), end)
        assert next(progress) == (1, 3)
        with pytest.raises(hub.LessonError, match=sentence):
            next(progress)
    endless = lesson(tmp_path, "import threading; threading.Event().wait()")
    with pytest.raises(hub.LessonError, match="Cell 1 of 1 was still at work when the time was over"):
        next(hub.run_lesson(*server, endless, time.monotonic()))


def student(name: str, **changes) -> dict:
    whole = {"name": name, "server_up": 4.0, "lesson": 60.0, "cells": 9, "of": 9, "failure": None, "gigabytes": 1.2}
    return whole | changes


def test_the_report_counts_who_came_to_the_end_and_names_who_did_not():
    late = student("student3", lesson=30.0, cells=4, failure="Cell 5 of 9 was still at work when the time was over.")
    students = [student("student1"), student("student2", lesson=80.0, gigabytes=1.25), late]
    found = {"students": students, "memory": {"hub": 0.2, "together": 3.5}}
    table = hub.as_table(hub.Plan(students=3, quick=True), found)
    assert "| lesson ran to its end | 2 |" in table
    assert "| seconds for the lesson, median (slowest) | 70 (80) |" in table
    assert "| GB of one learner at the peak | 1.25 |" in table
    assert "| student3, 4 cells done | Cell 5 of 9 was still at work" in table
    assert "quick mode" in table


def test_memory_is_counted_for_each_learner_by_name():
    waits = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    ada = os.environ | {"JUPYTERHUB_USER": "ada"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen(waits, env=ada, **pipes) as one,
        subprocess.Popen(waits, **pipes) as two,
    ):
        try:
            for process in (one, two):
                process.stdout.readline()  # Python is up
            held = hub.bytes_by_learner(hub.psutil.Process())
        finally:
            one.kill()
            two.kill()
    assert 1e6 < held["ada"] < 1e8
    assert held[""] >= hub.proportional_set_size(os.getpid()) * 0.5


def test_bad_input_is_answered_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^There is no lesson '99' in notebooks: 06, for example, is one\.$"):
        main(["hub", "--lesson", "99", "--out", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_without_jupyterhub_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(hub.shutil, "which", lambda name: None)
    with pytest.raises(hub.HubError, match="pip install jupyterhub"), hub.running_hub(hub.Plan()):
        pass
