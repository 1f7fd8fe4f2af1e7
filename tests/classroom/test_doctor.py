"""The doctor and the first look of a notebook, on a good machine and on broken ones.

What can be broken is really broken: class folders are made and then damaged, JupyterLab's settings are mended by its
own command, packages are described to Python by their own files, a kernel is started. Only a full disk, a drive that is
gone, and another learner's program are pretended.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import psutil
import pytest
from jupyter_client.manager import start_new_kernel
from jupyter_core import paths

import style_helpers
from style_helpers import COMMAND, devices, language, weights
from style_helpers.classroom import class_folder, doctor, pace
from style_helpers.course import first_cell
from tests.chinese import assert_chinese

MANAGER = doctor.MANAGER
NETWORKS = ("vgg16", "alexnet", "lpips-alexnet")
VERSION = style_helpers.__version__
SECONDS = 300  # a guard against hanging, and no measure of speed
without_modes = pytest.mark.skipif(sys.platform == "win32", reason="a folder's mode forbids nothing there")


def as_the_reference() -> dict[str, float]:
    """A machine as quick as the one the lessons were timed on."""
    return dict(pace.REFERENCE_MS)


@pytest.fixture(autouse=True)
def good_machine(tmp_path, monkeypatch):
    """This machine in a state that does not depend on who else works on it, and an empty current folder."""
    for name in ("MEM_LIMIT", "CPU_LIMIT", "STYLE_HELPERS_WEIGHTS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor.torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(doctor, "_processor_times", dict)
    monkeypatch.setattr(doctor.others, "__defaults__", (0.0,))
    monkeypatch.setenv("JUPYTERHUB_USER", f"learner of {tmp_path}")  # other people's kernels are not ours
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A class folder as an instructor makes it."""
    folder = tmp_path_factory.mktemp("stick") / "class"
    class_folder.prepare(folder)
    return folder


@pytest.fixture
def copied(whole, tmp_path, monkeypatch) -> Path:
    """A learner's copy of it, in use. Its files are links, so that a test may take one away but not write into it."""
    folder = tmp_path / "class"
    shutil.copytree(whole, folder, copy_function=os.link)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(folder / "weights"))
    return folder


def rewrite(file: Path, change):
    """Puts a changed copy in a file's place."""
    data = change(file.read_bytes())
    file.unlink()
    file.write_bytes(data)


