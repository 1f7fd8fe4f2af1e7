"""The optimiser race of lesson 05: three optimisers, one start, one loss, the same number of evaluations for each."""

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import ipywidgets
import torch
from torch import Tensor

from style_helpers import images, networks, transfer
from style_helpers.language import _, sentences
from style_helpers.objective import StyleObjective
from style_helpers.panels.chart import Moments
from style_helpers.panels.panel import (
    WRAP,
    Work,
    capital,
    colon,
    handler,
    manner,
    readable,
    starts,
    two_choices,
)
from style_helpers.panels.side_by_side import Descent, SideBySide
from style_helpers.settings import LBFGS, Settings

LOOK = {"style": {"description_width": "170px"}, "layout": {"width": "395px"}}
CEILING = 10  # a curve is cut off where it rises above so many times its start

Total = Callable[[Tensor], Tensor]  # a picture, (1, 3, H, W), to one number
Steps = Iterator[tuple[float, Tensor]]  # of each evaluation the total and the picture that was looked at


def make_objective(content: Tensor, style: Tensor, settings: Settings) -> Callable[[Tensor], Mapping[str, Tensor]]:
    """What is minimised, unless the panel is given another: all weighted terms of a picture by name."""
    return StyleObjective(networks.load(settings.network), content, style, settings)


def gradient_descent(total: Total, start: Tensor, rate: float) -> Steps:
    """Lesson 05's own: go against the gradient, `rate` times as far as it is long."""
    picture = start.clone()
    while True:
        picture.requires_grad_()
        loss = total(picture)
        (gradient,) = torch.autograd.grad(loss, picture)
        picture = picture.detach()
        yield loss.item(), picture
        picture = picture - rate * gradient


def with_torch(make: Callable[[list[Tensor]], torch.optim.Optimizer], total: Total, start: Tensor) -> Steps:
    """One of torch's optimisers, at one evaluation a step."""
    picture = start.clone().requires_grad_()
    optimizer = make([picture])
    seen = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = total(picture)
        loss.backward()
        seen[:] = loss.item(), picture.detach().clone()
        return loss.detach()

    while True:
        optimizer.step(closure)
        yield tuple(seen)


def adam(total: Total, start: Tensor, rate: float) -> Steps:
    return with_torch(lambda pixels: torch.optim.Adam(pixels, lr=rate), total, start)


def lbfgs(total: Total, start: Tensor) -> Steps:
    """As `transfer.Run` has it."""
    return with_torch(lambda pixels: torch.optim.LBFGS(pixels, **LBFGS), total, start)


@dataclass
class Racer(Descent):
    """One optimiser on its way: the total of each evaluation, and the picture of the last one."""

    totals: list[float] = field(default_factory=list)

    def keep(self, evaluated: tuple[float, Tensor]):
        total, picture = evaluated
        if math.isfinite(total) and bool(picture.isfinite().all()):
            self.totals.append(total)
            self.picture = picture
        else:
            self.note = _("left at evaluation {evaluation}", evaluation=self.next)

    @property
    def next(self) -> int:
        """The evaluation to come, or the one at which it left."""
        return len(self.totals) + 1


