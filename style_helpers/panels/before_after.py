"""Before and after: what each technique of lesson 07 changes, side by side, under a wipe, and measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets
import traitlets
from torch import Tensor

from style_helpers import images, losses, metrics, transfer
from style_helpers.colours import luminance
from style_helpers.fronts import Front
from style_helpers.images import resize
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
    names,
    title,
)
from style_helpers.panels.panel import Picture, as_png, handler
from style_helpers.settings import Settings

PAIRS = (
    ("summer-palace.jpg", "van-gogh-village-street-in-auvers.jpg"),
    ("astronaut.jpg", "kandinsky-composition-viii.jpg"),
)
EVALUATIONS = 80  # of each picture computed beforehand
FIRST_FIVE = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")


@dataclass(frozen=True)
class Recipe:
    """How one picture is made: a preset, what is changed in it, and a name of at most three words."""

    name: str
    changes: Mapping[str, object]
    preset: str = "gatys"

    def settings(self, factor: float = 1.0, evaluations: int = EVALUATIONS) -> Settings:
        """factor: the style weight, in parts of the preset's own."""
        return Settings.preset(self.preset, **self._given(factor, evaluations))

    def as_code(self, factor: float = 1.0, evaluations: int = EVALUATIONS) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given(factor, evaluations).items())
        return f"Settings.{self.preset}({given})".replace("'", '"')

    def _given(self, factor: float, evaluations: int) -> dict:
        given = {"network": "vgg16", "evaluations": evaluations} | dict(self.changes)
        if factor != 1:
            usual = Settings.preset(self.preset, network="vgg16").style_weight
            given["style_weight"] = float(f"{factor * usual:.3g}")
        return given


RECIPES = {
    "gatys": Recipe("Gatys, plain", {}),
    "seed-layers": Recipe("the seed's layers", {"content_layers": ("conv2_2",), "style_layers": FIRST_FIVE}),
    "max-pooling": Recipe("max pooling", {"pooling": "max"}),
    "coarse-to-fine": Recipe("coarse to fine", {"scales": (0.25, 0.5, 1.0), "shares": (0.5, 0.4, 0.1)}),
    "total-variation": Recipe("total variation", {"total_variation": 500.0}),
    "luminance": Recipe("luminance only", {"colours": "luminance"}),
    "matched": Recipe("colours matched", {"colours": "matched"}),
    "style-scale": Recipe("half the strokes", {"style_scale": 0.5}),
    "fine": Recipe("fine", {}, preset="fine"),
    "nearest": Recipe("nearest", {}, preset="nearest"),
}


QUARTER, HALF, RESTLESS, COLOURS = (
    "style distance at a quarter of the size", "style distance to the painting at half its size", "total variation",
    "distance of colours",
)  # fmt: skip
MEASURED = {  # what is measured on every picture, and what a lower and a higher number mean
    "LPIPS": ("nearer to the photo", "farther from the photo"),
    "style distance": ("nearer to the painting", "farther from the painting"),
    QUARTER: ("large shapes nearer to the painting's", "large shapes farther from the painting's"),
    HALF: ("nearer to the small strokes", "farther from the small strokes"),
    RESTLESS: ("smoother", "more restless"),
    COLOURS: ("nearer to the photo's colours", "farther from the photo's colours"),
}


@dataclass(frozen=True)
class Technique:
    """One comparison: the recipes before and after, the number that shows the difference, what it does in words."""

    before: str
    after: str
    shown_by: str
    words: str

    @property
    def recipes(self) -> tuple[str, str]:
        return self.before, self.after


