"""The feature explorer: a layer's strongest maps, how far one unit sees, what its ReLU cuts off."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import ipywidgets
import torch
import traitlets
from torch import Tensor

from style_helpers import images, networks
from style_helpers.fronts import Front
from style_helpers.language import _
from style_helpers.panels.panel import NAMED, WRAP, Panel, as_png, choice, handler

NETWORKS = {"AlexNet": "alexnet", "VGG-16": "vgg16"}
SIZES = {"alexnet": 224, "vgg16": 160}  # pixels of the shorter side: answers come at once
MOST = 3_000_000  # bytes of maps in one answer


def look(network: str, picture: Tensor) -> dict[str, Tensor]:
    """The features (1, C, H, W) of all layers by name: what panels look with unless they are given another."""
    with torch.no_grad():
        return networks.shared(network, picture.device)(picture)


@dataclass(frozen=True)
class Field:
    """How far the units of a layer see: `side` pixels a side; the first from pixel `start` on, the next `jump` later.

    A `start` below 0 lies in the frame of zeros around the picture.
    """

    side: int
    jump: int
    start: int

    def nearest(self, place: float, units: int) -> int:
        """The unit, of so many in a row, whose middle is nearest to a place, in pixels from the photo's edge."""
        return min(max(round((place - self.start - self.side / 2) / self.jump), 0), units - 1)

    def seen(self, unit: int, pixels: int) -> tuple[int, int]:
        """The first pixel that a unit sees of a row of so many, and the one after the last."""
        first = self.start + unit * self.jump
        return min(max(first, 0), pixels), min(max(first + self.side, 0), pixels)


def fields(network: str) -> dict[str, Field]:
    """The receptive field of every layer of a network, by name: lesson 02's two formulas, and where unit 0 begins."""
    found, side, jump, start = {}, 1, 1, 0
    for name in networks.layer_names(network):
        kernel, stride, padding = _sizes(network, name)
        side, start = side + (kernel - 1) * jump, start - padding * jump
        jump *= stride
        found[name] = Field(side, jump, start)
    return found


def _sizes(network: str, layer: str) -> tuple[int, int, int]:
    """Kernel, stride and padding of a layer."""
    kind, alexnet = layer[:4], network == "alexnet"
    if kind == "conv":
        return networks.ALEXNET[int(layer[4]) - 1][1:4] if alexnet else (3, 1, 1)
    return (1, 1, 0) if kind == "relu" else (3 if alexnet else 2, 2, 0)


class FeatureFront(Front, parts=("features",)):
    """The network as bars, the photo with one unit's field, that unit's channels, and the layer's strongest maps.

    photo, photo_name, size   the picture as the network sees it, its name, [height, width] in pixels
    network, layers           its name, and of each layer name, channels, rows, columns, and its `Field`
    layer, asked              the layer that is picked, and the one that is not here yet
    maps                      by layer, what `packed` gives: one is enough with a kernel, for a page there may be more
    at                        where on the photo the unit is: [down, across], 0 to 1
    live                      whether Python answers what is asked
    """

    photo = traitlets.Bytes().tag(sync=True)
    photo_name = traitlets.Unicode().tag(sync=True)
    size = traitlets.List([1, 1]).tag(sync=True)
    network = traitlets.Unicode().tag(sync=True)
    layers = traitlets.List().tag(sync=True)
    layer = traitlets.Unicode("relu2").tag(sync=True)
    asked = traitlets.Unicode().tag(sync=True)
    maps = traitlets.Dict().tag(sync=True)
    at = traitlets.List([0.38, 0.39]).tag(sync=True)  # the cat's eye
    live = traitlets.Bool(False).tag(sync=True)

    def recorded(self) -> dict:
        return super().recorded() | {"live": False}


