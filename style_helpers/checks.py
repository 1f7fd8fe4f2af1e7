"""Feedback on learners' exercise answers: `checks.gram_matrix(my_gram)` says what is right, or what to look at next.

Each check is the right formula under a table of the usual wrong ones: what a wrong answer looks like and what to look
at next, then its formula. `feedback` calls and compares; a check never raises.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from style_helpers import images, losses
from style_helpers.feedback import draw, exercise
from style_helpers.networks import IMAGENET_MEAN, IMAGENET_STD

# Inputs: small, with sides that all differ, so that no wrong formula is right by chance


def _unit(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def _pil(height: int, width: int) -> Image.Image:
    return Image.fromarray((_unit(height, width, 3) * 255).to(torch.uint8).numpy())


# fmt: off
# The exercises: under each table of wrong formulas, the right one. One line in words, one line of formula.
# Lesson 01: pictures as tensors


def _pixels(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).float()  # (H, W, 3), 0 to 255


MEAN = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
STD = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)


@exercise(
    {
        ("numbers from 0 to 255", "Divide by 255"): lambda p: images.from_pil(p) * 255,
        ("a division by 256", "The largest byte is 255, and white must become exactly 1"):
            lambda p: images.from_pil(p) * 255 / 256,
        ("`reshape` in place of `permute`", "`reshape` keeps the order in memory and scrambles colours and places"):
            lambda p: _pixels(p).reshape(1, 3, p.height, p.width) / 255,
        ("the order (1, H, W, 3)", "Networks ask the colours before the places: look at `permute(2, 0, 1)`"):
            lambda p: _pixels(p)[None] / 255,
        ("the order (H, W, 3)", "Bring the colours to the front with `permute`, then add a dimension for the batch"):
            lambda p: _pixels(p) / 255,
        ("a picture without a batch", "Add a dimension of 1 in front: `unsqueeze(0)`"): lambda p: images.from_pil(p)[0],
        ("blue, green, red", "Leave the colours in the order red, green, blue"): lambda p: images.from_pil(p).flip(1),
        ("a picture with rows and columns exchanged", "The height comes before the width: `permute(2, 0, 1)`"):
            lambda p: images.from_pil(p).mT,
    },
    cases={"a picture of 4 x 5 pixels": lambda: (_pil(4, 5),), "one of 7 x 2 pixels": lambda: (_pil(7, 2),)},
    look="Compare the first pixel, `picture.getpixel((0, 0))`, with your result at [0, :, 0, 0].",
    praise="Your tensor is that of `images.from_pil`. Notice that colours now come before places.",
)
def to_tensor(picture):
    """a tensor of shape (1, 3, H, W), float32 from 0 to 1, for an RGB picture"""
    return images.from_pil(picture)


@exercise(
    {
        ("a multiplication by the spread", "Divide by `std`"): lambda x: (x - MEAN) * STD,
        ("a subtraction alone", "Divide by `std` after it"): lambda x: x - MEAN,
        ("a division alone", "Subtract the mean before it"): lambda x: x / STD,
        ("a division before the subtraction", "Brackets: (x - mean) / std"): lambda x: x / STD - MEAN,
        ("the way back, x * std + mean", "Asked is the way there: (x - mean) / std"): lambda x: x * STD + MEAN,
        ("numbers from 0 to 255", "The mean belongs to 0 to 1: leave x there"): lambda x: (x * 255 - MEAN) / STD,
        ("mean and spread in the order blue, green, red", "Give them as red, green, blue"):
            lambda x: (x - MEAN.flip(1)) / STD.flip(1),
        ("mean and spread of this one picture", "Take ImageNet's: the network was trained with those"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True),
        ("one mean and spread for all colours", "Each colour has its own: `view(1, 3, 1, 1)`"):
            lambda x: (x - MEAN.mean()) / STD.mean(),
    },
    cases={"a picture of 4 x 5 pixels": lambda: (_unit(1, 3, 4, 5),), "2 x 7 pixels": lambda: (_unit(1, 3, 2, 7),)},
    look="Asked is (x - mean) / std with one mean and std for each colour; in shape (1, 3, 1, 1) they fit.",
    praise="The network now gets what it was trained on. Notice that black became about -2 and white about 2.5.",
)
def normalise(x):
    """(x - mean) / std with ImageNet's mean and std of each colour, for x of shape (1, 3, H, W) from 0 to 1"""
    return (x - MEAN) / STD


def _bytes(x: Tensor) -> Tensor:
    return (x.clamp(0, 1) * 255).round().to(torch.uint8)[0].permute(1, 2, 0)


