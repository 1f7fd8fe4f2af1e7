"""The one door to the course: `python start.py` opens JupyterLab, `python start.py --help` lists the other commands.

Needs nothing but Python's standard library. Everything is installed into the folder .venv beside this file; a second
start finds the note left there and installs nothing. This file must parse on an old Python, to say what it needs. What
it says is translated in the package's own catalogues; where they are not there, it speaks English.
"""

import contextlib
import errno
import gettext
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
VARIABLE = "STYLE_HELPERS_LANGUAGE"  # names the language for this program and for all that it starts
SET_BY_USER = os.environ.get(VARIABLE)
LOCALE = ROOT / "style_helpers" / "locale"  # of each language: what is said, and which one JupyterLab's menus take
REMEMBERED = ROOT / ".language"  # what --language said last; git ignores it
LINUX = sys.platform == "linux"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NVIDIA_DRIVER = "/proc/driver/nvidia"
SPACE, SPACE_WITH_CUDA, SPACE_TO_UPDATE = 3, 8, 1  # in GB, with room for what pip unpacks
EXTRAS = ["", "[teach]", "[site]", "[test]"]  # of pyproject.toml; each has all that those before it have
COMMANDS = {  # what each needs of them
    **dict.fromkeys(("lab", "doctor", "prepare", "stylize", "class"), ""),
    **dict.fromkeys(("slides", "release", "nbgrader"), "[teach]"),
    **dict.fromkeys(("test", "python"), "[test]"),
}
NEEDED = {"stylize": ("PHOTO", "PAINTING", "OUT"), "class": ("FOLDER",), "release": ("FOLDER",), "python": ("...",)}
FOREIGN = ("nbgrader", "test", "python")  # whose words are other programs'
OF_A_LEARNER = ("lab", "doctor", "prepare", "stylize")  # what a class folder has all files for


class StartError(Exception):
    """Something the user can mend. Its text is the one sentence to show; `code` is the exit code."""

    def __init__(self, sentence, code=1):
        super().__init__(sentence)
        self.code = code


def main(arguments):
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # either may be closed
            with contextlib.suppress(AttributeError):  # Python 3.6 lacks it
                stream.reconfigure(errors="replace")  # a terminal may lack the letters of a folder's name
        language_is_named, arguments = speak(arguments)
        check_python(sys.version_info)
        here = folder_now()
        command, further = understand(arguments)
        if command == "help":
            print(usage())
            return 0
        if command == "nbgrader":  # it reads its settings where it is
            here, further = course_folder(further, here)
        os.chdir(ROOT)
        if CLASS:
            use_class_folder(command)
        set_up(command)
        return hand_over(command, further, here, language_is_named)
    except StartError as trouble:
        print(f"start.py: {trouble}", file=sys.stderr)
        return trouble.code
    except OSError as error:
        print(f"start.py: {what_to_do_about(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstart.py: " + _("stopped; the next start goes on from here."), file=sys.stderr)
        return 130


# The language


def _(message, **values):
    """The message in the language of this start, with values in the places of its {names}."""
    try:
        found = gettext.translation("style_helpers", str(LOCALE), [spoken()])
    except Exception:  # there is no catalogue, or a damaged one
        found = gettext.NullTranslations()
    said = found.gettext(message)
    return said.format(**values) if values else said


def speak(arguments):
    """Chooses the language for this program and for all that it starts.

    What was typed is remembered. Else it is the one that the user's environment names, that was remembered, or that the
    system speaks. Returns whether it was named for this start, by either, and the words after `--language zh`.
    """
    os.environ[VARIABLE] = one_of_ours(remembered()) or one_of_ours(system_language()) or "en"
    option, equals, word = "".join(arguments[:1]).partition("=")
    if option == "--language":
        word = word if equals else "".join(arguments[1:2])
        os.environ[VARIABLE] = known_language(option, word)
        remember(os.environ[VARIABLE])
        return True, arguments[1 if equals else 2 :]
    if SET_BY_USER:
        os.environ[VARIABLE] = known_language(VARIABLE, SET_BY_USER)
    return bool(SET_BY_USER), arguments


def known_language(name, word):
    found, known = one_of_ours(word), ", ".join(languages())
    if not found:
        said = _("{name} {value!r} is not known: choose one of {known}.", name=name, value=word, known=known)
        raise StartError(said, code=2)
    return found


