"""The one door to the course: `python start.py` opens JupyterLab, `python start.py --help` lists the other commands.

Needs nothing but Python's standard library. Everything is installed into the folder .venv beside this file; a second
start finds the note left there and installs nothing. This file must parse on an old Python, to say what it needs.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import urllib.request
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = Path(__file__).resolve().parent
CLASS = ROOT.parent if ROOT.name == "course" and (ROOT.parent / "class.json").is_file() else None  # a class folder
ENV = ROOT / ".venv"
PYTHON = ENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = ENV / "start.json"  # what was installed; there only while it is whole
LOCK = ENV / "start.lock"
LOG = ENV / "install.log"
INSTALLED_BY = ("pyproject.toml", "constraints.txt", "style_helpers/__init__.py")  # the last one has the version
LESSON = "notebooks/00_first_picture.ipynb"
LINUX = sys.platform == "linux"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NVIDIA_DRIVER = "/proc/driver/nvidia"
SPACE, SPACE_WITH_CUDA, SPACE_TO_UPDATE = 3, 8, 1  # in GB, with room for what pip unpacks
EXTRAS = ["", "[teach]", "[test]"]  # of pyproject.toml; each has all that those before it have
COMMANDS = {  # what each needs of them
    **dict.fromkeys(("lab", "doctor", "prepare", "stylize", "class"), ""),
    **dict.fromkeys(("slides", "release", "nbgrader"), "[teach]"),
    **dict.fromkeys(("test", "python"), "[test]"),
}
NEEDED = {"stylize": ("PHOTO", "PAINTING", "OUT"), "class": ("FOLDER",), "release": ("FOLDER",), "python": ("...",)}
OF_A_LEARNER = ("lab", "doctor", "prepare", "stylize")  # what a class folder has all files for
HELP = """usage: python start.py [COMMAND] [ARGUMENTS]

  lab                            open lesson 00 in JupyterLab; so does no command at all
  doctor                         look at this computer: what is good, what to mend, how long each lesson computes
  stylize PHOTO PAINTING OUT     paint one picture in the manner of another
  prepare                        fetch the pretrained networks, and check them
  class FOLDER [--wheels]        make a folder for a USB stick or a shared drive, with the packages or without
  slides [NN ...]                make slides of the lessons
  release FOLDER                 learners' and solved notebooks apart, as nbgrader wants them
  nbgrader FOLDER ...            run nbgrader in that folder, to mark what came back
  test                           run the tests
  python ...                     run a program of the project, such as: python start.py python lessons/build.py

