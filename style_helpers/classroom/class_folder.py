"""The class folder: the course, its weights and its packages, ready for a shared drive or a USB stick.

    README.txt          three steps for learners
    course/             the project as learners need it, without solutions
    weights/            the pretrained networks
    requirements.txt    what pip needs, each package with its version
    wheels/             those packages themselves, when they were asked for
    class.json          version, date, and each file's size and SHA-256; written last, so it is only in a whole folder

While a folder is being made, or made anew, ``class.json.unfinished`` stands in the place of ``class.json``.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tqdm import tqdm

from style_helpers import COMMAND, __version__, files, weights
from style_helpers.language import _

ROOT = Path(__file__).resolve().parents[2]
COURSE, WEIGHTS, WHEELS = "course", "weights", "wheels"
MANIFEST, UNFINISHED, README, REQUIREMENTS = "class.json", "class.json.unfinished", "README.txt", "requirements.txt"
WHAT = "class folder of style_helpers"
TITLE = "Neural style transfer, step by step"
SINGLE_FILES = (
    "start.py", "constraints.txt", "pyproject.toml", "environment.yml", "README.md", "README.zh-CN.md", "LICENSE",
)  # fmt: skip
NETWORKS = ("vgg16", "alexnet", "lpips-alexnet")
WHEELS_GB = {"cpu": 0.5, "cuda": 3.2}  # what pip downloads; CUDA comes along on Linux alone


class ClassroomError(OSError):
    """A class folder that cannot be made; the message is one sentence: what, where, what would be right."""


@dataclass(frozen=True)
class Entry:
    """What a file must be: its size in bytes and the SHA-256 of what is in it."""

    size: int
    sha256: str

    @classmethod
    def of(cls, source: Path | bytes) -> "Entry":
        if isinstance(source, bytes):
            return cls(len(source), hashlib.sha256(source).hexdigest())
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(file.tell(), sha256)


@dataclass(frozen=True)
class Manifest:
    """What class.json says: the version of the course, when the folder was made, and every file in it."""

    version: str = ""
    made: str = ""
    files: dict[str, Entry] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return (json.dumps({"what": WHAT, **asdict(self)}, indent=1) + "\n").encode()


def read_manifest(path: Path) -> Manifest | None:
    """What a manifest says, or None where there is none that can be understood."""
    try:
        found = json.loads(path.read_bytes())
        entries = {name: Entry(int(entry["size"]), str(entry["sha256"])) for name, entry in found["files"].items()}
        believed = found["what"] == WHAT and all(_is_inside(name) for name in entries)
        return Manifest(str(found["version"]), str(found["made"]), entries) if believed else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_inside(name: str) -> bool:
    """Whether a name from a manifest stays in the class folder; manifests may have been written by anybody."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and not re.search(r"[\\:\0]", name)


# ---- looking at one ----


def found() -> Path | None:
    """The class folder in use, whole or not: by STYLE_HELPERS_WEIGHTS, or because this package lies in its course."""
    if named := os.environ.get(weights.FOLDER_VARIABLE):
        shared = Path(os.path.abspath(named))
        half = shared.name == WEIGHTS and (shared.parent / COURSE / "start.py").is_file()
        if half or is_ours(shared.parent):
            return shared.parent
    return ROOT.parent if ROOT.name == COURSE and is_ours(ROOT.parent) else None


def is_ours(folder: Path) -> bool:
    """Whether a folder is a class folder, one that was left unfinished, or one that was copied in part.

    In every language its README begins with the course's English name.
    """
    if any(read_manifest(folder / name) for name in (MANIFEST, UNFINISHED)):
        return True
    try:
        return (folder / README).read_text(encoding="utf-8").startswith(TITLE)
    except (OSError, ValueError):
        return False


