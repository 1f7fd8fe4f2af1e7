"""Checks of lesson 03: content distance."""

from collections.abc import Callable

from torch import Tensor

from style_helpers import losses
from style_helpers.course.feedback import draw, exercise

# In the tables one line in words, one line of formula
# fmt: off


def _two_maps(*shape: int) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (draw(1, *shape), draw(1, *shape, seed=1))


def size_of(features: Tensor) -> int:
    return features[0].numel()  # C x M


MAPS = {"features of shape (1, 3, 4, 5)": _two_maps(3, 4, 5), "(1, 2, 7, 3)": _two_maps(2, 7, 3)}


@exercise(
    {
        ("the sum of the squares", "Take the mean, so that a larger picture does not cost more"):
            lambda f, p: (f - p).square().sum(),
        ("half the sum, equation 1 of Gatys et al. 2016", "Right there, but here asked is the mean of the squares"):
            lambda f, p: (f - p).square().sum() / 2,
        ("the mean of absolute values", "Square the differences"): lambda f, p: (f - p).abs().mean(),
        ("the root of the mean", "Leave out the root"): lambda f, p: (f - p).square().mean().sqrt(),
        ("the length of the difference, a norm", "Leave out the root, and take the mean"): lambda f, p: (f - p).norm(),
        ("means over the channels, compared", "Compare each channel on its own: square, then mean"):
            lambda f, p: (f - p).mean(1).square().mean(),
        ("the square of the mean difference", "Square first, then take the mean"): lambda f, p: (f - p).mean().square(),
        ("the mean difference without a square", "Above and below cancel out: square them"):
            lambda f, p: (f - p).mean(),
        ("a division by the channels alone", "Divide by the positions too: `.mean()`"):
            lambda f, p: (f - p).square().sum() / f.shape[1],
        ("a division by the positions alone", "Divide by the channels too: `.mean()`"):
            lambda f, p: (f - p).square().sum() / f[0, 0].numel(),
    },
    cases=MAPS,
    look="Difference, square, mean, in this order.",
    praise="It agrees with `losses.content_distance`. Notice that every position is compared with itself alone.",
    gradient=True,
)
def content_distance(features, target):
    """a scalar tensor: the mean of the squared differences of two feature maps of shape (1, C, H, W)"""
    return losses.content_distance(features, target)


def _slope(f: Tensor, p: Tensor) -> Tensor:
    return 2 * (f - p) / size_of(f)


@exercise(
    {
        ("a factor 2 that is missing", "A square's slope: (x^2)' = 2x"): lambda f, p: _slope(f, p) / 2,
        ("the sign turned", "The distance grows away from P: F - P, not P - F"): lambda f, p: -_slope(f, p),
        ("a gradient not divided", "The mean divides by C M, so its gradient does too"): lambda f, p: 2 * (f - p),
        ("equation 2 of Gatys et al. 2016", "That belongs to half the sum: here is a mean, 2 (F - P) / (C M)"):
            lambda f, p: f - p,
        ("height and width exchanged", "The gradient has the places of F: leave them"): lambda f, p: _slope(f, p).mT,
        ("a factor 4", "One square gives one factor 2"): lambda f, p: 2 * _slope(f, p),
        ("a division by the positions alone", "Divide by C too"): lambda f, p: _slope(f, p) * f.shape[1],
        ("a division by the channels alone", "Divide by M too"): lambda f, p: _slope(f, p) * f[0, 0].numel(),
        ("the distance itself", "Its slope is asked, one number for each of F"): losses.content_distance,
    },
    cases=MAPS,
    look="Differentiate one square, (F - P)^2 / (C M), by F.",
    praise="Autograd would give the same. Notice that it is the difference itself, only scaled.",
)
def content_gradient(features, target):
    """the gradient of the content distance by the features, 2 (F - P) / (C M), of shape (1, C, H, W)"""
    return _slope(features, target)
