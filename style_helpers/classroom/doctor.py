"""Looks at a machine and says what to do, line by line. `course.first_cell` asks a part of it in every notebook."""

import contextlib
import importlib.metadata
import itertools
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from style_helpers import COMMAND, __version__, devices, files, networks, weights
from style_helpers.classroom import class_folder, pace
from style_helpers.language import _, plural
from style_helpers.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "style-helpers"
MANAGER = "@jupyter-widgets/jupyterlab-manager"  # the part of the widgets that runs in the browser
MEMORY_GB = 2  # free: once torch is loaded, kernels grew by up to 1.5 GB, in lesson 07 by 2.2
DISK_GB, DISK_FOR_WEIGHTS_GB = 0.05, 0.3  # free, for pictures; and to fetch weights, which take 0.07
KERNEL_MB = 300  # a kernel that holds more has torch and a network in it
LONG_MINUTES = 15  # of computing in one lesson


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and what to do when it is not good.

    The topic is English, for programs; a line says it in the reader's language. `minutes` is only there for a lesson:
    how long this machine computes in it.
    """

    topic: str
    found: str
    advice: str = ""
    minutes: float | None = None

    @property
    def good(self) -> bool:
        return not self.advice

    def __str__(self):
        topic = _shown(self.topic)
        if self.good:
            return _("ok    {topic}: {found}", topic=topic, found=self.found)
        return _("MEND  {topic}: {found} -> {advice}", topic=topic, found=self.found, advice=self.advice)


def _shown(topic: str) -> str:
    name = topic.rpartition(" ")[2]
    if topic == f"weights of {name}":
        return _("weights of {name}", name=name)
    if topic == f"lesson {name}":
        return _("lesson {number}", number=name)
    said = {
        "packages": _("packages"),
        "widgets": _("widgets"),
        "device": _("device"),
        "threads": _("threads"),
        "memory": _("memory"),
        "disk": _("disk"),
        "class folder": _("class folder"),
        "network taken": _("network taken"),
        "course": _("course"),
        "write permission": _("write permission"),
        "kernels": _("kernels"),
        "other programs": _("other programs"),
        "lessons": _("lessons"),
        "speed": _("speed"),
    }
    return said.get(topic, topic)


def _prepare() -> str:
    return _("run {command} prepare where there is internet", command=COMMAND)


# ---- the two ways to look ----


def examine(measure: Callable[[], dict[str, float]] = pace.measure) -> Iterator[Finding]:
    """Everything a learner's machine needs for the course, each with what to do if it is missing. Fetches nothing.

    `measure` returns what `pace.measure` does; it is called last, and only when the weights are sound.
    """
    yield python()
    yield packages()
    yield widgets()
    yield device()
    yield threads()
    yield memory()
    yield disk()
    yield from folder_in_use(thorough=True)  # before the weights, which may lie in it
    sound = [weights_of(name) for name in class_folder.NETWORKS]
    yield from sound
    yield Finding("network taken", networks.choose()[1])
    yield course(Path.cwd())
    yield writing(ROOT / "notebooks" if (ROOT / "notebooks").is_dir() else Path.cwd())
    yield kernels()
    yield others()
    if all(finding.good for finding in sound):
        yield from lessons(measure())
    else:
        yield Finding("lessons", _("without weights, nobody can say how long they take"), _prepare())


def as_json(findings: list[Finding]) -> str:
    """The findings, and minutes by lesson, as one JSON document for programs."""
    said = [{"topic": each.topic, "found": each.found, "advice": each.advice, "good": each.good} for each in findings]
    minutes = {each.topic.split()[-1]: round(each.minutes, 2) for each in findings if each.minutes is not None}
    return json.dumps({"good": all(each.good for each in findings), "findings": said, "minutes": minutes}, indent=2)


# ---- the parts of the installation ----


def python() -> Finding:
    found = _("Python {version} on {system}",
              version=platform.python_version(), system=f"{platform.system()} {platform.machine()}")  # fmt: skip
    try:
        wanted = SpecifierSet(importlib.metadata.metadata(PACKAGE)["Requires-Python"])
    except importlib.metadata.PackageNotFoundError:  # `packages` says so
        return Finding("Python", found)
    good = wanted.contains(platform.python_version(), prereleases=True)
    advice = _("install a Python {wanted}, and run python start.py with it", wanted=wanted)
    return Finding("Python", found, "" if good else advice)


def packages() -> Finding:
    """Each package against the version that the project asks for, as its own metadata says."""
    install = _(
        "run python start.py in the folder of the course, and open the notebook in the JupyterLab that it starts"
    )
    try:
        installed = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return Finding("packages", _("{package} itself is not installed", package=PACKAGE), install)
    if installed != __version__:
        found = _("version {installed} is installed, and this folder is {ours}", installed=installed, ours=__version__)
        return Finding("packages", found, install)
    asked = _requirements(PACKAGE)
    if wrong := [said for said in map(_misfit, asked) if said]:
        return Finding("packages", _(", ").join(wrong), install)
    return Finding("packages", ", ".join(f"{each.name} {_version(each.name)}" for each in asked))


def widgets() -> Finding:
    """Whether JupyterLab has the browser's part of the widgets, switched on, and of the version that belongs to ours.

    ipywidgets names the package jupyterlab_widgets and its versions; that package brings the browser's part, with a
    version of its own. JupyterLab loads the first copy on Jupyter's data paths, which an old one may hide.
    """
    again = _("run python -m pip install --force-reinstall ipywidgets jupyterlab_widgets, and start JupyterLab again")
    if _version("ipywidgets") is None:
        return Finding("widgets", _("{package} is missing", package="ipywidgets"), again)
    bridges = [each for each in _requirements("ipywidgets") if each.name.replace("-", "_") == "jupyterlab_widgets"]
    if wrong := [said for said in map(_misfit, bridges) if said]:
        return Finding("widgets", wrong[0], again)
    loaded = _loaded_manager()
    here = _manager_version(loaded)
    if here is None:
        found = _("JupyterLab lacks the browser's part of the widgets, so no panel appears")
        return Finding("widgets", found, again)
    if file := _switched_off():
        command = f"jupyter labextension enable --level={_level(file)} {MANAGER}"
        found = _("JupyterLab has the widgets switched off ({file}), so no panel appears", file=file)
        return Finding("widgets", found, _("run {command}, and reload the page", command=command))
    brought = _manager_version(_own_manager(loaded))
    if here != brought:
        found = _("JupyterLab loads {name} {here} where {brought} belongs to ipywidgets",
                  name=MANAGER, here=here, brought=brought)  # fmt: skip
        advice = _("remove the folder {folder}, and start JupyterLab again", folder=loaded.parent)
        return Finding("widgets", found, advice)
    found = _("ipywidgets {version}, in the browser {name} {here}",
              version=_version("ipywidgets"), name=MANAGER, here=here)  # fmt: skip
    return Finding("widgets", found)


def _requirements(package: str) -> list[Requirement]:
    """What a package asks for without extras on this system; nothing for one that is not installed."""
    try:
        asked = [Requirement(line) for line in importlib.metadata.requires(package) or []]
    except importlib.metadata.PackageNotFoundError:
        return []
    return [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _misfit(requirement: Requirement) -> str:
    """What is wrong with an installed package; empty when it is as required."""
    found = _version(requirement.name)
    if found is None:
        return _("{package} is missing", package=requirement.name)
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    wanted = f"{requirement.name}{requirement.specifier}"
    return _("the course needs {wanted}, and {found} is installed", wanted=wanted, found=found)


def _loaded_manager() -> Path | None:
    """The description of the browser's part that JupyterLab loads."""
    from jupyter_core.paths import jupyter_path

    places = (Path(folder) / MANAGER / "package.json" for folder in jupyter_path("labextensions"))
    return next((file for file in places if os.path.isfile(file)), None)  # Path's own raises for a folder of root's