def problems(folder: Path, thorough: bool = False) -> list[tuple[str, str]]:
    """What is wrong with a class folder, each with what to do; an empty list when it is whole.

    Sizes are compared, and when `thorough`, the SHA-256 of every file (a second, or ten with wheels).
    """
    again = _("copy the whole class folder again, or make it again ({command} class FOLDER)", command=COMMAND)
    values = {"folder": folder, "name": MANIFEST}
    manifest = read_manifest(folder / MANIFEST)
    if manifest is None and os.path.lexists(folder / MANIFEST):
        said = _("the class folder {folder} is not whole: {name}, which is written last, cannot be read", **values)
        return [(said, again)]
    if manifest is None:
        return [
            (_("the class folder {folder} is not whole: {name}, which is written last, is missing", **values), again)
        ]
    wanted = manifest.files.items()
    if not (folder / WHEELS).is_dir():  # once everything is installed, a learner may delete them to have room
        wanted = [(name, entry) for name, entry in wanted if not name.startswith(f"{WHEELS}/")]
    wrong: dict[str, list[str]] = {}
    for name, entry in wanted:
        if state := _state(folder / name, entry, thorough):
            wrong.setdefault(state, []).append(name)
    said = [
        (state.format(folder=folder, number=len(names), total=len(wanted), first=names[0]), again)
        for state, names in wrong.items()
    ]
    if manifest.version != __version__:
        found = _("the class folder {folder} is of version {version}, but this style_helpers is {ours}",
                  folder=folder, version=manifest.version, ours=__version__)  # fmt: skip
        said.append((found, _("copy its folder {course} again, or make it again", course=COURSE)))
    return said


def _state(path: Path, entry: Entry, thorough: bool) -> str:
    """What is wrong with one file of a class folder, as it is said of all that have it; empty when nothing is.

    Learners may work in its notebooks.
    """
    try:
        same_size = path.stat().st_size == entry.size
        if same_size and (not thorough or Entry.of(path) == entry):
            return ""
        if path.suffix == ".ipynb" and _cells(path) is not None:
            return ""
    except FileNotFoundError:
        return _("the class folder {folder} has missing files: {number} of {total}, first {first}")
    except OSError:
        return _("the class folder {folder} has unreadable files: {number} of {total}, first {first}")
    if same_size:
        return _("the class folder {folder} has damaged files: {number} of {total}, first {first}")
    return _("the class folder {folder} has cut short or changed files: {number} of {total}, first {first}")


def _cells(path: Path) -> list | None:
    """The cells of a notebook; None for a file that is no whole notebook."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
    except (ValueError, KeyError, TypeError):
        return None
    return cells if isinstance(cells, list) else None


# ---- making one ----


def prepare(folder: str | os.PathLike, networks: Iterable[str] = (), wheels: bool = False) -> str:
    """Make a class folder, or repair one and bring it up to date; only what differs is copied. Returns what was done.

    `networks` are added to VGG-16, AlexNet and the heads of LPIPS. What is missing of the weights is fetched first.
    `wheels` downloads every package too. Raises ClassroomError, files.FileError or weights.WeightsError.
    """
    place = Path(os.path.realpath(folder))
    try:
        _check_place(place, files.quote(folder))
        return _bring_up_to_date(place, networks, wheels)
    except (ClassroomError, files.FileError, weights.WeightsError):
        raise
    except OSError as error:
        where = files.quote(error.filename or place)
        said = _("{file} cannot be read or written ({reason}): mend that first.", file=where, reason=error.strerror)
        raise ClassroomError(said) from error


def _bring_up_to_date(place: Path, networks: Iterable[str], wheels: bool) -> str:
    whole = read_manifest(place / MANIFEST)
    before = whole or read_manifest(place / UNFINISHED) or Manifest()
    sources = _sources(before, networks, wheels or (place / WHEELS).is_dir())
    entries = {name: Entry.of(source) for name, source in sources.items()}
    kept = {} if wheels else _kept_wheels(place, before)
    differing = [name for name, entry in entries.items() if not _is_same(place / name, entry)]
    if whole and not (differing or wheels) and (whole.version, whole.files) == (__version__, entries | kept):
        done = _("{folder} is whole and up to date: nothing was copied.", folder=files.printable(place))
        return done + _without_wheels(place)
    _check_space(place, sum(entries[name].size for name in differing), wheels)
    _begin(place, before, entries)
    _copy({name: sources[name] for name in differing}, entries, place, before)
    if wheels:
        kept = _download_wheels(place)
    _finish(place, before, entries | kept)
    done = _("{folder} is ready: {number} files, {new} of them copied now.",
             folder=files.printable(place), number=len(entries | kept), new=len(differing))  # fmt: skip
    return done + _without_wheels(place)


def _without_wheels(place: Path) -> str:
    """What it means that a class folder has no packages, and how they come into it."""
    if (place / WHEELS).is_dir():
        return ""
    return "\n" + _(
        "It holds no packages, so each laptop downloads its own at the first start ({size} GB; up to {on_linux} GB on "
        "Linux). With --wheels they come into the folder, for laptops with {python}.",
        python=_python(),
        **_sizes(),
    )


def _sizes() -> dict[str, float]:
    return {"size": WHEELS_GB["cpu"], "on_linux": WHEELS_GB["cuda"]}


def _check_place(place: Path, shown: str) -> None:
    """Refuses a folder with something of the user's in it; `place` is the folder with links and `..` resolved."""
    if place.is_relative_to(ROOT) or ROOT.is_relative_to(place):
        said = _("{folder} and the project in {project} lie in one another: choose a folder beside the project.",
                 folder=shown, project=ROOT)  # fmt: skip
        raise ClassroomError(said)
    if os.path.lexists(place) and not place.is_dir():
        raise ClassroomError(_("{folder} is a file: give the name of a folder, which may be a new one.", folder=shown))
    if not place.parent.is_dir():
        said = _("There is no folder {folder} for {name}: make it first.",
                 folder=files.quote(place.parent), name=files.quote(place.name))  # fmt: skip
        raise ClassroomError(said)
    empty = not place.is_dir() or all(files.is_left_over(path) for path in place.iterdir())
    if not empty and not is_ours(place):
        said = _("{folder} holds other things, not a class folder: give a new one, such as {better}.",
                 folder=shown, better=files.quote(place / "class"))  # fmt: skip
        raise ClassroomError(said)