def packed(maps: Tensor, order: Sequence[int], signed: bool) -> dict:
    """Maps (C, H, W) as bytes, the channels in this order; as many as MOST allows.

    A channel's largest absolute number is 255 steps from 0, or 127 when signed; then the byte of 0 is 128. Only 0 has
    the byte of 0.
    """
    order = list(order)[: MOST // maps[0].numel()]
    most, zero = (127, 128) if signed else (255, 0)
    parts, scales = [], []
    for some in maps[order].split(
        max(1, 160_000 // maps[0].numel())
    ):  # what fits in a processor's cache: 3 times as fast
        scales.append(some.abs().amax((1, 2)).clamp(min=1e-12) / most)
        steps = (some / scales[-1][:, None, None]).round_()
        steps += (steps == 0) * some.sign()
        parts.append((steps + zero).to(torch.uint8))
    values, scale = (torch.cat(each).cpu().numpy().tobytes() for each in (parts, scales))
    return {"channels": order, "values": values, "scales": scale, "zero": zero}


class LookingPanel(Panel):
    """A panel that looks at one picture with one network, at once; another choice is looked at again.

    kind     what the picture is, in words: "photo", "painting"
    looking  what is said while the network looks at it
    folder   whose pictures are offered; first: the file that is looked at first
    look     what gives the features of all layers: a function of a network's name and a picture
    """

    def __init__(self, kind: str, looking: str, folder: Path, first: str, look: Callable):
        super().__init__()
        self._look, self._looking = look, looking
        self._features: dict[str, Tensor] = {}
        self._looked: tuple[str, Path] | None = None  # network and picture that the features are of
        self.picture = choice(kind, Path(folder), first, style=NAMED)
        self.network = ipywidgets.Dropdown(options=NETWORKS, description=_("network"), style=NAMED)
        for control in (self.picture, self.network):
            control.observe(self._chosen, "value")

    def free(self):
        super().free()
        self._picture, self._features = None, {}

    def looked(self, before: tuple[str, Path] | None):
        """The features are there. before: network and picture of those that were there until now."""
        raise NotImplementedError

    @handler
    def _chosen(self):
        wanted, before = (self.network.value, self.picture.value), self._looked
        if wanted == before:
            return
        self.say(self._looking)
        try:
            picture = images.load(wanted[1], SIZES[wanted[0]])
            features = self._look(wanted[0], picture)
        except Exception:
            if before:  # what is shown stays, and so do the choices that made it
                self.network.value, self.picture.value = before
            raise
        self._picture, self._features, self._looked = picture, features, wanted
        self.looked(before)


class FeatureExplorer(LookingPanel):
    """The maps of one layer that fire most, the receptive field of one unit on the photo, before and after the ReLU.

    look     what gives the features of all layers: a function of a network's name and a picture
    photos   the folder whose pictures are offered
    """

    def __init__(self, look: Callable = look, photos: Path = images.CONTENT):
        super().__init__(_("photo"), _("The network looks at the photo."), photos, "chelsea-the-cat.jpg", look)
        self.front = FeatureFront(live=True)
        self.front.observe(self._asked, "asked")
        row = ipywidgets.HBox([self.picture, self.network], layout=WRAP)
        self.children = [row, self.status, self.front]
        self._chosen()

    @handler
    def _asked(self):
        if self.front.asked in self._features:  # another network may have come since
            self.record(self.front.asked)

    def looked(self, before: tuple[str, Path] | None):
        """All anew, at the same block and kind of layer if it was another network's; in one message."""
        self._features = {name: maps.contiguous() for name, maps in self._features.items()}  # channel after channel
        front, before = self.front, self.front.layer
        sights = fields(self._looked[0])
        layer = next((name for name in self._features if name[:5] == before[:5]), next(iter(self._features)))
        with front.hold_sync():
            front.photo, front.photo_name = as_png(self._picture), self._looked[1].name
            front.network, front.size = self.network.label, list(self._picture.shape[-2:])
            front.layers = [
                {"name": name, **dict(zip(("channels", "rows", "columns"), maps.shape[1:], strict=True))}
                | asdict(sights[name])
                for name, maps in self._features.items()
            ]
            front.layer = front.asked = before if before in self._features else layer
            self.record(front.layer)
        self.say("")

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(self._features)

    def record(self, *layers: str):
        """Gives the front these layers' maps, in place of others: several, so that `front.recorded()` has them all."""
        self.front.maps = {
            layer: packed(self._features[layer][0], self._order(layer), layer.startswith("conv"))
            | {"none": (self._features[layer] <= 0).float().mean().item()}
            for layer in layers
        }

    def _order(self, layer: str) -> list[int]:
        """All channels, the strongest first: by the mean after the ReLU, so that they are the same before and after."""
        after = self._features.get(layer.replace("conv", "relu"), self._features[layer])[0]
        return after.mean((1, 2)).argsort(descending=True).tolist()
