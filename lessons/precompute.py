"""Make what panels show at once: python lessons/precompute.py [inversion | tradeoff | beforeafter | painter | wall] ...

inversion    lesson 03: two photos, each rebuilt from noise at five layers (some two minutes on two cores)
tradeoff     lesson 06: six pairs of pictures, each with five style weights (some two minutes)
beforeafter  lesson 07: two pairs of pictures, each by ten recipes (two to eight minutes)
painter      lesson 09: the network of its file `painter.READY`, trained as in the lesson (some three minutes)
wall         lesson 10: two pairs of pictures, each by four statistics (about one minute)

Nothing said: all of them. The pictures come from the project's own (images/CREDITS.md) and go to images/panels as JPEG.
images/panels/index.json lists them, with the settings and what was measured on each file as it is written there.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator

import torch

from style_helpers import files, images, networks, painter, transfer
from style_helpers.panels import before_after, inversion, tradeoff, wall
from style_helpers.panels.bundled import FOLDER, SIZE, begin, load
from style_helpers.panels.panel import as_jpeg
from style_helpers.settings import QUICK, Settings


def jobs_of_inversion() -> Iterator[tuple]:
    """For each picture: what it is, its content, its style, its settings, what is measured."""
    for photo in inversion.PHOTOS:
        content = load(photo)
        for layer in inversion.LAYERS:
            what = {"content": photo.name, "layer": layer}
            yield what, content, content, inversion.settings(layer), inversion.measure


def jobs_of_tradeoff() -> Iterator[tuple]:
    for content_path in tradeoff.CONTENTS:
        for style_path in tradeoff.STYLES:
            content, style = load(content_path), load(style_path)
            for weight in tradeoff.WEIGHTS:
                what = {"content": content_path.name, "style": style_path.name, "weight": weight}
                yield what, content, style, tradeoff.settings(weight), tradeoff.measure


def jobs_of_before_after() -> Iterator[tuple]:
    for content_path, style_path in before_after.PAIRS:
        content, style = load(content_path), load(style_path)
        for made, recipe in before_after.RECIPES.items():
            what = {"content": content_path.name, "style": style_path.name, "made": made}
            yield what, content, style, recipe.settings(), before_after.measure


def jobs_of_wall() -> Iterator[tuple]:
    for content_path, style_path in wall.PAIRS:
        content, style = load(content_path), load(style_path)
        for statistic in wall.STATISTICS:
            what = {"content": content_path.name, "style": style_path.name, "statistic": statistic}
            yield what, content, style, wall.settings(statistic), wall.measure


def recipes() -> dict[str, dict]:
    """For each recipe of lesson 07 the settings in which it differs from plain Gatys."""
    plain = vars(before_after.RECIPES["gatys"].settings())
    return {
        made: {name: value for name, value in vars(recipe.settings()).items() if value != plain[name]}
        for made, recipe in before_after.RECIPES.items()
    }


KINDS = {  # its pictures, its preset (or what each recipe changes), the settings that differ from picture to picture
    "inversion": (jobs_of_inversion, "gatys", {"content_layers"}),
    "tradeoff": (jobs_of_tradeoff, "fine", {"style_weight"}),
    "beforeafter": (jobs_of_before_after, recipes(), set().union(*recipes().values())),
    "wall": (jobs_of_wall, "fine", {"statistic"}),
}


def make(kind: str):
    """Computes the pictures of one kind, then writes them all: interrupted before, everything stays as it was."""
    jobs, preset, varied = KINDS[kind]
    began, listed, jpegs = time.monotonic(), [], {}
    for what, content, style, settings, measure in jobs():
        run = begin(content, style, settings)
        for _ in run:
            pass
        jpeg = as_jpeg(run.result().picture)
        stem = "-".join(str(value).removesuffix(".jpg") for value in what.values())
        entry = what | {"file": f"{kind}-{stem}.jpg", "sha256": hashlib.sha256(jpeg).hexdigest()}
        entry |= {name: round(value, 4) for name, value in measure(images.load(jpeg), content, style).items()}
        jpegs[entry["file"]] = jpeg
        listed.append(entry)
        print(f"{time.monotonic() - began:5.0f} s  {entry['file']}: {len(jpeg) / 1000:.0f} kB", flush=True)
    for name, jpeg in jpegs.items():
        files.write(FOLDER / name, jpeg, overwrite=True)
    _list(kind, {"settings": described(settings, preset, varied), "pictures": listed})


def described(settings: Settings, preset: str | dict, varied: set[str]) -> dict:
    """What all pictures of a kind have in common, as JSON can hold it."""
    fixed = {name: value for name, value in vars(settings).items() if name not in varied}
    return json.loads(json.dumps({"preset": preset, "size": SIZE} | fixed))


def _list(kind: str, pictures: dict):
    """Writes the index anew, with the other kinds as they were, and removes pictures that nobody lists any more."""
    path = FOLDER / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        index = {}
    index = {"made by": "python lessons/precompute.py", "made from": "the pictures in images/CREDITS.md"} | index
    index[kind] = pictures
    files.write(path, json.dumps(index, indent=1).encode() + b"\n", overwrite=True)
    kept = {each["file"] for each in pictures["pictures"]}
    for file in FOLDER.glob(f"{kind}-*.jpg"):
        if file.name not in kept:
            file.unlink()


def make_painter():
    """Trains a painter for the Great Wave on three photographs, as lesson 09 does, and keeps it."""
    torch.manual_seed(0)
    paints = painter.Painter()
    school = [images.load(images.CONTENT / f"{name}.jpg", 192) for name in ("astronaut", "chelsea-the-cat", "flower")]
    style = images.load(images.STYLE / "hokusai-great-wave.jpg", 256)
    training = painter.Training(paints.to(style.device), school, style, networks.load("vgg16"), painter.SETTINGS)
    for _ in transfer.progress(training):
        pass
    paints.save(FOLDER / painter.READY.name)


if __name__ == "__main__":
    asked = sys.argv[1:] or [*KINDS, "painter"]
    if set(asked) - {*KINDS, "painter"}:
        sys.exit(f"Say {', '.join(KINDS)}, painter, or nothing for all of them, not {' '.join(asked)}.")
    os.environ.pop(QUICK, None)  # what is bundled is always computed in full
    FOLDER.mkdir(exist_ok=True)
    for each in asked:
        make_painter() if each == "painter" else make(each)
