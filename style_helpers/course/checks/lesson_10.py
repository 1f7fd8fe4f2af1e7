"""Checks of lesson 10: what else could style be?"""

import torch
import torch.nn.functional as F
from torch import Tensor

from style_helpers.course.feedback import draw, exercise

# In the tables one line in words, one line of formula
# fmt: off


def _values(f: Tensor, d: Tensor) -> Tensor:
    """Along each direction the values at all positions, (D, N)."""
    return d.mT @ f


def _in_order(f: Tensor, d: Tensor) -> Tensor:
    return _values(f, d).sort(dim=1).values


def _gaps(f: Tensor, a: Tensor, d: Tensor) -> Tensor:
    return _in_order(f, d) - _in_order(a, d)


@exercise(
    {
        ("values that are not sorted", "Position by position is content: sort both lists before you subtract"):
            lambda f, a, d: (_values(f, d) - _values(a, d)).square().mean(),
        ("a sort across the directions", "Each direction has its own list: sort along the positions, `dim=1`"):
            lambda f, a, d: (_values(f, d).sort(0).values - _values(a, d).sort(0).values).square().mean(),
        ("a sort before the projection", "Sorting each channel breaks up the positions: project first, then sort"):
            lambda f, a, d: (_values(f.sort(1).values, d) - _values(a.sort(1).values, d)).square().mean(),
        ("channels sorted, with no directions", "Project first: `directions.T @ features`"):
            lambda f, a, d: (f.sort(1).values - a.sort(1).values).square().mean(),
        ("the features sorted and the target not", "Sort both"):
            lambda f, a, d: (_in_order(f, d) - _values(a, d)).square().mean(),
        ("the target sorted and the features not", "Sort both"):
            lambda f, a, d: (_values(f, d) - _in_order(a, d)).square().mean(),
        ("one list upwards and one downwards", "Sort both the same way"):
            lambda f, a, d: (_in_order(f, d) - _in_order(a, d).flip(1)).square().mean(),
        ("all directions in one list", "Each direction has its own list: sort along the positions, `dim=1`"):
            lambda f, a, d: (_values(f, d).flatten().sort().values - _values(a, d).flatten().sort().values)
            .square().mean(),
        ("the order in place of the values", "`sort` gives values and indices: take `.values`"):
            lambda f, a, d: (_values(f, d).argsort(1) - _values(a, d).argsort(1)).float().square().mean(),
        ("the first direction alone", "Take the mean over all directions"):
            lambda f, a, d: _gaps(f, a, d)[0].square().mean(),
        ("the worst direction", "Asked is the mean over the directions, not the largest"):
            lambda f, a, d: _gaps(f, a, d).square().mean(1).amax(),
        ("the directions added up", "Take the mean over directions and positions: one `.mean()`"):
            lambda f, a, d: _gaps(f, a, d).square().mean(1).sum(),
        ("the positions added up", "Take the mean over directions and positions: one `.mean()`"):
            lambda f, a, d: _gaps(f, a, d).square().sum(1).mean(),
        ("the sum of all squares", "Take the mean over directions and positions"):
            lambda f, a, d: _gaps(f, a, d).square().sum(),
        ("the mean of absolute values", "Square the differences"): lambda f, a, d: _gaps(f, a, d).abs().mean(),
        ("the mean difference without a square", "Above and below cancel out: square each difference"):
            lambda f, a, d: _gaps(f, a, d).mean(),
        ("the square of the mean difference", "Square first, then take the mean"):
            lambda f, a, d: _gaps(f, a, d).mean().square(),
        ("the means along the directions alone", "A mean is one number of a list: compare the whole sorted lists"):
            lambda f, a, d: _gaps(f, a, d).mean(1).square().mean(),
        ("the root of the mean", "Leave out the root"): lambda f, a, d: _gaps(f, a, d).square().mean().sqrt(),
        ("a norm", "Leave out the root, and take the mean"): lambda f, a, d: _gaps(f, a, d).norm(),
        ("half the mean", "There is no half in this formula"): lambda f, a, d: _gaps(f, a, d).square().mean() / 2,
        ("a sum in place of the difference", "Minus: subtract the two sorted lists"):
            lambda f, a, d: (_in_order(f, d) + _in_order(a, d)).square().mean(),
        ("squares taken before the difference", "Subtract the sorted lists first, then square"):
            lambda f, a, d: (_in_order(f, d).square() - _in_order(a, d).square()).mean(),
        ("absolute values sorted", "Sort the values with their signs"):
            lambda f, a, d: (_values(f, d).abs().sort(1).values - _values(a, d).abs().sort(1).values).square().mean(),
    },
    cases={
        "3 channels, 5 positions, 4 directions": lambda: _sets(3, 5, 4),
        "2 channels, 7 positions, 3 directions": lambda: _sets(2, 7, 3),
        "4 channels, 6 positions, 4 directions": lambda: _sets(4, 6, 4),
    },
    look="Project both on all directions, sort each list along the positions, subtract, square, mean.",
    praise="Notice that no position of the one has a partner in the other but by its rank.",
    gradient=True,
)
def sorted_distance(features, target, directions):
    """a scalar: mean square between the sorted values of features and target, both (C, N), along directions (C, D)"""
    return _gaps(features, target, directions).square().mean()


