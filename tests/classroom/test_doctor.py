"""The doctor and the first look of a notebook, on a good machine and on broken ones.

What can be broken is really broken: class folders are made and then damaged, JupyterLab's settings are written by its
own command, packages are described to Python by their own files, kernels are started. Only a full disk is pretended.
"""

import contextlib
import json
import os
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
from style_helpers import devices, weights
from style_helpers.classroom import class_folder, doctor, pace
from style_helpers.course import first_cell

MANAGER = doctor.MANAGER
NETWORKS = ("vgg16", "alexnet", "lpips-vgg16", "lpips-alexnet")


def as_the_reference() -> dict[str, float]:
    """A machine as quick as the one the lessons were timed on."""
    return dict(pace.REFERENCE_MS)


@pytest.fixture(autouse=True)
def good_machine(tmp_path, monkeypatch):
    """This machine in a state that does not depend on who else works on it, and an empty current folder."""
    for name in ("MEM_LIMIT", "CPU_LIMIT", "STYLE_HELPERS_WEIGHTS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor.torch, "get_num_threads", lambda: 1)
    monkeypatch.setenv("JUPYTERHUB_USER", f"learner of {tmp_path}")  # other people's kernels are not ours
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A class folder as an instructor makes it."""
    folder = tmp_path_factory.mktemp("stick") / "class"
    class_folder.prepare(folder)
    return folder


@pytest.fixture
def copied(whole, tmp_path, monkeypatch) -> Path:
    """A learner's copy of it, in use."""
    folder = tmp_path / "class"
    shutil.copytree(whole, folder)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(folder / "weights"))
    return folder


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


def examined(measure=as_the_reference) -> list[doctor.Finding]:
    return list(doctor.examine(measure))


def bad(measure=as_the_reference) -> dict[str, str]:
    """The doctor's bad findings: topic, and the sentence with the remedy."""
    return {each.topic: f"{each.found}; {each.advice}" for each in examined(measure) if not each.good}


def looked(capsys, version=style_helpers.__version__) -> list[str]:
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


def test_a_good_machine_has_nothing_to_mend(capsys):
    findings = examined()
    assert [str(each) for each in findings if not each.good] == []
    topics = [each.topic for each in findings]
    for topic in ("Python", "packages", "JupyterLab", "widgets", "device", "threads", "memory", "disk", "class folder"):
        assert topics.count(topic) == 1
    assert {f"weights of {name}" for name in NETWORKS} <= set(topics)
    assert [topic for topic in topics if topic.startswith("lesson ")] == [f"lesson 0{number}" for number in range(9)]


def test_a_good_machine_gets_one_short_line(capsys):
    (line,) = looked(capsys)
    assert line.startswith(f"Ready: style_helpers {style_helpers.__version__}, VGG-16 from the project's cache, ")
    assert line.endswith("with 1 thread.")


def test_in_quick_mode_the_line_says_so(capsys, monkeypatch):
    monkeypatch.setenv("STYLE_HELPERS_QUICK", "1")
    (line,) = looked(capsys)
    assert line.endswith("Quick mode is on: pictures are only begun.")


def test_a_whole_class_folder_is_good(capsys, copied):
    assert bad() == {}
    (line,) = looked(capsys)
    assert "VGG-16 from the folder named by STYLE_HELPERS_WEIGHTS" in line
    assert [each.found for each in examined() if each.topic == "class folder"] == [f"{copied} is whole"]


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
    assert "0.0.9" in line
    monkeypatch.setattr(weights, "find", broken)
    looked(capsys)


# ---- the broken machines of the course's own list ----


def test_1_a_half_copied_class_folder(capsys, copied):
    (copied / "class.json").unlink()
    shutil.rmtree(copied / "course" / "images")
    assert_both_say(capsys, "class folder", str(copied), "not whole", "copy the whole class folder again")


