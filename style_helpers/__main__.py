"""The command line: stylize | doctor | prepare | class, as `python start.py` hands them over.

torch takes seconds to import, so each command imports what it needs, after its options have been read.
"""

import argparse
import json
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from style_helpers import COMMAND, __version__, files
from style_helpers.language import _
from style_helpers.settings import NETWORKS, PRESETS, Settings, SettingsError

argparse._ = _  # its own words are in our catalogue too: lessons/translation.py lists them


class Parser(argparse.ArgumentParser):
    """argparse, with one sentence for a mistake instead of the usage and the sentence."""

    def error(self, message):
        what, command = f"{message[0].upper()}{message[1:]}", f"{self.prog} --help"
        self.exit(2, files.printable(_("{what}; see {command}.", what=what, command=command)) + "\n")


def build_parser() -> Parser:
    parser = Parser(prog=COMMAND, description=_("Neural style transfer (Gatys, Ecker and Bethge)."))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    stylize = commands.add_parser("stylize", help=_("paint one picture in the manner of another"))
    stylize.set_defaults(act=act_stylize)
    stylize.add_argument("content", metavar="CONTENT", help=_("the picture that says what is to be seen"))
    stylize.add_argument("style", metavar="STYLE", help=_("the picture that says how it is painted"))
    stylize.add_argument("out", metavar="OUT", help=_("the picture to write, .png or .jpg; settings are kept in it"))
    stylize.add_argument(
        "--preset", default="gatys", metavar="|".join(PRESETS), help=_("(default: {value})", value="gatys")
    )
    stylize.add_argument("--network", metavar="|".join(NETWORKS), help=_("(default: vgg19 if its weights are here)"))
    stylize.add_argument(
        "--size", metavar="N", help=_("shorter side (default: 512 with a GPU, else 256; tutorial 128)")
    )
    stylize.add_argument(
        "--evaluations", metavar="N", help=_("of the objective and its gradient (default: the preset's)")
    )
    stylize.add_argument("--style-weight", metavar="W", help=_("more for more style (default: the preset's)"))
    stylize.add_argument("--start", metavar="content|noise", help=_("the picture to begin with (default: content)"))
    stylize.add_argument("--seed", metavar="N", help=_("of the noise (default: 0)"))
    stylize.add_argument("--device", default="auto", help=_("cuda, mps, xpu, cpu or auto (default: auto, the best)"))
    stylize.add_argument("--precision", metavar="auto|fp32|bf16", help=_("of the convolutions (default: the preset's)"))
    stylize.add_argument("--losses", metavar="FILE.csv", help=_("write one row for each evaluation"))
    stylize.add_argument("--force", action="store_true", help=_("replace files that exist"))

    doctor = commands.add_parser("doctor", help=_("what this machine can do, what is missing, and what to do about it"))
    doctor.set_defaults(act=act_doctor)
    doctor.add_argument("--json", action="store_true", help=_("one JSON document instead of lines, for programs"))

    prepare = commands.add_parser("prepare", help=_("fetch and check the weights before class"))
    prepare.set_defaults(act=act_prepare)
    class_folder = commands.add_parser("class", help=_("make or mend a folder for a USB stick or a shared drive"))
    class_folder.set_defaults(act=act_class)
    class_folder.add_argument("folder", metavar="FOLDER", help=_("course without solutions, weights, list of packages"))
    class_folder.add_argument("--wheels", action="store_true", help=_("and the packages: then laptops need no network"))
    of_prepare = _("once or more (default: vgg16 and alexnet, 64 MB; vgg19 is a download of 548 MB)")
    of_class = _("once or more (default: vgg16 and alexnet; vgg19 is a download of 548 MB)")
    for command, words in ((prepare, of_prepare), (class_folder, of_class)):
        command.add_argument("--network", metavar="|".join(NETWORKS), action="append", help=words)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 it could not be done, 2 bad input, 128 and more stopped.

    As in a shell, what is added to 128 is the signal's number: 130 for Ctrl-C.
    """
    options = build_parser().parse_args(arguments)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # odd metadata in a photo is no news to the user
    try:
        os.getcwd()
    except FileNotFoundError:
        return _refuse(_("The folder that you are in has been deleted: go to another one with cd."))
    try:
        return options.act(options)
    except KeyboardInterrupt:
        return _refuse(_stopped(), code=130)
    except OSError as error:
        return _refuse(_("This did not work: {reason}.", reason=files.printable(error)), code=1)


def act_stylize(options) -> int:
    try:
        settings = settings_from(options)
    except SettingsError as error:
        return _refuse(error)

    with _signals_noted() as came:  # while torch is imported an interrupt may be lost in the middle of C++
        from style_helpers import devices, transfer, weights
    if came:
        return _refuse(_stopped(), 128 + came[0])

    warnings.simplefilter("ignore", RuntimeWarning)  # why a run ended is said below, in one sentence
    try:
        objective, size = _objective(options, settings)
    except weights.WeightsError as error:
        return _refuse(error, code=1)
    except files.ExistsError as error:
        return _refuse(_("{reason} With --force it is replaced.", reason=error))
    except (ValueError, files.FileError) as error:
        return _refuse(error)
    except (MemoryError, RuntimeError) as error:
        if not devices.is_out_of_memory(error):
            raise
        return _refuse(_("The memory of this machine is used up: a smaller --size helps."), code=1)
    descent = transfer.Run(objective)
    with _signals_noted() as came:
        for _step in transfer.progress(descent):
            if came:
                descent.stop()
        try:
            code = _keep(descent, options, size)
        except files.FileError as error:
            return _refuse(error, code=1)
    return 128 + came[0] if code and came else code


def _objective(options, settings: Settings):
    """What to minimise, and the size. Everything that can be refused is refused here, before the long work begins."""
    from style_helpers import devices, images, networks
    from style_helpers.objective import StyleObjective

    device = devices.choose(options.device)
    size = _whole("size", options.size)
    if size is None:
        size = devices.default_size(options.preset, device)
    images.check_size(size)
    inputs = (options.content, options.style)
    content, style = (images.load(path, size, device) for path in inputs)
    files.check(options.out, images.WRITTEN, inputs, options.force)
    if options.losses is not None:
        files.check(options.losses, (".csv",), (*inputs, options.out), options.force)
    network = networks.load(settings.network, device=device) if settings.network else networks.default(device)
    return StyleObjective(network, content, style, settings), size


def _keep(descent, options, size: int) -> int:
    """Write the picture and the losses; say how the run ended; return the exit code."""
    result = descent.result()
    if not result.history:
        return _refuse(_("{ended} No picture was written.", ended=result.ended), code=1)
    from style_helpers import images

    about = _about(options, descent, size)

    def save(path, force):
        return images.save(result.picture, path, about, force)

    path, trouble = _kept(options.out, save, options.force)
    said = f"{files.printable(path)}:"
    if trouble:
        said = _("{trouble} The picture is kept as {file}.", trouble=trouble, file=files.quote(path))
    complete = len(result.history) == descent.evaluations and not trouble
    print(f"{said} {result.ended}", file=sys.stdout if complete else sys.stderr)
    if options.losses is not None and not _keep_losses(result.history, options):
        return 1
    return 0 if complete else 1


def _keep_losses(history, options) -> bool:
    """Whether the losses are where they were asked for; if not, says where they are."""

    def write(path, force):
        return files.write(path, losses_csv(history).encode(), force)

    path, trouble = _kept(options.losses, write, options.force)
    if trouble:
        _refuse(_("{trouble} The losses are kept as {file}.", trouble=trouble, file=files.quote(path)))
    return not trouble


def _kept(asked: str, write: Callable[[str | Path, bool], Path], force: bool) -> tuple[Path, str]:
    """Where a file is; and, where it could not be written as asked, why: what a run made is not thrown away."""
    try:
        return write(asked, force), ""
    except files.FileError as error:
        for path in files.elsewhere(asked):
            with suppress(files.FileError):
                return write(path, False), str(error)
        raise


def settings_from(options) -> Settings:
    """The preset with what the options change. Raises SettingsError."""
    changes = {
        "network": options.network,
        "evaluations": _whole("evaluations", options.evaluations),
        "style_weight": _number("style-weight", options.style_weight),
        "start": options.start,
        "seed": _whole("seed", options.seed),
        "precision": options.precision,
    }
    return Settings.preset(options.preset, **{name: value for name, value in changes.items() if value is not None})


def losses_csv(history) -> str:
    """One row for each evaluation: its number, the shorter side in pixels, seconds since the start, weighted losses."""
    rows = ["evaluation,side,seconds,total,content,style"]
    for seen in history:
        losses = seen.losses
        rows.append(
            f"{seen.evaluation},{seen.side},{seen.seconds:.3f},{losses.total:.9g},{losses.content:.9g},{losses.style:.9g}"
        )
    return "\n".join(rows) + "\n"


def _about(options, descent, size: int) -> dict[str, str]:
    """What a picture says of itself: how it was made, without the folders of the person who made it."""
    settings = descent.settings.replace(network=descent.objective.network.name)
    return {
        "Software": f"style_helpers {__version__}",
        "Content": _name(options.content),
        "Style": _name(options.style),
        "Preset": options.preset,
        "Size": str(size),
        "Evaluations": str(len(descent.history)),
        "Settings": json.dumps(asdict(settings)),
    }


def _name(path: str) -> str:
    # A file name may hold bytes that are not text; a picture's settings may not
    return Path(path).name.encode(errors="backslashreplace").decode()


def act_doctor(options) -> int:
    try:
        from style_helpers.classroom import doctor
    except ImportError as error:
        said = _("The package {name} is missing: run python start.py, which installs everything.", name=error.name)
        return _refuse(said, code=1)

    findings = []
    for finding in doctor.examine():
        findings.append(finding)
        if not options.json:
            print(finding, flush=True)
    if options.json:
        print(doctor.as_json(findings))
    return 0 if all(finding.good for finding in findings) else 1


def act_prepare(options) -> int:
    from style_helpers import weights
    from style_helpers.networks import check_name

    try:
        for name in options.network or ():
            check_name(name)
        for name in options.network or ("vgg16", "alexnet"):
            found = weights.fetch(name)
            print(f"{name}: {files.printable(found.path)} ({found.source})")
    except SettingsError as error:
        return _refuse(error)
    except (weights.WeightsError, files.FileError) as error:
        return _refuse(error, code=1)
    return 0


def act_class(options) -> int:
    from style_helpers import weights
    from style_helpers.classroom import class_folder
    from style_helpers.networks import check_name

    try:
        for name in options.network or ():
            check_name(name)
        print(class_folder.prepare(options.folder, options.network or (), options.wheels))
    except SettingsError as error:
        return _refuse(error)
    except (class_folder.ClassroomError, weights.WeightsError, files.FileError) as error:
        return _refuse(error, code=1)
    except KeyboardInterrupt:
        return _refuse(_("Stopped before the end; the same command goes on from here."), code=130)
    return 0


def _stopped() -> str:
    return _("Stopped before the end; nothing unfinished is left behind.")


def _refuse(sentence, code: int = 2) -> int:
    print(sentence, file=sys.stderr)
    return code


def _whole(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        raise SettingsError(_("{name} must be a whole number, not {value!r}.", name=name, value=text)) from None


def _number(name: str, text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        raise SettingsError(_("{name} must be a number, not {value!r}.", name=name, value=text)) from None


@contextmanager
def _signals_noted():
    """A signal to end, such as Ctrl-C's, is only noted, so that the evaluation under way ends; a second one is obeyed.

    Yields a list that holds the signal that came. Nothing else is done when it comes: the run may hold a lock then.
    SIGTERM comes when a machine is shut down, SIGHUP when a terminal is closed; one that was ignored before, as by
    nohup, stays ignored.
    """
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    came = []

    def note(number, frame):
        signal.signal(number, before[number])  # of this kind alone: a shutdown sends SIGHUP right after SIGTERM
        came.append(number)

    heeded = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in heeded:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number in heeded:
            signal.signal(number, before[number])


class Unfailing:
    """A standard stream that may be closed, full, or read by nobody: what cannot be said there costs no picture."""

    def __init__(self, stream):
        self._stream = stream if stream is not None else open(os.devnull, "w")  # noqa: SIM115  # until the end
        self._stream.reconfigure(errors="backslashreplace")  # nor does a name that the terminal's encoding lacks

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self):
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name):
        return getattr(self._stream, name)


if __name__ == "__main__":
    sys.stdout, sys.stderr = Unfailing(sys.stdout), Unfailing(sys.stderr)
    sys.exit(main())