def _manager_version(file: Path | None) -> str | None:
    try:
        return json.loads(file.read_text(encoding="utf-8"))["version"] if file else None
    except (OSError, ValueError, KeyError):  # cut short when it was installed
        return None


def _own_manager(loaded: Path) -> Path:
    """The description of the browser's part that came with our jupyterlab_widgets; `loaded` where no record is kept."""
    for file in importlib.metadata.files("jupyterlab_widgets") or []:
        if file.as_posix().endswith(f"labextensions/{MANAGER}/package.json") and file.locate().is_file():
            return Path(file.locate())
    return loaded


def _switched_off() -> Path | None:
    """The file of JupyterLab's settings that switches the widgets off."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    places = [Path(folder) / "page_config.json" for folder in reversed(jupyter_path("lab", "settings"))]
    for folder in reversed(jupyter_config_path()):  # the first has the last word
        places += sorted(Path(folder, "labconfig", "page_config.d").glob("*.json"))
        places.append(Path(folder, "labconfig", "page_config.json"))
    off = None
    for file in places:
        with contextlib.suppress(
            OSError, ValueError, AttributeError, TypeError
        ):  # JupyterLab passes over what it cannot read
            said = json.loads(file.read_text(encoding="utf-8")).get("disabledExtensions", {})
            for name, is_off in (said if isinstance(said, dict) else dict.fromkeys(said, True)).items():
                if name.partition(":")[0] == MANAGER:
                    off = file if is_off else None
    return off


def _level(file: Path) -> str:
    """Whose settings a file is among, in the words of `jupyter labextension`."""
    from jupyter_core.paths import ENV_CONFIG_PATH, jupyter_config_dir

    if file.is_relative_to(jupyter_config_dir()):
        return "user"
    return "sys_prefix" if any(file.is_relative_to(folder) for folder in ENV_CONFIG_PATH) else "system"


# ---- the machine ----


def device() -> Finding:
    try:
        chosen = devices.choose()
    except SettingsError as error:
        advice = _("set {variable} to another before you start JupyterLab", variable=devices.VARIABLE)
        return Finding("device", str(error).rstrip(".。"), advice)
    convolutions = "bfloat16" if devices.has_fast_bfloat16(chosen) else "float32"
    try:
        torch.ones(1, device=chosen).sum().item()
    except RuntimeError as error:  # a driver that does not fit, a GPU that somebody else fills
        said = str(error).splitlines()[0]
        found = _("{device} is there but cannot compute ({reason})", device=chosen, reason=said)
        advice = _("compute on the processor ({variable}=cpu), or bring the driver of the GPU up to date",
                   variable=devices.VARIABLE)  # fmt: skip
        return Finding("device", found, advice)
    return Finding("device", _("{device}, convolutions in {format}", device=chosen, format=convolutions))


def threads(root: Path = Path("/")) -> Finding:
    """torch's threads against the processor cores that this process may use."""
    count, cores = torch.get_num_threads(), devices.processors(root)
    found = plural("{count} for {number} processor core", "{count} for {number} processor cores", cores, count=count)
    asked = os.environ.get("OMP_NUM_THREADS")
    set_it = _("set OMP_NUM_THREADS to {number} before you start JupyterLab", number=cores)
    if asked is not None and not re.fullmatch("[1-9][0-9]*", asked):
        wrong = _("OMP_NUM_THREADS is {value!r}, which is no number of threads", value=asked)
        return Finding("threads", wrong, set_it)
    if count > cores:
        return Finding("threads", _("{found}, so that they wait for each other", found=found), set_it)
    few = count < min(cores, psutil.cpu_count(logical=False) or cores) / 2
    if asked is not None and few and "JUPYTERHUB_USER" not in os.environ:  # a hub gives each learner a share
        wrong = _("{found}, because OMP_NUM_THREADS is {value}", found=found, value=asked)
        return Finding("threads", wrong, _("remove OMP_NUM_THREADS"))
    return Finding("threads", found)


