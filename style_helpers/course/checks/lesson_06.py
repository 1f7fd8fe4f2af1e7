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
        ("the old tutorial's weight as it stands", "It multiplies G and A inside the square: what comes out in front"):
            lambda: 1000,
        ("the weight taken twice by adding", "A square multiplies: (w G - w A)^2 = w^2 (G - A)^2"): lambda: 2000,
        ("a root", "The weight acts squared: from inside to the front it grows"): lambda: math.sqrt(1000),
        ("one divided by the factor", "The style gets more weight, not less"): lambda: 1e-6,
        ("one divided by the weight", "The style gets more weight, not less"): lambda: 1e-3,
        ("ten times the weight", "It acts squared: 1000 times itself"): lambda: 1e4,
        ("1000 ^ 2", "That is no power in Python: write `**`"): lambda: 1000 ^ 2,
        ("half the weight", "The weight acts squared"): lambda: 500,
        ("half the square", "There is no half here: (w G - w A)^2 = w^2 (G - A)^2"): lambda: 500_000,
        ("twice the square", "The 2 would come with a gradient: asked is the distance"): lambda: 2_000_000,
        ("four times the square", "The 4 would come with a gradient: asked is the distance"): lambda: 4_000_000,
        ("a quarter of the square", "The quarter is that of Gatys: here the distance is a mean"): lambda: 250_000,
        ("the square five times, once a layer", "Each layer has its own distance, and the same factor"):
            lambda: 5_000_000,
        ("the weight times the five layers", "The weight acts squared, at each layer"): lambda: 5000,
        ("the weight three times", "The weight stands in the square twice"): lambda: 1e9,
        ("the square of the square", "G and w G differ by w, and their squares by w^2"): lambda: 1e12,
        ("a minus", "A square is not below 0"): lambda: -1e6,
        ("a zero too few", "Count them: the square of 1000 has twice as many as 1000"): lambda: 1e5,
        ("a zero too many", "Count them: the square of 1000 has twice as many as 1000"): lambda: 1e7,
    },
    cases={"": lambda: ()},
    look="Take w out of the square: (w G - w A)^2 = ? (G - A)^2.",
    praise="Notice that a weight ten times larger inside acts a hundred times as strongly.",
)
def tutorial_weight():
    """one number: the factor before the style distance that does what the old tutorial's 1000 does in the square"""
    return 1000.0**2


def _sums(f, content, style, distance=F.mse_loss, gram=losses.gram_matrix) -> tuple[Tensor, Tensor]:
    of_style = sum(distance(gram(f[layer]), target) for layer, target in style.items())
    return sum(distance(f[layer], target) for layer, target in content.items()), of_style


def _total(f, content, style, wc, ws, *others) -> Tensor:
    of_content, of_style = _sums(f, content, style, *others)
    return wc * of_content + ws * of_style


def _first(targets: dict, count: int = 1) -> dict:
    return dict(list(targets.items())[:count])


def _last(targets: dict) -> dict:
    return dict(list(targets.items())[-1:])


def _without(targets: dict, others: dict) -> dict:
    return {layer: target for layer, target in targets.items() if layer not in others}


