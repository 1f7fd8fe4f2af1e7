"""The tug of war of lesson 06: how hard and which way the content and the style pull at each pixel of a picture."""

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch
import traitlets
from torch import Tensor

from style_helpers import images, networks, transfer
from style_helpers.fronts import Front
from style_helpers.language import _, sentences
from style_helpers.objective import StyleObjective
from style_helpers.panels.panel import (
    WRAP,
    Panel,
    Work,
    as_png,
    capital,
    colon,
    handler,
    manner,
    two_choices,
)
from style_helpers.settings import Settings

LOOK = {"style": {"description_width": "150px"}, "layout": {"width": "395px"}}
MOMENTS = 14  # that are kept of a run, early ones close together

Pulls = tuple[Tensor, Tensor]  # the gradients of content and of style, each (1, 3, H, W)


def begin(content: Tensor, style: Tensor, settings: Settings) -> tuple[transfer.Run, Callable[[Tensor], Pulls]]:
    """A real run, and what gives both gradients of a picture as they are before the style weight."""
    objective = StyleObjective(networks.load(settings.network), content, style, settings)

    def pulls(picture: Tensor) -> Pulls:
        picture = picture.clone().requires_grad_()
        terms = objective(picture)
        totals = [sum(term for name, term in terms.items() if name.startswith(kind)) for kind in ("content ", "style ")]
        (of_content,) = torch.autograd.grad(totals[0], picture, retain_graph=True)
        (of_style,) = torch.autograd.grad(totals[1], picture)
        return of_content, of_style / settings.style_weight

    return transfer.Run(objective), pulls


@dataclass(frozen=True)
class Moment:
    """A picture of the run, and both gradients there, before the style weight."""

    evaluation: int
    picture: Tensor
    content: Tensor
    style: Tensor


def packed(gradient: Tensor) -> bytes:
    """(1, 3, H, W) as four int8 a pixel: planes of red, green, blue and of the exponent e that the three share.

    Each number stands for itself times 2^e, the largest of the three from 64 to 127: wrong by at most 1 % of the
    largest, however small that is. With one scale for the whole picture, the angle at small gradients would be lost.
    """
    numbers = gradient[0].detach().float().cpu().numpy()
    exponents = (np.frexp(np.abs(numbers).max(axis=0))[1] - 7).clip(-128, 127)
    numbers = np.rint(np.ldexp(numbers, -exponents)).clip(-127, 127)
    return np.stack([*numbers, exponents]).astype(np.int8).tobytes()


class Tug(Front, parts=("tug",)):
    """Moments of a run, the dial of both pulls at a place, and what lies over the picture. The front is fronts/tug.js.

    moment_0, moment_1, ...  a trait each, so that a new moment is sent alone, and a page that opens late has them all:
              {} or {evaluation, shape: (H, W), picture: PNG, content, style: as `packed`, before the style weight}
    weight    of the style, to look with; ran_with is the run's own
    at        which moment is seen; -1: the last, and those still to come
    field     what lies over the picture: picture (nothing), cosine, content or style (how hard each pulls)
    spot      the place that is kept, x and y in parts of the picture
    """

    weight = traitlets.Float(2.0).tag(sync=True)
    ran_with = traitlets.Float(2.0).tag(sync=True)
    at = traitlets.Int(-1).tag(sync=True)
    field = traitlets.Unicode("picture").tag(sync=True)
    spot = traitlets.List(traitlets.Float(), [0.5, 0.5]).tag(sync=True)
    vars().update({f"moment_{slot}": traitlets.Dict().tag(sync=True) for slot in range(MOMENTS + 2)})

    def clear(self, ran_with: float):
        """A new run: no moments yet."""
        with self.hold_sync():
            self.ran_with, self.at = ran_with, -1
            for slot in range(MOMENTS + 2):
                setattr(self, f"moment_{slot}", {})

    def add(self, slot: int, moment: Moment):
        """The moments come in order, from slot 0 on."""
        told = {"evaluation": moment.evaluation, "shape": list(moment.picture.shape[-2:])}
        told |= {"picture": as_png(moment.picture), "content": packed(moment.content), "style": packed(moment.style)}
        setattr(self, f"moment_{slot}", told)


class TugOfWar(Panel):
    """Both gradients at a moment of a short run: how long they are at each pixel, and the angle between them.

    begin   gives a run and its gradients from a content picture, a style picture and settings
    """

    def __init__(self, begin: Callable = begin):
        super().__init__(tooltip=_("Begin a short run"))
        self._begin = begin
        self.moments: list[Moment] = []
        self._make_controls()
        self.front = Tug()
        left, right = [self.content, self.style_picture, self.network], [self.evaluations, self.size]
        knobs = ipywidgets.HBox([ipywidgets.VBox(left), ipywidgets.VBox(right)], layout=WRAP)
        self.children = [knobs, self.bar, self.status, self.front]
        self.say(_("Press Run: forty evaluations give the rope some moments to look at."))

    def _make_controls(self):
        self.content, self.style_picture = two_choices(**LOOK)
        self.network = ipywidgets.Dropdown(options=("alexnet", "vgg16"), description=_("network"), **LOOK)
        whole = {"continuous_update": False, **LOOK}
        self.evaluations = ipywidgets.IntSlider(40, 10, 240, 10, description=_("evaluations"), **whole)
        self.size = ipywidgets.IntSlider(96, 64, 128, 16, description=_("shorter side, pixels"), **whole)

    # The run, in the background

    @handler
    def _run_pressed(self):
        settings = Settings.gatys(
            network=self.network.value,
            style_weight=float(f"{self.front.weight:.4g}"),
            evaluations=self.evaluations.value,
            precision="fp32",  # the angle between small gradients needs the digits
        )
        size = self.size.value
        content, style = images.load(self.content.value, size), images.load(self.style_picture.value, size)
        said = _("Preparing: the network looks at the two pictures.")
        pair = manner(self.content.value, self.style_picture.value)
        self.start(lambda work: self._run(work, content, style, settings, pair), said)

    def _run(self, work: Work, content: Tensor, style: Tensor, settings: Settings, pair: str):
        kept, moments = kept_moments(settings.evaluations), []
        run, pulls = self._begin(content, style, settings)
        with work.page():
            work.made(_("The rope is pulled."), run.stop)
        for step in run:
            if step.evaluation in kept and not work.stopping.is_set():
                moment = Moment(step.evaluation, step.picture, *pulls(step.picture))
                with work.page(), self.front.hold_sync():  # what is seen stays until the first moment is there
                    if not moments:
                        self.moments = moments
                        self.front.clear(settings.style_weight)
                    self.front.add(len(moments), moment)
                    moments.append(moment)
            if work.may_show():
                with work.page():
                    self.show_progress(step.evaluation, run.evaluations, run.seconds_left())
        with work.page():
            self.show_progress(len(run.history), run.evaluations)
            kept = _("{moments} moments are kept: point at the picture, drag the style weight.", moments=len(moments))
            self.say(sentences(colon(capital(pair), run.ended), kept))


def kept_moments(evaluations: int) -> set[int]:
    """The evaluations to look at: the first ones, then each a good part later than the one before, and the last."""
    return {round(evaluations ** (number / (MOMENTS - 1))) for number in range(MOMENTS)} | {2, 3}
