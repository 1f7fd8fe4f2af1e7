"""The losses against loops written from the formulas, values by hand, gradcheck, and what must not change them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from style_helpers.losses import (
    ContentLoss,
    GramMatrix,
    StyleLoss,
    TotalVariation,
    content_distance,
    gram_matrix,
    outside_range,
    style_distance,
    total_variation,
)


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


shapes = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(2, 6), st.integers(2, 6))


@given(shapes)
def test_content_distance_is_its_formula(shape):
    features, target = draw(*shape), draw(*shape, seed=1)
    total, count = 0.0, 0
    for mine, other in zip(features.flatten().tolist(), target.flatten().tolist(), strict=True):
        total, count = total + (mine - other) ** 2, count + 1
    assert content_distance(features, target).item() == pytest.approx(total / count)


@given(shapes)
def test_gram_matrix_is_its_formula(shape):
    features = draw(*shape)
    pictures, channels, height, width = shape
    gram = gram_matrix(features)
    assert gram.shape == (pictures, channels, channels)
    for picture in range(pictures):
        for k in range(channels):
            for l in range(channels):  # noqa: E741 - the formula's own letter
                together = 0.0
                for y in range(height):
                    for x in range(width):
                        together += float(features[picture, k, y, x] * features[picture, l, y, x])
                assert float(gram[picture, k, l]) == pytest.approx(together / (channels * height * width), abs=1e-12)


@given(shapes)
def test_total_variation_is_its_formula(shape):
    pictures = draw(*shape)
    down, right = [], []
    for picture in pictures.tolist():
        for rows in picture:
            for y, row in enumerate(rows):
                for x, value in enumerate(row):
                    if y + 1 < len(rows):
                        down.append((rows[y + 1][x] - value) ** 2)
                    if x + 1 < len(row):
                        right.append((row[x + 1] - value) ** 2)
    assert total_variation(pictures).item() == pytest.approx(sum(down) / len(down) + sum(right) / len(right))


def test_values_computed_by_hand():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # 2 channels, 2 positions: divided by 4
    assert gram_matrix(features).tolist() == [[[5 / 4, 11 / 4], [11 / 4, 25 / 4]]]
    assert content_distance(features, torch.zeros_like(features)).item() == (1 + 4 + 9 + 16) / 4
    assert style_distance(torch.tensor([[[1.0, 2.0], [2.0, 0.0]]]), torch.zeros(1, 2, 2)).item() == 9 / 4
    assert total_variation(torch.tensor([[[[0.0, 1.0], [0.0, 3.0]]]])).item() == (0 + 4) / 2 + (1 + 9) / 2
    assert outside_range(torch.tensor([-0.5, 0.0, 1.0, 3.0])).item() == (0.25 + 4) / 4


@given(shapes)
def test_losses_are_zero_at_their_target_and_nowhere_near(shape):
    features = draw(*shape)
    assert ContentLoss(features)(features).item() == 0
    assert StyleLoss(features)(features).item() == 0
    assert ContentLoss(features)(features + 1).item() == pytest.approx(1)
    assert StyleLoss(features)(2 * features).item() > 0
    assert TotalVariation()(torch.full(shape, 0.3)).item() == 0


@given(shapes, st.integers(0, 1000))
def test_gram_matrix_forgets_where_things_are(shape, seed):
    features = draw(*shape)
    gram = gram_matrix(features)
    order = torch.randperm(shape[2] * shape[3], generator=torch.Generator().manual_seed(seed))
    shuffled = features.flatten(2)[:, :, order].reshape(shape)
    torch.testing.assert_close(gram_matrix(shuffled), gram)
    torch.testing.assert_close(gram_matrix(features.flip(3)), gram)
    torch.testing.assert_close(gram_matrix(features.flip(2)), gram)


@given(shapes)
def test_gram_matrix_is_symmetric_and_positive_semi_definite(shape):
    gram = GramMatrix()(draw(*shape))
    torch.testing.assert_close(gram, gram.transpose(1, 2))
    assert torch.linalg.eigvalsh(gram).min() > -1e-12


def test_gram_matrix_does_not_mind_memory_order_and_needs_no_more_than_float32():
    features = draw(2, 8, 6, 5, dtype=torch.float32)
    torch.testing.assert_close(gram_matrix(features.to(memory_format=torch.channels_last)), gram_matrix(features))
    assert gram_matrix(features.bfloat16()).dtype == torch.float32
    assert content_distance(features.bfloat16(), features.bfloat16()).dtype == torch.float32


@given(shapes, st.integers(2, 4))
def test_a_batch_does_not_mix_its_pictures(shape, size):
    batch = draw(size, *shape[1:])
    target = draw(1, *shape[1:], seed=1)
    for picture in range(size):
        torch.testing.assert_close(gram_matrix(batch)[picture], gram_matrix(batch[picture : picture + 1])[0])
    for loss in (ContentLoss(target), StyleLoss(target)):
        alone = torch.stack([loss(batch[picture : picture + 1]) for picture in range(size)])
        torch.testing.assert_close(loss(batch), alone.mean())


def test_style_loss_compares_pictures_of_any_size():
    assert StyleLoss(draw(1, 4, 3, 9))(draw(1, 4, 7, 2)).ndim == 0


@pytest.mark.parametrize(
    "function",
    [
        lambda x: content_distance(x, draw(2, 3, 4, 5, seed=1)),
        gram_matrix,
        StyleLoss(draw(1, 3, 2, 2, seed=1)),
        total_variation,
        outside_range,
    ],
)
def test_gradients(function):
    assert gradcheck(function, draw(2, 3, 4, 5).requires_grad_())


def test_the_style_gradient_is_the_one_of_the_paper():
    """Gatys et al. 2016, equation 6, (G - A) F over the normalisation, for features of any sign."""
    features, target = draw(1, 3, 4, 5).requires_grad_(), draw(1, 3, 6, 2, seed=1)
    StyleLoss(target)(features).backward()
    rows = features.detach().flatten(2)
    difference = gram_matrix(features.detach()) - gram_matrix(target)
    by_hand = 4 / 3**2 / (3 * 20) * difference @ rows
    torch.testing.assert_close(features.grad.flatten(2), by_hand)


def test_targets_are_fixed():
    source = draw(1, 3, 4, 4).requires_grad_()
    for loss in (ContentLoss(source), StyleLoss(source)):
        assert not loss.target.requires_grad
        assert "target" in dict(loss.named_buffers())
        kept = loss.target.clone()
        with torch.no_grad():
            source.add_(1)
        assert torch.equal(loss.target, kept)


def test_a_factor_inside_the_error_acts_squared():
    features, target = draw(1, 3, 4, 4), draw(1, 3, 4, 4, seed=1)
    for loss in (ContentLoss, StyleLoss):
        torch.testing.assert_close(loss(target, factor=1000.0)(features), 1e6 * loss(target)(features))


def test_what_cannot_be_compared_is_said_in_a_sentence():
    with pytest.raises(ValueError, match="pictures of the same size"):
        ContentLoss(draw(1, 3, 4, 4))(draw(1, 3, 4, 5))
    with pytest.raises(ValueError, match="from the same layer"):
        StyleLoss(draw(1, 3, 4, 4))(draw(1, 2, 4, 4))
    with pytest.raises(ValueError, match="fewer than 2 pixels"):
        total_variation(draw(1, 3, 1, 4))
