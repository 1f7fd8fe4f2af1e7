"""Content distance, the statistics of a style, style distance, total variation: taught, tested, and run.

Functions first; then thin modules over them, each with its weight and its fixed target, of which `StyleObjective` is
made. A feature map F has shape (B, C, H, W): B pictures, C channels, H x W positions, and N = H W positions in all.
Distances of a batch are averaged over its pictures, so one picture costs the same alone or among others.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from style_helpers._gradients import moments
from style_helpers.language import _

TINY = 1e-20  # keeps a black picture from dividing by nothing


def content_distance(features: Tensor, target: Tensor) -> Tensor:
    """How far two feature maps are apart: mean of (F - P)^2 over channels and positions.

    features, target: (B, C, H, W); a target of one picture serves every picture of the batch. Returns a scalar, 0 at
    the target. Raises ValueError when channels or positions differ.

    Gatys, Ecker and Bethge 2016, equation 1, take half the *sum*, 1/2 sum (F - P)^2, which grows with the picture; the
    mean, as in the old tutorial, lets one weight serve every size. Theirs is C N / 2 times ours.
    """
    if features.shape[-3:] != target.shape[-3:]:
        raise ValueError(
            _(
                "Content is compared position by position, but the features are {features} and the target is {target} "
                "(channels, height, width): give pictures of the same size.",
                features=tuple(features.shape[-3:]),
                target=tuple(target.shape[-3:]),
            )
        )
    difference = _precise(features) - _precise(target)
    # The mean. Autograd of .mean() gives a map in another order of memory than the features', and all that follows it
    # copies: measured with the tutorial at 512 pixels, a tenth of an evaluation
    return difference.square().sum() / difference.numel()


def gram_matrix(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """Which channels fire together, wherever they do: G_kl = 1/(C N) sum_i F_ki F_li, one matrix for each picture.

    features: (B, C, H, W). Returns (B, C, C), symmetric, positive semi-definite, and the same however the positions
    are shuffled. Computed in float32 at least, because a sum over many positions loses digits in bfloat16.

    mask: (1, 1, H, W), 0 to 1, where the style counts: features are multiplied by it, and the sum is divided by sum
    T^2 in place of N. This is the guided Gram matrix of Gatys et al., "Controlling Perceptual Factors in Neural Style
    Transfer", CVPR 2017, equation 6.

    Gatys et al. 2016, equation 3, do not divide; they divide by 2 C N in the distance (equation 4), with one N for
    both pictures. Dividing here, as the old tutorial and Johnson, Alahi and Fei-Fei 2016 (equation 3) do, allows a
    style picture of any size.
    """
    second, _ = moments(_masked(features, mask), with_mean=False)  # F F^T / N, with F as a table of C rows
    return second / features.shape[1]


def style_distance(gram: Tensor, target: Tensor) -> Tensor:
    """How far two Gram matrices are apart: 1/C^2 sum_kl (G_kl - A_kl)^2.

    gram, target: (B, C, C) from `gram_matrix`; a target of one picture serves every picture of the batch. Returns a
    scalar, 0 at the target. Raises ValueError when the channels differ.

    With G and A divided by C N, the E_l of Gatys et al. 2016 (equation 4), 1/(4 C^2 N^2) sum (G - A)^2 of undivided
    matrices, is C^2 / 4 times ours: a constant for each layer.
    """
    if gram.shape[-2:] != target.shape[-2:]:
        raise ValueError(
            _(
                "A Gram matrix of {channels} channels cannot be compared with one of {others}: take both from the "
                "same layer.",
                channels=gram.shape[-1],
                others=target.shape[-1],
            )
        )
    return (gram - target).square().mean()


def total_variation(pictures: Tensor) -> Tensor:
    """How restless pictures are: mean squared difference of neighbours, downwards plus to the right.

    pictures: (B, C, H, W), at least 2 pixels a side. Returns a scalar, 0 for a plain colour. This is the squared,
    anisotropic form (Mahendran and Vedaldi 2015, equation 4 with beta = 2, as a mean); Gatys et al. use none.
    Raises ValueError for a picture with no neighbours.
    """
    if min(pictures.shape[-2:]) < 2:
        raise ValueError(
            _(
                "Total variation compares neighbours: {shape} has fewer than 2 pixels a side.",
                shape=tuple(pictures.shape),
            )
        )
    down = pictures[..., 1:, :] - pictures[..., :-1, :]
    right = pictures[..., :, 1:] - pictures[..., :, :-1]
    return down.square().mean() + right.square().mean()


def outside_range(pictures: Tensor) -> Tensor:
    """How far pixels leave 0 to 1: mean of max(0, -x, x - 1)^2 over (B, 3, H, W). Returns a scalar, 0 inside.

    Not in the paper. As a term of the objective it keeps L-BFGS in range with a true gradient; clamping behind its
    back, as the old tutorial does, feeds it differences of gradients from points that it never visited.
    """
    return (pictures - pictures.clamp(0, 1)).square().mean()


def _precise(features: Tensor) -> Tensor:
    """bfloat16 has 8 bits for a number's digits: enough to convolve, too few to add up thousands of squares."""
    return features.float() if features.dtype in (torch.bfloat16, torch.float16) else features


