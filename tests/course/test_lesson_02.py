"""The plots of lesson 02, the numbers that its text states, and wrong answers to its exercises."""

import pytest
import torch

from style_helpers import networks
from style_helpers.course import plots

CONVOLUTIONS = {"conv1_1": 3, "conv1_2": 5, "conv2_1": 10, "conv2_2": 14, "conv3_1": 24}


def test_kernels_are_drawn_in_order_with_grey_for_zero():
    weight = torch.zeros(5, 3, 3, 3)
    weight[1, 0, 0, 2] = 0.01  # weak, and yet the largest of its kernel
    weight[1, 1, 1, 1] = -0.005
    figure = plots.kernels(weight, columns=3)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(figure.axes) == 6
    assert len(shown) == 5
    assert (shown[0] == 0.5).all()
    assert shown[1][0, 2].tolist() == [1, 0.5, 0.5]
    assert shown[1][1, 1].tolist() == [0.5, 0.25, 0.5]


def test_feature_maps_are_the_strongest_of_each_layer():
    first = torch.zeros(1, 4, 6, 8)
    first[0, 2], first[0, 0] = 3, 1
    second = torch.zeros(1, 9, 3, 4)
    second[0, 7], second[0, 5] = 1, 2
    figure = plots.feature_maps({"relu1_1": first, "relu2_1": second}, columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["channel 2", "channel 0", "channel 5", "channel 7"]
    assert figure.axes[0].get_ylabel() == "relu1_1\n4 maps\n6 x 8"
    assert figure.axes[2].get_ylabel() == "relu2_1\n9 maps\n3 x 4"
    assert figure.axes[2].images[0].get_clim() == (0, 2)


def test_a_map_of_nothing_can_be_drawn():
    plots.feature_maps({"relu5_1": torch.zeros(1, 2, 3, 3)}, columns=2)._repr_html_()


def test_before_and_after_share_one_scale_and_the_histogram_counts_each():
    before = torch.tensor([[-2.0, 1.0, 1.0], [0.5, -1.0, -2.0]])
    figure = plots.before_and_after_relu(before, before.clamp(min=0))
    left, middle, right = figure.axes[:3]
    assert left.images[0].get_clim() == middle.images[0].get_clim() == (-2, 2)
    lowest = {
        line.get_label(): line.get_xy()[line.get_xy()[:, 1] > right.get_ylim()[0]][:, 0].min() for line in right.patches
    }
    assert lowest["before"] == pytest.approx(-2)
    assert lowest["after"] == pytest.approx(0, abs=0.11)


def test_the_walk_marks_each_method_at_its_layers():
    taps = {"tutorial": list(CONVOLUTIONS), "paper": ["conv1_1", "conv2_1", "conv3_1"]}
    figure = plots.network_walk(CONVOLUTIONS, taps)
    (axes,) = figure.axes
    drawn = {line.get_label(): line for line in axes.lines}
    assert list(drawn["tutorial"].get_ydata()) == [3, 5, 10, 14, 24]
    assert list(drawn["paper"].get_xdata()) == [0, 2, 4]
    assert drawn["tutorial"].get_marker() != drawn["paper"].get_marker()
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CONVOLUTIONS)
    poolings = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    assert poolings == [1.5, 3.5]


def test_receptive_fields_are_boxes_of_whole_pixels():
    picture = torch.rand(1, 3, 20, 30, requires_grad=True)
    figure = plots.receptive_fields(
        picture, {"one": {"a": (4, 5, 4, 5), "b": (2, 3, 6, 8)}, "other": {"c": (0, 0, 19, 29)}}
    )
    one, other = figure.axes
    assert [patch.get_bbox().bounds for patch in one.patches] == [(4.5, 3.5, 1, 1), (2.5, 1.5, 6, 5)]
    assert other.patches[0].get_bbox().bounds == (-0.5, -0.5, 30, 20)
    assert [text.get_text() for text in one.texts] == ["a: 1", "b: 6"]


