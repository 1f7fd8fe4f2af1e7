"""The plots of lesson 03, and wrong answers to its exercises."""

import pytest
import torch
from matplotlib.colors import to_hex

from style_helpers import losses
from style_helpers.course import plots

SQUARE = (slice(4, 10), slice(6, 14))  # rows, columns


def gradient_maps():
    gradients = {"relu1_1": torch.zeros(1, 3, 16, 24), "relu2_1": torch.ones(1, 3, 16, 24)}
    gradients["relu1_1"][0, :, 5, 7] = torch.tensor([3.0, 0.0, -4.0])
    return plots.gradient_maps(torch.rand(1, 3, 16, 24), gradients, SQUARE)


def kept_by_layer():
    kept = {
        "coarse brightness": {"relu1_1": 1.0, "relu5_1": 0.2},
        "coarse colour": {"relu1_1": 0.9, "relu5_1": 0.3},
        "fine detail": {"relu1_1": 0.8, "relu5_1": -0.3},
    }
    return plots.kept_by_layer(kept)


def test_a_gradient_is_drawn_as_its_length_over_the_colours():
    _, first, second = gradient_maps().axes
    drawn = first.images[0].get_array()
    assert drawn.shape == (16, 24)
    assert drawn[5, 7] == 5  # 3, 0 and -4
    assert (drawn > 0).sum() == 1
    torch.testing.assert_close(torch.from_numpy(second.images[0].get_array().data), torch.full((16, 24), 3**0.5))


def test_black_is_no_gradient_even_where_every_pixel_has_one():
    for axes in gradient_maps().axes[1:]:
        assert axes.images[0].get_clim()[0] == 0


def test_every_map_has_its_layer_as_title_and_the_square_outlined():
    figure = gradient_maps()
    assert [axes.get_title() for axes in figure.axes] == ["changed", "relu1_1", "relu2_1"]
    for axes in figure.axes:
        (outline,) = axes.patches
        assert outline.get_xy() == (5.5, 3.5)
        assert (outline.get_width(), outline.get_height()) == (8, 6)


def test_maps_that_do_not_fill_their_rows_leave_the_last_places_empty():
    gradients = {f"relu{block}_1": torch.ones(1, 3, 8, 8) for block in (1, 2, 3)}
    axes = plots.gradient_maps(torch.rand(1, 3, 8, 8), gradients, (slice(0, 2), slice(0, 2))).axes
    assert [bool(place.images) for place in axes] == [True] * 4 + [False] * 2
    assert not any(place.axison for place in axes)


def test_a_gradient_that_still_hangs_on_a_graph_is_drawn():
    picture = torch.rand(1, 3, 8, 8, requires_grad=True)
    plots.gradient_maps(picture, {"relu1_1": picture * 2}, (slice(0, 2), slice(0, 2)))


def test_what_is_kept_is_a_line_for_each_part_over_the_layers():
    axes = kept_by_layer().axes[0]
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["coarse brightness", "coarse colour", "fine detail"]
    assert list(lines["fine detail"].get_ydata()) == [0.8, -0.3]
    assert list(lines["fine detail"].get_xdata()) == ["relu1_1", "relu5_1"]
    assert axes.get_ylim()[0] <= -0.3  # a negative correlation stays in the picture
    assert axes.get_ylim()[1] >= 1


def test_lines_differ_in_colour_dash_and_marker():
    lines = [line for line in kept_by_layer().axes[0].lines if not line.get_label().startswith("_")]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 3
    assert len({to_hex(line.get_color()) for line in lines}) == 3


@pytest.mark.parametrize("make", [gradient_maps, kept_by_layer])
def test_a_figure_is_no_wider_than_a_page(make):
    assert make().get_figwidth() <= 10


# The exercises


def by_autograd(features, target):
    features = features.clone().requires_grad_()
    losses.content_distance(features, target).backward()
    return features.grad


def by_function(features, target):
    return torch.func.grad(losses.content_distance)(features, target)


def of_another_size(features, target):
    return (features - target).square().sum() / (CHANNELS * features[0, 0].numel())


CHANNELS = 64
WRONG = [
    ("content_distance", lambda f, p: (f - p).square(), "`.mean()` is missing"),
    ("content_distance", lambda f, p: (f - p).abs().mean(1), "one number is asked"),
    ("content_distance", lambda f, p: (f - p).square().sum() / f.shape[2], "C W times the expected one: look at what"),
    ("content_distance", lambda f, p: (f - p).square().mean().square(), "it is the expected one, squared"),
    ("content_distance", lambda f, p: (f - p).square().mean() / p.square().mean(), "a relative distance"),
    ("content_distance", lambda f, p: (f - p).mean((2, 3)).square().mean(), "means over the positions"),
    ("content_distance", of_another_size, "reads `CHANNELS` from another cell"),
    ("content_gradient", by_autograd, "autograd found them. Here the formula is asked"),
    ("content_gradient", by_function, "autograd found them. Here the formula is asked"),
    ("content_gradient", lambda f, p: by_autograd(f, p) * (f > 0), "as through a ReLU"),
    ("content_gradient", lambda f, p: by_autograd(f, p) * (p > 0), "with 0 in some of its places"),
    ("content_gradient", lambda f, p: 2 * (f - p) / f.shape[1] / f.shape[2], "W times the expected one"),
    (
        "content_gradient",
        lambda f, p: 2 * (f - p) / 301056,
        "a multiple, each time another, of the expected one: look at what you divide by",
    ),
    ("content_gradient", lambda f, p: 2 * (f - p) / f.shape[1] * f[0, 0].numel(), "Python goes from left to right"),
    ("content_gradient", lambda f, p: 2 * (f - p).permute(0, 2, 3, 1) / f.numel(), "turned by `permute(0, 2, 3, 1)`"),
    ("content_gradient", lambda f, p: by_autograd(f, p).flatten(), "it is the expected one, arranged in that shape"),
    ("content_gradient", lambda f, p: by_autograd(f, p).sum(3), "added up over dimension 3"),
]