@pytest.fixture
def open_place():
    """A folder that every user of this computer can reach."""
    folder = Path(tempfile.mkdtemp(prefix="style-helpers-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def sentence(finding: doctor.Finding) -> str:
    assert not finding.good
    return f"{finding.found}; {finding.advice}"


def bad(measure=as_the_reference) -> dict[str, str]:
    """The doctor's bad findings: topic, and the sentence with the remedy."""
    return {each.topic: sentence(each) for each in doctor.examine(measure) if not each.good}


def looked(capsys, version=VERSION) -> list[str]:
    """The lines of the first look."""
    capsys.readouterr()
    first_cell.first_look(version)
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out.splitlines()


def assert_both_say(capsys, topic, *words):
    """Doctor and first look give the same sentence, and it holds these words; nothing else is wrong."""
    found = bad()
    assert list(found) == [topic]
    assert looked(capsys) == [f"Please mend: {found[topic]}."]
    for word in words:
        assert word in found[topic]


# ---- a good machine ----


def test_a_good_machine_has_nothing_to_mend(capsys, monkeypatch):
    findings = list(doctor.examine(as_the_reference))
    assert [str(each) for each in findings if not each.good] == []
    topics = [each.topic for each in findings]
    for topic in ("Python", "packages", "widgets", "device", "threads", "memory", "disk", "class folder"):
        assert topics.count(topic) == 1
    assert {f"weights of {name}" for name in NETWORKS} <= set(topics)
    assert [topic for topic in topics if topic.startswith("lesson ")] == [f"lesson {number:02}" for number in range(11)]

    said = json.loads(doctor.as_json(findings))
    assert said["good"] is True
    assert [each["topic"] for each in said["findings"]] == topics
    assert set(said["findings"][0]) == {"topic", "found", "advice", "good"}
    assert said["minutes"].keys() == pace.LESSON_SECONDS.keys()
    assert said["minutes"]["03"] == pytest.approx(pace.LESSON_SECONDS["03"] / 60, abs=0.01)

    (line,) = looked(capsys)
    assert line.startswith(f"Ready: style_helpers {VERSION}, VGG-16 from the project's cache, ")
    assert line.endswith("with 1 thread.")
    monkeypatch.setenv("STYLE_HELPERS_QUICK", "1")
    assert looked(capsys)[0].endswith("Quick mode is on: pictures are only begun.")


def test_a_whole_class_folder_is_good_and_large_files_are_read_by_the_doctor_alone(capsys, copied):
    findings = list(doctor.examine(as_the_reference))
    assert all(each.good for each in findings)
    assert [each.found for each in findings if each.topic == "class folder"] == [f"{copied} is whole"]
    assert "VGG-16 from the folder named by STYLE_HELPERS_WEIGHTS" in looked(capsys)[0]
    rewrite(copied / "weights" / "alexnet.safetensors", lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    assert "alexnet.safetensors" in sentence(doctor.folder_in_use(thorough=True)[0])
    assert "Ready" in looked(capsys)[0]


def test_the_first_look_leaves_no_file_and_fetches_nothing(capsys, no_weights, monkeypatch):
    monkeypatch.setattr(weights, "_obtain", lambda *_: pytest.fail("weights were read"))
    before = list(Path.cwd().parent.rglob("*"))
    looked(capsys)
    assert list(Path.cwd().parent.rglob("*")) == before


def test_a_look_that_fails_stops_neither_the_notebook_nor_the_other_looks(capsys, monkeypatch):
    def broken(*_):
        raise OSError("an odd machine")

    monkeypatch.setattr(doctor, "memory", broken)
    monkeypatch.setattr(doctor, "kernels", broken)
    assert len(looked(capsys)) == 1
    (line,) = looked(capsys, "0.0.9")
    assert line.startswith("Please mend: this notebook belongs to version 0.0.9 of the course, but style_helpers is ")
    monkeypatch.setattr(weights, "find", broken)
    looked(capsys)


# ---- broken machines, of which doctor and first look say the same ----


def half_copied(patch, folder, copied):
    (copied() / "class.json").unlink()


def without_its_drive(patch, folder, copied):
    patch.setenv("STYLE_HELPERS_WEIGHTS", str(folder / "drive"))


def little_memory(patch, folder, copied):
    patch.setattr(doctor.devices, "kept_freed_memory", lambda: 0)  # of the tests that ran before
    for _ in range(9):  # bytes come and go between the two
        patch.setenv("MEM_LIMIT", str(psutil.Process().memory_info().rss + 400_000_000))
        found = doctor.memory()
        if "only 0." in str(found):
            break
    patch.setattr(doctor, "memory", lambda: found)


def little_disk(patch, folder, copied):
    patch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**7))


def old_jupyterlab(patch, folder, copied):
    install(patch, folder, "jupyterlab", "4.2.5")


def in_another_copy_of_the_course(patch, folder, copied):
    another_course(folder / "other", VERSION)
    patch.chdir(folder / "other")


@pytest.mark.parametrize(
    ("damage", "topic", "words"),
    [
        (half_copied, "class folder", ("/class is not whole", "copy the whole class folder again")),
        (without_its_drive, "class folder", ("drive, which is not a folder", "connect the drive")),
        (little_memory, "memory", ("only 0.", "GB of memory are free; close other programs and notebooks: a lesson")),
        (little_disk, "disk", ("only 0.01 GB are free in ", "free 0.05 GB there for pictures")),
        (old_jupyterlab, "packages", ("jupyterlab>=4.6, and 4.2.5 is installed; run python start.py", "JupyterLab th")),
        (in_another_copy_of_the_course, "course", ("/other belongs to the course in ", str(doctor.ROOT), "start.py")),
    ],
)
def test_both_say_what_is_wrong_and_what_to_do(capsys, monkeypatch, tmp_path, request, damage, topic, words):
    damage(monkeypatch, tmp_path, lambda: request.getfixturevalue("copied"))
    assert_both_say(capsys, topic, *words)


def install(patch, folder: Path, name: str, version: str):
    """Python finds the description of this package before that of the installed one."""
    described = folder / "old" / f"{name}-{version}.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    patch.syspath_prepend(str(folder / "old"))


def another_course(folder: Path, version: str):
    (folder / "style_helpers").mkdir(parents=True, exist_ok=True)
    (folder / "style_helpers" / "__init__.py").write_text(f'__version__ = "{version}"\n')


@contextlib.contextmanager
def read_only(folder: Path, mode: int = 0o555):
    """Nobody may write into the folder; root, who may do everything, is an ordinary user for the time."""
    folder.chmod(mode)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@without_modes
def test_a_read_only_course_folder(capsys, whole, open_place, monkeypatch):
    course = open_place / "class" / "course"
    shutil.copytree(whole, open_place / "class", copy_function=os.link)
    monkeypatch.setattr(doctor, "ROOT", course)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(open_place / "class" / "weights"))
    for name in ("JUPYTER_CONFIG_DIR", "XDG_CACHE_HOME", "TORCH_HOME"):  # an ordinary user cannot read root's
        monkeypatch.setenv(name, str(open_place / name))
    monkeypatch.chdir(course / "notebooks")
    with read_only(course / "notebooks"):
        assert_both_say(capsys, "write permission", "cannot be written", "copy the folder of the course to your own")
    assert doctor.writing(course / "notebooks").good


