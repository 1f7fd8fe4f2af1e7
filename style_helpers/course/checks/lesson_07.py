"""Checks of lesson 07: better pictures."""

import math

import torch
from torch import Tensor

from style_helpers import colours, losses
from style_helpers.course.checks.lesson_04 import product
from style_helpers.course.feedback import draw, exercise, unit

# In the tables one line in words, one line of formula
# fmt: off


def _seen(field: int, height: int, width: int) -> int:
    return min(field, height) * min(field, width)


@exercise(
    {
        ("areas divided with no upper end", "No unit sees beyond the picture: clamp each side"):
            lambda field, height, width: field**2 / (height * width),
        ("an upper end of 1 for the areas alone", "The field may be too long for one side only: clamp each side"):
            lambda field, height, width: min(1.0, field**2 / (height * width)),
        ("the height cut off and the width not", "Cut both: `min(field, height) * min(field, width)`"):
            lambda field, height, width: min(field, height) * field / (height * width),
        ("the width cut off and the height not", "Cut both: `min(field, height) * min(field, width)`"):
            lambda field, height, width: field * min(field, width) / (height * width),
        ("everything seen as soon as one side is too long", "The other side may be longer than the field"):
            lambda field, height, width: 1.0 if field > min(height, width) else field**2 / (height * width),
        ("`max` in place of `min`", "What is seen is the smaller of the two"):
            lambda field, height, width: max(field, height) * max(field, width) / (height * width),
        ("a share of the height alone", "Asked is the share of the area: the width counts too"):
            lambda field, height, width: min(field, height) / height,
        ("a share of the width alone", "Asked is the share of the area: the height counts too"):
            lambda field, height, width: min(field, width) / width,
        ("the larger of the two sides' shares", "Areas are products: multiply the two"):
            lambda field, height, width: min(1.0, max(field / height, field / width)),
        ("the smaller of the two sides' shares", "Areas are products: multiply the two"):
            lambda field, height, width: min(1.0, field / height, field / width),
        ("a square of the shorter side", "The picture has two sides: clamp each, then multiply the two shares"):
            lambda field, height, width: min(1.0, field / min(height, width)) ** 2,
        ("a square cut at the shorter side", "It may go on along the longer side: cut rows and columns for themselves"):
            lambda field, height, width: min(field, height, width) ** 2 / (height * width),
        ("a square cut at the longer side", "The shorter one ends earlier: cut rows and columns for themselves"):
            lambda field, height, width: min(field, max(height, width)) ** 2 / (height * width),
        ("the rows seen, squared", "Rows and columns are cut for themselves: the second factor is `min(field, width)`"):
            lambda field, height, width: min(field, height) ** 2 / (height * width),
        ("the columns seen, squared", "Rows and columns are cut for themselves: one factor is `min(field, height)`"):
            lambda field, height, width: min(field, width) ** 2 / (height * width),
        ("the mean of the two sides' shares", "Areas are products: multiply the shares of the two sides"):
            lambda field, height, width: (min(1.0, field / height) + min(1.0, field / width)) / 2,
        ("the sum of the two sides' shares", "Areas are products: multiply the shares of the two sides"):
            lambda field, height, width: min(1.0, field / height) + min(1.0, field / width),
        ("a share of the edge", "An area is height times width"):
            lambda field, height, width: (min(field, height) + min(field, width)) / (height + width),
        ("a division by the sum of the sides", "An area is height times width"):
            lambda field, height, width: _seen(field, height, width) / (height + width),
        ("a division by the height alone", "Divide by the picture's area, height * width"):
            lambda field, height, width: _seen(field, height, width) / height,
        ("a division by the width alone", "Divide by the picture's area, height * width"):
            lambda field, height, width: _seen(field, height, width) / width,
        ("a width that multiplies in place of dividing", "Put the divisor in parentheses: `/ (height * width)`"):
            lambda field, height, width: _seen(field, height, width) / height * width,
        ("a width that multiplies, and no upper end", "Clamp each side, and put the divisor in parentheses"):
            lambda field, height, width: field**2 / height * width,
        ("percent", "A share goes from 0 to 1: leave out the 100"):
            lambda field, height, width: 100 * _seen(field, height, width) / (height * width),
        ("a rounded percentage", "A share goes from 0 to 1, with all its digits"):
            lambda field, height, width: round(100 * _seen(field, height, width) / (height * width)),
        ("a rounded share", "Give all its digits"):
            lambda field, height, width: round(_seen(field, height, width) / (height * width), 2),
        ("a division without its remainder", "`//` and `int` leave 0 of most shares: divide with `/` alone"):
            lambda field, height, width: _seen(field, height, width) // (height * width),
        ("the root of the share", "Leave out the root"):
            lambda field, height, width: math.sqrt(_seen(field, height, width) / (height * width)),
        ("the share that is not seen", "Leave out the `1 -`"):
            lambda field, height, width: 1 - _seen(field, height, width) / (height * width),
        ("half a field", "`field` is the whole side of the square, not what lies on one side of the unit"):
            lambda field, height, width: _seen(field / 2, height, width) / (height * width),
        ("twice the field", "`field` is the whole side of the square"):
            lambda field, height, width: _seen(2 * field, height, width) / (height * width),
        ("a round field", "It is a square"):
            lambda field, height, width: min(1.0, math.pi * (field / 2) ** 2 / (height * width)),
        ("the field's side divided by the picture's area", "The field is a square: it has two sides"):
            lambda field, height, width: field / (height * width),
        ("the number of pixels seen", "Divide it by the number of pixels in the picture"): _seen,
        ("a division by the square's own area", "Divide by the picture's area, height * width"):
            lambda field, height, width: _seen(field, height, width) / field**2,
        ("what lies beside the square", "What is seen is asked: `min(field, height)` by `min(field, width)`"):
            lambda field, height, width: (height - field) * (width - field) / (height * width),
        ("an area cut as a whole, and not divided", "Cut each side, and divide by height * width"):
            lambda field, height, width: min(field**2, height * width),
        ("the square's area alone", "Cut each side, and divide by height * width"):
            lambda field, height, width: field**2,
        ("the fraction upside down", "What is seen stands above, the whole picture below"):
            lambda field, height, width: height * width / _seen(field, height, width),
        ("the fraction upside down, and not cut off", "What is seen stands above, and clamp each side"):
            lambda field, height, width: height * width / field**2,
    },
    cases={
        "a field of 24 in 96 x 128": lambda: (24, 96, 128),
        "a field of 132 in 96 x 320, longer than one side": lambda: (132, 96, 320),
        "a field of 132 in 200 x 120, longer than the other": lambda: (132, 200, 120),
        "a field of 132 in 64 x 100, longer than both": lambda: (132, 64, 100),
    },
    look="Cut the field down to the picture, height and width for themselves; then area seen by area of the picture.",
    praise="Notice that at twice the size the same unit sees a quarter of what it saw.",
)
def share_seen(field, height, width):
    """a number from 0 to 1: the share of a picture's area that a square receptive field covers at most"""
    return _seen(field, height, width) / (height * width)


