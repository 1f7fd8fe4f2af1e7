"""Content distance, Gram matrix, style distance and total variation: pure functions, and thin modules over them.

A feature map F has shape (B, C, H, W): B pictures, C channels, H x W positions, and M = H W positions in all.
Distances of a batch are averaged over its pictures, so one picture costs the same alone or among others.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def content_distance(features: Tensor, target: Tensor) -> Tensor:
    """How far two feature maps are apart: mean of (F - P)^2 over channels and positions.

    features, target: (B, C, H, W); a target of one picture serves every picture of the batch. Returns a scalar, 0 at
    the target. Raises ValueError when channels or positions differ.

    Gatys, Ecker and Bethge 2016, equation 1, take half the *sum*, 1/2 sum (F - P)^2, which grows with the picture; the
    mean, as in the seed tutorial, lets one weight serve every size. Theirs is C M / 2 times ours.
    """
    if features.shape[-3:] != target.shape[-3:]:
        raise ValueError(
            f"Content is compared position by position, but the features are {tuple(features.shape[-3:])} and the "
            f"target is {tuple(target.shape[-3:])} (channels, height, width): give pictures of the same size."
        )
    return F.mse_loss(_precise(features), _precise(target).expand_as(features))


def gram_matrix(features: Tensor) -> Tensor:
    """Which channels fire together, wherever they do: G_kl = 1/(C M) sum_i F_ki F_li, one matrix for each picture.

    features: (B, C, H, W). Returns (B, C, C), symmetric, positive semi-definite, and the same however the positions
    are shuffled. Computed in float32 at least, because a sum over many positions loses digits in bfloat16.

    Gatys et al. 2016, equation 3, do not divide; they divide by 2 C M in the distance (equation 4), with one M for
    both pictures. Dividing here, as the seed tutorial and Johnson, Alahi and Fei-Fei 2016 (equation 3) do, allows a
    style picture of any size.
    """
    pictures, channels, height, width = features.shape
    rows = features.reshape(pictures, channels, height * width)
    rows = _precise(rows)
    return rows @ rows.transpose(1, 2) / (channels * height * width)


def _precise(features: Tensor) -> Tensor:
    """bfloat16 has 8 bits for a number's digits: enough to convolve, too few to add up thousands of squares."""
    return features.float() if features.dtype in (torch.bfloat16, torch.float16) else features


def style_distance(gram: Tensor, target: Tensor) -> Tensor:
    """How far two Gram matrices are apart: 1/C^2 sum_kl (G_kl - A_kl)^2.

    gram, target: (B, C, C) from `gram_matrix`; a target of one picture serves every picture of the batch. Returns a
    scalar, 0 at the target. Raises ValueError when the channels differ.

    With G and A divided by C M, the E_l of Gatys et al. 2016 (equation 4), 1/(4 C^2 M^2) sum (G - A)^2 of undivided
    matrices, is C^2 / 4 times ours: a constant for each layer.
    """
    if gram.shape[-2:] != target.shape[-2:]:
        raise ValueError(
            f"A Gram matrix of {gram.shape[-1]} channels cannot be compared with one of {target.shape[-1]}: "
            "take both from the same layer."
        )
    return F.mse_loss(gram, target.expand_as(gram))


def total_variation(pictures: Tensor) -> Tensor:
    """How restless pictures are: mean squared difference of neighbours, downwards plus to the right.

    pictures: (B, C, H, W), at least 2 pixels a side. Returns a scalar, 0 for a plain colour. This is the squared,
    anisotropic form (Mahendran and Vedaldi 2015, equation 4 with beta = 2, as a mean); Gatys et al. use none.
    Raises ValueError for a picture with no neighbours.
    """
    if min(pictures.shape[-2:]) < 2:
        raise ValueError(
            f"Total variation compares neighbours: {tuple(pictures.shape)} has fewer than 2 pixels a side."
        )
    down = pictures[..., 1:, :] - pictures[..., :-1, :]
    right = pictures[..., :, 1:] - pictures[..., :, :-1]
    return down.square().mean() + right.square().mean()


def outside_range(pictures: Tensor) -> Tensor:
    """How far pixels leave 0 to 1: mean of max(0, -x, x - 1)^2 over (B, 3, H, W). Returns a scalar, 0 inside.

    Not in the paper. As a term of the objective it keeps L-BFGS in range with a true gradient; clamping behind its
    back, as the seed tutorial does, feeds it differences of gradients from points that it never visited.
    """
    return (pictures - pictures.clamp(0, 1)).square().mean()


class ContentLoss(nn.Module):
    """`content_distance` to fixed features of the content picture, (1, C, H, W) or (B, C, H, W).

    factor multiplies both sides inside the squared error, as the seed tutorial does with its weights: it acts squared.
    """

    def __init__(self, target: Tensor, factor: float = 1.0):
        super().__init__()
        self.factor = factor
        self.register_buffer("target", target.detach() * factor)

    def forward(self, features: Tensor) -> Tensor:
        return content_distance(features * self.factor, self.target)


class GramMatrix(nn.Module):
    """`gram_matrix` as a module: (B, C, H, W) to (B, C, C)."""

    def forward(self, features: Tensor) -> Tensor:
        return gram_matrix(features)


class StyleLoss(nn.Module):
    """`style_distance` to the Gram matrix of fixed features of the style picture, (1, C, H, W) of any H and W.

    factor multiplies both sides inside the squared error, as the seed tutorial does with its weights: it acts squared.
    """

    def __init__(self, target: Tensor, factor: float = 1.0):
        super().__init__()
        self.factor = factor
        self.gram = GramMatrix()
        self.register_buffer("target", self.gram(target.detach()) * factor)

    def forward(self, features: Tensor) -> Tensor:
        return style_distance(self.gram(features) * self.factor, self.target)


class TotalVariation(nn.Module):
    """`total_variation` as a module: (B, C, H, W) to a scalar."""

    def forward(self, pictures: Tensor) -> Tensor:
        return total_variation(pictures)