Each installs first what it lacks, into the folder .venv: the first time half a gigabyte to three are downloaded, later
nothing. A start that was cut off is repaired by the next one. What follows a command is handed on to it, such as
`stylize --help` or `lab --no-browser`. Python may have another name on your computer: python3, or py on Windows."""


class StartError(Exception):
    """Something the user can mend. Its text is the one sentence to show; `code` is the exit code."""

    def __init__(self, sentence, code=1):
        super().__init__(sentence)
        self.code = code


def main(arguments):
    try:
        check_python(sys.version_info)
        here = folder_now()
        for stream in filter(None, (sys.stdout, sys.stderr)):  # either may be closed
            stream.reconfigure(errors="replace")  # a terminal may lack the letters of a folder's name
        command, further = understand(arguments)
        if command == "help":
            print(HELP)
            return 0
        if command == "nbgrader":  # it reads its settings where it is
            here, further = course_folder(further, here)
        os.chdir(ROOT)
        if CLASS:
            use_class_folder(command)
        set_up(command)
        return hand_over(command, further, here)
    except StartError as trouble:
        print(f"start.py: {trouble}", file=sys.stderr)
        return trouble.code
    except OSError as error:
        print(f"start.py: {what_to_do_about(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstart.py: stopped; the next start goes on from here.", file=sys.stderr)
        return 130


def folder_now():
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise StartError("the folder that you are in has been deleted: go to another one with cd.") from None


def check_python(version):
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        found = "{}.{}".format(*version[:2])
        launcher = "py -3." if os.name == "nt" else "python3."
        raise StartError(
            f"this is Python {found}, but the course needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}: install one of these "
            f"from python.org and start again with it, for example `{launcher}{NEWEST[1]} start.py`."
        )


def understand(arguments):
    """The command, and what is handed on to the program behind it."""
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        return "help", []
    command, *further = arguments or ["lab"]
    if command in COMMANDS:
        given = [word for word in further if not word.startswith("-")]
        if len(given) < len(NEEDED.get(command, ())) and not {"-h", "--help"} & set(further):
            raise StartError(f"'{command}' needs {' '.join(NEEDED[command])} after it; see start.py --help.", code=2)
        return command, further
    if command.startswith("-"):
        raise StartError(f"unknown option '{command}': JupyterLab's own go after `start.py lab`.", code=2)
    raise StartError(f"unknown command '{arguments[0]}': use one of {', '.join(COMMANDS)}, or --help.", code=2)


def use_class_folder(command):
    """Refuses what a class folder has no files for, and one that is read from a stick."""
    if command not in OF_A_LEARNER:
        raise StartError(f"a class folder lacks the files for '{command}': run it where the whole project is.")
    trial = ROOT / ".start.part"
    try:
        trial.write_bytes(b"")
        trial.unlink()
    except OSError:
        raise StartError(f"{ROOT} cannot be written: copy {CLASS} to your own disk, and start from there.") from None


def set_up(command):
    for name in INSTALLED_BY:
        if not (ROOT / name).is_file():
            raise StartError(
                f"{name} is missing in {ROOT}: unpack the whole project, or get it again; start.py alone is not enough."
            )
    extras = COMMANDS[command]
    needs_weights = command in ("lab", "test")
    weights = os.environ.get("STYLE_HELPERS_WEIGHTS", "")
    note = read_stamp()
    enough = {fingerprint(each) for each in EXTRAS[EXTRAS.index(extras) :]}
    ready = python_works() and note.get("installed") in enough
    if ready and (note.get("weights") == weights or not needs_weights):
        return
    refuse_foreign_folder()
    ENV.mkdir(exist_ok=True)
    with only_one_start():
        if not ready:
            note = install(extras)
        if not needs_weights:
            return
        if run(PYTHON, "-P", "-m", "style_helpers", "prepare"):
            write_stamp(dict(note, weights=weights))
        elif command == "test":
            raise StartError("the tests need the weights: do what the lines above say, then start again.")
        else:
            print("start.py: not all weights are here: JupyterLab opens, and the next start tries again.", flush=True)


def fingerprint(extras):
    """Changes whenever there is something to install anew. The folder counts, since .venv holds a link to it."""
    parts = [(ROOT / name).read_bytes() for name in INSTALLED_BY]
    parts += [os.fsencode(str(part)) for part in (extras, sys.version_info[:2], ROOT)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def read_stamp():
    try:
        note = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_stamp(note):
    part = STAMP.with_suffix(".part")
    part.write_text(json.dumps(note), encoding="utf-8")
    os.replace(part, STAMP)


def forget(file):
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


# The environment


def install(extras):
    """Installs the project with its pinned packages, and returns the note that says so."""
    forget(STAMP)
    make_environment()
    if not install_from_wheels(extras):
        install_from_index(extras)
    note = {"installed": fingerprint(extras)}
    write_stamp(note)
    return note


def install_from_wheels(extras):
    """Whether the class folder has all packages, and for this kind of computer; nothing is asked of the network."""
    wheels = CLASS and CLASS / "wheels"
    if not wheels or not wheels.is_dir():
        return False
    made_for, ours = python_of(wheels), "{}.{}".format(*sys.version_info)
    if made_for not in (None, ours):
        said = f"The packages of the class folder are for Python {made_for}, and this is {ours}"
        print(f"{said}: taking your package index.", flush=True)
        return False
    check_space(cpu_build=not any(wheels.glob("nvidia*")))
    print("Installing the packages of the class folder into .venv, with no network: 1 to 5 minutes.", flush=True)
    done = pip_install("--no-index", "--find-links", wheels, "--editable", "." + extras)
    if not done:
        print("The packages of the class folder do not suit this computer: taking your package index.", flush=True)
    return done


def python_of(wheels):
    """The Python that a folder's PyTorch is for, such as 3.12; None where it does not say."""
    names = [re.search("-cp3([0-9]+)-", wheel.name) for wheel in wheels.glob("torch-*.whl")]
    return next((f"3.{name.group(1)}" for name in names if name), None)


def install_from_index(extras):
    check_index()
    cpu_build = wants_cpu_build()
    check_space(cpu_build)
    size, minutes = ("3", "5 to 30") if LINUX and not cpu_build else ("0.5", "2 to 10")
    if (packages() / "torch").is_dir():
        print("Bringing .venv up to date; pip tells how far it is.", flush=True)
    else:
        how_long = f"{size} GB to download, {minutes} minutes by your network and disk"
        print(f"Installing into .venv: {how_long}; pip tells how far it is.", flush=True)
    # Alone, because PyTorch's index has only some versions of other people's packages.
    if cpu_build and not pip_install("--no-deps", "--index-url", CPU_INDEX, "torch", "torchvision"):
        print("PyTorch's own index did not serve it: taking PyTorch from your package index.", flush=True)
    if not pip_install("--editable", "." + extras):
        raise StartError(why_pip_failed(read_log()))


