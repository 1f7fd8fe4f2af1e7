"""`Features`: a frozen network, cut after the deepest layer that is asked for, whose layers have the paper's names."""

from functools import lru_cache

import torch
from torch import Tensor, nn

from style_helpers import devices, weights
from style_helpers._gradients import FrozenConv2d
from style_helpers.language import _
from style_helpers.settings import NETWORKS, SettingsError

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of the training pictures, red green blue, 0 to 1; torchvision's own numbers
IMAGENET_STD = (0.229, 0.224, 0.225)

# Simonyan and Zisserman 2015, table 1: channels of each convolution (3 x 3, padding 1), block by block; a pooling of
# 2 x 2 after each block.
VGG_BLOCKS = {
    "vgg16": ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
    "vgg19": ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512)),
}
# Krizhevsky 2014 ("One weird trick"), as torchvision has it: channels, kernel, stride, padding, pooled or not.
ALEXNET = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)


def layer_names(network: str) -> tuple[str, ...]:
    """All layer names of a network in order: conv1_1, relu1_1, ..., pool5 for VGG, conv1, relu1, pool1, ... else."""
    return tuple(_modules(network, "max"))


def load(
    name: str, layers: tuple[str, ...] | None = None, *, pooling: str = "max", normalise: bool = True, device=None
) -> "Features":
    """The pretrained network "vgg19", "vgg16" or "alexnet", fetched if it is not on this computer yet.

    It is put on `devices.choose(device)`, where `images.load` puts pictures. Raises SettingsError for a name that is
    not known, weights.WeightsError when no source has the weights.
    """
    check_name(name)
    device = devices.choose(device)
    state = {key: numbers.to(device) for key, numbers in weights.load(name).items()}
    return Features(name, state, layers, pooling=pooling, normalise=normalise).to(device)


@lru_cache(maxsize=4)
def shared(name: str, device: torch.device, layers: tuple[str, ...] | None = None) -> "Features":
    """`load`, but the same network each time: for those who only look with it and change nothing."""
    return load(name, layers, device=device)


def check_name(name: str):
    """Raises SettingsError for a network that we do not have."""
    if name not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise SettingsError(
            _("{name} {value!r} is not known: choose one of {known}.", name="network", value=name, known=known)
        )


def choose() -> tuple[str, str]:
    """The network to take when nobody says which, and one sentence that tells why. Fetches nothing."""
    if weights.find("vgg19"):
        return "vgg19", _("VGG-19, the paper's network: its weights are on this computer.")
    return "vgg16", _("VGG-16, because VGG-19's weights (a download of 548 MB) are not on this computer.")


def default(device=None) -> "Features":
    """VGG-19 where its weights are, else VGG-16, on `devices.choose(device)`; prints which, and why."""
    name, why = choose()
    try:
        features = load(name, device=device)
    except weights.WeightsError as error:
        if name != "vgg19":
            raise
        features = load("vgg16", device=device)
        why = _("VGG-16, because VGG-19 cannot be used: {reason}", reason=error)
    print(_("Network: {which}", which=why))
    return features