def memory(root: Path = Path("/")) -> Finding:
    free = devices.free_memory(torch.device("cpu"), root) / 1e9
    if free >= MEMORY_GB:
        return Finding("memory", _("{free:.1f} GB free", free=free))
    advice = _("close other programs and notebooks: a lesson needs {needed} GB", needed=MEMORY_GB)
    return Finding("memory", _("only {free:.1f} GB of memory are free", free=free), advice)


def disk() -> Finding:
    """Room for the weights that still have to be fetched, where they are kept; else for pictures, in this folder."""
    missing = [name for name in class_folder.NETWORKS if weights.find(name) is None]
    wanted = weights.cache_folder() if missing else Path.cwd()
    folder = next((each for each in (wanted, *wanted.parents) if os.path.isdir(each)), None)
    if folder is None:  # on Windows a drive may be gone, and with it all that lay on it
        found = _("the drive of {folder} is not there", folder=wanted)
        return Finding("disk", found, _("connect it, or set XDG_CACHE_HOME to a folder"))
    free, needed = shutil.disk_usage(folder).free / 1e9, DISK_FOR_WEIGHTS_GB if missing else DISK_GB
    if free < needed:
        advice = _("free {needed} GB there for pictures", needed=needed)
        if missing:
            advice = _("free {needed} GB there for the weights that are still to be fetched", needed=needed)
        return Finding("disk", _("only {free:.2f} GB are free in {folder}", free=free, folder=folder), advice)
    if missing and not can_write(folder):
        found = _("{folder} cannot be written", folder=folder)
        return Finding("disk", found, _("set XDG_CACHE_HOME to a folder of yours"))
    return Finding("disk", _("{free:.1f} GB free", free=free))


