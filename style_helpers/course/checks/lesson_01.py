"""Checks of lesson 01: pictures as tensors."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from style_helpers import images
from style_helpers.course.feedback import exercise, unit
from style_helpers.networks import IMAGENET_MEAN, IMAGENET_STD

# In the tables one line in words, one line of formula
# fmt: off


def _pil(height: int, width: int, brightest: int) -> Image.Image:
    """Of random bytes, some of them 0 and some of them `brightest`."""
    levels = (unit(height, width, 3) * 1.5 - 0.25).clamp(0, 1) * brightest
    return Image.fromarray(levels.round().to(torch.uint8).cpu().numpy())


def _pixels(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).float()  # (H, W, 3), 0 to 255


def _picture(picture: Image.Image) -> Tensor:
    return images.from_pil(picture, "cpu")  # where a learner's own tensor is


MEAN = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
STD = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)


@exercise(
    {
        ("numbers from 0 to 255", "Divide by 255"): lambda p: _picture(p) * 255,
        ("a division by 256", "The largest byte is 255, and white must become exactly 1"):
            lambda p: _picture(p) * 255 / 256,
        ("a division made twice", "Divide by 255 once"): lambda p: _picture(p) / 255,
        ("`//`, which keeps whole numbers alone", "Divide with `/`: between 0 and 1 all grey levels lie"):
            lambda p: (_pixels(p).permute(2, 0, 1) // 255)[None],
        ("a division by the picture's own largest number", "A dark picture must stay dark: divide by 255"):
            lambda p: _picture(p) / _picture(p).max(),
        ("numbers normalised as ImageNet's", "That comes later, in exercise 3: here divide by 255 alone"):
            lambda p: (_picture(p) - MEAN) / STD,
        ("numbers from -1 to 1", "Here black is 0: divide by 255 alone"): lambda p: _picture(p) * 2 - 1,
        ("`reshape` in place of `permute`", "`reshape` keeps the order in memory and scrambles colours and places"):
            lambda p: _pixels(p).reshape(1, 3, p.height, p.width) / 255,
        ("the order (1, H, W, 3)", "Networks ask the colours before the places: look at `permute(2, 0, 1)`"):
            lambda p: _pixels(p)[None] / 255,
        ("the order (H, W, 3)", "Bring the colours to the front with `permute`, then add a dimension for the batch"):
            lambda p: _pixels(p) / 255,
        ("a picture without a batch", "Add a dimension of 1 in front: `unsqueeze(0)`"): lambda p: _picture(p)[0],
        ("a dimension of 1 behind the colours", "The batch stands in front: `unsqueeze(0)`"):
            lambda p: _picture(p)[0].unsqueeze(1),
        ("a dimension of 1 at the end", "The batch stands in front: `unsqueeze(0)`"):
            lambda p: _picture(p)[0].unsqueeze(-1),
        ("blue, green, red", "Leave the colours in the order red, green, blue"): lambda p: _picture(p).flip(1),
        ("a picture with rows and columns exchanged", "The height comes before the width: `permute(2, 0, 1)`"):
            lambda p: _picture(p).mT,
        ("a grey picture", "Keep the three colours"): lambda p: _picture(p).mean(1, keepdim=True),
    },
    cases={"a picture of 4 x 5 pixels": lambda: (_pil(4, 5, 255),), "one of 7 x 2": lambda: (_pil(7, 2, 200),)},
    look="Compare the first pixel, `picture.getpixel((0, 0))`, with your result at [0, :, 0, 0].",
    praise="Your tensor is that of `images.from_pil`. Notice that colours now come before places.",
)
def to_tensor(picture):
    """a tensor of shape (1, 3, H, W), float32 from 0 to 1, for an RGB picture"""
    return _picture(picture)


@exercise(
    {
        ("a multiplication by the spread", "Divide by `std`"): lambda x: (x - MEAN) * STD,
        ("a subtraction alone", "Divide by `std` after it"): lambda x: x - MEAN,
        ("a division alone", "Subtract the mean before it"): lambda x: x / STD,
        ("a mean that is added", "Subtract it: (x - mean) / std"): lambda x: (x + MEAN) / STD,
        ("the sign turned", "x - mean, not mean - x"): lambda x: (MEAN - x) / STD,
        ("a division before the subtraction", "Brackets: (x - mean) / std"): lambda x: x / STD - MEAN,
        ("brackets that are missing", "Python divides before it subtracts: (x - mean) / std"): lambda x: x - MEAN / STD,
        ("mean and spread exchanged", "The mean, 0.485 and so on, is subtracted: (x - mean) / std"):
            lambda x: (x - STD) / MEAN,
        ("a division by the variance, the square of `std`", "Divide by `std` itself"): lambda x: (x - MEAN) / STD**2,
        ("a root of `std`", "It is the standard deviation already: divide by it as it is"):
            lambda x: (x - MEAN) / STD.sqrt(),
        ("the way back, x * std + mean", "Asked is the way there: (x - mean) / std"): lambda x: x * STD + MEAN,
        ("a picture normalised twice", "Once is enough: (x - mean) / std"): lambda x: ((x - MEAN) / STD - MEAN) / STD,
        ("numbers from 0 to 255", "The mean belongs to 0 to 1: leave x there"): lambda x: (x * 255 - MEAN) / STD,
        ("a division by 255", "x is from 0 to 1 already: leave it there"): lambda x: (x / 255 - MEAN) / STD,
        ("a result clamped to 0 to 1", "Half of the numbers belong below 0: leave out the clamp"):
            lambda x: ((x - MEAN) / STD).clamp(0, 1),
        ("mean and spread in the order blue, green, red", "Give them as red, green, blue"):
            lambda x: (x - MEAN.flip(1)) / STD.flip(1),
        ("mean and spread of this one picture", "Take ImageNet's: the network was trained with those"):
            lambda x: (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True),
        ("one mean and spread of this one picture, over all colours",
         "Take ImageNet's, three numbers each: the network was trained with those"):
            lambda x: (x - x.mean()) / x.std(),
        ("one mean and spread for all colours", "Each colour has its own: `view(1, 3, 1, 1)`"):
            lambda x: (x - MEAN.mean()) / STD.mean(),
        ("red's mean and spread for all colours", "Each colour has its own: `view(1, 3, 1, 1)`"):
            lambda x: (x - MEAN[:, :1]) / STD[:, :1],
        ("a mean and spread over the colours of each pixel", "Take ImageNet's three numbers each"):
            lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
        ("a division by the mean", "Divide by `std`"): lambda x: (x - MEAN) / MEAN,
        ("numbers from -1 to 1", "Other networks want that: this one ImageNet's mean and std of each colour"):
            lambda x: (x - 0.5) / 0.5,
    },
    cases={"a picture of 4 x 5 pixels": lambda: (unit(1, 3, 4, 5),), "2 x 7 pixels": lambda: (unit(1, 3, 2, 7),)},
    look="Asked is (x - mean) / std with one mean and std for each colour; in shape (1, 3, 1, 1) they fit.",
    praise="The network now gets what it was trained on. Notice that black became about -2 and white about 2.5.",
)
def normalise(x):
    """(x - mean) / std with ImageNet's mean and std of each colour, for x of shape (1, 3, H, W) from 0 to 1"""
    return (x - MEAN) / STD


