"""The feature explorer: a layer's strongest maps, how far one of its units sees, and what its ReLU cuts off."""

import functools
import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from style_helpers import images, networks
from style_helpers.panels.panel import Panel, Picture, handler

NETWORKS = {"AlexNet": "alexnet", "VGG-16": "vgg16"}
SIZES = {"alexnet": 224, "vgg16": 160}  # pixels of the shorter side: answers come at once
STRONGEST = 12  # maps that are shown
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

    def nearest(self, pixel: float, units: int) -> int:
        """The unit, of so many in a row, whose middle is nearest to a pixel."""
        return min(max(round((pixel - self.start - (self.side - 1) / 2) / self.jump), 0), units - 1)

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
        self._measured: dict[str, tuple[list[int], Tensor]] = {}
        self._filling = False
        self._make_controls()
        self.diagram, self.maps_note = ipywidgets.HTML(), ipywidgets.HTML(layout={"max_width": "500px"})
        self.photo_view, self.maps_view = Picture(300), Picture(500)
        row = {"flex_flow": "row wrap"}
        of_photo = ipywidgets.VBox([self.photo_view, self.across, self.down])
        views = [of_photo, ipywidgets.VBox([self.maps_note, self.maps_view])]
        self.children = [
            ipywidgets.HBox([self.photo, self.network, self.layer, self.relu], layout=row),
            self.diagram,
            ipywidgets.HBox(self.block_buttons, layout=row),
            self.status,
            ipywidgets.HBox(views, layout=row),
        ]
        self._chosen()

    def _make_controls(self):
        names = sorted(path.name for path in self._photos.iterdir() if path.suffix.lower() in images.WRITTEN)
        cat = "chelsea-the-cat.jpg"
        self.photo = ipywidgets.Dropdown(
            options=names, value=cat if cat in names else names[0], description="photo", style=NAMED
        )
        self.network = ipywidgets.Dropdown(options=NETWORKS, description="network", style=NAMED)
        self.layer = ipywidgets.Dropdown(
            options=networks.layer_names("alexnet"), value="relu2", description="layer", style=NAMED
        )
        self.relu = ipywidgets.ToggleButtons(
            options={"before the ReLU": "conv", "after the ReLU": "relu"},
            value="relu",
            description="maps",
            style={"description_width": "initial", "button_width": "130px"},
        )
        self.across, self.down = (
            ipywidgets.IntSlider(start, 0, 100, 1, description=name, style=NAMED, continuous_update=False)
            for start, name in ((39, "unit: % across"), (38, "unit: % down"))  # the cat's eye
        )
        self.block_buttons = [ipywidgets.Button(layout={"width": "110px"}) for _ in range(5)]
        self._name_blocks("alexnet")
        for button in self.block_buttons:
            button.on_click(lambda button: self._block_pressed(button))
        for control in (self.photo, self.network):
            control.observe(self._chosen, "value")
        self.layer.observe(self._layer_picked, "value")
        self.relu.observe(self._relu_switched, "value")
        for slider in (self.across, self.down):
            slider.observe(self._moved, "value")

    # What the controls do

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
        self._picture, self._measured, self._looked = picture, {}, wanted
        self._features = {name: maps.contiguous() for name, maps in features.items()}  # channel after channel
        self._fields = fields(wanted[0])
        self._fill_layers(tuple(features))
        self._draw()

    def _fill_layers(self, names: tuple[str, ...]):
        """Offers the layers of a network, and stays at the same block and kind of layer where it is another's."""
        if names == tuple(self.layer.options):
            return
        before = self.layer.value
        same = next((name for name in names if name[:5] == before[:5]), names[0])
        self._filling = True
        try:
            self.layer.options = names
            self.layer.value = same
        finally:
            self._filling = False
        self._name_blocks(self.network.value)

    def _name_blocks(self, network: str):
        word = "layer" if network == "alexnet" else "block"
        for number, button in enumerate(self.block_buttons, start=1):
            button.description = f"{word} {number}"
            button.tooltip = f"Pick the first ReLU of {word} {number}"

    @handler
    def _layer_picked(self):
        if not self._filling:
            self._draw()

    @handler
    def _relu_switched(self):
        if not self.relu.disabled:
            self.layer.value = self.relu.value + self.layer.value[4:]

    def _block_pressed(self, button: ipywidgets.Button):
        number = self.block_buttons.index(button) + 1
        self.layer.value = next(name for name in self.layer.options if name.startswith(f"relu{number}"))

    @handler
    def _moved(self):
        self._draw()

    # What is to be seen

    def _draw(self):
        layer = self.layer.value
        self.relu.disabled = layer.startswith("pool")
        if not self.relu.disabled:
            self.relu.value = layer[:4]
        if not self._features:
            return
        network = next(name for name, key in NETWORKS.items() if key == self._looked[0])
        self.diagram.value = diagram(network, {name: maps.shape[2] for name, maps in self._features.items()}, layer)
        self._draw_photo(layer)
        self._draw_maps(layer)
        channels, height, width = self._features[layer].shape[1:]
        self.say(f"{layer} of {network}: {channels} maps of {width} x {height}. {self._zeros(layer)} {self._sight}")

    def _zeros(self, layer: str) -> str:
        """The share of zeros, and where they come from, in one sentence."""
        share = self._measure(layer)[1].mean().item()
        return {
            "conv": f"{share:.1%} of its numbers are not above 0: its ReLU will make them 0.",
            "relu": f"{share:.1%} of its numbers are 0: before the ReLU they were below 0.",
            "pool": f"{share:.1%} of its numbers are 0: it keeps the largest number of each small square.",
        }[layer[:4]]

    def _unit(self, layer: str) -> tuple[int, int]:
        """Row and column of the unit that is nearest to the place of the sliders."""
        field, (height, width) = self._fields[layer], self._picture.shape[-2:]
        rows, columns = self._features[layer].shape[-2:]
        down, across = self.down.value / 100 * height, self.across.value / 100 * width
        return field.nearest(down, rows), field.nearest(across, columns)

    def _draw_photo(self, layer: str):
        row, column = self._unit(layer)
        field, (height, width) = self._fields[layer], self._picture.shape[-2:]
        (top, bottom), (left, right) = field.seen(row, height), field.seen(column, width)
        self._sight = (
            f"The unit in row {row}, column {column} of each map sees {field.side} x {field.side} pixels; "
            f"{right - left} x {bottom - top} of them lie on this photo of {width} x {height}."
        )
        self._photo_drawn = boxed(self._picture, (left, top, right, bottom), 360)
        alt = f"{self.photo.value}, dimmed outside the receptive field of a unit of {layer}. {self._sight}"
        self.photo_view.show(self._photo_drawn, alt)

    def _measure(self, layer: str) -> tuple[list[int], Tensor]:
        """The strongest channels, and each channel's share of numbers that are not above 0; kept, so counted once.

        Strongest is by the mean after the ReLU, so that the same channels are seen before and after it.
        """
        if layer not in self._measured:
            after = self._features.get(layer.replace("conv", "relu"), self._features[layer])[0]
            strongest = after.mean((1, 2)).argsort(descending=True)[:STRONGEST].tolist()
            self._measured[layer] = strongest, (self._features[layer][0] <= 0).float().mean((1, 2))
        return self._measured[layer]

    def _draw_maps(self, layer: str):
        maps, (strongest, shares) = self._features[layer][0], self._measure(layer)
        signed = layer.startswith("conv")
        shape = (TILE, round(TILE * self._picture.shape[-2] / self._picture.shape[-1]))
        tiles = [tile(maps[channel], shape, signed) for channel in strongest]
        for each in tiles:
            outline_unit(each, maps.shape[1:], self._unit(layer))
        what = "not above 0" if signed else "is 0"
        titles = [f"{channel}: {shares[channel]:.0%} {what}" for channel in strongest]
        self._maps_drawn = sheet(tiles, titles, 4)
        greys = (
            "mid-grey is 0, dark is negative, light is positive" if signed else "black is 0, white the map's largest"
        )
        words = ", ".join(f"channel {title}" for title in titles)
        alt = f"The {len(tiles)} strongest of {len(maps)} maps of {layer} ({greys}), the strongest first: {words}."
        self.maps_view.show(self._maps_drawn, alt)
        self.maps_note.value = (
            f"<b>{layer}</b>: the {len(tiles)} strongest of {len(maps)} maps, each with its channel number. "
            f"In each, {greys}. The small frame is the unit whose receptive field lies on the photo."
        )

    def still(self) -> Image.Image:
        """The photo and the maps as one picture, for a page without a kernel."""
        layer = self.layer.value
        heading = f"Feature explorer: the strongest maps of {layer} of {self.network.label}"
        height = self._picture.shape[-2] * 400 // self._picture.shape[-1]
        parts = [
            (self._photo_drawn.resize((400, height)), f"One unit sees {self._fields[layer].side} pixels a side."),
            (self._maps_drawn, "Each map with its channel; black is 0."),
        ]
        return beside(heading, parts)


