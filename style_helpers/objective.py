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
from style_helpers.language import _
from style_helpers.losses import STATISTICS, ContentLoss, PixelRange, StyleLoss, TotalVariation
from style_helpers.networks import Features
from style_helpers.settings import LBFGS, Settings, SettingsError, check_kind

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
    statistic one of your own in place of the settings', for all layers: a module as those in `losses.STATISTICS`,
              called with features (1, C, H, W) and a mask or None, with a method `distance`; it keeps nothing

    Pictures may be given as `images.as_picture` takes them: tensors, arrays, Pillow pictures, file names.

    `losses` has a module for each term; `print(objective)` shows them. Raises SettingsError for a layer that the
    network lacks, for another network than the settings name, and for what is no network or no Settings; PictureError
    for what is no picture; ValueError for a picture or mask of another shape, too small, empty or too large for the
    memory that is free, and for weights that add up to nothing.
    """

    def __init__(
        self,
        network: Features,
        content: Tensor,
        styles: Tensor | Style | Sequence[Tensor | Style],
        settings: Settings,
        keep: Tensor | None = None,
        statistic: nn.Module | None = None,
    ):
        super().__init__()
        _check_kinds(network, settings)
        content = as_picture(content).clone()  # the caller may change theirs
        styles = styles if isinstance(styles, list | tuple) else [styles]
        styles = [style if isinstance(style, Style) else Style(style) for style in styles]
        self.settings = settings
        self.statistic = statistic
        self.styles = tuple(
            replace(style, picture=as_picture(style.picture).to(content.device), mask=_as_mask(style.mask, content))
            for style in styles
        )
        self.register_buffer("content", content)
        self.register_buffer("keep", _as_mask(keep, content))
        _check_styles(self.styles, self.keep, content)
        self.network = self._cut(network)
        self._check_sizes()

    @property
    def losses(self) -> nn.ModuleDict:
        """A module for each term, by name, with its weight and its target.

        They are made when they are first asked for: who begins with a small copy (`at`) need not wait for these.
        """
        if "losses" not in self._modules:
            self._modules["losses"] = self._made()  # add_module refuses the name of a property
        return self._modules["losses"]

    def __repr__(self) -> str:
        _ = self.losses  # made, so that they are shown
        return super().__repr__()

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """picture: (1, 3, H, W). Returns each weighted term, a scalar, by name: "style relu1_1", "content relu4_2"."""
        features = self.network(self._seen(picture))
        return {name: loss(features[_layer(name)] if _layer(name) else picture) for name, loss in self.losses.items()}

    def at(self, scale: float) -> "StyleObjective":
        """The same wish for pictures whose sides are `scale` times as long."""
        if scale == 1:
            return self
        styles = [
            replace(style, picture=resize(style.picture, scale), mask=resize(style.mask, scale))
            for style in self.styles
        ]
        content, keep = resize(self.content, scale), resize(self.keep, scale)
        return type(self)(self.network, content, styles, self.settings, keep, self.statistic)

    @property
    def smallest_scale(self) -> float:
        """The part of the full size at which the deepest layer still sees something of every picture."""
        strokes = self.settings.style_scale
        sides = [min(self.content.shape[-2:]), *(strokes * min(style.picture.shape[-2:]) for style in self.styles)]
        return (self.network.smallest_side + 1) / min(sides)

    def with_settings(self, settings: Settings) -> "StyleObjective":
        """The same pictures with other settings."""
        return type(self)(self.network, self.content, self.styles, settings, self.keep, self.statistic)

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
        styles = self.styles if self._layers("style") else ()
        pictures = [resize(style.picture, self.settings.style_scale).to(self.content) for style in styles]
        if self.settings.colours == "matched":
            pictures = [colours.matched(picture, self.content) for picture in pictures]
        return [colours.luminance(picture) if self.settings.colours == "luminance" else picture for picture in pictures]

    def _layers(self, term: str) -> tuple[str, ...]:
        """The layers of the "style" or "content" terms; none where their weight is 0."""
        return getattr(self.settings, f"{term}_layers") if getattr(self.settings, f"{term}_weight") else ()

    def _cut(self, network: Features) -> Features:
        settings, device = self.settings, self.content.device
        layers = self._layers("style") + self._layers("content")
        if settings.network not in (None, getattr(network, "name", settings.network)):
            raise SettingsError(
                _(
                    "The settings are for {wanted}, but the network is {network}: load that one, or leave network out "
                    "of the settings.",
                    wanted=settings.network,
                    network=network.name,
                )
            )
        network = network.cut(dict.fromkeys(layers), pooling=settings.pooling, normalise=settings.normalise).to(device)
        network.body.to(devices.number_format(settings.precision, device))
        return network

    def _made(self) -> nn.ModuleDict:
        by_gradient = self.settings.balance == "gradient"
        # whoever asks first may have switched gradients off
        with torch.inference_mode(False), torch.set_grad_enabled(by_gradient):
            picture = self.content.clone().requires_grad_(by_gradient)
            of_content = self.network(self._seen(picture))
            losses = self._style_losses(of_content, picture) | self._content_losses(of_content)
        if self.settings.total_variation:
            losses["total variation"] = TotalVariation(self.settings.total_variation)
        if self.settings.pixel_range == "penalty":
            losses["pixel range"] = PixelRange(RANGE_WEIGHT)
        return nn.ModuleDict(losses)

    def _content_losses(self, of_content: dict[str, Tensor]) -> dict[str, ContentLoss]:
        settings = self.settings
        weight = settings.content_weight**2 if settings.weight_inside else settings.content_weight
        losses = {f"content {layer}": ContentLoss(of_content[layer], weight) for layer in self._layers("content")}
        for loss in losses.values():
            if settings.balance != "none":
                loss.weight /= loss.from_nothing()
        return losses

    def _style_losses(self, of_content: dict[str, Tensor], content: Tensor) -> dict[str, StyleLoss]:
        """Of every layer and style, weighted by its share, by what balances the layers, and by the style weight."""
        settings, losses = self.settings, {}
        weight = settings.style_weight**2 if settings.weight_inside else settings.style_weight
        statistic = self.statistic or STATISTICS[settings.statistic]()
        with torch.no_grad():
            of_styles = [self.network(picture) for picture in self._style_pictures()]
        whole = sum(style.weight for style in self.styles)
        numbers = [""] if len(self.styles) == 1 else [f"{number} " for number in range(1, len(self.styles) + 1)]
        for layer in self._layers("style"):
            for number, style, features in zip(numbers, self.styles, of_styles, strict=True):
                mask = _pooled(style.mask, of_content[layer])
                loss = StyleLoss(features[layer], style.weight / whole, statistic, mask)
                if settings.balance == "target":
                    loss.weight /= loss.from_nothing()
                losses[f"style {number}{layer}"] = loss
        if settings.balance == "gradient":
            _balance_by_gradient(losses, of_content, content)
        for loss in losses.values():
            loss.weight *= weight
        return losses

    def _check_sizes(self):
        """Raises ValueError for a picture too small for the network, or too large for the memory that is free."""
        height, width = self.content.shape[-2:]
        needed = self.network.memory_needed(height, width) + (2 * LBFGS["history_size"] + 8) * 3 * height * width * 4
        pictures = [(False, height, width, needed)]
        for style in self.styles if self._layers("style") else ():
            sides = [max(1, round(self.settings.style_scale * side)) for side in style.picture.shape[-2:]]
            pictures.append((True, *sides, self.network.memory_needed(*sides, gradient=False)))
        free = devices.free_memory(self.content.device)
        for is_style, height, width, needed in pictures:
            self.network.check_size(height, width)
            _check_memory(is_style, height, width, 1.1 * needed, free)  # measured: 1.79 GB where 1.72 were estimated


def _layer(name: str) -> str:
    """The layer that a term looks at: of "style relu1_1", "style 2 relu1_1", "content relu4_2"; none of the others'."""
    return name.rpartition(" ")[2] if name.startswith(("style ", "content ")) else ""