def _sets(channels: int, positions: int, directions: int) -> tuple[Tensor, Tensor, Tensor]:
    pair = draw(channels, positions), 1.5 * draw(channels, positions, seed=1) - 0.4
    return *pair, F.normalize(draw(channels, directions, seed=2), dim=0)


def _unit(f: Tensor) -> Tensor:
    return F.normalize(f, dim=0)


def _cosines(f: Tensor, a: Tensor) -> Tensor:
    return _unit(f).mT @ _unit(a)


def _apart(f: Tensor, a: Tensor) -> Tensor:
    """Squares of the distances between all columns, (N, M)."""
    return (f[:, :, None] - a[:, None, :]).square().sum(0)


def _there(f: Tensor, a: Tensor) -> Tensor:
    return (1 - _cosines(f, a)).amin(1).mean()


def _chosen_by(likeness: Tensor, f: Tensor, a: Tensor) -> Tensor:
    return (1 - _cosines(f, a).gather(1, likeness.argmax(1, keepdim=True))).mean()


@exercise(
    {
        ("products of columns that were not made 1 long", "A cosine needs both columns divided by their lengths"):
            lambda f, a: 1 - (f.mT @ a).amax(1).mean(),
        ("the farthest in place of the nearest", "Asked is the largest cosine, the smallest distance"):
            lambda f, a: (1 - _cosines(f, a)).amax(1).mean(),
        ("the way back: for each position of the target", "Asked is for each position of `features`: the other `dim`"):
            lambda f, a: (1 - _cosines(f, a)).amin(0).mean(),
        ("both ways", "Asked is one way: for each position of `features`"):
            lambda f, a: (_there(f, a) + _there(a, f)) / 2,
        ("both ways, added", "Asked is one way: for each position of `features`"):
            lambda f, a: _there(f, a) + _there(a, f),
        ("the larger of both ways", "That is STROTSS: here asked is one way, for each position of `features`"):
            lambda f, a: torch.maximum(_there(f, a), _there(a, f)),
        ("the mean over all pairs", "Take the smallest distance for each position first, then the mean"):
            lambda f, a: (1 - _cosines(f, a)).mean(),
        ("cosines in place of distances", "The distance is 1 - cosine"): lambda f, a: _cosines(f, a).amax(1).mean(),
        ("cosines without their sign", "Leave out `abs`: the opposite direction is far, not near"):
            lambda f, a: (1 - _cosines(f, a).abs()).amin(1).mean(),
        ("the numbers of the neighbours", "`argmax` tells where the largest is: take `amax`, the largest itself"):
            lambda f, a: 1 - _cosines(f, a).argmax(1).float().mean(),
        ("1 + cosine", "The distance is 1 - cosine"): lambda f, a: (1 + _cosines(f, a)).amin(1).mean(),
        ("angles", "Leave the cosines as they are: no `acos`"): lambda f, a: _cosines(f, a).amax(1).acos().mean(),
        ("a sum over the positions", "Take the mean over the positions of `features`"):
            lambda f, a: (1 - _cosines(f, a)).amin(1).sum(),
        ("the nearest pair of all", "Each position of `features` has its own neighbour: `max` along one `dim`"):
            lambda f, a: (1 - _cosines(f, a)).amin(),
        ("the position that is worst off", "Take the mean over the positions"):
            lambda f, a: (1 - _cosines(f, a)).amin(1).amax(),
        ("rows made 1 long", "A position is a column: its length is over the channels, `dim=0`"):
            lambda f, a: (1 - F.normalize(f, dim=1).mT @ F.normalize(a, dim=1)).amin(1).mean(),
        ("features alone made 1 long", "Divide the target's columns by their lengths too"):
            lambda f, a: (1 - _unit(f).mT @ a).amin(1).mean(),
        ("the target alone made 1 long", "Divide the features' columns by their lengths too"):
            lambda f, a: (1 - f.mT @ _unit(a)).amin(1).mean(),
        ("squares of plain distances", "Cosines forget how loud a position is: make the columns 1 long"):
            lambda f, a: _apart(f, a).amin(1).mean(),
        ("plain distances", "Cosines forget how loud a position is: make the columns 1 long"):
            lambda f, a: _apart(f, a).amin(1).sqrt().mean(),
        ("squares between columns 1 long", "Those are 2 (1 - cosine): take half, or the cosines themselves"):
            lambda f, a: 2 * _there(f, a),
        ("half the distance", "There is no half in 1 - cosine"): lambda f, a: _there(f, a) / 2,
        ("roots of the distances", "Leave out the root"): lambda f, a: (1 - _cosines(f, a)).amin(1).sqrt().mean(),
        ("squares of 1 - cosine", "Leave out the square"): lambda f, a: (1 - _cosines(f, a)).amin(1).square().mean(),
        ("neighbours chosen by their plain distance", "Choose by the cosine, which you measure by"):
            lambda f, a: _chosen_by(-_apart(f, a), f, a),
        ("neighbours chosen by their plain product", "Choose by the cosine: loud columns win else"):
            lambda f, a: _chosen_by(f.mT @ a, f, a),
        ("the target's mean taken away from both", "The package does so: here leave the columns as they are"):
            lambda f, a: _there(f - a.mean(1, keepdim=True), a - a.mean(1, keepdim=True)),
        ("each one's own mean taken away", "Leave the columns as they are"):
            lambda f, a: _there(f - f.mean(1, keepdim=True), a - a.mean(1, keepdim=True)),
    },
    cases={
        "3 channels, 5 and 7 positions": lambda: (draw(3, 5), draw(3, 7, seed=1)),
        "4 channels, 6 and 3 positions": lambda: (draw(4, 6, seed=2), 2 * draw(4, 3, seed=3)),
        "2 channels, 4 positions in each": lambda: (draw(2, 4, seed=4), draw(2, 4, seed=5)),
    },
    look="Columns 1 long, all cosines by one product, the largest for each position of `features`, 1 minus, mean.",
    praise="Notice that the two may have any number of positions, and that many may choose the same neighbour.",
    gradient=True,
)
def nearest_distance(features, target):
    """a scalar: mean over positions of features (C, N) of 1 - cosine to the nearest position of target (C, M)"""
    return _there(features, target)


