"""Lesson 05: what is said of wrong answers, and the figures: descents, curves of runs, pixels outside 0 to 1."""

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


# Wrong answers: what the feedback says, and what stands where in the lesson's own solution
WRONG = {
    "descent_step": [
        ("a step upwards", "x - ", "x + "),
        ("a step in place", "return x -", "x -=", "* gradient\n", "* gradient\n    return x\n"),
        ("is `return` missing", "return x -", "x = x -"),
        ("a step without the learning rate", "learning_rate * gradient\n", "gradient\n"),
        ("a step without the gradient", "learning_rate * gradient\n", "learning_rate\n"),
        ("the learning rate times the gradient", "x - learning", "learning"),
        ("a learning rate that scales x too", "x - learning_rate * gradient\n", "learning_rate * (x - gradient)\n"),
        ("a division by the learning rate", "learning_rate * gradient\n", "gradient / learning_rate\n"),
        ("a running mean", "x - learning", "(1 - learning_rate) * x + learning"),
        ("x and the gradient exchanged", "x - learning_rate * gradient\n", "gradient - learning_rate * x\n"),
        ("a difference turned round", "x - learning_rate * gradient\n", "learning_rate * gradient - x\n"),
        ("a step that is multiplied by x", "* gradient\n", "* gradient * x\n"),
        ("the signs of the gradient alone", "* gradient\n", "* gradient.sign()\n"),
        ("a gradient squared", "* gradient\n", "* gradient**2\n"),
        ("one mean gradient for all pixels", "* gradient\n", "* gradient.mean()\n"),
        ("a gradient divided by the count", "* gradient\n", "* gradient / gradient.numel()\n"),
        (
            "a step that ends between 0 and 1",
            "x - learning_rate * gradient\n",
            "(x - learning_rate * gradient).clamp(0, 1)\n",
        ),
        ("Asked is x - learning_rate * gradient", "* gradient\n", "* gradient.exp()\n"),
        ("It is 1 x - 0.1 gradient. Your function never uses `learning_rate`.", "learning_rate *", "0.1 *"),
        ("Is `gradient` meant?", "* gradient\n", "* gradiant\n"),
        ("the gradient's length", "* gradient\n", "* gradient.norm()\n"),
        ("stops with", "* gradient\n", "@ gradient\n"),
    ],
    "adam_step": [
        ("beta times t", "0.9**t", "0.9 * t", "0.999**t", "0.999 * t"),
        ("a power of 1 - beta", "(1 - 0.9**t)", "(1 - 0.9) ** t", "(1 - 0.999**t)", "(1 - 0.999) ** t"),
        ("a bias correction that forgets t", "0.9**t", "0.9", "0.999**t", "0.999"),
        ("a bias correction with t + 1", "**t", "**(t + 1)"),
        ("a bias correction that multiplies", "m / (", "m * (", "v / (", "v * ("),
        ("Adam without bias correction", "m / (1 - 0.9**t)", "m", "v / (1 - 0.999**t)", "v"),
        ("a bias correction of m alone", "v / (1 - 0.999**t)", "v"),
        ("a bias correction of v alone", "m / (1 - 0.9**t)", "m"),
        ("0.9 in both corrections", "0.999**t", "0.9**t"),
        ("averages without 1 - beta", "0.1 * gradient", "gradient", "0.001 * gradient", "gradient"),
        ("an average m without 1 - beta", "0.1 * gradient", "gradient"),
        ("an average v without 1 - beta", "0.001 * gradient", "gradient"),
        ("averages that keep nothing", "0.9 * m + ", "", "0.999 * v + ", ""),
        ("a gradient taken away from m", "+ 0.1 *", "- 0.1 *", "return x -", "return x +"),
        ("the numbers of m in v", "0.999 * v + 0.001", "0.9 * v + 0.1"),
        ("t to the power of beta", "0.9**t", "t**0.9", "0.999**t", "t**0.999"),
        ("without its parentheses", "(1 - 0.9**t)", "1 - 0.9**t", "(1 - 0.999**t)", "1 - 0.999**t"),
        ("0.99 in the correction of v", "0.999**t", "0.99**t"),
        ("m in place of the old v", "0.999 * v", "0.999 * m"),
        ("0.001 squared with the gradient", "0.001 * gradient**2", "(0.001 * gradient) ** 2"),
        ("the squares of all pixels added up", "gradient**2", "(gradient**2).sum()"),
        ("a step made of the old m", "    m =", "    old = m\n    m =", "m_hat = m", "m_hat = old"),
        ("m in place of v in the step", "v_hat = v", "v_hat = m"),
        ("a learning rate inside m", "0.1 * gradient", "0.1 * learning_rate * gradient", "- learning_rate *", "-"),
        ("a step without v", " / (v_hat.sqrt() + 1e-8)", ""),
        ("parentheses that take x in", "x - learning_rate * m_hat", "(x - learning_rate * m_hat)"),
        ("an x that stays", "1e-8", "1e8"),
        ("the old v given back", "v = 0.999 * v", "new = 0.999 * v", "v / (1", "new / (1"),
        ("Part 2: It is 0.01 gradient.", "0.1 *", "0.01 *"),
        ("Part 2: It is 0.1 gradient + 0.09 m.", "0.9 * m", "0.09 * m"),
        ("Part 3: It is -0.001 gradient^2.", "v + 0.001", "v - 0.001"),
        ("m squared in v", "gradient**2", "m**2"),
        ("a gradient not squared", "gradient**2", "gradient"),
        ("absolute values in v", "gradient**2", "gradient.abs()"),
        ("one square for all pixels", "gradient**2", "(gradient**2).mean()"),
        ("a division by v without a root", "v_hat.sqrt()", "v_hat"),
        ("epsilon under the root", "v_hat.sqrt() + 1e-8", "(v_hat + 1e-8).sqrt()"),
        ("no epsilon in the divisor", "(v_hat.sqrt() + 1e-8)", "v_hat.sqrt() + 1e-8"),
        ("a step made of the gradient itself", "learning_rate * m_hat", "learning_rate * gradient"),
        ("a step without the learning rate", "learning_rate * m_hat", "m_hat"),
        ("a step upwards", "return x -", "return x +"),
        ("corrected averages given back", "), m, v", "), m_hat, v_hat"),
        ("x given back at the end", "return x", "x = x", "), m, v", ")\n    return m, v, x"),
        ("m and v given back in the wrong order", "m, v\n    ###", "v, m\n    ###"),
        ("is one Tensor, but 3 are asked", "), m, v", ")"),
        ("changes its argument `m`", "m = 0.9 * m + 0.1 * gradient", "m *= 0.9\n    m += 0.1 * gradient"),
        ("stops with", "v_hat.sqrt()", "math.sqrt(v_hat)"),
    ],
    "outside_range": [
        ("numbers above 1 alone", "x - x.clamp(0, 1)", "(x - 1).clamp(min=0)"),
        ("numbers below 0 alone", "clamp(0, 1)", "clamp(0, 255)"),
        ("a range from -1 to 1", "clamp(0, 1)", "clamp(-1, 1)"),
        ("a mean without squares", ".square()", ""),
        ("absolute values", ".square()", ".abs()"),
        ("the square of the mean", ".square().mean()", ".mean().square()"),
        ("the squares not averaged", ".mean()", ""),
        ("the sum", ".mean()", ".sum()"),
        ("a sum divided by the first side", ".mean()", ".sum() / len(x)"),
        ("half the mean", "return", "return 0.5 *"),
        ("0 for any picture", "x.clamp(0, 1)", "x"),
        ("parentheses that leave x out", "(x - x.clamp(0, 1)).square()", "(x - x.clamp(0, 1) ** 2)"),
        ("the root", ".mean()", ".mean().sqrt()"),
        ("the root of the sum", ".square().mean()", ".norm()"),
        ("a square of the numbers above 1 alone", "(x - x.clamp(0, 1)).square()", "(F.relu(-x) + F.relu(x - 1) ** 2)"),
        ("1 - x in place of x - 1", "(x - x.clamp(0, 1))", "(F.relu(-x) + F.relu(1 - x))"),
        ("x in place of -x", "(x - x.clamp(0, 1))", "(F.relu(x) + F.relu(x - 1))"),
        ("the numbers inside alone", "(x - x.clamp(0, 1))", "torch.where((x < 0) | (x > 1), 0, x)"),
        ("ways outside that end at 1", "(x - x.clamp(0, 1))", "(x - x.clamp(0, 1)).clamp(-1, 1)"),
        ("In all cases it is 1e+04 times", "return", "return 1e4 *"),
        ("a dimension of 1 is too many", ".mean()", ".mean()[None]"),
        (
            "and so do counts",
            "return (x - x.clamp(0, 1)).square().mean()",
            "return sum(y < 0 for y in x.flatten().tolist())",
        ),
        ("the worst number alone", ".mean()", ".max()"),
        ("a count of the numbers outside", "x - x.clamp(0, 1)).square()", "x != x.clamp(0, 1)).float()"),
        ("the maximum without its 0", "(x - x.clamp(0, 1))", "torch.maximum(-x, x - 1)"),
        ("x - 1 for all numbers", "(x - x.clamp(0, 1))", "torch.where(x < 0, -x, x - 1)"),
        ("all numbers squared", "(x - x.clamp(0, 1))", "x"),
        ("changes its argument `x`", "clamp(", "clamp_("),
        ("`.item()` and `float()` cut the gradient", ".mean()", ".mean().item()"),
        ("leave out `.detach()`", "(x - ", "(x.detach() - "),
        ("stops with", "(x - x.clamp(0, 1))", "torch.max(0, -x, x - 1)"),
    ],
}
