"""The figures of lesson 01 show the numbers that they were given; wrong answers to its exercises are named."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from style_helpers import images, networks
from style_helpers.course import checks, plots


def ramp(height=6, width=9):
    """A picture of which every number is another byte: 3 x 6 x 9 of them."""
    return torch.arange(3 * height * width).reshape(1, 3, height, width) / 255


def test_pixel_numbers_writes_each_byte_where_it_belongs():
    picture = ramp()
    figure = plots.pixel_numbers(picture, top=2, left=4, side=3)
    panels = figure.axes[-3:]
    assert [axes.get_title() for axes in panels] == ["red", "green", "blue"]
    for colour, axes in enumerate(panels):
        written = {text.get_position(): int(text.get_text()) for text in axes.texts}
        expected = {
            (column, row): round(255 * float(picture[0, colour, 2 + row, 4 + column]))
            for row in range(3)
            for column in range(3)
        }
        assert written == expected


def test_pixel_numbers_are_dark_on_bright_and_bright_on_dark():
    picture = torch.zeros(1, 3, 4, 4)
    picture[..., 1:] = 1.0
    figure = plots.pixel_numbers(picture, top=0, left=0, side=2)
    inks = {text.get_position()[0]: to_hex(text.get_color()) for text in figure.axes[-1].texts}
    assert inks == {0: "#ffffff", 1: "#000000"}
    assert all(text.get_fontsize() >= 9 for text in figure.axes[-1].texts)


def test_pixel_numbers_outlines_the_square_that_it_enlarges():
    picture = ramp()
    whole, enlarged = plots.pixel_numbers(picture, top=2, left=4, side=3).axes[:2]
    left, bottom, width, height = whole.patches[-1].get_bbox().bounds
    assert (left, bottom, width, height) == (3.5, 1.5, 3, 3)
    shown = torch.as_tensor(enlarged.images[0].get_array()).permute(2, 0, 1)
    torch.testing.assert_close(shown, picture[0, :, 2:5, 4:7])


@pytest.mark.parametrize(("top", "left", "side"), [(4, 0, 3), (0, 7, 3), (-1, 0, 3), (0, 0, 0)])
def test_pixel_numbers_refuses_a_square_outside_the_picture(top, left, side):
    with pytest.raises(ValueError, match="does not lie in a picture of 6 rows and 9 columns"):
        plots.pixel_numbers(ramp(), top, left, side)


AGREEMENT = {
    "bytes": {"relu1": 0.7, "relu2": 0.4, "relu3": 0.1},
    "another": {"relu1": 0.4, "relu2": -0.2, "relu3": 0.0},
}


def test_feature_agreement_draws_each_way_over_the_layers():
    axes = plots.feature_agreement(AGREEMENT).axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {way: list(values.values()) for way, values in AGREEMENT.items()}
    assert all(list(line.get_xdata()) == ["relu1", "relu2", "relu3"] for line in axes.lines)
    lowest, highest = axes.get_ylim()
    assert lowest <= -0.2
    assert highest >= 1


def test_feature_agreement_tells_its_lines_apart_without_colour():
    seven = {f"way {number}": {"relu1": number / 10} for number in range(7)}
    figure = plots.feature_agreement(seven)
    looks = {(line.get_linestyle(), line.get_marker()) for line in figure.axes[0].lines}
    assert len(looks) == 7
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(seven)


def test_feature_agreement_refuses_more_lines_than_can_be_told_apart():
    with pytest.raises(ValueError, match="At most 7 lines can be told apart, but 8 were given"):
        plots.feature_agreement({str(number): {"relu1": 0.5} for number in range(8)})


def test_both_figures_fit_the_page():
    figures = [
        plots.pixel_numbers(images.load(images.CONTENT / "flower.jpg", size=16), 3, 3),
        plots.feature_agreement(AGREEMENT),
    ]
    for figure in figures:
        assert figure.get_figwidth() <= 10


# The exercises


def bytes_of(picture):
    return torch.from_numpy(np.array(picture))


def as_asked(picture):
    return bytes_of(picture).permute(2, 0, 1)[None] / 255


def to_tensor_of_another_cell(picture):
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


def to_tensor_of_an_unknown_name(picture):
    return bytes_of(pictures).permute(2, 0, 1)[None] / 255  # noqa: F821


def to_tensor_for_one_size(picture):
    return (bytes_of(picture).permute(2, 0, 1) / 255).reshape(1, 3, 4, 5)


pixels = np.zeros((4, 5, 3), np.uint8)
MEAN, STD = networks.IMAGENET_MEAN, networks.IMAGENET_STD
M, S = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (MEAN, STD))
WRONG = [
    ("to_tensor", to_tensor_of_another_cell, "reads `pixels` from another cell"),
    ("to_tensor", to_tensor_of_another_cell, "the same in all cases"),
    ("to_tensor", to_tensor_of_an_unknown_name, "NameError: name 'pictures' is not defined. Is `picture` meant?"),
    ("to_tensor", to_tensor_for_one_size, "take the sides from the argument's `shape`"),
    ("to_tensor", lambda p: np.array(p).permute(2, 0, 1), "have different methods"),
    ("to_tensor", lambda p: bytes_of(p).permute(2, 0, 1)[None] // 255, "keeps whole numbers alone"),
    ("to_tensor", lambda p: (as_asked(p) - M) / S, "normalised as ImageNet's"),
    ("to_tensor", lambda p: bytes_of(p).permute(2, 0, 1)[None] / bytes_of(p).max(), "own largest number"),
    ("to_tensor", lambda p: as_asked(p) / 255, "a division made twice"),
    ("to_tensor", lambda p: as_asked(p).square(), "it is the expected one, squared"),
    ("to_tensor", lambda p: as_asked(p) * 2, "it is 2 times the expected one"),
    ("to_tensor", lambda p: as_asked(p)[:, [1, 0, 2]], "Compare the first pixel"),
    ("to_tensor", lambda p: as_asked(p).repeat(2, 1, 1, 1), "is expected. Compare the first pixel"),
    ("to_tensor", lambda p: as_asked(p).half(), "torch.float32 is asked: `.to(torch.float32)` changes it"),
    ("to_tensor", lambda p: bytes_of(p).reshape(1, 3, p.height, p.width) / 255, "scrambles colours and places"),
    ("to_tensor", lambda p: bytes_of(p).permute(2, 1, 0)[None] / 255, "rows and columns exchanged"),
    ("normalise", lambda x: (x - MEAN) / STD, "'Tensor' and 'tuple'. Make a tensor of it first"),
    ("normalise", lambda x: (x - torch.tensor(MEAN)) / torch.tensor(STD), "lined up from the right"),
    ("normalise", lambda x: x - M / S, "brackets that are missing"),
    ("normalise", lambda x: (x - S) / M, "mean and spread exchanged"),
    ("normalise", lambda x: (x - M) / S**2, "the variance"),
    ("normalise", lambda x: (x - x.mean()) / x.std(), "this one picture, over all colours"),
    ("normalise", lambda x: ((x - M) / S)[0], "a dimension of 1 is missing"),
    ("to_bytes", lambda x: x[0].permute(1, 2, 0).to(torch.uint8) * 255, "bytes made before the multiplication"),
    ("to_bytes", lambda x: (x * 255).clamp(0, 1).round().byte()[0].permute(1, 2, 0), "after the multiplication"),
    ("to_bytes", lambda x: (x.clamp(0, 1).round() * 255).byte()[0].permute(1, 2, 0), "`round()` before"),
    ("to_bytes", lambda x: (x.clamp(min=0) * 255).round().long().byte()[0].permute(1, 2, 0), "a clamp at 0 alone"),
    ("to_bytes", lambda x: (min(1, max(0, x)) * 255).byte()[0].permute(1, 2, 0), "a tensor has `clamp`"),
    ("to_bytes", lambda x: (x[0].permute(1, 2, 0) * 255).round().long().byte(), "wrap around"),
    ("to_bytes", lambda x: (x.clamp(0, 1) * 255).round().byte().permute(1, 2, 0), "How many dimensions are there?"),
]


def test_no_picture_is_offered_after_an_exception():
    assert "first pixel" not in checks.to_tensor(to_tensor_of_an_unknown_name).message