def check_index():
    """Says at once, and not after pip's five tries for each package, that no package index can be reached."""
    forget(LOG)
    probe = ["--dry-run", "--ignore-installed", "--no-deps", "--retries", "0", "--timeout", "10", "--log", LOG]
    if run(PYTHON, "-m", "pip", "install", *probe, "setuptools", quiet=True) or not is_unreachable(read_log()):
        return
    if CLASS:
        raise StartError(
            "no package index can be reached, and this class folder has no packages for this computer: connect to the "
            "internet, or use the Python that README.txt names, or ask for a folder that was made with --wheels."
        )
    if ROOT.name == "course":
        raise StartError(UNREACHABLE + " If this came in a class folder, copy all of that: its packages lie beside.")
    raise StartError(UNREACHABLE)


def make_environment():
    if any(importlib.util.find_spec(module) is None for module in ("venv", "ensurepip")):
        raise StartError(
            "this Python cannot make environments: install its venv module (on Debian and Ubuntu: "
            f"`sudo apt install python3.{sys.version_info[1]}-venv`), then start again."
        )
    if python_works():
        forget_half_installed()
        if run(PYTHON, "-m", "pip", "--version", quiet=True):
            return
    else:
        empty_environment()
    if not run(sys.executable, "-m", "venv", ENV):
        raise StartError(f"Python could not make {ENV}: see its message above, delete that folder and start again.")


def python_works():
    """Whether .venv has a Python that runs, of this version, and is not the system's own in disguise."""
    question = "import sys; print(sys.version_info[:2], sys.prefix != sys.base_prefix)"
    try:
        answer = subprocess.run([str(PYTHON), "-c", question], capture_output=True, text=True, env=environment())
    except OSError:
        return False
    return answer.stdout.strip() == f"{sys.version_info[:2]} True"


def refuse_foreign_folder():
    """Only an environment, or a start on one without a file in it, may be written to, let alone emptied."""
    if ENV.is_symlink() and not ENV.exists():
        raise StartError(f"{ENV} is a link to nowhere: remove it, then start again.")
    if not ENV.exists() or (ENV / "pyvenv.cfg").is_file():
        return
    if not ENV.is_dir() or any(item.is_file() for item in ENV.rglob("*") if item != LOCK):
        raise StartError(f"{ENV} is not a Python environment: move it elsewhere or rename it, then start again.")


def empty_environment():
    # pyvenv.cfg stays, so that the folder is known as ours if this is cut off.
    for item in [item for item in ENV.iterdir() if item not in (LOCK, ENV / "pyvenv.cfg")]:
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


def forget_half_installed():
    """pip takes a package whose installation was cut off for a whole one; INSTALLER is the last file it writes."""
    for record in packages().glob("*.dist-info"):
        if not (record / "INSTALLER").is_file():
            shutil.rmtree(record)


def packages():
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(ENV)}))


@contextlib.contextmanager
def only_one_start():
    """Holds a lock that the system drops by itself when this process ends, however it ends."""
    with open(LOCK, "w") as file:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise StartError(
                "another start.py is setting this folder up: wait for its end, then start again."
            ) from None
        except OSError:
            pass  # some network drives have no locks
        yield


# Installing


def wants_cpu_build():
    """Whether to take PyTorch without CUDA from its own index. Only on Linux does PyPI's build bring CUDA along."""
    if not LINUX:
        print("Taking PyTorch's usual build: on this system it brings no CUDA along.", flush=True)
        return False
    driver = shutil.which("nvidia-smi") or os.path.exists(NVIDIA_DRIVER)
    cpu_build = not driver and answers(CPU_INDEX + "/torch/")
    if driver:
        print("Taking PyTorch with CUDA, from your package index: an NVIDIA driver was found.", flush=True)
    elif cpu_build:
        print("Taking PyTorch's smaller build, for the processor alone: no NVIDIA driver was found.", flush=True)
    else:
        print(
            "Taking PyTorch with CUDA, 2.5 GB more than this computer needs: its own index, which has the smaller "
            "build, does not answer.",
            flush=True,
        )
    return cpu_build


def answers(url, seconds=3):
    """Whether `url` answers in time. In a thread, since looking up a name keeps to no time limit."""
    found = []

    def ask():
        # Whatever goes wrong, in the name, the network, the certificate or the reply, it is no answer.
        with contextlib.suppress(Exception), urllib.request.urlopen(url, timeout=seconds) as reply:
            found.append(reply.status == 200)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return found == [True]


