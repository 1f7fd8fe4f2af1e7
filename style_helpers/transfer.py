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

from style_helpers import devices, networks
from style_helpers.objective import StyleObjective, fit
from style_helpers.settings import Settings, shortened

LBFGS_MEMORY = 20  # moves that L-BFGS learns from


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


@dataclass(frozen=True)
class State:
    """Where a run stands: enough to go on from there with the numbers of a run that was never interrupted."""

    picture: Tensor  # of the present scale, not clamped
    optimizer: dict  # what it has learned, under torch's own names
    best: Step | None
    history: tuple[Evaluation, ...]


def run(objective: StyleObjective, start: Tensor | None = None, evaluations: int | None = None) -> "Run":
    """Minimise an objective over the pixels; iterate over what this returns to get a `Step` for each evaluation.

    start        (1, 3, H, W), the content picture's size; it is copied. None begins as the settings say
    evaluations  how often the objective and its gradient are computed. None takes the settings' number. In quick
                 mode (`settings.shortened`) there are fewer
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
    layout = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} evaluations{postfix}"
    with tqdm(total=descent.evaluations, initial=len(descent.history), bar_format=layout, dynamic_ncols=True) as bar:
        for step in descent:
            left = descent.seconds_left()
            time_left = "" if left is None else f", {tqdm.format_interval(left)} left"
            bar.set_postfix_str(f"total {step.losses.total:.4g}{time_left}", refresh=False)
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
    """An iterator of `Step`s. `pause`, `resume`, `stop` and `change` may be called from any thread.

    They act within one evaluation. After the run, or in the middle of it: `result()` for what was reached, `best` for
    the step with the lowest total at the present scale (None before the first), `state()` to go on another day, and
    `ended`, one sentence that says why it ended (empty while it goes on).
    """

    def __init__(self, objective: StyleObjective, start: Tensor | None = None, evaluations: int | None = None):
        settings = objective.settings
        if evaluations is not None:
            settings = settings.replace(evaluations=evaluations)
        settings = settings.replace(evaluations=shortened(settings.evaluations, least=max(2, len(settings.scales))))
        if start is None:
            start = starting_picture(objective.content, settings)
        if start.shape != objective.content.shape:
            raise ValueError(
                f"The start has shape {tuple(start.shape)} but the content picture {tuple(objective.content.shape)}: "
                "give a start of the content picture's size."
            )
        check_memory(objective)
        devices.keep_freed_memory()
        self.objective, self.settings, self.evaluations = objective, settings, settings.evaluations
        self.best: Step | None = None
        self.history: list[Evaluation] = []
        self.ended = ""
        self._picture = start.detach().to(objective.content).clone()
        self._optimizer = self._optimizer_state = None  # the state is that of a run that is taken up again
        self._clock = _Clock()
        self._changes: dict[str, float] = {}
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

    def change(self, **weights: float):
        """Go on with another style_weight, content_weight or total_variation, from the next evaluation on."""
        self.settings.replace(**weights)  # refuses what cannot be used, here and not in the loop
        self._changes |= weights

    @property
    def stopping(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._stopping.is_set()

    def result(self) -> Result:
        reached = self.best.picture if self.best else self._picture.detach()
        picture = self.objective.finished(fit(reached, *self.objective.content.shape[-2:]))
        return Result(picture, tuple(self.history), self.ended)

    def _minimise(self) -> Iterator[Step]:
        for scale, end in self._plan():
            if len(self.history) >= end:
                continue
            objective, optimizer = self._begin(scale)
            while len(self.history) < end:
                step = self._try(objective, optimizer)
                if step is None:
                    warnings.warn(self.ended, RuntimeWarning, stacklevel=3)
                    return
                yield step
                self._clock.wait(self._going)
                if self.stopping:
                    self.ended = f"Stopped after {step.evaluation} of {self.evaluations} evaluations."
                    return
                if self._changes:
                    self._apply_changes()
                    objective, optimizer = self._begin(scale)
        self.ended = f"All {self.evaluations} evaluations are done."

    def _plan(self) -> list[tuple[float, int]]:
        return plan(self.settings, self.objective.smallest_scale)

    def _begin(self, scale: float) -> tuple[StyleObjective, torch.optim.Optimizer]:
        """The objective at one scale, the picture brought to its size, and an optimizer for it."""
        objective = self.objective.at(scale)
        before, size = self._picture.shape[-2:], objective.content.shape[-2:]
        state, self._optimizer_state = self._optimizer_state, None
        if before != size:
            if state is None and self._optimizer:
                state = self._optimizer.state[self._picture]
            state = _resized(state, size) if self.settings.carry and state else None
        self._picture = self._grown(objective.content).requires_grad_()
        self._optimizer = _optimizer(self._picture, self.settings, state)
        if before != size:
            self.best = None  # totals at two scales cannot be compared
        return objective, self._optimizer

    def _grown(self, content: Tensor) -> Tensor:
        """The picture at another scale's size. What enlarging cannot know, the content's fine detail, is put in anew.

        This is one level of a Laplacian pyramid, as Kolkin et al. begin their scales ("STROTSS", CVPR 2019, section
        3): it keeps the content in place without another evaluation. A run from noise must find the detail by itself.
        """
        before, size = self._picture.shape[-2:], content.shape[-2:]
        grown = fit(self._picture.detach(), *size).clone()
        if self.history and before != size and self.settings.start == "content":
            grown += content - fit(fit(content, *before), *size)
        return grown

    def _evaluate(self, objective: StyleObjective, optimizer: torch.optim.Optimizer) -> Step:
        """One evaluation and one move. The step shows the picture that was evaluated, not the one moved to."""
        picture, settings = self._picture, self.settings
        terms, seen = {}, None

        def closure() -> Tensor:
            nonlocal terms, seen
            if settings.pixel_range == "closure":  # the seed's way: L-BFGS is not told
                picture.data.clamp_(0, 1)
            seen = objective.finished(picture)
            optimizer.zero_grad()
            terms = objective(picture)
            total = sum(terms.values())
            if settings.arithmetic == "seed":
                for term in terms.values():
                    term.backward(retain_graph=True)
            else:
                total.backward()
            return total.detach()

        optimizer.step(closure)
        if settings.pixel_range == "clamp":
            picture.data.clamp_(0, 1)
        scale = min(seen.shape[-2:])
        return Step(len(self.history) + 1, scale, self._clock.seconds(), Losses(_numbers(terms)), seen)

    def _try(self, objective: StyleObjective, optimizer: torch.optim.Optimizer) -> Step | None:
        """One evaluation, kept in the history and perhaps as the best; None, and why in `ended`, when it cannot be."""
        where = f"Ended at evaluation {len(self.history) + 1}, because"
        try:
            step = self._evaluate(objective, optimizer)
        except KeyboardInterrupt:
            self.ended = f"{where} you interrupted it."
            return None
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            self.ended = f"{where} the memory of this machine is used up: a smaller size helps."
            return None
        broken = [name for name, value in step.losses.terms.items() if not math.isfinite(value)]
        if broken:
            self.ended = f"{where} the term {broken[0]!r} is no longer a finite number: a smaller weight helps."
            return None
        self.history.append(Evaluation(step.evaluation, step.scale, step.seconds, step.losses))
        if self.best is None or step.losses.total < self.best.losses.total:
            self.best = step
        return step

    def seconds_left(self) -> float | None:
        """Estimated from the last two evaluations, other scales by their number of points; None before that."""
        if len(self.history) < 2:
            return None
        before, last = self.history[-2:]
        points = [scale**2 for scale in _scale_of_each(self._plan())]
        done = len(self.history)
        return (last.seconds - before.seconds) / points[done - 1] * sum(points[done:])

    def _apply_changes(self):
        changes, self._changes = self._changes, {}
        self.settings = self.settings.replace(**changes)
        self.objective = self.objective.with_settings(self.settings)
        self.best = None  # totals under two weights cannot be compared

    def state(self) -> State:
        """Where the run stands, for `saved.save`. Ask between two steps, in a pause, or at the end."""
        optimizer = dict(self._optimizer.state[self._picture]) if self._optimizer else {}
        return State(self._picture.detach(), optimizer, self.best, tuple(self.history))

    @classmethod
    def from_state(cls, objective: StyleObjective, state: State) -> "Run":
        """The run that goes on from there."""
        descent = cls(objective)
        descent._picture, descent._optimizer_state = state.picture, state.optimizer
        descent.best, descent.history = state.best, list(state.history)
        descent._clock = _Clock(already=state.history[-1].seconds if state.history else 0.0)
        return descent


def check_memory(objective: StyleObjective):
    """Raises ValueError, with the largest size that fits, for a run that this machine has no memory for."""
    height, width = objective.content.shape[-2:]
    moves = LBFGS_MEMORY if objective.settings.arithmetic == "fast" else 100
    needed = objective.network.memory_needed(height, width) + (2 * moves + 8) * 3 * height * width * 4
    needed = int(1.1 * needed)  # measured: 1.79 GB where 1.72 were estimated (VGG-16, 768 pixels, float32)
    free = devices.free_memory(objective.content.device)
    if needed > free:
        fits = int(min(height, width) * math.sqrt(free / needed))
        raise ValueError(
            f"A picture of {width} x {height} pixels needs about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
            f"free: with the shorter side at {fits} pixels it fits."
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says, in the words of Python, of a GPU or of torch's CPU allocator, that memory is used up."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error)


def plan(settings: Settings, smallest_scale: float = 0.0) -> list[tuple[float, int]]:
    """Each scale and the evaluation at which it ends. The next scale takes over the evaluations of one too small."""
    scales, share = [], 0.0
    for scale, part in zip(settings.scales, settings.shares, strict=True):
        share += part
        if scale >= smallest_scale or scale == 1:
            scales.append((scale, round(share * settings.evaluations)))
    return scales


def _scale_of_each(ends: list[tuple[float, int]]) -> list[float]:
    """The scale of every evaluation of a run, in order."""
    scales, begin = [], 0
    for scale, end in ends:
        scales += [scale] * (end - begin)
        begin = max(begin, end)
    return scales


class _Clock:
    """Seconds since it was first asked, without the time spent waiting."""

    def __init__(self, already: float = 0.0):
        self._began = time.perf_counter() - already

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def wait(self, going: threading.Event):
        before = time.perf_counter()
        going.wait()
        self._began += time.perf_counter() - before


def _optimizer(picture: Tensor, settings: Settings, state: dict | None) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        optimizer = torch.optim.Adam([picture], lr=settings.learning_rate)
    else:
        # One evaluation a call, so that the loop sees each of them. Its memory of earlier moves outlives the call: the
        # moves are those of torch's default of 20 evaluations a call. torch's tolerances are absolute, so that with
        # small weights it would stand still, and its 100 earlier moves are 2.5 GB at 1024 pixels; only the seed's run
        # keeps them.
        ours = {"tolerance_grad": 0, "tolerance_change": 0, "history_size": LBFGS_MEMORY}
        memory = {} if settings.arithmetic == "seed" else ours
        optimizer = torch.optim.LBFGS([picture], lr=settings.learning_rate, max_iter=1, **memory)
    if state:
        optimizer.state[picture] = state
    return optimizer


def _resized(state: dict, size: torch.Size) -> dict:
    """Adam's averages, which have the picture's shape, brought to another size."""
    return {name: fit(value, *size) if value.ndim == 4 else value for name, value in state.items()}


def _numbers(terms: dict[str, Tensor]) -> Mapping[str, float]:
    values = torch.stack([term.detach() for term in terms.values()]).tolist()  # one transfer from a GPU, not one a term
    return MappingProxyType(dict(zip(terms, values, strict=True)))
