"""In a lesson's kernel, while the website is made: what a cell shows becomes what a page without a kernel can show.

Of a panel the fronts stay, once for each choice that was recorded; its other knobs need Python, and go. `begin` is
called before the lesson's first cell.
"""

import itertools
from collections.abc import Callable, Iterator

import ipywidgets
from IPython.display import display

from style_helpers import images
from style_helpers.fronts import Displayed, Front
from style_helpers.panels.before_after import BeforeAfter
from style_helpers.panels.brush import Brush
from style_helpers.panels.bugs import BugSwitches
from style_helpers.panels.bundled import LivePanel
from style_helpers.panels.chart import Chart
from style_helpers.panels.chooser import Chooser
from style_helpers.panels.features import FeatureExplorer
from style_helpers.panels.gram import GramMicroscope
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.one_pass import RECORDED, OnePass
from style_helpers.panels.panel import Panel, colon, commas, title
from style_helpers.panels.race import OptimiserRace
from style_helpers.panels.studio import Studio
from style_helpers.panels.tradeoff import TradeOffExplorer
from style_helpers.panels.tug import TugOfWar
from style_helpers.settings import shortened

MIME = "application/vnd.style-helpers.recorded+json"  # [{"label": the choice in words, "parts": [...]}]
STUDIO = (("chelsea-the-cat", "hokusai-great-wave"), ("flower", "van-gogh-village-street-in-auvers"))
MOMENTS = 15  # of a run in the Studio, with the last one more


def begin():
    """From now on every panel, prediction and answer is shown as its record."""
    Displayed._ipython_display_ = lambda shown: display({MIME: records(shown)}, raw=True)


def records(shown: Front | Panel) -> list[dict]:
    if isinstance(shown, Front):
        return [{"label": "", "parts": [_front(shown)]}]
    return [{"label": label, "parts": [*_parts(shown)]} for label in CHOICES[type(shown)](shown)]


def _parts(shown: ipywidgets.Widget) -> Iterator[dict]:
    """What can be seen of it without Python, from top to bottom."""
    if shown.layout.display == "none" or isinstance(shown, Chooser | Brush):
        return
    if isinstance(shown, Front) and (not isinstance(shown, Chart) or shown.lines):
        yield _front(shown)
    elif isinstance(shown, ipywidgets.HTML) and shown.value:
        yield {"html": shown.value}
    for child in getattr(shown, "children", ()):
        yield from _parts(child)


def _front(shown: Front) -> dict:
    return {"front": type(shown).__name__, "recorded": shown.recorded()}


# Each sets a panel's knobs in turn and says what is chosen


def each_of(*knobs: str, run: bool = False) -> Callable[[Panel], Iterator[str]]:
    """Every combination of what these lists offer, where the panel has something to show; first as the panel begins."""

    def choose(panel: Panel) -> Iterator[str]:
        lists = [getattr(panel, knob) for knob in knobs]
        for places in itertools.product(*(_from(each.index, len(each.options)) for each in lists)):
            for each, place in zip(lists, places, strict=True):
                each.index = place
            if run:
                _run(panel)
            if not isinstance(panel, LivePanel) or panel.note.layout.display != "none":
                yield commas(*(colon(each.description, each.label) for each in lists))

    return choose


def _from(first: int, many: int) -> list[int]:
    return [*range(first, many), *range(first)]


def _run(panel: Panel):
    panel.evaluations.value = shortened(panel.evaluations.value)
    panel.run_button.click()
    panel.wait()


def in_the_studio(panel: Studio) -> Iterator[str]:
    for content, style in STUDIO:
        names = [title(folder / f"{name}.jpg") for folder, name in ((images.CONTENT, content), (images.STYLE, style))]
        for kind, name in zip(("content", "style"), names, strict=True):
            panel.choosers[kind].chosen = panel.choosers[kind].names.index(name)
        _run(panel)
        panel.record()
        moments = panel.film.pictures
        kept = moments[:: max(1, len(moments) // MOMENTS)]
        panel.film.pictures = kept if kept[-1] is moments[-1] else [*kept, moments[-1]]
        panel.film.chosen = len(panel.film.pictures) - 1
        yield commas(*names)


def by_features(panel: FeatureExplorer) -> Iterator[str]:
    for place in _from(panel.picture.index, len(panel.picture.options))[:2]:  # all layers of one are two megabytes
        panel.picture.index = place
        panel.record(*panel.layers)
        yield panel.picture.label


def in_one_pass(panel: OnePass) -> Iterator[str]:
    for place in _from(panel.chooser.chosen, len(panel.chooser.names)):
        panel.chooser.chosen = place
        panel.record(shortened(RECORDED, least=4))
        yield panel.chooser.names[place]


CHOICES = {
    Studio: in_the_studio,
    FeatureExplorer: by_features,
    InversionByDepth: each_of("photo"),
    GramMicroscope: each_of("picture", "layer"),
    OptimiserRace: each_of("start_from", run=True),
    TradeOffExplorer: each_of("content", "style_choice"),
    TugOfWar: each_of("network", run=True),
    BeforeAfter: each_of("pair"),
    OnePass: in_one_pass,
    BugSwitches: each_of("bug", run=True),
}