def one_of_ours(word):
    """The course's language that a word such as zh, zh-Hans or zh_CN.UTF-8 stands for; empty for another one."""
    code = "".join(re.findall("[a-z]+", word.lower())[:1])
    return code if code in languages() else ""


def spoken():
    return os.environ.get(VARIABLE, "en")


def languages():
    return ["en", *sorted(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/style_helpers.mo"))]


def remembered():
    try:
        return REMEMBERED.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def remember(language):
    try:
        write_whole(REMEMBERED, language)
    except OSError:
        print(_("{folder} cannot be written: the language counts for this start alone.", folder=ROOT), flush=True)


def system_language():
    """Such as zh_CN.UTF-8; empty where nobody tells."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):  # in gettext's order
        if os.environ.get(name):
            return os.environ[name]
    if os.name == "nt":
        import ctypes
        import locale

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0xFFFF, "")
    if sys.platform == "darwin":  # outside Apple's own Terminal nobody sets LANG
        ask = ["defaults", "read", "-g", "AppleLanguages"]
        with contextlib.suppress(OSError):
            told = subprocess.run(ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            return told.stdout.decode(errors="replace")
    return ""


# What is asked


def usage():
    return _("""usage: python start.py [--language LANGUAGE] [COMMAND] [ARGUMENTS]

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
`stylize --help` or `lab --no-browser`. Python may have another name on your computer: python3, or py on Windows.

`--language zh` takes the lessons, the menus and all messages in Chinese from now on, `--language en` in English.""")


def folder_now():
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise StartError(_("the folder that you are in has been deleted: go to another one with cd.")) from None


def check_python(version):
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        found = "{}.{}".format(*version[:2])
        oldest, newest = f"3.{OLDEST[1]}", f"3.{NEWEST[1]}"
        raise StartError(
            _(
                "this is Python {found}, but the course needs Python {oldest} to {newest}: install one of these from "
                "python.org and start again with it, for example `{launcher}{newest} start.py`.",
                found=found,
                oldest=oldest,
                newest=newest,
                launcher="py -" if os.name == "nt" else "python",
            )
        )


def understand(arguments):
    """The command, and what is handed on to the program behind it."""
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        return "help", []
    command, *further = arguments or ["lab"]
    if command in COMMANDS:
        if command not in FOREIGN and any(word.partition("=")[0] == "--language" for word in further):
            said = _("--language stands before the command: `start.py --language zh {command}`.", command=command)
            raise StartError(said, code=2)
        given = [word for word in further if not word.startswith("-")]
        if len(given) < len(NEEDED.get(command, ())) and not {"-h", "--help"} & set(further):
            needed = " ".join(NEEDED[command])
            raise StartError(
                _("'{command}' needs {words} after it; see start.py --help.", command=command, words=needed), code=2
            )
        return command, further
    if command.startswith("-"):
        said = _("unknown option '{option}': JupyterLab's own go after `start.py lab`.", option=command)
        raise StartError(said, code=2)
    known = ", ".join(COMMANDS)
    raise StartError(_("unknown command '{command}': use one of {known}, or --help.", command=command, known=known), 2)


def use_class_folder(command):
    """Refuses what a class folder has no files for, and one that is read from a stick."""
    if command not in OF_A_LEARNER:
        raise StartError(
            _("a class folder lacks the files for '{command}': run it where the whole project is.", command=command)
        )
    trial = ROOT / ".start.part"
    try:
        trial.write_bytes(b"")
        trial.unlink()
    except OSError:
        said = _(
            "{folder} cannot be written: copy {whole} to your own disk, and start from there.", folder=ROOT, whole=CLASS
        )
        raise StartError(said) from None


def set_up(command):
    for name in INSTALLED_BY:
        if not (ROOT / name).is_file():
            raise StartError(
                _(
                    "{name} is missing in {folder}: unpack the whole project, or get it again; start.py alone is not "
                    "enough.",
                    name=name,
                    folder=ROOT,
                )
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
            raise StartError(_("the tests need the weights: do what the lines above say, then start again."))
        else:
            said = _("not all weights are here: JupyterLab opens, and the next start tries again.")
            print(f"start.py: {said}", flush=True)


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
    write_whole(STAMP, json.dumps(note))


def write_whole(file, text):
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)


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
        said = _(
            "The packages of the class folder are for Python {made_for}, and this is {ours}: taking your package "
            "index.",
            made_for=made_for,
            ours=ours,
        )
        print(said, flush=True)
        return False
    check_space(cpu_build=not any(wheels.glob("nvidia*")))
    print(_("Installing the packages of the class folder into .venv, with no network: 1 to 5 minutes."), flush=True)
    done = pip_install("--no-index", "--find-links", wheels, "--editable", "." + extras)
    if not done:
        print(_("The packages of the class folder do not suit this computer: taking your package index."), flush=True)
    return done


def python_of(wheels):
    """The Python that a folder's PyTorch is for, such as 3.12; None where it does not say."""
    names = [re.search("-cp3([0-9]+)-", wheel.name) for wheel in wheels.glob("torch-*.whl")]
    return next((f"3.{name.group(1)}" for name in names if name), None)


def install_from_index(extras):
    check_index()
    cpu_build = wants_cpu_build()
    check_space(cpu_build)
    if (packages() / "torch").is_dir():
        said = _("Bringing .venv up to date; pip tells how far it is.")
    elif LINUX and not cpu_build:
        said = _(
            "Installing into .venv: 3 GB to download, 5 to 30 minutes by your network and disk; pip tells how far it "
            "is."
        )
    else:
        said = _(
            "Installing into .venv: 0.5 GB to download, 2 to 10 minutes by your network and disk; pip tells how far it "
            "is."
        )
    print(said, flush=True)
    # Alone, because PyTorch's index has only some versions of other people's packages.
    if cpu_build and not pip_install("--no-deps", "--index-url", CPU_INDEX, "torch", "torchvision"):
        print(_("PyTorch's own index did not serve it: taking PyTorch from your package index."), flush=True)
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
            _(
                "no package index can be reached, and this class folder has no packages for this computer: connect to "
                "the internet, or use the Python that README.txt names, or ask for a folder that was made with "
                "--wheels."
            )
        )
    if ROOT.name == "course":
        hint = _("If this came in a class folder, copy all of that: its packages lie beside.")
        raise StartError(f"{unreachable()} {hint}")
    raise StartError(unreachable())


def make_environment():
    if any(importlib.util.find_spec(module) is None for module in ("venv", "ensurepip")):
        raise StartError(
            _(
                "this Python cannot make environments: install its venv module (on Debian and Ubuntu: `sudo apt "
                "install {package}`), then start again.",
                package=f"python3.{sys.version_info[1]}-venv",
            )
        )
    if python_works():
        forget_half_installed()
        if run(PYTHON, "-m", "pip", "--version", quiet=True):
            return
    else:
        empty_environment()
    if not run(sys.executable, "-m", "venv", ENV):
        raise StartError(
            _("Python could not make {folder}: see its message above, delete that folder and start again.", folder=ENV)
        )


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
        raise StartError(_("{folder} is a link to nowhere: remove it, then start again.", folder=ENV))
    if not ENV.exists() or (ENV / "pyvenv.cfg").is_file():
        return
    if not ENV.is_dir() or any(item.is_file() for item in ENV.rglob("*") if item != LOCK):
        raise StartError(
            _("{folder} is not a Python environment: move it elsewhere or rename it, then start again.", folder=ENV)
        )


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
                _("another start.py is setting this folder up: wait for its end, then start again.")
            ) from None
        except OSError:
            pass  # some network drives have no locks
        yield


