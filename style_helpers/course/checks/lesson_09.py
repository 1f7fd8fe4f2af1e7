"""Checks of lesson 09: one pass."""

import math
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from style_helpers.course.feedback import draw, exercise, unit
from style_helpers.losses import content_distance, gram_matrix, style_distance

# In the tables one line in words, one line of formula
# fmt: off

CONTENT = "relu3_1"


def _features(pictures: Tensor) -> dict[str, Tensor]:
    """A network of three layers, small and always the same."""
    shallow = F.conv2d(pictures, draw(4, 3, 3, 3, seed=11), padding=1).relu()
    middle = F.conv2d(F.avg_pool2d(shallow, 2), draw(3, 4, 3, 3, seed=12), padding=1).relu()
    deep = F.conv2d(middle, draw(5, 3, 3, 3, seed=13), padding=1).relu()
    return {"relu1_1": shallow, "relu2_1": middle, CONTENT: deep}


def _styles(painted: Tensor, style: dict, distance=style_distance, gram=gram_matrix) -> list[Tensor]:
    seen = _features(painted)
    return [distance(gram(seen[layer]), target) for layer, target in style.items()]


def _content(painted: Tensor, photographs: Tensor, layer: str = CONTENT, distance=content_distance) -> Tensor:
    return distance(_features(painted)[layer], _features(photographs)[layer])


def _loss(painted, photographs, style, weight) -> Tensor:
    return _content(painted, photographs) + weight * sum(_styles(painted, style))


def _photographs(count: int, weight: float, *layers: str) -> Callable[[], tuple]:
    of_artwork = _features(unit(1, 3, 8, 10, seed=3))
    style = {layer: gram_matrix(of_artwork[layer]) for layer in layers}
    return lambda: (
        unit(count, 3, 6, 8, seed=1), unit(count, 3, 6, 8, seed=2), _features,
        {layer: gram.clone() for layer, gram in style.items()}, weight,
    )


@exercise(
    {
        ("pixels compared for the content", "Compare features: a painted picture has other pixels"):
            lambda x, p, f, s, w: content_distance(x, p) + w * sum(_styles(x, s)),
        ("style alone", "The content distance is missing or 0: compare with the photographs' features"):
            lambda x, p, f, s, w: w * sum(_styles(x, s)),
        ("content alone", "Add the style distances, times style_weight"):
            lambda x, p, f, s, w: _content(x, p),
        ("the style of the photographs", "Painted pictures shall have the artwork's style: take their Gram matrices"):
            lambda x, p, f, s, w: _content(x, p) + w * sum(_styles(p, s)),
        ("a style that is compared with the photographs", "Compare it with style_target, the artwork's"):
            lambda x, p, f, s, w: _content(x, p) + w * sum(
                style_distance(gram_matrix(_features(x)[layer]), gram_matrix(_features(p)[layer])) for layer in s),
        ("a sum without style_weight", "Multiply the style distances by it"):
            lambda x, p, f, s, w: _loss(x, p, s, 1),
        ("both parts times style_weight", "The content distance has the weight 1"):
            lambda x, p, f, s, w: w * _loss(x, p, s, 1),
        ("the weight on the content", "It belongs to the style distances"):
            lambda x, p, f, s, w: w * _content(x, p) + sum(_styles(x, s)),
        ("the weight inside the square", "There it acts squared: multiply the distances"):
            lambda x, p, f, s, w: _loss(x, p, s, w**2),
        ("a division by style_weight", "Multiply by it"):
            lambda x, p, f, s, w: _loss(x, p, s, 1 / w),
        ("a minus between the two parts", "Both are to become small: add them"):
            lambda x, p, f, s, w: _loss(x, p, s, -w),
        ("a mean over the style layers", "Add the layers up"):
            lambda x, p, f, s, w: _loss(x, p, s, w / len(s)),
        ("the first style layer alone", "A `return` inside the loop ends it: put it behind the loop"):
            lambda x, p, f, s, w: _content(x, p) + w * _styles(x, s)[0],
        ("the last style layer alone", "Add within the loop: `total = total + ...`"):
            lambda x, p, f, s, w: _content(x, p) + w * _styles(x, s)[-1],
        ("the content added once for each style layer", "Add it once, before the loop"):
            lambda x, p, f, s, w: len(s) * _content(x, p) + w * sum(_styles(x, s)),
        ("the content compared at the style layers", "It is compared at relu3_1 alone"):
            lambda x, p, f, s, w: sum(_content(x, p, layer) for layer in s) + w * sum(_styles(x, s)),
        ("the content compared at relu1_1", "It is compared at relu3_1"):
            lambda x, p, f, s, w: _content(x, p, "relu1_1") + w * sum(_styles(x, s)),
        ("Gram matrices for the content", "Content compares the features themselves, position by position"):
            lambda x, p, f, s, w: w * sum(_styles(x, s)) + _content(
                x, p, distance=lambda a, b: style_distance(gram_matrix(a), gram_matrix(b))),
        ("a sum over the pictures", "Both distances are means over the batch already"):
            lambda x, p, f, s, w: len(x) * _loss(x, p, s, w),
        ("one Gram matrix for all pictures together", "Each picture has its own: compare them, then take the mean"):
            lambda x, p, f, s, w: _content(x, p) + w * sum(
                _styles(x, s, gram=lambda maps: gram_matrix(maps).mean(0, keepdim=True))),
        ("the first picture alone", "Take all pictures of the batch"):
            lambda x, p, f, s, w: _loss(x[:1], p[:1], s, w),
        ("absolute values in the style distances", "Use `style_distance`, which squares"):
            lambda x, p, f, s, w: _content(x, p) + w * sum(_styles(x, s, lambda g, a: (g - a).abs().mean())),
        ("roots of the distances", "Leave them out"):
            lambda x, p, f, s, w: _content(x, p).sqrt() + w * sum(each.sqrt() for each in _styles(x, s)),
    },
    cases={
        "a batch of two pictures": _photographs(2, 30.0, "relu1_1", "relu2_1"),
        "one picture": _photographs(1, 7.0, "relu1_1", "relu2_1", CONTENT),
    },
    look="The content of the painted pictures against the photographs', their style against the artwork's.",
    praise="Notice that nothing here says how `painted` was made: by a network, its gradient goes on into that.",
    gradient=True,
)
def training_loss(painted, photographs, features, style_target, style_weight):
    """a scalar tensor: the content distance at relu3_1 plus style_weight times the sum of the style distances"""
    return _loss(painted, photographs, style_target, style_weight)


