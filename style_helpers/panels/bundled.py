"""What three panels share: pictures that were computed beforehand, and one that is computed now, beside them.

The pictures lie in images/panels, with how they were made and what was measured on them in index.json there;
`python start.py python lessons/precompute.py` makes them all again.
"""

import hashlib
import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets
from torch import Tensor

from style_helpers import images, networks, transfer
from style_helpers.language import _
from style_helpers.objective import StyleObjective
from style_helpers.panels.chart import Chart, term
from style_helpers.panels.panel import (
    NAMED,
    WRAP,
    Panel,
    Picture,
    Work,
    as_jpeg,
    capital,
    colon,
    handler,
    readable,
    title,
)
from style_helpers.panels.strip import frame
from style_helpers.settings import Settings

FOLDER = images.FOLDER / "panels"
COMMAND = "python start.py python lessons/precompute.py"
SIZE = 160  # pixels of the shorter side, of what is bundled and of what is computed now
KNOB = {"style": NAMED, "layout": {"width": "420px", "max_width": "100%"}}
WEIGHT = {  # for sliders of style weights, which have long names
    "readout_format": ".3g",
    "continuous_update": False,
    "style": NAMED,
    "layout": {"width": "560px", "max_width": "100%"},
}


class BundleError(ValueError):
    """A bundled picture that is missing or damaged; the message is one sentence for the user."""


@dataclass(frozen=True)
class Bundled:
    """One picture that was computed beforehand: its JPEG, and the numbers that were measured on it."""

    jpeg: bytes
    numbers: Mapping[str, float]


class Bundle:
    """The pictures of one kind that were computed beforehand, as index.json lists them.

    kind      "inversion", "tradeoff" or "beforeafter"
    measured  names of the numbers that each picture must have
    """

    def __init__(self, kind: str, measured: Sequence[str], folder: Path = FOLDER):
        self._folder, self._measured = folder, measured
        try:
            listed = json.loads((folder / "index.json").read_text(encoding="utf-8"))[kind]
            self._settings, self._listed = dict(listed["settings"]), [dict(each) for each in listed["pictures"]]
        except (OSError, ValueError, KeyError, TypeError):
            self._settings, self._listed = {}, []

    def find(self, **wanted) -> Bundled:
        """The picture listed with all these values. Raises BundleError where there is none, or no sound one."""
        try:
            (entry,) = [each for each in self._listed if wanted.items() <= each.items()]
            jpeg = (self._folder / entry["file"]).read_bytes()
            if hashlib.sha256(jpeg).hexdigest() != entry["sha256"]:
                raise ValueError(entry["file"])  # another one than is listed
            return Bundled(jpeg, {name: float(entry[name]) for name in self._measured})
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = _(" and ").join(str(value) for value in wanted.values())
            raise BundleError(
                _(
                    "The picture computed beforehand for {what} is missing or damaged: run {command} in the project's "
                    "folder to make it again, or press the button to compute it now.",
                    what=what,
                    command=COMMAND,
                )
            ) from error

    @property
    def label(self) -> str:
        """How all of them were made."""
        if not self._listed:
            return ""
        made = {name: self._settings.get(name, "?") for name in ("preset", "network", "size", "evaluations")}
        network = str(made["network"]).upper().replace("VGG", "VGG-")
        one_preset = isinstance(made["preset"], str)  # else each has its own
        return _(
            "Computed beforehand with {what}, {size} pixels on the shorter side, {evaluations} evaluations.",
            what=_("Settings.{preset}, {network}", preset=made["preset"], network=network) if one_preset else network,
            size=made["size"],
            evaluations=made["evaluations"],
        )


@dataclass(frozen=True)
class Wish:
    """What to compute now: the two pictures, the settings, in words what it is, and what the panel knows it by."""

    content: Tensor
    style: Tensor
    settings: Settings
    name: str
    key: tuple


def begin(content: Tensor, style: Tensor, settings: Settings) -> transfer.Run:
    """The run that a panel computes with, unless it is given another."""
    return transfer.Run(StyleObjective(networks.shared(settings.network, content.device), content, style, settings))


