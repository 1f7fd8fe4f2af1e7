"""What is minimised: a network's features and the losses on them put together, with the weight of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from style_helpers import colours, devices, fast
from style_helpers.losses import ContentLoss, StyleLoss, outside_range, total_variation
from style_helpers.networks import Features
from style_helpers.settings import Settings
from style_helpers.statistics import STATISTICS

RANGE_WEIGHT = 1e4  # of the penalty outside 0 to 1


@dataclass(frozen=True)
class Style:
    """One of several styles: its picture, (1, 3, any H, any W), its weight, and where in the content picture it goes.

    The mask is (1, 1, H, W) of the content picture's size, 0 (not here) to 1 (here); None is everywhere.
    """

    picture: Tensor
    weight: float = 1.0
    mask: Tensor | None = None


class StyleObjective:
    """Called with a picture, it gives the weighted terms to minimise, by name; their sum is the total.

    network   the pretrained network; it is cut for the layers that the settings name, and itself left as it is
    content   (1, 3, H, W), 0 to 1; the result has its size and is computed on its device
    styles    (1, 3, any height, any width), 0 to 1; or several `Style`s, whose weights are shares of the whole
    settings  layers, weights, statistic, pooling, normalisation and number format
    keep      (1, 1, H, W): where it is 1 the content picture is left alone; None changes everything

    The targets (features of the content picture, statistics of the style pictures) are computed once, here. Raises
    SettingsError for a layer that the network lacks, ValueError for a picture or mask of another shape, too small or
    empty, and for weights that add up to nothing.
    """

    def __init__(
        self,
        network: Features,
        content: Tensor,
        styles: Tensor | Sequence[Style],
        settings: Settings,
        keep: Tensor | None = None,
    ):
        self.pretrained, self.content, self.settings, self.keep = network, content.detach(), settings, keep
        self.styles = (Style(styles),) if isinstance(styles, Tensor) else tuple(styles)
        _check_styles(self.styles, keep, content)
        style_layers = settings.style_layers if settings.style_weight else ()
        content_layers = settings.content_layers if settings.content_weight else ()
        self.network = self._cut(style_layers + content_layers)
        with torch.no_grad():
            of_content = self.network(self._seen(self.content))
            of_styles = [self.network(picture) for picture in self._style_pictures()]
            self._content_losses = {layer: self._content_loss(of_content[layer]) for layer in content_layers}
            self._style_losses = {
                layer: self._style_loss([features[layer] for features in of_styles], of_content[layer].shape[2:])
                for layer in style_layers
            }
        self._balance = dict.fromkeys(style_layers, 1.0)
        if settings.balance == "gradient":
            self._balance = self._gradient_balance()

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """picture: (1, 3, H, W). Returns each weighted term, a scalar, by name: "style relu1_1", "content relu4_2"."""
        settings = self.settings
        features = self.network(self._seen(picture))
        style_weight, content_weight = self._weights()
        terms = {}
        for layer, loss in self._style_losses.items():
            terms[f"style {layer}"] = style_weight * self._balance[layer] * loss(features[layer])
        for layer, loss in self._content_losses.items():
            terms[f"content {layer}"] = content_weight * loss(features[layer])
        if settings.total_variation:
            terms["total variation"] = settings.total_variation * total_variation(picture)
        if settings.pixel_range == "penalty":
            terms["pixel range"] = RANGE_WEIGHT * outside_range(picture)
        return terms

    def at(self, scale: float) -> "StyleObjective":
        """The same wish for pictures whose sides are `scale` times as long."""
        if scale == 1:
            return self
        styles = [
            replace(style, picture=resize(style.picture, scale), mask=resize(style.mask, scale))
            for style in self.styles
        ]
        return StyleObjective(
            self.pretrained, resize(self.content, scale), styles, self.settings, resize(self.keep, scale)
        )

    @property
    def smallest_scale(self) -> float:
        """The part of the full size at which the deepest layer still sees something of every picture."""
        sides = [min(self.content.shape[-2:]), *(min(style.picture.shape[-2:]) for style in self.styles)]
        return (self.network.smallest_side + 1) / min(sides)

    def with_settings(self, settings: Settings) -> "StyleObjective":
        """The same pictures with other settings."""
        return StyleObjective(self.pretrained, self.content, self.styles, settings, self.keep)

    def finished(self, picture: Tensor) -> Tensor:
        """What is shown of a picture under work: pixels in range, the content's own colours or parts put back."""
        picture = picture.detach().clamp(0, 1)
        if self.settings.colours == "luminance":
            picture = colours.with_luminance(self.content, picture)
        return picture if self.keep is None else torch.lerp(picture, self.content, self.keep)

    def _cut(self, layers: tuple[str, ...]) -> Features:
        settings, device = self.settings, self.content.device
        network = self.pretrained.cut(
            dict.fromkeys(layers),
            pooling=settings.pooling,
            normalise=settings.normalise,
            arithmetic=settings.arithmetic,
        ).to(device)
        network.body.to(devices.number_format(settings.precision, device))
        return network

    def _seen(self, picture: Tensor) -> Tensor:
        """What the network looks at."""
        if self.keep is not None:
            picture = torch.lerp(picture, self.content, self.keep)
        return colours.luminance(picture) if self.settings.colours == "luminance" else picture

    def _style_pictures(self) -> list[Tensor]:
        pictures = [resize(style.picture.to(self.content.device), self.settings.style_scale) for style in self.styles]
        if self.settings.colours == "matched":
            pictures = [colours.matched(picture, self.content) for picture in pictures]
        return [colours.luminance(picture) if self.settings.colours == "luminance" else picture for picture in pictures]

    def _weights(self) -> tuple[float, float]:
        """Of style and content, in front of the distances."""
        settings = self.settings
        if not settings.weight_inside:
            return settings.style_weight, settings.content_weight
        if settings.arithmetic == "seed":  # the losses hold them, as there
            return 1.0, 1.0
        return settings.style_weight**2, settings.content_weight**2

    def _content_loss(self, target: Tensor) -> Callable[[Tensor], Tensor]:
        """The content distance to a target, as a function of features."""
        if self.settings.arithmetic == "seed":
            return ContentLoss(target, self.settings.content_weight if self.settings.weight_inside else 1.0)
        factor = 1.0 if self.settings.balance == "none" else 1 / max(target.float().square().mean().item(), TINY)
        return lambda features: factor * fast.mean_square(features, target)

    def _style_loss(self, of_styles: list[Tensor], places: torch.Size) -> Callable[[Tensor], Tensor]:
        """The style distance to the styles' features at one layer, as a function of features with those `places`."""
        if self.settings.arithmetic == "seed":
            return StyleLoss(of_styles[0], self.settings.style_weight if self.settings.weight_inside else 1.0)
        statistic = STATISTICS[self.settings.statistic]()
        whole = sum(style.weight for style in self.styles)
        parts = []
        for style, features in zip(self.styles, of_styles, strict=True):
            target = statistic.describe(features)
            share = style.weight / whole
            if self.settings.balance == "target":
                share /= max(statistic.distance(torch.zeros_like(target), target).item(), TINY)
            mask = None if style.mask is None else F.adaptive_avg_pool2d(style.mask.to(features.device), places)
            parts.append((share, mask, target))

        def loss(features: Tensor) -> Tensor:
            return sum(
                share * statistic.distance(statistic.describe(features, mask), target) for share, mask, target in parts
            )

        return loss

    def _gradient_balance(self) -> dict[str, float]:
        """For each style layer, a factor that gives it the same length of gradient at the content picture.

        Together the layers then start at 1 for each, as they would with balance "target" at a picture of nothing.
        """
        picture = self.content.clone().requires_grad_()
        features = self.network(self._seen(picture))
        distances = {layer: loss(features[layer]) for layer, loss in self._style_losses.items()}
        factors, start = {}, 0.0
        for layer, distance in distances.items():
            (gradient,) = torch.autograd.grad(distance, picture, retain_graph=True)
            factors[layer] = 1 / max(gradient.norm().item(), TINY)
            start += factors[layer] * distance.item()
        return {layer: factor * len(factors) / max(start, TINY) for layer, factor in factors.items()}


