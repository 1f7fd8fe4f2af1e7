"""python -m benchmarks speed | quality | frontier: our engine beside the old tutorial's code; the presets compared.
python -m benchmarks peers --nnst FOLDER --crowson FOLDER: other people's programs beside the presets.
python -m benchmarks hub: a class in our JupyterHub, all learners at once.
python -m benchmarks lessons [NN ...]: how long each lesson computes here, and its memory.

Tables to the terminal, ready for a README; figures as JSON and a plot or contact sheet into a folder, where files of
an earlier run are replaced.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    acts = {"speed": act_speed, "quality": act_quality, "frontier": act_frontier, "peers": act_peers}
    for name, act in acts.items():
        command = commands.add_parser(name)
        command.set_defaults(act=act)
        command.add_argument("--quick", action="store_true", help="in miniature, to see that it works")
        command.add_argument("--out", type=Path, default=Path("results"), help="folder to write to (default: results)")
        command.add_argument("--device", default="cpu", help="cpu, cuda, mps, xpu or auto (default: cpu)")
        if name == "speed":
            command.add_argument("--repeats", type=count, help="rounds at the largest size (default: 7)")
        if name == "peers":
            command.add_argument("--nnst", type=Path, help="folder of NeuralNeighborStyleTransfer")
            command.add_argument("--crowson", type=Path, help="folder of style-transfer-pytorch")
    add_hub(commands.add_parser("hub"))
    add_lessons(commands.add_parser("lessons"))
    return parser


def add_hub(command):
    command.set_defaults(act=act_hub, device="cpu")
    command.add_argument("--quick", action="store_true", help="the lesson in quick mode")
    command.add_argument("--out", type=Path, default=Path("results"), help="folder to write to (default: results)")
    command.add_argument("--students", type=count, default=8, help="at once (default: 8)")
    command.add_argument("--lesson", default="06", help="its number (default: 06)")
    command.add_argument("--threads", type=count, default=1, help="of each learner's kernel (default: 1)")
    command.add_argument("--limit", type=count, default=600, help="seconds after which it ends (default: 600)")


def add_lessons(command):
    command.set_defaults(act=act_lessons, device="cpu")
    command.add_argument("lessons", nargs="*", metavar="NN", help="which ones (default: all)")
    command.add_argument("--quick", action="store_true", help="the lessons in quick mode")
    command.add_argument("--out", type=Path, default=Path("results"), help="folder to write to (default: results)")


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def act_speed(options, device) -> None:
    from benchmarks import machine, speed, speed_report
    from style_helpers import files

    plan = speed.QUICK if options.quick else speed.Plan()
    if options.repeats:
        plan = dataclasses.replace(plan, repeats=options.repeats)
    found = {"machine": machine.facts(device), "plan": dataclasses.asdict(plan)}
    print(speed_report.machine_table(found["machine"]), end="\n\n", flush=True)
    for name, figures in speed.measure(plan, device):
        found[name] = figures
        print(speed_report.section(name, figures), flush=True)
    files.write(options.out / "speed.json", as_json(found), overwrite=True)
    files.write(options.out / "speed.png", speed_report.plot(found), overwrite=True)


def act_quality(options, device) -> None:
    from benchmarks import machine, quality, speed_report
    from style_helpers import files

    plan = quality.QUICK if options.quick else quality.Plan()
    found = {"machine": machine.facts(device), "plan": dataclasses.asdict(plan)}
    print(speed_report.machine_table(found["machine"]), end="\n\n", flush=True)
    pairs, shown = [], []
    for pair, pictures in quality.measure(plan, device):
        pairs.append(pair)
        shown.append(pictures)
        print(f"{pair['content']} x {pair['style']}", file=sys.stderr, flush=True)
    found["pairs"] = pairs
    print(quality.presets_table(pairs), quality.pairs_table(pairs), sep="\n\n")
    files.write(options.out / "quality.json", as_json(found), overwrite=True)
    files.write(options.out / "quality.jpg", quality.contact_sheet(pairs, shown), overwrite=True)


def act_peers(options, device) -> None:
    from benchmarks import machine, peers, speed_report
    from style_helpers import files, images

    plan = peers.QUICK if options.quick else peers.Plan()
    folders = {name: folder for name, folder in (("nnst", options.nnst), (peers.CROWSON, options.crowson)) if folder}
    found = {"machine": machine.facts(device), "plan": dataclasses.asdict(plan)}
    print(speed_report.machine_table(found["machine"]), end="\n\n", flush=True)
    runs = []
    try:
        for one, picture in peers.measure(plan, folders, device):
            runs.append(one)
            print(f"{one['who']}, {one['seconds']:.0f} s", file=sys.stderr, flush=True)
            images.save(picture, options.out / f"{one['content']}-{one['who']}.png", overwrite=True)
            files.write(options.out / "peers.json", as_json(found | {"runs": runs}), overwrite=True)
    except peers.PeerError as error:
        sys.exit(str(error))
    print(peers.as_table(runs))


def act_frontier(options, device) -> None:
    from benchmarks import frontier, machine, speed_report
    from style_helpers import files

    plan = frontier.QUICK if options.quick else frontier.Plan()
    found = {"machine": machine.facts(device), "plan": dataclasses.asdict(plan)}
    print(speed_report.machine_table(found["machine"]), end="\n\n", flush=True)
    runs = []
    for one in frontier.measure(plan, device):
        runs.append(one)
        print(f"{one['content']} x {one['style_picture']}, {one['preset']}", file=sys.stderr, flush=True)
    print(frontier.as_table(runs))
    files.write(options.out / "frontier.json", as_json(found | {"runs": runs}), overwrite=True)
    files.write(options.out / "frontier.png", frontier.plot(runs), overwrite=True)


def act_hub(options, device) -> None:
    from benchmarks import hub, machine, speed_report
    from style_helpers import files

    plan = hub.Plan(options.students, options.lesson, options.threads, options.quick, options.limit)
    found = {"machine": machine.facts(device), "plan": dataclasses.asdict(plan)}
    print(speed_report.machine_table(found["machine"]), end="\n\n", flush=True)
    try:
        found |= hub.measure(plan)
    except hub.HubError as error:
        sys.exit(str(error))
    print(hub.as_table(plan, found))
    files.write(options.out / "hub.json", as_json(found), overwrite=True)


def act_lessons(options, device) -> None:
    from benchmarks import lessons, machine, speed_report
    from style_helpers import files

    found = {"machine": machine.facts(device), "quick": options.quick}
    try:
        notebooks = lessons.chosen(options.lessons)
        print(speed_report.machine_table(found["machine"]), end="\n\n", flush=True)
        measured = []
        for one in lessons.measure(notebooks, options.quick):
            measured.append(one)
            print(one["lesson"], file=sys.stderr, flush=True)
    except lessons.LessonError as error:
        sys.exit(str(error))
    print(lessons.as_table(measured))
    files.write(options.out / "lessons.json", as_json(found | {"lessons": measured}), overwrite=True)


def as_json(found: dict) -> bytes:
    return (json.dumps(found, indent=1) + "\n").encode()


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark; returns the exit code: 0 done, 1 it could not be done, 2 bad input, 130 Ctrl-C."""
    options = build_parser().parse_args(arguments)
    from style_helpers import devices, files, weights
    from style_helpers.settings import SettingsError

    try:
        device = devices.choose(options.device)
        options.out.mkdir(parents=True, exist_ok=True)
        files.check(options.out / f"{options.command}.json", (".json",), overwrite=True)
    except (SettingsError, files.FileError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The folder {files.quote(options.out)} cannot be made: {error.strerror}.", file=sys.stderr)
        return 2
    try:
        options.act(options, device)
    except (weights.WeightsError, files.FileError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped before the end; nothing was written.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