@without_modes
def test_weights_in_a_cache_of_somebody_else_are_not_there(open_place, monkeypatch):
    cache = open_place / "cache" / "style-helpers"
    cache.mkdir(parents=True)
    for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(cache.parent))
    with read_only(cache, 0o000):
        assert not doctor.weights_of("vgg16").good


def test_widgets_switched_off_and_the_remedy_switches_them_on(capsys, tmp_path):
    settings = lab_settings(tmp_path, "labconfig/page_config.json", {"disabledExtensions": {MANAGER: True}})
    command = f"jupyter labextension enable --level=user {MANAGER}"
    assert_both_say(capsys, "widgets", f"switched off ({settings})", f"run {command}, and reload the page")
    remedy = [sys.executable, "-m", "jupyterlab.labextensions", *command.split()[2:]]
    subprocess.run(remedy, env=os.environ | {"PYTHONWARNINGS": "ignore"}, check=True, capture_output=True)
    assert doctor.widgets().good


def lab_settings(folder: Path, name: str, said) -> Path:
    """A file among the user's settings of JupyterLab."""
    file = folder / "jupyter" / name
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(said))
    return file


def test_kernels_at_once(capsys, monkeypatch):
    hold = f"held = b'1' * {350 * 10**6}"
    with program("held = b'1'"), kernel(hold):
        assert doctor.kernels().good  # the small one does not count
        assert doctor.kernels().found.startswith("1 at work, with 0.")
        with program(hold):
            assert 0.7 < float(doctor.kernels().found.split()[5]) < 1.5
            assert_both_say(capsys, "kernels", "2 notebooks at once hold", "shut down those", "Running Terminals")
            monkeypatch.setenv("JUPYTERHUB_USER", "another")
            assert doctor.kernels().found == "0 at work"