# Installing


def wants_cpu_build():
    """Whether to take PyTorch without CUDA from its own index. Only on Linux does PyPI's build bring CUDA along."""
    if not LINUX:
        print(_("Taking PyTorch's usual build: on this system it brings no CUDA along."), flush=True)
        return False
    driver = shutil.which("nvidia-smi") or os.path.exists(NVIDIA_DRIVER)
    cpu_build = not driver and answers(CPU_INDEX + "/torch/")
    if driver:
        print(_("Taking PyTorch with CUDA, from your package index: an NVIDIA driver was found."), flush=True)
    elif cpu_build:
        print(_("Taking PyTorch's smaller build, for the processor alone: no NVIDIA driver was found."), flush=True)
    else:
        said = _(
            "Taking PyTorch with CUDA, 2.5 GB more than this computer needs: its own index, which has the smaller "
            "build, does not answer."
        )
        print(said, flush=True)
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
            _(
                "the disk is too full: {folder} has {free:.1f} GB free, and the packages need about {needed} GB; "
                "delete something or move the project to another disk, then start again.",
                folder=ROOT,
                free=free,
                needed=needed,
            )
        )


def pip_install(*what):
    forget(LOG)
    # pip keeps the log itself, so that its progress bars still know that they are in a terminal.
    options = ["--disable-pip-version-check", "--log", LOG, "--constraint", "constraints.txt"]
    return run(PYTHON, "-m", "pip", "install", *options, *what)