def kernels() -> Finding:
    """Notebooks' kernels of this learner that hold a network each; one is what a lesson needs."""
    held = [rss for rss in map(_kernel_memory, psutil.process_iter(["name"])) if rss > KERNEL_MB * 1e6]
    count, size = len(held), sum(held) / 1e9
    if not held:
        return Finding("kernels", _("{number} at work", number=0))
    if count == 1:
        return Finding("kernels", _("{number} at work, with {size:.1f} GB of memory", number=count, size=size))
    found = _("{number} notebooks at once hold {size:.1f} GB of memory", number=count, size=size)
    advice = _("shut down those that you do not need, in JupyterLab's panel Running Terminals and Kernels")
    return Finding("kernels", found, advice)


def _kernel_memory(process: psutil.Process) -> int:
    """Bytes that a process holds if it is a Python kernel of this learner; else 0."""
    if "python" not in (process.info["name"] or "").lower():  # asked first: the rest is slow on Windows
        return 0
    try:
        if not any("ipykernel" in word for word in process.cmdline()[1:4]):
            return 0
        ours = psutil.Process()
        same = process.username() == ours.username()
        # A JupyterHub for trying things out runs all its learners under one name
        learner = process.environ().get("JUPYTERHUB_USER") == os.environ.get("JUPYTERHUB_USER")
        return process.memory_info().rss if same and learner else 0
    except psutil.Error:  # it belongs to somebody else, or has just ended
        return 0


def others(seconds: float = 1.0) -> Finding:
    """Other programs that keep the processor busy, looked at for so long: with them everything here takes longer."""
    before = _processor_times()
    time.sleep(seconds)
    busy: dict[str, float] = {}  # by a program's name, processor cores
    for process, (name, used) in _processor_times().items():
        if process in before and (cores := (used - before[process][1]) / seconds) > 0.1:
            busy[name] = busy.get(name, 0) + cores
    cores = psutil.cpu_count() or 1
    if sum(busy.values()) < cores / 4:
        return Finding("other programs", _("none keeps the processor busy"))
    names = ", ".join(sorted(busy, key=busy.get, reverse=True)[:3])
    found = _("{busy:.1f} of {cores} processor cores are kept busy by {names}",
              busy=sum(busy.values()), cores=cores, names=names)  # fmt: skip
    advice = _("close what you do not need: the minutes below are those of a busy machine")
    return Finding("other programs", found, advice)


def _processor_times() -> dict[int, tuple[str, float]]:
    """By the number of each process but ours: its name, and the seconds of processor time that it has used."""
    found = {}
    for process in psutil.process_iter(["name", "cpu_times"]):
        times = process.info["cpu_times"]  # None where we may not look
        if times is not None and process.pid != os.getpid():
            name = files.printable(process.info["name"] or _("program {number}", number=process.pid))
            found[process.pid] = name, times.user + times.system
    return found


# ---- the course's own files ----


def weights_of(name: str) -> Finding:
    """Whether the weights of a network, or of its judge LPIPS, are here and sound: reads every number."""
    topic = f"weights of {name}"
    found = weights.find(name)
    if found is None:
        return Finding(topic, _("not on this computer"), _prepare())
    try:
        found = weights.verify(name) or found
    except weights.WeightsError:
        return Finding(topic, _("{file} is damaged", file=found.path), _prepare())
    return Finding(topic, _("sound, from {place}", place=found.source))


def weights_here() -> Finding:
    """The same for all of them, at once and without reading one."""
    missing = [weights.SPECS[name].label for name in class_folder.NETWORKS if weights.find(name) is None]
    if not missing:
        return Finding("weights", _("here"))
    found = _("the weights of {networks} are not on this computer (64 MB)", networks=", ".join(missing))
    return Finding("weights", found, _prepare())