@contextlib.contextmanager
def kernel(code: str):
    """A real kernel of a notebook that has run this code."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(code, timeout=SECONDS)
        yield
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextlib.contextmanager
def program(code: str):
    """A Python that has run this code, and is called as a kernel is."""
    command = [sys.executable, "-c", f"import sys; {code}; print(flush=True); sys.stdin.read()", "ipykernel"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        yield
        running.kill()


def test_other_programs_that_work_hard_are_named(monkeypatch):
    assert doctor.others().good
    monkeypatch.undo()
    cores = psutil.cpu_count()
    monkeypatch.setattr(doctor.psutil, "cpu_count", lambda: 1)  # a quarter of one is enough then
    with program("import threading; threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()"):
        tries = (doctor.others() for _ in range(SECONDS))  # the system may give it no time at once
        found = next(each for each in tries if not each.good)
    assert re.fullmatch(r"\d+\.\d of 1 processor cores are kept busy by .*[Pp]ython.*", found.found)
    assert "minutes" in found.advice
    monkeypatch.setattr(doctor.psutil, "cpu_count", lambda: 1000 * cores)
    assert doctor.others(0.1).good


def test_what_idles_or_was_not_there_before_does_not_count_and_we_neither(monkeypatch):
    seen = {1: ("slow", 5.0), 2: ("idle", 5.0), 3: ("late", 0.0)}
    later = {1: ("slow", 6.5), 2: ("idle", 5.01), 4: ("new", 9.0)}
    answers = iter([seen, later])
    monkeypatch.setattr(doctor, "_processor_times", lambda: next(answers))
    monkeypatch.setattr(doctor.psutil, "cpu_count", lambda: 2)
    assert doctor.others(1.0).found == "1.5 of 2 processor cores are kept busy by slow"
    monkeypatch.undo()
    assert os.getpid() not in doctor._processor_times()


def test_an_installed_package_may_serve_a_course_of_its_own_version(tmp_path, monkeypatch):
    another_course(tmp_path / "course", VERSION)
    monkeypatch.setattr(doctor, "ROOT", tmp_path / "site-packages")
    assert doctor.course(tmp_path / "course").good
    another_course(tmp_path / "course", "0.0.9")
    assert not doctor.course(tmp_path / "course").good


# ---- weights and disk ----


def test_missing_weights_are_named_and_nothing_is_measured(capsys, no_weights):
    found = bad(lambda: pytest.fail("measured without weights"))
    assert set(found) == {f"weights of {name}" for name in NETWORKS} | {"lessons"}
    assert all(f"run {COMMAND} prepare where there is internet" in said for said in found.values())
    (line,) = looked(capsys)
    assert "the weights of VGG-16, AlexNet, LPIPS for AlexNet are not on this computer" in line


def test_damaged_weights_are_named(no_weights):
    weights.cache_folder().mkdir(parents=True)
    (weights.cache_folder() / "vgg16.safetensors").write_bytes(b"cut")
    assert "damaged" in sentence(doctor.weights_of("vgg16"))


def test_too_little_disk_for_the_weights(capsys, no_weights, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))
    said = f"only 0.10 GB are free in {tmp_path}; free 0.3 GB there for the weights that are still to be fetched"
    assert sentence(doctor.disk()) == said
    assert f"Please mend: {said}." in looked(capsys)
    monkeypatch.setattr(weights, "find", lambda _: "somewhere")
    assert doctor.disk().good  # it is enough for pictures


def test_a_cache_that_cannot_be_written(no_weights, monkeypatch):
    monkeypatch.setattr(doctor, "can_write", lambda _: False)
    assert sentence(doctor.disk()).endswith(" cannot be written; set XDG_CACHE_HOME to a folder of yours")


def test_the_drive_of_the_cache_is_gone(no_weights, monkeypatch):
    gone = PureWindowsPath("Z:/caches/style-helpers")  # the parent of its root is the root itself
    monkeypatch.setattr(weights, "cache_folder", lambda: gone)
    monkeypatch.setattr(weights, "find", lambda _: None)
    looks, isdir = iter(range(100)), os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: next(looks) < 100 and isdir(path))
    said = f"the drive of {gone} is not there; connect it, or set XDG_CACHE_HOME to a folder"
    assert sentence(doctor.disk()) == said


# ---- Python, packages, widgets ----


def test_a_python_that_the_project_does_not_take_is_named(monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.10.4")
    said = sentence(doctor.python())
    assert "Python 3.10.4 on " in said
    assert "install a Python <" in said
    assert ">=3.11, and run python start.py with it" in said


def without(package):
    """A look-up of versions that does not find this package."""
    known = doctor.importlib.metadata.version

    def version(name):
        if name == package:
            raise doctor.importlib.metadata.PackageNotFoundError(name)
        return known(name)

    return version


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda patch, folder: install(patch, folder, "torch", "2.1.0"),
            ("the course needs torch", "and 2.1.0 is inst"),
        ),
        (lambda patch, _: patch.setattr("importlib.metadata.version", without("tqdm")), ("tqdm is missing; run",)),
        (lambda patch, _: patch.setattr(doctor, "__version__", "9.0.0"), ("is installed, and this folder is 9.0.0;",)),
        (lambda patch, _: patch.setattr(doctor, "PACKAGE", "nowhere"), ("nowhere itself is not installed;",)),
    ],
)
def test_packages_that_are_not_what_the_project_asks_for(monkeypatch, tmp_path, damage, words):
    damage(monkeypatch, tmp_path)
    assert doctor.python().good
    said = sentence(doctor.packages())
    for word in (*words, "run python start.py in the folder of the course"):
        assert word in said


def test_on_colab_there_is_no_jupyterlab_to_mend(capsys, tmp_path, monkeypatch):
    install(monkeypatch, tmp_path, "jupyterlab", "4.2.5")
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert "Ready" in looked(capsys)[0]


def front_end(patch, folder: Path, text: str):
    """Another copy of the browser's part, before that of the installed package."""
    file = folder / "labextensions" / MANAGER / "package.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    patch.setenv("JUPYTER_PATH", str(folder))