def _weighted_again(f, content, style, wc, ws) -> Tensor:
    total = 0
    for layer, target in content.items():
        total = wc * (total + losses.content_distance(f[layer], target))
    for layer, target in style.items():
        total = ws * (total + losses.style_distance(losses.gram_matrix(f[layer]), target))
    return total


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
        ("weights inside the squares", "There they act squared, the old tutorial's mistake: multiply the distances"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc**2, ws**2),
        ("the style weight inside the square", "There it acts squared, the old tutorial's mistake: multiply distances"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws**2),
        ("the content weight inside the square", "There it acts squared: multiply the distances"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc**2, ws),
        ("the style weight on one side of the difference", "Multiply the distance by it"):
            lambda f, c, s, wc, ws: _total(f, c, {layer: gram / ws for layer, gram in s.items()}, wc, ws**2),
        ("the two weights exchanged", "content_weight belongs to the content distances"):
            lambda f, c, s, wc, ws: _total(f, c, s, ws, wc),
        ("a sum without weights", "Multiply each of the two sums by its weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, 1, 1),
        ("a style sum without its weight", "Multiply it by style_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, 1),
        ("a content sum without its weight", "Multiply it by content_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, 1, ws),
        ("the style weight at both sums", "The content distances have content_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, ws, ws),
        ("the content weight at both sums", "The style distances have style_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, wc),
        ("the product of the weights before all", "Each sum has a weight of its own"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc * ws, wc * ws),
        ("a running total that is weighted again and again", "Multiply each distance alone: total + weight * distance"):
            _weighted_again,
        ("the sum of the weights before all", "Each sum has a weight of its own"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc + ws, wc + ws),
        ("both weights on the content", "Multiply before you add: the running total is weighted a second time"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc * ws, ws),
        ("weights that are added", "Multiply the distances by them"):
            lambda f, c, s, wc, ws: sum(_sums(f, c, s)) + wc + ws,
        ("a weight added at each layer", "Multiply: total + weight * distance"):
            lambda f, c, s, wc, ws: sum(_sums(f, c, s)) + wc * len(c) + ws * len(s),
        ("the last term alone", "`=+` sets anew: add with `+=` or `total = total + ...`"):
            lambda f, c, s, wc, ws: _total(f, {}, _last(s), wc, ws),
        ("weights divided by their sum", "Take them as they are"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws) / (wc + ws),
        ("a division by the weights", "Multiply by them"):
            lambda f, c, s, wc, ws: _total(f, c, s, 1 / wc, 1 / ws),
        ("a product of the two sums", "Add them"):
            lambda f, c, s, wc, ws: wc * ws * math.prod(_sums(f, c, s)),
        ("a minus between the two sums", "Both are to become small: add them"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, -ws),
        ("a mean over the layers", "Add the layers up"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc / len(c), ws / len(s)),
        ("a fifth of the style distances", "style_weight has taken the paper's fifth in"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws / 5),
        ("a quarter of the style distances", "Gatys' quarter is in style_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws / 4),
        ("half of the content distances", "Gatys' half is in content_weight"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc / 2, ws),
        ("a mean over all terms", "Add them up"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws) / (len(c) + len(s)),
        ("a mean over the content layers", "Add the layers up"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc / len(c), ws),
        ("a mean over the style layers", "Add the layers up"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws / len(s)),
        ("style alone", "The content distances are missing or 0: compare with content_target, and begin with 0 once"):
            lambda f, c, s, wc, ws: _total(f, c, s, 0, ws),
        ("content alone", "Add the style distances; a `return` belongs behind both loops"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, 0),
        ("content at its first layer alone", "A `return` inside a loop ends it: put it behind both"):
            lambda f, c, s, wc, ws: _total(f, _first(c), {}, wc, 0),
        ("style at its first layer alone", "A `return` inside a loop ends it: put it behind both"):
            lambda f, c, s, wc, ws: _total(f, c, _first(s), wc, ws),
        ("the first layer alone", "Go through all layers of both dictionaries"):
            lambda f, c, s, wc, ws: _total(f, _first(c), _first(s), wc, ws),
        ("the last layer alone", "Add within the loop: `total = total + ...`"):
            lambda f, c, s, wc, ws: _total(f, _last(c), _last(s), wc, ws),
        ("the last content layer alone", "Add within the loop: `total = total + ...`"):
            lambda f, c, s, wc, ws: _total(f, _last(c), s, wc, ws),
        ("the last style layer alone", "Add within the loop: `total = total + ...`"):
            lambda f, c, s, wc, ws: _total(f, c, _last(s), wc, ws),
        ("an `elif`, or one loop", "A layer of both gives two distances: ask twice with `if`, or make two loops"):
            lambda f, c, s, wc, ws: _total(f, c, _without(s, c), wc, ws),
        ("an `elif` behind the style", "A layer of both gives two distances: ask twice with `if`, or make two loops"):
            lambda f, c, s, wc, ws: _total(f, _without(c, s), s, wc, ws),
        ("pairs made by `zip`", "It ends with the shorter of the two: make two loops, one after the other"):
            lambda f, c, s, wc, ws: _total(f, _first(c, len(s)), _first(s, len(c)), wc, ws),
        ("style inside the loop over content", "There it is added once for each content layer: two loops, not nested"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws * len(c)),
        ("two nested loops", "In them each distance is added several times: one loop after the other"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc * len(s), ws * len(c)),
        ("sums of squares in the distances", "Each distance is a mean"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, lambda a, b: (a - b).square().sum()),
        ("absolute values in the distances", "Square the differences"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, F.l1_loss),
        ("roots of the distances", "Leave them out"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, lambda a, b: F.mse_loss(a, b).sqrt()),
        ("halves of the distances", "Each distance is a mean, with no half"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc / 2, ws / 2),
        ("Gram matrices not divided", "The targets are divided by C N: use `losses.gram_matrix`"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, F.mse_loss, product),
        ("Gram matrices divided twice", "`gram_matrix` divides already"):
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, F.mse_loss, lambda x: losses.gram_matrix(x) / x.numel()),
        ("Gram matrices for the content too", "Content compares the features themselves"):
            lambda f, c, s, wc, ws: _total(f, {}, s, wc, ws) + wc * sum(
                losses.style_distance(losses.gram_matrix(f[layer]), losses.gram_matrix(c[layer])) for layer in c),
    },
    cases={
        "one content layer": _layers(("relu2_1",), ("relu1_1", "relu3_1"), 3.0, 50.0),
        "two content layers, in the style too": _layers(
            ("relu2_1", "relu3_1"), ("relu1_1", "relu2_1", "relu3_1"), 0.5, 20.0
        ),
    },
    look="One loop over content_target.items(), one over style_target.items(), each sum times its weight.",
    praise="Notice that this one number is all the optimiser ever hears about the picture.",
    gradient=True,
)
def total_loss(features, content_target, style_target, content_weight, style_weight):
    """a scalar tensor: content_weight times the sum of content distances plus style_weight times that of style"""
    return _total(features, content_target, style_target, content_weight, style_weight)
