"""What is minimised: loss modules on a network's features and on the pixels, each with its weight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from style_helpers import colours, devices
from style_helpers.images import SMALLEST_SIDE, as_picture, resize
from style_helpers.losses import STATISTICS, ContentLoss, PixelRange, StyleLoss, TotalVariation
from style_helpers.networks import Features
from style_helpers.settings import LBFGS_MEMORY, Settings, SettingsError, check_kind

RANGE_WEIGHT = 1e4  # of the penalty outside 0 to 1


@dataclass(frozen=True)
class Style:
    """One of several styles: its picture, (1, 3, any H, any W), its weight, and where in the content picture it goes.

    The mask is (1, 1, H, W) or (H, W) of the content picture's size, 0 (not here) to 1 (here), of any number type or
    bool; None is everywhere.
    """

    picture: Tensor
    weight: float = 1.0
    mask: Tensor | None = None


class StyleObjective(nn.Module):
    """Called with a picture, it gives the weighted terms to minimise, by name; their sum is the total.

    network   the pretrained network; it is cut for the layers that the settings name, and itself left as it is
    content   (1, 3, H, W), 0 to 1; the result has its size and is computed on its device
    styles    (1, 3, any height, any width), 0 to 1; or several, or `Style`s, whose weights are shares of the whole
    settings  layers, weights, statistic, pooling, normalisation and number format
    keep      a mask as a style's: where it is 1 the content picture is left alone; None changes everything

    Pictures may be given as `images.as_picture` takes them: tensors, arrays, Pillow pictures, file names.

    `losses` has a module for each term; `print(objective)` shows them. Their targets (features of the content picture,
    statistics of the style pictures) are computed once, here. Raises SettingsError for a layer that the network lacks,
    for another network than the settings name, and for what is no network or no Settings; PictureError for what is no
    picture; ValueError for a picture or mask of another shape, too small, empty or too large for the memory that is
    free, and for weights that add up to nothing.
    """

    def __init__(
        self,
        network: Features,
        content: Tensor,
        styles: Tensor | Style | Sequence[Tensor | Style],
        settings: Settings,
        keep: Tensor | None = None,
    ):
        super().__init__()
        _check_kinds(network, settings)
        content = as_picture(content).clone()  # the caller may change theirs
        styles = styles if isinstance(styles, list | tuple) else [styles]
        styles = [style if isinstance(style, Style) else Style(style) for style in styles]
        self.settings = settings
        self.styles = tuple(
            replace(style, picture=as_picture(style.picture).to(content.device), mask=_as_mask(style.mask, content))
            for style in styles
        )
        self.register_buffer("content", content)
        self.register_buffer("keep", _as_mask(keep, content))
        _check_styles(self.styles, self.keep, content)
        self.network = self._cut(network)
        self._check_memory()
        self.losses = nn.ModuleDict()
        self.layer_of: dict[str, str] = {}  # of each loss on features, the layer it looks at
        with torch.no_grad():
            of_content = self.network(self._seen(self.content))
            of_styles = [self.network(picture) for picture in self._style_pictures()] if settings.style_weight else []
        self._add_style_losses(of_styles, of_content)
        self._add_content_losses(of_content)
        if settings.total_variation:
            self.losses["total variation"] = TotalVariation(settings.total_variation)
        if settings.pixel_range == "penalty":
            self.losses["pixel range"] = PixelRange(RANGE_WEIGHT)

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """picture: (1, 3, H, W). Returns each weighted term, a scalar, by name: "style relu1_1", "content relu4_2"."""
        features = self.network(self._seen(picture))
        return {
            name: loss(features[self.layer_of[name]] if name in self.layer_of else picture)
            for name, loss in self.losses.items()
        }

    def at(self, scale: float) -> "StyleObjective":
        """The same wish for pictures whose sides are `scale` times as long."""
        if scale == 1:
            return self
        styles = [
            replace(style, picture=resize(style.picture, scale), mask=resize(style.mask, scale))
            for style in self.styles
        ]
        return type(self)(self.network, resize(self.content, scale), styles, self.settings, resize(self.keep, scale))

    @property
    def smallest_scale(self) -> float:
        """The part of the full size at which the deepest layer still sees something of every picture."""
        strokes = self.settings.style_scale
        sides = [min(self.content.shape[-2:]), *(strokes * min(style.picture.shape[-2:]) for style in self.styles)]
        return (self.network.smallest_side + 1) / min(sides)

    def with_settings(self, settings: Settings) -> "StyleObjective":
        """The same pictures with other settings."""
        return type(self)(self.network, self.content, self.styles, settings, self.keep)

    def finished(self, picture: Tensor) -> Tensor:
        """What is shown of a picture under work: pixels in range, the content's own colours or parts put back."""
        picture = picture.detach().clamp(0, 1)
        if self.settings.colours == "luminance":
            picture = colours.with_luminance(self.content, picture)
        return self._keeping(picture)

    def _keeping(self, picture: Tensor) -> Tensor:
        return picture if self.keep is None else torch.lerp(picture, self.content, self.keep)

    def _seen(self, picture: Tensor) -> Tensor:
        """What the network looks at."""
        picture = self._keeping(picture)
        return colours.luminance(picture) if self.settings.colours == "luminance" else picture

    def _style_pictures(self) -> list[Tensor]:
        pictures = [resize(style.picture, self.settings.style_scale) for style in self.styles]
        if self.settings.colours == "matched":
            pictures = [colours.matched(picture, self.content) for picture in pictures]
        return [colours.luminance(picture) if self.settings.colours == "luminance" else picture for picture in pictures]

    def _cut(self, network: Features) -> Features:
        settings, device = self.settings, self.content.device
        layers = (settings.style_layers if settings.style_weight else ()) + (
            settings.content_layers if settings.content_weight else ()
        )
        if settings.network not in (None, getattr(network, "name", settings.network)):
            raise SettingsError(
                f"The settings are for {settings.network}, but the network is {network.name}: load that one, or leave "
                "network out of the settings."
            )
        network = network.cut(dict.fromkeys(layers), pooling=settings.pooling, normalise=settings.normalise).to(device)
        network.body.to(devices.number_format(settings.precision, device))
        return network

    def _add(self, name: str, loss: nn.Module, layer: str):
        self.losses[name], self.layer_of[name] = loss, layer

    def _add_content_losses(self, of_content: dict[str, Tensor]):
        settings = self.settings
        weight = settings.content_weight**2 if settings.weight_inside else settings.content_weight
        for layer in settings.content_layers if weight else ():
            loss = ContentLoss(of_content[layer], weight)
            if settings.balance != "none":
                loss.weight /= loss.from_nothing()
            self._add(f"content {layer}", loss, layer)

    def _add_style_losses(self, of_styles: list[dict[str, Tensor]], of_content: dict[str, Tensor]):
        settings = self.settings
        weight = settings.style_weight**2 if settings.weight_inside else settings.style_weight
        layers = settings.style_layers if weight else ()
        whole = sum(style.weight for style in self.styles)
        numbers = [""] if len(self.styles) == 1 else [f"{number} " for number in range(1, len(self.styles) + 1)]
        for layer in layers:
            for number, style, features in zip(numbers, self.styles, of_styles, strict=True):
                mask = _pooled(style.mask, of_content[layer].shape[2:])
                statistic = STATISTICS[settings.statistic]()
                loss = StyleLoss(features[layer], style.weight / whole, statistic, mask)
                if settings.balance == "target":
                    loss.weight /= loss.from_nothing()
                self._add(f"style {number}{layer}", loss, layer)
        of_style = dict(self.losses.items())
        if layers and settings.balance == "gradient":
            self._balance_by_gradient(of_style)
        for loss in of_style.values():
            loss.weight *= weight

    def _balance_by_gradient(self, losses: dict[str, StyleLoss]):
        """Gives each style layer the same length of gradient at the content picture.

        Together the layers then start at 1 for each, as they would with balance "target" at a picture of nothing.
        """
        picture = self.content.clone().requires_grad_()
        features = self.network(self._seen(picture))
        factors, start = {}, 0.0
        for layer in self.settings.style_layers:
            distance = sum(loss(features[layer]) for name, loss in losses.items() if self.layer_of[name] == layer)
            (gradient,) = torch.autograd.grad(distance, picture, retain_graph=True)
            factors[layer] = 1 / (gradient.norm().item() or 1)  # 0 where content and style are the same picture
            start += factors[layer] * distance.item()
        for name, loss in losses.items():
            loss.weight *= factors[self.layer_of[name]] * len(factors) / (start or 1)

    def _check_memory(self):
        """Raises ValueError, with the largest size that fits, for a run that this machine has no memory for."""
        height, width = self.content.shape[-2:]
        needed = self.network.memory_needed(height, width) + (2 * LBFGS_MEMORY + 8) * 3 * height * width * 4
        pictures = [("picture", height, width, needed)]
        for style in self.styles:
            sides = [max(1, round(self.settings.style_scale * side)) for side in style.picture.shape[-2:]]
            pictures.append(("style picture", *sides, self.network.memory_needed(*sides, gradient=False)))
        free = devices.free_memory(self.content.device)
        for what, height, width, needed in pictures:
            needed *= 1.1  # measured: 1.79 GB where 1.72 were estimated (VGG-16, 768 pixels, float32)
            if needed > free:
                fits = int(min(height, width) * math.sqrt(free / needed))
                remedy = (
                    f"with the shorter side at {fits} pixels it fits"
                    if fits >= SMALLEST_SIDE
                    else "close other programs, and shut down other notebooks' kernels"
                )
                raise ValueError(
                    f"A {what} of {width} x {height} pixels needs about {_bytes(needed)}, and {_bytes(free)} are free: "
                    f"{remedy}."
                )


