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


def _pil(height: int, width: int) -> Image.Image:
    return Image.fromarray((unit(height, width, 3) * 255).to(torch.uint8).cpu().numpy())


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
        ("`reshape` in place of `permute`", "`reshape` keeps the order in memory and scrambles colours and places"):
            lambda p: _pixels(p).reshape(1, 3, p.height, p.width) / 255,
        ("the order (1, H, W, 3)", "Networks ask the colours before the places: look at `permute(2, 0, 1)`"):
            lambda p: _pixels(p)[None] / 255,
        ("the order (H, W, 3)", "Bring the colours to the front with `permute`, then add a dimension for the batch"):
            lambda p: _pixels(p) / 255,
        ("a picture without a batch", "Add a dimension of 1 in front: `unsqueeze(0)`"): lambda p: _picture(p)[0],
        ("blue, green, red", "Leave the colours in the order red, green, blue"): lambda p: _picture(p).flip(1),
        ("a picture with rows and columns exchanged", "The height comes before the width: `permute(2, 0, 1)`"):
            lambda p: _picture(p).mT,
    },
    cases={"a picture of 4 x 5 pixels": lambda: (_pil(4, 5),), "one of 7 x 2 pixels": lambda: (_pil(7, 2),)},
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
    cases={"a picture of 4 x 5 pixels": lambda: (unit(1, 3, 4, 5),), "2 x 7 pixels": lambda: (unit(1, 3, 2, 7),)},
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
        "numbers from 0 to 1": lambda: (unit(1, 3, 4, 5),),
        "numbers below 0 and above 1": lambda: (unit(1, 3, 7, 2) * 1.6 - 0.3,),
    },
    look="Four steps: clamp to 0 to 1, times 255, round, colours last.",
    praise="Every number is one of 256 levels now. Notice that what was outside 0 to 1 is lost for good.",
)
def to_bytes(x):
    """a tensor of shape (H, W, 3), uint8, for x of shape (1, 3, H, W) of any range: clamped to 0 to 1, rounded"""
    return _bytes(x)
