"""The brush's Python half; the painting is tested in a browser."""

import io

import pytest
import torch
from PIL import Image

from style_helpers.panels.brush import LONGEST, Brush


@pytest.fixture
def brush():
    made = Brush()
    made.show(Image.new("RGB", (1000, 500), "red"), "the photograph red.jpg")
    return made


def test_the_photograph_travels_small_and_the_mask_has_its_shape(brush):
    assert Image.open(io.BytesIO(brush.photo)).size == (640, 320)
    assert brush.mask_size == [LONGEST // 2, LONGEST]
    brush.show(Image.new("RGB", (20, 4000)), "a pole")
    assert brush.mask_size == [LONGEST, 2]


def test_a_mask_is_fitted_to_the_size_of_a_run(brush):
    mask = torch.zeros(160, 320, dtype=torch.uint8)
    mask[:, :160] = 255
    brush.set_state({"mask": memoryview(mask.numpy().tobytes())})
    painted = brush.painted(64, 128)
    assert painted.shape == (1, 1, 64, 128)
    assert painted[0, 0, :, :60].min() == 1
    assert painted[0, 0, :, 68:].max() == 0
    assert torch.equal((255 * painted).round() / 255, painted)  # as a file of 8 bits keeps it


def test_nothing_painted_is_no_mask(brush):
    assert brush.painted(64, 128) is None
    brush.mask = bytes(160 * 320)
    assert brush.painted(64, 128) is None
    brush.mask = bytes([255]) * 7  # of another photograph
    assert brush.painted(64, 128) is None


def test_another_photograph_begins_without_a_mask(brush):
    brush.mask = bytes([255]) * (160 * 320)
    brush.show(Image.new("RGB", (1000, 500), "blue"), "the photograph blue.jpg")
    assert brush.mask == b""


def test_a_late_stroke_on_the_photograph_before_is_none_on_this_one(brush):
    before = brush.number
    brush.show(Image.new("RGB", (1000, 500), "blue"), "the photograph blue.jpg")  # of the same shape
    brush.mask, brush.mask_of = bytes([255]) * (160 * 320), before
    assert brush.painted(64, 128) is None
    brush.mask_of = brush.number
    assert brush.painted(64, 128) is not None