OLD = json.dumps({"name": MANAGER, "version": "3.1.0"})
LACKING = (
    "JupyterLab lacks the browser's part of the widgets, so no panel appears; run python -m pip install --force",
)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda patch, _: patch.setattr("importlib.metadata.version", without("ipywidgets")),
            ("ipywidgets is missing",),
        ),
        (
            lambda patch, folder: install(patch, folder, "jupyterlab_widgets", "1.1.11"),
            ("jupyterlab_widgets~=3.0", "1.1.11 is installed; run python -m pip install --force-reinstall"),
        ),
        (
            lambda patch, folder: front_end(patch, folder, OLD),
            (f"loads {MANAGER} 3.1.0 where 5.", "remove the folder "),
        ),
        (lambda patch, folder: patch.setattr(paths, "jupyter_path", lambda *_: [str(folder)]), LACKING),
        (lambda patch, folder: front_end(patch, folder, '{"name": '), LACKING),
    ],
)
def test_widgets_that_do_not_belong_together(monkeypatch, tmp_path, damage, words):
    damage(monkeypatch, tmp_path)
    said = sentence(doctor.widgets())
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("file", "said", "good"),
    [
        ("labconfig/page_config.json", {"disabledExtensions": {f"{MANAGER}:plugin": True}}, False),
        ("labconfig/page_config.json", {"disabledExtensions": [MANAGER]}, False),
        ("labconfig/page_config.d/school.json", {"disabledExtensions": {MANAGER: True}}, False),
        ("labconfig/page_config.json", {"disabledExtensions": {MANAGER: False}}, True),
        ("labconfig/page_config.json", {"disabledExtensions": {"@jupyter-widgets/other": True}}, True),
        ("labconfig/page_config.json", ["no settings"], True),
        ("labconfig/page_config.json", {"disabledExtensions": 5}, True),
    ],
)
def test_settings_of_jupyterlab_are_read_as_it_reads_them(tmp_path, file, said, good):
    lab_settings(tmp_path, file, said)
    assert doctor.widgets().good == good


def test_whose_settings_a_file_is_among(tmp_path):
    assert doctor._level(tmp_path / "jupyter" / "labconfig" / "page_config.json") == "user"
    assert doctor._level(Path(paths.ENV_CONFIG_PATH[0]) / "labconfig" / "page_config.json") == "sys_prefix"
    assert doctor._level(Path("/usr/local/share/jupyter/lab/settings/page_config.json")) == "system"


