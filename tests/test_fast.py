"""The hand-written gradients against autograd's, against loss functions of `losses`, and gradcheck."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck

from style_helpers import fast, losses


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gradient(function, features):
    leaf = features.clone().requires_grad_()
    (result,) = torch.autograd.grad(function(leaf).square().sum(), leaf)
    return result


@pytest.mark.parametrize("pictures", [1, 3])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (5, 1, 2), (3, 1, 0), (1, 1, 0), (11, 4, 2)])
def test_a_frozen_convolution_is_torchs_with_its_gradient(pictures, kernel, stride, padding):
    torch.manual_seed(0)
    plain = nn.Conv2d(4, 6, kernel, stride, padding).double()
    frozen = fast.FrozenConv2d(4, 6, kernel, stride, padding).double()
    frozen.load_state_dict(plain.state_dict())
    x = draw(pictures, 4, 15, 18)
    torch.testing.assert_close(frozen(x), plain(x))
    torch.testing.assert_close(gradient(frozen, x), gradient(plain, x))
    assert gradcheck(frozen.requires_grad_(False), draw(1, 4, 12, 12).requires_grad_())


@pytest.mark.parametrize("pictures", [1, 3])
def test_the_gram_matrix_is_the_one_of_the_lesson_with_its_gradient(pictures):
    x = draw(pictures, 4, 5, 6)
    torch.testing.assert_close(fast.gram_matrix(x), losses.gram_matrix(x))
    torch.testing.assert_close(gradient(fast.gram_matrix, x), gradient(losses.gram_matrix, x))
    assert gradcheck(fast.gram_matrix, x.requires_grad_())


@pytest.mark.parametrize("pictures", [1, 3])
def test_moments_are_second_moments_and_means_with_their_gradients(pictures):
    x = draw(pictures, 4, 5, 6)
    second, mean = fast.moments(x)
    torch.testing.assert_close(second, losses.gram_matrix(x) * 4)
    torch.testing.assert_close(mean, x.mean((2, 3)))
    assert gradcheck(fast.moments, x.requires_grad_())


def test_the_mean_square_is_torchs_with_its_gradient():
    x, target = draw(2, 4, 5, 6), draw(2, 4, 5, 6, seed=1)
    torch.testing.assert_close(fast.mean_square(x, target), F.mse_loss(x, target))
    assert gradcheck(lambda leaf: fast.mean_square(leaf, target), x.requires_grad_())


def test_bfloat16_features_get_float32_sums():
    x = draw(1, 16, 20, 30, dtype=torch.float32).bfloat16().to(memory_format=torch.channels_last)
    exact = x.double()
    torch.testing.assert_close(fast.gram_matrix(x).double(), losses.gram_matrix(exact), rtol=1e-5, atol=1e-7)
    second, mean = fast.moments(x)
    torch.testing.assert_close(second.double(), losses.gram_matrix(exact) * 16, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mean.double(), exact.mean((2, 3)), rtol=1e-5, atol=1e-6)
    difference = fast.mean_square(x, torch.zeros_like(x))
    assert difference.dtype == torch.float32
    assert float(difference) == pytest.approx(float(exact.square().mean()), rel=1e-5)
    coarse, fine = gradient(fast.gram_matrix, x).double(), gradient(losses.gram_matrix, exact)
    assert (coarse - fine).norm() < 0.01 * fine.norm()


def test_the_setting_for_bfloat16_products_is_left_as_it_was():
    before = torch.backends.mkldnn.matmul.fp32_precision
    fast.gram_matrix(draw(1, 4, 5, 6, dtype=torch.float32).bfloat16())
    assert torch.backends.mkldnn.matmul.fp32_precision == before
