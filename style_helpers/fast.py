"""Convolution, Gram matrix and mean square again, with gradients written by hand because autograd's are slow here.

The same mathematics as `torch` and `losses`, and tests hold each to the other. Feature maps are (B, C, H, W) with all
channels of a position side by side in memory (channels last), float32, or bfloat16 with sums in float32.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class FrozenConv2d(nn.Conv2d):
    """A convolution whose weights never learn: it keeps no input for their gradient.

    With stride 1 the gradient of its input is a convolution too, of the output's gradient with the kernels turned by
    180 degrees and in and out exchanged. Written so, it runs as fast as the forward pass; torch's own backward took
    3.4 times as long in float32 on the processor where this was measured (64 channels, 256 x 256).
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.stride != (1, 1):
            return super().forward(x)
        return _Convolution.apply(x, self.weight, self.bias, self.padding)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, padding):
        ctx.weight, ctx.padding = weight, padding
        return F.conv2d(x, weight, bias, padding=padding)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        turned = ctx.weight.flip(2, 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)
        around = [side - 1 - padding for side, padding in zip(ctx.weight.shape[2:], ctx.padding, strict=True)]
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        return F.conv2d(gradient, turned, padding=around), None, None, None


def gram_matrix(features: Tensor) -> Tensor:
    """`losses.gram_matrix`: (B, C, H, W) to (B, C, C) in float32, with one matrix product backwards instead of two."""
    return _Gram.apply(features)


class _Gram(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features):
        ctx.save_for_backward(features)
        rows = _rows(features)
        return _inner_products(rows) / rows[0].numel()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (features,) = ctx.saved_tensors
        rows = _rows(features)
        both = (gradient + gradient.transpose(1, 2)) / rows[0].numel()  # G holds each product twice: G_kl and G_lk
        by_row = _product(rows, both.to(rows.dtype))
        return by_row.unflatten(1, features.shape[2:]).permute(0, 3, 1, 2)


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Of the channels of (B, C, H, W): second moments 1/M sum_i F_ki F_li, (B, C, C), and means, (B, C); float32."""
    return _Moments.apply(features)


class _Moments(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features):
        ctx.save_for_backward(features)
        rows = _rows(features)
        return _inner_products(rows) / rows.shape[1], features.mean((2, 3), dtype=_sum_format(features))

    @staticmethod
    @once_differentiable
    def backward(ctx, of_second, of_mean):
        (features,) = ctx.saved_tensors
        rows = _rows(features)
        both = ((of_second + of_second.transpose(1, 2)) / rows.shape[1]).to(rows.dtype)
        shift = (of_mean / rows.shape[1]).to(rows.dtype)
        if len(rows) == 1:  # as in _product
            by_row = torch.addmm(shift, rows[0], both[0])[None]
        else:
            by_row = torch.baddbmm(shift[:, None, :], rows, both)
        return by_row.unflatten(1, features.shape[2:]).permute(0, 3, 1, 2)


def _sum_format(features: Tensor) -> torch.dtype:
    return torch.float32 if features.dtype == torch.bfloat16 else features.dtype


def _rows(features: Tensor) -> Tensor:
    """(B, C, H, W) as (B, M, C): a row for each position. No copy when channels are last in memory."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def _inner_products(rows: Tensor) -> Tensor:
    """rows^T rows of each (M, C), in float32: the numbers may be bfloat16, their products and sums are not."""
    if rows.dtype != torch.bfloat16:
        return _product(rows.transpose(1, 2), rows)
    exact = rows.float()
    if rows.device.type != "cpu":
        return _product(exact.transpose(1, 2), exact)
    # Numbers that came from bfloat16 lose nothing when the processor multiplies them as bfloat16 and adds as float32.
    before = torch.backends.mkldnn.matmul.fp32_precision
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        return _product(exact.transpose(1, 2), exact)
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before


def _product(left: Tensor, right: Tensor) -> Tensor:
    """left @ right of each picture. For one picture torch's plain product is several times quicker than its batched."""
    return (left[0] @ right[0])[None] if len(left) == 1 else left @ right


def mean_square(features: Tensor, target: Tensor) -> Tensor:
    """`losses.content_distance`: the mean of (F - P)^2, a float32 scalar; target needs no gradient."""
    return _MeanSquare.apply(features, target)


class _MeanSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, target):
        difference = features.float() - target if features.dtype == torch.bfloat16 else features - target
        ctx.save_for_backward(difference)
        ctx.number_format = features.dtype
        return difference.square().mean()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (difference,) = ctx.saved_tensors
        return (difference * (gradient * (2 / difference.numel()))).to(ctx.number_format), None
