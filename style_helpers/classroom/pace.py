"""How fast this machine computes, measured, and the minutes that each lesson takes on it."""

import statistics
import time

import torch
from tqdm import tqdm

from style_helpers import devices, networks
from style_helpers.language import _
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

SECONDS = 20  # that `measure` takes
SIZE = 128  # pixels; a measured evaluation is of `gatys`, and its pictures are square

# Seconds that the reference machine computes in each lesson: `python -m benchmarks lessons`, November 2026. Those of 09
# and 10 are reckoned: 222 and 129 s on a machine where `measure` found 4.2 times the reference's milliseconds.
LESSON_SECONDS = {"00": 39, "01": 24, "02": 14, "03": 106, "04": 42, "05": 57, "06": 125, "07": 165, "08": 59}
LESSON_SECONDS |= {"09": 55, "10": 30}
# The lessons that call the network by hand, in float32; the others mostly leave the number format to `transfer`.
BY_HAND = ("01", "02", "03", "04")

# The networks and number formats that are measured, each with its part of the time.
MEASURED = {"vgg16": ("auto", 0.45), "vgg16 in float32": ("fp32", 0.45), "alexnet": ("auto", 0.1)}
# What `measure` found on the reference machine: two cores of an Intel Xeon with bfloat16, two threads. Two runs, with
# little else at work: 44.8, 100.9 and 11.6 ms; 45, 100 and 12 ms.
REFERENCE_MS = {"vgg16": 45.0, "vgg16 in float32": 100.0, "alexnet": 12.0}


def measure(seconds: float = SECONDS) -> dict[str, float]:
    """Milliseconds an evaluation of the `gatys` objective takes at 128 pixels, by the names of `MEASURED`.

    Takes about `seconds`, where the lessons compute: on `devices.choose()`, with as many threads as torch has now; a
    bar shows how long it still goes on. Raises weights.WeightsError where a network's weights are not in reach.
    """
    devices.keep_freed_memory()  # as every run does
    objectives = {name: _objective(name.partition(" ")[0], precision) for name, (precision, _part) in MEASURED.items()}
    times = {name: [] for name in MEASURED}
    began = now = time.perf_counter()
    layout = _("Measuring this machine: {bar} {n:.0f}/{total:.0f} s")
    with tqdm(total=seconds, bar_format=layout, leave=False) as bar:
        while now - began < seconds or min(map(len, times.values())) < 5:
            # In turns, so that another program's busy moment falls on all of them
            name = min(MEASURED, key=lambda name: sum(times[name]) / MEASURED[name][1])
            _evaluate(objectives[name])
            before, now = now, time.perf_counter()
            times[name].append(now - before)
            bar.update(min(now - before, seconds - bar.n))  # tqdm warns of more than the whole
    return {name: 1000 * statistics.median(found[2:]) for name, found in times.items()}  # without two that warm up


def lesson_seconds(measured: dict[str, float]) -> dict[str, float]:
    """Seconds of computing in each lesson on a machine that was measured: the reference machine's, in proportion."""
    kinds = {lesson: "vgg16 in float32" if lesson in BY_HAND else "vgg16" for lesson in LESSON_SECONDS}
    return {
        lesson: seconds * measured[kinds[lesson]] / REFERENCE_MS[kinds[lesson]]
        for lesson, seconds in LESSON_SECONDS.items()
    }


def _objective(network: str, precision: str) -> StyleObjective:
    # What is in a picture does not change the time
    content, style = torch.rand(2, 1, 3, SIZE, SIZE).to(devices.choose())
    return StyleObjective(networks.load(network), content, style, Settings.gatys(network=network, precision=precision))


def _evaluate(objective: StyleObjective):
    picture = objective.content.clone().requires_grad_()
    sum(objective(picture).values()).backward()
    picture.grad.sum().item()  # a GPU works on after the call: its number is there when it is done
