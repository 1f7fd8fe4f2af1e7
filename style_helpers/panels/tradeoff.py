"""The trade-off explorer: content against style, for several style weights, and where each picture stands between."""

import html
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import ipywidgets
from PIL import Image
from torch import Tensor

from style_helpers import images, metrics
from style_helpers.panels.bundled import (
    FOLDER,
    SIZE,
    SLIDER,
    WIDE,
    WRAP,
    Bundle,
    Bundled,
    BundleError,
    LivePanel,
    Wish,
    begin,
    caption,
    jpeg_source,
    names,
    side_by_side,
    title,
    under,
)
from style_helpers.panels.panel import Picture, handler
from style_helpers.settings import Settings
from style_helpers.transfer import Run

WEIGHTS = (0.1, 0.5, 3.0, 18.0, 100.0)
CONTENTS = ("summer-palace.jpg", "astronaut.jpg")
STYLES = ("hokusai-great-wave.jpg", "van-gogh-village-street-in-auvers.jpg", "kandinsky-composition-viii.jpg")
EVALUATIONS = 80  # of each picture computed beforehand
LONG = {"width": "560px", "max_width": "100%"}  # for a slider with a long name
MEASURED = ("LPIPS", "style distance")
HINT = "Move the slider over the style weight: every step towards the style costs content."
Point = tuple[float, float, float]  # style weight, LPIPS, style distance


def settings(weight: float, evaluations: int = EVALUATIONS) -> Settings:
    return Settings.fine(network="vgg16", style_weight=float(weight), evaluations=evaluations)


