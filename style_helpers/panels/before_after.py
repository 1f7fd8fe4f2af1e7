"""Before and after: what each technique of lesson 07 changes, side by side, under a wipe, and measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
import traitlets
from torch import Tensor

from style_helpers import images, losses, metrics, transfer
from style_helpers.colours import luminance
from style_helpers.fronts import Front
from style_helpers.images import resize
from style_helpers.panels.bundled import FOLDER, KNOB, WEIGHT, Bundle, BundleError, LivePanel, Wish, begin, load
from style_helpers.panels.panel import WRAP, Picture, as_png, choice, handler, manner, title
from style_helpers.settings import Settings

PAIRS = tuple(
    (images.CONTENT / content, images.STYLE / style)
    for content, style in (
        ("summer-palace.jpg", "van-gogh-village-street-in-auvers.jpg"),
        ("astronaut.jpg", "kandinsky-composition-viii.jpg"),
    )
)
EVALUATIONS = 80  # of each picture computed beforehand
HINT = "Choose a technique, look at both pictures, then drag the line."
NOT_COMPUTED = "With these choices nothing was computed beforehand: press Compute this one now; both pictures are made."
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


@dataclass(frozen=True)
class Measure:
    """What a lower and a higher number mean, and up to which difference neither.

    Lesson 07 measured that for LPIPS and style distances. The two others are not measured: they are the same part of
    plain Gatys's number, a twenty-fifth.
    """

    lower: str
    higher: str
    none: float = metrics.NO_DIFFERENCE
    digits: int = 2

    def word(self, number: float) -> str:
        return f"{number:.{self.digits}f}"

    def verdict(self, before: float, after: float) -> str:
        """Of the numbers as they are shown."""
        change = round(float(self.word(after)) - float(self.word(before)), self.digits)
        if abs(change) <= self.none:
            return f"no difference beyond {self.none:g}"
        return self.lower if change < 0 else self.higher


MEASURED = {  # what is measured on every picture
    "LPIPS": Measure("nearer to the photo", "farther from the photo"),
    "style distance": Measure("nearer to the painting", "farther from the painting"),
    QUARTER: Measure("large shapes nearer to the painting's", "large shapes farther from the painting's"),
    HALF: Measure("nearer to the small strokes", "farther from the small strokes"),
    RESTLESS: Measure("smoother", "more restless", 0.0008, 4),
    COLOURS: Measure("nearer to the photo's colours", "farther from the photo's colours", 0.002, 3),
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

    @property
    def measured(self) -> tuple[str, str, str]:
        return "LPIPS", "style distance", self.shown_by


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
class Made:
    """One picture's file with its numbers, and with how many evaluations it was computed."""

    file: bytes
    numbers: Mapping[str, float]
    evaluations: int


class Comparisons(Front, parts=("wipe", "compare")):
    """The techniques, one of them chosen: its two pictures under a wipe, and what was measured on both."""

    rows = traitlets.List().tag(sync=True)
    pictures = traitlets.List().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)
    label = traitlets.Unicode("technique").tag(sync=True)
    empty = traitlets.Unicode("For these choices nothing was computed yet.").tag(sync=True)

    def show(self, pairs: Mapping[str, Sequence[Made]], factor: float, evaluations: int):
        """pairs: by the technique's name, before and after, or () where there is nothing yet.

        factor, evaluations: with which the missing ones would be made.
        """
        files, rows = {}, []
        for name, pair in pairs.items():
            rows.append(row(TECHNIQUES[name], pair, factor, pair[0].evaluations if pair else evaluations))
            rows[-1] |= {"name": name, "words": TECHNIQUES[name].words}
            for side, each in zip(("before", "after"), pair, strict=False):
                rows[-1][side] = files.setdefault(each.file, len(files))
        with self.hold_sync():  # one message
            self.rows, self.pictures = rows, list(files)


def row(technique: Technique, pair: Sequence[Made], factor: float, evaluations: int) -> dict:
    """Both settings in Python; and of the two pictures, if they are there, names, numbers and the verdict."""
    recipes = [RECIPES[each] for each in technique.recipes]
    before, after = (each.as_code(factor, evaluations) for each in recipes)
    about = {"code": f"before: {before}\nafter:  {after}"}
    if not pair:
        return about
    lines = [[f"{name} {MEASURED[name].word(each.numbers[name])}" for name in technique.measured] for each in pair]
    said = verdict(*(each.numbers for each in pair), technique.measured)
    return about | {"names": [each.name for each in recipes], "lines": lines, "verdict": said}


def verdict(before: Mapping[str, float], after: Mapping[str, float], names: Sequence[str]) -> str:
    """What a technique did to these numbers, whichever way they went."""
    sentences = []
    for name in names:
        measure, old, new = MEASURED[name], before[name], after[name]
        change = f"{name[0].upper()}{name[1:]} {measure.word(old)} -> {measure.word(new)}"
        sentences.append(f"{change}: {measure.verdict(old, new)}.")
    return " ".join(sentences)


