"""Gradients written by hand where autograd's are slow. Behind `losses` and `networks`; nobody else needs to know.

Feature maps are (B, C, H, W), quickest with all channels of a position side by side in memory (channels last), in
float32 or more, or in bfloat16 with sums in float32. The backward passes are plain torch too, so that they can be
differentiated again.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FrozenConv2d(nn.Conv2d):
    """A convolution that, while its weights do not learn, keeps no input for their gradient.

    With stride 1 the gradient of its input is a convolution too, of the output's gradient with the kernels turned by
    180 degrees and in and out exchanged. Written so, it runs as fast as the forward pass. torch's own backward took
    3.4 times as long in float32 on an Intel Xeon (64 channels, 256 x 256), and on an AMD EPYC 4.4 times as long for
    a whole evaluation in bfloat16, where in float32 it was 6 to 12 % quicker than ours. The turned kernels are kept: to
    turn 512 x 512 of them takes longer than to convolve a small map with them.
    """

    _turned: tuple[Tensor, int, Tensor] | None = None  # the weights, their version, and these kernels turned

    def _apply(self, *change, **options):  # another number format or device: torch does not count it as a version
        self._turned = None
        return super()._apply(*change, **options)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride != (1, 1) or self.weight.requires_grad:
            return super().forward(x)
        return _Convolution.apply(x, self)

    def turned(self) -> Tensor:
        """The weights, (in, out, height, width), whose convolution is the gradient of this one."""
        now = self.weight._version  # counts what was written into them, as by load_state_dict
        if self._turned is None or self._turned[0] is not self.weight or self._turned[1] != now:
            turned = self.weight.detach().flip(2, 3).transpose(0, 1)
            self._turned = self.weight, now, turned.contiguous(memory_format=torch.channels_last)
        return self._turned[2]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, convolution):
        ctx.convolution = convolution
        return F.conv2d(x, convolution.weight, convolution.bias, padding=convolution.padding)

    @staticmethod
    def backward(ctx, gradient):
        sides = zip(ctx.convolution.kernel_size, ctx.convolution.padding, strict=True)
        around = [side - 1 - padding for side, padding in sides]
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        return F.conv2d(gradient, ctx.convolution.turned(), padding=around), None


def moments(features: Tensor, with_mean: bool = True) -> tuple[Tensor, Tensor | None]:
    """Second moments of the channels, 1/N sum_i F_ki F_li, (B, C, C), and if wanted their means, (B, C).

    Both in float32 at least. Backwards, the symmetry of the second moments saves one of autograd's two products.
    """
    return _Moments.apply(features, with_mean)


class _Moments(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, with_mean):
        ctx.save_for_backward(features)
        rows = _rows(features)
        exact = rows.float() if rows.dtype in (torch.bfloat16, torch.float16) else rows
        second = _product(exact.transpose(1, 2), exact) / rows.shape[1]
        return second, features.mean((2, 3), dtype=exact.dtype) if with_mean else None

    @staticmethod
    def backward(ctx, of_second, of_mean):
        (features,) = ctx.saved_tensors
        rows = _rows(features)
        both = ((of_second + of_second.transpose(1, 2)) / rows.shape[1]).to(rows.dtype)  # each pair stands there twice
        by_row = _product(rows, both, None if of_mean is None else (of_mean / rows.shape[1]).to(rows.dtype))
        return by_row.unflatten(1, features.shape[2:]).permute(0, 3, 1, 2), None


def _rows(features: Tensor) -> Tensor:
    """(B, C, H, W) as (B, N, C): a row for each position. No copy when channels are last in memory."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def _product(left: Tensor, right: Tensor, shift: Tensor | None = None) -> Tensor:
    """left @ right of each picture, plus a row (B, C) if there is one.

    For one picture torch's plain product is several times quicker than its batched.
    """
    if len(left) > 1:
        return left @ right if shift is None else torch.baddbmm(shift[:, None, :], left, right)
    return (left[0] @ right[0] if shift is None else torch.addmm(shift, left[0], right[0]))[None]