def test_small_receptive_fields_are_enlarged_with_as_much_again_on_each_side():
    boxes = {"a": (8, 3, 9, 6), "b": (8, 4, 8, 4)}
    (axes,) = plots.receptive_fields(torch.rand(1, 3, 20, 30), {"one": boxes}).axes
    assert axes.get_xlim() == (-0.5, 10.5)  # 4 pixels on the right, and only the 3 that there are on the left
    assert axes.get_ylim() == (11.5, 5.5)


@pytest.mark.parametrize(("network", "needed"), [("vgg16", 0.367), ("vgg19", 0.289)])
def test_the_share_of_multiplications_up_to_the_old_tutorials_last_loss(network, needed):
    counts, into = [], 3
    for block, widths in enumerate(networks.VGG_BLOCKS[network]):
        for channels in widths:
            counts.append(into * channels / 4**block)
            into = channels
    assert sum(counts[:5]) / sum(counts) == pytest.approx(needed, abs=5e-4)


def test_the_first_five_convolutions_have_the_names_that_the_lesson_tells():
    for network in ("vgg16", "vgg19"):
        convolutions = [name for name in networks.layer_names(network) if name.startswith("conv")]
        assert convolutions[:5] == list(CONVOLUTIONS)


# The exercises


def field(start=1, jump=1, side_of=lambda side, kernel, stride, jump: side + (kernel - 1) * jump):
    """A walk through the layers with one line of it changed."""

    def answer(layers):
        side, step = start, jump
        for kernel, stride in layers:
            side, step = side_of(side, kernel, stride, step), step * stride
        return side

    return answer


def field_of_the_first_layer(layers):
    side, jump = 1, 1
    for kernel, stride in layers:
        jump *= stride
        side += (kernel - 1) * jump
        return side


def field_of_nothing(layers):
    for kernel, stride in layers:
        side += (kernel - 1) * stride  # noqa: F821
    return side


WRONG = [
    ("tutorial_layers", ("1_1", "1_2", "2_1", "2_2", "3_1"), "numbers without `conv`"),
    ("tutorial_layers", ("Conv1_1", "Conv1_2", "Conv2_1", "Conv2_2", "Conv3_1"), "only its spelling is wrong"),
    ("tutorial_layers", ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv2_3"), "a block 2 without an end"),
    ("tutorial_layers", ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "conv2_1"), "ReLUs counted too"),
    ("receptive_field", field_of_the_first_layer, "a `return` inside the loop"),
    ("receptive_field", field_of_nothing, "This variable gets its value too late"),
    ("receptive_field", field(start=0), "a start with 0"),
    ("receptive_field", field(jump=0), "the same in all cases"),
    ("receptive_field", field(start=3), "In all cases it is 2 too large"),
    ("receptive_field", lambda layers: 2 * field()(layers), "In all cases it is 2 times the expected one"),
    ("receptive_field", field(side_of=lambda side, k, s, jump: side + k * jump - 1), "brackets that are missing"),
    ("receptive_field", field(side_of=lambda side, k, s, jump: (k - 1) * jump), "the part of the last layer alone"),
    ("receptive_field", field(side_of=lambda side, k, s, jump: side + (k - 1) * s), "own stride in place of"),
    ("receptive_field", lambda layers: 10 + len(layers), "Draw it"),
    ("receptive_field", lambda layers: sum(k ^ 2 for k, _ in layers) + (layers[0][0] ^ 2), "`**` in Python"),
    ("relu_trap", lambda x: x.max(dim=0), "has 2 parts, but one tensor is asked"),
    ("relu_trap", lambda x: x.relu().long(), "and other numbers too. Above 0"),
    ("relu_trap", lambda x: max(0, x), "a tensor has `clamp`"),
    ("relu_trap", lambda x: x.detach().clamp(min=0), "leave out `.detach()`"),
    ("relu_trap", lambda x: x[x > 0], "the numbers above 0 alone"),
    ("relu_trap", torch.nn.ReLU(inplace=True), "a ReLU in place"),
    ("relu_trap", lambda x: x.masked_fill_(x < 0, 0), "a ReLU in place"),
    ("relu_trap", lambda x: torch.relu(x) + x.relu(), "In all cases it is 2 times the expected one"),
    ("relu_trap", lambda x: torch.nn.functional.relu6(x), "ReLU6"),
    ("relu_trap", lambda x: x.relu().mean(0), "averaged over dimension 0"),
]
