"""Checks of lesson 04: Gram matrices and style."""

from collections.abc import Callable

import torch.nn.functional as F
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


def _tutorial_gram(f: Tensor) -> Tensor:
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
        ("a division by 2 C N, as Gatys et al. have it in equation 4", "Leave out the 2"):
            lambda f: losses.gram_matrix(f) / 2,
        ("positions times positions", "A row for each channel is asked: F times F transposed, not the reverse"):
            lambda f: _rows(f).mT @ _rows(f) / size_of(f),
        ("the old tutorial's `view(a * b, c * d)`: the batch folded into the channels", FOLDED): _tutorial_gram,
        ("the batch folded into the channels", FOLDED): lambda f: _tutorial_gram(f)[None],
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
        ("a division by C * C", "`rows.shape[1]` is C again: the positions are `rows.shape[2]`"):
            lambda f: product(f) / f.shape[1] ** 2,
        ("a division by C * H alone", "Divide by W too"): lambda f: product(f) / f[0, :, :, 0].numel(),
        ("a division by C * (H + W)", "Positions are H * W"):
            lambda f: product(f) / (f.shape[1] * (f.shape[2] + f.shape[3])),
        ("brackets that are missing", "Python goes from left to right: divide by (C * H * W), in brackets"):
            lambda f: product(f) / f.shape[1] * f[0, 0].numel(),
        ("channels and positions mixed up",
         "After `permute(0, 2, 3, 1)` a `reshape(B, C, H * W)` cuts in wrong places: leave the channels second"):
            lambda f: losses.gram_matrix(f.permute(0, 2, 3, 1).reshape(f.shape)),
        ("cosines: rows made 1 long", "How loud a channel is belongs to the style: leave the lengths"):
            lambda f: F.normalize(_rows(f), dim=2) @ F.normalize(_rows(f), dim=2).mT,
        ("cosines, divided as well", "How loud a channel is belongs to the style: leave the lengths"):
            lambda f: losses.gram_matrix(F.normalize(_rows(f), dim=2)[..., None]),
        ("the upper triangle alone", "The matrix is symmetric: keep both halves"):
            lambda f: losses.gram_matrix(f).triu(),
        ("the lower triangle alone", "The matrix is symmetric: keep both halves"):
            lambda f: losses.gram_matrix(f).tril(),
        ("the diagonal alone", "Which channels fire together stands beside the diagonal: keep all"):
            lambda f: losses.gram_matrix(f).diagonal(dim1=1, dim2=2).diag_embed(),
        ("a Gram matrix of the Gram matrix", "Multiply the rows of F, once"):
            lambda f: losses.gram_matrix(f) @ losses.gram_matrix(f).mT,
        ("a Gram matrix of squared features", "The product F F^T multiplies already: leave F as it is"):
            lambda f: losses.gram_matrix(f.square()),
        ("a Gram matrix whose numbers are squared", "The square comes later, in the distance"):
            lambda f: losses.gram_matrix(f).square(),
        ("products of the channels' sums", "Multiply place by place first, then add up: that is what `@` does"):
            lambda f: _rows(f).sum(2, keepdim=True) @ _rows(f).sum(2, keepdim=True).mT / size_of(f),
        ("products of the channels' means", "Multiply place by place first, then add up: that is what `@` does"):
            lambda f: _rows(f).mean(2, keepdim=True) @ _rows(f).mean(2, keepdim=True).mT,
        ("features cut off at 0", "Take them as they come: a ReLU is not asked here"):
            lambda f: losses.gram_matrix(f.relu()),
        ("the sum of all pictures in each matrix", "Each picture has its own: add up over its positions alone"):
            lambda f: losses.gram_matrix(f).sum(0, keepdim=True).expand(len(f), -1, -1),
        ("pictures times pictures", "`flatten(1)` takes the channels too: `flatten(2)` keeps them as rows"):
            lambda f: f.flatten(1) @ f.flatten(1).T / size_of(f),
        ("one matrix of all pictures together", "Each picture has its own: `@` leaves the first dimension alone"):
            lambda f: losses.gram_matrix(f).sum(0),
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
        ("a Gram matrix not divided", "The target is divided by C N: divide yours too"):
            lambda f, a: (product(f) - a).square().mean(),
        ("a Gram matrix divided twice", "`gram_matrix` divides already"):
            lambda f, a: (losses.gram_matrix(f) / size_of(f) - a).square().mean(),
        ("the square of the mean difference", "Square first, then take the mean"):
            lambda f, a: _apart(f, a).mean().square(),
        ("the diagonal alone", "Channels that fire together stand beside the diagonal: take all"):
            lambda f, a: _apart(f, a).diagonal(dim1=1, dim2=2).square().mean(),
        ("a target divided again", "It is divided by C N already: take it as it is"):
            lambda f, a: (losses.gram_matrix(f) - a / size_of(f)).square().mean(),
        ("a Gram matrix divided by the positions alone", "The target is divided by C N: divide yours by C too"):
            lambda f, a: (product(f) / f[0, 0].numel() - a).square().mean(),
        ("a Gram matrix divided by the channels alone", "The target is divided by C N: divide yours by N too"):
            lambda f, a: (product(f) / f.shape[1] - a).square().mean(),
        ("the mean difference without a square", "Above and below cancel out: square each difference"):
            lambda f, a: _apart(f, a).mean(),
        ("a target that is missing", "Subtract it before you square"):
            lambda f, a: losses.gram_matrix(f).square().mean(),
        ("squares taken before the difference", "Subtract the matrices first, then square"):
            lambda f, a: (losses.gram_matrix(f).square() - a.square()).mean(),
        ("a sum in place of the difference", "Minus: G - A"): lambda f, a: _apart(f, -a).square().mean(),
        ("the sum of absolute values", "Square the differences, and take the mean"):
            lambda f, a: _apart(f, a).abs().sum(),
        ("brackets that are missing", "Python goes from left to right: divide G by (C * N), in brackets"):
            lambda f, a: (product(f) / f.shape[1] * f[0, 0].numel() - a).square().mean(),
        ("half the mean", "There is no half in this formula"): lambda f, a: _apart(f, a).square().mean() / 2,
        ("a quarter of the mean", "The 1/4 belongs to Gatys' E: leave it out"):
            lambda f, a: _apart(f, a).square().mean() / 4,
        ("the length of the difference, a norm", "Leave out the root, and take the mean"):
            lambda f, a: _apart(f, a).norm(),
        ("a division by the count of features", "The mean is over the C x C numbers of the matrix: `.mean()`"):
            lambda f, a: _apart(f, a).square().sum() / size_of(f),
        ("a mean divided by C N again", "G and A are divided already: `.mean()` is all that is left"):
            lambda f, a: _apart(f, a).square().mean() / size_of(f),
        ("a relative distance, in parts of the target", "Leave out the division by the target"):
            lambda f, a: _apart(f, a).square().mean() / a.square().mean(),
        ("the matrix of (G - A) times itself", "Square number by number, `.square()`: `@` mixes rows and columns"):
            lambda f, a: (_apart(f, a) @ _apart(f, a)).mean(),
    },
    cases=STYLES,
    look="The Gram matrix of the features, minus the target, squared, mean.",
    praise="It agrees with `losses.style_distance`. Notice that the two pictures need not have the same size.",
    gradient=True,
)
def style_distance(features, target_gram):
    """a scalar tensor: the mean of (G - A)^2, G of features (1, C, H, W), A the target of shape (1, C, C)"""
    return losses.style_distance(losses.gram_matrix(features), target_gram)