def test_1_a_class_folder_that_lacks_a_file_and_has_one_cut_short(capsys, copied):
    (copied / "course" / "images" / "content" / "flower.jpg").unlink()
    page = copied / "course" / "README.md"
    page.write_bytes(page.read_bytes()[:100])
    found = [f"{each.found}; {each.advice}" for each in examined() if not each.good]
    assert looked(capsys) == [f"Please mend: {each}." for each in found]
    assert len(found) == 2
    assert any("missing" in each and "flower.jpg" in each for each in found)
    assert any("cut short" in each and "README.md" in each for each in found)


def test_1_damage_that_keeps_the_size_is_found_by_the_doctor_alone(capsys, copied):
    file = copied / "weights" / "alexnet.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert "alexnet.safetensors" in bad()["class folder"]
    assert "Ready" in looked(capsys)[0]  # it reads no large file


@pytest.mark.skipif(sys.platform == "win32", reason="a folder's mode forbids nothing there")
def test_2_a_read_only_course_folder(capsys, whole, open_place, monkeypatch):
    course = open_place / "class" / "course"
    shutil.copytree(whole, open_place / "class")
    monkeypatch.setattr(doctor, "ROOT", course)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(open_place / "class" / "weights"))
    for name in ("JUPYTER_CONFIG_DIR", "XDG_CACHE_HOME", "TORCH_HOME"):  # an ordinary user cannot read root's
        monkeypatch.setenv(name, str(open_place / name))
    monkeypatch.chdir(course / "notebooks")
    with read_only(course / "notebooks"):
        assert_both_say(capsys, "write permission", "cannot be written", "copy the folder of the course to your own")
    assert bad() == {}


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


@pytest.mark.skipif(sys.platform == "win32", reason="a folder's mode forbids nothing there")
def test_weights_in_a_cache_of_somebody_else_are_not_there(capsys, open_place, monkeypatch):
    cache = open_place / "cache" / "style-helpers"
    cache.mkdir(parents=True)
    for name in ("JUPYTER_CONFIG_DIR", "XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(cache.parent))
    monkeypatch.delenv("STYLE_HELPERS_WEIGHTS", raising=False)
    monkeypatch.chdir(open_place)
    with read_only(cache, 0o000):
        assert "weights of vgg16" in bad()


def test_3_a_class_folder_of_another_version(capsys, copied):
    manifest = json.loads((copied / "class.json").read_text())
    (copied / "class.json").write_text(json.dumps(manifest | {"version": "0.0.9"}))
    assert_both_say(capsys, "class folder", "version 0.0.9", style_helpers.__version__, "again")


def test_3_a_notebook_of_another_version(capsys):
    (line,) = looked(capsys, "0.0.9")
    assert line.startswith("Please mend: this notebook belongs to version 0.0.9 of the course, but style_helpers is ")


def test_4_too_little_memory(capsys, monkeypatch):
    monkeypatch.setenv("MEM_LIMIT", str(psutil.Process().memory_info().rss + 400_000_000))
    monkeypatch.setattr(doctor, "memory", frozen(doctor.memory))  # a few bytes come and go between the two
    assert_both_say(capsys, "memory", "only 0.", "GB of memory are free", "close other programs and notebooks")


def frozen(look):
    found = look()
    return lambda *_: found


def test_5_too_little_disk_for_the_weights(capsys, no_weights, tmp_path, monkeypatch):
    usage = SimpleNamespace(total=10**12, used=10**12 - 10**8, free=10**8)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    sentence = f"only 0.10 GB are free in {tmp_path}; free 0.3 GB there for the weights that are still to be fetched"
    assert bad()["disk"] == sentence
    assert f"Please mend: {sentence}." in looked(capsys)


def test_5_little_disk_is_enough_when_the_weights_are_here(capsys, monkeypatch):
    usage = SimpleNamespace(total=10**12, used=10**12 - 10**8, free=10**8)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert bad() == {}
    usage.free = 10**7
    assert_both_say(capsys, "disk", "only 0.01 GB", "for pictures")


def test_5_the_drive_of_the_cache_is_gone(capsys, no_weights, monkeypatch):
    gone = PureWindowsPath("Z:/caches/style-helpers")  # the parent of its root is the root itself
    monkeypatch.setattr(weights, "cache_folder", lambda: gone)
    monkeypatch.setattr(weights, "find", lambda _: None)
    looks = iter(range(100))
    isdir = os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: next(looks) < 100 and isdir(path))
    found = doctor.disk()
    assert found.found == f"the drive of {gone} is not there"
    assert found.advice == "connect it, or set XDG_CACHE_HOME to a folder"