class OptimiserRace(SideBySide):
    """Gradient descent, Adam and L-BFGS in turn, one evaluation each; three pictures and their curves as they come.

    Pointing at the curves shows the three pictures of that evaluation.

    make   what gives the weighted terms to minimise from a content picture, a style picture and settings
    """

    def __init__(self, make: Callable = make_objective):
        super().__init__(tooltip=_("Start the race"))
        self._make = make
        self.racers: list[Racer] = []
        self._leads: list[tuple[int, str]] = []
        self._make_controls()
        self.chart = Moments(leader=_("ahead"))
        left = [self.content, self.style_picture, self.network, self.start_from]
        right = [self.rate, self.adam_rate, self.evaluations, self.size]
        knobs = ipywidgets.HBox([ipywidgets.VBox(left), ipywidgets.VBox(right)], layout=WRAP)
        self.children = [knobs, self.bar, self.status, self.chart]
        self.say(_("Who will be ahead? Make a guess, then press Run."))

    def _make_controls(self):
        self.content, self.style_picture = two_choices(**LOOK)
        self.network = ipywidgets.Dropdown(options=("alexnet", "vgg16"), description=_("network"), **LOOK)
        self.start_from = ipywidgets.RadioButtons(options=starts(), description=_("start from"), **LOOK)
        when_released = {"continuous_update": False, **LOOK}
        log = {"step": 0.02, "readout_format": ".2g", **when_released}
        self.rate = ipywidgets.FloatLogSlider(0.03, min=-4, max=0, description=_("rate of gradient descent"), **log)
        self.adam_rate = ipywidgets.FloatLogSlider(0.02, min=-4, max=0, description=_("rate of Adam"), **log)
        self.evaluations = ipywidgets.IntSlider(60, 5, 200, 5, description=_("evaluations of each"), **when_released)
        self.size = ipywidgets.IntSlider(96, 64, 160, 16, description=_("shorter side, pixels"), **when_released)

    def settings(self) -> Settings:
        return Settings.gatys(network=self.network.value, start=self.start_from.value)

    @handler
    def _run_pressed(self):
        settings, size = self.settings(), self.size.value
        content, style = images.load(self.content.value, size), images.load(self.style_picture.value, size)
        start = transfer.starting_picture(content, settings)
        rates, evaluations = (self.rate.value, self.adam_rate.value), self.evaluations.value
        names = (
            _("gradient descent, {rate:.2g}", rate=rates[0]),
            _("Adam, {rate:.2g}", rate=rates[1]),
            "L-BFGS",
        )
        make = functools.partial(self._make, content, style, settings)
        said = _("On your marks: the network looks at the two pictures.")
        pair = manner(self.content.value, self.style_picture.value)
        self.start(lambda work: self._race(work, make, start, rates, names, evaluations, pair), said)
        self.racers, self._leads = [], []
        words = _("The start, the same for all three optimisers")
        self.chart.begin(names, words, [start] * 3, until=evaluations)

    # The race, in the background

    def _race(
        self,
        work: Work,
        make: Callable,
        start: Tensor,
        rates: Sequence[float],
        names: Sequence[str],
        most: int,
        pair: str,
    ):
        objective = make()

        def total(picture: Tensor) -> Tensor:
            return sum(objective(picture).values())

        ways = gradient_descent(total, start, rates[0]), adam(total, start, rates[1]), lbfgs(total, start)
        racers = [Racer(name, steps, start) for name, steps in zip(names, ways, strict=True)]
        with work.page():
            self.racers = racers
        ended = self.take_turns(work, racers, most, _("They are off."))
        with work.page():
            self.say(colon(capital(pair), sentences(ended, self.words())))

    def passed(self, evaluation: int):
        leader = self._order()[0].name
        if evaluation > 1 and (not self._leads or self._leads[-1][1] != leader):  # all begin with the same total
            self._leads.append((evaluation, leader))

    def _order(self) -> list[Racer]:
        """Those in the race, the lowest total first; then those who left it."""
        return sorted(self.racers, key=lambda racer: (racer.note != "", racer.totals[-1:] or [math.inf]))

    # What is to be seen

    def words(self) -> str:
        """Who is ahead and with what total, who left, and how often the lead changed."""
        running = [racer for racer in self._order() if not racer.note and racer.totals]
        said = []
        if running and len(running[0].totals) > 1:
            said.append(_places(running))
        said += [_fate(racer) for racer in self.racers]
        if len(self._leads) > 1:
            (_before, loser), (evaluation, leader) = self._leads[-2:]
            lead = _("{name} took the lead at evaluation {evaluation}, from {other}.", name=leader,
                     evaluation=evaluation, other=loser)  # fmt: skip
            said.append(lead)
        return sentences(*map(capital, said))

    def show(self, racers: Sequence[Racer], evaluations: int):
        ceiling = CEILING * max((racer.totals[0] for racer in racers if racer.totals), default=0.0)
        cut_off = any(racer.totals and max(racer.totals) > ceiling for racer in racers)
        self.chart.show(
            {racer.name: enumerate(racer.totals, 1) for racer in racers},
            sentences(_("Totals."), self.words()),
            up=_("total (cut off at {ceiling} times the start)", ceiling=CEILING) if cut_off else _("total"),
            ceiling=ceiling,
            notes=[racer.note for racer in racers],
        )
        if len(racers[0].totals) > 1:
            self.say(self.words())


def _places(running: Sequence[Racer]) -> str:
    """The order of those in the race, with their totals."""
    first, *others = running
    line = _(
        "After {evaluations} evaluations each, {name} is ahead with a total of {total}",
        evaluations=len(first.totals),
        name=first.name,
        total=readable(first.totals[-1]),
    )
    for each in others:
        line = _("{line}; then {name}: {total}", line=line, name=each.name, total=readable(each.totals[-1]))
    return _("{line}.", line=line)


def _fate(racer: Racer) -> str:
    """What is to be said of one that left, or stands higher than it began."""
    name, left = racer.name, racer.next
    if racer.note and name == "L-BFGS":
        return _("L-BFGS left the finite numbers at evaluation {left}: start again from another picture.", left=left)
    if racer.note:
        return _("{name} left the finite numbers at evaluation {left}: a smaller rate helps.", name=name, left=left)
    if len(racer.totals) > 1 and racer.totals[-1] > racer.totals[0]:
        began = readable(racer.totals[0])
        return _("{name} stands higher than it began ({began}).", name=name, began=began)
    return ""