def _levels(x: Tensor) -> Tensor:
    return (x.clamp(0, 1) * 255).round()


def _bytes(levels: Tensor) -> Tensor:
    return levels.to(torch.int64).to(torch.uint8)[0].permute(1, 2, 0)  # by int64 they wrap around on every machine


@exercise(
    {
        ("numbers cut off in place of rounded", "Use `round()` before `to(torch.uint8)`"):
            lambda x: _bytes(x.clamp(0, 1) * 255),
        ("numbers that wrap around: a little more than white became dark", "Clamp to 0 to 1 first"):
            lambda x: _bytes((x * 255).round()),
        ("numbers neither clamped nor rounded", "Clamp to 0 to 1, then times 255, then `round()`"):
            lambda x: _bytes(x * 255),
        ("a clamp at 0 alone", "Above 1 numbers wrap around too: `clamp(0, 1)`"):
            lambda x: _bytes((x.clamp(min=0) * 255).round()),
        ("a clamp at 1 alone", "Below 0 numbers wrap around too: `clamp(0, 1)`"):
            lambda x: _bytes((x.clamp(max=1) * 255).round()),
        ("bytes made before the multiplication", "`to(torch.uint8)` cuts 0.7 down to 0: do the arithmetic first"):
            lambda x: _bytes(x.clamp(0, 1).long() * 255),
        ("`round()` before the multiplication", "It leaves 0 and 1 alone: clamp, times 255, and then round"):
            lambda x: _bytes(x.clamp(0, 1).round() * 255),
        ("a clamp to 0 to 1 after the multiplication", "There 255 is white: clamp before it, or to 0 to 255"):
            lambda x: _bytes((x * 255).clamp(0, 1).round()),
        ("numbers that are only 0 or 1", "Multiply by 255 before you round"): lambda x: _bytes(x.clamp(0, 1).round()),
        ("numbers stretched from the smallest to the largest", "A pale picture must stay pale: clamp to 0 to 1"):
            lambda x: _bytes(_levels((x - x.min()) / (x.max() - x.min()))),
        ("signs taken away", "What is below 0 becomes 0, as by `clamp(0, 1)`"): lambda x: _bytes(_levels(x.abs())),
        ("half a level too much", "`+ 0.5` belongs to cutting off: `round()` needs none"):
            lambda x: _bytes((x.clamp(0, 1) * 255 + 0.5).round()),
        ("numbers rounded up", "`round()` goes to the nearest level"): lambda x: _bytes((x.clamp(0, 1) * 255).ceil()),
        ("a factor of 256", "The largest byte is 255"): lambda x: _bytes((x.clamp(0, 1) * 256).round().clamp(0, 255)),
        ("a factor of 256, which wraps around", "The largest byte is 255"):
            lambda x: _bytes((x.clamp(0, 1) * 256).round()),
        ("the order (3, H, W)", "A picture file wants the colours last: `permute(1, 2, 0)`"):
            lambda x: _bytes(_levels(x)).permute(2, 0, 1),
        ("rows and columns exchanged", "The height stays before the width: `permute(1, 2, 0)`"):
            lambda x: _bytes(_levels(x)).transpose(0, 1),
        ("blue, green, red", "Leave the colours in the order red, green, blue"):
            lambda x: _bytes(_levels(x)).flip(2),
        ("a result that still has a batch", "Take the one picture out: `[0]`"): lambda x: _bytes(_levels(x))[None],
        ("`reshape` in place of `permute`", "`reshape` scrambles colours and places"):
            lambda x: _levels(x).reshape(*x.shape[2:], 3),
    },
    cases={
        "numbers from 0 to 1": lambda: (unit(1, 3, 4, 5),),
        "numbers below 0 and above 1": lambda: (unit(1, 3, 7, 2) * 1.6 - 0.3,),
    },
    look="Four steps: clamp to 0 to 1, times 255, round, colours last.",
    praise="Every number is one of 256 levels now. Notice that what was outside 0 to 1 is lost for good.",
)
def to_bytes(x):
    """a tensor of shape (H, W, 3), uint8, for x of shape (1, 3, H, W) of any range: clamped to 0 to 1, rounded"""
    return _bytes(_levels(x))
