"""Lesson 06: what is said of wrong answers, and the figures: each draws what it was given, where it belongs."""

import pytest
import torch

from style_helpers.course import plots

LINES = {"relu2_2": [(0.1, 0.05, 0.95), (10, 0.4, 0.7)], "relu4_2": [(1, 0.3, 0.75), (100, 0.42, 0.68)]}


def drawn(figure):
    """The figure's axes after a drawing, which is when matplotlib complains."""
    figure.canvas.draw()
    return figure.axes


def pictures(*brightness):
    return [torch.full((1, 3, 4, 6), value) for value in brightness]


def test_a_grid_puts_each_picture_under_its_column_and_beside_its_row():
    grid = [pictures(0.0, 0.2), pictures(0.4, 1.0)]
    axes = drawn(plots.picture_grid(grid, ["top", "low"], ["left", "right"], [["a", "b"], ["c", "d"]]))
    assert [place.get_images()[0].get_array()[0, 0, 0] for place in axes] == [0, 51, 102, 255]
    assert [place.get_title() for place in axes] == ["left", "right", "", ""]
    assert [place.get_ylabel() for place in axes] == ["top", "", "low", ""]
    assert [place.get_xlabel() for place in axes] == ["a", "b", "c", "d"]


def test_a_grid_needs_no_notes_and_takes_a_dollar_sign_as_it_is():
    axes = drawn(plots.picture_grid([pictures(0.5)], ["5 $ a row"], ["a $ column"]))
    assert axes[0].get_ylabel() == "5 $ a row"
    assert axes[0].get_xlabel() == ""


def test_the_trade_off_has_a_line_for_each_series_and_its_weights_at_the_points():
    (axes,) = drawn(plots.trade_off(LINES))
    lines = axes.get_lines()
    assert [line.get_label() for line in lines] == ["relu2_2", "relu4_2"]
    assert lines[0].get_xydata().tolist() == [[0.05, 0.95], [0.4, 0.7]]
    assert {(note.get_text(), note.xy) for note in axes.texts} == {
        (f"{weight:g}", (lpips, style)) for points in LINES.values() for weight, lpips, style in points
    }


def test_the_lines_of_a_trade_off_differ_by_more_than_colour():
    (axes,) = drawn(plots.trade_off({str(n): LINES["relu2_2"] for n in range(4)}))
    looks = [(line.get_linestyle(), line.get_marker()) for line in axes.get_lines()]
    assert len(set(looks)) == 4


def test_a_tug_of_war_shows_both_lengths_on_one_scale_and_the_angle_between():
    content = torch.zeros(1, 3, 2, 3)
    content[:, 0] = 3.0
    content[:, 1] = 4.0
    axes = drawn(plots.tug_of_war({"at the end": (content, -0.5 * content)}))
    (first,), (second,), (angles,) = (place.get_images() for place in axes[:3])
    assert torch.allclose(torch.as_tensor(first.get_array().filled()), torch.tensor(5.0))
    assert torch.allclose(torch.as_tensor(second.get_array().filled()), torch.tensor(2.5))
    assert first.get_clim() == second.get_clim() == (0, 5)
    assert torch.allclose(torch.as_tensor(angles.get_array().filled()), torch.tensor(-1.0))
    assert angles.get_clim() == (-1, 1)
    assert "-1.00 (180°)" in axes[2].get_title()
    assert axes[0].get_ylabel() == "at the end"


def test_a_tug_of_war_at_a_right_angle_and_with_a_gradient_of_zero():
    content, style = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    content[:, 0], style[:, 1] = 1, 1
    nothing = torch.zeros_like(content)
    axes = drawn(plots.tug_of_war({"across": (content, style), "nothing yet": (nothing, nothing)}))
    assert "90°" in axes[2].get_title()
    assert axes[5].get_title() == "no angle: one is 0"


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plots.picture_grid([pictures(0.5)], ["row"], ["column"]),
        lambda: plots.trade_off(LINES),
        lambda: plots.tug_of_war({"now": (torch.ones(1, 3, 2, 2), torch.ones(1, 3, 2, 2))}),
    ],
)
def test_each_figure_fits_a_page(figure):
    assert figure().get_size_inches()[0] <= 10


