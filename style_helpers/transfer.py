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
from style_helpers.images import as_picture, fit
from style_helpers.language import _, plural
from style_helpers.objective import StyleObjective
from style_helpers.settings import LBFGS, Settings, check_kind, shortened


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
    side: int  # the shorter one of the picture, pixels
    seconds: float  # of computing since the run began, without pauses and what the caller did in between
    losses: Losses


@dataclass(frozen=True)
class Step(Evaluation):
    """One evaluation and the picture it looked at, as it is shown: (1, 3, H, W), clamped to 0 to 1.

    The losses are of the picture before it was clamped, and before kept parts and own colours were put back.
    """

    picture: Tensor


@dataclass(frozen=True)
class Result:
    """How a run ended: its best picture, (1, 3, H, W), 0 to 1, and the numbers of every evaluation.

    Best is the lowest total at the last scale and under the last weights: others cannot be compared.
    """

    picture: Tensor
    history: tuple[Evaluation, ...]
    ended: str  # one sentence: why


def stylize(content: Tensor, style: Tensor, settings: Settings | None = None) -> Result:
    """The whole of it in one line: `content`'s things in the manner of `style`, with a progress bar.

    content, style: (1, 3, H, W) of any two sizes, 0 to 1. settings: `Settings.gatys()` when None. A KeyboardInterrupt
    in mid-run has what was reached in its `result`: in a notebook, `sys.last_value.result`.
    """
    settings = Settings.gatys() if settings is None else settings
    check_kind(settings)
    network = networks.load(settings.network) if settings.network else networks.default()
    descent = Run(StyleObjective(network, content, style, settings))
    try:
        for _step in progress(descent):
            pass
    except KeyboardInterrupt as interrupt:
        interrupt.result = descent.result()
        raise
    return descent.result()


def progress(descent: "Run") -> Iterator[Step]:
    """The steps of a run, with a bar that shows the evaluation, the total, and the time left.

    So too those of a `painter.Training`, which has the same `evaluations`, `history` and `seconds_left`.
    """
    layout = _("{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} evaluations{desc}")
    with tqdm(total=descent.evaluations, initial=len(descent.history), bar_format=layout, dynamic_ncols=True) as bar:
        for step in descent:
            total, left = step.losses.total, descent.seconds_left()
            said = _(", total {total:.4g}", total=total)
            if left is not None:
                said = _(", total {total:.4g}, {time} left", total=total, time=tqdm.format_interval(left))
            bar.set_description_str(said, refresh=False)
            bar.update()
            yield step


def starting_picture(content: Tensor, settings: Settings) -> Tensor:
    """A copy of the content picture, or noise of its size: even from 0 to 1; normal for the old tutorial, as there."""
    if settings.start == "content":
        return content.detach().clone()
    generator = torch.Generator().manual_seed(settings.seed)  # on the CPU: the same noise on every device
    draw = torch.randn if settings.pixel_range == "closure" else torch.rand
    return draw(content.shape, generator=generator).to(content)


