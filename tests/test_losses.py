"""The losses against loops written from the formulas, values by hand, gradcheck, and what must not change them.

Their hand-written gradients (`_gradients`) are held to autograd's and to gradcheck's here too.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck, gradgradcheck

from style_helpers._gradients import FrozenConv2d, moments
from style_helpers.losses import (
    STATISTICS,
    ContentLoss,
    GramMatrix,
    MeanCovariance,
    NearestNeighbours,
    PixelRange,
    SlicedWasserstein,
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


@pytest.mark.parametrize(
    ("make", "function"),
    [
        (
            lambda weight: ContentLoss(draw(1, 3, 4, 4, seed=1), weight),
            lambda x: content_distance(x, draw(1, 3, 4, 4, seed=1)),
        ),
        (
            lambda weight: StyleLoss(draw(1, 3, 2, 5, seed=1), weight),
            lambda x: style_distance(gram_matrix(x), gram_matrix(draw(1, 3, 2, 5, seed=1))),
        ),
        (TotalVariation, total_variation),
        (PixelRange, outside_range),
    ],
    ids=["content", "style", "total variation", "range"],
)
def test_a_module_is_its_function_times_its_weight_and_shows_the_weight(make, function):
    x = draw(1, 3, 4, 4)
    torch.testing.assert_close(make(0.25)(x), 0.25 * function(x))
    torch.testing.assert_close(make(1.0)(x), function(x))
    assert "weight=0.25" in repr(make(0.25))


def test_from_nothing_is_the_distance_of_features_that_are_all_0():
    target = draw(1, 3, 4, 4)
    for loss in (ContentLoss(target), StyleLoss(target), StyleLoss(target, statistic=MeanCovariance())):
        assert loss.from_nothing() == pytest.approx(loss(torch.zeros_like(target)).item())
        loss.weight = 5.0
        assert loss.from_nothing() == pytest.approx(loss(torch.zeros_like(target)).item() / 5)
    assert ContentLoss(0 * target).from_nothing() == StyleLoss(0 * target).from_nothing() == 1e-20


def test_what_cannot_be_compared_is_said_in_a_sentence():
    with pytest.raises(ValueError, match="pictures of the same size"):
        ContentLoss(draw(1, 3, 4, 4))(draw(1, 3, 4, 5))
    with pytest.raises(ValueError, match="from the same layer"):
        StyleLoss(draw(1, 3, 4, 4))(draw(1, 2, 4, 4))
    with pytest.raises(ValueError, match="fewer than 2 pixels"):
        total_variation(draw(1, 3, 1, 4))


# The statistics of a style

each = pytest.mark.parametrize("statistic", [make() for make in STATISTICS.values()], ids=STATISTICS)


def positive(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@each
def test_a_statistic_is_equal_at_itself_and_apart_elsewhere(statistic):
    mine = statistic(positive(1, 4, 6, 7))
    assert statistic.distance(mine, mine) == 0
    assert statistic.distance(mine, statistic(2 * positive(1, 4, 6, 7, seed=1))) > 0.01


@each
@given(seed=st.integers(0, 1000))
def test_a_statistic_forgets_where_things_are(statistic, seed):
    features, other = positive(1, 4, 6, 7), statistic(positive(1, 4, 5, 5, seed=1))
    order = torch.randperm(42, generator=torch.Generator().manual_seed(seed))
    shuffled, whole = statistic(features.flatten(2)[:, :, order].view_as(features)), statistic(features)
    assert statistic.distance(shuffled, whole).item() == pytest.approx(0, abs=1e-10)
    for one, another in ((shuffled, whole), (whole, shuffled)):
        torch.testing.assert_close(statistic.distance(one, other), statistic.distance(another, other))
        torch.testing.assert_close(statistic.distance(other, one), statistic.distance(other, another))


@each
def test_statistics_of_pictures_of_any_two_sizes_can_be_compared_and_one_target_serves_a_batch(statistic):
    features, target = positive(2, 4, 6, 7).requires_grad_(), statistic(positive(1, 4, 3, 11, seed=1))
    distance = statistic.distance(statistic(features), target)
    alone = [statistic.distance(statistic(each[None]), target) for each in features.detach()]
    torch.testing.assert_close(distance.detach(), torch.stack(alone).mean())
    distance.backward()
    assert features.grad.abs().sum() > 0


@each
def test_a_mask_leaves_only_its_part_and_one_of_everything_changes_nothing(statistic):
    features = positive(1, 4, 6, 8)
    torch.testing.assert_close(statistic(features, torch.ones(1, 1, 6, 8)), statistic(features))
    other, mask = features.clone(), torch.zeros(1, 1, 6, 8)
    other[..., 4:], mask[..., :4] = 7, 1
    part = statistic(features[..., :4].contiguous())
    torch.testing.assert_close(statistic(other, mask), part)
    loss = StyleLoss(features[..., :4], 2.0, statistic, mask)
    assert loss(other).item() == pytest.approx(0, abs=1e-10)
    assert loss.extra_repr() == "weight=2, masked"
    assert StyleLoss(features).extra_repr() == "weight=1"


def test_a_soft_mask_weighs_by_its_square():
    """Gatys et al. 2017, equation 6: sum_i T_i^2 F_ki F_li / (C sum_i T_i^2), and means to match."""
    features, mask = (
        draw(1, 3, 4, 5),
        torch.rand(1, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2)),
    )
    gram, mean, whole = torch.zeros(3, 3), torch.zeros(3), float(mask.square().sum())
    for y in range(4):
        for x in range(5):
            column = features[0, :, y, x].float()
            gram += float(mask[0, 0, y, x]) ** 2 * column[:, None] * column[None] / (3 * whole)
            mean += float(mask[0, 0, y, x]) ** 2 * column / whole
    torch.testing.assert_close(gram_matrix(features, mask)[0].float(), gram)
    both = MeanCovariance()(features, mask)[0].float()
    torch.testing.assert_close(both[:, 3], mean)
    torch.testing.assert_close(both[:, :3], 3 * gram - mean[:, None] * mean)


def test_mean_and_covariance_are_torchs_and_their_distance_has_one_unit():
    features, target = positive(1, 4, 6, 7), positive(1, 4, 5, 5, seed=1)
    mine, theirs = (MeanCovariance()(each) for each in (features, target))
    torch.testing.assert_close(mine[0, :, :-1], torch.cov(features[0].flatten(1), correction=0), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(mine[0, :, -1], features.mean((0, 2, 3)))
    by_hand = (mine - theirs)[..., :-1].square().mean()
    by_hand += (mine - theirs)[..., -1].square().mean() * theirs[..., -1].square().mean()
    torch.testing.assert_close(MeanCovariance().distance(mine, theirs), by_hand)


def test_sliced_wasserstein_sorts_along_fixed_directions():
    statistic, features, target = SlicedWasserstein(), positive(1, 4, 5, 5), positive(1, 4, 5, 5, seed=1)
    assert statistic.DIRECTIONS == 64
    total = 0.0
    for direction in torch.randn(4, 64, generator=torch.Generator().manual_seed(0)).T:
        direction = direction / direction.norm()
        mine = sorted(float(direction @ features[0, :, y, x]) for y in range(5) for x in range(5))
        theirs = sorted(float(direction @ target[0, :, y, x]) for y in range(5) for x in range(5))
        total += sum((a - b) ** 2 for a, b in zip(mine, theirs, strict=True)) / 25 / 64
    assert float(statistic.distance(statistic(features), statistic(target))) == pytest.approx(total, rel=1e-4)


def test_a_longer_list_is_stretched_from_end_to_end():
    mine, target = torch.tensor([[[0.0, 0.5, 1.0, 2.5, 4.0]]]), torch.tensor([[[0.0, 1.0, 4.0]]])
    assert SlicedWasserstein().distance(mine, target) == 0


@given(shapes.filter(lambda shape: shape[1] > 1), st.integers(0, 1000))
def test_the_nearest_neighbour_is_found_among_all(shape, seed):
    statistic, features, target = NearestNeighbours(), draw(*shape, seed=seed), draw(1, shape[1], 3, 4, seed=seed + 1)
    of_style = target[0].flatten(1).T
    mean, total = of_style.mean(0), 0.0
    for picture in features:
        places = picture.flatten(1).T
        cosines = [[torch.cosine_similarity(f - mean, s - mean, dim=0).item() for s in of_style] for f in places]
        there = sum(1 - max(row) for row in cosines) / len(places)
        back = sum(1 - max(column) for column in zip(*cosines, strict=True)) / len(of_style)
        total += (there + back) / 2 / len(features)
    assert float(statistic.distance(statistic(features), statistic(target))) == pytest.approx(total, abs=1e-9)


def test_a_large_map_is_averaged_over_squares_before_neighbours_are_sought(monkeypatch):
    monkeypatch.setattr(NearestNeighbours, "PLACES", 12)
    features, mask = positive(1, 2, 6, 8), torch.zeros(1, 1, 6, 8)
    rows = NearestNeighbours()(features)
    assert rows.shape == (1, 12, 2)
    torch.testing.assert_close(rows[0, 5], features[0, :, 2:4, 2:4].mean((1, 2)))
    mask[..., :5] = 1  # of the third column of squares one half: not more than half
    torch.testing.assert_close(NearestNeighbours()(features, mask), rows.view(1, 3, 4, 2)[:, :, :2].flatten(1, 2))
    uneven = positive(1, 2, 7, 9)  # in squares of 3: the last ones have what is left
    torch.testing.assert_close(NearestNeighbours()(uneven)[0, -1], uneven[0, :, 6:, 6:].mean((1, 2)))
    assert NearestNeighbours()(features.bfloat16()).dtype == torch.float32


@each
@pytest.mark.parametrize("places", ["line", "stripes", "point"])
def test_a_mask_of_little_leaves_something_to_compare(statistic, places, monkeypatch):
    monkeypatch.setattr(NearestNeighbours, "PLACES", 12)
    mask = torch.zeros(1, 1, 12, 16)
    mask[{"line": (..., 5, slice(None)), "stripes": (..., slice(0, None, 4)), "point": (..., 2, 3)}[places]] = 1
    loss = StyleLoss(positive(1, 4, 9, 9, seed=1), 1.0, statistic, mask)
    assert torch.isfinite(loss(positive(1, 4, 12, 16)))


def test_the_gradient_of_the_nearest_neighbours_is_that_of_the_distance():
    statistic, features = NearestNeighbours(), draw(2, 3, 4, 4).requires_grad_()
    target = statistic(draw(1, 3, 3, 5, seed=1))
    assert gradcheck(lambda x: statistic.distance(statistic(x), target), features)


# The gradients written by hand


def gradient(function, features):
    leaf = features.clone().requires_grad_()
    (result,) = torch.autograd.grad(function(leaf).square().sum(), leaf)
    return result


@pytest.mark.parametrize("pictures", [1, 3])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (5, 1, 2), (3, 1, 0), (1, 1, 0), (11, 4, 2)])
def test_a_frozen_convolution_is_torchs_with_its_gradient(pictures, kernel, stride, padding):
    torch.manual_seed(0)
    plain = nn.Conv2d(2, 3, kernel, stride, padding).double()
    frozen = FrozenConv2d(2, 3, kernel, stride, padding).double().requires_grad_(False)
    frozen.load_state_dict(plain.state_dict())
    x = draw(pictures, 2, 15, 18)
    torch.testing.assert_close(frozen(x), plain(x))
    torch.testing.assert_close(gradient(frozen, x), gradient(plain, x))
    assert gradcheck(frozen, draw(1, 2, 11, 11).requires_grad_())
    if kernel < 11:
        assert gradgradcheck(lambda x: frozen(x).square(), draw(1, 2, 5, 6).requires_grad_())


def test_a_convolution_that_is_no_longer_frozen_learns():
    layer = FrozenConv2d(2, 3, 3)
    layer(torch.ones(1, 2, 5, 5)).sum().backward()
    assert layer.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda frozen: frozen.double(),
        lambda frozen: frozen.double().load_state_dict(nn.Conv2d(2, 3, 3).state_dict()),
        lambda frozen: setattr(frozen, "weight", nn.Parameter(torch.rand(3, 2, 3, 3), requires_grad=False)),
    ],
)
def test_turned_kernels_are_kept_until_the_weights_change(change):
    frozen = FrozenConv2d(2, 3, 3, padding=1).requires_grad_(False)
    assert frozen.turned() is frozen.turned()
    change(frozen)
    frozen.turned()
    frozen.double()
    x = torch.rand(1, 2, 5, 6, dtype=torch.double, requires_grad=True)
    (ours,) = torch.autograd.grad(frozen(x).square().sum(), x)
    (theirs,) = torch.autograd.grad(nn.functional.conv2d(x, frozen.weight, frozen.bias, padding=1).square().sum(), x)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("pictures", [1, 3])
@pytest.mark.parametrize("with_mean", [True, False])
def test_moments_are_second_moments_and_means_with_their_gradients(pictures, with_mean):
    x = draw(pictures, 4, 3, 4)
    second, mean = moments(x, with_mean)
    torch.testing.assert_close(second, torch.einsum("bkyx,blyx->bkl", x, x) / 12)
    if with_mean:
        torch.testing.assert_close(mean, x.mean((2, 3)))
    else:
        assert mean is None
    function = (lambda x: moments(x)) if with_mean else (lambda x: moments(x, with_mean=False)[0])
    assert gradcheck(function, x.requires_grad_())
    assert gradgradcheck(function, x)


@pytest.mark.parametrize("format", [torch.bfloat16, torch.float16])
def test_coarse_numbers_get_float32_sums(format):
    x = draw(1, 16, 20, 30, dtype=torch.float32).to(format).to(memory_format=torch.channels_last)
    exact = x.double()
    torch.testing.assert_close(gram_matrix(x).double(), gram_matrix(exact), rtol=1e-5, atol=1e-7)
    second, mean = moments(x)
    torch.testing.assert_close(second.double(), gram_matrix(exact) * 16, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mean.double(), exact.mean((2, 3)), rtol=1e-5, atol=1e-6)
    difference = content_distance(x, torch.zeros_like(x))
    assert difference.dtype == torch.float32
    assert float(difference) == pytest.approx(float(exact.square().mean()), rel=1e-5)
    assert SlicedWasserstein()(x).dtype == torch.float32
    coarse, fine = gradient(gram_matrix, x).double(), gradient(gram_matrix, exact)
    assert (coarse - fine).norm() < 0.01 * fine.norm()


def test_nothing_of_the_whole_process_is_changed(monkeypatch):
    """Two runs at once, or a run beside a learner's cell: a number format switched for all threads would reach both."""

    def changed(*_):
        raise AssertionError("a setting of the whole process was changed")

    monkeypatch.setattr(type(torch.backends.mkldnn.matmul), "__setattr__", changed)
    x = draw(1, 4, 5, 6, dtype=torch.float32).bfloat16().requires_grad_()
    MeanCovariance()(x).sum().backward()
    gram_matrix(x).sum().backward()
