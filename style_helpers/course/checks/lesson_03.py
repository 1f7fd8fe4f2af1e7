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
    return features[0].numel()  # C x N


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
        ("the sum of absolute values", "Square the differences, and take the mean"): lambda f, p: (f - p).abs().sum(),
        ("means over the positions, compared", "Compare each position on its own: square, then mean"):
            lambda f, p: (f - p).mean((2, 3)).square().mean(),
        ("squares taken before the difference", "Subtract first, then square"):
            lambda f, p: (f.square() - p.square()).mean(),
        ("a difference of squares, squared", "Subtract the features as they are, then square once"):
            lambda f, p: (f.square() - p.square()).square().mean(),
        ("features without their target", "Subtract the target first"): lambda f, p: f.square().mean(),
        ("a sum in place of the difference", "Minus: features - target"): lambda f, p: (f + p).square().mean(),
        ("a product of features and target", "Subtract them, then square"): lambda f, p: (f * p).mean(),
        ("a relative distance, in parts of the target's own mean square", "Leave out the division by the target"):
            lambda f, p: (f - p).square().mean() / p.square().mean(),
        ("half the mean", "There is no half in this formula"): lambda f, p: (f - p).square().mean() / 2,
        ("the square of the sum", "Square each difference first, then take the mean"):
            lambda f, p: (f - p).sum().square() / size_of(f),
        ("the largest square alone", "Take the mean of all"): lambda f, p: (f - p).square().max(),
        ("a division made twice", "`.mean()` divides already"):
            lambda f, p: (f - p).square().mean() / size_of(f),
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
        ("a gradient not divided", "The mean divides by C N, so its gradient does too"): lambda f, p: 2 * (f - p),
        ("equation 2 of Gatys et al. 2016", "That belongs to half the sum: here is a mean, 2 (F - P) / (C N)"):
            lambda f, p: f - p,
        ("height and width exchanged", "The gradient has the places of F: leave them"): lambda f, p: _slope(f, p).mT,
        ("a factor 4", "One square gives one factor 2"): lambda f, p: 2 * _slope(f, p),
        ("a division by the positions alone", "Divide by C too"): lambda f, p: _slope(f, p) * f.shape[1],
        ("a division by the channels alone", "Divide by N too"): lambda f, p: _slope(f, p) * f[0, 0].numel(),
        ("the distance itself", "Its slope is asked, one number for each of F"): losses.content_distance,
        ("0 where F is below 0, as through a ReLU", "Here the slope by F itself is asked, whatever its sign"):
            lambda f, p: _slope(f, p) * (f > 0),
        ("features without their target", "Subtract it: 2 (F - P) / (C N)"): lambda f, p: 2 * f / size_of(f),
        ("a sum in place of the difference", "Minus: F - P"): lambda f, p: _slope(f, -p),
        ("brackets that are missing", "The 2 and the division belong to the whole difference: 2 * (F - P) / (C * N)"):
            lambda f, p: 2 * f - p / size_of(f),
        ("a factor 2 for F alone", "It belongs to the whole difference: 2 * (F - P)"):
            lambda f, p: (2 * f - p) / size_of(f),
        ("a multiplication by N", "Python goes from left to right: divide by (C * N), in brackets"):
            lambda f, p: 2 * (f - p) / f.shape[1] * f[0, 0].numel(),
        ("signs taken away", "Where F is too small, the slope is negative"): lambda f, p: _slope(f, p).abs(),
        ("a square that is still there", "(x^2)' = 2x: the square becomes a factor"):
            lambda f, p: 2 * (f - p).square() / size_of(f),
        ("the squares, each divided by C N", "Those are the distance's parts: here their slopes are asked, 2x for x^2"):
            lambda f, p: (f - p).square() / size_of(f),
        ("a factor F as in the style gradient", "In (F - P)^2 the inner slope is 1: leave it out"):
            lambda f, p: _slope(f, p) * f,
        ("the signs of the differences", "That is the slope of absolute values: here squares are asked"):
            lambda f, p: (f - p).sign() / size_of(f),
        ("a gradient made 1 long", "Leave its length as it is"): lambda f, p: (f - p) / (f - p).norm(),
        ("a division made twice", "Divide by C N once"): lambda f, p: _slope(f, p) / size_of(f),
    },
    cases=MAPS,
    look="Differentiate one square, (F - P)^2 / (C N), by F.",
    praise="Autograd would give the same. Notice that it is the difference itself, only scaled.",
    by_hand=True,
)
def content_gradient(features, target):
    """the gradient of the content distance by the features, 2 (F - P) / (C N), of shape (1, C, H, W)"""
    return _slope(features, target)
