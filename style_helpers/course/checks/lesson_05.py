"""Checks of lesson 05: descending to a picture."""

import math

import torch
import torch.nn.functional as F

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
        ("the step alone", "Add it to x"): lambda x, g, r: -r * g,
        ("a division by the learning rate", "Multiply by it: a small rate is a small step"): lambda x, g, r: x - g / r,
        ("a learning rate that scales x too", "Only the gradient is multiplied: x - rate * gradient"):
            lambda x, g, r: r * (x - g),
        ("a gradient made 1 long", "Leave its length: a steep place gives a long step"):
            lambda x, g, r: x - r * g / g.norm(),
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


def _adam(x, gradient, m, v, t, rate, beta1=0.9, beta2=0.999, eps=1e-8, inside=0.0, root=0.5, square=2):
    m = beta1 * m + (1 - beta1) * gradient
    v = beta2 * v + (1 - beta2) * gradient**square
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - rate * m_hat / ((v_hat + inside) ** root + eps), m, v


def _adam_hats(result, t):
    return result[0], result[1] / (1 - 0.9**t), result[2] / (1 - 0.999**t)


@exercise(
    {
        ("Adam without bias correction", "Divide m by 1 - 0.9^t and v by 1 - 0.999^t"):
            lambda *a: _adam(*a[:4], math.inf, a[5]),
        ("a bias correction with t - 1", "t begins with 1: use t itself"): lambda *a: _adam(*a[:4], a[4] - 1, a[5]),
        ("a bias correction with t + 1", "t begins with 1: use t itself"): lambda *a: _adam(*a[:4], a[4] + 1, a[5]),
        ("a division by v without a root", "Divide by the root of v"): lambda *a: _adam(*a, root=1),
        ("epsilon under the root", "Add it after the root"): lambda *a: _adam(*a, eps=0, inside=1e-8),
        ("no epsilon", "Where the gradient is 0 you divide 0 by 0: add 1e-8 to the root"): lambda *a: _adam(*a, eps=0),
        ("the two betas exchanged", "0.9 belongs to m, 0.999 to v"): lambda *a: _adam(*a, beta1=0.999, beta2=0.9),
        ("beta and 1 - beta exchanged", "Most of the old average is kept: beta * m + (1 - beta) * gradient"):
            lambda *a: _adam(*a, beta1=0.1, beta2=0.001),
        ("a gradient not squared in v", "v averages the squares"): lambda *a: _adam(*a, square=1),
        ("a step upwards", "Subtract the step from x"): lambda *a: _adam(*a[:5], -a[5]),
        ("m and v given back in the wrong order", "Return x, m, v"): lambda *a: tuple(_adam(*a)[i] for i in (0, 2, 1)),
        ("corrected averages given back", "Correct copies for the step, and return m and v uncorrected"):
            lambda *a: _adam_hats(_adam(*a), a[4]),
        ("the old m and v given back", "Return the new averages"): lambda *a: (_adam(*a)[0], a[2], a[3]),
    },
    cases={
        "the first step, t = 1":
            lambda: (draw(3, 4), F.relu(draw(3, 4, seed=1)), torch.zeros(3, 4), torch.zeros(3, 4), 1, 0.1),
        "a later step, t = 3": lambda: (*(draw(5, seed=i) for i in range(3)), unit(5), 3, 0.1),
        "a small gradient": lambda: (draw(5), 2e-3 * draw(5, seed=1).sign(), torch.zeros(5), torch.zeros(5), 1, 0.5),
    },
    look="In order: the new m and v, corrected copies of both, the step.",
    praise="Notice that the first step is as long as the learning rate for every pixel, however small its gradient.",
)
def adam_step(x, gradient, m, v, t, learning_rate):
    """the new x, m and v after step t of Adam, t from 1: betas 0.9 and 0.999, epsilon 1e-8, with bias correction"""
    return _adam(x, gradient, m, v, t, learning_rate)


@exercise(
    {
        ("numbers above 1 alone", "Those below 0 are outside too"): lambda x: F.relu(x - 1).square().mean(),
        ("numbers below 0 alone", "Those above 1 are outside too"): lambda x: F.relu(-x).square().mean(),
        ("absolute values", "Square how far each is outside"): lambda x: (x - x.clamp(0, 1)).abs().mean(),
        ("the sum", "Take the mean over all numbers"): lambda x: (x - x.clamp(0, 1)).square().sum(),
        ("the clamped numbers squared", "Subtract them from x first: x - x.clamp(0, 1)"):
            lambda x: x.clamp(0, 1).square().mean(),
        ("the clamped picture", "Asked is one number: how far x is from its clamped self"): lambda x: x.clamp(0, 1),
        ("a mean over the numbers outside alone", "Divide by the count of all numbers"):
            lambda x: (x - x.clamp(0, 1))[x != x.clamp(0, 1)].square().mean(),
        ("the root", "Leave out the root"): lambda x: (x - x.clamp(0, 1)).square().mean().sqrt(),
    },
    cases={"a picture": lambda: (draw(1, 3, 4, 5),), "seven numbers": lambda: (draw(7, seed=2) * 2,)},
    look="How far is x from `x.clamp(0, 1)`? Square that, then mean.",
    praise="It agrees with `losses.outside_range`. Notice that its gradient is 0 inside and grows outside.",
    gradient=True,
)
def outside_range(x):
    """a scalar tensor: the mean over all numbers of max(0, -x, x - 1)^2"""
    return losses.outside_range(x)
