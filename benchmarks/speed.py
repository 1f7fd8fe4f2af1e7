"""How fast an evaluation is, how the time grows, and how soon the old tutorial's loss is reached, against its code."""

import copy
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import machine, memory, pictures
from benchmarks.old_tutorial import Descent
from style_helpers import networks, transfer
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

LITERAL, TRIMMED = "the old tutorial, word for word", "the old tutorial, one backward and trimmed"
ENDLESS = 100_000


@dataclass(frozen=True)
class Plan:
    """What is measured; `quick` is the same in miniature, for a test of the benchmark itself."""

    sizes: tuple[int, ...] = (128, 256, 512)
    deep_sizes: tuple[int, ...] = (256, 512)
    growth_sizes: tuple[int, ...] = (128, 256, 512, 1024)
    alexnet_size: int = 128
    race_size: int = 256
    race_evaluations: int = 320  # 300 in the old tutorial's text, rounded up to whole calls of L-BFGS
    peak_side: int = machine.PEAK_SIDE
    repeats: int = 7


QUICK = Plan((32, 48), (32,), (32, 48, 64), 64, 32, 20, 128, 1)


def measure(plan: Plan, device: torch.device) -> Iterator[tuple[str, dict | list]]:
    """Each section's name and figures, as soon as it has been measured."""
    network = networks.load("vgg16")
    yield "peak", machine.peaks(device, plan.peak_side, max(plan.repeats, 3))
    tutorial = [at_size(network, size, plan, device, against_tutorial=True) for size in plan.sizes]
    yield "tutorial", list(itertools.chain(*tutorial))
    deep = [at_size(network, size, plan, device, against_tutorial=False) for size in plan.deep_sizes]
    yield "gatys", list(itertools.chain(*deep))
    yield "growth", growth(network, plan, device)
    yield "memory", memory.measure(plan.growth_sizes[-1], device)
    yield "alexnet", alexnet(plan, device)
    yield "race", race(network, plan, device)


def at_size(network, size: int, plan: Plan, device, against_tutorial: bool) -> list[dict]:
    """Rows of seconds an evaluation at one size: `tutorial` maths beside the tutorial's own code, or `gatys` alone."""
    content, style = pictures.squares(size, device)
    settings = tutorial_settings() if against_tutorial else Settings.gatys()
    turns = tutorial_turns(content, style, device) if against_tutorial else {}
    objective = None
    for precision in machine.precisions(device):
        objective = StyleObjective(network, content, style, settings.replace(precision=precision))
        turns[f"ours, {precision}"] = evaluations_of(objective)
        turns[f"product, {precision}"] = machine.product(precision, plan.peak_side, device)
    rounds = plan.repeats * max(1, plan.sizes[-1] // size)  # small pictures are quick, and their times less steady
    seconds = machine.paired(turns, rounds, device)
    work = operations(objective)
    literal = statistics.median(seconds[LITERAL]) if against_tutorial else None
    rows = []
    for name, values in seconds.items():
        if not name.startswith("product"):
            precision = name.removeprefix("ours, ") if name.startswith("ours") else "fp32"
            peak = 2 * plan.peak_side**3 / statistics.median(seconds[f"product, {precision}"])
            share = work / statistics.median(values) / peak
            rows.append({"size": size, "who": name} | spread(values) | {"operations": work, "share_of_peak": share})
            rows[-1]["times_as_fast"] = literal / statistics.median(values) if literal else None
    return rows


def tutorial_settings() -> Settings:
    """The old tutorial's mathematics, with the penalty in place of its clamp."""
    return Settings.tutorial(pixel_range="penalty", evaluations=ENDLESS)


def tutorial_turns(content: Tensor, style: Tensor, device) -> dict[str, Callable[[], None]]:
    literal, trimmed = tutorial_descents(content, style, device, evaluations_a_step=1)
    return {LITERAL: literal.step, TRIMMED: trimmed.step}


def tutorial_descents(content: Tensor, style: Tensor, device, **choices) -> tuple[Descent, Descent]:
    """Word for word, where the network gathers gradients of its weights, and trimmed, where they are frozen."""
    layers = pictures.torchvision_layers(device)
    frozen = copy.deepcopy(layers).requires_grad_(False)
    return (
        Descent(layers, content, style, content, **choices),
        Descent(frozen, content, style, content, trimmed=True, **choices),
    )


def evaluations_of(objective: StyleObjective) -> Callable[[], None]:
    """A function that does one evaluation and the optimizer's move, each time it is called."""
    descent = transfer.Run(objective, evaluations=ENDLESS)

    def turn():
        next(descent)

    return turn


def spread(seconds: list[float]) -> dict[str, float]:
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}


