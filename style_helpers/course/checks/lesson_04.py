"""Checks of lesson 04: Gram matrices and style."""

from collections.abc import Callable

from torch import Tensor

from style_helpers import losses
from style_helpers.course.checks.lesson_03 import size_of
from style_helpers.course.feedback import draw, exercise

# In the tables one line in words, one line of formula
# fmt: off


def _rows(features: Tensor) -> Tensor:
    return features.flatten(2)


def product(f: Tensor) -> Tensor:
    return _rows(f) @ _rows(f).mT


def _seed_gram(f: Tensor) -> Tensor:
    pictures, channels, height, width = f.shape
    folded = f.reshape(pictures * channels, height * width)
    return folded @ folded.T / f.numel()


FOLDED = "With one picture its numbers are right; with two it makes one matrix of 2 C rows that mixes both pictures"


@exercise(
    {
        ("a product not divided", "Divide it by `C * H * W`"): product,
        ("a division made twice", "Divide by `C * H * W` once"): lambda f: losses.gram_matrix(f) / size_of(f),
        ("a division by the positions alone", "Divide by the channels too: `C * H * W`"):
            lambda f: product(f) / f[0, 0].numel(),
        ("a division by the channels alone", "Divide by the positions too: `C * H * W`"):
            lambda f: product(f) / f.shape[1],
        ("a division by 2 C M, as in equation 4 of Gatys et al.", "Leave out the 2"):
            lambda f: losses.gram_matrix(f) / 2,
        ("positions times positions", "A row for each channel is asked: F times F transposed, not the reverse"):
            lambda f: _rows(f).mT @ _rows(f) / size_of(f),
        ("the seed's `view(a * b, c * d)`: the batch folded into the channels", FOLDED): _seed_gram,
        ("the batch folded into the channels", FOLDED): lambda f: _seed_gram(f)[None],
        ("positions mixed up", "`reshape(B, H * W, C)` cuts memory in wrong places: use `reshape(B, C, H * W)`"):
            lambda f: f.reshape(len(f), -1, f.shape[1]).mT @ f.reshape(len(f), -1, f.shape[1]) / size_of(f),
        ("channels with their mean taken away", "That is a covariance: leave the mean in"):
            lambda f: losses.gram_matrix(f - f.mean((2, 3), keepdim=True)),
        ("a mean over the batch", "Each picture has its own matrix: leave the first dimension"):
            lambda f: losses.gram_matrix(f).mean(0, keepdim=True),
        ("a division by the batch as well", "Another picture beside it must not change G: divide by `C * H * W`"):
            lambda f: losses.gram_matrix(f) / len(f),
        ("a matrix without a batch", "Keep the first dimension, also for one picture"):
            lambda f: losses.gram_matrix(f)[0],
        ("the first picture alone", "Keep all pictures of the batch"): lambda f: losses.gram_matrix(f)[:1],
    },
    cases={
        "one picture, (1, 3, 4, 5)": lambda: (draw(1, 3, 4, 5),),
        "a batch of two, (2, 3, 4, 5)": lambda: (draw(2, 3, 4, 5),),
        "another size, (2, 4, 7, 3)": lambda: (draw(2, 4, 7, 3),),
    },
    look="Write F as a matrix with one row for each channel and one column for each position.",
    praise="It agrees with `losses.gram_matrix`, for a batch too. Notice that H and W are gone from the shape.",
    gradient=True,
)
def gram_matrix(features):
    """the Gram matrices, (B, C, C), of features of shape (B, C, H, W), divided by C H W"""
    return losses.gram_matrix(features)


def _map_and_gram(channels: int, height: int, width: int) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (draw(1, channels, height, width), losses.gram_matrix(draw(1, channels, 6, 8, seed=1)))


def _apart(f: Tensor, a: Tensor) -> Tensor:
    return losses.gram_matrix(f) - a


STYLES = {"features of shape (1, 3, 4, 5)": _map_and_gram(3, 4, 5), "(1, 2, 7, 3)": _map_and_gram(2, 7, 3)}


