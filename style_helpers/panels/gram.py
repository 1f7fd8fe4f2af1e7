"""The Gram microscope: what one number of a Gram matrix means, and what the matrix forgets. See fronts/gram.js."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets
import torch
import traitlets
from torch import Tensor

from style_helpers import images, networks
from style_helpers.fronts import Front
from style_helpers.language import _
from style_helpers.losses import gram_matrix
from style_helpers.panels.features import LookingPanel, look
from style_helpers.panels.panel import NAMED, WRAP, as_jpeg, handler

LOUDEST = 24  # channels that are shown, those with the largest G_ii
SHOWN = 448  # pixels of the shorter side of the painting on the page
LEVELS = 65535  # of a map as it is sent


class Microscope(Front, parts=("gram",)):
    """One cell of the matrix is picked, and a part of the painting dragged; what it shows is computed there.

    seen      one layer's features of the painting: see `packed`. Empty: nothing yet
    pair      row and column of the picked cell, each a place among the channels shown
    part      left, top, right, bottom of the part that the matrix is of, in shares of the painting; empty: the whole
    shuffled  0, or the number of the random order that the places of all maps are in
    """

    painting = traitlets.Bytes().tag(sync=True)
    seen = traitlets.Dict().tag(sync=True)
    pair = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    part = traitlets.List(traitlets.Float()).tag(sync=True)
    shuffled = traitlets.Int().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)

    @traitlets.default("empty")
    def _usually_empty(self) -> str:
        return _("The network has looked at nothing yet.")


class GramMicroscope(LookingPanel):
    """The Gram matrix of one layer of a painting; one pair of channels under the lens; a part; the places shuffled.

    look        what gives the features of all layers: a function of a network's name and a picture
    paintings   the folder whose pictures are offered
    """

    def __init__(self, look: Callable = look, paintings: Path = images.STYLE):
        looking = _("The network looks at the painting.")
        super().__init__(_("painting"), looking, paintings, "hokusai-great-wave.jpg", look)
        self._filling = False
        layers = _layers("alexnet")
        self.layer = ipywidgets.Dropdown(options=layers, value="relu2", description=_("layer"), style=NAMED)
        self.layer.observe(self._layer_picked, "value")
        self.front = Microscope()
        choices = ipywidgets.HBox([self.picture, self.network, self.layer], layout=WRAP)
        self.children = [choices, self.status, self.front]
        self._chosen()

    def looked(self, before: tuple[str, Path] | None):
        network, painting = self._looked
        names, layer = _layers(network), self.layer.value
        if names != tuple(self.layer.options):
            self._filling = True
            try:
                self.layer.options = names
                self.layer.value = next(name for name in names if name[:5] == layer[:5])
            finally:
                self._filling = False
        with self.front.hold_sync():  # one message
            if before is None or painting != before[1]:  # larger than the network saw it, to be looked at
                self.front.painting = as_jpeg(images.load(painting, SHOWN, "cpu"))
                self.front.part = []
            self._take_layer()

    @handler
    def _layer_picked(self):
        if not self._filling and self._features:
            self._take_layer()

    def _take_layer(self):
        """Shows the layer's loudest channels in place, and of their pairs the one most together."""
        maps = self._features[self.layer.value][0]
        gram = gram_matrix(maps[None])[0]
        loudest = gram.diagonal().argsort(descending=True)[:LOUDEST].tolist()
        gram = gram[loudest][:, loudest]
        words = _("{layer} of {picture}", layer=self.layer.value, picture=self.picture.value.name)
        with self.front.hold_sync():
            self.front.seen = packed(maps, gram, loudest, self._picture.shape[-2:], words)
            self.front.pair, self.front.shuffled = most_together(gram), 0
        channels, height, width = maps.shape
        self.say(
            _(
                "{layer} has {channels} channels and {height} x {width} positions, so G has {channels} x {channels} "
                "numbers. Shown are the {shown} channels with the largest G_ii, the largest first.",
                layer=self.layer.value,
                channels=channels,
                height=height,
                width=width,
                shown=len(loudest),
            )
        )


def packed(maps: Tensor, gram: Tensor, channels: list[int], size: tuple[int, int], words: str) -> dict:
    """What the front is sent of a layer: maps (C, H, W) from 0 on, of which it gets `channels`, and their `gram`.

    The maps travel as uint16, a number for each place and 65535 for the channel's largest: one byte would be too
    coarse for the pairs that are seldom together (tests/panels/test_gram.py measures it). What is above 0 stays so.
    size: (height, width) of the picture that the network saw.
    """
    loudest = maps[channels].cpu().double()
    most = loudest.amax((1, 2)).clamp(min=1e-30)
    levels = (loudest / most[:, None, None] * LEVELS).round()
    levels = torch.where(loudest > 0, levels.clamp(min=1), 0).int().cpu().numpy().astype("<u2")
    return {
        "words": words,
        "channels": channels,
        "of_all": len(maps),
        "maps": levels.tobytes(),
        "most": most.cpu().numpy().astype("<f4").tobytes(),
        "wide": maps.shape[2],
        "high": maps.shape[1],
        "gram": gram.cpu().numpy().astype("<f4").tobytes(),
        "pixels": [size[1], size[0]],
    }


def most_together(gram: Tensor) -> list[int]:
    """Row and column of the largest number of a symmetric matrix (C, C) outside its diagonal, if it has others."""
    if len(gram) == 1:
        return [0, 0]
    above = torch.triu_indices(len(gram), len(gram), 1)
    return above[:, gram.cpu()[above[0], above[1]].argmax()].tolist()


def _layers(network: str) -> tuple[str, ...]:
    """After a ReLU: AlexNet's five, and the first of each block of VGG, where the paper listens for style."""
    names = networks.layer_names(network)
    return tuple(name for name in names if name[:4] == "relu" and (len(name) == 5 or name.endswith("_1")))
