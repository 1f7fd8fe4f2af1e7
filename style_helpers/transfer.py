"""The runner: gradient descent on the pixels, one evaluation at a time. The loop is in `Run._minimise`."""

import math
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from tqdm.auto import tqdm

from style_helpers import networks
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings


@dataclass(frozen=True)
class Losses:
    """The weighted terms of one evaluation as numbers, by name, such as {"content relu4_2": 1.2, ...}."""

    terms: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.terms.values())

    @property
    def content(self) -> float:
        return self._sum("content ")

    @property
    def style(self) -> float:
        return self._sum("style ")

    def _sum(self, beginning: str) -> float:
        return sum(value for name, value in self.terms.items() if name.startswith(beginning))


@dataclass(frozen=True)
class Evaluation:
    """The numbers of one evaluation of the objective and its gradient."""

    evaluation: int  # from 1
    scale: int  # shorter side of the picture, pixels
    seconds: float  # since the run began, without pauses
    losses: Losses


@dataclass(frozen=True)
class Step(Evaluation):
    """One evaluation and a copy of the picture it looked at: (1, 3, H, W), 0 to 1. The losses are of that picture."""

    picture: Tensor


@dataclass(frozen=True)
class Result:
    """How a run ended: the picture with the lowest total, (1, 3, H, W), 0 to 1, and the numbers of every evaluation."""

    picture: Tensor
    history: tuple[Evaluation, ...]
    ended: str  # one sentence: why


def run(objective: StyleObjective, start: Tensor | None = None, evaluations: int | None = None) -> "Run":
    """Minimise an objective over the pixels; iterate over what this returns to get a `Step` for each evaluation.

    start        (1, 3, H, W), the content picture's size; it is copied. None begins as the settings say
    evaluations  how often the objective and its gradient are computed. None takes the settings' number
    """
    return Run(objective, start, evaluations)


def stylize(content: Tensor, style: Tensor, settings: Settings | None = None) -> Result:
    """The whole of it in one line: `content`'s things in the manner of `style`, with a progress bar.

    content, style: (1, 3, H, W) of any two sizes, 0 to 1. settings: `Settings.gatys()` when None.
    """
    settings = settings or Settings.gatys()
    network = networks.load(settings.network) if settings.network else networks.default()
    descent = run(StyleObjective(network, content, style, settings))
    for _ in progress(descent):
        pass
    return descent.result()


def progress(descent: "Run") -> Iterator[Step]:
    """The steps of a run, with a bar that shows the evaluation, the total, and the time left."""
    with tqdm(total=descent.evaluations, unit="evaluation", dynamic_ncols=True) as bar:
        for step in descent:
            bar.set_postfix_str(f"total {step.losses.total:.4g}", refresh=False)
            bar.update()
            yield step


def starting_picture(content: Tensor, settings: Settings) -> Tensor:
    """A copy of the content picture, or noise of its size: even from 0 to 1; normal for the seed tutorial, as there."""
    if settings.start == "content":
        return content.detach().clone()
    generator = torch.Generator().manual_seed(settings.seed)  # on the CPU: the same noise on every device
    draw = torch.randn if settings.pixel_range == "closure" else torch.rand
    return draw(content.shape, generator=generator).to(content)