def _style_mix(f: Tensor, matrix: Tensor) -> Tensor:
    return 4 / (f.shape[1] ** 2 * size_of(f)) * (matrix @ _rows(f)).view_as(f)


def _style_slope(f: Tensor, a: Tensor) -> Tensor:
    return _style_mix(f, _apart(f, a))


@exercise(
    {
        ("a factor 2 in place of 4", "F stands in G twice, so each place counts double"):
            lambda f, a: _style_slope(f, a) / 2,
        ("a missing factor 4", "2 comes from the square, 2 because F stands in G twice"):
            lambda f, a: _style_slope(f, a) / 4,
        ("the sign turned", "G - A, not A - G"): lambda f, a: -_style_slope(f, a),
        ("a division by C^2 that is missing", "The mean over C x C numbers divides by it"):
            lambda f, a: _style_slope(f, a) * f.shape[1] ** 2,
        ("a division by C N that is missing", "G was divided by C N, so its gradient is too"):
            lambda f, a: _style_slope(f, a) * size_of(f),
        ("a gradient not divided at all", "Divide by C^2 and by C N"):
            lambda f, a: _style_slope(f, a) * f.shape[1] ** 2 * size_of(f),
        ("a division by C N made twice", "G is divided already: C N stands in front once"):
            lambda f, a: _style_slope(f, a) / size_of(f),
        ("a gradient of shape (1, C, N)", "Fold the positions back into H and W: `reshape(features.shape)`"):
            lambda f, a: _rows(_style_slope(f, a)),
        ("a gradient of shape (1, N, C)", "Transpose it, then fold the positions back: first C, then H and W"):
            lambda f, a: _rows(_style_slope(f, a)).mT,
        ("positions mixed up", "A `reshape` from (N, C) scrambles: transpose to (C, N) first"):
            lambda f, a: _rows(_style_slope(f, a)).mT.reshape(f.shape),
        ("0 where F is below 0, as in equation 6 of Gatys et al. 2016", "That is the ReLU's part: leave it out"):
            lambda f, a: _style_slope(f, a) * (f > 0),
        ("brackets that are missing", "Python multiplies by C and N there: divide by (C**2 * C * N), in brackets"):
            lambda f, a: _style_slope(f, a) * size_of(f) ** 2,
        ("a division by C^2 N", "Divide by C^2 and by C N: C three times in all"):
            lambda f, a: _style_slope(f, a) * f.shape[1],
        ("a division by C^3 alone", "G was divided by C N: divide by N too"):
            lambda f, a: _style_slope(f, a) * f[0, 0].numel(),
        ("the factor of equation 6 of Gatys et al. 2016, 1 / (C^2 N^2)",
         "That belongs to matrices not divided and to a quarter of the sum: here it is 4 / (C^2 C N)"):
            lambda f, a: _style_slope(f, a) * f.shape[1] / (4 * f[0, 0].numel()),
        ("equation 6 of Gatys et al. 2016", "That is the gradient of another distance, their E: here 4 / (C^2 C N)"):
            lambda f, a: _style_slope(f, a) * f.shape[1] ** 2 / 4,
        ("a Gram matrix not divided", "The target is divided by C N: divide G too"):
            lambda f, a: _style_mix(f, product(f) - a),
        ("a Gram matrix divided by the positions alone", "The target is divided by C N: divide G by C too"):
            lambda f, a: _style_mix(f, product(f) / f[0, 0].numel() - a),
        ("a target that is missing", "G - A: subtract it"): lambda f, a: _style_mix(f, losses.gram_matrix(f)),
        ("a target divided again", "It is divided by C N already: take it as it is"):
            lambda f, a: _style_mix(f, _apart(f, a / size_of(f))),
        ("a sum in place of the difference", "Minus: G - A"): lambda f, a: _style_mix(f, _apart(f, -a)),
        ("squares of G - A", "(x^2)' = 2x: the square becomes a factor"):
            lambda f, a: _style_mix(f, _apart(f, a).square()),
        ("a diagonal alone", "Each channel is mixed with all others: (G - A) @ F, a matrix product"):
            lambda f, a: _style_mix(f, _apart(f, a).diagonal(dim1=1, dim2=2).diag_embed()),
        ("rows that are divided", "C N divides the product F F^T: leave F itself as it is"):
            lambda f, a: _style_slope(f / size_of(f), a),
        ("rows that are scrambled", "F as rows is `flatten(2)`: no `permute` before it, channels stay second"):
            lambda f, a: _style_slope(f.permute(0, 2, 3, 1).reshape(f.shape), a),
        ("signs taken away from G - A", "Where G is too small, the slope must turn: leave the signs"):
            lambda f, a: _style_mix(f, _apart(f, a).abs()),
        ("(G - A) alone", "Multiply it with the rows of F"): _apart,
        ("the distance itself", "Its slope is asked, one number for each of F"):
            lambda f, a: _apart(f, a).square().mean(),
    },
    cases=STYLES,
    look="(G - A) times the rows of F, folded back to the shape of F, times 4 / (C^2 C N).",
    praise="Autograd would give the same. Notice that F itself is mixed anew, channel by channel, by G - A.",
    by_hand=True,
)
def style_gradient(features, target_gram):
    """the gradient of the style distance by the features, 4 / (C^2 C N) (G - A) F, of shape (1, C, H, W)"""
    return _style_slope(features, target_gram)