SMALL = 1e-5


def _over(x: Tensor, dimensions: tuple, less: int = 0) -> Tensor:
    """Normalised with the mean and the spread over these dimensions."""
    variance = x.var(dimensions, correction=less, keepdim=True)
    return (x - x.mean(dimensions, keepdim=True)) / (variance + SMALL).sqrt()


def _spread_over(x: Tensor, dimensions: tuple) -> Tensor:
    """Each map less its own mean, divided by the spread of what is left over these dimensions."""
    centred = x - x.mean((2, 3), keepdim=True)
    return centred / (centred.square().mean(dimensions, keepdim=True) + SMALL).sqrt()


def _maps(*shape: int) -> Callable[[], tuple]:
    def make() -> tuple[Tensor]:
        maps = 2 * draw(*shape, seed=5) + 3 * draw(shape[0], shape[1], 1, 1, seed=6)
        maps[0, 0] *= 0.01  # where little changes, it matters how the small number comes in
        maps[-1, -1] = 0.5  # where nothing changes, a division by the spread alone fails
        return (maps,)

    return make


@exercise(
    {
        ("batch normalisation", "Each picture has its own mean: leave dimension 0 out"): lambda x: _over(x, (0, 2, 3)),
        ("layer normalisation", "Each map has its own mean: leave dimension 1 out"): lambda x: _over(x, (1, 2, 3)),
        ("a mean and a spread over everything", "Each map of each picture has its own: dimensions 2 and 3"):
            lambda x: _over(x, (0, 1, 2, 3)),
        ("a mean over the channels of a position", "Take it over the positions of a map: dimensions 2 and 3"):
            lambda x: _over(x, (1,)),
        ("a mean over each column", "Take it over rows and columns: dimensions 2 and 3"): lambda x: _over(x, (2,)),
        ("a mean over each row", "Take it over rows and columns: dimensions 2 and 3"): lambda x: _over(x, (3,)),
        ("a mean for each map, and one spread for all", "The spread is that of each map too"):
            lambda x: _spread_over(x, (0, 1, 2, 3)),
        ("a mean for each map, and a spread for each picture", "The spread is that of each map too"):
            lambda x: _spread_over(x, (1, 2, 3)),
        ("a mean for each map, and the batch's spread", "The spread is that of each map too"):
            lambda x: _spread_over(x, (0, 2, 3)),
        ("a division by N - 1 in the variance", "Divide by N: `correction=0`, or the mean of the squares"):
            lambda x: _over(x, (2, 3), less=1),
        ("a 1e-5 that is missing", "A map in which nothing changes has the variance 0: add 1e-5 before the root"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / x.var((2, 3), correction=0, keepdim=True).sqrt(),
        ("a 1e-5 that is added to the root", "Add it to the variance, before the root is taken"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), correction=0, keepdim=True).sqrt() + SMALL),
        ("too little added to the variance", "Add 1e-5 to every variance"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / (
                x.var((2, 3), correction=0, keepdim=True).clamp_min(SMALL).sqrt()),
        ("the mean alone taken away", "Divide by the spread too"): lambda x: x - x.mean((2, 3), keepdim=True),
        ("the spread alone taken away", "Subtract the mean first"):
            lambda x: x / (x.var((2, 3), correction=0, keepdim=True) + SMALL).sqrt(),
        ("a division by the variance", "The spread is its root"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), correction=0, keepdim=True) + SMALL),
        ("the mean square in place of the variance", "The variance is the mean square *after* the mean is subtracted"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / (x.square().mean((2, 3), keepdim=True) + SMALL).sqrt(),
        ("a product with the spread", "Divide by it"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) * (x.var((2, 3), correction=0, keepdim=True) + SMALL).sqrt(),
        ("mean deviations in place of the spread", "The variance is a mean of squares, the spread its root"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / (
                (x - x.mean((2, 3), keepdim=True)).abs().mean((2, 3), keepdim=True) + SMALL),
        ("the mean added", "Subtract it"):
            lambda x: 2 * x.mean((2, 3), keepdim=True) + _over(x, (2, 3)),
        ("numbers squeezed between 0 and 1", "The mean becomes 0 and the spread 1: subtract the mean, not the lowest"):
            lambda x: (x - x.amin((2, 3), keepdim=True)) / (
                x.amax((2, 3), keepdim=True) - x.amin((2, 3), keepdim=True) + SMALL),
    },
    cases={"a batch of two, (2, 3, 4, 5)": _maps(2, 3, 4, 5), "one picture, (1, 2, 3, 7)": _maps(1, 2, 3, 7)},
    look="For each map of each picture: subtract its mean, divide by the root of (its variance plus 1e-5).",
    praise="It agrees with `nn.InstanceNorm2d`. Notice that no map looks at another one, nor at another picture.",
    gradient=True,
)
def instance_norm(x):
    """a tensor like x, (B, C, H, W): each map less its mean, divided by the root of (its variance plus 1e-5)"""
    return _over(x, (2, 3))


