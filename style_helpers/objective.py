"""What is minimised: a network's features and the losses on them put together, with the weight of each."""

import torch
from torch import Tensor

from style_helpers import devices
from style_helpers.losses import ContentLoss, StyleLoss, outside_range
from style_helpers.networks import Features
from style_helpers.settings import Settings

RANGE_WEIGHT = 1e4  # of the penalty outside 0 to 1


class StyleObjective:
    """Called with a picture, it gives the weighted terms to minimise, by name; their sum is the total.

    network   the pretrained network; it is cut for the layers that the settings name, and itself left as it is
    content   (1, 3, H, W), 0 to 1; the result has its size and is computed on its device
    style     (1, 3, any height, any width), 0 to 1
    settings  layers, weights, pooling, normalisation and number format

    The targets (features of the content picture, Gram matrices of the style picture) are computed once, here. Raises
    SettingsError for a layer that the network lacks, ValueError for a picture of another shape or too small.
    """

    def __init__(self, network: Features, content: Tensor, style: Tensor, settings: Settings):
        self.settings, self.content = settings, content.detach()
        style_layers = settings.style_layers if settings.style_weight else ()
        content_layers = settings.content_layers if settings.content_weight else ()
        self.network = network.cut(
            dict.fromkeys(style_layers + content_layers), pooling=settings.pooling, normalise=settings.normalise
        ).to(content.device)
        self.network.body.to(devices.number_format(settings.precision, content.device))
        if settings.arithmetic == "seed":
            self.network.memory_format = torch.contiguous_format
        with torch.no_grad():
            of_content, of_style = self.network(self.content), self.network(style.to(content.device))
        inside = settings.weight_inside
        self.style_losses = {
            layer: StyleLoss(of_style[layer], settings.style_weight if inside else 1.0) for layer in style_layers
        }
        self.content_losses = {
            layer: ContentLoss(of_content[layer], settings.content_weight if inside else 1.0)
            for layer in content_layers
        }

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """picture: (1, 3, H, W). Returns each weighted term, a scalar, by name: "style relu1_1", "content relu4_2"."""
        features, settings = self.network(picture), self.settings
        style_weight, content_weight = settings.style_weight, settings.content_weight
        if settings.weight_inside:  # the losses hold them already
            style_weight = content_weight = 1.0
        terms = {}
        for layer, loss in self.style_losses.items():
            terms[f"style {layer}"] = style_weight * loss(features[layer])
        for layer, loss in self.content_losses.items():
            terms[f"content {layer}"] = content_weight * loss(features[layer])
        if settings.pixel_range == "penalty":
            terms["pixel range"] = RANGE_WEIGHT * outside_range(picture)
        return terms