# ---- the machine ----


def container(root: Path, **files: str) -> Path:
    """The files in which Linux says what a container may use."""
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/cgroup").write_text("0::/\n")
    (root / "sys/fs/cgroup").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / "sys/fs/cgroup" / name.replace("_", ".")).write_text(text)
    return root


def test_more_threads_than_the_container_may_use(tmp_path, monkeypatch):
    root = container(tmp_path, cpu_max="100000 100000\n")
    assert doctor.threads(root).found == "1 for 1 processor core"
    monkeypatch.setattr(doctor.torch, "get_num_threads", lambda: 8)
    assert sentence(doctor.threads(root)) == (
        "8 for 1 processor core, so that they wait for each other; set OMP_NUM_THREADS to 1 before you start JupyterLab"
    )


@pytest.mark.parametrize("asked", ["0", "many", ""])
def test_a_number_of_threads_that_is_none(monkeypatch, asked):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert f"OMP_NUM_THREADS is {asked!r}, which is no number of threads; set" in sentence(doctor.threads())


def test_one_thread_on_many_cores(monkeypatch):
    monkeypatch.setattr(devices, "processors", lambda _: 8)
    monkeypatch.setattr(doctor.psutil, "cpu_count", lambda logical: 8)
    monkeypatch.delenv("JUPYTERHUB_USER")
    assert doctor.threads().good
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    said = "1 for 8 processor cores, because OMP_NUM_THREADS is 1; remove OMP_NUM_THREADS"
    assert sentence(doctor.threads()) == said
    monkeypatch.setenv("JUPYTERHUB_USER", "somebody")  # a hub gives each learner a share
    assert doctor.threads().good


def test_memory_counts_the_containers_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "kept_freed_memory", lambda: 0)  # of the tests before this one
    root = container(tmp_path, memory_max="3000000000", memory_current="2200000000", memory_stat="anon 1\n")
    assert doctor.memory(root).found == "only 0.8 GB of memory are free"
    assert doctor.memory(container(tmp_path, memory_current="200000000")).good


def test_a_device_that_cannot_compute_is_named(monkeypatch):
    def ones(*_, **__):
        raise RuntimeError("CUDA error: out of memory\nand forty lines more")

    monkeypatch.setattr(doctor.torch, "ones", ones)
    said = sentence(doctor.device())
    assert "cannot compute (CUDA error: out of memory); compute on the processor (STYLE_HELPERS_DEVICE=cpu)" in said


def test_a_device_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("STYLE_HELPERS_DEVICE", "abacus")
    assert "STYLE_HELPERS_DEVICE 'abacus' is not known" in sentence(doctor.device())


# ---- in Chinese ----