def _steps(layers) -> list[int]:
    return [(kernel - 1) // 2 * pixels for kernel, pixels in layers]


def _a_walk(*layers: tuple[int, int]) -> Callable[[], tuple]:
    return lambda: ([*layers],)


@exercise(
    {
        ("the whole side of what is seen", "The border reaches half of it: (kernel - 1) / 2 of each layer"):
            lambda layers: 1 + 2 * sum(_steps(layers)),
        ("both sides of each kernel", "Zeros come in from one side: half of kernel - 1"):
            lambda layers: 2 * sum(_steps(layers)),
        ("kernels whose middle is counted", "A kernel of 3 reaches 1 to each side: (kernel - 1) / 2"):
            lambda layers: sum((kernel + 1) // 2 * pixels for kernel, pixels in layers),
        ("whole kernels", "A kernel of 3 reaches 1 to each side: (kernel - 1) / 2"):
            lambda layers: sum(kernel * pixels for kernel, pixels in layers),
        ("kernels without their pixels", "At a quarter of the size one step is 4 pixels: multiply"):
            lambda layers: sum((kernel - 1) // 2 for kernel, _ in layers),
        ("pixels without their kernels", "A kernel of 9 reaches 4 times as far as one of 3"):
            lambda layers: sum(pixels for _, pixels in layers),
        ("one pixel more", "Count the zeros' reach alone, not the pixel itself"):
            lambda layers: 1 + sum(_steps(layers)),
        ("one pixel less", "Count them all: begin with 0"): lambda layers: sum(_steps(layers)) - 1,
        ("the layer that reaches farthest alone", "Each layer carries it on: add them up"):
            lambda layers: max(_steps(layers)),
        ("the first layer alone", "A `return` inside the loop ends it: put it behind the loop"):
            lambda layers: _steps(layers)[0],
        ("the last layer alone", "Add within the loop: `total = total + ...`"): lambda layers: _steps(layers)[-1],
        ("the first layer left out", "Its border has zeros too"): lambda layers: sum(_steps(layers)[1:]),
        ("the last layer left out", "Its border has zeros too"): lambda layers: sum(_steps(layers)[:-1]),
        ("a product of the layers", "Add what each layer reaches"): lambda layers: math.prod(_steps(layers)),
        ("a division by the pixels", "One step of a small map is many pixels: multiply"):
            lambda layers: int(sum((kernel - 1) / 2 / pixels for kernel, pixels in layers)),
        ("steps divided by the pixels", "One step of a small map is many pixels: multiply"):
            lambda layers: sum((kernel - 1) // 2 // pixels for kernel, pixels in layers),
        ("half the reach", "Halve kernel - 1 once"): lambda layers: sum(_steps(layers)) // 2,
        ("pixels that are multiplied up", "They are told from the picture on: take them as they are"):
            lambda layers: sum(
                (kernel - 1) // 2 * math.prod(pixels for _, pixels in layers[: place + 1])
                for place, (kernel, _) in enumerate(layers)),
    },
    cases={
        "one layer, [(9, 1)]": _a_walk((9, 1)),
        "[(5, 1), (3, 2), (7, 4)]": _a_walk((5, 1), (3, 2), (7, 4)),
        "[(3, 4), (9, 2), (9, 2), (3, 1)]": _a_walk((3, 4), (9, 2), (9, 2), (3, 1)),
    },
    look="Each layer carries the border (kernel - 1) / 2 of its steps further; a step is `pixels` long.",
    praise="Notice that the eight kernels at a quarter of the size reach farther than all the others together.",
)
def frame_width(layers):
    """a whole number: how many pixels deep zeros beyond the border reach after these (kernel, pixels) layers"""
    return sum(_steps(layers))