def _balance_by_gradient(losses: dict[str, StyleLoss], features: dict[str, Tensor], picture: Tensor):
    """Gives each style layer the same length of gradient at the content picture, whose features these are.

    Together the layers then start at 1 for each, as they would with balance "target" at a picture of nothing.
    """
    factors, start = {}, 0.0
    for layer in dict.fromkeys(map(_layer, losses)):
        distance = sum(loss(features[layer]) for name, loss in losses.items() if _layer(name) == layer)
        (gradient,) = torch.autograd.grad(distance, picture, retain_graph=True)
        factors[layer] = 1 / (gradient.norm().item() or 1)  # 0 where content and style are the same picture
        start += factors[layer] * distance.item()
    for name, loss in losses.items():
        loss.weight *= factors[_layer(name)] * len(factors) / (start or 1)


def _check_memory(is_style: bool, height: int, width: int, needed: float, free: float):
    """Raises ValueError, with the largest size that fits, for a picture that there is no memory for."""
    if needed <= free:
        return
    fits = int(min(height, width) * math.sqrt(free / needed))
    remedy = _("close other programs, and shut down other notebooks' kernels")
    if fits >= SMALLEST_SIDE:
        remedy = _("with the shorter side at {fits} pixels it fits", fits=fits)
    what = _("A picture of {width} x {height} pixels", width=width, height=height)
    if is_style:
        what = _("A style picture of {width} x {height} pixels", width=width, height=height)
    said = _("{what} needs about {needed}, and {free} are free: {remedy}.",
             what=what, needed=_bytes(needed), free=_bytes(free), remedy=remedy)  # fmt: skip
    raise ValueError(said)


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
            said = _("A mask is a tensor, a NumPy array or a Pillow picture of (H, W), not {kind}.", kind=kind)
            raise ValueError(said) from None
    mask = mask.detach().to(content)
    return mask[None, None] if mask.ndim == 2 else mask