TECHNIQUES = {
    "coarse to fine": Technique(
        "gatys", "coarse-to-fine", QUARTER,
        "Painted at a quarter of the size first, then at half, then whole: in a small picture the receptive field of a "
        "layer covers large shapes.",
    ),
    "the paper's layers in place of the seed's": Technique(
        "seed-layers", "gatys", QUARTER,
        "Style from relu1_1 to relu5_1 in place of the first five convolutions, content from relu4_2 in place of "
        "conv2_2. The same style weight is another balance with other layers: compare both distances.",
    ),
    "total variation": Technique(
        "gatys", "total-variation", RESTLESS,
        "Differences between neighbours cost something, so that speckles go; with too much of it edges go too.",
    ),
    "average in place of max pooling": Technique(
        "max-pooling", "gatys", RESTLESS,
        "Average pooling hands the gradient to all four pixels, max pooling to one of them.",
    ),
    "own colours, by luminance": Technique(
        "gatys", "luminance", COLOURS,
        "Only brightness is painted; the photo's colours are put back. The style distance sees the painting's colours "
        "missing: expect it to rise.",
    ),
    "own colours, by matching": Technique(
        "gatys", "matched", COLOURS,
        "The painting gets the mean and covariance of the photo's colours first. The style distance is still to the "
        "painting as it hangs: expect it to rise.",
    ),
    "style scale": Technique(
        "gatys", "style-scale", HALF,
        "The painting is looked at in half its size, so that its strokes are half as large in the picture.",
    ),
    "all together (fine)": Technique(
        "gatys", "fine", QUARTER,
        "Coarse to fine, the paper's style layers, mean and covariance, layers balanced by their gradients, a trace of "
        "total variation.",
    ),
    "nearest neighbours (nearest)": Technique(
        "gatys", "nearest", RESTLESS,
        "Each place of the picture takes after the place of the painting that it resembles most, and each place of the "
        "painting is to be found somewhere. No pattern has to appear as often as in the painting. The style "
        "distance counts patterns: it need not fall.",
    ),
}  # fmt: skip


def measure(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """All the numbers of MEASURED, by AlexNet where a network is needed: an eye that did not take part."""
    small = [resize(each, 0.25) for each in (picture, style)]
    return {
        "LPIPS": metrics.lpips(picture, content),
        "style distance": metrics.style_distance_to(picture, style),
        QUARTER: metrics.style_distance_to(*small),
        HALF: metrics.style_distance_to(picture, resize(style, 0.5)),
        RESTLESS: losses.total_variation(picture).item(),
        COLOURS: colour_distance(picture, content),
    }


def colour_distance(picture: Tensor, photo: Tensor) -> float:
    """How far the colours of two pictures of one size are apart, wherever they stand in the picture: 0 to 1.

    Colour is what is left when brightness is taken away: a channel minus the luminance. Each channel's values are
    sorted, and the mean distance of one list from the other is taken (the Wasserstein distance in one dimension).
    """
    one, other = ((each - luminance(each)).flatten(2).sort().values for each in (picture, photo))
    return (one - other).abs().mean().item()


@dataclass(frozen=True)
class Shown:
    """One picture's file with its numbers, and with how many evaluations it was computed."""

    file: bytes
    numbers: Mapping[str, float]
    evaluations: int


@dataclass(frozen=True)
class Part(Wish):
    """A picture to compute now, and for which comparison it is kept: pair, recipe, factor, evaluations."""

    key: tuple


@lru_cache(maxsize=12)
def load(folder: Path, name: str) -> Tensor:
    return images.load(folder / name, SIZE)


class Comparisons(Front, parts=("wipe", "compare")):
    """The techniques, one of them chosen: its two pictures under a wipe, and what was measured on both."""

    rows = traitlets.List().tag(sync=True)
    pictures = traitlets.List().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)

    def show(self, shown: Mapping[str, Sequence[Shown] | None], factor: float, evaluations: int):
        """shown: by the technique's name, before and after, or None where there is nothing yet.

        factor, evaluations: with which the missing ones would be made.
        """
        files, rows = {}, []
        for name, pair in shown.items():
            technique = TECHNIQUES[name]
            made = pair[0].evaluations if pair else evaluations
            about = {"name": name, "words": technique.words, "code": both_settings(technique, factor, made)}
            rows.append(about | ({} if pair is None else compared(technique, *pair)))
            for side, each in zip(("before", "after"), pair or (), strict=False):
                rows[-1][side] = files.setdefault(each.file, len(files))
        with self.hold_sync():  # one message
            self.rows, self.pictures = rows, list(files)