def _sources(before: Manifest, networks: Iterable[str], wheels: bool) -> dict[str, Path | bytes]:
    """Everything but the wheels: its name in the class folder, and the file or the bytes it is copied from."""
    earlier = [Path(name).stem for name in before.files if name.startswith(f"{WEIGHTS}/")]
    names = dict.fromkeys([*NETWORKS, *networks, *(name for name in earlier if name in weights.SPECS)])
    course = {f"{COURSE}/{path.relative_to(ROOT).as_posix()}": path for path in _course()}
    shared = {f"{WEIGHTS}/{name}.safetensors": weights.fetch(name).path for name in names}
    texts = {README: _readme(wheels).encode(), REQUIREMENTS: "\n".join([*requirements(), ""]).encode()}
    return course | shared | texts


def _course() -> list[Path]:
    """The files of the project that learners need. Their notebooks lie in notebooks/ itself, solutions further down."""
    single = [ROOT / name for name in SINGLE_FILES]
    pages = [path for kind in ("*.md", "[0-9]*.ipynb") for path in sorted((ROOT / "notebooks").rglob(kind))]
    pages = [path for path in pages if "solutions" not in path.parts and not _is_by_product(path)]
    notebooks = [path for path in pages if path.suffix == ".ipynb"]
    deep = [path for folder in ("style_helpers", "images") for path in sorted((ROOT / folder).rglob("*"))]
    missing = [path for path in single if not path.is_file()] + ([] if notebooks else [ROOT / "notebooks"])
    if missing:
        said = _("{file} is missing: get the whole project again, then prepare the class folder.", file=missing[0])
        raise ClassroomError(said)
    for path in notebooks:
        if any(cell.get("outputs") for cell in _cells(path) or []):
            _say(_("{file} was run and saved here: learners get it with what you wrote and its outputs.",
                   file=path.name))  # fmt: skip
    return [*single, *pages, *(path for path in deep if path.is_file() and not _is_by_product(path))]


def _is_by_product(path: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(ROOT).parts)