@exercise(
    {
        ("numbers cut off in place of rounded", "Use `round()` before `to(torch.uint8)`"):
            lambda x: (x.clamp(0, 1) * 255).byte()[0].permute(1, 2, 0),
        ("numbers that wrap around: a little more than white became dark", "Clamp to 0 to 1 first"):
            lambda x: (x * 255).round().long().byte()[0].permute(1, 2, 0),
        ("numbers neither clamped nor rounded", "Clamp to 0 to 1, then times 255, then `round()`"):
            lambda x: (x * 255).long().byte()[0].permute(1, 2, 0),
        ("the order (3, H, W)", "A picture file wants the colours last: `permute(1, 2, 0)`"):
            lambda x: _bytes(x).permute(2, 0, 1),
        ("a result that still has a batch", "Take the one picture out: `[0]`"): lambda x: _bytes(x)[None],
        ("numbers that are only 0 or 1", "Multiply by 255 before you round"): lambda x: _bytes(x.round() / 255),
        ("a factor of 256", "The largest byte is 255"): lambda x: _bytes(x * 256 / 255),
        ("`reshape` in place of `permute`", "`reshape` scrambles colours and places"):
            lambda x: _bytes(x).permute(2, 0, 1).reshape(*x.shape[2:], 3),
    },
    cases={
        "numbers from 0 to 1": lambda: (_unit(1, 3, 4, 5),),
        "numbers below 0 and above 1": lambda: (_unit(1, 3, 7, 2) * 1.6 - 0.3,),
    },
    look="Four steps: clamp to 0 to 1, times 255, round, colours last.",
    praise="Every number is one of 256 levels now. Notice that what was outside 0 to 1 is lost for good.",
)
def to_bytes(x):
    """a tensor of shape (H, W, 3), uint8, for x of shape (1, 3, H, W) of any range: clamped to 0 to 1, rounded"""
    return _bytes(x)


# Lesson 02: what a network sees


