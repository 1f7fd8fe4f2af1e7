"""The figures of lesson 05: descents on two pixels, curves of several runs, and pixels outside 0 to 1."""

import math

import pytest
import torch

from style_helpers.course import plots


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.fixture
def bowl():
    """A round valley of two pixels, lowest at x1 = 0.25, x2 = 0.75."""
    line = torch.linspace(0, 1, 21)
    return (line[:, None] - 0.25).square() + (line[None, :] - 0.75).square()


def test_paths_are_drawn_as_given_over_contours_around_the_minimum(bowl):
    paths = {
        "short": torch.tensor([[0.9, 0.1], [0.5, 0.5]]),
        "long": torch.tensor([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]]),
    }
    figure = plots.descent_paths(bowl, paths)
    (axes,) = figure.axes
    for line, points in zip(axes.lines, paths.values(), strict=True):
        torch.testing.assert_close(torch.tensor(line.get_xydata()).float(), points)
    (contours,) = axes.collections
    innermost = next(path for path in contours.get_paths() if len(path.vertices))
    assert innermost.vertices.mean(0) == pytest.approx([0.25, 0.75], abs=0.05)  # x1 to the right, x2 upwards
    assert legend(axes) == ["short", "long"]


def test_lines_differ_by_more_than_colour(bowl):
    points = torch.rand(4, 2, generator=torch.Generator().manual_seed(0))
    names = [str(number) for number in range(5)]
    (paths,) = plots.descent_paths(bowl, dict.fromkeys(names, points)).axes
    (curves,) = plots.curves(dict.fromkeys(names, (3.0, 2.0, 1.0))).axes
    for axes in (paths, curves):
        assert len({(line.get_linestyle(), line.get_marker()) for line in axes.lines}) == 5


def test_more_paths_than_looks_are_drawn_too(bowl):
    (axes,) = plots.descent_paths(bowl, {str(number): torch.rand(2, 2) for number in range(9)}).axes
    assert len(axes.lines) == 9


def test_curves_count_evaluations_from_one_and_name_the_axis():
    (axes,) = plots.curves({"a": [8.0, 4.0, 2.0], "b": [8.0, 6.0]}, "distance").axes
    first, second = axes.lines
    assert first.get_xydata().tolist() == [[1, 8], [2, 4], [3, 2]]
    assert second.get_xydata().tolist() == [[1, 8], [2, 6]]
    assert (axes.get_yscale(), axes.get_ylabel(), legend(axes)) == ("log", "distance", ["a", "b"])


@pytest.mark.parametrize("end", [math.nan, math.inf])
def test_a_cross_marks_where_a_curve_is_no_longer_a_number(end):
    (axes,) = plots.curves({"good": [8.0, 4.0, 2.0], "broken": [8.0, 20.0, end]}).axes
    good, broken, cross = axes.lines
    assert broken.get_xydata().tolist() == [[1, 8], [2, 20]]
    assert cross.get_marker() == "x"
    assert cross.get_xydata().tolist() == [[2, 20]]
    assert cross.get_color() == broken.get_color() != good.get_color()


def test_a_curve_that_explodes_does_not_flatten_the_others():
    (axes,) = plots.curves({"good": [8.0, 4.0, 2.0], "broken": [8.0, 1e30, math.nan]}).axes
    low, high = axes.get_ylim()
    assert 0.5 < low < 2
    assert high == pytest.approx(80)
    assert axes.lines[-1].get_xydata().tolist() == [[2, 80]]  # the cross, at the upper edge


def test_the_map_marks_what_is_outside_and_nothing_else():
    picture = torch.full((1, 3, 4, 5), 0.5)
    picture[0, 1, 0, 0] = -0.2
    picture[0, 2, 3, 4] = 1.3
    picture[0, :, 1, 1], picture[0, :, 2, 2] = 0.0, 1.0  # black and white are inside
    below, above = plots.outside_range_map(picture).axes
    for axes, place in ((below, (0, 0)), (above, (3, 4))):
        shown = torch.tensor(axes.images[0].get_array())
        coloured = (shown.amax(2) != shown.amin(2)).nonzero().tolist()
        assert coloured == [list(place)]
    assert below.get_title() == "below 0: 1.7% of the numbers"  # 1 of 60
    assert above.get_title() == "above 1: 1.7% of the numbers"


def test_the_map_leaves_the_picture_as_it_was():
    picture = torch.randn(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    before = picture.clone()
    plots.outside_range_map(picture)
    assert torch.equal(picture, before)