class LivePanel(Panel):
    """A panel with the button "Compute this one now", its progress, its picture and its curve.

    begin        what makes a run of a content picture, a style picture and settings, with `transfer.Run`'s manners
    measure      what gives the numbers of a picture that is done, from it, the content picture and the style picture
    bundle       what was computed beforehand
    evaluations  of each picture, at first; most: the slider's end

    Subclasses say in `wishes` what to compute and in `finished` what the page shows of that.
    """

    lines = ("total", "style", "content")  # what the curve shows, of `transfer.Losses`

    def __init__(self, begin: Callable, measure: Callable, bundle: Bundle, evaluations: int, most: int):
        super().__init__(_("Compute this one now"), _("Do the work here, and watch"), wide="190px")
        self._begin, self._measure, self._bundle = begin, measure, bundle
        self.evaluations = ipywidgets.IntSlider(
            evaluations, 20, most, 20, description=_("evaluations"), continuous_update=False, **KNOB
        )
        self.live_picture, self.live_caption, self.chart = Picture(240), ipywidgets.HTML(), Chart()

    def lay_out(self, *above: ipywidgets.Widget, knobs: Sequence[ipywidgets.Widget] = ()):
        """What the panel is for, then how it was made, then what is computed now."""
        self.note = ipywidgets.HTML(html.escape(self._bundle.label))
        still = ipywidgets.Layout(width="250px", flex="none")  # the curve must not move when the picture comes
        picture = ipywidgets.VBox([self.live_picture, self.live_caption], layout=still)
        now = ipywidgets.HBox([picture, self.chart], layout=WRAP)
        self.children = [*above, self.note, *knobs, self.evaluations, self.bar, self.status, now]

    def wishes(self) -> Sequence[Wish]:
        """All that one press computes, in this order."""
        raise NotImplementedError

    def finished(self, wish: Wish, run: transfer.Run, numbers: Mapping[str, float]) -> str:
        """The numbers of a run that has ended, in words."""
        raise NotImplementedError

    @handler
    def _run_pressed(self):
        wishes = self.wishes()
        self.start(lambda work: self._compute_all(work, wishes), _("Preparing: the network looks at the pictures."))
        self.chart.clear()

    # In the background

    def _compute_all(self, work: Work, wishes: Sequence[Wish]):
        for wish in wishes:
            with work.page():
                if work.stopping.is_set():
                    return
                work.making = True
            run = self._begin(wish.content, wish.style, wish.settings)
            with work.page():
                work.made(_("Computing: {name}.", name=wish.name), run.stop)
            self._compute(work, wish, run)

    def _compute(self, work: Work, wish: Wish, run: transfer.Run):
        for step in run:
            if work.may_show():
                with work.page():
                    self._show_step(run, wish, step)
        if run.history:
            picture = run.result().picture
            numbers = self._measure(picture, wish.content, wish.style)  # takes a while
            with work.page():
                self._show_end(wish, run, picture, self.finished(wish, run, numbers))
        with work.page():
            self.say(_("{ended} {name}.", ended=run.ended, name=capital(wish.name)))

    def _show_step(self, run: transfer.Run, wish: Wish, step: transfer.Step):
        words = _(
            "{name}, evaluation {evaluation} of {evaluations}, total {total}",
            name=wish.name,
            evaluation=step.evaluation,
            evaluations=run.evaluations,
            total=readable(step.losses.total),
        )
        self.live_picture.show(step.picture, words)
        self.live_caption.value = caption(_("Computed now"), words)
        self._show_progress(run, run.seconds_left())

    def _show_end(self, wish: Wish, run: transfer.Run, picture: Tensor, numbers: str):
        """Not the last picture but the one with the lowest total, and what is measured on it."""
        done, evaluations = len(run.history), run.evaluations
        words = _("{name}, {done} of {evaluations} evaluations", name=wish.name, done=done, evaluations=evaluations)
        self.live_picture.show(picture, colon(words, numbers))
        self.live_caption.value = caption(_("Computed now"), words, numbers)
        self._show_progress(run)

    def _show_progress(self, run: transfer.Run, left: float | None = None):
        self.show_progress(len(run.history), run.evaluations, left)
        lines = {
            term(name): [(each.evaluation, getattr(each.losses, name)) for each in run.history] for name in self.lines
        }
        self.chart.show(lines, went(run), until=run.evaluations)


def went(run: transfer.Run) -> str:
    """The curve of a run in words."""
    first, last = (readable(run.history[place].losses.total) for place in (0, -1))
    done = len(run.history)
    return _("The total after {done} evaluations: from {first} to {last}.", done=done, first=first, last=last)


@lru_cache(maxsize=12)
def load(path: Path) -> Tensor:
    """A picture as it is computed with and measured against."""
    return images.load(path, SIZE)


@lru_cache(maxsize=12)
def _file(path: Path) -> bytes:
    return as_jpeg(load(path))


def photo(path: Path) -> dict:
    """A photo, to stand beside what was made of it."""
    words = _("The photo: {title}", title=title(path))
    return frame(_file(path), _("photo"), _("The photo"), [title(path)], words)


def painting(path: Path) -> dict:
    """The same of a painting."""
    words = _("The painting: {title}", title=title(path))
    return frame(_file(path), _("painting"), _("The painting"), [title(path)], words)


def caption(heading: str, *lines: str) -> str:
    """A heading and lines of text as HTML for the space under a picture."""
    text = "".join(f"<br>{html.escape(line)}" for line in lines)
    return f'<div style="line-height: 1.4; max-width: 240px"><b>{html.escape(heading)}</b>{text}</div>'
