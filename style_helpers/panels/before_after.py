"""Before and after: what each technique of lesson 07 changes, side by side, under a wipe, and measured."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets
from PIL import Image
from torch import Tensor

from style_helpers import images, losses, metrics, transfer
from style_helpers.colours import luminance
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
    caption,
    names,
    side_by_side,
    title,
    under,
)
from style_helpers.panels.panel import Picture, handler
from style_helpers.panels.wipe import Wipe
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
    """One picture with its numbers, and with how many evaluations it was computed."""

    picture: Image.Image
    numbers: Mapping[str, float]
    evaluations: int


@dataclass(frozen=True)
class Part(Wish):
    """A picture to compute now, and for which comparison it is kept: pair, recipe, factor, evaluations."""

    key: tuple


@lru_cache(maxsize=12)
def load(folder: Path, name: str) -> Tensor:
    return images.load(folder / name, SIZE)


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
        self._make_views()
        choosers = [self.technique, self.words, self.pair, self.content, self.style_choice]
        chosen = ipywidgets.VBox(choosers, layout={"margin": "0 12px 0 0"})
        top = ipywidgets.HBox([chosen, self.content_picture, self.style_picture], layout=WRAP)
        now = ipywidgets.HBox([self.live_view, self.chart], layout=WRAP)
        self.children = [
            top, self._stage, self.verdict, self.code, self._note, self.factor, self.live_controls, self.status, now,
        ]  # fmt: skip
        self._choice_changed()

    def _make_controls(self):
        self.technique = ipywidgets.Dropdown(
            options={name: name for name in TECHNIQUES}, description="technique", style=WIDE, layout=SLIDER
        )
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
        for control in (self.technique, self.pair, self.content, self.style_choice, self.factor, self.evaluations):
            control.observe(self._choice_changed, "value")

    def _make_views(self):
        self.content_picture, self.style_picture = Picture(140), Picture(140)
        self.before_picture, self.after_picture, self.wipe = Picture(250), Picture(250), Wipe(width=380)
        self.before_caption, self.after_caption = ipywidgets.HTML(), ipywidgets.HTML()
        self.words, self.verdict, self.code = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.words.layout.max_width = "430px"
        made = self._bundle.settings
        how = f"VGG-16, {made['size']} pixels on the shorter side, {made['evaluations']} evaluations." if made else ""
        self._note = ipywidgets.HTML(f"Computed beforehand: {how}" if how else "")
        parts = (
            (self.before_picture, self.before_caption),
            (self.after_picture, self.after_caption),
            (self.wipe,),
        )
        columns = [ipywidgets.VBox(part, layout={"margin": "0 8px 0 0"}) for part in parts]
        self._stage = ipywidgets.HBox(columns, layout=WRAP)

    # What is chosen

    @property
    def _pair(self) -> tuple[str, str]:
        return self.pair.value or (self.content.value, self.style_choice.value)

    @property
    def _factor(self) -> float:
        return float(f"{self.factor.value:.3g}")

    @property
    def _recipes(self) -> tuple[str, str]:
        technique = TECHNIQUES[self.technique.value]
        return technique.before, technique.after

    def _key(self, recipe: str) -> tuple:
        return self._pair, recipe, self._factor, self.evaluations.value

    def _found(self) -> list[Shown]:
        """Before and after: computed now if both were, else beforehand; none where nothing is. Raises BundleError."""
        keys = [self._key(recipe) for recipe in self._recipes]
        if all(key in self._made for key in keys):
            return [self._made[key] for key in keys]
        if self._factor != 1 or self._pair not in PAIRS:
            return []
        content, style = self._pair
        found = [self._bundle.find(content=content, style=style, made=recipe) for recipe in self._recipes]
        return [Shown(each.picture, each.numbers, EVALUATIONS) for each in found]

    # What the controls do

    @handler
    def _choice_changed(self):
        content, style = self._pair
        self.content.disabled = self.style_choice.disabled = self.pair.value is not None
        self.content_picture.show(load(images.CONTENT, content), f"The photo: {title(content)}")
        self.style_picture.show(load(images.STYLE, style), f"The style: {title(style)}")
        self.words.value = html.escape(TECHNIQUES[self.technique.value].words)
        self._show()

    # What is to be seen

    def _show(self):
        """Both pictures of what is chosen and their numbers; where there are none, why."""
        try:
            found, lost = self._found(), None
        except BundleError as error:
            found, lost = [], error
        for view in (self.before_picture, self.after_picture, self.before_caption, self.after_caption, self.verdict):
            view.value = ""
        if not found:
            self.wipe.clear()
        evaluations = found[0].evaluations if found else self.evaluations.value
        self._write_code(evaluations)
        if found:
            self._show_found(*found)
        if lost is not None:
            self.complain(lost)
        elif not self.working:
            self.say(HINT if found else NOT_COMPUTED)

    def _show_found(self, before: Shown, after: Shown):
        shown_by = TECHNIQUES[self.technique.value].shown_by
        for when, recipe, each, picture, line in (
            ("Before", self._recipes[0], before, self.before_picture, self.before_caption),
            ("After", self._recipes[1], after, self.after_picture, self.after_caption),
        ):
            heading = f"{when}: {RECIPES[recipe].name}"
            numbers = [f"{name} {_rounded(name, each.numbers[name])}" for name in _three(shown_by)]
            picture.show(each.picture, f"{heading}. {', '.join(numbers)}")
            line.value = caption(heading, *numbers)
        self.verdict.value = f"<p>{html.escape(verdict(before.numbers, after.numbers, shown_by))}</p>"
        first, second = names = tuple(RECIPES[recipe].name for recipe in self._recipes)
        self.wipe.show(before.picture, after.picture, names, f"A wipe from {first}, at the left, to {second}")

    def _write_code(self, evaluations: int):
        lines = [
            f"{when} {RECIPES[recipe].as_code(self._factor, evaluations)}"
            for when, recipe in zip(("before:", "after: "), self._recipes, strict=True)
        ]
        text = html.escape("\n".join(lines), quote=False)
        self.code.value = f'<pre tabindex="0" style="user-select: all; white-space: pre-wrap">{text}</pre>'

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
            self._made[wish.key] = Shown(images.to_pil(run.result().picture), numbers, wish.key[-1])
            self._show()
        return ", ".join(f"{name} {_rounded(name, numbers[name])}" for name in ("LPIPS", "style distance"))

    def still(self) -> Image.Image:
        """The chosen pair and all that was made of it, for a page without a kernel. Raises BundleError."""
        content, style = self._pair if self._pair in PAIRS else PAIRS[0]
        photo, painting = load(images.CONTENT, content), load(images.STYLE, style)
        like = images.to_pil(painting).resize((photo.shape[-1], photo.shape[-2]))
        cells = [under(images.to_pil(photo), title(content), "the photo", 154)]
        cells.append(under(like, title(style), "the style", 154))
        for recipe, made in RECIPES.items():
            found = self._bundle.find(content=content, style=style, made=recipe)
            lpips, distance = found.numbers["LPIPS"], found.numbers["style distance"]
            cells.append(under(found.picture, made.name, f"LPIPS {lpips:.2f}, style {distance:.2f}", 154))
        rows = [side_by_side(cells[:6]), side_by_side(cells[6:])]
        page = Image.new("RGB", (rows[0].width, rows[0].height + rows[1].height), "white")
        page.paste(rows[0], (0, 0))
        page.paste(rows[1], (0, rows[0].height))
        return page


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