@exercise(
    {
        ("the layers of Gatys et al., the first of each block", "The seed counts all convolutions, one by one"):
            lambda: ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
        ("the ReLUs after the convolutions", "The seed reads its `conv_1` before the ReLU: names with `conv`"):
            lambda: ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"),
        ("the seed's own names", "Asked are the paper's: block, underscore, number in the block"):
            lambda: ("conv_1", "conv_2", "conv_3", "conv_4", "conv_5"),
        ("names without a pooling between them", "After two convolutions VGG pools, and block 2 begins"):
            lambda: ("conv1_1", "conv1_2", "conv1_3", "conv1_4", "conv1_5"),
        ("a count that begins with the second", "The first convolution of all is conv1_1"):
            lambda: ("conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2"),
        ("the last one missing", "There are five: after conv2_2 comes a pooling, and then?"):
            lambda: ("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
        ("the right names from the deepest up", "Begin with the layer next to the picture"):
            lambda: ("conv3_1", "conv2_2", "conv2_1", "conv1_2", "conv1_1"),
    },
    cases={"": lambda: ()},
    look="Walk through VGG from the picture up and write down each convolution: conv, block, underscore, number.",
    praise="Notice that the seed's five layers stop at conv3_1, where the paper's go on to conv5_1.",
)
def seed_layers():
    """a tuple of five names in quotes: the paper's names of the first five convolutions of VGG"""
    return ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")


def _sees(layers, start=1, less=1, early=False) -> int:
    side, jump = start, 1  # jump: pixels between two neighbouring units
    for kernel, stride in layers:
        jump_after = jump * stride
        side, jump = side + (kernel - less) * (jump_after if early else jump), jump_after
    return side


@exercise(
    {
        ("kernels added up without strides", "After a stride of 2, one step is two pixels wide"):
            lambda layers: _sees([(kernel, 1) for kernel, _ in layers]),
        ("a stride that counts one layer too early", "A layer's stride widens the steps of the layers above it"):
            lambda layers: _sees(layers, early=True),
        ("a whole kernel for each layer", "A kernel of 3 adds only 2 to what is seen: kernel - 1"):
            lambda layers: _sees(layers, less=0),
        ("the plain sum of the kernels", "A kernel adds kernel - 1, times the strides below"):
            lambda layers: sum(kernel for kernel, _ in layers),
        ("the answer for the list from its end", "The list goes from the input up: begin with its first"):
            lambda layers: _sees(layers[::-1]),
        ("kernels multiplied", "Sides add up, only strides multiply"):
            lambda layers: math.prod(kernel for kernel, _ in layers),
        ("a start with 0", "Before the first layer, one pixel sees itself: begin with 1"):
            lambda layers: _sees(layers, start=0),
        ("each layer's own stride alone", "All the strides below a layer multiply"):
            lambda layers: layers[0][0] + sum((layers[i][0] - 1) * layers[i - 1][1] for i in range(1, len(layers))),
    },
    cases={
        "[(3, 1), (3, 1)]": lambda: ([(3, 1), (3, 1)],),
        "[(3, 1), (3, 1), (2, 2), (3, 1)]": lambda: ([(3, 1), (3, 1), (2, 2), (3, 1)],),
        "[(11, 4), (3, 2), (5, 1)]": lambda: ([(11, 4), (3, 2), (5, 1)],),
    },
    look="Draw it: each layer adds kernel - 1 steps, and a step is as wide as all strides below it multiplied.",
    praise="Notice how each stride widens all that comes after it: depth sees far because of pooling.",
)
def receptive_field(layers):
    """the side, in pixels, of what one unit sees, an int, for a list of (kernel, stride) from the input up"""
    return _sees(layers)


@exercise(
    {
        ("a ReLU in place", "The numbers are right, but x is overwritten: use `clamp(min=0)` without `_`"):
            lambda x: x.relu_(),
        ("the argument given back as it was", "Below 0 the result must be 0"): lambda x: x,
        ("a ReLU turned around", "Keep what is above 0"): lambda x: x.clamp(max=0),
        ("absolute values", "Numbers below 0 become 0, not positive"): lambda x: x.abs(),
        ("a leaky ReLU", "Below 0 the result must be exactly 0"): lambda x: F.leaky_relu(x),
        ("a mask of 0 and 1", "Multiply it with x"): lambda x: (x > 0).float(),
        ("a clamp at 1 as well", "A ReLU has no upper end"): lambda x: x.clamp(0, 1),
    },
    cases={"features of shape (2, 3, 4, 5)": lambda: (draw(2, 3, 4, 5),), "(7, 2)": lambda: (draw(7, 2),)},
    look="Above 0 the number itself, else 0, in a new tensor.",
    praise="And x is as it was. Notice that `nn.ReLU(inplace=True)`, as in torchvision's VGG, would not leave it so.",
)
def relu_trap(x):
    """a new tensor with the numbers of x above 0, and 0 for the others; x stays as it is"""
    return x.clamp(min=0)


# Lesson 03: content distance


def _two_maps(*shape: int) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (draw(1, *shape), draw(1, *shape, seed=1))


def _size(features: Tensor) -> int:
    return features[0].numel()  # C x M


MAPS = {"features of shape (1, 3, 4, 5)": _two_maps(3, 4, 5), "(1, 2, 7, 3)": _two_maps(2, 7, 3)}


@exercise(
    {
        ("the sum of the squares", "Take the mean, so that a larger picture does not cost more"):
            lambda f, p: (f - p).square().sum(),
        ("half the sum, equation 1 of Gatys et al. 2016", "Right there, but here asked is the mean of the squares"):
            lambda f, p: (f - p).square().sum() / 2,
        ("the mean of absolute values", "Square the differences"): lambda f, p: (f - p).abs().mean(),
        ("the root of the mean", "Leave out the root"): lambda f, p: (f - p).square().mean().sqrt(),
        ("the length of the difference, a norm", "Leave out the root, and take the mean"): lambda f, p: (f - p).norm(),
        ("means over the channels, compared", "Compare each channel on its own: square, then mean"):
            lambda f, p: (f - p).mean(1).square().mean(),
        ("the square of the mean difference", "Square first, then take the mean"): lambda f, p: (f - p).mean().square(),
        ("the mean difference without a square", "Above and below cancel out: square them"):
            lambda f, p: (f - p).mean(),
        ("a division by the channels alone", "Divide by the positions too: `.mean()`"):
            lambda f, p: (f - p).square().sum() / f.shape[1],
        ("a division by the positions alone", "Divide by the channels too: `.mean()`"):
            lambda f, p: (f - p).square().sum() / f[0, 0].numel(),
    },
    cases=MAPS,
    look="Difference, square, mean, in this order.",
    praise="It agrees with `losses.content_distance`. Notice that every position is compared with itself alone.",
    gradient=True,
)
def content_distance(features, target):
    """a scalar tensor: the mean of the squared differences of two feature maps of shape (1, C, H, W)"""
    return losses.content_distance(features, target)


def _slope(f: Tensor, p: Tensor) -> Tensor:
    return 2 * (f - p) / _size(f)


@exercise(
    {
        ("a factor 2 that is missing", "A square's slope: (x^2)' = 2x"): lambda f, p: _slope(f, p) / 2,
        ("the sign turned", "The distance grows away from P: F - P, not P - F"): lambda f, p: -_slope(f, p),
        ("a gradient not divided", "The mean divides by C M, so its gradient does too"): lambda f, p: 2 * (f - p),
        ("equation 2 of Gatys et al. 2016", "That belongs to half the sum: here is a mean, 2 (F - P) / (C M)"):
            lambda f, p: f - p,
        ("height and width exchanged", "The gradient has the places of F: leave them"): lambda f, p: _slope(f, p).mT,
        ("a factor 4", "One square gives one factor 2"): lambda f, p: 2 * _slope(f, p),
        ("a division by the positions alone", "Divide by C too"): lambda f, p: _slope(f, p) * f.shape[1],
        ("a division by the channels alone", "Divide by M too"): lambda f, p: _slope(f, p) * f[0, 0].numel(),
        ("the distance itself", "Its slope is asked, one number for each of F"): losses.content_distance,
    },
    cases=MAPS,
    look="Differentiate one square, (F - P)^2 / (C M), by F.",
    praise="Autograd would give the same. Notice that it is the difference itself, only scaled.",
)
def content_gradient(features, target):
    """the gradient of the content distance by the features, 2 (F - P) / (C M), of shape (1, C, H, W)"""
    return _slope(features, target)


# Lesson 04: Gram matrices and style


def _rows(features: Tensor) -> Tensor:
    return features.flatten(2)


def _product(f: Tensor) -> Tensor:
    return _rows(f) @ _rows(f).mT


def _seed_gram(f: Tensor) -> Tensor:
    pictures, channels, height, width = f.shape
    folded = f.reshape(pictures * channels, height * width)
    return folded @ folded.T / f.numel()


FOLDED = "With one picture its numbers are right; with two it makes one matrix of 2 C rows that mixes both pictures"


@exercise(
    {
        ("a product not divided", "Divide it by `C * H * W`"): _product,
        ("a division made twice", "Divide by `C * H * W` once"): lambda f: losses.gram_matrix(f) / _size(f),
        ("a division by the positions alone", "Divide by the channels too: `C * H * W`"):
            lambda f: _product(f) / f[0, 0].numel(),
        ("a division by the channels alone", "Divide by the positions too: `C * H * W`"):
            lambda f: _product(f) / f.shape[1],
        ("a division by 2 C M, as in equation 4 of Gatys et al.", "Leave out the 2"):
            lambda f: losses.gram_matrix(f) / 2,
        ("positions times positions", "A row for each channel is asked: F times F transposed, not the reverse"):
            lambda f: _rows(f).mT @ _rows(f) / _size(f),
        ("the seed's `view(a * b, c * d)`: the batch folded into the channels", FOLDED): _seed_gram,
        ("the batch folded into the channels", FOLDED): lambda f: _seed_gram(f)[None],
        ("positions mixed up", "`reshape(B, H * W, C)` cuts memory in wrong places: use `reshape(B, C, H * W)`"):
            lambda f: f.reshape(len(f), -1, f.shape[1]).mT @ f.reshape(len(f), -1, f.shape[1]) / _size(f),
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
            lambda f, a: (_product(f) - a).square().mean(),
        ("a Gram matrix divided twice", "`gram_matrix` divides already"):
            lambda f, a: (losses.gram_matrix(f) / _size(f) - a).square().mean(),
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
    return 4 / (f.shape[1] ** 2 * _size(f)) * (_apart(f, a) @ _rows(f)).view_as(f)


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
            lambda f, a: _style_slope(f, a) * _size(f),
        ("a gradient not divided at all", "Divide by C^2 and by C M"):
            lambda f, a: _style_slope(f, a) * f.shape[1] ** 2 * _size(f),
        ("a division by C M made twice", "G is divided already: C M stands in front once"):
            lambda f, a: _style_slope(f, a) / _size(f),
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


# Lesson 05: descending to a picture


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
        "a picture": lambda: (_unit(1, 3, 4, 5), draw(1, 3, 4, 5, seed=1), 0.02),
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
        "a later step, t = 3": lambda: (*(draw(5, seed=i) for i in range(3)), _unit(5), 3, 0.1),
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


# Lesson 06: all together


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
            lambda f, c, s, wc, ws: _total(f, c, s, wc, ws, gram=_product),
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