def diagram(network: str, rows: Mapping[str, int], picked: str) -> str:
    """All layers in order as bars, as SVG text; the picked one is outlined and named.

    rows: of one map of each layer, by name: the height of its bar, on a logarithmic scale. In the bars, the first
    letter of the kind of layer.
    """
    names, step = list(rows), 740 / len(rows)
    most = math.log2(1 + max(rows.values()))
    marks = []
    for place, name in enumerate(names):
        x, high = 10 + place * step, 18 + 62 * math.log2(1 + rows[name]) / most
        look = 'fill="none" stroke="currentColor" stroke-width="1" opacity="0.75"'
        if name == picked:
            look = 'fill="#3399DD" fill-opacity="0.35" stroke="currentColor" stroke-width="4"'
            middle = min(max(x + step / 2, 45), 715)
            marks.append(
                f'<text x="{middle:.0f}" y="14" text-anchor="middle" font-weight="bold">{html.escape(name)}</text>'
            )
        box = f'x="{x + 2:.1f}" y="{104 - high:.1f}" width="{step - 4:.1f}" height="{high:.1f}"'
        marks.append(f'<rect {box} {look}/><text x="{x + step / 2:.1f}" y="99" text-anchor="middle">{name[0]}</text>')
    alt = (
        f"{network}, {len(names)} layers from the picture at the left upwards: {', '.join(names)}. "
        f"{picked}, number {names.index(picked) + 1}, is picked; its maps have {rows[picked]} rows."
    )
    key = f"{network}, from the picture at the left. c convolution, r ReLU, p pooling; height: the rows of a map"
    return (
        f'<svg role="img" aria-label="{html.escape(alt)}" viewBox="0 0 760 126" width="760" '
        'style="max-width: 100%; font: 13px sans-serif; fill: currentColor; '
        f'color: var(--jp-content-font-color1, inherit)">{"".join(marks)}'
        f'<text x="12" y="121">{html.escape(key)}</text></svg>'
    )


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
