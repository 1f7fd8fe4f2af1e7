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
from style_helpers.language import _, sentences
from style_helpers.panels.bundled import FOLDER, KNOB, WEIGHT, Bundle, BundleError, LivePanel, Wish, begin, load
from style_helpers.panels.panel import (
    WRAP,
    Picture,
    as_png,
    capital,
    choice,
    commas,
    handler,
    listed,
    manner,
    title,
)
from style_helpers.panels.techniques import (
    COLOURS,
    EVALUATIONS,
    HALF,
    MEASURED,
    QUARTER,
    RECIPES,
    RESTLESS,
    TECHNIQUES,
    Technique,
)

PAIRS = tuple(
    (images.CONTENT / content, images.STYLE / style)
    for content, style in (
        ("summer-palace.jpg", "van-gogh-village-street-in-auvers.jpg"),
        ("astronaut.jpg", "kandinsky-composition-viii.jpg"),
    )
)


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
    label = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)

    @traitlets.default("label")
    def _usual_label(self) -> str:
        return _("technique")

    @traitlets.default("empty")
    def _usually_empty(self) -> str:
        return _("For these choices nothing was computed yet.")

    def show(self, pairs: Mapping[str, Sequence[Made]], factor: float, evaluations: int):
        """pairs: by the technique's name, before and after, or () where there is nothing yet.

        factor, evaluations: with which the missing ones would be made.
        """
        files, rows = {}, []
        for name, pair in pairs.items():
            rows.append(row(TECHNIQUES[name], pair, factor, pair[0].evaluations if pair else evaluations))
            rows[-1] |= {"name": _(name), "words": _(TECHNIQUES[name].words)}
            for side, each in zip(("before", "after"), pair, strict=False):
                rows[-1][side] = files.setdefault(each.file, len(files))
        with self.hold_sync():  # one message
            self.rows, self.pictures = rows, list(files)


def row(technique: Technique, pair: Sequence[Made], factor: float, evaluations: int) -> dict:
    """Both settings in Python; and of the two pictures, if they are there, names, numbers and the verdict."""
    recipes = [RECIPES[each] for each in technique.recipes]
    before, after = (each.as_code(factor, evaluations) for each in recipes)
    about = {"code": _("before: {before}\nafter:  {after}", before=before, after=after)}
    if not pair:
        return about
    lines = [[_measured(name, each.numbers) for name in technique.measured] for each in pair]
    said = verdict(*(each.numbers for each in pair), technique.measured)
    return about | {"names": [_(each.name) for each in recipes], "lines": lines, "verdict": said}


def _measured(name: str, numbers: Mapping[str, float]) -> str:
    called = _(name)
    return f"{called} {MEASURED[name].word(numbers[name])}"


def verdict(before: Mapping[str, float], after: Mapping[str, float], names: Sequence[str]) -> str:
    """What a technique did to these numbers, whichever way they went."""
    said = []
    for name in names:
        measure, old, new = MEASURED[name], before[name], after[name]
        said.append(
            _(
                "{name} {old} -> {new}: {verdict}.",
                name=capital(_(name)),
                old=measure.word(old),
                new=measure.word(new),
                verdict=measure.verdict(old, new),
            )
        )
    return sentences(*said)


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
        bundled = {listed(*map(title, pair)): pair for pair in PAIRS} | {
            _("other pictures, chosen here:"): ()
        }  # None would be no choice
        self.pair = ipywidgets.Dropdown(options=bundled, description=_("pictures"), **KNOB)
        self.content = choice(_("content"), images.CONTENT, "flower.jpg", **KNOB)
        self.style_choice = choice(_("style"), images.STYLE, "hokusai-great-wave.jpg", **KNOB)
        self.factor = ipywidgets.FloatLogSlider(
            1, min=-1, max=1, step=0.1, description=_("style weight, times the preset's"), **WEIGHT
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
        self.content_picture.show(load(content), _("The photo: {title}", title=title(content)))
        self.style_picture.show(load(style), _("The style: {title}", title=title(style)))
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
            self.say(_("Choose a technique, look at both pictures, then drag the line."))
        elif lost is not None:
            self.complain(lost)
        else:
            nothing = _("With these choices nothing was computed beforehand: press Compute this one now; both pictures "
                        "are made.")  # fmt: skip
            self.say(nothing)

    # What is computed now

    def wishes(self) -> list[Wish]:
        """Before and after; what was computed already with the same choices is not computed again."""
        missing = [recipe for recipe in self._recipes if self._key(recipe) not in self._made]
        wishes = []
        for recipe in missing or self._recipes:
            chosen = RECIPES[recipe].settings(self._factor, self.evaluations.value)
            name = commas(manner(*self._pair), _(RECIPES[recipe].name))
            wishes.append(Wish(*map(load, self._pair), chosen, name, self._key(recipe)))
        return wishes

    def finished(self, wish: Wish, run: transfer.Run, numbers: Mapping[str, float]) -> str:
        if len(run.history) == run.evaluations:  # what was stopped early is no fair comparison
            self._made[wish.key] = Made(as_png(run.result().picture), numbers, wish.key[-1])
            self._show()
        return commas(*(_measured(name, numbers) for name in ("LPIPS", "style distance")))


def _both(technique: Technique, made: Mapping[str, Made]) -> tuple[Made, ...]:
    """Both pictures of a technique, of one number of evaluations, or none: others are no comparison."""
    there = tuple(made[each] for each in technique.recipes if each in made)
    return there if len(there) == 2 else ()
