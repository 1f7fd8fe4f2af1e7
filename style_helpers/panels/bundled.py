"""What two panels share: pictures that were computed beforehand, and one that is computed now, beside them.

The pictures lie in images/panels, with how they were made and what was measured on them in index.json there;
`python start.py python lessons/precompute.py` makes them all again.
"""

import hashlib
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
from PIL import Image
from torch import Tensor

from style_helpers import images, networks, transfer
from style_helpers.objective import StyleObjective
from style_helpers.panels.chart import Chart
from style_helpers.panels.panel import Panel, Picture, Work, handler, readable
from style_helpers.settings import Settings

FOLDER = images.FOLDER / "panels"
COMMAND = "python start.py python lessons/precompute.py"
SIZE = 160  # pixels of the shorter side, of what is bundled and of what is computed now
WIDE = {"description_width": "initial"}
SLIDER = {"width": "420px", "max_width": "100%"}
WRAP = {"flex_flow": "row wrap", "align_items": "flex-start"}


class BundleError(ValueError):
    """A bundled picture that is missing or damaged; the message is one sentence for the user."""


@dataclass(frozen=True)
class Bundled:
    """One picture that was computed beforehand: its JPEG, and the numbers that were measured on it."""

    jpeg: bytes
    numbers: Mapping[str, float]

    @property
    def picture(self) -> Image.Image:
        return images.open_picture(self.jpeg)


class Bundle:
    """The pictures of one kind that were computed beforehand, as index.json lists them.

    kind      "inversion" or "tradeoff"
    measured  names of the numbers that each picture must have
    """

    def __init__(self, kind: str, measured: Sequence[str], folder: Path = FOLDER):
        self._folder, self._measured = folder, measured
        try:
            listed = json.loads((folder / "index.json").read_text(encoding="utf-8"))[kind]
            self.settings, self._listed = dict(listed["settings"]), [dict(each) for each in listed["pictures"]]
        except (OSError, ValueError, KeyError, TypeError):
            self.settings, self._listed = {}, []

    def find(self, **wanted) -> Bundled:
        """The picture listed with all these values. Raises BundleError where there is none, or no sound one."""
        try:
            (entry,) = self._matching(wanted)
            jpeg = (self._folder / entry["file"]).read_bytes()
            if hashlib.sha256(jpeg).hexdigest() != entry["sha256"]:
                raise ValueError("another file than the one listed")
            return Bundled(jpeg, {name: float(entry[name]) for name in self._measured})
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = " and ".join(str(value) for value in wanted.values())
            raise BundleError(
                f"The picture computed beforehand for {what} is missing or damaged: run {COMMAND} in the project's "
                "folder to make it again, or press the button to compute it now."
            ) from error

    def _matching(self, wanted: Mapping) -> list[dict]:
        return [each for each in self._listed if all(each.get(name) == value for name, value in wanted.items())]

    @property
    def label(self) -> str:
        """How all of them were made."""
        if not self._listed:
            return ""
        known = {name: str(self.settings.get(name, "?")) for name in ("preset", "network", "size", "evaluations")}
        network = known["network"].upper().replace("VGG", "VGG-")
        return (
            f"Computed beforehand with Settings.{known['preset']}, {network}, {known['size']} pixels on the shorter "
            f"side, {known['evaluations']} evaluations."
        )


@dataclass(frozen=True)
class Wish:
    """What to compute now: the two pictures, the settings, and in words what it is."""

    content: Tensor
    style: Tensor
    settings: Settings
    name: str


def begin(content: Tensor, style: Tensor, settings: Settings) -> transfer.Run:
    """The run that a panel computes with, unless it is given another."""
    return transfer.Run(StyleObjective(networks.shared(settings.network, content.device), content, style, settings))