_y = colours.luminance  # the Y of the lesson, three equal channels


def _weighted(red: float, green: float, blue: float):
    return lambda picture: (torch.tensor([red, green, blue]).view(1, 3, 1, 1) * picture).sum(1, keepdim=True)


def _moved(content: Tensor, painted: Tensor, brightness=_y) -> Tensor:
    return content + brightness(painted) - brightness(content)


def _transfer(brightness):
    """The right transfer, with another brightness."""
    return lambda content, painted: _moved(content, painted, brightness).clamp(0, 1)


def _stretched(picture: Tensor) -> Tensor:
    return (picture - picture.min()) / (picture.max() - picture.min())


@exercise(
    {
        ("a transfer that is not clamped", "Some numbers leave 0 to 1: end with `.clamp(0, 1)`"): _moved,
        ("a transfer with no upper end", "Some numbers are above 1: `.clamp(0, 1)`"):
            lambda c, p: _moved(c, p).clamp(min=0),
        ("a transfer with no lower end", "Some numbers are below 0: `.clamp(0, 1)`"):
            lambda c, p: _moved(c, p).clamp(max=1),
        ("a clamp before the end", "Add and subtract first, then clamp the result"):
            lambda c, p: (c + _y(p)).clamp(0, 1) - _y(c),
        ("a clamped difference", "The difference may be below 0: clamp the result"):
            lambda c, p: c + (_y(p) - _y(c)).clamp(0, 1),
        ("a result stretched to 0 to 1", "Cut off what is outside: `.clamp(0, 1)`"):
            lambda c, p: _stretched(_moved(c, p)),
        ("a sigmoid", "Cut off what is outside: `.clamp(0, 1)`"): lambda c, p: _moved(c, p).sigmoid(),
        ("a plain mean of red, green and blue", "Green looks brightest to us: use the weights 0.299, 0.587, 0.114"):
            _transfer(lambda picture: picture.mean(1, keepdim=True)),
        ("a sum of red, green and blue without weights", "Use the weights 0.299, 0.587, 0.114"):
            _transfer(lambda picture: picture.sum(1, keepdim=True)),
        ("a mean of the weighted colours", "The weights add up to 1 already: `.sum(1, keepdim=True)`"):
            _transfer(lambda picture: _y(picture) / 3),
        ("weighted colours that are not added up", "A luminance is one number a point: `.sum(1, keepdim=True)`"):
            _transfer(lambda picture: torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1) * picture),
        ("a sum over the columns", "The colours are dimension 1"):
            _transfer(lambda picture: (torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1) * picture).sum(3, True)),
        ("a sum over the rows", "The colours are dimension 1"):
            _transfer(lambda picture: (torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1) * picture).sum(2, True)),
        ("weights in the order blue, green, red", "0.299 belongs to red, channel 0"):
            _transfer(_weighted(0.114, 0.587, 0.299)),
        ("weights of another standard, ITU-R BT.709", "Here they are 0.299, 0.587, 0.114"):
            _transfer(_weighted(0.2126, 0.7152, 0.0722)),
        ("rounded weights", "They are 0.299, 0.587, 0.114"): _transfer(_weighted(0.3, 0.59, 0.11)),
        ("weights at the place of the batch", "The colours are dimension 1: `.view(1, 3, 1, 1)`"):
            _transfer(lambda picture: (torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1, 1) * picture).sum(1, True)),
        ("0.229 in place of 0.299", "Two digits are exchanged: 0.299 is red's"):
            _transfer(_weighted(0.229, 0.587, 0.114)),
        ("the weights of red and green exchanged", "Green, channel 1, looks brightest: it has 0.587"):
            _transfer(_weighted(0.587, 0.299, 0.114)),
        ("the weights of green and blue exchanged", "Green, channel 1, looks brightest: it has 0.587"):
            _transfer(_weighted(0.299, 0.114, 0.587)),
        ("the lightest colour in place of the luminance", "A luminance is made of all three"):
            _transfer(lambda picture: picture.amax(1, keepdim=True)),
        ("a luminance without its blue", "A luminance is made of all three"): _transfer(_weighted(0.299, 0.587, 0)),
        ("a luminance without its red", "A luminance is made of all three"): _transfer(_weighted(0, 0.587, 0.114)),
        ("red in place of the luminance", "A luminance is made of all three"):
            _transfer(lambda picture: picture[:, :1]),
        ("green in place of the luminance", "A luminance is made of all three"):
            _transfer(lambda picture: picture[:, 1:2]),
        ("one luminance for the whole picture", "Each point has its own: add up the colours alone, dimension 1"):
            _transfer(lambda picture: _y(picture).mean()),
        ("one sum for the whole picture", "Each point has its own: add up the colours alone, dimension 1"):
            _transfer(lambda picture: _y(picture)[:, 0].sum()),
        ("the two pictures exchanged", "The colours are the photograph's, the luminance is the painting's"):
            lambda c, p: _moved(p, c).clamp(0, 1),
        ("the painting in place of the photograph", "The colours come from `content`"):
            lambda c, p: _moved(p, 2 * p - c).clamp(0, 1),
        ("the difference of the luminances alone", "Add it to the photograph"):
            lambda c, p: (_y(p) - _y(c))[:, :1].clamp(0, 1),
        ("the sign turned", "Add the painting's luminance, take the photograph's away"):
            lambda c, p: _moved(c, c * 2 - p).clamp(0, 1),
        ("a grey picture", "That is the luminance alone: the photograph's colours belong to it"):
            lambda c, p: _y(p)[:, :1],
        ("a grey picture of three channels", "That is the luminance alone: the photograph's colours belong to it"):
            lambda c, p: _y(p),
        ("a luminance added to another", "Take the photograph's own luminance away first"):
            lambda c, p: (c + _y(p)).clamp(0, 1),
        ("a luminance taken away alone", "Add the painting's"): lambda c, p: (c - _y(c)).clamp(0, 1),
        ("a luminance taken away alone, and no clamp", "Add the painting's, then clamp"): lambda c, p: c - _y(c),
        ("all the painting's colours added", "Of the painting take the luminance alone"):
            lambda c, p: (c - _y(c) + p).clamp(0, 1),
        ("half of each picture", "Nothing is mixed here: colours from one, luminance from the other"):
            lambda c, p: (c + p) / 2,
        ("half of the difference", "Add the whole difference of the luminances"):
            lambda c, p: (c + (_y(p) - _y(c)) / 2).clamp(0, 1),
        ("a ratio of the luminances", "That is another rule: add the difference"):
            lambda c, p: (c * _y(p) / _y(c)).clamp(0, 1),
        ("a ratio of the luminances upside down", "That is another rule: add the difference"):
            lambda c, p: (c * _y(c) / _y(p)).clamp(0, 1),
        ("a product with the luminance", "Add the difference of the luminances"): lambda c, p: (c * _y(p)).clamp(0, 1),
        ("a product with the difference", "Add the difference of the luminances"):
            lambda c, p: (c * (_y(p) - _y(c))).clamp(0, 1),
        ("the luminance in place of red", "It is spread over all three: add its difference to each colour"):
            lambda c, p: torch.cat([_y(p)[:, :1], c[:, 1:]], 1),
        ("the painting as it is", "Its luminance alone is asked, with the photograph's colours"): lambda c, p: p,
        ("the photograph as it is", "Add the difference of the luminances"): lambda c, p: c,
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