class BeforeAfter(LivePanel):
    """One technique at a time: the picture without it, the picture with it, a wipe over both, and what was measured.

    The answer comes at once, from pictures computed beforehand, for two pairs; on request any pair is computed, with
    any style weight, while you watch.

    begin    what makes a run; measure: what it says about the result
    folder   where the pictures computed beforehand lie
    """

    def __init__(self, begin: Callable = begin, measure: Callable = measure, folder: Path = FOLDER):
        super().__init__(begin, measure, Bundle("beforeafter", tuple(MEASURED), folder), EVALUATIONS, most=400)
        self._made: dict[tuple, Made] = {}
        bundled = {", ".join(map(title, pair)): pair for pair in PAIRS} | {
            "other pictures, chosen here:": ()
        }  # None would be no choice
        self.pair = ipywidgets.Dropdown(options=bundled, description="pictures", **KNOB)
        self.content = choice("content", images.CONTENT, "flower.jpg", **KNOB)
        self.style_choice = choice("style", images.STYLE, "hokusai-great-wave.jpg", **KNOB)
        self.factor = ipywidgets.FloatLogSlider(
            1, min=-1, max=1, step=0.1, description="style weight, times the preset's", **WEIGHT
        )
        self.content_picture, self.style_picture = Picture(140), Picture(140)
        self.view = Comparisons()
        for control in (self.pair, self.content, self.style_choice, self.factor, self.evaluations):
            control.observe(self._choice_changed, "value")
        self.view.observe(self._choice_changed, "chosen")
        choosers = ipywidgets.VBox([self.pair, self.content, self.style_choice], layout={"margin": "0 12px 0 0"})
        top = ipywidgets.HBox([choosers, self.content_picture, self.style_picture], layout=WRAP)
        self.lay_out(top, self.view, knobs=[self.factor])
        self._choice_changed()

    # What is chosen

    @property
    def _pair(self) -> tuple[Path, Path]:
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

    @handler
    def _choice_changed(self):
        content, style = self._pair
        for control in (self.content, self.style_choice):  # they would name pictures that are not shown
            control.disabled = self.pair.value != ()
            control.layout.display = "none" if control.disabled else None
        self.note.layout.display = None if (content, style) in PAIRS else "none"
        self.content_picture.show(load(content), f"The photo: {title(content)}")
        self.style_picture.show(load(style), f"The style: {title(style)}")
        self._show()

    # What is to be seen

    def _found(self) -> tuple[dict[str, Made], BundleError | None]:
        """What was computed beforehand by recipe, and the first that is missing though it should be there."""
        found, lost, (content, style) = {}, None, self._pair
        for recipe in RECIPES if self._factor == 1 and self._pair in PAIRS else ():
            try:
                each = self._bundle.find(content=content.name, style=style.name, made=recipe)
                found[recipe] = Made(each.jpeg, each.numbers, EVALUATIONS)
            except BundleError as error:
                lost = lost or error
        return found, lost

    def _show(self):
        """All comparisons, so that another one is chosen on the page itself; where there is none, why."""
        beforehand, lost = self._found()
        now = {recipe: self._made[self._key(recipe)] for recipe in RECIPES if self._key(recipe) in self._made}
        pairs = {name: _both(technique, now) or _both(technique, beforehand) for name, technique in TECHNIQUES.items()}
        self.view.show(pairs, self._factor, self.evaluations.value)
        if self.working:
            return
        if list(pairs.values())[self.view.chosen]:
            self.say(HINT)
        elif lost is not None:
            self.complain(lost)
        else:
            self.say(NOT_COMPUTED)

    # What is computed now

    def wishes(self) -> list[Wish]:
        """Before and after; what was computed already with the same choices is not computed again."""
        missing = [recipe for recipe in self._recipes if self._key(recipe) not in self._made]
        wishes = []
        for recipe in missing or self._recipes:
            chosen = RECIPES[recipe].settings(self._factor, self.evaluations.value)
            name = f"{manner(*self._pair)}, {RECIPES[recipe].name}"
            wishes.append(Wish(*map(load, self._pair), chosen, name, self._key(recipe)))
        return wishes

    def finished(self, wish: Wish, run: transfer.Run, numbers: Mapping[str, float]) -> str:
        if len(run.history) == run.evaluations:  # what was stopped early is no fair comparison
            self._made[wish.key] = Made(as_png(run.result().picture), numbers, wish.key[-1])
            self._show()
        return ", ".join(f"{name} {MEASURED[name].word(numbers[name])}" for name in ("LPIPS", "style distance"))


def _both(technique: Technique, made: Mapping[str, Made]) -> tuple[Made, ...]:
    """Both pictures of a technique, of one number of evaluations, or none: others are no comparison."""
    there = tuple(made[each] for each in technique.recipes if each in made)
    return there if len(there) == 2 else ()
