"""Inversion by depth: what each layer keeps of a photograph, as the picture rebuilt from that layer alone."""

import html
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import ipywidgets
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from style_helpers import images, metrics
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
    encode,
    title,
)
from style_helpers.panels.panel import handler
from style_helpers.panels.strip import Filmstrip, frame
from style_helpers.settings import Settings
from style_helpers.transfer import Run

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1")
PHOTOS = ("summer-palace.jpg", "astronaut.jpg")
EVALUATIONS = 300  # of each picture computed beforehand, as in lesson 03
PARTS = ("coarse brightness", "coarse colour", "fine detail")  # as in lesson 03
MEASURED = ("LPIPS", *PARTS)


def settings(layer: str, evaluations: int = EVALUATIONS) -> Settings:
    """A style transfer without a style: from noise to the features of one layer."""
    return Settings.gatys(
        network="vgg16", content_layers=(layer,), style_weight=0.0, start="noise", evaluations=evaluations
    )


def measure(picture: Tensor, photo: Tensor) -> dict[str, float]:
    """What came back: LPIPS to the photo (0: nothing differs), and for each part its correlation (1: all of it)."""
    pairs = zip(PARTS, _parts(picture), _parts(photo), strict=True)
    return {"LPIPS": metrics.lpips(picture, photo)} | {name: _correlation(one, other) for name, one, other in pairs}


def _parts(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    grey = picture.mean(1, keepdim=True)
    smooth = gaussian_blur(grey, [13, 13], [2.0, 2.0])
    return smooth, gaussian_blur(picture - grey, [13, 13], [2.0, 2.0]), grey - smooth


def _correlation(one: Tensor, other: Tensor) -> float:
    one, other = (part - part.mean((2, 3), keepdim=True) for part in (one, other))
    return ((one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-20)).item()


@lru_cache(maxsize=len(PHOTOS))
def load(photo: str) -> Tensor:
    return images.load(images.CONTENT / photo, SIZE)


@lru_cache(maxsize=len(PHOTOS))
def photo_frame(photo: str) -> dict:
    return frame(encode(load(photo)), "photo", "The photo", [title(photo)], f"The photo: {title(photo)}")


class InversionByDepth(LivePanel):
    """The layers of VGG-16 as a strip of pictures: the photo rebuilt from noise at each.

    The answer comes at once, from pictures computed beforehand; on request one is computed while you watch.

    begin    what makes a run; measure: what it says about the result
    folder   where the pictures computed beforehand lie
    """

    def __init__(self, begin: Callable = begin, measure: Callable = measure, folder: Path = FOLDER):
        super().__init__(begin, EVALUATIONS, most=1200)
        self._measure, self._bundle = measure, Bundle("inversion", MEASURED, folder)
        self.photo = ipywidgets.Dropdown(
            options={title(name): name for name in PHOTOS}, description="photo", style=WIDE, layout=SLIDER
        )
        self.strip = Filmstrip(chosen=LAYERS.index("relu3_1"), width=320)
        self.photo.observe(self._photo_chosen, "value")
        note = ipywidgets.HTML(html.escape(self._bundle.label))
        now = ipywidgets.HBox([self.live_view, self.chart], layout=WRAP)
        self.children = [self.photo, self.strip, note, self.live_controls, self.status, now]
        self._photo_chosen()

    @property
    def layer(self) -> str:
        """The chosen one."""
        return LAYERS[min(self.strip.chosen, len(LAYERS) - 1)]

    def _name(self, layer: str) -> str:
        return f"{title(self.photo.value)} rebuilt from noise at {layer}"

    @handler
    def _photo_chosen(self):
        frames, lost = [], None
        for layer in LAYERS:
            try:
                frames.append(self._frame(layer))
            except BundleError as error:
                lost, words = error, f"{self._name(layer)} is not here: compute it now"
                frames.append(frame(b"", layer, f"Rebuilt from {layer}", words=words))
        with self.strip.hold_sync():  # one message
            self.strip.pictures, self.strip.beside = frames, [photo_frame(self.photo.value)]
        if lost is not None:
            self.complain(lost)
        elif not self.working:
            self.say("Drag along the small pictures, from the first layer to the deepest.")

    def _frame(self, layer: str) -> dict:
        found = self._bundle.find(content=self.photo.value, layer=layer)
        lines = [f"LPIPS {found.numbers['LPIPS']:.2f} to the photo", "correlation with it:"]
        lines += [f"{name} {found.numbers[name]:.2f}" for name in PARTS]
        words = f"{self._name(layer)}: {_in_words(found.numbers)}"
        return frame(found.jpeg, layer, f"Rebuilt from {layer}", lines, words)

    def wish(self) -> Wish:
        photo, layer = load(self.photo.value), self.layer
        return Wish(photo, photo, settings(layer, self.evaluations.value), self._name(layer))

    def measured(self, wish: Wish, picture: Tensor) -> dict[str, float]:
        return self._measure(picture, wish.content)

    def finished(self, wish: Wish, run: Run, numbers: dict[str, float]) -> str:
        return _in_words(numbers)


def _in_words(numbers: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {numbers[name]:.2f}" for name in PARTS)
    return f"LPIPS {numbers['LPIPS']:.2f} to the photo; correlation with it: {parts}"
