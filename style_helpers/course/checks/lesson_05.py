"""Checks of lesson 05: descending to a picture."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from style_helpers import losses
from style_helpers.course.feedback import draw, exercise, unit

# In the tables one line in words, one line of formula
# fmt: off


@exercise(
    {
        ("a step upwards", "The gradient points uphill: subtract it"): lambda x, g, r: x + r * g,
        ("a step in place", "The numbers are right, but x is overwritten: write `x - ...`, without `-=`"):
            lambda x, g, r: x.sub_(r * g),
        ("a step without the learning rate", "Multiply the gradient by it"): lambda x, g, r: x - g,
        ("a step without the gradient", "The learning rate is multiplied by it"): lambda x, g, r: x - r,
        ("the step alone", "Add it to x"): lambda x, g, r: -r * g,
        ("the learning rate times the gradient", "That is the way to go: subtract it from x"): lambda x, g, r: r * g,
        ("a division by the learning rate", "Multiply by it: a small rate is a small step"): lambda x, g, r: x - g / r,
        ("a learning rate that scales x too", "Only the gradient is multiplied: x - rate * gradient"):
            lambda x, g, r: r * (x - g),
        ("a learning rate taken away with the gradient", "Multiply the two"): lambda x, g, r: x - (r + g),
        ("a learning rate multiplied twice", "Once is enough"): lambda x, g, r: x - r * r * g,
        ("x and the gradient exchanged", "The step goes from x: x - rate * gradient"): lambda x, g, r: g - r * x,
        ("a difference turned round", "x stands in front: x - rate * gradient"): lambda x, g, r: r * g - x,
        ("a step that is multiplied by x", "x stands in the formula once"): lambda x, g, r: x - r * g * x,
        ("a running mean", "x is kept whole: x - rate * gradient"): lambda x, g, r: (1 - r) * x + r * g,
        ("an x that shrinks", "x is kept whole: x - rate * gradient"): lambda x, g, r: (1 - r) * x - r * g,
        ("x in place of the gradient", "Asked is x - rate * gradient"): lambda x, g, r: x - r * x,
        ("brackets at another place", "Asked is x - rate * gradient"): lambda x, g, r: (x - r) * g,
        ("a rate that multiplies x in place of the gradient", "Asked is x - rate * gradient"):
            lambda x, g, r: x * r - g,
        ("a double step", "Leave out the 2"): lambda x, g, r: x - 2 * r * g,
        ("one added gradient for all pixels", "Each pixel has its own"): lambda x, g, r: x - r * g.sum(),
        ("half a step", "Leave out the half"): lambda x, g, r: x - r * g / 2,
        ("the signs of the gradient alone", "Its length counts too"): lambda x, g, r: x - r * g.sign(),
        ("a gradient without its signs", "They say which way is uphill"): lambda x, g, r: x - r * g.abs(),
        ("a gradient squared", "Take it as it is"): lambda x, g, r: x - r * g**2,
        ("one mean gradient for all pixels", "Each pixel has its own"): lambda x, g, r: x - r * g.mean(),
        ("the gradient's length for all pixels", "Each pixel has its own number"): lambda x, g, r: x - r * g.norm(),
        ("the gradient's largest number for all pixels", "Each pixel has its own"): lambda x, g, r: x - r * g.max(),
        ("a gradient made 1 long", "Leave its length: a steep place gives a long step"):
            lambda x, g, r: x - r * g / g.norm(),
        ("a gradient divided by its largest number", "Leave its length: a steep place gives a long step"):
            lambda x, g, r: x - r * g / g.abs().max(),
        ("a gradient divided by the count of pixels", "Leave its length"): lambda x, g, r: x - r * g / g.numel(),
        ("a step that ends between 0 and 1", "Not here: the step alone is asked, without `clamp`"):
            lambda x, g, r: (x - r * g).clamp(0, 1),
        ("x given back as it was", "Return the new x, x - rate * gradient"): lambda x, g, r: x,
    },
    cases={
        "two pixels": lambda: (draw(2), draw(2, seed=1), 0.3),
        "a picture": lambda: (unit(1, 3, 4, 5), draw(1, 3, 4, 5, seed=1), 0.02),
    },
    look="Asked is x - learning_rate * gradient.",
    praise="Notice that the step is long where the slope is steep, and nothing where it is flat.",
)
def descent_step(x, gradient, learning_rate):
    """a new tensor, x - learning_rate * gradient; both arguments stay as they are"""
    return x - learning_rate * gradient


def _corrections(t: int, one=0.9, two=0.999) -> tuple[float, float]:
    return 1 - one**t, 1 - two**t


def _adam(
    x, gradient, m, v, t, rate, keep=(0.9, 0.999), take=(0.1, 0.001), square=torch.square,
    divide=_corrections, use=lambda gradient, old, new: new, eps=1e-8, inside=0.0, root=0.5,
) -> tuple[Tensor, Tensor, Tensor]:
    new = keep[0] * m + take[0] * gradient, keep[1] * v + take[1] * square(gradient)
    used, divisors = use(gradient, (m, v), new), divide(t)
    m_hat, v_hat = used[0] / divisors[0], used[1] / divisors[1]
    return x - rate * m_hat / ((v_hat + inside) ** root + eps), *new


def _adam_hats(result, t: int) -> tuple:
    return result[0], *(mean / divisor for mean, divisor in zip(result[1:], _corrections(t), strict=True))


def _betas(one: float, two: float) -> dict:
    return {"keep": (one, two), "take": (1 - one, 1 - two), "divide": lambda t: _corrections(t, one, two)}


@exercise(
    {
        ("Adam without bias correction", "Divide m by 1 - 0.9^t and v by 1 - 0.999^t"):
            partial(_adam, divide=lambda t: (1, 1)),
        ("a bias correction of m alone", "Divide v by 1 - 0.999^t too"):
            partial(_adam, divide=lambda t: (1 - 0.9**t, 1)),
        ("a bias correction of v alone", "Divide m by 1 - 0.9^t too"):
            partial(_adam, divide=lambda t: (1, 1 - 0.999**t)),
        ("beta times t", "The t is a power: `0.9**t` and `0.999**t`"):
            partial(_adam, divide=lambda t: (1 - 0.9 * t, 1 - 0.999 * t)),
        ("a power of 1 - beta", "The power belongs to beta alone: `1 - 0.9**t`"):
            partial(_adam, divide=lambda t: (0.1**t, 0.001**t)),
        ("a bias correction that forgets t", "The t is a power: `1 - 0.9**t`"):
            partial(_adam, divide=lambda t: (0.1, 0.001)),
        ("a bias correction of m that forgets t", "The t is a power: `1 - 0.9**t`"):
            partial(_adam, divide=lambda t: (0.1, 1 - 0.999**t)),
        ("t to the power of beta", "beta is taken t times: `0.9**t`"):
            partial(_adam, divide=lambda t: (1 - t**0.9, 1 - t**0.999)),
        ("a bias correction without its parentheses", "Divide by all of it: `m / (1 - 0.9**t)`"):
            lambda *a: _adam(*a, use=lambda g, old, new: (new[0] - 0.9**a[4], new[1] - 0.999**a[4]),
                             divide=lambda t: (1, 1)),
        ("0.99 in the correction of v", "It is 0.999 there too"):
            partial(_adam, divide=partial(_corrections, two=0.99)),
        ("a bias correction with t - 1", "t begins with 1: use t itself"):
            partial(_adam, divide=lambda t: _corrections(t - 1)),
        ("a bias correction with t + 1", "t begins with 1: use t itself"):
            partial(_adam, divide=lambda t: _corrections(t + 1)),
        ("a bias correction that multiplies", "The averages are too small at first: divide"):
            partial(_adam, divide=lambda t: (1 / (1 - 0.9**t), 1 / (1 - 0.999**t))),
        ("0.9 in both corrections", "v is divided by 1 - 0.999^t"):
            partial(_adam, divide=lambda t: _corrections(t, 0.9, 0.9)),
        ("the two corrections exchanged", "0.9 belongs to m, 0.999 to v"):
            partial(_adam, divide=lambda t: _corrections(t, 0.999, 0.9)),
        ("the two betas exchanged", "0.9 belongs to m, 0.999 to v"): partial(_adam, **_betas(0.999, 0.9)),
        ("one beta for m and v", "0.9 belongs to m, 0.999 to v"): partial(_adam, **_betas(0.9, 0.9)),
        ("the numbers of m in v", "v has 0.999 and 0.001"): partial(_adam, keep=(0.9, 0.9), take=(0.1, 0.1)),
        ("the numbers of v in m", "m has 0.9 and 0.1"): partial(_adam, keep=(0.999, 0.999), take=(0.001, 0.001)),
        ("m in place of the old v", "0.999 multiplies v, and the square is added"):
            lambda x, g, m, v, t, r: _adam(x, g, m, 0.9 * m + 0.1 * g, t, r),
        ("a beta of 0.99", "For v it is 0.999"): partial(_adam, **_betas(0.9, 0.99)),
        ("beta and 1 - beta exchanged", "Most of the old average is kept: beta * m + (1 - beta) * gradient"):
            partial(_adam, keep=(0.1, 0.001), take=(0.9, 0.999)),
        ("beta and 1 - beta exchanged, in the corrections too", "Most of the old average is kept, 0.9 of m"):
            partial(_adam, **_betas(0.1, 0.001)),
        ("averages without 1 - beta", "The gradient comes in times 0.1, its square times 0.001"):
            partial(_adam, take=(1, 1)),
        ("an average m without 1 - beta", "The gradient comes in times 0.1"): partial(_adam, take=(1, 0.001)),
        ("an average v without 1 - beta", "The square comes in times 0.001"): partial(_adam, take=(0.1, 1)),
        ("averages that keep nothing of the old ones", "Begin with 0.9 * m and 0.999 * v"): partial(_adam, keep=(0, 0)),
        ("averages that keep all of the old ones", "Begin with 0.9 * m and 0.999 * v"): partial(_adam, keep=(1, 1)),
        ("0.9 times the gradient in m", "It comes in times 0.1"): partial(_adam, take=(0.9, 0.001)),
        ("0.01 times the square in v", "1 - 0.999 is 0.001"): partial(_adam, take=(0.1, 0.01)),
        ("0.1 times the square in v", "1 - 0.999 is 0.001"): partial(_adam, take=(0.1, 0.1)),
        ("twice the gradient in v", "A square is `gradient**2`"): partial(_adam, square=lambda gradient: 2 * gradient),
        ("a gradient taken away from m", "Add it to m, and take the step away from x"):
            lambda *a: _adam(*a[:5], -a[5], take=(-0.1, 0.001)),
        ("0.001 squared with the gradient", "The square belongs to the gradient alone: `0.001 * gradient**2`"):
            partial(_adam, square=lambda gradient: 0.001 * gradient.square()),
        ("the squares of all pixels added up", "Each pixel has its own v: `gradient**2`"):
            partial(_adam, square=lambda gradient: gradient.square().sum()),
        ("a gradient not squared in v", "v averages the squares"): partial(_adam, square=lambda gradient: gradient),
        ("absolute values in v", "v averages the squares"): partial(_adam, square=torch.abs),
        ("one square for all pixels", "Each pixel has its own v: leave out the mean"):
            partial(_adam, square=lambda gradient: gradient.square().mean()),
        ("m squared in v", "v averages the squares of the gradient"):
            lambda *a: _adam(*a, square=lambda gradient: (0.9 * a[2] + 0.1 * gradient).square()),
        ("a step without v", "Divide by the root of the corrected v"): partial(_adam, root=0),
        ("a step of plain momentum", "Correct m, and divide by the root of the corrected v"):
            partial(_adam, root=0, divide=lambda t: (1, 1)),
        ("a step of gradient descent", "Asked is the corrected m by the root of the corrected v"):
            partial(_adam, root=0, use=lambda g, old, new: (g, new[1]), divide=lambda t: (1, 1)),
        ("parentheses that take x in", "x is not divided: x - step"):
            lambda *a: (_adam(*a)[0] - a[0] + a[0] / ((_adam(*a)[2] / (1 - 0.999 ** a[4])).sqrt() + 1e-8),
                        *_adam(*a)[1:]),
        ("a division by v without a root", "Divide by the root of v"): partial(_adam, root=1),
        ("a division by the square of v", "Divide by its root"): partial(_adam, root=2),
        ("a multiplication by the root", "Divide by it"): partial(_adam, root=-0.5),
        ("epsilon under the root", "Add it after the root"): partial(_adam, eps=0, inside=1e-8),
        ("no epsilon in the divisor", "Where the gradient is 0 you divide 0 by 0: `/ (root + 1e-8)`, with parentheses"):
            partial(_adam, eps=0),
        ("a step made of the gradient itself", "The corrected m stands above"):
            partial(_adam, use=lambda g, old, new: (g, new[1]), divide=lambda t: (1, 1 - 0.999**t)),
        ("a step made of the old m and v", "Correct the new ones"): partial(_adam, use=lambda g, old, new: old),
        ("a step made of the old m", "Correct the new one"):
            partial(_adam, use=lambda g, old, new: (old[0], new[1])),
        ("m in place of v in the step", "Divide by the root of the corrected v"):
            partial(_adam, use=lambda g, old, new: (new[0], new[0])),
        ("a step made of the old v", "Correct the new one"):
            partial(_adam, use=lambda g, old, new: (new[0], old[1])),
        ("a learning rate inside m", "Multiply the step by it, not the gradient"):
            lambda *a: _adam(*a[:5], 1, take=(0.1 * a[5], 0.001)),
        ("a step upwards", "Subtract the step from x"): lambda *a: _adam(*a[:5], -a[5]),
        ("a step without the learning rate", "Multiply the step by it"): lambda *a: _adam(*a[:5], 1),
        ("an x that stays", "Return the new x, m and v; and epsilon is small, 1e-8"): lambda *a: (a[0], *_adam(*a)[1:]),
        ("the step in place of x", "Return x - step"): lambda *a: (a[0] - _adam(*a)[0], *_adam(*a)[1:]),
        ("m and v given back in the wrong order", "Return x, m, v"): lambda *a: tuple(_adam(*a)[i] for i in (0, 2, 1)),
        ("x given back at the end", "Return x, m, v"): lambda *a: tuple(_adam(*a)[i] for i in (1, 2, 0)),
        ("corrected averages given back", "Correct copies for the step, and return m and v uncorrected"):
            lambda *a: _adam_hats(_adam(*a), a[4]),
        ("the old m given back", "Return the new averages"): lambda *a: (_adam(*a)[0], a[2], _adam(*a)[2]),
        ("the old v given back", "Return the new averages"): lambda *a: (*_adam(*a)[:2], a[3]),
        ("the old m and v given back", "Return the new averages"): lambda *a: (_adam(*a)[0], a[2], a[3]),
    },
    cases={
        "the first step, t = 1":
            lambda: (draw(3, 4), F.relu(draw(3, 4, seed=1)), torch.zeros(3, 4), torch.zeros(3, 4), 1, 0.1),
        "a later step, t = 3":
            lambda: (*(draw(3, 4, seed=i) for i in range(3)), torch.logspace(-3.5, 0.4, 12).view(3, 4), 3, 0.1),
        "a small gradient": lambda: (draw(5), 2e-3 * draw(5, seed=1).sign(), torch.zeros(5), torch.zeros(5), 1, 0.5),
    },
    look="In order: the new m and v, corrected copies of both, the step.",
    praise="Notice that the first step is as long as the learning rate for every pixel, however small its gradient.",
)
def adam_step(x, gradient, m, v, t, learning_rate):
    """the new x, m and v after step t of Adam, t from 1: betas 0.9 and 0.999, epsilon 1e-8, with bias correction"""
    return _adam(x, gradient, m, v, t, learning_rate)


def _beyond(x: Tensor) -> Tensor:
    return x - x.clamp(0, 1)


@exercise(
    {
        ("numbers above 1 alone", "Those below 0 are outside too"): lambda x: F.relu(x - 1).square().mean(),
        ("numbers below 0 alone", "Those above 1 are outside too"): lambda x: F.relu(-x).square().mean(),
        ("the whole of the numbers above 1", "Subtract the 1: x - 1 is outside"):
            lambda x: torch.where((x < 0) | (x > 1), x, 0).square().mean(),
        ("absolute values", "Square how far each is outside"): lambda x: _beyond(x).abs().mean(),
        ("a mean without squares", "Above 1 and below 0 cancel out: square first"): lambda x: _beyond(x).mean(),
        ("a square of the numbers above 1 alone", "Square -x too"):
            lambda x: (F.relu(-x) + F.relu(x - 1).square()).mean(),
        ("a square of the numbers below 0 alone", "Square x - 1 too"):
            lambda x: (F.relu(-x).square() + F.relu(x - 1)).mean(),
        ("1 - x in place of x - 1", "Outside x - 1 is above 0"):
            lambda x: (F.relu(-x) + F.relu(1 - x)).square().mean(),
        ("1 - x in place of x - 1, squared for itself", "Outside x - 1 is above 0"):
            lambda x: (F.relu(-x).square() + F.relu(1 - x).square()).mean(),
        ("all numbers below 1", "Outside x - 1 is above 0, not 1 - x"): lambda x: F.relu(1 - x).square().mean(),
        ("x in place of -x", "Below 0 the way outside is -x"):
            lambda x: (F.relu(x) + F.relu(x - 1)).square().mean(),
        ("x in place of -x, squared for itself", "Below 0 the way outside is -x"):
            lambda x: (F.relu(x).square() + F.relu(x - 1).square()).mean(),
        ("all numbers above 0", "Below 0 the way outside is -x, with a minus"): lambda x: F.relu(x).square().mean(),
        ("a minus between the two sides", "Both are bad: add them"):
            lambda x: (_beyond(x) * _beyond(x).abs()).mean().neg(),
        ("0 for any picture", "Subtract `x.clamp(0, 1)`, not x; and the two sides are added, not multiplied"):
            lambda x: (F.relu(-x) * F.relu(x - 1)).square().mean(),
        ("clamped squares", "Clamp x itself, and square how far that is from x"):
            lambda x: x.square().clamp(0, 1).mean(),
        ("the square of the mean", "First square, then take the mean"): lambda x: _beyond(x).mean().square(),
        ("the square of the mean distance", "First square, then take the mean"):
            lambda x: _beyond(x).abs().mean().square(),
        ("the squares of two means", "First square, then take the mean"):
            lambda x: F.relu(-x).mean().square() + F.relu(x - 1).mean().square(),
        ("ways outside that end at 1", "A number may lie further outside: `clamp(min=0)`"):
            lambda x: _beyond(x).clamp(-1, 1).square().mean(),
        ("parentheses that leave x out of the square", "First subtract, then square: `(x - x.clamp(0, 1)) ** 2`"):
            lambda x: (x - x.clamp(0, 1).square()).mean(),
        ("the sum", "Take the mean over all numbers"): lambda x: _beyond(x).square().sum(),
        ("a sum divided by the first side", "Divide by the count of all numbers: `.mean()`"):
            lambda x: _beyond(x).square().sum() / len(x),
        ("half the mean", "Leave out the half"): lambda x: _beyond(x).square().mean() / 2,
        ("the root", "Leave out the root"): lambda x: _beyond(x).square().mean().sqrt(),
        ("the root of the sum", "Asked is the mean of the squares, without a root"): lambda x: _beyond(x).norm(),
        ("a length divided by the count", "Leave out the root: `.square().mean()`"):
            lambda x: _beyond(x).norm() / x.numel(),
        ("the worst number alone", "Take the mean over all numbers"): lambda x: _beyond(x).abs().max().square(),
        ("the two worst numbers alone", "Take the mean over all numbers"):
            lambda x: F.relu(-x.min()).square() + F.relu(x.max() - 1).square(),
        ("a count of the numbers outside", "How far they are outside is asked"):
            lambda x: _beyond(x).ne(0).float().mean(),
        ("a mean over the numbers outside alone", "Divide by the count of all numbers"):
            lambda x: _beyond(x)[x != x.clamp(0, 1)].square().mean(),
        ("a mean over the numbers above 1 alone", "Those below 0 are outside too, and all are counted"):
            lambda x: (x[x > 1] - 1).square().mean(),
        ("the numbers outside, not their distance", "Subtract `x.clamp(0, 1)` from x, and count all numbers"):
            lambda x: x[_beyond(x) != 0].square().mean(),
        ("a mean for each side by itself", "Divide both by the count of all numbers"):
            lambda x: x[x < 0].square().mean() + (x[x > 1] - 1).square().mean(),
        ("the numbers inside alone", "Those count nothing: square how far the others are outside"):
            lambda x: torch.where((x < 0) | (x > 1), 0, x).square().mean(),
        ("x^2 - 1 in place of (x - 1)^2", "Subtract first, then square"):
            lambda x: (F.relu(x.square() - 1) * (x > 0) + F.relu(-x).square()).mean(),
        ("x^2 - 1 in place of (x - 1)^2, below 0 too", "Subtract first, then square; below 0 it is -x"):
            lambda x: (F.relu(x.square() - 1) + F.relu(-x).square()).mean(),
        ("all numbers squared", "Those from 0 to 1 count nothing: subtract `x.clamp(0, 1)` first"):
            lambda x: x.square().mean(),
        ("the clamped numbers squared", "Subtract them from x first: x - x.clamp(0, 1)"):
            lambda x: x.clamp(0, 1).square().mean(),
        ("the maximum without its 0", "Inside, -x and x - 1 are below 0: there the maximum is 0"):
            lambda x: torch.maximum(-x, x - 1).square().mean(),
        ("x - 1 for all numbers that are not below 0", "From 0 to 1 it counts nothing"):
            lambda x: torch.where(x < 0, -x, x - 1).square().mean(),
        ("the distance to the far end", "Below 0 it is -x, above 1 it is x - 1"):
            lambda x: torch.maximum(x, 1 - x).square().mean(),
        ("a range from -1 to 1", "It begins with 0"): lambda x: (x - x.clamp(-1, 1)).square().mean(),
        ("the squares not averaged", "Asked is one number: end with `.mean()`"): lambda x: _beyond(x).square(),
        ("the clamped picture", "Asked is one number: how far x is from its clamped self"): lambda x: x.clamp(0, 1),
    },
    cases={"a picture": lambda: (draw(1, 3, 4, 5),), "seven numbers": lambda: (draw(7, seed=2) * 2,)},
    look="How far is x from `x.clamp(0, 1)`? Square that, then mean.",
    praise="It agrees with `losses.outside_range`. Notice that its gradient is 0 inside and grows outside.",
    gradient=True,
)
def outside_range(x):
    """a scalar tensor: the mean over all numbers of max(0, -x, x - 1)^2"""
    return losses.outside_range(x)