class Features(nn.Module):
    """The convolutional part of a pretrained network: a picture in, the feature maps of the asked layers out.

    name       "vgg19", "vgg16" or "alexnet"
    state      its weights under torchvision's names, as `weights.load` returns them
    layers     names of the layers to return, such as "relu4_2"; None for all. What lies deeper is not computed
    pooling    "max", or "average" over the same windows
    normalise  subtract ImageNet's mean and divide by its spread first, so that pictures come in as 0 to 1

    The weights are frozen and the network stays in eval mode. No ReLU works in place: one that did would overwrite
    the convolution's output that a loss has yet to read. Raises SettingsError for a layer that does not exist.
    """

    def __init__(self, name: str, state: dict[str, Tensor], layers=None, *, pooling="max", normalise=True):
        super().__init__()
        self.name, self.pooling, self.normalise = name, pooling, normalise
        self._state = {key: _channels_last(tensor) for key, tensor in state.items()}
        modules = _modules(name, pooling)
        self.layers = tuple(modules) if layers is None else tuple(layers)
        _check_layers(name, self.layers)
        deepest = max(list(modules).index(layer) for layer in self.layers)
        self.body = nn.ModuleDict(dict(list(modules.items())[: deepest + 1]))
        for position, module in enumerate(self.body.values()):  # torchvision numbers its modules in this same order
            if isinstance(module, nn.Conv2d):
                module.weight = nn.Parameter(self._state[f"features.{position}.weight"], requires_grad=False)
                module.bias = nn.Parameter(self._state[f"features.{position}.bias"], requires_grad=False)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.eval()

    def cut(self, layers, *, pooling: str | None = None, normalise: bool | None = None) -> "Features":
        """The same weights in a new network for other layers, in float32, on the same device; this one stays."""
        cut = Features(
            self.name,
            self._state,
            layers,
            pooling=self.pooling if pooling is None else pooling,
            normalise=self.normalise if normalise is None else normalise,
        )
        return cut.to(self.mean.device)

    @property
    def number_format(self) -> torch.dtype:
        """In which the convolutions compute: that of their weights, so `features.body.bfloat16()` changes it."""
        return next(self.body.parameters()).dtype

    def memory_needed(self, height: int, width: int, gradient: bool = True) -> int:
        """Bytes, estimated: the maps kept on the way forward, and working copies of the largest.

        Without a gradient only the asked layers are kept.
        """
        bytes_each = self.number_format.itemsize
        kept = largest = 0
        channels = 3
        for name, module in self.body.items():
            if not isinstance(module, nn.ReLU):
                kernel, stride, padding = (_both(size) for size in (module.kernel_size, module.stride, module.padding))
                height, width = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
                channels = getattr(module, "out_channels", channels)
            numbers = channels * height * width
            largest = max(largest, numbers)
            if name in self.layers or (gradient and isinstance(module, nn.ReLU)):
                kept += numbers * bytes_each
            elif gradient and isinstance(module, nn.MaxPool2d):
                kept += numbers * (bytes_each + 8)  # and for each number where it came from
        return kept + largest * (2 * bytes_each + 3 * 4)

    @property
    def smallest_side(self) -> int:
        """The fewest pixels a side may have so that every layer still has a position."""
        side = 1
        for module in reversed(list(self.body.values())):
            if not isinstance(module, nn.ReLU):
                kernel, stride, padding = (_both(size) for size in (module.kernel_size, module.stride, module.padding))
                side = max(1, (side - 1) * stride + kernel - 2 * padding)
        return side

    def extra_repr(self) -> str:
        values = {"name": self.name, "pooling": self.pooling}
        if self.normalise:
            return _("{name}, {pooling} pooling, normalised", **values)
        return _("{name}, {pooling} pooling, not normalised", **values)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """pictures: (B, 3, H, W), 0 to 1. Returns the feature map (B, C, H', W') of each asked layer, by name.

        Raises ValueError for another shape, or a side too short for the deepest layer.
        """
        self._check(pictures)
        x = (pictures - self.mean) / self.std if self.normalise else pictures
        # In memory, all channels of a position side by side: the order in which today's processors convolve fastest.
        x = x.to(self.number_format, memory_format=torch.channels_last)
        found = {}
        for name, module in self.body.items():
            x = module(x)
            if name in self.layers:
                found[name] = x
        return found

    def _check(self, pictures: Tensor):
        shape = tuple(pictures.shape)
        if pictures.ndim != 4:
            said = _("The network takes pictures of shape (B, 3, H, W), not {shape}: one picture needs a first "
                     "dimension of 1.", shape=shape)  # fmt: skip
            raise ValueError(said)
        if pictures.shape[1] != 3:
            said = _("The network takes pictures of shape (B, 3, H, W), not {shape}: a picture has three colours, "
                     "red, green and blue, as images.load gives them.", shape=shape)  # fmt: skip
            raise ValueError(said)
        self.check_size(*pictures.shape[-2:])

    def check_size(self, height: int, width: int):
        """Raises ValueError for a side too short for the deepest layer."""
        if min(height, width) < self.smallest_side:
            raise ValueError(
                _(
                    "A picture of {width} x {height} pixels is too small for {network} up to {layer}: the shorter side "
                    "needs at least {least} pixels.",
                    width=width,
                    height=height,
                    network=self.name,
                    layer=list(self.body)[-1],
                    least=self.smallest_side,
                )
            )


def _channels_last(tensor: Tensor) -> Tensor:
    """A kernel in the order in which the maps are convolved; else each convolution orders it anew. A bias as it is."""
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _modules(network: str, pooling: str) -> dict[str, nn.Module]:
    """Every layer of a network in order, with no weights yet."""
    pool = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}[pooling]
    return _alexnet(pool) if network == "alexnet" else _vgg(VGG_BLOCKS[network], pool)


def _vgg(blocks, pool) -> dict[str, nn.Module]:
    modules, into = {}, 3
    for block, widths in enumerate(blocks, start=1):
        for number, channels in enumerate(widths, start=1):
            modules[f"conv{block}_{number}"] = FrozenConv2d(into, channels, 3, padding=1, device="meta")
            modules[f"relu{block}_{number}"] = nn.ReLU()
            into = channels
        modules[f"pool{block}"] = pool(kernel_size=2, stride=2)
    return modules


def _alexnet(pool) -> dict[str, nn.Module]:
    modules, into = {}, 3
    for number, (channels, kernel, stride, padding, pooled) in enumerate(ALEXNET, start=1):
        modules[f"conv{number}"] = FrozenConv2d(into, channels, kernel, stride, padding, device="meta")
        modules[f"relu{number}"] = nn.ReLU()
        if pooled:
            modules[f"pool{number}"] = pool(kernel_size=3, stride=2)
        into = channels
    return modules


def _check_layers(network: str, layers: tuple[str, ...]):
    known = layer_names(network)
    if not layers:
        raise SettingsError(_("No layer was asked for: name at least one of {known}.", known=", ".join(known)))
    for layer in layers:
        if layer not in known:
            said = _("{network} has no layer {layer!r}; its layers are {known}.",
                     network=network, layer=layer, known=", ".join(known))  # fmt: skip
            raise SettingsError(said)


def _both(size: int | tuple[int, int]) -> int:
    """torch keeps a convolution's sizes as (height, width) and a pooling's as one number; ours are all square."""
    return size if isinstance(size, int) else size[0]