def _masked(features: Tensor, mask: Tensor | None) -> Tensor:
    return features if mask is None else features * _share(mask).to(features.dtype)


def _share(mask: Tensor) -> Tensor:
    """A mask scaled so that its square has mean 1: a sum over all positions then counts the masked ones only."""
    mask = mask / mask.max()  # squares of very small numbers would all be 0
    return mask / mask.square().mean().sqrt()


# What a style is: a statistic of features that forgets where they are, and a distance between two of them. Each is
# called with features (B, C, H, W) and, where only a part of the picture counts, a mask (1, 1, H, W) from 0 to 1.


class GramMatrix(nn.Module):
    """`gram_matrix` and `style_distance`: Gatys, Ecker and Bethge 2016, equations 3 to 5."""

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        return gram_matrix(features, mask)

    def distance(self, gram: Tensor, target: Tensor) -> Tensor:
        return style_distance(gram, target)


class MeanCovariance(nn.Module):
    """Covariance and mean of the channels, kept apart, (B, C, C + 1): the Gram matrix mixes them (it is C' + m m^T).

    The distance is the mean square between the covariances plus that between the means, the latter times the mean
    square of the target's mean so that both have the same unit. Compare Li et al., "Demystifying Neural Style
    Transfer", IJCAI 2017, who show that matching statistics such as these is matching distributions.
    """

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        second, mean = moments(_masked(features, mask), with_mean=mask is None)
        if mask is not None:
            mean = (_precise(features) * _share(mask).square()).mean((2, 3))
        covariance = second - mean[:, :, None] * mean[:, None, :]
        return torch.cat([covariance, mean[:, :, None]], dim=2)

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        squares = (mine - target).square()
        return squares[..., :-1].mean() + squares[..., -1].mean() * target[..., -1].square().mean()


class SlicedWasserstein(nn.Module):
    """The whole distribution of the features, seen along random directions that stay the same: (B, directions, N).

    Along each direction the values at all positions are sorted; the distance is the mean square between two sorted
    lists, the target's stretched to the picture's length. Heitz et al., "A Sliced Wasserstein Loss for Neural Texture
    Synthesis", CVPR 2021, equation 4, who draw new directions each time: L-BFGS needs a function that stands still.
    """

    DIRECTIONS = 64

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        rows = _precise(features).permute(0, 2, 3, 1).flatten(1, 2)
        if mask is not None:
            rows = rows[:, mask.flatten() > 0.5 * mask.max()]
        generator = torch.Generator().manual_seed(0)  # on the CPU: the same directions on every device
        directions = torch.randn(rows.shape[2], self.DIRECTIONS, generator=generator).to(rows)
        return (rows @ F.normalize(directions, dim=0)).sort(dim=1).values.transpose(1, 2)

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        if mine.shape[2] != target.shape[2]:
            target = F.interpolate(target, mine.shape[2], mode="linear", align_corners=True)
        return (mine - target).square().mean()


