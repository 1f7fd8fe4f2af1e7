"""The command line: python -m style_helpers stylize | doctor | prepare.

torch takes seconds to import, so each command imports what it needs, after its options have been read.
"""

import argparse
import json
import logging
import signal
import sys
import warnings
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from style_helpers import __version__
from style_helpers.settings import NETWORKS, PRESETS, Settings, SettingsError


class Parser(argparse.ArgumentParser):
    """argparse, with one sentence for a mistake instead of the usage and the sentence."""

    def error(self, message):
        self.exit(2, f"{message[0].upper()}{message[1:]}; see python -m style_helpers --help.\n")


def build_parser() -> Parser:
    parser = Parser(prog="python -m style_helpers", description="Neural style transfer (Gatys, Ecker and Bethge).")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    stylize = commands.add_parser("stylize", help="paint one picture in the manner of another")
    stylize.set_defaults(act=act_stylize)
    stylize.add_argument("content", metavar="CONTENT", help="the picture that says what is to be seen")
    stylize.add_argument("style", metavar="STYLE", help="the picture that says how it is painted")
    stylize.add_argument("out", metavar="OUT", help="the picture to write, .png or .jpg; settings are kept in it")
    stylize.add_argument("--preset", default="gatys", metavar="|".join(PRESETS), help="(default: gatys)")
    stylize.add_argument("--network", metavar="|".join(NETWORKS), help="(default: vgg19 if its weights are here)")
    stylize.add_argument("--size", metavar="N", help="shorter side (default: 512 with a GPU, else 256; tutorial 128)")
    stylize.add_argument("--evaluations", metavar="N", help="of the objective and its gradient (default: 300)")
    stylize.add_argument("--style-weight", metavar="W", help="more for more style (default: the preset's)")
    stylize.add_argument("--start", metavar="content|noise", help="the picture to begin with (default: content)")
    stylize.add_argument("--seed", metavar="N", help="of the noise (default: 0)")
    stylize.add_argument("--device", default="auto", help="cuda, mps, xpu, cpu or auto (default: auto, the best)")
    stylize.add_argument("--precision", metavar="auto|fp32|bf16", help="of the convolutions (default: the preset's)")
    stylize.add_argument("--losses", metavar="FILE.csv", help="write one row for each evaluation")
    stylize.add_argument("--force", action="store_true", help="replace files that exist")

    doctor = commands.add_parser("doctor", help="what this machine can do, what is missing, and what to do about it")
    doctor.set_defaults(act=act_doctor)
    doctor.add_argument("--json", action="store_true", help="one JSON document instead of lines, for programs")

    prepare = commands.add_parser("prepare", help="fetch and check the weights before class, or make a folder for it")
    prepare.set_defaults(act=act_prepare)
    prepare.add_argument(
        "--network",
        metavar="|".join(NETWORKS),
        action="append",
        help="once or more (default: vgg16 and alexnet, 64 MB; vgg19 is a download of 548 MB)",
    )
    prepare.add_argument(
        "--for-class",
        metavar="FOLDER",
        help="make a folder for a shared drive or a USB stick: course without solutions, weights, list of packages",
    )
    prepare.add_argument("--wheels", action="store_true", help="put the packages too into the folder for the class")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 it could not be done, 2 bad input, 130 stopped by Ctrl-C."""
    options = build_parser().parse_args(arguments)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # odd metadata in a photo is no news to the user
    try:
        return options.act(options)
    except KeyboardInterrupt:
        print("Stopped before the end; nothing unfinished is left behind.", file=sys.stderr)
        return 130


def act_stylize(options) -> int:
    try:
        settings = settings_from(options)
    except SettingsError as error:
        return _refuse(error)

    from style_helpers import files, transfer, weights

    warnings.simplefilter("ignore", RuntimeWarning)  # why a run ended is said below, in one sentence
    try:
        objective, size = _objective(options, settings)
    except weights.WeightsError as error:
        return _refuse(error, code=1)
    except (ValueError, files.FileError) as error:
        return _refuse(error)
    descent = transfer.Run(objective)
    with _ctrl_c_stops(descent):
        for _ in transfer.progress(descent):
            pass
    try:
        return _keep(descent, options, size)
    except files.FileError as error:
        return _refuse(error, code=1)


def _objective(options, settings: Settings):
    """What to minimise, and the size. Everything that can be refused is refused here, before the long work begins."""
    from style_helpers import devices, files, images, networks
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
    from style_helpers import files, images

    result = descent.result()
    if not result.history:
        return _refuse(f"{result.ended} No picture was written.", code=1)
    images.save(result.picture, options.out, _about(options, descent, size), options.force)
    if options.losses is not None:
        files.write(options.losses, losses_csv(result.history).encode(), options.force)
    complete = len(result.history) == descent.evaluations
    print(f"{options.out}: {result.ended}", file=sys.stdout if complete else sys.stderr)
    return 0 if complete else 130 if descent.stopping else 1


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
        return _refuse(f"The package {error.name} is missing: run python start.py, which installs everything.", code=1)

    findings = []
    for finding in doctor.examine():
        findings.append(finding)
        if not options.json:
            print(finding, flush=True)
    if options.json:
        print(doctor.as_json(findings))
    return 0 if all(finding.good for finding in findings) else 1


def act_prepare(options) -> int:
    from style_helpers import files, weights
    from style_helpers.networks import check_name

    if options.wheels and options.for_class is None:
        return _refuse("--wheels puts packages into a folder for a class: name it with --for-class FOLDER.")
    try:
        for name in options.network or ():
            check_name(name)
        if options.for_class is not None:
            return _prepare_class(options)
        for name in options.network or ("vgg16", "alexnet"):
            found = weights.fetch(name)
            print(f"{name}: {found.path} ({found.source})")
    except SettingsError as error:
        return _refuse(error)
    except (weights.WeightsError, files.FileError) as error:
        return _refuse(error, code=1)
    return 0


def _prepare_class(options) -> int:
    from style_helpers.classroom import class_folder

    try:
        print(class_folder.prepare(options.for_class, options.network or (), options.wheels))
    except class_folder.ClassroomError as error:
        return _refuse(error, code=1)
    except KeyboardInterrupt:
        return _refuse("Stopped before the end; the same command goes on from here.", code=130)
    return 0


def _refuse(sentence, code: int = 2) -> int:
    print(sentence, file=sys.stderr)
    return code


def _whole(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        raise SettingsError(f"{name} must be a whole number, not {text!r}.") from None


def _number(name: str, text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        raise SettingsError(f"{name} must be a number, not {text!r}.") from None


@contextmanager
def _ctrl_c_stops(descent):
    """The first Ctrl-C ends the run after the evaluation under way; a second one ends the program at once."""

    before = signal.getsignal(signal.SIGINT)

    def stop(number, frame):
        signal.signal(signal.SIGINT, before)
        descent.stop()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    # A file name that the terminal's encoding lacks must not end the program
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