def unreachable():
    return _(
        "pip cannot reach its package index: connect to the internet (or set PIP_INDEX_URL to a mirror near you), then "
        "start again."
    )


def disk_full():
    return _(
        "the disk ran full: make room where the project is ({folder}) and where temporary files go (the setting TMPDIR "
        "names another folder for them), then start again.",
        folder=ROOT,
    )


def why_pip_failed(log):
    """The sentence for what pip wrote into its log. The first error is the cause, the rest repeats it or explains."""
    before, _mark, after = log.partition("ERROR: ")
    if re.search("No space left|not enough space|Disk quota exceeded|No usable temporary directory", after):
        return disk_full()
    if is_unreachable(before[-9000:] + after):
        return unreachable()
    return _(
        "pip could not install the packages ({reason}): mend that ({log} has more), then start again.",
        reason=after.split("\n")[0].strip() or _("it gave no reason"),
        log=LOG,
    )


def is_unreachable(log):
    return re.search("connection broken|Max retries exceeded|Could not fetch URL|Read timed out", log)


def read_log():
    return LOG.read_text(encoding="utf-8", errors="replace") if LOG.exists() else ""


def what_to_do_about(error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full()
    return _(
        "this did not work: {reason}; close JupyterLab if it is open, see that {folder} may be written to, or move the "
        "project to a folder of your own, then start again.",
        reason=error,
        folder=ROOT,
    )


# Running


def environment(**extra):
    """The user's settings with .venv's programs, and without what sends its Python to another one's packages."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    ours = {name: value for name, value in os.environ.items() if name not in foreign}
    # nbgrader calls another program of .venv by its name
    ours["PATH"] = in_front_of(ours.get("PATH"), PYTHON.parent)
    return dict(ours, **extra)


def in_front_of(path, folder):
    """A list of folders as the environment has them, or none, with one more to be searched first."""
    return os.pathsep.join([str(folder), *filter(None, [path])])


def run(*command, quiet=False):
    """Whether the command ended well. Its output goes to the terminal."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(part) for part in command], stdout=output, stderr=output, env=environment()) == 0


def hand_over(command, further, here, language_is_named):
    """Becomes the command's program; on Windows, where no process can become another, waits for it."""
    line = [str(part) for part in [PYTHON, *program(command, further), *further]]
    # Before Python 3.13, Windows reads the link to a project whose folder has, say, a Chinese name only so.
    settings = environment() if command == "test" else environment(PYTHONUTF8="1")
    if command == "lab":  # a default, so that what the user chose in the menu Settings wins
        settings["JUPYTER_CONFIG_PATH"] = in_front_of(settings.get("JUPYTER_CONFIG_PATH"), LOCALE / spoken())
    if command in ("test", "python") and not language_is_named:
        settings.pop(VARIABLE, None)  # what they compare and write is English, unless another language is asked for
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
        said = _(
            "nbgrader needs the folder that `start.py release FOLDER` made, and then its own words, for example "
            "`start.py nbgrader FOLDER autograde lesson-04`."
        )
        raise StartError(said, code=2)
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
    translated = LESSON.replace("/", f"/{spoken()}/")
    lesson = translated if (ROOT / translated).is_file() else LESSON
    options = {
        "--ServerApp.root_dir": ROOT,
        "--LabApp.default_url": f"/lab/tree/{lesson}",
        "--LabApp.news_url": None,
        "--LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    # JupyterLab refuses an option that is given twice.
    return [f"{name}={value}" for name, value in options.items() if not any(word.startswith(name) for word in further)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