def folder_in_use(thorough: bool) -> list[Finding]:
    """What is wrong with the class folder in use; a single good finding when nothing is."""
    named = os.environ.get(weights.FOLDER_VARIABLE)
    folder = class_folder.found()
    if named and not os.path.isdir(named):
        wrong = _("{variable} names {folder}, which is not a folder", variable=weights.FOLDER_VARIABLE, folder=named)
        return [Finding("class folder", wrong, _("connect the drive, or set the variable anew"))]
    if folder is None:
        found = _("none; weights from {folder}", folder=named) if named else _("none in use")
        return [Finding("class folder", found)]
    wrong = [Finding("class folder", *problem) for problem in class_folder.problems(folder, thorough)]
    return wrong or [Finding("class folder", _("{folder} is whole", folder=folder))]


def version(course_version: str) -> Finding:
    if course_version == __version__:
        return Finding("version", __version__)
    advice = _("open the notebooks of {folder}, or run python start.py in the folder of this notebook", folder=ROOT)
    found = _("this notebook belongs to version {version} of the course, but style_helpers is {ours}",
              version=course_version, ours=__version__)  # fmt: skip
    return Finding("version", found, advice)


def course(here: Path) -> Finding:
    """Whether the package that is imported is that of the course in which `here` lies, or `here` lies in none."""
    around = (folder for folder in (here, *here.parents) if (folder / "style_helpers" / "__init__.py").is_file())
    nearest = next(around, ROOT)
    if nearest.resolve() == ROOT or (not _is_copy(ROOT) and _version_in(nearest) == __version__):
        return Finding("course", str(ROOT))
    found = _("{here} belongs to the course in {nearest}, but style_helpers comes from {ours}",
              here=here, nearest=nearest, ours=ROOT)  # fmt: skip
    advice = _("close JupyterLab, and run python start.py in {folder}", folder=nearest)
    return Finding("course", found, advice)


def _is_copy(root: Path) -> bool:
    """Whether a package lies in a copy of the course, not among installed packages."""
    return (root / "notebooks").is_dir()


def _version_in(root: Path) -> str:
    text = (root / "style_helpers" / "__init__.py").read_text(encoding="utf-8")
    return "".join(re.findall(r'^__version__ = "(.*)"', text, flags=re.MULTILINE))


def writing(folder: Path) -> Finding:
    """Whether notebooks and pictures can be saved in a folder."""
    if can_write(folder):
        return Finding("write permission", _("{folder} can be written", folder=folder))
    found = _("the folder {folder} cannot be written, so that nothing is saved", folder=folder)
    advice = _("copy the folder of the course to your own disk, and open the notebooks there")
    return Finding("write permission", found, advice)


def can_write(folder: Path) -> bool:
    try:
        # Trying is the only sure test, on Windows above all; the file has no name or is gone at once
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def lessons(measured: dict[str, float]) -> Iterator[Finding]:
    """How fast this machine computes, and the minutes it takes in each lesson, from `pace.measure`'s milliseconds."""
    times = _(", ").join(itertools.starmap(_with_network, measured.items()))
    yield Finding("speed", _("one evaluation at {size} pixels takes {times}", size=pace.SIZE, times=times))
    quick = _("set STYLE_HELPERS_QUICK to 1 to see everything in short, or look at the pictures made for the class")
    for lesson, seconds in pace.lesson_seconds(measured).items():
        advice = quick if seconds > 60 * LONG_MINUTES else ""
        found = _("about {time} of computing", time=_in_words(seconds))
        yield Finding(f"lesson {lesson}", found, advice, seconds / 60)


def _with_network(name: str, milliseconds: float) -> str:
    """A measured time, by its name among `pace.MEASURED`."""
    network = name.partition(" ")[0]
    if pace.MEASURED[name][0] == "fp32":
        return _("{milliseconds:.0f} ms with {network} in float32", milliseconds=milliseconds, network=network)
    return _("{milliseconds:.0f} ms with {network}", milliseconds=milliseconds, network=network)


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return _("{number} s", number=max(5, 5 * round(seconds / 5)))
    return _("{number:.0f} min", number=seconds / 60)