def _bytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _as_mask(mask, content: Tensor) -> Tensor | None:
    """A mask of any number type or bool, (H, W) or (1, 1, H, W), as (1, 1, H, W) in the content's format.

    A NumPy array or a list of lists will do, and a Pillow picture: white is here. Raises ValueError for another kind.
    """
    if mask is None:
        return None
    if isinstance(mask, Image.Image):
        mask = np.asarray(mask.convert("L"), np.float32) / 255
    if not isinstance(mask, Tensor):
        try:
            mask = torch.from_numpy(np.array(mask, np.float32))  # a copy: NumPy's may be turned round, or read-only
        except (TypeError, ValueError):
            kind = type(mask).__name__
            raise ValueError(f"A mask is a tensor, a NumPy array or a Pillow picture of (H, W), not {kind}.") from None
    mask = mask.detach().to(content)
    return mask[None, None] if mask.ndim == 2 else mask


def _pooled(mask: Tensor | None, places: torch.Size) -> Tensor | None:
    """A mask of the picture as one of a layer's places. On the processor: MPS refuses sizes that do not divide."""
    return None if mask is None else F.adaptive_avg_pool2d(mask.cpu(), places).to(mask.device)


def _check_kinds(network, settings):
    if not hasattr(network, "cut"):  # lesson 01 has networks of its own making
        raise SettingsError(f"The network must be one that networks.load gave, not {type(network).__name__}.")
    check_kind(settings)


def _check_styles(styles: tuple[Style, ...], keep: Tensor | None, content: Tensor):
    shares = [style.weight if isinstance(style.weight, Real) else math.nan for style in styles]
    if not (0 < sum(shares) <= 1e30 and min(shares) >= 0):  # so written that NaN fails too
        weights = ", ".join(repr(style.weight)[:30] for style in styles) or "none"
        raise ValueError(f"Style weights must be numbers from 0 to 1e30, and together more than 0, not {weights}.")
    masks = [("style mask", style.mask) for style in styles if style.mask is not None]
    if keep is not None:
        masks.append(("mask of what to keep", 1 - keep))
    for name, mask in masks:
        if mask.shape != (1, 1, *content.shape[-2:]):
            raise ValueError(
                f"A {name} has shape {tuple(mask.shape)}, but this content picture needs "
                f"{(1, 1, *content.shape[-2:])}: one number for each of its points."
            )
        if not (mask >= 0).all() or not (mask <= 1).all() or not mask.any():
            raise ValueError(f"A {name} leaves nothing to paint or leaves 0 to 1: give 0 for not here and 1 for here.")