class NearestNeighbours(nn.Module):
    """The features themselves, a row for each place: (B, places, C). Nothing is averaged, so nothing is mixed.

    The distance looks both ways and takes the mean. There: every place of the picture is to look like *some* place of
    the style, so it is the mean over rows f of 1 - cos(f, s), where s is the style's row with the smallest angle to f,
    after the mean of the style's rows is taken from both. Back: every place of the style is to be found *somewhere* in
    the picture, else one piece of sky would do. From 0 to 1, because rows around their own mean point in all
    directions. Who is whose neighbour is found anew each time.

    It is the relaxed transport of Kolkin, Salavon and Shakhnarovich, "STROTSS", CVPR 2019, who take the larger of the
    two; Kolkin et al., "Neural Neighbor Style Transfer", 2022, look there only, with the style turned by quarters too.

    Every place is compared with every place, so maps with more than 4,096 of them are averaged over squares first.
    """

    PLACES = 4096

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        side = math.ceil(math.sqrt(features.shape[2] * features.shape[3] / self.PLACES))
        squares = F.avg_pool2d(_precise(features), side, ceil_mode=True)
        rows = squares.permute(0, 2, 3, 1).flatten(1, 2)
        if mask is None:
            return rows
        shares = F.avg_pool2d(mask, side, ceil_mode=True).flatten()
        return rows[:, shares > 0.5 * shares.max()]

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        mean = target.mean(1, keepdim=True)
        mine, target = F.normalize(mine - mean, dim=2), F.normalize(target - mean, dim=2)
        alike = mine.detach() @ target.transpose(1, 2)  # the choice has no gradient, the distance to it has
        there = (mine - _chosen(target, alike.argmax(2))).square().sum(2).mean() / 2  # of unit vectors: 1 - cos
        back = (_chosen(mine, alike.argmax(1)) - target).square().sum(2).mean() / 2
        return (there + back) / 2


def _chosen(rows: Tensor, numbers: Tensor) -> Tensor:
    """Of each picture's rows (1 or B, places, C) those with these numbers, (B, as many)."""
    return rows.expand(len(numbers), -1, -1).gather(1, numbers[:, :, None].expand(-1, -1, rows.shape[2]))


STATISTICS = {
    "gram": GramMatrix,
    "mean_covariance": MeanCovariance,
    "wasserstein": SlicedWasserstein,
    "nearest": NearestNeighbours,
}


# The terms of an objective, each called with what it looks at; it returns its weight times a distance, a scalar.


class Weighted(nn.Module):
    """What all terms share: a weight, which printing shows."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def extra_repr(self) -> str:
        return f"weight={self.weight:.4g}"


class ContentLoss(Weighted):
    """`weight` times the `content_distance` to fixed features of the content picture, (1, C, H, W) or (B, C, H, W)."""

    def __init__(self, target: Tensor, weight: float = 1.0):
        super().__init__(weight)
        self.register_buffer("target", target.detach().clone())

    def forward(self, features: Tensor) -> Tensor:
        return self.weight * content_distance(features, self.target)

    def from_nothing(self) -> float:
        """The content distance of features that are all 0, with no weight."""
        return max(_precise(self.target).square().mean().item(), TINY)


class StyleLoss(Weighted):
    """`weight` times the distance between the statistic of features and that of fixed features of a style picture.

    target     features of the style picture, (1, C, any H, any W), of which only the statistic is kept
    statistic  `GramMatrix()` when None, or another of STATISTICS
    mask       where in the picture under work this style goes: (1, 1, H, W) of its features, 0 to 1; None is everywhere
    """

    def __init__(
        self, target: Tensor, weight: float = 1.0, statistic: nn.Module | None = None, mask: Tensor | None = None
    ):
        super().__init__(weight)
        self.statistic = statistic or GramMatrix()
        self.register_buffer("target", self.statistic(target.detach()))
        self.register_buffer("mask", mask)

    def forward(self, features: Tensor) -> Tensor:
        return self.weight * self.statistic.distance(self.statistic(features, self.mask), self.target)

    def from_nothing(self) -> float:
        """The style distance of features that are all 0, with no weight."""
        return max(self.statistic.distance(torch.zeros_like(self.target), self.target).item(), TINY)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.mask is None else _(", masked"))


class TotalVariation(Weighted):
    """`weight` times the `total_variation` of pictures (B, C, H, W)."""

    def forward(self, pictures: Tensor) -> Tensor:
        return self.weight * total_variation(pictures)


class PixelRange(Weighted):
    """`weight` times how far the pixels of pictures (B, 3, H, W) are `outside_range`."""

    def forward(self, pictures: Tensor) -> Tensor:
        return self.weight * outside_range(pictures)
