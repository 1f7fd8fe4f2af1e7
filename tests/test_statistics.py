"""Each statistic against its formula, and what all of them must not see."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from style_helpers import losses
from style_helpers.statistics import STATISTICS, Gram, MeanCovariance, SlicedWasserstein

each = pytest.mark.parametrize("statistic", [make() for make in STATISTICS.values()], ids=STATISTICS)


def draw(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def half_mask(height, width):
    mask = torch.zeros(1, 1, height, width)
    mask[..., : width // 2] = 1
    return mask


@each
def test_zero_at_itself_and_more_elsewhere(statistic):
    mine = statistic.describe(draw(1, 4, 6, 7))
    assert statistic.distance(mine, mine) == 0
    assert statistic.distance(mine, statistic.describe(2 * draw(1, 4, 6, 7, seed=1))) > 0.01


@each
@given(seed=st.integers(0, 1000))
def test_where_things_are_is_forgotten(statistic, seed):
    features = draw(1, 4, 6, 7)
    order = torch.randperm(42, generator=torch.Generator().manual_seed(seed))
    shuffled = features.flatten(2)[:, :, order].view_as(features)
    torch.testing.assert_close(statistic.describe(shuffled), statistic.describe(features))


@each
def test_pictures_of_any_two_sizes_can_be_compared(statistic):
    distance = statistic.distance(statistic.describe(draw(1, 4, 6, 7)), statistic.describe(draw(1, 4, 3, 11)))
    assert distance.ndim == 0


@each
def test_a_mask_of_everything_changes_nothing(statistic):
    features = draw(1, 4, 6, 8)
    torch.testing.assert_close(statistic.describe(features, torch.ones(1, 1, 6, 8)), statistic.describe(features))


@each
def test_a_mask_leaves_only_its_part(statistic):
    features = draw(1, 4, 6, 8)
    other = features.clone()
    other[..., 4:] = 7
    part = statistic.describe(features[..., :4].contiguous())
    torch.testing.assert_close(statistic.describe(other, half_mask(6, 8)), part)


@each
def test_it_has_a_gradient(statistic):
    features = draw(1, 4, 6, 7).requires_grad_()
    statistic.distance(statistic.describe(features), statistic.describe(draw(1, 4, 5, 5, seed=1))).backward()
    assert features.grad.abs().sum() > 0


def test_gram_is_the_losses_gram_matrix():
    features, target = draw(1, 4, 6, 7), draw(1, 4, 5, 5, seed=1)
    torch.testing.assert_close(Gram().describe(features), losses.gram_matrix(features))
    ours = Gram().distance(Gram().describe(features), Gram().describe(target))
    torch.testing.assert_close(ours, losses.StyleLoss(target)(features))


def test_mean_and_covariance_are_torchs():
    features = draw(1, 4, 6, 7)
    description = MeanCovariance().describe(features)[0]
    torch.testing.assert_close(
        description[:, :-1], torch.cov(features[0].flatten(1), correction=0), atol=1e-6, rtol=1e-4
    )
    torch.testing.assert_close(description[:, -1], features.mean((0, 2, 3)))


def test_sliced_wasserstein_sorts_along_fixed_directions():
    statistic, features, target = SlicedWasserstein(directions=3), draw(1, 4, 5, 5), draw(1, 4, 5, 5, seed=1)
    generator = torch.Generator().manual_seed(0)
    total = 0.0
    for direction in torch.randn(4, 3, generator=generator).T:
        direction = direction / direction.norm()
        mine = sorted(float(direction @ features[0, :, y, x]) for y in range(5) for x in range(5))
        theirs = sorted(float(direction @ target[0, :, y, x]) for y in range(5) for x in range(5))
        total += sum((a - b) ** 2 for a, b in zip(mine, theirs, strict=True)) / 25 / 3
    ours = statistic.distance(statistic.describe(features), statistic.describe(target))
    assert float(ours) == pytest.approx(total, rel=1e-4)