def measure(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """How far from the content and from the style, for an eye that did not take part: AlexNet."""
    return {"LPIPS": metrics.lpips(picture, content), "style distance": metrics.style_distance_to(picture, style)}


@lru_cache(maxsize=12)
def load(folder: Path, name: str) -> Tensor:
    return images.load(folder / name, SIZE)


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
        self._live_points: dict[tuple[str, str], list[Point]] = {}
        self._make_controls()
        self.content_picture, self.style_picture = Picture(170), Picture(170)
        self.picture, self.caption = Picture(240), ipywidgets.HTML()
        self.row, self.plane = ipywidgets.HTML(), ipywidgets.HTML()
        self._note = ipywidgets.HTML(html.escape(self._bundle.label))
        self._pair_chosen()
        choosers = ipywidgets.HBox([self.content, self.style_choice], layout=WRAP)
        given = ipywidgets.VBox([self.content_picture, self.style_picture], layout={"margin": "0 12px 0 0"})
        chosen = ipywidgets.VBox([self.picture, self.caption], layout={"margin": "0 12px 0 0"})
        views = ipywidgets.HBox([given, chosen, self.plane], layout=WRAP)
        now = ipywidgets.HBox([self.live_view, self.chart], layout=WRAP)
        self.children = [
            choosers, self.row, self._note, self.weight, views, self.live_weight, self.live_controls, self.status, now,
        ]  # fmt: skip

    def _make_controls(self):
        self.content = ipywidgets.Dropdown(
            options=names(images.CONTENT), value=CONTENTS[0], description="content", style=WIDE, layout=SLIDER
        )
        self.style_choice = ipywidgets.Dropdown(
            options=names(images.STYLE), value=STYLES[0], description="style", style=WIDE, layout=SLIDER
        )
        self.weight = ipywidgets.SelectionSlider(
            options=[(f"{weight:g}", weight) for weight in WEIGHTS],
            value=WEIGHTS[2],
            description="style weight, computed beforehand",
            continuous_update=False,
            style=WIDE,
            layout=LONG,
        )
        self.live_weight = ipywidgets.FloatLogSlider(
            WEIGHTS[2], min=-2, max=3, step=0.05, description="style weight to compute now", readout_format=".3g",
            continuous_update=False, style=WIDE, layout=LONG,
        )  # fmt: skip
        for control in (self.content, self.style_choice):
            control.observe(self._pair_chosen, "value")
        self.weight.observe(self._weight_chosen, "value")

    @property
    def _pair(self) -> tuple[str, str]:
        return self.content.value, self.style_choice.value

    def _name(self, weight: float) -> str:
        return f"{title(self.content.value)} in the manner of {title(self.style_choice.value)}, style weight {weight:g}"

    # What the controls do

    @handler
    def _pair_chosen(self):
        content, style = self._pair
        self.content_picture.show(load(images.CONTENT, content), f"The photo: {title(content)}")
        self.style_picture.show(load(images.STYLE, style), f"The style: {title(style)}")
        self._show()

    @handler
    def _weight_chosen(self):
        self.live_weight.value = self.weight.value
        self._show()

    def _show(self):
        found, lost = self._found()
        self.row.value = self._row(found)
        self.plane.value = self._plane(found)
        self._show_chosen(found)
        bundled = self._is_bundled
        self.weight.disabled = not bundled
        if lost is not None:
            self.complain(lost)
        elif not self.working:
            self.say(HINT if bundled else NOT_BUNDLED)

    @property
    def _is_bundled(self) -> bool:
        return self.content.value in CONTENTS and self.style_choice.value in STYLES

    def _found(self) -> tuple[dict[float, Bundled], BundleError | None]:
        """What was computed beforehand for the pair, by weight; where a picture is missing, the others and an error."""
        content, style = self._pair
        found, lost = {}, None
        for weight in WEIGHTS if self._is_bundled else ():
            try:
                found[weight] = self._bundle.find(content=content, style=style, weight=weight)
            except BundleError as error:
                lost = error
        return found, lost

    def _show_chosen(self, found: dict[float, Bundled]):
        weight = self.weight.value
        self.picture.value = self.caption.value = ""
        if weight in found:
            numbers = _in_words(found[weight].numbers)
            self.picture.show(found[weight].picture, f"{self._name(weight)}: {numbers}")
            self.caption.value = caption(f"Style weight {weight:g}", numbers)

    def _row(self, found: dict[float, Bundled]) -> str:
        """The pictures from the lightest weight to the heaviest; the chosen one has a frame and says so."""
        cells = []
        for weight, each in found.items():
            here = weight == self.weight.value
            line = "3px solid currentColor" if here else "3px solid transparent"
            lines = (f"LPIPS {each.numbers['LPIPS']:.2f}", f"style distance {each.numbers['style distance']:.2f}")
            cells.append(
                f'<div style="flex: 1 1 110px; max-width: 172px; border: {line}; padding: 2px">'
                f'<img style="width: 100%; height: auto" src="{jpeg_source(each.jpeg)}" '
                f'alt="{html.escape(self._name(weight))}: {_in_words(each.numbers)}">'
                f"{caption(f'weight {weight:g}' + (', chosen' if here else ''), *lines)}</div>"
            )
        return f'<div style="display: flex; flex-wrap: wrap">{"".join(cells)}</div>'

    def _plane(self, found: dict[float, Bundled]) -> str:
        points = [(weight, each.numbers["LPIPS"], each.numbers["style distance"]) for weight, each in found.items()]
        return plane(points, self._live_points.get(self._pair, ()), self.weight.value)

    # What is computed now

    def wish(self) -> Wish:
        content, style = self._pair
        weight = float(f"{self.live_weight.value:.3g}")
        chosen = settings(weight, self.evaluations.value)
        self._live_pair = self._pair
        return Wish(load(images.CONTENT, content), load(images.STYLE, style), chosen, self._name(weight))

    def measured(self, wish: Wish, picture: Tensor) -> dict[str, float]:
        return self._measure(picture, wish.content, wish.style)

    def finished(self, wish: Wish, run: Run, numbers: dict[str, float]) -> str:
        point = (wish.settings.style_weight, numbers["LPIPS"], numbers["style distance"])
        self._live_points.setdefault(self._live_pair, []).append(point)
        found, _ = self._found()
        self.plane.value = self._plane(found)
        return _in_words(numbers)

    def still(self) -> Image.Image:
        """The chosen pair and its five pictures, for a page without a kernel. Raises BundleError."""
        content, style = self._pair
        height, width = load(images.CONTENT, content).shape[-2:]
        row = [under(images.to_pil(load(images.CONTENT, content)), title(content), "the photo", 132)]
        for weight in WEIGHTS:
            found = self._bundle.find(content=content, style=style, weight=weight)
            lpips, distance = (found.numbers[name] for name in MEASURED)
            row.append(under(found.picture, f"weight {weight:g}", f"LPIPS {lpips:.2f}, style {distance:.2f}", 132))
        like = images.to_pil(load(images.STYLE, style)).resize((width, height))
        return side_by_side([*row, under(like, title(style), "the style", 132)])


NOT_BUNDLED = (
    "For this pair nothing was computed beforehand: choose a style weight below and press Compute this one now, or "
    f"choose {' or '.join(title(name) for name in CONTENTS)} with {', '.join(title(name) for name in STYLES)}."
)


def _in_words(numbers: dict[str, float]) -> str:
    return f"LPIPS {numbers['LPIPS']:.2f} to the photo, style distance {numbers['style distance']:.2f}"


def plane(beforehand: Sequence[Point], now: Sequence[Point], chosen: float) -> str:
    """How far from the content (to the right) and from the style (up), each weight a point, as SVG text.

    What was computed beforehand are discs joined by a line, the chosen one in a ring; what was computed now, crosses.
    """
    everything = [*beforehand, *now] or [(0.0, 0.0, 0.0)]
    right = max(0.6, *(lpips for _, lpips, _ in everything)) * 1.1
    top = max(1.0, *(style for _, _, style in everything)) * 1.1

    def place(lpips: float, style: float) -> tuple[float, float]:
        return 50 + 320 * lpips / right, 215 - 195 * style / top

    marks = []
    path = " ".join("{:.1f},{:.1f}".format(*place(*point[1:])) for point in beforehand)
    marks.append(f'<polyline points="{path}" stroke="currentColor" stroke-width="1.5" fill="none" opacity="0.6"/>')
    for number, (weight, *point) in enumerate(beforehand):
        x, y = place(*point)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        if weight == chosen:
            marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" stroke="currentColor" fill="none"/>')
        marks.append(f'<text x="{x + 8:.1f}" y="{y + (18 if number % 2 else -9):.1f}">{weight:g}</text>')
    for weight, *point in now:
        x, y = place(*point)
        cross = f"M{x - 5:.1f},{y - 5:.1f}l10,10m0,-10l-10,10"
        marks.append(f'<path d="{cross}" stroke="#D55E00" stroke-width="2.5" fill="none"/>')
        marks.append(f'<text x="{x - 9:.1f}" y="{y + 16:.1f}" text-anchor="end">now {weight:g}</text>')
    words = "; ".join(
        f"weight {weight:g}: LPIPS {x:.2f}, style distance {y:.2f}" for weight, x, y in [*beforehand, *now]
    )
    return (
        f'<svg role="img" aria-label="Content against style. {html.escape(words)}" viewBox="0 0 400 260" width="350" '
        'style="max-width: 100%; font: 12px sans-serif; fill: currentColor; '
        f'color: var(--jp-content-font-color1, inherit)">{"".join(marks)}'
        '<path d="M50,20V215H390" stroke="currentColor" fill="none"/>'
        f'<text x="50" y="232">0</text><text x="370" y="232" text-anchor="end">{right:.2f}</text>'
        f'<text x="44" y="215" text-anchor="end">0</text><text x="44" y="28" text-anchor="end">{top:.1f}</text>'
        '<text x="210" y="248" text-anchor="middle">LPIPS: how far from the photo</text>'
        '<text x="6" y="12">style distance: how far from the style; the numbers are style weights</text></svg>'
    )
