"""The Gram microscope: what one number of a Gram matrix means, and what the matrix forgets."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from style_helpers import images, networks
from style_helpers.losses import gram_matrix
from style_helpers.panels.features import NAMED, NETWORKS, SIZES, beside, font, frame, look, sheet, tile
from style_helpers.panels.panel import Panel, Picture, handler

LOUDEST = 24  # channels that are shown, those with the largest G_kk
CELL = 40  # pixels a side in the picture of the matrix
MARGIN = 52  # for the channels' numbers
PATCHES = 5
PATCH = 32  # pixels a side
TILE = 256  # pixels across one map


class GramMicroscope(Panel):
    """The Gram matrix of one layer of a painting; one pair of channels under the lens; a button to shuffle the places.

    look        what gives the features of all layers: a function of a network's name and a picture
    paintings   the folder whose pictures are offered
    """

    def __init__(self, look: Callable = look, paintings: Path = images.STYLE):
        super().__init__()
        self._look, self._paintings = look, Path(paintings)
        self._features: dict[str, Tensor] = {}
        self._looked: tuple[str, str] | None = None  # network and painting that the features are of
        self._maps: Tensor | None = None  # (C, H, W) of the layer, shuffled or not
        self._filling = False
        self._make_choices()
        self._make_pair()
        self.matrix_view, self.pair_view, self.patches_view = Picture(506), Picture(520), Picture(520)
        self.painting_view = Picture(320)
        self.value = ipywidgets.HTML(layout={"max_width": "520px"})
        row = {"flex_flow": "row wrap"}
        lens = ipywidgets.VBox([self.k, self.l, self._pair_buttons, self.value, self.pair_view, self.patches_view])
        left = ipywidgets.VBox([self.matrix_view, self.painting_view])
        self.children = [
            ipywidgets.HBox([self.painting, self.network, self.layer], layout=row),
            ipywidgets.HBox([self.shuffle_button, self.restore_button, self.seed], layout=row),
            self.status,
            ipywidgets.HBox([left, lens], layout=row),
        ]
        self._chosen()

    def _make_choices(self):
        names = sorted(path.name for path in self._paintings.iterdir() if path.suffix.lower() in images.WRITTEN)
        wave = "hokusai-great-wave.jpg"
        self.painting = ipywidgets.Dropdown(
            options=names,
            value=wave if wave in names else names[0],
            description="painting",
            style=NAMED,
        )
        self.network = ipywidgets.Dropdown(options=NETWORKS, description="network", style=NAMED)
        self.layer = ipywidgets.Dropdown(options=_layers("alexnet"), value="relu2", description="layer", style=NAMED)
        self.shuffle_button = ipywidgets.Button(
            description="Shuffle the places", tooltip="Put the places of the feature map in a random order"
        )
        self.restore_button = ipywidgets.Button(description="Restore", tooltip="Put every place back", disabled=True)
        self.seed = ipywidgets.BoundedIntText(0, 0, 10**9, description="seed of the shuffle", style=NAMED)
        for control in (self.painting, self.network):
            control.observe(self._chosen, "value")
        self.layer.observe(self._layer_picked, "value")
        self.shuffle_button.on_click(self._shuffle_pressed)
        self.restore_button.on_click(self._restore_pressed)

    def _make_pair(self):
        self.k, self.l = (
            ipywidgets.SelectionSlider(
                options=[("channel 0", 0)],
                description=name,
                continuous_update=False,
                style=NAMED,
                layout={"width": "420px", "max_width": "100%"},
            )
            for name in ("row k", "column l")
        )
        for slider in (self.k, self.l):
            slider.observe(self._pair_picked, "value")
        self.most_button = ipywidgets.Button(
            description="Most together", tooltip="Of the pairs shown, that of two different channels with the largest G"
        )
        self.least_button = ipywidgets.Button(
            description="Least together", tooltip="Of the pairs shown, that with the smallest G"
        )
        self.most_button.on_click(self._most_pressed)
        self.least_button.on_click(self._least_pressed)
        self._pair_buttons = ipywidgets.HBox([self.most_button, self.least_button])

    # What the controls do

    @handler
    def _chosen(self):
        wanted = (self.network.value, self.painting.value)
        if wanted == self._looked:
            return
        self.say("The network looks at the painting.")
        try:
            picture = images.load(self._paintings / wanted[1], SIZES[wanted[0]])
            features = self._look(wanted[0], picture)
        except Exception:
            if self._looked:  # what is shown stays, and so do the choices that made it
                self.network.value, self.painting.value = self._looked
            raise
        self._picture, self._features, self._looked = picture, features, wanted
        names, before = _layers(wanted[0]), self.layer.value
        if names != tuple(self.layer.options):
            self._filling = True
            try:
                self.layer.options = names
                self.layer.value = next(name for name in names if name[:5] == before[:5])
            finally:
                self._filling = False
        self._take_layer()

    @handler
    def _layer_picked(self):
        if not self._filling and self._features:
            self._take_layer()

    def _take_layer(self):
        """The layer's features in place, its Gram matrix, its loudest channels, and the pair most together."""
        self._true = self._maps = self._features[self.layer.value][0].contiguous()
        self._gram = self._true_gram = gram_matrix(self._maps[None])[0]
        self._loudest = self._gram.diagonal().argsort(descending=True)[:LOUDEST].tolist()
        self._filling = True
        try:
            for slider in (self.k, self.l):
                slider.options = [(f"channel {channel}", channel) for channel in self._loudest]
            self.k.value, self.l.value = self._extreme(-1)
        finally:
            self._filling = False
        self.restore_button.disabled = True
        self._draw()
        channels, height, width = self._maps.shape
        self.say(
            f"{self.layer.value} has {channels} channels and {width} x {height} places, so G has {channels} x "
            f"{channels} numbers. Shown are the {len(self._loudest)} channels with the largest G_kk, the largest first."
        )

    def _extreme(self, place: int) -> tuple[int, int]:
        """The pair of different channels whose G is the largest (-1) or the smallest (0) of those shown."""
        shown = self._gram[self._loudest][:, self._loudest]
        above = torch.triu_indices(len(shown), len(shown), 1)
        rank = shown[above[0], above[1]].argsort()[place]
        return self._loudest[above[0, rank]], self._loudest[above[1, rank]]

    @handler
    def _pair_picked(self):
        if not self._filling and self._maps is not None:
            self._draw()

    @handler
    def _most_pressed(self):
        self._pick(-1)

    @handler
    def _least_pressed(self):
        self._pick(0)

    def _pick(self, place: int):
        if self._maps is None:
            return
        self._filling = True
        try:
            self.k.value, self.l.value = self._extreme(place)
        finally:
            self._filling = False
        self._draw()

    @handler
    def _shuffle_pressed(self):
        if self._maps is None:
            return
        order = torch.randperm(self._true[0].numel(), generator=torch.Generator().manual_seed(self.seed.value))
        self._maps = self._true.flatten(1)[:, order].reshape(self._true.shape)
        self._gram = gram_matrix(self._maps[None])[0]
        self.restore_button.disabled = False
        self._draw()
        apart, most = (self._gram - self._true_gram).abs().max().item(), self._true_gram.max().item()
        self.say(
            f"Shuffled with seed {self.seed.value}: all {len(self._maps)} channels in the same random order of "
            f"{len(order)} places. The largest difference of the {self._gram.numel()} numbers of G is {apart:.1e}, "
            f"where the largest number is {most:.3g}: rounding, because the same products are added in another order."
        )

    @handler
    def _restore_pressed(self):
        if self._maps is None:
            return
        self._maps, self._gram = self._true, self._true_gram
        self.restore_button.disabled = True
        self._draw()
        self.say("Every place is back where it was.")

    # What is to be seen

    @property
    def _shuffled(self) -> bool:
        return self._maps is not self._true

    def _draw(self):
        k, l = self.k.value, self.l.value  # noqa: E741  (as in the formulas)
        product = self._maps[k] * self._maps[l]
        number, most = self._gram[k, l].item(), self._gram.max().item()
        share = number / most if most else 0.0
        self._sum = f"G of channels {k} and {l} is {number:.3g}, {share:.0%} of the largest number of the whole matrix"
        both = (product > 0).float().mean().item()
        self.value.value = f"<b>{self._sum}.</b> The two fire together at {both:.0%} of the places."
        self._draw_matrix(k, l)
        self._draw_pair(k, l, product, both)
        self._draw_patches(k, l, product)

    def _draw_matrix(self, k: int, l: int):  # noqa: E741
        row, column = self._loudest.index(k), self._loudest.index(l)
        self._matrix_drawn = matrix(self._gram[self._loudest][:, self._loudest], self._loudest, (row, column))
        where = ", its places shuffled" if self._shuffled else ""
        self.matrix_view.show(
            self._matrix_drawn,
            f"The Gram matrix of {self.layer.value} of {self.painting.value}{where}, {len(self._loudest)} loudest "
            f"channels, lighter for larger, by square roots; the diagonal falls from {self._loudest[0]} to "
            f"{self._loudest[-1]}. Framed: row {row + 1}, column {column + 1}. {self._sum}.",
        )

    def _draw_pair(self, k: int, l: int, product: Tensor, both: float):  # noqa: E741
        shape = (TILE, round(TILE * self._picture.shape[-2] / self._picture.shape[-1]))
        drawn = [tile(each, shape) for each in (self._maps[k], self._maps[l], product)]
        self._pair_drawn = sheet(drawn, [f"channel k = {k}", f"channel l = {l}", "their product"], 3)
        scrambled = "scrambled, noise without any shape" if self._shuffled else "in place"
        self.pair_view.show(
            self._pair_drawn,
            f"Three maps, {scrambled}: channel {k}, channel {l}, and their product, which is above 0 at {both:.0%} of "
            "the places. Black is 0, white the map's largest.",
        )

    def _draw_patches(self, k: int, l: int, product: Tensor):  # noqa: E741
        corners = strongest(product, self._picture.shape[-2:])
        self._painting_drawn = numbered(self._picture, corners)
        frames = f"{self.painting.value} with {len(corners)} numbered frames around the patches"
        self.painting_view.show(self._painting_drawn, frames)
        if not corners:
            self._patches_drawn = sheet([Image.new("RGB", (152, 152), "white")], ["nowhere"], PATCHES)
            self.patches_view.show(self._patches_drawn, f"No patch: channels {k} and {l} fire together nowhere.")
            return
        pixels = images.to_pil(self._picture)
        cut = [pixels.crop((left, top, left + PATCH, top + PATCH)).resize((152, 152)) for top, left in corners]
        places = ", ".join(f"{left + PATCH // 2} across {top + PATCH // 2} down" for top, left in corners)
        self._patches_drawn = sheet(cut, [f"{number}" for number in range(1, len(cut) + 1)], PATCHES)
        if self._shuffled:
            words = "after the shuffle: places have lost their meaning, so these patches need have nothing in common"
        else:
            words = "where both channels fire most"
        self.patches_view.show(
            self._patches_drawn,
            f"{len(cut)} patch{'' if len(cut) == 1 else 'es'} of {PATCH} pixels of {self.painting.value} at the "
            f"largest products of channels {k} and {l}, {words}. Their middles, in pixels: {places}.",
        )

    def still(self) -> Image.Image:
        """The matrix, the maps and the patches as one picture, for a page without a kernel."""
        right = Image.new("RGB", (528, 500), "white")
        top = 0
        for part, width in ((self._pair_drawn, 528), (self._patches_drawn, 528), (self._painting_drawn, 250)):
            sized = part.resize((width, width * part.height // part.width))
            right.paste(sized, (0, top))
            top += sized.height + 10
        heading = f"Gram microscope: {self.layer.value} of {self.painting.value.rsplit('.', 1)[0]}"
        left = self._matrix_drawn.reduce(2)
        return beside(heading, [(left, "The loudest channels"), (right, "One pair, and where it fires most")])


def _layers(network: str) -> tuple[str, ...]:
    """After a ReLU: AlexNet's five, and the first of each block of VGG, where the paper listens for style."""
    names = networks.layer_names(network)
    return tuple(name for name in names if name[:4] == "relu" and (len(name) == 5 or name.endswith("_1")))


def matrix(gram: Tensor, channels: list[int], framed: tuple[int, int]) -> Image.Image:
    """A Gram matrix (C, C) of sharp squares, lighter for larger, with its channels' numbers, and one cell framed.

    The scale is that of square roots from 0 to the largest number, so that quiet pairs are seen too.
    """
    side = CELL * len(gram)
    drawn = Image.new("RGB", (side + MARGIN, side + MARGIN), "white")
    drawn.paste(tile(gram.clamp(min=0).sqrt(), (side, side)), (MARGIN, MARGIN))
    draw = ImageDraw.Draw(drawn)
    for number, channel in enumerate(channels):
        middle = MARGIN + CELL * number + CELL // 2
        draw.text((MARGIN - 6, middle), str(channel), "black", font(24), anchor="rm")
        turned = Image.new("RGB", (MARGIN - 4, CELL), "white")
        ImageDraw.Draw(turned).text((2, CELL // 2), str(channel), "black", font(24), anchor="lm")
        drawn.paste(turned.transpose(Image.Transpose.ROTATE_90), (middle - CELL // 2, 0))
    row, column = framed
    left, top = MARGIN + CELL * column, MARGIN + CELL * row
    frame(draw, left - 5, top - 5, left + CELL + 5, top + CELL + 5, 5)
    return drawn


def numbered(picture: Tensor, corners: list[tuple[int, int]]) -> Image.Image:
    """A picture (1, 3, H, W), twice as large, with numbered frames around patches at (top, left)."""
    pixels = images.to_pil(picture)
    drawn = pixels.resize((2 * pixels.width, 2 * pixels.height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(drawn)
    for number, (top, left) in enumerate(corners, start=1):
        frame(draw, 2 * left, 2 * top, 2 * (left + PATCH), 2 * (top + PATCH))
        draw.rectangle((2 * left, 2 * top, 2 * left + 22, 2 * top + 28), fill="black")
        draw.text((2 * left + 5, 2 * top + 1), str(number), "white", font(22))
    return drawn


def strongest(firing: Tensor, size: tuple[int, int]) -> list[tuple[int, int]]:
    """(top, left) of the patches of a picture of (height, width) where a map (H, W) is largest and above 0.

    At most five, which overlap by less than half.
    """
    (height, width), (rows, columns), corners = size, firing.shape, []
    order = firing.flatten().argsort(descending=True)
    for place in order[: int((firing > 0).sum())].tolist():
        row, column = divmod(place, columns)
        top = min(max(round((row + 0.5) * height / rows - PATCH / 2), 0), height - PATCH)
        left = min(max(round((column + 0.5) * width / columns - PATCH / 2), 0), width - PATCH)
        if all(max(abs(top - other), abs(left - seen)) > PATCH / 2 for other, seen in corners):
            corners.append((top, left))
        if len(corners) == PATCHES:
            break
    return corners