@pytest.fixture
def in_chinese(monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")


@pytest.mark.usefixtures("in_chinese")
def test_a_good_machine_in_chinese(capsys, monkeypatch):
    findings = list(doctor.examine(as_the_reference))
    for each in findings:
        assert assert_chinese(str(each)).startswith("正常  ")
    said = json.loads(doctor.as_json(findings))
    assert [each["topic"] for each in said["findings"]] == [each.topic for each in findings]
    assert "memory" in [each.topic for each in findings]  # programs read English, whoever runs them
    first_cell.first_look(VERSION, "zh")
    assert_chinese(capsys.readouterr().out).startswith("准备好了：")
    monkeypatch.setenv("STYLE_HELPERS_QUICK", "1")
    first_cell.first_look(VERSION, "zh")
    assert "快速模式已开" in assert_chinese(capsys.readouterr().out)


def broken_gpu(*_, **__):
    raise RuntimeError("坏了")


@pytest.mark.usefixtures("in_chinese", "no_weights")
@pytest.mark.parametrize("damage", [
    lambda patch, folder: None,  # no weights, that is
    lambda patch, folder: patch.setattr(doctor.platform, "python_version", lambda: "3.10.4"),
    lambda patch, folder: install(patch, folder, "jupyterlab", "4.2.5"),
    lambda patch, folder: patch.setattr("importlib.metadata.version", without("tqdm")),
    lambda patch, folder: patch.setattr("importlib.metadata.version", without("ipywidgets")),
    lambda patch, folder: patch.setattr(doctor, "__version__", "9.0.0"),
    lambda patch, folder: patch.setattr(doctor, "PACKAGE", "nowhere"),
    lambda patch, folder: front_end(patch, folder, OLD),
    lambda patch, folder: front_end(patch, folder, "{"),
    lambda patch, folder: lab_settings(folder, "labconfig/page_config.json", {"disabledExtensions": [MANAGER]}),
    lambda patch, folder: patch.setenv("STYLE_HELPERS_DEVICE", "abacus"),
    lambda patch, folder: patch.setattr(doctor.torch, "ones", broken_gpu),
    lambda patch, folder: patch.setattr(doctor.torch, "get_num_threads", lambda: 999),
    lambda patch, folder: patch.setenv("OMP_NUM_THREADS", "many"),
    lambda patch, folder: patch.setattr(devices, "free_memory", lambda *_: 10**8),
    lambda patch, folder: little_disk(patch, folder, None),
    lambda patch, folder: patch.setattr(doctor, "can_write", lambda _: False),
    lambda patch, folder: without_its_drive(patch, folder, None),
    lambda patch, folder: in_another_copy_of_the_course(patch, folder, None),
    lambda patch, folder: patch.setattr(doctor, "_kernel_memory", lambda _: 10**9),
    lambda patch, folder: patch.setattr(doctor, "_processor_times", iter([{1: ("x", 0.0)}, {1: ("x", 9.0)}]).__next__),
])  # fmt: skip
def test_broken_machines_in_chinese(capsys, monkeypatch, tmp_path, damage):
    damage(monkeypatch, tmp_path)
    monkeypatch.setattr(doctor.others, "__defaults__", (1.0,))
    monkeypatch.setattr(doctor.time, "sleep", lambda _: None)
    said = [str(each) for each in doctor.examine(as_the_reference) if not each.good]
    assert len(said) >= 4
    for each in said:
        assert assert_chinese(each).startswith("待办  ")
    first_cell.first_look("0.0.9", "zh")
    for line in capsys.readouterr().out.splitlines():
        assert assert_chinese(line).startswith("请解决：")


@pytest.mark.usefixtures("in_chinese")
def test_minutes_in_chinese():
    slow = {name: 30 * milliseconds for name, milliseconds in pace.REFERENCE_MS.items()}
    for each in doctor.lessons(slow):
        assert_chinese(str(each))


# ---- minutes ----


@pytest.mark.parametrize("times", [3, 20])
def test_minutes_grow_with_the_time_of_an_evaluation_and_many_get_advice(times):
    slow = {name: times * milliseconds for name, milliseconds in pace.REFERENCE_MS.items()}
    found = {each.topic: each for each in doctor.lessons(slow)}
    assert len(found) == 1 + len(pace.LESSON_SECONDS)
    for lesson, seconds in pace.LESSON_SECONDS.items():
        each = found[f"lesson {lesson}"]
        assert each.minutes == pytest.approx(times * seconds / 60)
        assert each.good == (times * seconds <= 15 * 60)
        assert each.good or "set STYLE_HELPERS_QUICK to 1" in each.advice


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "5 s"), (22, "20 s"), (89, "90 s"), (90, "2 min"), (125, "2 min"), (3600, "60 min")]
)
def test_times_in_words(seconds, words):
    assert doctor._in_words(seconds) == words


def test_the_real_measurement(capsys):
    measured = pace.measure(seconds=0.1)
    assert set(measured) == set(pace.REFERENCE_MS) == set(pace.MEASURED)
    assert all(milliseconds > 0 for milliseconds in measured.values())
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Measuring this machine:" in shown.err
    assert set(pace.lesson_seconds(measured)) == set(pace.LESSON_SECONDS)
