"""Checks of lesson 06: all together."""

import math
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from style_helpers import losses
from style_helpers.course.checks.lesson_04 import product
from style_helpers.course.feedback import draw, exercise

# In the tables one line in words, one line of formula
# fmt: off


@exercise(
    {
        ("the seed's weight as it stands", "It multiplies G and A inside the square: what comes out in front"):
            lambda: 1000,
        ("the weight taken twice by adding", "A square multiplies: (w G - w A)^2 = w^2 (G - A)^2"): lambda: 2000,
        ("a root", "The weight acts squared: from inside to the front it grows"): lambda: math.sqrt(1000),
        ("one divided by the factor", "The style gets more weight, not less"): lambda: 1e-6,
        ("one divided by the weight", "The style gets more weight, not less"): lambda: 1e-3,
        ("half the square", "There is no half here: (w G - w A)^2 = w^2 (G - A)^2"): lambda: 500_000,
    },
    cases={"": lambda: ()},
    look="Take w out of the square: (w G - w A)^2 = ? (G - A)^2.",
    praise="Notice that a weight ten times larger inside acts a hundred times as strongly.",
)
def seed_weight():
    """one number: the factor in front of the style distance that does what the seed's 1000 does inside the square"""
    return 1000.0**2


def _total(features, content, styles, wc, ws, distance=F.mse_loss, gram=losses.gram_matrix) -> Tensor:
    of_content = sum(distance(features[layer], target) for layer, target in content.items())
    return wc * of_content + ws * sum(distance(gram(features[layer]), target) for layer, target in styles.items())


def _layers(content: tuple[str, ...], style: tuple[str, ...], *weights: float) -> Callable[[], tuple]:
    sizes = {"relu1_1": (2, 7, 8), "relu2_1": (3, 5, 6), "relu3_1": (4, 3, 2)}
    return lambda: (
        {layer: draw(1, *size) for layer, size in sizes.items()},
        {layer: draw(1, *sizes[layer], seed=1) for layer in content},
        {layer: losses.gram_matrix(draw(1, *sizes[layer], seed=2)) for layer in style},
        *weights,
    )


@exercise(
    {
        ("weights inside the squares", "There they act squared, the seed's mistake: multiply the distances"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc**2, ws**2),
        ("the two weights exchanged", "content_weight belongs to the content distances"):
            lambda f, c, s, wc, ws: _total(f, c, s, ws, wc),
        ("a mean over the layers", "Add the layers up"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc / len(c), ws / len(s)),
        ("style alone", "Add the content distances"): lambda f, c, s, wc, ws: _total(f, c, s, 0, ws),
        ("content alone", "Add the style distances"): lambda f, c, s, wc, ws: _total(f, c, s, wc, 0),
        ("a sum without weights", "Multiply each of the two sums by its weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, 1, 1),
        ("a style sum without its weight", "Multiply it by style_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, 1),
        ("sums of squares in the distances", "Each distance is a mean"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, lambda a, b: (a - b).square().sum()),
        ("Gram matrices not divided", "The targets are divided by C M: use `losses.gram_matrix`"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, gram=product),
        ("the last layer alone", "Add within the loop: `total = total + ...`"):
            lambda f, c, s, wc, ws: _total(f, dict(list(c.items())[-1:]), dict(list(s.items())[-1:]), wc, ws),
    },
    cases={
        "one content layer": _layers(("relu2_1",), ("relu1_1", "relu3_1"), 3.0, 50.0),
        "two content layers": _layers(("relu2_1", "relu3_1"), ("relu1_1", "relu2_1", "relu3_1"), 0.5, 20.0),
    },
    look="One loop over content_target.items(), one over style_targets.items(), each sum times its weight.",
    praise="Notice that this one number is all the optimiser ever hears about the picture.",
    gradient=True,
)
def total_loss(features, content_target, style_targets, content_weight, style_weight):
    """a scalar tensor: content_weight times the sum of content distances plus style_weight times that of style"""
    return _total(features, content_target, style_targets, content_weight, style_weight)
