"""A painter at work: a photograph that is chosen, and a moving picture frame by frame, with its flicker."""

import math
import time
from collections import deque

import ipywidgets
import torch
import traitlets
from torch import Tensor

from style_helpers import images
from style_helpers.fronts import Front
from style_helpers.language import _
from style_helpers.painter import READY, Painter
from style_helpers.panels.chooser import Chooser
from style_helpers.panels.panel import NAMED, Panel, as_jpeg, as_png, handler, title

ROUND = 120  # frames until the walk is where it began
RECORDED = 24  # frames of it for a page without a kernel
REMEMBERED = 20  # pairs of frames that the flicker is a mean of
STILL = 1e-3  # a change, in parts of the picture's spread, below which nothing moves


class Wipe(Front, parts=("wipe",)):
    """A photograph and its painted picture, and a line to drag between them; see fronts/wipe.js."""

    before = traitlets.Bytes().tag(sync=True)
    after = traitlets.Bytes().tag(sync=True)
    before_name = traitlets.Unicode().tag(sync=True)
    after_name = traitlets.Unicode().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    share = traitlets.Int(15, min=0, max=100).tag(sync=True)
    width = traitlets.Int(420).tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class Movie(Front, parts=("movie",)):
    """A walk over the photograph, the camera or a video, each frame beside its painted picture. See fronts/movie.js.

    asked     the number of the frame that the browser asks for; it asks for the next when this one has come
    frame     a JPEG file from the camera or a video; empty for the next step of the walk
    painted   {"number", "frame", "picture": JPEG files, "seconds" that it took, "flicker": `Flicker.value`}; only the
              number where that failed
    steps     a walk like that, painted beforehand, for a page without a kernel
    """

    asked = traitlets.Int().tag(sync=True)
    frame = traitlets.Bytes().tag(sync=True, echo_update=False, from_json=lambda given, _: memoryview(given).tobytes())
    painted = traitlets.Dict().tag(sync=True)
    steps = traitlets.List(traitlets.Dict()).tag(sync=True)


class Flicker:
    """How far a painted frame is from the one before it, moved along with the things: 0 if its strokes went with them.

    Each distance is the mean over pixels and colours of |frame - frame before|, where both show the same, in parts of
    the frame's spread; the same of the frames as they are says what else has moved.
    """

    def __init__(self):
        self._changes = deque(maxlen=REMEMBERED)
        self._last: tuple[Tensor, Tensor] | None = None

    def add(self, frame: Tensor, painted: Tensor):
        """The next frame and its painted picture, both (1, 3, H, W). Frames of another size begin anew."""
        if self._last is not None and self._last[0].shape == frame.shape:
            rows, columns = shift(self._last[0], frame)
            if rows or columns or _apart(self._last[0], frame, 0, 0) > STILL:
                pairs = zip(self._last, (frame, painted), strict=True)
                self._changes.append([_apart(before, now, rows, columns) for before, now in pairs])
        elif self._last is not None:
            self._changes.clear()
        self._last = frame, painted

    @property
    def value(self) -> tuple[float, float] | None:
        """Of the frames, and of the painted ones; None while there is one frame only, or while nothing moves."""
        if not self._changes:
            return None
        plain, painted = (sum(each) / len(self._changes) for each in zip(*self._changes, strict=True))
        return plain, painted


def shift(before: Tensor, now: Tensor) -> tuple[int, int]:
    """By how many rows and columns the things in a picture (1, 3, H, W) have moved until the next.

    By phase correlation, which sees one motion of the whole: Kuglin and Hines, "The Phase Correlation Image Alignment
    Method", 1975.
    """
    one, other = (torch.fft.rfft2(picture.mean((0, 1))) for picture in (before, now))
    product = other * one.conj()
    height, width = before.shape[-2:]
    peak = torch.fft.irfft2(product / product.abs().clamp_min(1e-9), s=(height, width)).argmax().item()
    rows, columns = divmod(peak, width)
    return (rows + height // 2) % height - height // 2, (columns + width // 2) % width - width // 2


def _apart(before: Tensor, now: Tensor, rows: int, columns: int) -> float:
    """The mean |difference| where both show the same things, which moved by so many rows and columns."""
    height, width = now.shape[-2:]
    before = before[..., max(0, -rows) : height - max(0, rows), max(0, -columns) : width - max(0, columns)]
    here = now[..., max(0, rows) : height - max(0, -rows), max(0, columns) : width - max(0, -columns)]
    return ((here - before).abs().mean() / now.std().clamp_min(1e-6)).item()


class OnePass(Panel):
    """Any photograph painted at once, and a moving picture, frame by frame, with its flicker.

    paints   the painter, for example one's own; else the one that the course brings along
    """

    def __init__(self, paints: Painter | None = None):
        super().__init__()
        self.paints = Painter.load(READY) if paints is None else paints
        self.wipe, self.movie, self._flicker = Wipe(), Movie(), Flicker()
        self.size = ipywidgets.IntSlider(
            256, 128, 512, 64, description=_("size in pixels"), continuous_update=False, style=NAMED
        )
        self.chooser = Chooser(_("content"), images.CONTENT, self._chosen)
        self.size.observe(self._chosen, "value")
        self.movie.observe(self._frame_asked, "asked")
        self.children = [self.chooser, self.size, self.status, self.wipe, self.movie]
        self.chooser.chosen = self.chooser.names.index(title(images.CONTENT / "summer-palace.jpg"))  # which paints it

    @handler
    def _chosen(self):
        photo = self.chooser.load(self.size.value)
        began = time.perf_counter()
        painted = self.paints.paint(photo).cpu()
        seconds = time.perf_counter() - began
        name = self.chooser.name
        with self.wipe.hold_sync():
            self.wipe.before, self.wipe.after = as_png(photo), as_png(painted)
            self.wipe.before_name, self.wipe.after_name = name, _("in one pass")
            self.wipe.words = _("{name}, and the same in one pass of the painter", name=name)
        height, width = photo.shape[-2:]
        self.say(_("{width} x {height} pixels in {seconds:.2f} s.", width=width, height=height, seconds=seconds))

    @handler
    def _frame_asked(self):
        sent, painted = self.movie.frame, {"number": self.movie.asked}
        try:
            painted |= self._painted(images.load(sent) if sent else self._step(self.movie.asked))
        finally:
            self.movie.painted = painted  # without a picture the browser ends

    def _step(self, number: int) -> Tensor:
        """A frame of the walk, 3/4 of the photograph's sides, which goes round it."""
        photo = self.chooser.load(self.size.value)
        place = []
        for side, turn in zip(photo.shape[-2:], (math.cos, math.sin), strict=True):
            part = round(0.75 * side)
            first = round((0.5 - 0.5 * turn(2 * math.pi * number / ROUND)) * (side - part))
            place.append(slice(first, first + part))
        return photo[..., place[0], place[1]]

    def _painted(self, frame: Tensor) -> dict:
        began = time.perf_counter()
        painted = self.paints.paint(frame).cpu()
        seconds = time.perf_counter() - began
        self._flicker.add(frame.cpu(), painted)
        pictures = {"frame": as_jpeg(frame), "picture": as_jpeg(painted)}
        return pictures | {"seconds": seconds, "flicker": self._flicker.value}

    def record(self, many: int = RECORDED):
        """Paints steps of the walk for a page without a kernel."""
        self._flicker = Flicker()
        self.movie.steps = [self._painted(self._step(number)) for number in range(many)]