def _pooled(mask: Tensor | None, features: Tensor) -> Tensor | None:
    """A mask of the picture as one of a layer's places. On the processor: MPS refuses sizes that do not divide."""
    return None if mask is None else F.adaptive_avg_pool2d(mask.cpu(), features.shape[2:]).to(features.device)


def _check_kinds(network, settings):
    if not hasattr(network, "cut"):  # lesson 01 has networks of its own making
        kind = type(network).__name__
        raise SettingsError(_("The network must be one that networks.load gave, not {kind}.", kind=kind))
    check_kind(settings)


def _check_styles(styles: tuple[Style, ...], keep: Tensor | None, content: Tensor):
    shares = [style.weight if isinstance(style.weight, Real) else math.nan for style in styles]
    if not (0 < sum(shares) <= 1e30 and min(shares) >= 0):  # so written that NaN fails too
        weights = ", ".join(repr(style.weight)[:30] for style in styles) or _("none")
        raise ValueError(
            _("Style weights must be numbers from 0 to 1e30, and together more than 0, not {weights}.", weights=weights)
        )
    masks = [(_("A style mask"), style.mask) for style in styles if style.mask is not None]
    if keep is not None:
        masks.append((_("A mask of what to keep"), 1 - keep))
    needed = (1, 1, *content.shape[-2:])
    for name, mask in masks:
        if mask.shape != needed:
            said = _("{mask} has shape {shape}, but this content picture needs {needed}: one number for each of its "
                     "points.", mask=name, shape=tuple(mask.shape), needed=needed)  # fmt: skip
            raise ValueError(said)
        if not (mask >= 0).all() or not (mask <= 1).all() or not mask.any():
            said = _("{mask} leaves nothing to paint or leaves 0 to 1: give 0 for not here and 1 for here.", mask=name)
            raise ValueError(said)