def _readme(wheels: bool) -> str:
    admitted = SpecifierSet(_project()["project"]["requires-python"])
    *pythons, newest = [f"3.{minor}" for minor in range(40) if f"3.{minor}.0" in admitted]
    any_of_these = _("Python {versions} or {newest}", versions=", ".join(pythons), newest=newest)
    if wheels:
        ours = "Python {}.{}".format(*platform.python_version_tuple())
        install = _("1. Install {ours} from python.org, if you have none: {any_of_these} will do, but has to download.",
                    ours=ours, any_of_these=any_of_these)  # fmt: skip
        network = _("With {python} nothing is downloaded; any other computer downloads its packages once ({size} GB; "
                    "up to {on_linux} GB on Linux).", python=_python(), **_sizes())  # fmt: skip
    else:
        install = _("1. Install {any_of_these} from python.org, if you have none of these.", any_of_these=any_of_these)
        network = _("Each laptop downloads its packages once, at the first start ({size} GB; up to {on_linux} GB on "
                    "Linux).", **_sizes())  # fmt: skip
    lines = (
        _("{title}, version {version}: the course, its networks (weights) and its list of packages.",
          title=TITLE, version=__version__),
        install,
        _("2. Copy this whole folder to your own disk: not {course} alone, which takes the rest from beside it.",
          course=COURSE),
        _("3. Open a terminal in its folder {course}, and type: python start.py   (macOS, Linux: python3 start.py; "
          "Windows: py start.py)", course=COURSE),
        network,
        _("If the weights alone are shared, let {variable} name the folder {weights} beside this file.",
          variable=weights.FOLDER_VARIABLE, weights=WEIGHTS),
    )  # fmt: skip
    return "".join(f"{line}\n" for line in lines)


def _is_same(path: Path, entry: Entry) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != entry.size:
        return False
    return Entry.of(path) == entry


def _kept_wheels(place: Path, before: Manifest) -> dict[str, Entry]:
    """The wheels of an earlier time, when they are all still there and sound, and nothing else is."""
    if not (place / WHEELS).is_dir():
        return {}
    wheels = {name: entry for name, entry in before.files.items() if name.startswith(f"{WHEELS}/")}
    for name in sorted({*wheels, *_wheels_in(place)}):
        if name not in wheels or not _is_same(place / name, wheels[name]):
            said = _("{folder} is not whole ({name}): give --wheels too, or delete that folder.",
                     folder=files.quote(place / WHEELS), name=Path(name).name)  # fmt: skip
            raise ClassroomError(said)
    return wheels


def _wheels_in(place: Path) -> dict[str, Path]:
    return {f"{WHEELS}/{path.name}": path for path in sorted((place / WHEELS).glob("*.whl"))}


def _check_space(place: Path, needed: int, wheels: bool) -> None:
    if wheels:
        there = sum(path.stat().st_size for path in _wheels_in(place).values())
        needed += max(0, int(WHEELS_GB["cuda" if sys.platform == "linux" else "cpu"] * 1e9) - there)
    free = shutil.disk_usage(place if place.is_dir() else place.parent).free
    if free < needed:
        said = _("The disk of {folder} has {free:.2f} GB free, and {needed:.2f} GB are needed: make room, or choose a "
                 "folder on another disk.", folder=place, free=free / 1e9, needed=needed / 1e9)  # fmt: skip
        raise ClassroomError(said)


def _begin(place: Path, before: Manifest, names: Iterable[str]) -> None:
    """From here on the folder is known as ours, and as unfinished."""
    place.mkdir(exist_ok=True)
    files.write(place / UNFINISHED, before.to_bytes(), overwrite=True)
    (place / MANIFEST).unlink(missing_ok=True)
    for folder in {(place / name).parent for name in names}:
        for path in folder.glob(".*.part"):
            if files.is_left_over(path):
                path.unlink()


def _copy(sources: dict[str, Path | bytes], entries: dict[str, Entry], place: Path, before: Manifest) -> None:
    total = sum(entries[name].size for name in sources)
    with tqdm(total=total, unit="B", unit_scale=True, desc=_("Copying"), leave=False) as bar:
        for name, source in sources.items():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.parent.resolve() != target.parent:
                said = _("{folder} is a link to elsewhere: remove it, then start again.",
                         folder=files.quote(target.parent))  # fmt: skip
                raise ClassroomError(said)
            _set_aside(target, before.files.get(name))
            files.write(target, source if isinstance(source, bytes) else source.read_bytes(), overwrite=True)
            if Entry.of(target) != entries[name]:
                said = _("{file} arrived damaged: try again, or try another disk.", file=files.quote(target))
                raise ClassroomError(said)
            bar.update(entries[name].size)


