"""The trade-off explorer: content against style, for several style weights, and where each picture stands between."""

from collections.abc import Callable, Mapping
from pathlib import Path

import ipywidgets
from torch import Tensor

from style_helpers import images, metrics
from style_helpers.language import _
from style_helpers.panels.bundled import (
    FOLDER,
    KNOB,
    WEIGHT,
    Bundle,
    BundleError,
    LivePanel,
    Wish,
    begin,
    load,
    painting,
    photo,
)
from style_helpers.panels.panel import WRAP, as_jpeg, colon, commas, handler, listed, manner, title, two_choices
from style_helpers.panels.plane import Plane
from style_helpers.panels.strip import frame
from style_helpers.settings import Settings
from style_helpers.transfer import Run

WEIGHTS = (0.1, 0.5, 3.0, 18.0, 100.0)
CONTENTS = tuple(images.CONTENT / name for name in ("summer-palace.jpg", "astronaut.jpg"))
STYLES = tuple(
    images.STYLE / name
    for name in ("hokusai-great-wave.jpg", "van-gogh-village-street-in-auvers.jpg", "kandinsky-composition-viii.jpg")
)
EVALUATIONS = 80  # of each picture computed beforehand
MEASURED = ("LPIPS", "style distance")


def settings(weight: float, evaluations: int = EVALUATIONS) -> Settings:
    return Settings.fine(network="vgg16", style_weight=float(weight), evaluations=evaluations)


def measure(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """How far from the content and from the style, for an eye that did not take part: AlexNet."""
    return {"LPIPS": metrics.lpips(picture, content), "style distance": metrics.style_distance_to(picture, style)}


class TradeOffExplorer(LivePanel):
    """One photo, one painting, five style weights: what each step towards the style costs, seen and measured.

    The answer comes at once, from pictures computed beforehand, for the pairs that have them; on request any pair
    with any weight is computed while you watch.

    begin    what makes a run; measure: what it says about the result
    folder   where the pictures computed beforehand lie
    """

    def __init__(self, begin: Callable = begin, measure: Callable = measure, folder: Path = FOLDER):
        super().__init__(begin, measure, Bundle("tradeoff", MEASURED, folder), EVALUATIONS, most=400)
        self._computed: dict[tuple[Path, Path], dict[float, dict]] = {}  # of each pair by style weight
        self.content, self.style_choice = two_choices(**KNOB)
        hint = _(
            "Drag along the line: each step towards the painting costs some of the photo. The numbers are style "
            "weights."
        )
        self.plane = Plane(chosen=2, hint=hint)
        self.live_weight = ipywidgets.FloatLogSlider(
            WEIGHTS[2], min=-2, max=3, step=0.05, description=_("style weight to compute now"), **WEIGHT
        )
        for control in (self.content, self.style_choice):
            control.observe(self._pair_chosen, "value")
        self.plane.observe(self._point_chosen, "chosen")
        choosers = ipywidgets.HBox([self.content, self.style_choice], layout=WRAP)
        self.lay_out(choosers, self.plane, knobs=[self.live_weight])
        self._pair_chosen()

    @property
    def _pair(self) -> tuple[Path, Path]:
        return self.content.value, self.style_choice.value

    def _now(self) -> list[dict]:
        return list(self._computed.get(self._pair, {}).values())

    # What the controls do

    @handler
    def _pair_chosen(self):
        (content, style), points, lost = self._pair, [], None
        is_bundled = content in CONTENTS and style in STYLES
        for weight in WEIGHTS if is_bundled else ():
            try:
                found = self._bundle.find(content=content.name, style=style.name, weight=weight)
                points.append(_point(found.jpeg, self._pair, weight, found.numbers))
            except BundleError as error:
                lost = error
        self.note.layout.display = None if is_bundled else "none"
        now = self._now()
        with self.plane.hold_sync():  # one message
            self.plane.points, self.plane.now = points, now
            self.plane.beside = [photo(content), painting(style)]
            self.plane.chosen = max(0, min(self.plane.chosen, len(points) + len(now) - 1))
        if lost is not None:
            self.complain(lost)
        elif not self.working:
            self.say("" if is_bundled else _not_bundled())

    @handler
    def _point_chosen(self):
        shown = [*self.plane.points, *self.plane.now][self.plane.chosen :]
        if shown:
            self.live_weight.value = shown[0]["weight"]

    # What is computed now

    def wishes(self) -> list[Wish]:
        weight = float(f"{self.live_weight.value:.3g}")
        chosen = settings(weight, self.evaluations.value)
        return [Wish(*map(load, self._pair), chosen, _name(self._pair, weight), self._pair)]

    def finished(self, wish: Wish, run: Run, numbers: Mapping[str, float]) -> str:
        weight = wish.settings.style_weight
        point = _point(as_jpeg(run.result().picture), wish.key, weight, numbers, is_now=True)
        self._computed.setdefault(wish.key, {})[weight] = point
        self.plane.now = self._now()
        return commas(*_lines(numbers))


def _not_bundled() -> str:
    return _(
        "For this pair nothing was computed beforehand: choose a style weight below and press Compute this one now, or "
        "choose {contents} with {styles}.",
        contents=_(" or ").join(map(title, CONTENTS)),
        styles=listed(*map(title, STYLES)),
    )


def _name(pair: tuple[Path, Path], weight: float) -> str:
    return _("{manner}, style weight {weight:g}", manner=manner(*pair), weight=weight)


def _lines(numbers: Mapping[str, float]) -> list[str]:
    lpips, distance = (numbers[name] for name in MEASURED)
    return [
        _("LPIPS {lpips:.2f} to the photo", lpips=lpips),
        _("style distance {distance:.2f} to the painting", distance=distance),
    ]


def _point(
    jpeg: bytes, pair: tuple[Path, Path], weight: float, numbers: Mapping[str, float], is_now: bool = False
) -> dict:
    """A picture on the plane, at its numbers."""
    lines, place = _lines(numbers), {"x": numbers["LPIPS"], "y": numbers["style distance"], "weight": weight}
    label, name, what = f"{weight:g}", _("Style weight {weight:g}", weight=weight), _name(pair, weight)
    if is_now:
        label, name = _("now {weight:g}", weight=weight), _("Style weight {weight:g}, computed now", weight=weight)
        what = _("{name}, computed now", name=what)
    return frame(jpeg, label, name, lines, colon(what, commas(*lines))) | place
