"""What `before_after` compares: the recipes of the pictures, the techniques, and what a difference of a number means.

What is said here stands in English, and is translated where it is spoken.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from style_helpers import metrics
from style_helpers.language import _
from style_helpers.settings import Settings

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
    "tutorial-layers": Recipe(
        "the old tutorial's layers", {"content_layers": ("conv2_2",), "style_layers": FIRST_FIVE}
    ),
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


def meanings() -> dict[str, tuple[str, str]]:
    """What a lower and a higher number mean."""
    return {
        "LPIPS": (_("nearer to the photo"), _("farther from the photo")),
        "style distance": (_("nearer to the painting"), _("farther from the painting")),
        QUARTER: (_("large shapes nearer to the painting's"), _("large shapes farther from the painting's")),
        HALF: (_("nearer to the small strokes"), _("farther from the small strokes")),
        RESTLESS: (_("smoother"), _("more restless")),
        COLOURS: (_("nearer to the photo's colours"), _("farther from the photo's colours")),
    }


@dataclass(frozen=True)
class Measure:
    """A number, and up to which difference of it neither picture is said to be lower.

    Lesson 07 measured that for LPIPS and style distances. The two others are not measured: they are the same part of
    plain Gatys's number, a twenty-fifth.
    """

    name: str
    none: float = metrics.NO_DIFFERENCE
    digits: int = 2

    def word(self, number: float) -> str:
        return f"{number:.{self.digits}f}"

    def verdict(self, before: float, after: float) -> str:
        """Of the numbers as they are shown."""
        change = round(float(self.word(after)) - float(self.word(before)), self.digits)
        if abs(change) <= self.none:
            return _("no difference beyond {none:g}", none=self.none)
        lower, higher = meanings()[self.name]
        return lower if change < 0 else higher


MEASURED = {  # what is measured on every picture
    "LPIPS": Measure("LPIPS"),
    "style distance": Measure("style distance"),
    QUARTER: Measure(QUARTER),
    HALF: Measure(HALF),
    RESTLESS: Measure(RESTLESS, 0.0008, 4),
    COLOURS: Measure(COLOURS, 0.002, 3),
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
    "the paper's layers in place of the old tutorial's": Technique(
        "tutorial-layers", "gatys", QUARTER,
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