TINY = 1e-20  # keeps a black picture from dividing by nothing


def resize(picture: Tensor | None, scale: float) -> Tensor | None:
    """A picture or mask with sides `scale` times as long, smoothed on the way down; None stays None."""
    if picture is None or scale == 1:
        return picture
    height, width = (max(1, round(side * scale)) for side in picture.shape[-2:])
    return fit(picture, height, width)


def fit(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture of shape (B, C, any, any) as (B, C, height, width), bilinear, smoothed on the way down."""
    if picture.shape[-2:] == (height, width):
        return picture
    fitted = F.interpolate(picture, (height, width), mode="bilinear", antialias=True, align_corners=False)
    return fitted.clamp(*picture.aminmax())  # averages stay in the range; rounding takes a mask of ones above 1


def _check_styles(styles: tuple[Style, ...], keep: Tensor | None, content: Tensor):
    if not styles or sum(style.weight for style in styles) <= 0 or min(style.weight for style in styles) < 0:
        weights = ", ".join(str(style.weight) for style in styles) or "none"
        raise ValueError(f"Style weights must be 0 or more and add up to more than 0, not {weights}.")
    masks = [("style mask", style.mask) for style in styles if style.mask is not None]
    if keep is not None:
        masks.append(("mask of what to keep", 1 - keep))
    for name, mask in masks:
        if mask.shape != (1, 1, *content.shape[-2:]):
            raise ValueError(
                f"A {name} has shape {tuple(mask.shape)}, but this content picture needs "
                f"{(1, 1, *content.shape[-2:])}: one number for each of its points."
            )
        if not (mask >= 0).all() or not (mask <= 1).all() or mask.max() < 0.5:
            raise ValueError(f"A {name} leaves nothing to paint or leaves 0 to 1: give 0 for not here and 1 for here.")
