"""The trade-off explorer: content against style, for several style weights, and where each picture stands between."""

import html
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import ipywidgets
from torch import Tensor

from style_helpers import images, metrics
from style_helpers.panels.bundled import (
    FOLDER,
    SIZE,
    SLIDER,
    WIDE,
    WRAP,
    Bundle,
    BundleError,
    LivePanel,
    Wish,
    begin,
    encode,
    names,
    title,
)
from style_helpers.panels.panel import handler
from style_helpers.panels.plane import Plane
from style_helpers.panels.strip import frame
from style_helpers.settings import Settings
from style_helpers.transfer import Run

WEIGHTS = (0.1, 0.5, 3.0, 18.0, 100.0)
CONTENTS = ("summer-palace.jpg", "astronaut.jpg")
STYLES = ("hokusai-great-wave.jpg", "van-gogh-village-street-in-auvers.jpg", "kandinsky-composition-viii.jpg")
EVALUATIONS = 80  # of each picture computed beforehand
LONG = {"width": "560px", "max_width": "100%"}  # for a slider with a long name
MEASURED = ("LPIPS", "style distance")
HINT = "Drag along the line: each step towards the painting costs some of the photo. The numbers are style weights."


def settings(weight: float, evaluations: int = EVALUATIONS) -> Settings:
    return Settings.fine(network="vgg16", style_weight=float(weight), evaluations=evaluations)


def measure(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """How far from the content and from the style, for an eye that did not take part: AlexNet."""
    return {"LPIPS": metrics.lpips(picture, content), "style distance": metrics.style_distance_to(picture, style)}


@lru_cache(maxsize=12)
def load(folder: Path, name: str) -> Tensor:
    return images.load(folder / name, SIZE)


@lru_cache(maxsize=12)
def given(folder: Path, name: str, what: str) -> dict:
    """The photo or the painting, to stand beside what was made of them."""
    return frame(encode(load(folder, name)), what, f"The {what}", [title(name)], f"The {what}: {title(name)}")


class TradeOffExplorer(LivePanel):
    """One photo, one painting, five style weights: what each step towards the style costs, seen and measured.

    The answer comes at once, from pictures computed beforehand, for the pairs that have them; on request any pair
    with any weight is computed while you watch.

    begin    what makes a run; measure: what it says about the result
    folder   where the pictures computed beforehand lie
    """

    lines = ("total", "style", "content")

    def __init__(self, begin: Callable = begin, measure: Callable = measure, folder: Path = FOLDER):
        super().__init__(begin, EVALUATIONS, most=400)
        self._measure, self._bundle = measure, Bundle("tradeoff", MEASURED, folder)
        self._live_points: dict[tuple[str, str], list[dict]] = {}
        self.content = ipywidgets.Dropdown(
            options=names(images.CONTENT), value=CONTENTS[0], description="content", style=WIDE, layout=SLIDER
        )
        self.style_choice = ipywidgets.Dropdown(
            options=names(images.STYLE), value=STYLES[0], description="style", style=WIDE, layout=SLIDER
        )
        self.plane = Plane(chosen=2, hint=HINT)
        self.live_weight = ipywidgets.FloatLogSlider(
            WEIGHTS[2], min=-2, max=3, step=0.05, description="style weight to compute now", readout_format=".3g",
            continuous_update=False, style=WIDE, layout=LONG,
        )  # fmt: skip
        for control in (self.content, self.style_choice):
            control.observe(self._pair_chosen, "value")
        self.plane.observe(self._point_chosen, "chosen")
        choosers = ipywidgets.HBox([self.content, self.style_choice], layout=WRAP)
        note = ipywidgets.HTML(html.escape(self._bundle.label))
        now = ipywidgets.HBox([self.live_view, self.chart], layout=WRAP)
        self.children = [choosers, self.plane, note, self.live_weight, self.live_controls, self.status, now]
        self._pair_chosen()

    @property
    def _pair(self) -> tuple[str, str]:
        return self.content.value, self.style_choice.value

    # What the controls do

    @handler
    def _pair_chosen(self):
        (content, style), points, lost = self._pair, [], None
        is_bundled = content in CONTENTS and style in STYLES
        for weight in WEIGHTS if is_bundled else ():
            try:
                found = self._bundle.find(content=content, style=style, weight=weight)
                points.append(_point(found.jpeg, self._pair, weight, found.numbers))
            except BundleError as error:
                lost = error
        now = self._live_points.get(self._pair, [])
        with self.plane.hold_sync():  # one message
            self.plane.points, self.plane.now = points, now
            self.plane.beside = [given(images.CONTENT, content, "photo"), given(images.STYLE, style, "painting")]
            self.plane.chosen = max(0, min(self.plane.chosen, len(points) + len(now) - 1))
        if lost is not None:
            self.complain(lost)
        elif not self.working:
            self.say("" if is_bundled else NOT_BUNDLED)

    @handler
    def _point_chosen(self):
        shown = [*self.plane.points, *self.plane.now][self.plane.chosen :]
        if shown:
            self.live_weight.value = shown[0]["weight"]

    # What is computed now

    def wish(self) -> Wish:
        content, style = self._pair
        weight = float(f"{self.live_weight.value:.3g}")
        chosen = settings(weight, self.evaluations.value)
        self._live_pair = self._pair
        return Wish(load(images.CONTENT, content), load(images.STYLE, style), chosen, _name(self._pair, weight))

    def measured(self, wish: Wish, picture: Tensor) -> dict[str, float]:
        return self._measure(picture, wish.content, wish.style)

    def finished(self, wish: Wish, run: Run, numbers: dict[str, float]) -> str:
        point = _point(encode(run.result().picture), self._live_pair, wish.settings.style_weight, numbers, "now ")
        self._live_points[self._live_pair] = [*self._live_points.get(self._live_pair, []), point]
        self.plane.now = self._live_points.get(self._pair, [])
        return _in_words(numbers)


NOT_BUNDLED = (
    "For this pair nothing was computed beforehand: choose a style weight below and press Compute this one now, or "
    f"choose {' or '.join(title(name) for name in CONTENTS)} with {', '.join(title(name) for name in STYLES)}."
)


def _name(pair: tuple[str, str], weight: float) -> str:
    content, style = (title(each) for each in pair)
    return f"{content} in the manner of {style}, style weight {weight:g}"


def _in_words(numbers: Mapping[str, float]) -> str:
    return ", ".join(_lines(numbers))


def _lines(numbers: Mapping[str, float]) -> list[str]:
    lpips, distance = (numbers[name] for name in MEASURED)
    return [f"LPIPS {lpips:.2f} to the photo", f"style distance {distance:.2f} to the painting"]


def _point(jpeg: bytes, pair: tuple[str, str], weight: float, numbers: Mapping[str, float], when: str = "") -> dict:
    """A picture on the plane, at its numbers."""
    name = f"Style weight {weight:g}{when and ', computed now'}"
    words = f"{_name(pair, weight)}{when and ', computed now'}: {_in_words(numbers)}"
    place = {"x": numbers["LPIPS"], "y": numbers["style distance"], "weight": weight}
    return frame(jpeg, f"{when}{weight:g}", name, _lines(numbers), words) | place
