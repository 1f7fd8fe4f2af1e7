"""What a style is: a description of features that forgets where they are, and a distance between two descriptions.

Three of them behind one interface. `describe` takes features (1, C, H, W) and, where only a part of the picture counts,
a mask (1, 1, H, W) from 0 to 1; descriptions of pictures of any two sizes can be compared with `distance`, a scalar,
0 when they are equal.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from style_helpers import fast


class Gram:
    """The Gram matrix, 1/(C M) sum_i F_ki F_li, and the mean square of the difference: `losses.style_distance`.

    Gatys, Ecker and Bethge 2016, equations 3 to 5. With a mask T, features are multiplied by it and the sum is divided
    by sum T^2 in place of M: the guided Gram matrix of Gatys et al., "Controlling Perceptual Factors in Neural Style
    Transfer", CVPR 2017, equation 6.
    """

    def describe(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        return fast.gram_matrix(features if mask is None else features * _share(mask).to(features.dtype))

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(mine, target)


class MeanCovariance:
    """Mean and covariance of the channels, kept apart: the Gram matrix mixes them (it is C' + m m^T).

    The distance is the mean square between the covariances plus that between the means, the latter times the mean
    square of the target's mean so that both have the same unit. Compare Li et al., "Demystifying Neural Style
    Transfer", IJCAI 2017, who show that matching statistics such as these is matching distributions.
    """

    def describe(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            second, mean = fast.moments(features)
        else:
            second, _ = fast.moments(features * _share(mask).to(features.dtype))
            mean = (features.float() * _share(mask).square()).mean((2, 3))
        covariance = second - mean[:, :, None] * mean[:, None, :]
        return torch.cat([covariance, mean[:, :, None]], dim=2)

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        means = F.mse_loss(mine[..., -1], target[..., -1]) * target[..., -1].square().mean()
        return F.mse_loss(mine[..., :-1], target[..., :-1]) + means


class SlicedWasserstein:
    """The whole distribution of the features, seen along random directions that stay the same for a scale.

    Along each direction the values at all positions are sorted; the distance is the mean square between two sorted
    lists, the target's stretched to the picture's length. Heitz et al., "A Sliced Wasserstein Loss for Neural Texture
    Synthesis", CVPR 2021, equation 4, who draw new directions each time: L-BFGS needs a function that stands still.
    """

    def __init__(self, directions: int = 64, seed: int = 0):
        self.directions, self.seed = directions, seed

    def describe(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        rows = features.permute(0, 2, 3, 1).flatten(1, 2).float()
        if mask is not None:
            rows = rows[:, mask.flatten() > 0.5 * mask.max()]
        generator = torch.Generator().manual_seed(self.seed)
        directions = torch.randn(rows.shape[2], self.directions, generator=generator).to(rows)
        return (rows @ F.normalize(directions, dim=0)).sort(dim=1).values.transpose(1, 2)  # (1, directions, positions)

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        if mine.shape != target.shape:
            target = F.interpolate(target, mine.shape[2], mode="linear", align_corners=True)
        return F.mse_loss(mine, target)


STATISTICS = {"gram": Gram, "mean_covariance": MeanCovariance, "wasserstein": SlicedWasserstein}


def _share(mask: Tensor) -> Tensor:
    """A mask scaled so that its square has mean 1: a sum over all positions then counts the masked ones only."""
    return mask / mask.square().mean().sqrt()