def _mean(f: Tensor) -> Tensor:
    return f.mean((2, 3), keepdim=True)


def _spread(f: Tensor) -> Tensor:
    return f.std((2, 3), correction=0, keepdim=True)


def _rms(f: Tensor) -> Tensor:
    return f.square().mean((2, 3), keepdim=True).sqrt()


def _set_to(f: Tensor, a: Tensor, mean=_mean, spread=_spread) -> Tensor:
    return (f - mean(f)) / spread(f) * spread(a) + mean(a)


@exercise(
    {
        ("the target's mean not added", "Last add the target's mean"): lambda f, a: _set_to(f, a) - _mean(a),
        ("the mean moved and the spread not", "Divide by the own spread, multiply by the target's"):
            lambda f, a: f - _mean(f) + _mean(a),
        ("the spread changed and the mean not", "Add the target's mean at the end, not your own"):
            lambda f, a: (f - _mean(f)) / _spread(f) * _spread(a) + _mean(f),
        ("features made standard, and no more", "Now give them the target's spread and mean"):
            lambda f, a: (f - _mean(f)) / _spread(f),
        ("target and features exchanged", "The features keep their pattern: their own mean and spread go first"):
            lambda f, a: (f - _mean(a)) / _spread(a) * _spread(f) + _mean(f),
        ("their own mean and spread not taken away", "First subtract the own mean and divide by the own spread"):
            lambda f, a: f * _spread(a) + _mean(a),
        ("their own mean not taken away", "First subtract the own mean"):
            lambda f, a: f / _spread(f) * _spread(a) + _mean(a),
        ("their own spread not taken away", "Divide by the own spread first"):
            lambda f, a: (f - _mean(f)) * _spread(a) + _mean(a),
        ("the spreads exchanged", "Divide by the own spread, multiply by the target's"):
            lambda f, a: (f - _mean(f)) / _spread(a) * _spread(f) + _mean(a),
        ("both spreads multiplied", "Divide by the own spread"):
            lambda f, a: (f - _mean(f)) * _spread(f) * _spread(a) + _mean(a),
        ("mean and spread exchanged", "`std_mean` gives the spread first, then the mean"):
            lambda f, a: _set_to(f, a, mean=_spread, spread=_mean),
        ("the target's mean and spread exchanged", "Multiply by the target's spread, then add its mean"):
            lambda f, a: (f - _mean(f)) / _spread(f) * _mean(a) + _spread(a),
        ("their own mean and spread exchanged", "Subtract the own mean, then divide by the own spread"):
            lambda f, a: (f - _spread(f)) / _mean(f) * _spread(a) + _mean(a),
        ("the target's mean added before its spread", "Multiply by the target's spread first, then add its mean"):
            lambda f, a: ((f - _mean(f)) / _spread(f) + _mean(a)) * _spread(a),
        ("the target's mean added too early", "Multiply by the target's spread first, then add its mean"):
            lambda f, a: (f - _mean(f) + _mean(a)) / _spread(f) * _spread(a),
        ("brackets that are missing", "Python divides first: put `features - mean` in brackets"):
            lambda f, a: f - _mean(f) / _spread(f) * _spread(a) + _mean(a),
        ("variances in place of spreads", "The spread is the root of the variance"):
            lambda f, a: _set_to(f, a, spread=lambda x: _spread(x).square()),
        ("a division by N - 1", "`std` divides by N - 1 by itself: give it `correction=0`"):
            lambda f, a: _set_to(f, a, spread=lambda x: x.std((2, 3), keepdim=True)),
        ("spreads around 0", "The spread is taken around the mean"): lambda f, a: _set_to(f, a, spread=_rms),
        ("one mean and spread for all channels", "Each channel has its own: over the last two dimensions alone"):
            lambda f, a: _set_to(f, a, lambda x: x.mean((1, 2, 3), keepdim=True),
                                 lambda x: x.std((1, 2, 3), correction=0, keepdim=True)),
        ("one mean and spread for the whole batch", "Each picture and channel has its own: dimensions 2 and 3"):
            lambda f, a: _set_to(f, a, torch.mean, lambda x: x.std(correction=0)),
        ("mean and spread over pictures and positions", "Each picture has its own: over the last two dimensions alone"):
            lambda f, a: _set_to(f, a, lambda x: x.mean((0, 2, 3), keepdim=True),
                                 lambda x: x.std((0, 2, 3), correction=0, keepdim=True)),
        ("medians in place of means", "Take the means"):
            lambda f, a: _set_to(f, a, lambda x: x.flatten(2).median(2).values[..., None, None]),
        ("features that stay as they are", "Return the changed ones"): lambda f, a: f.clone(),
        ("numbers below 0 cut off", "Leave them: a ReLU is not asked here"): lambda f, a: _set_to(f, a).relu(),
        ("the target's mean and spread alone", "The features' own pattern is missing"):
            lambda f, a: (_mean(a) + _spread(a)).expand_as(f),
    },
    cases={
        "features (1, 3, 4, 5), a target (1, 3, 2, 7)": lambda: (draw(1, 3, 4, 5), 2 * draw(1, 3, 2, 7, seed=1)),
        "two pictures, (2, 3, 4, 5), and one target": lambda: (draw(2, 3, 4, 5, seed=2), draw(1, 3, 3, 3, seed=3) - 1),
    },
    look="Minus the own mean, by the own spread, times the target's spread, plus its mean: channel by channel.",
    praise="Notice that each channel keeps its pattern: only its mean and spread come from the artwork.",
    gradient=True,
)
def mean_and_spread(features, target):
    """features (B, C, H, W), each channel with the mean and spread (divided by N) that it has in target (1, C, h, w)"""
    return _set_to(features, target)


# fmt: on
