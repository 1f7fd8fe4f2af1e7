"""The feature explorer: a layer's strongest maps, how far one unit sees, what its ReLU cuts off."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import ipywidgets
import torch
import traitlets
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from style_helpers import images, networks
from style_helpers.fronts import Front
from style_helpers.panels.panel import Panel, as_png, handler

NETWORKS = {"AlexNet": "alexnet", "VGG-16": "vgg16"}
SIZES = {"alexnet": 224, "vgg16": 160}  # pixels of the shorter side: answers come at once
MOST = 3_000_000  # bytes of maps in one answer
STRONGEST = 12  # maps that a still shows
TILE = 192  # pixels across one map
NAMED = {"description_width": "initial"}


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


class FeatureExplorer(Panel):
    """The maps of one layer that fire most, the receptive field of one unit on the photo, before and after the ReLU.

    look     what gives the features of all layers: a function of a network's name and a picture
    photos   the folder whose pictures are offered
    """

    def __init__(self, look: Callable = look, photos: Path = images.CONTENT):
        super().__init__()
        self._look, self._photos = look, Path(photos)
        self._features: dict[str, Tensor] = {}
        self._looked: tuple[str, str] | None = None  # network and photo that the features are of
        names = sorted(path.name for path in self._photos.iterdir() if path.suffix.lower() in images.WRITTEN)
        cat = "chelsea-the-cat.jpg"
        self.photo = ipywidgets.Dropdown(
            options=names, value=cat if cat in names else names[0], description="photo", style=NAMED
        )
        self.network = ipywidgets.Dropdown(options=NETWORKS, description="network", style=NAMED)
        self.front = FeatureFront(live=True)
        for control in (self.photo, self.network):
            control.observe(self._chosen, "value")
        self.front.observe(self._asked, "asked")
        row = ipywidgets.HBox([self.photo, self.network], layout={"flex_flow": "row wrap"})
        self.children = [row, self.status, self.front]
        self._chosen()

    @handler
    def _chosen(self):
        wanted = (self.network.value, self.photo.value)
        if wanted == self._looked:
            return
        self.say("The network looks at the photo.")
        try:
            picture = images.load(self._photos / wanted[1], SIZES[wanted[0]])
            features = self._look(wanted[0], picture)
        except Exception:
            if self._looked:  # what is shown stays, and so do the choices that made it
                self.network.value, self.photo.value = self._looked
            raise
        self._picture, self._looked = picture, wanted
        self._features = {name: maps.contiguous() for name, maps in features.items()}  # channel after channel
        self._show()
        self.say("")

    @handler
    def _asked(self):
        if self.front.asked in self._features:  # another network may have come since
            self.record(self.front.asked)

    def _show(self):
        """All anew, at the same block and kind of layer if it was another network's; in one message."""
        front, before = self.front, self.front.layer
        sights = fields(self._looked[0])
        layer = next((name for name in self._features if name[:5] == before[:5]), next(iter(self._features)))
        with front.hold_sync():
            front.photo, front.photo_name = as_png(self._picture), self._looked[1]
            front.network, front.size = self.network.label, list(self._picture.shape[-2:])
            front.layers = [
                {"name": name, **dict(zip(("channels", "rows", "columns"), maps.shape[1:], strict=True))}
                | asdict(sights[name])
                for name, maps in self._features.items()
            ]
            front.layer = front.asked = before if before in self._features else layer
            self.record(front.layer)

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

    def still(self) -> Image.Image:
        """The photo and the maps as one picture, for a page without a kernel."""
        layer, (height, width) = self.front.layer, self.front.size
        field, maps = fields(self._looked[0])[layer], self._features[layer][0]
        (down, across), (rows, columns) = self.front.at, maps.shape[1:]
        row, column = field.nearest(down * height, rows), field.nearest(across * width, columns)
        (top, bottom), (left, right) = field.seen(row, height), field.seen(column, width)
        strongest = self._order(layer)[:STRONGEST]
        tiles = [tile(maps[each], (TILE, round(TILE * height / width)), layer.startswith("conv")) for each in strongest]
        for each in tiles:
            outline_unit(each, maps.shape[1:], (row, column))
        photo = boxed(self._picture, (left, top, right, bottom), 360).resize((400, height * 400 // width))
        zero, none = ("mid-grey", "not above 0") if layer.startswith("conv") else ("black", "is 0")
        titles = [f"{each}: {(maps[each] <= 0).float().mean():.0%} {none}" for each in strongest]
        maps_drawn = sheet(tiles, titles, 4)
        notes = f"One unit sees {field.side} pixels a side.", f"Each map with its channel; {zero} is 0."
        parts = list(zip((photo, maps_drawn), notes, strict=True))
        return beside(f"Feature explorer: the strongest maps of {layer} of {self.front.network}", parts)


# Pictures of maps, for this panel and others


def tile(values: Tensor, shape: tuple[int, int], signed: bool = False) -> Image.Image:
    """A map (H, W) in greys, its numbers as sharp squares, enlarged to a width and a height.

    Black is 0 and white the largest; when signed, mid-grey is 0 and black the negative of the largest.
    """
    most = max(values.abs().max().item(), 1e-12)
    grey = (values / most + 1) / 2 if signed else values / most
    levels = grey.clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(levels.contiguous().cpu().numpy()).resize(shape, Image.Resampling.NEAREST).convert("RGB")


def boxed(picture: Tensor, box: tuple[int, int, int, int], height: int) -> Image.Image:
    """A picture (1, 3, H, W) at a height in pixels, dimmed outside of a box (left, top, right, bottom)."""
    scale = height / picture.shape[-2]
    drawn = images.to_pil(picture).resize((round(scale * picture.shape[-1]), height), Image.Resampling.BICUBIC)
    left, top, right, bottom = (round(scale * side) for side in box)
    dimmed = drawn.point(lambda level: level * 3 // 5 + 20)
    dimmed.paste(drawn.crop((left, top, right, bottom)), (left, top))
    frame(ImageDraw.Draw(dimmed), left, top, right, bottom)
    return dimmed


def frame(draw: ImageDraw.ImageDraw, left: float, top: float, right: float, bottom: float, width: int = 2):
    """White within black, so that it is seen on dark and on bright."""
    draw.rectangle((left, top, right - 1, bottom - 1), outline="black", width=2 * width)
    draw.rectangle((left + 1, top + 1, right - 2, bottom - 2), outline="white", width=width)


def outline_unit(drawn: Image.Image, shape: Sequence[int], unit: tuple[int, int]):
    """Frames one unit of a map of (rows, columns) in the map's tile."""
    down, across = drawn.height / shape[0], drawn.width / shape[1]
    y, x = (unit[0] + 0.5) * down, (unit[1] + 0.5) * across
    half_height, half_width = (max(size / 2 + 2, 6) for size in (down, across))
    frame(ImageDraw.Draw(drawn), x - half_width, y - half_height, x + half_width, y + half_height)


@functools.lru_cache(8)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def sheet(tiles: Sequence[Image.Image], titles: Sequence[str], columns: int, size: int = 18) -> Image.Image:
    """Pictures of one shape in rows on white, each under its title."""
    width, height = tiles[0].width + 8, tiles[0].height + size + 10
    drawn = Image.new("RGB", (width * min(columns, len(tiles)), height * -(-len(tiles) // columns)), "white")
    draw = ImageDraw.Draw(drawn)
    for number, (picture, title) in enumerate(zip(tiles, titles, strict=True)):
        row, column = divmod(number, columns)
        x, y = 4 + column * width, row * height
        draw.text((x, y + 2), title, "black", font(size))
        drawn.paste(picture, (x, y + size + 6))
    return drawn


def beside(heading: str, parts: Sequence[tuple[Image.Image, str]]) -> Image.Image:
    """A still: pictures side by side on white, each under a note, all under a heading; in few colours."""
    size = (sum(part.width + 16 for part, _ in parts) + 16, max(part.height for part, _ in parts) + 84)
    drawn, x = Image.new("RGB", size, "white"), 16
    draw = ImageDraw.Draw(drawn)
    draw.text((x, 10), heading, "black", font(24))
    for part, note in parts:
        draw.text((x, 44), note, "black", font(18))
        drawn.paste(part, (x, 72))
        x += part.width + 16
    return drawn.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
