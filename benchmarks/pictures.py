"""The project's own pictures and networks, as every benchmark takes them."""

import torchvision
from torch import Tensor, nn

from style_helpers import images, weights

CONTENT, STYLE = "summer-palace", "hokusai-great-wave"  # of the speed benchmark


def content(name: str, size: int, device) -> Tensor:
    return images.load(images.CONTENT / f"{name}.jpg", size, device)


def style(name: str, size: int, device) -> Tensor:
    return images.load(images.STYLE / f"{name}.jpg", size, device)


def squares(size: int, device) -> tuple[Tensor, Tensor]:
    """The content and style picture of the speed benchmark, (1, 3, size, size), cut at the right and bottom."""
    pair = content(CONTENT, size, device), style(STYLE, size, device)
    return tuple(picture[..., :size, :size].contiguous() for picture in pair)


def torchvision_layers(device) -> nn.Sequential:
    """VGG-16's layers as torchvision gives them: the whole network, ReLU in place, weights that gather gradients."""
    layers = torchvision.models.vgg16(weights=None).features
    layers.load_state_dict({key.removeprefix("features."): value for key, value in weights.load("vgg16").items()})
    return layers.to(device)