def _divided_by(number: int):
    """The right product, with a number in place of its channels."""
    return lambda f, t: _guided(f, t, number * t.square().sum())


def _rows_of_c(f: Tensor) -> Tensor:
    return f.reshape(1, -1, f.shape[1])


def _chosen(f: Tensor, t: Tensor, divisor) -> Tensor:
    return product(f[..., t[0, 0] == 1].unsqueeze(-1)) / divisor


@exercise(
    {
        ("a Gram matrix without the mask", "Multiply the features by it first"): lambda f, t: losses.gram_matrix(f),
        ("a product without the mask", "Multiply the features by it first"):
            lambda f, t: product(f) / (f.shape[1] * t.square().sum()),
        ("a division by all positions", "Only the masked ones count: divide by C times the sum of T^2"):
            lambda f, t: losses.gram_matrix(f * t),
        ("a division by all positions and by the sum of T^2", "Leave out the positions: C times the sum of T^2"):
            lambda f, t: losses.gram_matrix(f * t) / t.square().sum(),
        ("a division by the mean of T^2", "Add up: C times the sum of T^2"):
            lambda f, t: _guided(f, t, f.shape[1] * t.square().mean()),
        ("a division by the sum of T", "T stands on both sides of the product, so divide by the sum of its squares"):
            lambda f, t: _guided(f, t, f.shape[1] * t.sum()),
        ("a division by the sum of T alone", "Divide by C times the sum of T^2"): lambda f, t: _guided(f, t, t.sum()),
        ("a division by the sum of T^2 twice", "Once is enough: the product has T on both sides already"):
            lambda f, t: _guided(f, t, f.shape[1] * t.square().sum() ** 2),
        ("a division by all positions, without C", "Divide by C times the sum of T^2"):
            lambda f, t: _guided(f, t, t.numel()),
        ("a division by the square of the sum", "First square, then add up"):
            lambda f, t: _guided(f, t, f.shape[1] * t.sum() ** 2),
        ("a division by the root of the sum", "Leave out the root: C times the sum of T^2"):
            lambda f, t: _guided(f, t, f.shape[1] * t.norm()),
        ("a division by the count of positions with a mask", "A mask may lie between 0 and 1: add up its squares"):
            lambda f, t: _guided(f, t, f.shape[1] * (t > 0).sum()),
        ("a mask on one side of the product", "Multiply the features by T before the product: it acts on both sides"):
            lambda f, t: product(f * t.sqrt()) / (f.shape[1] * t.sum()),
        ("a mask on one side, divided by the sum of T^2", "Multiply the features by T before the product"):
            lambda f, t: product(f * t.sqrt()) / (f.shape[1] * t.square().sum()),
        ("a mask squared before the product", "The product squares it: multiply the features by T itself"):
            lambda f, t: _guided(f, t.square(), f.shape[1] * t.square().sum()),
        ("a mask that is added", "Multiply the features by it: 0 means not here"):
            lambda f, t: product(f + t) / (f.shape[1] * t.square().sum()),
        ("a division by C that is missing", "Divide by C too, `features.shape[1]`, as in lesson 04"):
            lambda f, t: _guided(f, t, t.square().sum()),
        ("a division by C alone", "Divide by the sum of T^2 too"): lambda f, t: _guided(f, t, f.shape[1]),
        ("a division by C^2", "Divide by C once"): lambda f, t: _guided(f, t, f.shape[1] ** 2 * t.square().sum()),
        ("a division by the height in place of C", "The channels are `features.shape[1]`"):
            lambda f, t: _guided(f, t, f.shape[2] * t.square().sum()),
        ("a division by the width in place of C", "The channels are `features.shape[1]`"):
            lambda f, t: _guided(f, t, f.shape[3] * t.square().sum()),
        ("3 in place of C", "The channels are `features.shape[1]`"): _divided_by(3),
        ("64 in place of C", "The channels are `features.shape[1]`"): _divided_by(64),
        ("128 in place of C", "The channels are `features.shape[1]`"): _divided_by(128),
        ("256 in place of C", "The channels are `features.shape[1]`"): _divided_by(256),
        ("512 in place of C", "The channels are `features.shape[1]`"): _divided_by(512),
        ("a division by C plus the sum", "Multiply the two"): lambda f, t: _guided(f, t, f.shape[1] + t.square().sum()),
        ("a sum that multiplies", "Put the divisor in parentheses: `/ (C * sum)`"):
            lambda f, t: _guided(f, t, f.shape[1] / t.square().sum()),
        ("a product not divided", "Divide it by C times the sum of T^2"): lambda f, t: _guided(f, t, 1),
        ("a division by the squares of the features", "Divide by C times the sum of T^2"):
            lambda f, t: _guided(f, t, (f * t).square().sum()),
        ("features divided by the mask", "Multiply them by it"): lambda f, t: losses.gram_matrix(f / t),
        ("positions with a mask above one half alone", "A mask may lie between 0 and 1: multiply, do not choose"):
            lambda f, t: _guided(f, (t > 0.5).float(), f.shape[1] * (t > 0.5).sum()),
        ("all positions with a mask above 0, alike", "A mask may lie between 0 and 1: multiply, do not choose"):
            lambda f, t: _guided(f, (t > 0).float(), f.shape[1] * (t > 0).sum()),
        ("positions above one half, divided by the sum of T^2", "Multiply the features by the mask, do not choose"):
            lambda f, t: _guided(f, (t > 0.5).float(), f.shape[1] * t.square().sum()),
        ("positions above 0 alike, divided by the sum of T^2", "Multiply the features by the mask, do not choose"):
            lambda f, t: _guided(f, (t > 0).float(), f.shape[1] * t.square().sum()),
        ("positions with a mask of 1 alone", "A mask may lie between 0 and 1: multiply, do not choose"):
            lambda f, t: _chosen(f, t, f.shape[1] * t.square().sum()),
        ("the mask turned around", "1 means here and 0 means not here"):
            lambda f, t: _guided(f, 1 - t, f.shape[1] * (1 - t).square().sum()),
        ("the mask turned around above the line", "1 means here and 0 means not here"):
            lambda f, t: _guided(f, 1 - t, f.shape[1] * t.square().sum()),
        ("positions times positions", "A row for each channel is asked: F times F transposed, not the reverse"):
            lambda f, t: (f * t).flatten(2).mT @ (f * t).flatten(2) / (f.shape[1] * t.square().sum()),
        ("all channels in one row", "Keep them apart, a row for each: `flatten(2)`"):
            lambda f, t: (f * t).square().sum().view(1, 1) / (f.shape[1] * t.square().sum()),
        ("the squares of the channels alone", "Each channel meets each: rows @ rows.transpose(1, 2)"):
            lambda f, t: (f * t).square().sum((2, 3)) / (f.shape[1] * t.square().sum()),
        ("positions mixed up", "`reshape(1, H * W, C)` cuts memory in wrong places: use `flatten(2)`"):
            lambda f, t: _rows_of_c(f * t).mT @ _rows_of_c(f * t) / (f.shape[1] * t.square().sum()),
        ("channels mixed up", "After `permute` a row is no channel any more: use `flatten(2)` alone"):
            lambda f, t: product((f * t).permute(0, 2, 3, 1).reshape(f.shape)) / (f.shape[1] * t.square().sum()),
        ("a matrix without a batch", "Keep the first dimension: (1, C, C)"):
            lambda f, t: _guided(f, t, f.shape[1] * t.square().sum())[0],
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