CONTENT, STYLE = "content_distance(features[layer], target)", "style_distance(gram_matrix(features[layer]), target)"
WEIGHTED = "style_distance(style_weight * gram_matrix(features[layer]), style_weight * target)"
WRONG = {
    "tutorial_weight": [
        ("the old tutorial's weight as it stands", "1_000_000", "1000"),
        ("taken twice by adding", "1_000_000", "1000 + 1000"),
        ("a root", "1_000_000", "math.sqrt(1000)"),
        ("one divided by the factor", "1_000_000", "1000**-2"),
        ("the weight three times", "1_000_000", "1000**3"),
        ("a quarter of the square", "1_000_000", "1000**2 / 4"),
        ("a zero too few", "1_000_000", "100_000"),
        ("ten times the weight", "1_000_000", "10_000"),
        ("1000 ^ 2", "1_000_000", "1000 ^ 2"),
        ("a minus", "1_000_000", "-(1000**2)"),
        ("of type str, but a number is asked", "1_000_000", "'1000000'"),
        ("? (G - A)^2", "1_000_000", "1024**2"),
    ],
    "total_loss": [
        (
            "weights inside the squares",
            f"content_weight * {CONTENT}",
            "content_distance(content_weight * features[layer], content_weight * target)",
            f"style_weight * {STYLE}",
            WEIGHTED,
        ),
        (
            "the style weight inside the square",
            f"style_weight * {STYLE}",
            WEIGHTED,
        ),
        (
            "the two weights exchanged",
            "+ content_weight",
            "+ another",
            "+ style_weight",
            "+ content_weight",
            "+ another",
            "+ style_weight",
        ),
        ("a sum without weights", "content_weight * ", "", "style_weight * ", ""),
        ("a style sum without its weight", "style_weight * ", ""),
        ("a content sum without its weight", "content_weight * ", ""),
        ("both weights on the content", "total + content_weight * ", "total + content_weight * style_weight * "),
        ("weights divided by their sum", "return total", "return total / (content_weight + style_weight)"),
        ("a minus between", "total + style_weight", "total - style_weight"),
        ("a fifth of the style distances", "style_weight * style", "style_weight / 5 * style"),
        ("a weight added at each layer", "content_weight *", "content_weight +", "style_weight *", "style_weight +"),
        ("the style weight at both sums", "content_weight * content", "style_weight * content"),
        (
            "a running total that is weighted again",
            f"total + content_weight * {CONTENT}",
            f"content_weight * (total + {CONTENT})",
            f"total + style_weight * {STYLE}",
            f"style_weight * (total + {STYLE})",
        ),
        ("the last term alone", "total = total + ", "total = +"),
        ("In all cases it is 0.3333 times", "return total", "return total / len(features)"),
        (
            "a mean over the content layers",
            "content_weight * content",
            "content_weight / len(content_target) * content",
        ),
        ("a mean over the style layers", "style_weight * style", "style_weight / len(style_target) * style"),
        ("style alone", "    for layer, target in style", "    total = 0.0\n    for layer, target in style"),
        ("content alone", "    for layer, target in style", "    return total\n    for layer, target in style"),
        ("content at its first layer alone", f"{CONTENT}\n", f"{CONTENT}\n        return total\n"),
        ("style at its first layer alone", f"{STYLE}\n", f"{STYLE}\n        return total\n"),
        ("the last content layer alone", "total = total + content", "total = content"),
        (
            "the last layer alone",
            "total + ",
            "",
            "    return",
            "    return content + ",
            "total = content_weight",
            "content = content_weight",
        ),
        (
            "style inside the loop over content",
            "    for layer, target in style_target.items():\n        ",
            "        for layer, target in style_target.items():\n            ",
        ),
        (
            "Gram matrices for the content too",
            CONTENT,
            "style_distance(gram_matrix(features[layer]), gram_matrix(target))",
        ),
        (
            "absolute values",
            CONTENT,
            "F.l1_loss(features[layer], target)",
            STYLE,
            "F.l1_loss(gram_matrix(features[layer]), target)",
        ),
        ("roots of the distances", f"{CONTENT}", f"{CONTENT}.sqrt()", STYLE, f"{STYLE}.sqrt()"),
        (
            "an `elif`, or one loop",
            "    for layer, target in style_target.items():\n",
            "    for layer in style_target.keys() - content_target.keys():\n        target = style_target[layer]\n",
        ),
        ("`.item()` and `float()` cut the gradient", f"{CONTENT}", f"{CONTENT}.item()", STYLE, f"{STYLE}.item()"),
        ("a part is cut off", "content_distance(features[layer]", "content_distance(features[layer].detach()"),
        ("is `return` missing", "return total", "total"),
        ("nothing was added to this 0", "0.0", "0", "_target.items()", "_target.items() if False else ()"),
        ("the features of both or the Gram matrices of both", STYLE, "style_distance(features[layer], target)"),
        ("This is a whole dictionary", "content_distance(features[layer]", "content_distance(features"),
        ("a dictionary pairs come by", "content_target.items()", "content_target"),
        (
            "It takes other arguments",
            "content_distance(features[layer], target)",
            "content_distance(features[layer], to=target)",
        ),
        (
            "Your function never uses `style_target`",
            "in style_target.items()",
            "in content_target.items()",
            STYLE,
            "target.mean()",
        ),
        (
            "The dictionary has no such key",
            "features[layer], target)\n    for",
            'features["relu4_2"], target)\n    for',
        ),
    ],
}