def test_6_an_old_jupyterlab(capsys, tmp_path, monkeypatch):
    install(monkeypatch, tmp_path, "jupyterlab", "4.2.5")
    found = bad()
    assert set(found) == {"packages", "JupyterLab"}
    assert "jupyterlab>=4.6, and 4.2.5 is installed; run python start.py" in found["JupyterLab"]
    assert looked(capsys) == [f"Please mend: {found['JupyterLab']}."]


def test_6_on_colab_there_is_no_jupyterlab_to_mend(capsys, tmp_path, monkeypatch):
    install(monkeypatch, tmp_path, "jupyterlab", "4.2.5")
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert "Ready" in looked(capsys)[0]


def install(monkeypatch, folder: Path, name: str, version: str):
    """Python finds the description of this package before that of the installed one."""
    described = folder / "old" / f"{name}-{version}.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(folder / "old"))


def test_7_widgets_switched_off_and_the_remedy_switches_them_on(capsys, tmp_path):
    jupyter("disable", "--level=user", MANAGER)
    command = f"jupyter labextension enable --level=user {MANAGER}"
    assert_both_say(capsys, "widgets", "switched off", str(tmp_path / "jupyter"), f"run {command}, and reload the page")
    jupyter(*command.split()[2:])
    assert bad() == {}
    assert "Ready" in looked(capsys)[0]


def jupyter(*arguments):
    command = [sys.executable, "-m", "jupyterlab.labextensions", *arguments]
    subprocess.run(command, env=os.environ | {"PYTHONWARNINGS": "ignore"}, check=True, capture_output=True)


def test_8_two_kernels_at_once(capsys):
    hold = f"held = b'1' * {350 * 10**6}"
    with kernel(hold):
        assert "kernels" not in bad()
        with kernel(hold):
            memory = next(each.found for each in examined() if each.topic == "kernels")
            assert 0.7 < float(memory.split()[5]) < 1.5
            assert_both_say(capsys, "kernels", "2 notebooks at once hold", "shut down those", "Running Terminals")
    assert bad() == {}


def test_8_a_small_kernel_and_another_learners_are_not_counted(monkeypatch):
    with kernel("held = b'1'"):
        monkeypatch.setenv("JUPYTERHUB_USER", "another")
        with kernel(f"held = b'1' * {350 * 10**6}"):
            assert doctor.kernels().found.startswith("1 at work")
            monkeypatch.setenv("JUPYTERHUB_USER", "a third")
            assert doctor.kernels().found == "0 at work"