@exercise(
    {
        ("the sum of the squares", "Take the mean over the C x C numbers"): lambda f, a: _apart(f, a).square().sum(),
        ("a quarter of the sum, E of equation 4 of Gatys et al. 2016", "Here asked is the mean: divide by C^2"):
            lambda f, a: _apart(f, a).square().sum() / 4,
        ("a division by C alone", "A matrix has C x C numbers"): lambda f, a: _apart(f, a).square().sum() / f.shape[1],
        ("the mean of absolute values", "Square the differences"): lambda f, a: _apart(f, a).abs().mean(),
        ("the root of the mean", "Leave out the root"): lambda f, a: _apart(f, a).square().mean().sqrt(),
        ("a Gram matrix not divided", "The target is divided by C M: divide yours too"):
            lambda f, a: (product(f) - a).square().mean(),
        ("a Gram matrix divided twice", "`gram_matrix` divides already"):
            lambda f, a: (losses.gram_matrix(f) / size_of(f) - a).square().mean(),
        ("the square of the mean difference", "Square first, then take the mean"):
            lambda f, a: _apart(f, a).mean().square(),
        ("the diagonal alone", "Channels that fire together stand beside the diagonal: take all"):
            lambda f, a: _apart(f, a).diagonal(dim1=1, dim2=2).square().mean(),
    },
    cases=STYLES,
    look="The Gram matrix of the features, minus the target, squared, mean.",
    praise="It agrees with `losses.style_distance`. Notice that the two pictures need not have the same size.",
    gradient=True,
)
def style_distance(features, target_gram):
    """a scalar tensor: the mean of (G - A)^2, G of features (1, C, H, W), A the target of shape (1, C, C)"""
    return losses.style_distance(losses.gram_matrix(features), target_gram)


def _style_slope(f: Tensor, a: Tensor) -> Tensor:
    return 4 / (f.shape[1] ** 2 * size_of(f)) * (_apart(f, a) @ _rows(f)).view_as(f)


@exercise(
    {
        ("a factor 2 in place of 4", "F stands in G twice, so each place counts double"):
            lambda f, a: _style_slope(f, a) / 2,
        ("a missing factor 4", "2 comes from the square, 2 because F stands in G twice"):
            lambda f, a: _style_slope(f, a) / 4,
        ("the sign turned", "G - A, not A - G"): lambda f, a: -_style_slope(f, a),
        ("a division by C^2 that is missing", "The mean over C x C numbers divides by it"):
            lambda f, a: _style_slope(f, a) * f.shape[1] ** 2,
        ("a division by C M that is missing", "G was divided by C M, so its gradient is too"):
            lambda f, a: _style_slope(f, a) * size_of(f),
        ("a gradient not divided at all", "Divide by C^2 and by C M"):
            lambda f, a: _style_slope(f, a) * f.shape[1] ** 2 * size_of(f),
        ("a division by C M made twice", "G is divided already: C M stands in front once"):
            lambda f, a: _style_slope(f, a) / size_of(f),
        ("a gradient of shape (1, C, M)", "Fold the positions back into H and W: `reshape(features.shape)`"):
            lambda f, a: _rows(_style_slope(f, a)),
        ("a gradient of shape (1, M, C)", "Transpose it, then fold the positions back: first C, then H and W"):
            lambda f, a: _rows(_style_slope(f, a)).mT,
        ("positions mixed up", "A `reshape` from (M, C) scrambles: transpose to (C, M) first"):
            lambda f, a: _rows(_style_slope(f, a)).mT.reshape(f.shape),
        ("0 where F is below 0, as in equation 6 of Gatys et al. 2016", "That is the ReLU's part: leave it out"):
            lambda f, a: _style_slope(f, a) * (f > 0),
    },
    cases=STYLES,
    look="(G - A) times the rows of F, folded back to the shape of F, times 4 / (C^2 C M).",
    praise="Autograd would give the same. Notice that F itself is mixed anew, channel by channel, by G - A.",
)
def style_gradient(features, target_gram):
    """the gradient of the style distance by the features, 4 / (C^2 C M) (G - A) F, of shape (1, C, H, W)"""
    return _style_slope(features, target_gram)