def both_settings(technique: Technique, factor: float, evaluations: int) -> str:
    return "\n".join(
        f"{when} {RECIPES[recipe].as_code(factor, evaluations)}"
        for when, recipe in zip(("before:", "after: "), technique.recipes, strict=True)
    )


def compared(technique: Technique, before: Shown, after: Shown) -> dict:
    """Names, numbers and the verdict, as the front shows them."""
    lines = [
        [f"{name} {_rounded(name, each.numbers[name])}" for name in _three(technique.shown_by)]
        for each in (before, after)
    ]
    said = verdict(before.numbers, after.numbers, technique.shown_by)
    return {"names": [RECIPES[each].name for each in technique.recipes], "lines": lines, "verdict": said}


class BeforeAfter(LivePanel):
    """One technique at a time: the picture without it, the picture with it, a wipe over both, and what was measured.

    The answer comes at once, from pictures computed beforehand, for two pairs; on request any pair is computed, with
    any style weight, while you watch.

    begin    what makes a run; measure: what it says about the result
    folder   where the pictures computed beforehand lie
    """

    lines = ("total", "style", "content")

    def __init__(self, begin: Callable = begin, measure: Callable = measure, folder: Path = FOLDER):
        super().__init__(begin, EVALUATIONS, most=400)
        self._measure, self._bundle = measure, Bundle("beforeafter", tuple(MEASURED), folder)
        self._made: dict[tuple, Shown] = {}
        self._make_controls()
        self.content_picture, self.style_picture = Picture(140), Picture(140)
        self.view = Comparisons(label="technique", empty="For these choices nothing was computed yet.")
        self.view.observe(self._choice_changed, "chosen")
        made = self._bundle.settings
        how = f"VGG-16, {made['size']} pixels on the shorter side, {made['evaluations']} evaluations." if made else ""
        self._note = ipywidgets.HTML(f"Computed beforehand: {how}" if how else "")
        choosers = ipywidgets.VBox([self.pair, self.content, self.style_choice], layout={"margin": "0 12px 0 0"})
        top = ipywidgets.HBox([choosers, self.content_picture, self.style_picture], layout=WRAP)
        now = ipywidgets.HBox([self.live_view, self.chart], layout=WRAP)
        self.children = [top, self.view, self._note, self.factor, self.live_controls, self.status, now]
        self._choice_changed()

    def _make_controls(self):
        bundled = {f"{title(content)}, {title(style)}": (content, style) for content, style in PAIRS}
        self.pair = ipywidgets.Dropdown(
            options=bundled | {"other pictures, chosen here:": None}, description="pictures", style=WIDE, layout=SLIDER
        )
        self.content = ipywidgets.Dropdown(
            options=names(images.CONTENT), value="flower.jpg", description="content", style=WIDE, layout=SLIDER
        )
        self.style_choice = ipywidgets.Dropdown(
            options=names(images.STYLE), value="hokusai-great-wave.jpg", description="style", style=WIDE, layout=SLIDER
        )
        self.factor = ipywidgets.FloatLogSlider(
            1, min=-1, max=1, step=0.1, description="style weight, times the preset's", readout_format=".3g",
            continuous_update=False, style=WIDE, layout={"width": "560px", "max_width": "100%"},
        )  # fmt: skip
        for control in (self.pair, self.content, self.style_choice, self.factor, self.evaluations):
            control.observe(self._choice_changed, "value")

    # What is chosen

    @property
    def _pair(self) -> tuple[str, str]:
        return self.pair.value or (self.content.value, self.style_choice.value)

    @property
    def _factor(self) -> float:
        return float(f"{self.factor.value:.3g}")

    @property
    def _recipes(self) -> tuple[str, str]:
        """Before and after, of the technique that is chosen."""
        return list(TECHNIQUES.values())[self.view.chosen].recipes

    def _key(self, recipe: str) -> tuple:
        return self._pair, recipe, self._factor, self.evaluations.value

    def _found(self) -> tuple[dict[str, Shown], BundleError | None]:
        """What was computed beforehand by recipe, and the first that is missing though it should be there."""
        found, lost = {}, None
        for recipe in RECIPES if self._factor == 1 and self._pair in PAIRS else ():
            try:
                each = self._bundle.find(content=self._pair[0], style=self._pair[1], made=recipe)
                found[recipe] = Shown(each.jpeg, each.numbers, EVALUATIONS)
            except BundleError as error:
                lost = lost or error
        return found, lost

    # What the controls do

    @handler
    def _choice_changed(self):
        content, style = self._pair
        for control in (self.content, self.style_choice):  # they would name pictures that are not shown
            control.disabled = self.pair.value is not None
            control.layout.display = "none" if control.disabled else None
        self.content_picture.show(load(images.CONTENT, content), f"The photo: {title(content)}")
        self.style_picture.show(load(images.STYLE, style), f"The style: {title(style)}")
        self._show()

    # What is to be seen

    def _show(self):
        """All comparisons, so that another one is chosen on the page itself; where there is none, why."""
        beforehand, lost = self._found()
        now = {recipe: self._made[self._key(recipe)] for recipe in RECIPES if self._key(recipe) in self._made}
        # Two pictures with other numbers of evaluations are no comparison
        shown = {
            name: next(([of[each] for each in technique.recipes] for of in (now, beforehand)
                        if set(technique.recipes) <= set(of)), None)
            for name, technique in TECHNIQUES.items()
        }  # fmt: skip
        self.view.show(shown, self._factor, self.evaluations.value)
        if self.working:
            return
        if list(shown.values())[self.view.chosen]:
            self.say(HINT)
        elif lost is not None:
            self.complain(lost)
        else:
            self.say(NOT_COMPUTED)

    # What is computed now

    def wishes(self) -> list[Part]:
        """Before and after; what was computed already with the same choices is not computed again."""
        content, style = self._pair
        missing = [recipe for recipe in self._recipes if self._key(recipe) not in self._made]
        parts = []
        for recipe in missing or self._recipes:
            chosen = RECIPES[recipe].settings(self._factor, self.evaluations.value)
            name = f"{title(content)} in the manner of {title(style)}, {RECIPES[recipe].name}"
            pictures = load(images.CONTENT, content), load(images.STYLE, style)
            parts.append(Part(*pictures, chosen, name, self._key(recipe)))
        return parts

    def measured(self, wish: Part, picture: Tensor) -> dict[str, float]:
        return self._measure(picture, wish.content, wish.style)

    def finished(self, wish: Part, run: transfer.Run, numbers: dict[str, float]) -> str:
        if len(run.history) == run.evaluations:  # what was stopped early is no fair comparison
            self._made[wish.key] = Shown(as_png(run.result().picture), numbers, wish.key[-1])
            self._show()
        return ", ".join(f"{name} {_rounded(name, numbers[name])}" for name in ("LPIPS", "style distance"))


HINT = "Choose a technique, look at both pictures, then drag the line."
NOT_COMPUTED = "With these choices nothing was computed beforehand: press Compute this one now; both pictures are made."


def _three(shown_by: str) -> tuple[str, ...]:
    return "LPIPS", "style distance", shown_by


def _rounded(name: str, value: float) -> str:
    return f"{value:.4f}" if name == RESTLESS else f"{value:.3f}" if name == COLOURS else f"{value:.2f}"


def verdict(before: Mapping[str, float], after: Mapping[str, float], shown_by: str) -> str:
    """What the technique did to its three numbers, whichever way they went."""
    sentences = []
    for name in _three(shown_by):
        old, new = (_rounded(name, numbers[name]) for numbers in (before, after))
        lower, higher = MEASURED[name]
        meaning = "as before" if old == new else lower if float(new) < float(old) else higher
        sentences.append(f"{name[0].upper()}{name[1:]} {old} -> {new}: {meaning}.")
    return " ".join(sentences)