@contextlib.contextmanager
def kernel(code: str):
    """A real kernel of a notebook that has run this code."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(code, timeout=300)
        yield
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_9_a_notebook_opened_from_another_copy_of_the_course(capsys, tmp_path, monkeypatch):
    other = tmp_path / "other course"
    (other / "notebooks").mkdir(parents=True)
    (other / "style_helpers").mkdir()
    (other / "style_helpers" / "__init__.py").write_text(f'__version__ = "{style_helpers.__version__}"\n')
    monkeypatch.chdir(other / "notebooks")
    assert_both_say(capsys, "course", f"belongs to the course in {other}", str(doctor.ROOT), f"start.py in {other}")


def test_9_an_installed_package_may_serve_a_course_of_its_own_version(tmp_path, monkeypatch):
    other = tmp_path / "course" / "style_helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text(f'__version__ = "{style_helpers.__version__}"\n')
    monkeypatch.setattr(doctor, "ROOT", tmp_path / "site-packages")
    assert doctor.course(other.parent).good
    (other / "__init__.py").write_text('__version__ = "0.0.9"\n')
    assert not doctor.course(other.parent).good


# ---- each further look, good and bad ----


def test_missing_weights_are_named_and_nothing_is_measured(capsys, no_weights):
    found = bad(lambda: pytest.fail("measured without weights"))
    assert set(found) == {f"weights of {name}" for name in NETWORKS} | {"lessons"}
    assert all("run python -m style_helpers prepare where there is internet" in sentence for sentence in found.values())
    (line,) = looked(capsys)
    assert "the weights of VGG-16, AlexNet, LPIPS for VGG-16, LPIPS for AlexNet are not on this computer" in line


def test_damaged_weights_are_named(no_weights):
    folder = weights.cache_folder()
    folder.mkdir(parents=True)
    (folder / "vgg16.safetensors").write_bytes(b"cut")
    assert "damaged" in bad()["weights of vgg16"]


def test_weights_from_a_drive_that_is_not_there(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "drive"))
    assert_both_say(capsys, "class folder", str(tmp_path / "drive"), "not a folder", "connect the drive")


def test_a_package_of_another_version_is_named_with_what_is_needed(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path, "torch", "2.1.0")
    found = bad()["packages"]
    assert found.startswith("the course needs torch")
    assert "2.14" in found
    assert "2.1.0 is installed; run python start.py" in found


def test_a_missing_package_is_named(monkeypatch):
    described = doctor.importlib.metadata.version

    def version(name):
        if name == "tqdm":
            raise doctor.importlib.metadata.PackageNotFoundError(name)
        return described(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    assert bad()["packages"].startswith("tqdm is missing; ")


def test_a_package_that_was_updated_without_an_installation_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "__version__", "9.0.0")
    assert "is installed, and this folder is 9.0.0; run python start.py" in bad()["packages"]


def test_a_python_that_the_project_does_not_take_is_named(monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.10.4")
    assert "Python 3.10.4" in bad()["Python"]
    assert "install a Python <3.14,>=3.11" in bad()["Python"]


def test_a_front_end_that_ipywidgets_does_not_ask_for_is_named(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path, "jupyterlab_widgets", "1.1.11")
    assert "jupyterlab_widgets~=3.0" in bad()["widgets"]
    assert "1.1.11 is installed" in bad()["widgets"]


def test_an_old_front_end_that_hides_ours_is_named(tmp_path, monkeypatch):
    old = tmp_path / "labextensions" / MANAGER
    old.mkdir(parents=True)
    (old / "package.json").write_text(json.dumps({"name": MANAGER, "version": "3.1.0"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = bad()["widgets"]
    assert f"loads {MANAGER} 3.1.0 where 5." in found
    assert f"remove the folder {old}" in found


def test_a_missing_front_end_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "jupyter_path", lambda *_: [str(tmp_path)])
    assert "lacks the browser's part of the widgets" in bad()["widgets"]


def test_a_front_end_that_was_cut_short_is_named(tmp_path, monkeypatch):
    file = tmp_path / "labextensions" / MANAGER / "package.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"name": ')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert "lacks the browser's part of the widgets" in bad()["widgets"]


def test_a_package_that_is_used_without_having_been_installed_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGE", "style-helpers-nowhere")
    assert list(bad()) == ["packages"]
    assert "itself is not installed; run python start.py" in bad()["packages"]


@pytest.mark.parametrize(
    ("file", "said", "good"),
    [
        ("labconfig/page_config.json", {"disabledExtensions": {MANAGER: True}}, False),
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
    place = tmp_path / "jupyter" / file
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(said))
    assert doctor.widgets().good == good


def test_more_threads_than_the_container_may_use(tmp_path, monkeypatch):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text("100000 100000\n")
    assert doctor.threads(tmp_path).found == "1 for 1 processor core"
    monkeypatch.setattr(doctor.torch, "get_num_threads", lambda: 8)
    found = doctor.threads(tmp_path)
    assert found.found == "8 for 1 processor core, so that they wait for each other"
    assert found.advice == "set OMP_NUM_THREADS to 1 before you start JupyterLab"


@pytest.mark.parametrize("asked", ["0", "many", ""])
def test_a_number_of_threads_that_is_none(monkeypatch, asked):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert repr(asked) in bad()["threads"]


def test_one_thread_on_many_cores(monkeypatch):
    monkeypatch.setattr(devices, "processors", lambda _: 8)
    monkeypatch.setattr(doctor.psutil, "cpu_count", lambda logical: 8)
    monkeypatch.setattr(doctor.torch, "get_num_threads", lambda: 1)
    monkeypatch.delenv("JUPYTERHUB_USER")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert doctor.threads().good
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert doctor.threads().found == "1 for 8 processor cores, because OMP_NUM_THREADS is 1"
    assert doctor.threads().advice == "remove OMP_NUM_THREADS"
    monkeypatch.setenv("JUPYTERHUB_USER", "somebody")  # a hub gives each learner a share
    assert doctor.threads().good


def test_memory_counts_the_containers_limit(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    for name, text in (("memory.max", "3000000000"), ("memory.current", "2200000000"), ("memory.stat", "anon 1\n")):
        (group / name).write_text(text)
    assert doctor.memory(tmp_path).found == "only 0.8 GB of memory are free"
    (group / "memory.current").write_text("200000000")
    assert doctor.memory(tmp_path).good


def test_a_device_that_cannot_compute_is_named(monkeypatch, capsys):
    def ones(*_, **__):
        raise RuntimeError("CUDA error: out of memory\nand forty lines more")

    monkeypatch.setattr(doctor.torch, "ones", ones)
    assert_both_say(
        capsys, "device", "cannot compute (CUDA error: out of memory); compute on the processor (STYLE_HELPER"
    )


def test_a_device_that_is_not_there_is_named(monkeypatch, capsys):
    monkeypatch.setenv("STYLE_HELPERS_DEVICE", "abacus")
    assert_both_say(capsys, "device", "STYLE_HELPERS_DEVICE 'abacus' is not known", "cpu; set STYLE_HELPERS_DEVICE to")


# ---- minutes ----


def test_minutes_grow_with_the_time_of_an_evaluation():
    slow = {name: 3 * milliseconds for name, milliseconds in pace.REFERENCE_MS.items()}
    found = {each.topic: each for each in examined(lambda: slow)}
    for lesson, seconds in pace.LESSON_SECONDS.items():
        assert found[f"lesson {lesson}"].minutes == pytest.approx(3 * seconds / 60)
        assert found[f"lesson {lesson}"].good


def test_a_lesson_that_takes_long_gets_advice():
    slow = {name: 20 * milliseconds for name, milliseconds in pace.REFERENCE_MS.items()}
    found = {each.topic: each for each in examined(lambda: slow) if each.minutes is not None}
    for lesson, seconds in pace.LESSON_SECONDS.items():
        assert found[f"lesson {lesson}"].good == (20 * seconds <= 15 * 60)
    assert "STYLE_HELPERS_QUICK" in found["lesson 03"].advice


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "5 s"), (22, "20 s"), (89, "90 s"), (90, "2 min"), (125, "2 min"), (3600, "60 min")]
)
def test_times_in_words(seconds, words):
    assert doctor._in_words(seconds) == words


def test_the_real_measurement(capsys):
    measured = pace.measure(seconds=0.1)
    assert set(measured) == set(pace.REFERENCE_MS) == set(pace.MEASURED)
    assert all(milliseconds > 0 for milliseconds in measured.values())
    assert measured["alexnet"] < measured["vgg16 in float32"]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Measuring this machine:" in shown.err
    assert set(pace.lesson_seconds(measured)) == set(pace.LESSON_SECONDS)


# ---- for programs ----


def test_json_holds_every_finding_and_the_minutes():
    findings = examined()
    said = json.loads(doctor.as_json(findings))
    assert said["good"] is True
    assert [each["topic"] for each in said["findings"]] == [each.topic for each in findings]
    assert set(said["findings"][0]) == {"topic", "found", "advice", "good"}
    assert said["minutes"].keys() == pace.LESSON_SECONDS.keys()
    assert said["minutes"]["03"] == pytest.approx(pace.LESSON_SECONDS["03"] / 60, abs=0.01)