def _set_aside(target: Path, written: Entry | None) -> None:
    """Keeps, under another name, what somebody wrote into a notebook or the README of the class folder."""
    if target.is_symlink() or not target.is_file() or (written and _is_same(target, written)):
        return
    if target.name != README and (target.suffix != ".ipynb" or _cells(target) is None):
        return
    number = 1
    while os.path.lexists(aside := target.with_name(f"{target.stem}-changed-{number}{target.suffix}")):
        number += 1
    os.rename(target, aside)
    _say(_("{file} was changed in the class folder: that version is kept as {aside}.",
           file=target.name, aside=aside.name))  # fmt: skip


def _finish(place: Path, before: Manifest, entries: dict[str, Entry]) -> None:
    """Drops what an earlier version had and this one has not, then declares the folder whole."""
    for name in before.files.keys() - entries.keys():
        path = place / name
        unchanged = name.startswith(f"{COURSE}/") and _is_same(path, before.files[name])
        if unchanged and path.parent.resolve() == path.parent:
            path.unlink()
    if hasattr(os, "sync"):
        os.sync()  # nothing may reach a USB stick after the manifest does: it may be pulled out at once
    made = Manifest(__version__, datetime.now(UTC).isoformat(timespec="seconds"), dict(sorted(entries.items())))
    files.write(place / MANIFEST, made.to_bytes(), overwrite=True)
    (place / UNFINISHED).unlink(missing_ok=True)  # two at once: the other one was quicker


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# ---- what pip needs ----


def requirements() -> list[str]:
    """The lines of requirements.txt: the course's packages with all that they need, on this Python and system.

    A version is the one in constraints.txt; for what is not pinned there (CUDA), it is the one installed here.
    """
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    versions: dict[str, str] = {}
    seen = set()
    waiting = [(line, "") for line in _project()["project"]["dependencies"]]
    while waiting:
        line, extra = waiting.pop()
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in {"", *requirement.extras} - {each for known, each in seen if known == name}:
            seen.add((name, wanted))
            try:
                distribution = importlib.metadata.distribution(name)
            except importlib.metadata.PackageNotFoundError:
                said = _("{package} is not installed here: run python start.py first, then make the class folder.",
                         package=name)  # fmt: skip
                raise ClassroomError(said) from None
            versions[name] = pins.get(name) or Version(distribution.version).public
            waiting += [(each, wanted) for each in distribution.requires or []]
    version, system = _python_here()  # in English: pip reads this file in the system's encoding, whatever that is
    return [
        f"# {TITLE} {__version__}, for Python {version} on {system}",
        *(f"{name}=={version}" for name, version in sorted(versions.items())),
        "# With these pip makes the link to the course; any version will do",
        *_build_tools(),
    ]


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _build_tools() -> list[str]:
    return [*_project()["build-system"]["requires"], "editables"]  # hatchling asks for the latter when it is run


def _python() -> str:
    version, system = _python_here()
    return _("Python {version} on {system}", version=version, system=system)


def _python_here() -> tuple[str, str]:
    return ".".join(platform.python_version_tuple()[:2]), f"{platform.system()} {platform.machine()}"


def _download_wheels(place: Path) -> dict[str, Entry]:
    """Let pip fetch every package from the user's index or mirror into wheels/, less what is there already."""
    start = _start()
    cpu = start.wants_cpu_build()
    size = WHEELS_GB["cuda" if start.LINUX and not cpu else "cpu"]
    print(_("Downloading the packages, about {size} GB; pip shows how far it is.", size=size), flush=True)
    needed = _project()["project"]["dependencies"]
    if cpu:  # alone, because PyTorch's index has only some versions of other people's packages
        torch = [line for line in needed if line.startswith("torch")]
        _pip_download(place, "--no-deps", "--index-url", start.CPU_INDEX, *torch)
    if not _pip_download(place, *needed, *_build_tools()):
        said = _("pip could not fetch all packages into {folder}: mend what it says above, then start again.",
                 folder=place / WHEELS)  # fmt: skip
        raise ClassroomError(said)
    return {name: Entry.of(path) for name, path in _wheels_in(place).items()}


def _pip_download(place: Path, *what: str) -> bool:
    wheels = str(place / WHEELS)
    os.makedirs(wheels, exist_ok=True)
    options = ["--only-binary", ":all:", "--constraint", str(ROOT / "constraints.txt"), "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, "--find-links", wheels, "--dest", wheels, *what]
    return subprocess.call(command) == 0


def _start():
    """start.py, which knows which build of PyTorch suits a machine."""
    specification = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