class Run:
    """An iterator of `Step`s. `pause`, `resume` and `stop` may be called from any thread and act within one evaluation.

    After it, or in the middle of it: `result()` for what was reached, `best` for the step with the lowest total (None
    before the first), and `ended`, one sentence that says why it ended (empty while it goes on).
    """

    def __init__(self, objective: StyleObjective, start: Tensor | None = None, evaluations: int | None = None):
        settings = objective.settings
        if evaluations is not None:
            settings = settings.replace(evaluations=evaluations)
        if start is None:
            start = starting_picture(objective.content, settings)
        if start.shape != objective.content.shape:
            raise ValueError(
                f"The start has shape {tuple(start.shape)} but the content picture {tuple(objective.content.shape)}: "
                "give a start of the content picture's size."
            )
        self.objective, self.settings, self.evaluations = objective, settings, settings.evaluations
        self.best: Step | None = None
        self.history: list[Evaluation] = []
        self.ended = ""
        self._start = start.detach().to(objective.content).clone()
        self._stopping, self._going = threading.Event(), threading.Event()  # asked to stop; not paused
        self._going.set()
        self._steps = self._minimise()

    def __iter__(self) -> Iterator[Step]:
        return self

    def __next__(self) -> Step:
        return next(self._steps)

    def stop(self):
        """End after the evaluation under way; what was reached is kept."""
        self._stopping.set()
        self._going.set()

    def pause(self):
        """Wait after the evaluation under way until `resume` or `stop`."""
        self._going.clear()

    def resume(self):
        self._going.set()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._stopping.is_set()

    def result(self) -> Result:
        picture = self.best.picture if self.best else self._start.clamp(0, 1)
        return Result(picture, tuple(self.history), self.ended)

    def _minimise(self) -> Iterator[Step]:
        picture = self._start.clone().requires_grad_()
        optimizer = _optimizer(picture, self.settings)
        clock = _Clock()

        def closure() -> Tensor:
            nonlocal terms, seen
            if self.settings.pixel_range == "closure":  # the seed's way: L-BFGS is not told
                picture.data.clamp_(0, 1)
            seen = picture.detach().clamp(0, 1)
            optimizer.zero_grad()
            terms = self.objective(picture)
            total = sum(terms.values())
            if self.settings.arithmetic == "seed":
                for term in terms.values():
                    term.backward(retain_graph=True)
            else:
                total.backward()
            return total

        for evaluation in range(1, self.evaluations + 1):
            terms = seen = None
            optimizer.step(closure)  # one evaluation, then one move
            if self.settings.pixel_range == "clamp":
                picture.data.clamp_(0, 1)
            step = Step(evaluation, min(seen.shape[-2:]), clock.seconds(), Losses(_numbers(terms)), seen)
            if not self._take(step):
                return
            yield step
            clock.wait(self._going)
            if self.stopping:
                self.ended = f"Stopped after {evaluation} of {self.evaluations} evaluations."
                return
        self.ended = f"All {self.evaluations} evaluations are done."

    def _take(self, step: Step) -> bool:
        """Keep a step's losses, and the step if it is the best; False when a term is not a finite number."""
        broken = [name for name, value in step.losses.terms.items() if not math.isfinite(value)]
        if broken:
            self.ended = (
                f"Ended at evaluation {step.evaluation}, because the term {broken[0]!r} is no longer a finite number: "
                "a smaller weight or learning rate helps."
            )
            warnings.warn(self.ended, RuntimeWarning, stacklevel=4)
            return False
        self.history.append(Evaluation(step.evaluation, step.scale, step.seconds, step.losses))
        if self.best is None or step.losses.total < self.best.losses.total:
            self.best = step
        return True


class _Clock:
    """Seconds since it was made, without the time spent waiting."""

    def __init__(self):
        self._began = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def wait(self, going: threading.Event):
        before = time.perf_counter()
        going.wait()
        self._began += time.perf_counter() - before


def _optimizer(picture: Tensor, settings: Settings) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        return torch.optim.Adam([picture], lr=settings.learning_rate)
    # One evaluation a call, so that the loop sees each of them. Its memory of 100 earlier moves outlives the call:
    # the moves are those of torch's default of 20 evaluations a call.
    # torch's tolerances are absolute, so that with small weights it would stand still; only the seed's run keeps them.
    tolerances = {} if settings.arithmetic == "seed" else {"tolerance_grad": 0, "tolerance_change": 0}
    return torch.optim.LBFGS([picture], lr=settings.learning_rate, max_iter=1, **tolerances)


def _numbers(terms: dict[str, Tensor]) -> Mapping[str, float]:
    values = torch.stack([term.detach() for term in terms.values()]).tolist()  # one transfer from a GPU, not one a term
    return MappingProxyType(dict(zip(terms, values, strict=True)))