class Run:
    """Minimises an objective over the pixels: iterate over it to get a `Step` for each evaluation.

    start        a picture of the content picture's size, or noise; it is copied. None begins as the settings say
    evaluations  how often the objective and its gradient are computed. None takes the settings' number. In quick
                 mode (`settings.shortened`) there are fewer

    `pause`, `resume`, `stop` and `change` may be called from any thread; they act within one evaluation. After the run,
    or in the middle of it: `result()` for what was reached, `best` for the step with the lowest total at the present
    scale (None before the first), and `ended`, one sentence that says why it ended (empty while it goes on). A
    KeyboardInterrupt ends it and goes on to the caller.
    """

    def __init__(self, objective: StyleObjective, start: Tensor | None = None, evaluations: int | None = None):
        if not isinstance(objective, StyleObjective):
            raise TypeError(_("A run needs a StyleObjective, not {kind}.", kind=type(objective).__name__))
        settings = objective.settings
        if evaluations is not None:
            settings = settings.replace(evaluations=evaluations)
        settings = settings.replace(evaluations=shortened(settings.evaluations, least=max(2, len(settings.scales))))
        has_detail = start is not None or settings.start == "content"
        if start is None:
            start = starting_picture(objective.content, settings)
        start = as_picture(start, slack=10)  # normal noise goes beyond 0 and 1
        if start.shape != objective.content.shape:
            said = _("The start has shape {shape} but the content picture {needed}: give a start of the content "
                     "picture's size.", shape=tuple(start.shape), needed=tuple(objective.content.shape))  # fmt: skip
            raise ValueError(said)
        devices.keep_freed_memory()
        self.objective, self.settings, self.evaluations = objective, settings, settings.evaluations
        self.best: Step | None = None
        self.history: list[Evaluation] = []
        self.ended = ""
        self._picture = start.detach().to(objective.content).clone()
        self._start = self._picture if has_detail else None
        self._reached = self._picture  # where the best step was, as the optimizer had it
        self._begun: tuple[float, StyleObjective, torch.optim.Optimizer] | None = None  # the scale under way
        self._seconds = 0.0
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

    def change(
        self,
        style_weight: float | None = None,
        content_weight: float | None = None,
        total_variation: float | None = None,
    ):
        """Go on with another weight, from the next evaluation on. Raises SettingsError for one that no run can use."""
        asked = {"style_weight": style_weight, "content_weight": content_weight, "total_variation": total_variation}
        weights = {name: weight for name, weight in asked.items() if weight is not None}
        self.settings.replace(**self._changes | weights)  # refuses what cannot be used, here and not in the loop
        self._changes |= weights

    @property
    def stopping(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._stopping.is_set()

    def result(self) -> Result:
        picture = self.objective.finished(fit(self._reached.detach(), *self.objective.content.shape[-2:]))
        return Result(picture, tuple(self.history), self.ended)

    def _minimise(self) -> Iterator[Step]:
        for scale, end in self._plan():
            while len(self.history) < end:
                step = self._try(scale)
                if step is None:
                    warnings.warn(self.ended, RuntimeWarning, stacklevel=3)
                    return
                yield step
                self._wait()
                if self.stopping:
                    done, asked = step.evaluation, self.evaluations
                    self.ended = _("Stopped after {done} of {asked} evaluations.", done=done, asked=asked)
                    return
        self.ended = plural("The one evaluation is done.", "All {number} evaluations are done.", self.evaluations)

    def _wait(self):
        """Until a pause is over."""
        try:
            self._going.wait()
        except KeyboardInterrupt:
            number = len(self.history)
            self.ended = _("Ended after evaluation {number}, because you interrupted it in a pause.", number=number)
            raise

    def _try(self, scale: float) -> Step | None:
        """One evaluation, kept in the history and perhaps as the best; None, and why in `ended`, when it cannot be."""
        number = len(self.history) + 1
        began = time.perf_counter()
        try:
            try:
                objective, optimizer = self._objective_at(scale)
            except ValueError as error:  # what a change of weights, or another scale, needs is not to be had
                self.ended = _("Ended at evaluation {number}, because it cannot go on: {reason}",
                               number=number, reason=error)  # fmt: skip
                return None
            losses, raw = self._evaluate(objective, optimizer)
            shown = objective.finished(raw)
        except KeyboardInterrupt:
            self.ended = _("Ended at evaluation {number}, because you interrupted it.", number=number)
            raise
        except (MemoryError, RuntimeError) as error:
            if not devices.is_out_of_memory(error):
                raise
            self.ended = _("Ended at evaluation {number}, because the memory of this machine is used up: a smaller "
                           "size helps.", number=number)  # fmt: skip
            return None
        broken = [name for name, value in losses.terms.items() if not math.isfinite(value)]
        if broken:
            self.ended = _("Ended at evaluation {number}, because the term {term!r} is no longer a finite number: a "
                           "smaller weight helps.", number=number, term=broken[0])  # fmt: skip
            return None
        self._seconds += time.perf_counter() - began
        shorter_side = min(raw.shape[-2:])
        step = Step(number, shorter_side, self._seconds, losses, shown)
        self.history.append(Evaluation(number, shorter_side, self._seconds, losses))
        if self.best is None or losses.total < self.best.losses.total:
            self.best, self._reached = step, raw
        return step

    def _evaluate(self, objective: StyleObjective, optimizer: torch.optim.Optimizer) -> tuple[Losses, Tensor]:
        """One evaluation and one move. Returns the losses, and the picture that was evaluated, not the one moved to."""
        picture, pixel_range = self._picture, self.settings.pixel_range
        terms, seen = {}, picture

        def closure() -> Tensor:
            nonlocal terms, seen
            if pixel_range == "closure":  # the old tutorial's way: L-BFGS is not told
                picture.data.clamp_(0, 1)
            seen = picture.detach().clone()
            optimizer.zero_grad()
            terms = objective(picture)
            total = sum(terms.values())
            total.backward()
            return total.detach()

        optimizer.step(closure)
        if pixel_range == "clamp":
            picture.data.clamp_(0, 1)
        return Losses(_numbers(terms)), seen

    def _objective_at(self, scale: float) -> tuple[StyleObjective, torch.optim.Optimizer]:
        """The objective at one scale, and an optimizer for the picture at its size; made anew when one has changed."""
        if self._changes:
            changes, self._changes = self._changes, {}
            self.settings = self.settings.replace(**changes)
            self.objective = self.objective.with_settings(self.settings)
            self._begun = self.best = None  # totals under two weights cannot be compared
        if self._begun is None or self._begun[0] != scale:
            objective = self.objective.at(scale)
            if self._picture.shape != objective.content.shape:
                self.best = None  # totals at two scales cannot be compared
            self._picture = self._grown(objective.content.shape[-2:]).requires_grad_()
            optimizer = _optimizer(self._picture, self.settings)
            if self._begun:
                _carry_on(optimizer, self._begun[2])
            self._begun = scale, objective, optimizer
        return self._begun[1:]

    def _grown(self, size: torch.Size) -> Tensor:
        """The picture at another scale's size. What enlarging cannot know, the start's fine detail, is put in anew.

        This is one level of a Laplacian pyramid, as Kolkin et al. begin their scales ("STROTSS", CVPR 2019, section
        3): it keeps the content in place without another evaluation. A run from noise must find the detail by itself.
        """
        before = self._picture.shape[-2:]
        grown = fit(self._picture.detach(), *size).clone()
        if self.history and before != size and self._start is not None:
            whole = fit(self._start, *size)
            grown += whole - fit(fit(whole, *before), *size)
        return grown

    def seconds_left(self) -> float | None:
        """Estimated from the last two evaluations, other scales by their number of points; None before that."""
        if len(self.history) < 2:
            return None
        before, last = self.history[-2:]
        points = [scale**2 for scale in _scale_of_each(self._plan())]
        done = len(self.history)
        return (last.seconds - before.seconds) / points[done - 1] * sum(points[done:])

    def _plan(self) -> list[tuple[float, int]]:
        return plan(self.settings, self.objective.smallest_scale)


def plan(settings: Settings, smallest_scale: float = 0.0) -> list[tuple[float, int]]:
    """Each scale and the evaluation at which it ends. The next scale takes over the evaluations of one too small.

    However few there are, one is left for each larger scale.
    """
    scales, share, larger = [], 0.0, len(settings.scales)
    for scale, part in zip(settings.scales, settings.shares, strict=True):
        share, larger = share + part, larger - 1
        if scale >= smallest_scale or scale == 1:
            scales.append((scale, max(0, min(round(share * settings.evaluations), settings.evaluations - larger))))
    return scales


def _scale_of_each(ends: list[tuple[float, int]]) -> list[float]:
    """The scale of every evaluation of a run, in order."""
    scales, begin = [], 0
    for scale, end in ends:
        scales += [scale] * (end - begin)
        begin = max(begin, end)
    return scales


# At its first move an optimizer of torch imports torch's compiler, to keep it away from these two methods. That takes
# 2.5 seconds, and nothing is compiled here: as they are marked as seen to, L-BFGS begins at once.
for _method in (torch.optim.Optimizer.add_param_group, torch.optim.Optimizer.zero_grad):
    _plain = getattr(_method, "__wrapped__", _method)
    _plain.__dynamo_disable = _plain


def _optimizer(picture: Tensor, settings: Settings) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        return torch.optim.Adam([picture], lr=settings.learning_rate)
    return torch.optim.LBFGS([picture], lr=settings.learning_rate, **LBFGS)


def _carry_on(optimizer: torch.optim.Optimizer, before: torch.optim.Optimizer):
    """Begins L-BFGS with the curvature it learned at the scale before, in place of torch's first move, of length 1.

    With k times as many points a mean's gradient is 1/k as long, and the same change of it a move k times as long.
    Measured with `fine` on one pair at 256 pixels: 8 evaluations at the full size then do what took 12.
    """
    (old,), (new,) = (each.param_groups[0]["params"] for each in (before, optimizer))
    learned = before.state[old]
    if not learned.get("old_stps"):  # it is Adam, or has not seen two points yet
        return
    nowhere = torch.zeros(new.numel()).to(new)
    optimizer.state[new] |= {  # as after a move of no length, from which nothing was learned
        "n_iter": 1,
        "func_evals": 0,
        "d": nowhere,
        "t": 0.0,
        "prev_flat_grad": nowhere.clone(),
        "prev_loss": 0.0,
        "old_dirs": [],
        "old_stps": [],
        "ro": [],
        "H_diag": learned["H_diag"] * (new.numel() / old.numel()),
    }


def _numbers(terms: dict[str, Tensor]) -> Mapping[str, float]:
    values = torch.stack([term.detach() for term in terms.values()]).tolist()  # one transfer from a GPU, not one a term
    return MappingProxyType(dict(zip(terms, values, strict=True)))