def check_space(cpu_build):
    needed = SPACE_WITH_CUDA if LINUX and not cpu_build else SPACE
    if (packages() / "torch").is_dir():
        needed = SPACE_TO_UPDATE
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < needed:
        raise StartError(
            f"the disk is too full: {ROOT} has {free:.1f} GB free, and the packages need about {needed} GB; "
            "delete something or move the project to another disk, then start again."
        )


def pip_install(*what):
    forget(LOG)
    # pip keeps the log itself, so that its progress bars still know that they are in a terminal.
    options = ["--disable-pip-version-check", "--log", LOG, "--constraint", "constraints.txt"]
    return run(PYTHON, "-m", "pip", "install", *options, *what)


UNREACHABLE = (
    "pip cannot reach its package index: connect to the internet (or set PIP_INDEX_URL to a mirror near you), "
    "then start again."
)
DISK_FULL = (
    f"the disk ran full: make room where the project is ({ROOT}) and where temporary files go "
    "(the setting TMPDIR names another folder for them), then start again."
)


def why_pip_failed(log):
    """The sentence for what pip wrote into its log. The first error is the cause, the rest repeats it or explains."""
    before, _, after = log.partition("ERROR: ")
    if re.search("No space left|not enough space|Disk quota exceeded|No usable temporary directory", after):
        return DISK_FULL
    if is_unreachable(before[-9000:] + after):
        return UNREACHABLE
    reason = after.split("\n")[0].strip() or "it gave no reason"
    return f"pip could not install the packages ({reason}): mend that ({LOG} has more), then start again."


def is_unreachable(log):
    return re.search("connection broken|Max retries exceeded|Could not fetch URL|Read timed out", log)


def read_log():
    return LOG.read_text(encoding="utf-8", errors="replace") if LOG.exists() else ""


def what_to_do_about(error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    return (
        f"this did not work: {error}; close JupyterLab if it is open, see that {ROOT} may be written to, "
        "or move the project to a folder of your own, then start again."
    )


# Running


def environment(**extra):
    """The user's settings with .venv's programs, and without what sends its Python to another one's packages."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    ours = {name: value for name, value in os.environ.items() if name not in foreign}
    # nbgrader calls another program of .venv by its name
    ours["PATH"] = os.pathsep.join([str(PYTHON.parent), *filter(None, [ours.get("PATH")])])
    return dict(ours, **extra)


def run(*command, quiet=False):
    """Whether the command ended well. Its output goes to the terminal."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(part) for part in command], stdout=output, stderr=output, env=environment()) == 0


def hand_over(command, further, here):
    """Becomes the command's program; on Windows, where no process can become another, waits for it."""
    line = [str(part) for part in [PYTHON, *program(command, further), *further]]
    # Before Python 3.13, Windows reads the link to a project whose folder has, say, a Chinese name only so.
    settings = environment() if command == "test" else environment(PYTHONUTF8="1")
    os.chdir(ROOT if command in ("lab", "test") else here)
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(line[0], line, settings)
    child = subprocess.Popen(line, env=settings)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the child too, and it ends in its own time
            return child.wait()


def course_folder(further, here):
    """The folder that `release` made, and what follows its name."""
    folder = os.path.join(here, *further[:1])
    if not further or not os.path.isfile(os.path.join(folder, "nbgrader_config.py")):
        raise StartError(
            "nbgrader needs the folder that `start.py release FOLDER` made, and then its own words, for example "
            "`start.py nbgrader FOLDER autograde lesson-04`.",
            code=2,
        )
    return folder, further[1:]


def program(command, further):
    """What .venv's Python runs for a command. -P: a learner's own random.py in the folder is nobody's module."""
    if command == "lab":
        return ["-m", "jupyterlab", *lab_options(further)]
    if command == "test":
        return ["-m", "pytest"]
    if command in ("slides", "release"):
        return [ROOT / "lessons" / f"{command}.py"]
    if command == "nbgrader":
        return ["-P", "-m", "nbgrader"]
    return [] if command == "python" else ["-P", "-m", "style_helpers", command]


def lab_options(further):
    options = {
        "--ServerApp.root_dir": ROOT,
        "--LabApp.default_url": f"/lab/tree/{LESSON}",
        "--LabApp.news_url": None,
        "--LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    # JupyterLab refuses an option that is given twice.
    return [f"{name}={value}" for name, value in options.items() if not any(word.startswith(name) for word in further)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