@torch.no_grad()
def operations(objective: StyleObjective) -> int:
    """Floating-point operations that one evaluation cannot do without: a multiplication and an addition are two.

    The convolutions forward, and once more for the gradient of their input; one product of matrices forward and one
    backward for each Gram matrix. ReLU, pooling, means and the optimizer are not counted.
    """
    convolutions = []

    def count(module, inputs, output):
        convolutions.append(2 * output.numel() * module.in_channels * module.kernel_size[0] * module.kernel_size[1])

    hooks = [
        module.register_forward_hook(count)
        for module in objective.network.body.values()
        if isinstance(module, nn.Conv2d)
    ]
    features = objective.network(objective.content)
    for hook in hooks:
        hook.remove()
    grams = [2 * features[layer].numel() * features[layer].shape[1] for layer in objective.settings.style_layers]
    return 2 * sum(convolutions) + 2 * sum(grams)


def growth(network, plan: Plan, device) -> dict:
    """Seconds of a `gatys` evaluation against pixels: log(seconds) = exponent log(pixels) + constant, least squares."""
    turns = {}
    for size in plan.growth_sizes:
        objective = StyleObjective(network, *pictures.squares(size, device), Settings.gatys())
        turns[str(size)] = evaluations_of(objective)
    rows = [
        {"size": int(size)} | spread(seconds)
        for size, seconds in machine.paired(turns, min(plan.repeats, 5), device).items()
    ]
    pixels = np.log([row["size"] ** 2 for row in rows])
    exponent = np.polyfit(pixels, np.log([row["median"] for row in rows]), 1)[0]
    return {"rows": rows, "exponent": float(exponent)}


def alexnet(plan: Plan, device) -> list[dict]:
    """Evaluations a second with AlexNet's five style layers and one content layer."""
    network = networks.load("alexnet")
    pair = pictures.squares(plan.alexnet_size, device)
    turns = {}
    for precision in machine.precisions(device):
        settings = Settings.gatys(network="alexnet", precision=precision)
        turns[precision] = evaluations_of(StyleObjective(network, *pair, settings))
    found = machine.paired(turns, 10 * plan.repeats, device)
    return [
        {"size": plan.alexnet_size, "precision": precision, "a_second": 1 / statistics.median(seconds)}
        | spread(seconds)
        for precision, seconds in found.items()
    ]


@dataclass
class Racer:
    """One descent of the race: its clock, and the old tutorial's total of its picture at some of its evaluations."""

    who: str
    seconds: list[float]
    evaluations: list[int]
    totals: list[float]

    def reached(self, target: float) -> dict:
        """When the total first was at or below the target; None when it never was."""
        for seconds, evaluation, total in zip(self.seconds, self.evaluations, self.totals, strict=True):
            if total <= target:
                return {"seconds_to_target": seconds, "evaluations_to_target": evaluation}
        return {"seconds_to_target": None, "evaluations_to_target": None}


def race(network, plan: Plan, device) -> dict:
    """Who reaches the old tutorial's final total first. All take turns of 20 evaluations, each on its own clock."""
    content, style = pictures.squares(plan.race_size, device)
    descents = dict(zip((LITERAL, TRIMMED), tutorial_descents(content, style, device), strict=True))
    ours = {}
    for precision in machine.precisions(device):
        objective = StyleObjective(network, content, style, tutorial_settings().replace(precision=precision))
        ours[f"ours, {precision}"] = transfer.Run(objective)
    racers = {who: Racer(who, [], [], []) for who in ours}
    judge = descents[TRIMMED].total_of
    for _ in range(plan.race_evaluations // 20):
        for descent in descents.values():
            descent.step()
        for who, descent in ours.items():
            take_turn(racers[who], descent, judge)
    for who, descent in descents.items():
        count = range(1, len(descent.history) + 1)
        racers[who] = Racer(who, descent.seconds, list(count), [sum(scores) for scores in descent.history])
    target = racers[LITERAL].totals[-1]
    for who, descent in ours.items():  # whoever is not there yet may go on, to four times as many evaluations
        while racers[who].totals[-1] > target and racers[who].evaluations[-1] < 4 * plan.race_evaluations:
            take_turn(racers[who], descent, judge)
    return {"size": plan.race_size, "target": target, "runners": results(racers, target)}


def take_turn(racer: Racer, descent: transfer.Run, judge: Callable[[Tensor], float]):
    """20 evaluations; every tenth picture is judged by the tutorial's formula in float32, with the clock stopped."""
    clock = racer.seconds[-1] if racer.seconds else 0.0
    for _ in range(2):
        seconds, step = timed_steps(descent, 10)
        clock += seconds
        racer.seconds.append(clock)
        racer.evaluations.append(step.evaluation)
        racer.totals.append(judge(step.picture))


def timed_steps(descent: transfer.Run, count: int) -> tuple[float, transfer.Step]:
    before = time.perf_counter()
    for _ in range(count):
        step = next(descent)
    machine.wait_for(step.picture.device)
    return time.perf_counter() - before, step


def results(racers: dict[str, Racer], target: float) -> list[dict]:
    """Each runner's curve and its time to the target. The old tutorial, by its own account, is there at its end."""
    rows = []
    for who in sorted(racers, key=[LITERAL, TRIMMED, *racers].index):
        racer = racers[who]
        if who in (LITERAL, TRIMMED):
            there = {"seconds_to_target": racer.seconds[-1], "evaluations_to_target": racer.evaluations[-1]}
        else:
            there = racer.reached(target)
        rows.append(asdict(racer) | there)
    return rows
