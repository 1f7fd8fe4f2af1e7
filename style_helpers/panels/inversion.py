"""Inversion by depth: what each layer keeps of a photograph, as the picture rebuilt from that layer alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import ipywidgets
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from style_helpers import images, metrics
from style_helpers.language import _
from style_helpers.panels.bundled import FOLDER, KNOB, Bundle, BundleError, LivePanel, Wish, begin, load, photo
from style_helpers.panels.panel import colon, commas, handler, title
from style_helpers.panels.strip import Filmstrip, frame
from style_helpers.settings import Settings
from style_helpers.transfer import Run

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1")
PHOTOS = tuple(images.CONTENT / name for name in ("summer-palace.jpg", "astronaut.jpg"))
EVALUATIONS = 300  # of each picture computed beforehand, as in lesson 03
PARTS = ("coarse brightness", "coarse colour", "fine detail")  # as in lesson 03
MEASURED = ("LPIPS", *PARTS)


def settings(layer: str, evaluations: int = EVALUATIONS) -> Settings:
    """A style transfer without a style: from noise to the features of one layer."""
    return Settings.gatys(
        network="vgg16", content_layers=(layer,), style_weight=0.0, start="noise", evaluations=evaluations
    )


def measure(picture: Tensor, photo: Tensor, _style: Tensor | None = None) -> dict[str, float]:
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


class InversionByDepth(LivePanel):
    """The layers of VGG-16 as a strip of pictures: the photo rebuilt from noise at each.

    The answer comes at once, from pictures computed beforehand; on request one is computed while you watch.

    begin    what makes a run; measure: what it says about the result
    folder   where the pictures computed beforehand lie
    """

    lines = ("total",)

    def __init__(self, begin: Callable = begin, measure: Callable = measure, folder: Path = FOLDER):
        super().__init__(begin, measure, Bundle("inversion", MEASURED, folder), EVALUATIONS, most=1200)
        photos = {title(each): each for each in PHOTOS}
        self.photo = ipywidgets.Dropdown(options=photos, description=_("photo"), **KNOB)
        self.strip = Filmstrip(chosen=LAYERS.index("relu3_1"), width=320)
        self.photo.observe(self._photo_chosen, "value")
        self.lay_out(self.photo, self.strip)
        self._photo_chosen()

    @property
    def layer(self) -> str:
        """The chosen one."""
        return LAYERS[min(self.strip.chosen, len(LAYERS) - 1)]

    def _name(self, layer: str) -> str:
        return _("{photo} rebuilt from noise at {layer}", photo=self.photo.label, layer=layer)

    @handler
    def _photo_chosen(self):
        frames, lost = [], None
        for layer in LAYERS:
            try:
                frames.append(self._frame(layer))
            except BundleError as error:
                lost, words = error, _("{name} is not here: compute it now", name=self._name(layer))
                frames.append(frame(b"", layer, _("Rebuilt from {layer}", layer=layer), words=words))
        with self.strip.hold_sync():  # one message
            self.strip.pictures, self.strip.beside = frames, [photo(self.photo.value)]
        if lost is not None:
            self.complain(lost)
        elif not self.working:
            self.say(_("Drag along the small pictures, from the first layer to the deepest."))

    def _frame(self, layer: str) -> dict:
        found = self._bundle.find(content=self.photo.value.name, layer=layer)
        to_photo = _("LPIPS {lpips:.2f} to the photo", lpips=found.numbers["LPIPS"])
        lines = [to_photo, _("correlation with it:"), *_correlations(found.numbers)]
        words = colon(self._name(layer), _in_words(found.numbers))
        return frame(found.jpeg, layer, _("Rebuilt from {layer}", layer=layer), lines, words)

    def wishes(self) -> list[Wish]:
        picture, chosen = load(self.photo.value), settings(self.layer, self.evaluations.value)
        return [Wish(picture, picture, chosen, self._name(self.layer), ())]

    def finished(self, wish: Wish, run: Run, numbers: Mapping[str, float]) -> str:
        return _in_words(numbers)


def _in_words(numbers: Mapping[str, float]) -> str:
    parts = commas(*_correlations(numbers))
    return _("LPIPS {lpips:.2f} to the photo; correlation with it: {parts}", lpips=numbers["LPIPS"], parts=parts)


def _correlations(numbers: Mapping[str, float]) -> list[str]:
    called = {
        "coarse brightness": _("coarse brightness"),
        "coarse colour": _("coarse colour"),
        "fine detail": _("fine detail"),
    }
    return [f"{called[name]} {numbers[name]:.2f}" for name in PARTS]