class LivePanel(Panel):
    """A panel with the button "Compute this one now", its progress, its picture and its curve.

    begin    what makes a run of a content picture, a style picture and settings: `transfer.Run`'s manners are expected

    Subclasses say in `wish` what to compute, in `measured`, from the background, what is measured on the result, and
    in `finished` what the page shows of that.
    """

    lines = ("total",)  # what the curve shows

    def __init__(self, begin: Callable, evaluations: int, most: int):
        super().__init__("Compute this one now", "Do the work here, and watch", wide="190px")
        self._begin = begin
        self.evaluations = ipywidgets.IntSlider(
            evaluations, 20, most, 20, description="evaluations", continuous_update=False, style=WIDE, layout=SLIDER
        )
        self.live_picture, self.live_caption, self.chart = Picture(240), ipywidgets.HTML(), Chart()
        self.live_controls = ipywidgets.VBox([self.evaluations, self.bar])
        self.live_view = ipywidgets.VBox([self.live_picture, self.live_caption])

    def wish(self) -> Wish:
        raise NotImplementedError

    def wishes(self) -> Sequence[Wish]:
        """All that one press computes, in this order. Where that is more than one picture, a subclass says so."""
        return [self.wish()]

    def measured(self, wish: Wish, picture: Tensor) -> Mapping[str, float]:
        """What is measured on a picture that is done. It takes a while, and the page must not be changed meanwhile."""
        raise NotImplementedError

    def finished(self, wish: Wish, run: transfer.Run, numbers: Mapping[str, float]) -> str:
        """The numbers of a run that has ended, in words."""
        raise NotImplementedError

    @handler
    def _run_pressed(self):
        wishes = self.wishes()
        self.start(lambda work: self._compute_all(work, wishes))
        self.clear_progress()
        self.chart.clear()
        self.say("Preparing: the network looks at the pictures.")

    # In the background

    def _compute_all(self, work: Work, wishes: Sequence[Wish]):
        for wish in wishes:
            with work.page():
                if work.stopping.is_set():
                    return
                work.making = True
            run = self._begin(wish.content, wish.style, wish.settings)
            with work.page():
                work.making, work.on_stop = False, run.stop
                self.say(f"Computing: {wish.name}.")
            self._compute(work, wish, run)

    def _compute(self, work: Work, wish: Wish, run: transfer.Run):
        step = None
        for step in run:
            if work.may_show():
                with work.page():
                    self._show_step(run, wish, step)
        if step is not None:
            with work.page():
                self._show_step(run, wish, step)
            picture = run.result().picture
            numbers = self.measured(wish, picture)
            with work.page():
                self._show_end(wish, run, picture, self.finished(wish, run, numbers))
        with work.page():
            self.say(run.ended)

    def _show_step(self, run: transfer.Run, wish: Wish, step: transfer.Step):
        self.show_progress(step.evaluation, run.evaluations, run.seconds_left())
        words = f"{wish.name}, evaluation {step.evaluation} of {run.evaluations}, total {readable(step.losses.total)}"
        self.live_picture.show(step.picture, words)
        self.live_caption.value = caption("Computed now", words)
        lines = {name: [(each.evaluation, getattr(each.losses, name)) for each in run.history] for name in self.lines}
        first, last = run.history[0].losses.total, step.losses.total
        alt = f"The total after {step.evaluation} evaluations: from {readable(first)} to {readable(last)}."
        self.chart.show(lines, alt, until=run.evaluations)

    def _show_end(self, wish: Wish, run: transfer.Run, picture: Tensor, numbers: str):
        """Not the last picture but the one with the lowest total, and what is measured on it."""
        words = f"{wish.name}, {len(run.history)} of {run.evaluations} evaluations"
        self.show_progress(len(run.history), run.evaluations)
        self.live_picture.show(picture, f"{words}: {numbers}")
        self.live_caption.value = caption("Computed now", words, numbers)


def title(file: str) -> str:
    """A bundled picture's file name as words: "hokusai great wave"."""
    return Path(file).stem.replace("-", " ")


def names(folder: Path) -> dict[str, str]:
    """The pictures of a folder for a dropdown: file names by their titles."""
    return {title(path.name): path.name for path in sorted(folder.glob("*.jpg"))}


def caption(heading: str, *lines: str) -> str:
    """A heading and lines of text as HTML for the space under a picture."""
    text = "".join(f"<br>{html.escape(line)}" for line in lines)
    return f'<div style="line-height: 1.4; max-width: 240px"><b>{html.escape(heading)}</b>{text}</div>'


def encode(picture: Tensor) -> bytes:
    """A picture as the JPEG that is bundled: small, and good enough beside the others."""
    page = io.BytesIO()
    images.to_pil(picture).save(page, "JPEG", quality=85, optimize=True)
    return page.getvalue()
