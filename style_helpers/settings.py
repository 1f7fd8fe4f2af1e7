"""Every choice of a run in one frozen dataclass, and the presets. Needs only the standard library."""

import os
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace

from style_helpers.language import _


class SettingsError(ValueError):
    """A setting that cannot be used; the message is one sentence: which, what is wrong, what would be right."""


NETWORKS = ("vgg19", "vgg16", "alexnet")
PAPER = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")  # where Gatys et al. 2016 measure the style
LARGEST_WEIGHT = 1e9  # beyond it, float32 overflows where L-BFGS multiplies gradients with each other
LARGEST_RATE = 10.0  # beyond it, a step throws every pixel out of range
CHOICES = {
    "network": (None, *NETWORKS),
    "pooling": ("max", "average"),
    "optimizer": ("lbfgs", "adam"),
    "pixel_range": ("closure", "penalty", "clamp"),
    "start": ("content", "noise"),
    "precision": ("auto", "fp32", "bf16"),
    "statistic": ("gram", "mean_covariance", "wasserstein", "nearest"),
    "balance": ("none", "target", "gradient"),
    "colours": ("style", "luminance", "matched"),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one run does. Start from a preset and change what you like: `Settings.gatys(style_weight=500)`.

    network            "vgg19", "vgg16" or "alexnet"; None takes `networks.default()`
    content_layers     where the content distance is measured, by the paper's names, such as "relu4_2"
    style_layers       where the style is measured
    content_weight     factor of each content distance, 0 to 1e9
    style_weight       factor of each style distance, 0 to 1e9
    statistic          what a style is: the "gram" matrix, "mean_covariance", "wasserstein" (sliced, 64 directions), or
                       "nearest" (places are compared with their nearest neighbours, both ways)
    balance            how layers of different size are made equal, once, before the start: "none"; "target" divides
                       each distance by that of features which are all 0, so that 1 means "as far as nothing from all";
                       "gradient" does so for the content, and gives the style distances gradients of equal length at
                       the content picture
    total_variation    factor of the total variation, 0 to 1e9
    weight_inside      the old tutorial's way: the weight multiplies both sides *inside* the squared error,
                       so that it acts squared (1000 there is 1,000,000 here)
    normalise          give the network what it was trained on: ImageNet's mean and spread of each colour
    pooling            "max" as the network was trained, or "average" as Gatys et al. 2016 (section 2) advise
    optimizer          "lbfgs" or "adam"
    learning_rate      length of a step: 1 for L-BFGS, which finds its own scale; in pixel units (0 to 1) for Adam
    pixel_range        how pixels are kept between 0 and 1: "closure" clamps them inside L-BFGS's closure as the old
                       tutorial does, "penalty" adds the squared distance from that range to what is minimised, "clamp"
                       clamps after each update
    start              the picture to begin with: the "content" picture, or "noise"
    scales             sizes from coarse to fine as parts of the full size, the last one 1: (0.25, 0.5, 1)
    shares             how the evaluations are shared out among the scales, adding up to 1
    colours            "style", or the content picture's own: "luminance" works on brightness alone, "matched" gives the
                       style picture the content picture's mean and covariance of colours beforehand
    style_scale        size of the style picture's strokes: 0.5 shrinks it to half before it is looked at
    seed               of the noise
    evaluations        how often the objective and its gradient are computed
    precision          number format of the convolutions: "fp32", "bf16", or "auto" (bf16 where it is quicker);
                       Gram matrices, losses and pixels are always float32

    Raises SettingsError for a value that no run can use.
    """

    network: str | None = None
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    content_weight: float = 1.0
    style_weight: float
    statistic: str = "gram"
    balance: str = "none"
    total_variation: float = 0.0
    weight_inside: bool = False
    normalise: bool = True
    pooling: str = "max"
    optimizer: str = "lbfgs"
    learning_rate: float = 1.0
    pixel_range: str = "penalty"
    start: str = "content"
    scales: tuple[float, ...] = (1.0,)
    shares: tuple[float, ...] = (1.0,)
    colours: str = "style"
    style_scale: float = 1.0
    seed: int = 0
    evaluations: int = 300
    precision: str = "auto"

    def __post_init__(self):
        for name, choices in CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        for name in ("content_layers", "style_layers"):
            _check_layers(name, getattr(self, name))
        for name in ("content_weight", "style_weight", "total_variation", "style_scale"):
            _check_number(name, getattr(self, name))
        _check_number("learning_rate", self.learning_rate, LARGEST_RATE)
        for name in ("weight_inside", "normalise"):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(
                    _("{name} must be True or False, not {value!r}.", name=name, value=getattr(self, name))
                )
        _check_scales(self.scales, self.shares)
        _check_whole("evaluations", self.evaluations, 1, 100_000)
        _check_whole("seed", self.seed, 0, 2**63 - 1)
        if self.learning_rate == 0:
            raise SettingsError(_("learning_rate is 0, so the picture would never change: give a number above 0."))
        if not (self.content_weight and self.content_layers) and not (self.style_weight and self.style_layers):
            raise SettingsError(
                _("Nothing would be minimised: give content_weight or style_weight above 0, with layers for it.")
            )
        if not 0.1 <= self.style_scale <= 10:
            raise SettingsError(
                _("style_scale must be a number from 0.1 to 10, not {value!r}.", value=self.style_scale)
            )
        if self.weight_inside and (self.balance, self.statistic) != ("none", "gram"):
            raise SettingsError(
                _('weight_inside is the old tutorial\'s way: use it with balance "none" and statistic "gram".')
            )
        if self.pixel_range == "closure" and self.optimizer != "lbfgs":
            raise SettingsError(_('pixel_range "closure" belongs to L-BFGS: with Adam use "clamp".'))

    def replace(self, **changes) -> "Settings":
        """A copy with some fields changed, checked again."""
        return dataclass_replace(self, **changes)

    @classmethod
    def preset(cls, name: str, **changes) -> "Settings":
        """The preset of that name, "tutorial", "gatys", "fine" or "nearest", with some fields changed."""
        _check_choice("preset", name, PRESETS)
        return getattr(cls, name)(**changes)

    @classmethod
    def tutorial(cls, **changes) -> "Settings":
        """The old tutorial's mathematics (Jacq, "Neural Transfer with PyTorch", first edition), mistakes and all.

        Its "conv_1" to "conv_5" are the first five convolutions, its input is not normalised, its weight acts
        squared, and its pixels are clamped inside L-BFGS's closure. Only the order of additions is our own, and what
        L-BFGS makes of rounding differs: `benchmarks/old_tutorial.py` has the algorithm word for word.
        """
        alexnet = changes.get("network") == "alexnet"
        first_five = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
        settings = {
            "content_layers": ("conv4",) if alexnet else ("conv2_2",),
            "style_layers": ("conv1", "conv2", "conv3", "conv4", "conv5") if alexnet else first_five,
            "style_weight": 1000.0,
            "weight_inside": True,
            "normalise": False,
            "pixel_range": "closure",
        }
        return cls(**settings | changes)

    @classmethod
    def gatys(cls, **changes) -> "Settings":
        """Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, section 3.

        Content at relu4_2, style at relu1_1 to relu5_1 with equal weights, average pooling, normalised input, L-BFGS.
        They rescaled the network to a mean activation of 1 (section 2) so that its layers can be compared; we leave
        the network as it is and divide each distance by its target's mean square, to the same end. So the weight of
        the style is ours too: theirs belongs to sums where we take means.
        """
        alexnet = changes.get("network") == "alexnet"
        settings = {
            "content_layers": ("relu4",) if alexnet else ("relu4_2",),
            "style_layers": ("relu1", "relu2", "relu3", "relu4", "relu5") if alexnet else PAPER,
            "style_weight": 50.0,
            "balance": "target",
            "pooling": "average",
        }
        return cls(**settings | changes)

    @classmethod
    def fine(cls, **changes) -> "Settings":
        """Mostly nearer to content and style than `gatys`, in a sixth of its time: see `python -m benchmarks quality`.

        The paper's style layers, seen from coarse to fine, so that large strokes are laid before small ones, most of
        them where an evaluation costs a sixteenth; mean and covariance in place of the Gram matrix; layers balanced by
        their gradients; content at relu3_2 too, which keeps outlines in place; a trace of total variation.
        """
        settings = {
            "content_layers": ("relu3", "relu4") if changes.get("network") == "alexnet" else ("relu3_2", "relu4_2"),
            "scales": (0.25, 0.5, 1.0),
            "shares": (0.5, 0.4, 0.1),
            "evaluations": 180,
            "statistic": "mean_covariance",
            "balance": "gradient",
            "style_weight": 18.0,
            "total_variation": 0.1,
        }
        return cls.gatys(**settings | changes)

    @classmethod
    def nearest(cls, **changes) -> "Settings":
        """Every place like its nearest neighbour in the style: mostly, more of the content is kept than by `fine`.

        After Kolkin, Salavon and Shakhnarovich, "STROTSS", CVPR 2019, and Kolkin et al., "Neural Neighbor Style
        Transfer", 2022. A Gram matrix asks every pattern of the style to appear as often as there, so that a calm sky
        is broken up to have them all; here each place takes what suits it. The smallest scale, an eighth, is where
        large strokes come from.
        """
        layers = ("relu1", "relu2", "relu3") if changes.get("network") == "alexnet" else PAPER[:4]
        settings = {
            "style_layers": layers,
            "statistic": "nearest",
            "style_weight": 2.0,
            "total_variation": 1.0,
            "scales": (0.125, 0.25, 0.5, 1.0),
            "shares": (0.3, 0.3, 0.25, 0.15),
            "evaluations": 100,
        }
        return cls.gatys(**settings | changes)


PRESETS = ("tutorial", "gatys", "fine", "nearest")

# L-BFGS everywhere: one evaluation a call, so that a loop sees each of them; its memory of earlier moves outlives the
# call, so that they are the moves of torch's default of 20 evaluations a call. torch's tolerances are absolute, so that
# with small weights it would stand still, and its 100 earlier moves are 2.5 GB at 1024 pixels.
LBFGS = {"max_iter": 1, "history_size": 20, "tolerance_grad": 0, "tolerance_change": 0}

QUICK = "STYLE_HELPERS_QUICK"  # environment variable: set to 1, everything is shown and little is optimised


def shortened(evaluations: int, least: int = 2) -> int:
    """As many evaluations as asked for; in quick mode, for tests of the lessons, a twentieth, but at least `least`."""
    if os.environ.get(QUICK, "0") in ("", "0"):
        return evaluations
    return min(evaluations, max(least, evaluations // 20))


def check_kind(settings) -> None:
    """Raises SettingsError for what is no `Settings`, such as a preset's name."""
    if not isinstance(settings, Settings):
        kind = type(settings).__name__
        raise SettingsError(_("The settings must be Settings, such as Settings.gatys(), not {kind}.", kind=kind))


def _check_choice(name, value, choices):
    if not isinstance(value, str | None) or value not in choices:
        known = ", ".join(str(choice) for choice in choices if choice is not None)
        raise SettingsError(
            _("{name} {value!r} is not known: choose one of {known}.", name=name, value=value, known=known)
        )


def _check_layers(name, layers):
    if not isinstance(layers, tuple) or not all(isinstance(layer, str) for layer in layers):
        raise SettingsError(
            _('{name} must be a tuple of layer names such as ("relu4_2",), not {value!r}.', name=name, value=layers)
        )
    if len(set(layers)) < len(layers):
        raise SettingsError(_("{name} names a layer twice: {layers}.", name=name, layers=", ".join(layers)))


def _check_scales(scales, shares):
    for name, values in (("scales", scales), ("shares", shares)):
        if not isinstance(values, tuple) or not values:
            raise SettingsError(
                _("{name} must be a tuple of numbers such as (0.5, 1.0), not {value!r}.", name=name, value=values)
            )
        for value in values:
            _check_number(name, value)
    if list(scales) != sorted(set(scales)) or scales[0] <= 0 or scales[-1] != 1:
        raise SettingsError(
            _("scales must rise from above 0 to 1, such as (0.25, 0.5, 1.0), not {value!r}.", value=scales)
        )
    if len(shares) != len(scales) or abs(sum(shares) - 1) > 1e-6:
        raise SettingsError(_("shares must be one number for each scale and add up to 1, not {value!r}.", value=shares))


def _check_number(name, value, largest=LARGEST_WEIGHT):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= largest:
        raise SettingsError(
            _("{name} must be a number from 0 to {largest:g}, not {value!r}.", name=name, largest=largest, value=value)
        )


def _check_whole(name, value, smallest, largest):
    if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
        said = _("{name} must be a whole number from {smallest} to {largest}, not {value!r}.",
                 name=name, smallest=smallest, largest=largest, value=value)  # fmt: skip
        raise SettingsError(said)
