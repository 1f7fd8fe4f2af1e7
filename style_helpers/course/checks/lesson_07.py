"""Checks of lesson 07: better pictures."""

from torch import Tensor

from style_helpers import colours, losses
from style_helpers.course.checks.lesson_04 import product
from style_helpers.course.feedback import draw, exercise, unit

# In the tables one line in words, one line of formula
# fmt: off


@exercise(
    {
        ("areas divided with no upper end", "No unit sees beyond the picture: clamp each side"):
            lambda field, height, width: field**2 / (height * width),
        ("an upper end of 1 for the areas alone", "The field may be too long for one side only: clamp each side"):
            lambda field, height, width: min(1.0, field**2 / (height * width)),
        ("a share of the height alone", "Asked is the share of the area: the width counts too"):
            lambda field, height, width: min(field, height) / height,
        ("a share of the width alone", "Asked is the share of the area: the height counts too"):
            lambda field, height, width: min(field, width) / width,
        ("a square of the shorter side", "The picture has two sides: clamp each, then multiply the two shares"):
            lambda field, height, width: min(1.0, field / min(height, width)) ** 2,
        ("the mean of the two sides' shares", "Areas are products: multiply the shares of the two sides"):
            lambda field, height, width: (min(1.0, field / height) + min(1.0, field / width)) / 2,
        ("percent", "A share goes from 0 to 1: leave out the 100"):
            lambda field, height, width: 100 * min(field, height) * min(field, width) / (height * width),
        ("the field's side divided by the picture's area", "The field is a square: it has two sides"):
            lambda field, height, width: field / (height * width),
        ("the number of pixels seen", "Divide it by the number of pixels in the picture"):
            lambda field, height, width: min(field, height) * min(field, width),
        ("the fraction upside down", "What is seen stands above, the whole picture below"):
            lambda field, height, width: height * width / field**2,
    },
    cases={
        "a field of 24 in 96 x 128": lambda: (24, 96, 128),
        "a field of 132 in 96 x 320, longer than one side": lambda: (132, 96, 320),
        "a field of 132 in 64 x 100, longer than both": lambda: (132, 64, 100),
    },
    look="Cut the field down to the picture, height and width for themselves; then area seen by area of the picture.",
    praise="Notice that at twice the size the same unit sees a quarter of what it saw.",
)
def share_seen(field, height, width):
    """a number from 0 to 1: the share of a picture's area that a square receptive field covers at most"""
    return min(field, height) * min(field, width) / (height * width)


def _moved(content: Tensor, painted: Tensor, brightness=colours.luminance) -> Tensor:
    return content + brightness(painted) - brightness(content)


def _plain_mean(picture: Tensor) -> Tensor:
    return picture.mean(1, keepdim=True)


def _scaled(content: Tensor, painted: Tensor) -> Tensor:
    return (content * colours.luminance(painted) / colours.luminance(content)).clamp(0, 1)


@exercise(
    {
        ("a transfer that is not clamped", "Some numbers leave 0 to 1: end with `.clamp(0, 1)`"): _moved,
        ("a plain mean of red, green and blue", "Green looks brightest to us: use the weights 0.299, 0.587, 0.114"):
            lambda content, painted: _moved(content, painted, _plain_mean).clamp(0, 1),
        ("the two pictures exchanged", "The colours are the photograph's, the luminance is the painting's"):
            lambda content, painted: _moved(painted, content).clamp(0, 1),
        ("a grey picture", "That is the luminance alone: the photograph's colours belong to it"):
            lambda content, painted: colours.luminance(painted),
        ("a luminance added to another", "Take the photograph's own luminance away first"):
            lambda content, painted: (content + colours.luminance(painted)).clamp(0, 1),
        ("all the painting's colours added", "Of the painting take the luminance alone"):
            lambda content, painted: (content - colours.luminance(content) + painted).clamp(0, 1),
        ("half of each picture", "Nothing is mixed here: colours from one, luminance from the other"):
            lambda content, painted: (content + painted) / 2,
        ("a ratio of the luminances", "That is another rule: add the difference"): _scaled,
        ("the sign turned", "Add the painting's luminance, take the photograph's away"):
            lambda content, painted: _moved(content, content * 2 - painted).clamp(0, 1),
    },
    cases={
        "pictures of shape (1, 3, 4, 5)": lambda: (unit(1, 3, 4, 5), unit(1, 3, 4, 5, seed=1)),
        "(1, 3, 7, 2)": lambda: (unit(1, 3, 7, 2, seed=2), unit(1, 3, 7, 2, seed=3)),
    },
    look="The photograph, plus the painting's luminance, minus the photograph's own, clamped to 0 to 1.",
    praise="It agrees with `colours.with_luminance`. Notice that the three colours of a point move alike.",
)
def luminance(content, painted):
    """a picture (1, 3, H, W), 0 to 1, with the colours of content and the luminance of painted"""
    return colours.with_luminance(content, painted)


def _guided(f: Tensor, t: Tensor, divisor) -> Tensor:
    return product(f * t) / divisor


def _cut_out(f: Tensor, t: Tensor) -> Tensor:
    chosen = f[..., t[0, 0] > 0.5].unsqueeze(-1)
    return losses.gram_matrix(chosen)


@exercise(
    {
        ("a Gram matrix without the mask", "Multiply the features by it first"): lambda f, t: losses.gram_matrix(f),
        ("a division by all positions", "Only the masked ones count: divide by C times the sum of T^2"):
            lambda f, t: losses.gram_matrix(f * t),
        ("a division by the sum of T", "T stands on both sides of the product, so divide by the sum of its squares"):
            lambda f, t: _guided(f, t, f.shape[1] * t.sum()),
        ("a mask on one side of the product", "Multiply the features by T before the product: it acts on both sides"):
            lambda f, t: product(f * t.sqrt()) / (f.shape[1] * t.sum()),
        ("a mask on one side, divided by the sum of T^2", "Multiply the features by T before the product"):
            lambda f, t: product(f * t.sqrt()) / (f.shape[1] * t.square().sum()),
        ("a division by C that is missing", "Divide by C too, as in lesson 04"):
            lambda f, t: _guided(f, t, t.square().sum()),
        ("a product not divided", "Divide it by C times the sum of T^2"): lambda f, t: _guided(f, t, 1),
        ("a division by the square of the sum", "First square, then add up"):
            lambda f, t: _guided(f, t, f.shape[1] * t.sum() ** 2),
        ("a mask cut off at one half", "A mask may lie between 0 and 1: multiply, do not choose"): _cut_out,
        ("the mask turned around", "1 means here and 0 means not here"):
            lambda f, t: _guided(f, 1 - t, f.shape[1] * (1 - t).square().sum()),
    },
    cases={
        "a mask of 0 and 1": lambda: (draw(1, 3, 4, 5), (unit(1, 1, 4, 5, seed=1) > 0.4).float()),
        "a mask with numbers between": lambda: (draw(1, 2, 7, 3), unit(1, 1, 7, 3, seed=1)),
    },
    look="Features times mask, then the product of rows, divided by C times the sum of the mask's squares.",
    praise="It agrees with `losses.gram_matrix`. Notice that a small region is described on the scale of a large one.",
    gradient=True,
)
def masked_gram(features, mask):
    """the guided Gram matrix, (1, C, C), of features (1, C, H, W) under a mask (1, 1, H, W), divided by C sum T^2"""
    return _guided(features, mask, features.shape[1] * mask.square().sum())
