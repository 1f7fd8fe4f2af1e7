"""Keeping the content picture's own colours: by its luminance only, or by giving the style its colours beforehand.

Both from Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016.
Pictures are (1, 3, H, W), 0 to 1.
"""

import torch
from torch import Tensor

LUMINANCE = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601, the Y of YIQ and of YCbCr


def luminance(picture: Tensor) -> Tensor:
    """How bright each point is, as a grey picture of three equal channels."""
    weights = torch.tensor(LUMINANCE).to(picture).view(1, 3, 1, 1)
    return (picture * weights).sum(1, keepdim=True).expand_as(picture).contiguous()


def with_luminance(picture: Tensor, brightness: Tensor) -> Tensor:
    """The colours of `picture` with the luminance of `brightness`, clamped to 0 to 1 (section 3.2 of the paper)."""
    return (picture + luminance(brightness) - luminance(picture)).clamp(0, 1)


def matched(style: Tensor, content: Tensor) -> Tensor:
    """`style` with the mean and covariance of `content`'s colours, clamped to 0 to 1 (section 3.1, equation 1).

    Of the many matrices that do it this is S_c^(1/2) S_s^(-1/2), with the symmetric square roots of the covariances, by
    their eigenvectors. Computed on the processor: not every GPU has float64 and eigenvectors.
    """
    of_style, of_content = (picture.cpu().double().flatten(2)[0] for picture in (style, content))
    (mean_s, root_s), (mean_c, root_c) = _mean_and_root(of_style), _mean_and_root(of_content)
    moved = root_c @ torch.linalg.inv(root_s) @ (of_style - mean_s) + mean_c
    return moved.clamp(0, 1).view(style.shape).to(style)


def _mean_and_root(points: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3, 1) and symmetric square root (3, 3) of the covariance of a picture's colours, (3, H W)."""
    covariance = torch.cov(points, correction=0)
    covariance += 1e-5 * torch.eye(3).to(points)  # a grey picture has no spread to divide by
    values, vectors = torch.linalg.eigh(covariance)
    return points.mean(1, keepdim=True), vectors @ values.sqrt().diag() @ vectors.t()
