"""One pass: photographs and frames painted, the walk, and the flicker, with the real painter."""

import io
import itertools

import pytest
import torch
from PIL import Image
from torch import nn

from style_helpers import images
from style_helpers.panels.one_pass import ROUND, Flicker, OnePass
from style_helpers.panels.panel import as_jpeg


@pytest.fixture(scope="module")
def panel():
    made = OnePass()
    made.size.value = 128
    return made


def picture_of(content):
    return images.load(bytes(content))


def ask(panel, frame=b""):
    """As the browser does: both traits in one message."""
    asked = panel.movie.asked + 1
    panel.movie.set_state({"frame": memoryview(frame), "asked": asked})
    assert panel.movie.painted["number"] == asked
    return panel.movie.painted


def test_the_photograph_that_is_chosen_is_painted(panel):
    for place in (0, 2):
        panel.chooser.chosen = place
        photo = panel.chooser.load(128)
        assert torch.equal(picture_of(panel.wipe.before), images.from_pil(images.to_pil(photo)))
        painted = panel.paints.paint(photo)
        assert (picture_of(panel.wipe.after) - painted.cpu()).abs().max() < 1 / 255
        assert panel.wipe.before_name == panel.chooser.name
        assert "128" in panel.status.value


def test_a_painter_of_ones_own_paints(panel):
    class Grey(nn.Module):
        def paint(self, photo):
            return torch.full_like(photo, 0.5)

    own = OnePass(Grey())
    assert picture_of(own.wipe.after).unique().tolist() == pytest.approx([0.5], abs=1 / 255)


def test_a_frame_of_the_browsers_is_painted_and_a_broken_one_is_one_sentence(panel):
    frame = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    given = ask(panel, as_jpeg(frame))
    assert given["seconds"] > 0
    assert Image.open(io.BytesIO(given["picture"])).size == (96, 64)
    panel.movie.set_state({"frame": memoryview(b"no picture"), "asked": panel.movie.asked + 1})
    assert "Please look" in panel.status.value
    assert panel.movie.painted == {"number": panel.movie.asked}


def test_the_walk_goes_round_the_photograph(panel):
    frames = [panel._step(number) for number in range(ROUND)]
    height, width = panel.chooser.load(256).shape[-2:]
    assert {frame.shape[-2:] for frame in frames} == {(round(0.75 * height), round(0.75 * width))}
    assert torch.equal(panel._step(ROUND), frames[0])
    assert not any(torch.equal(one, other) for one, other in itertools.pairwise(frames))
    assert Image.open(io.BytesIO(ask(panel)["frame"])).size == frames[0].shape[:-3:-1]


def test_flicker_is_the_painted_change_over_the_plain_one_each_in_parts_of_its_spread():
    generator = torch.Generator().manual_seed(0)
    frames, flicker = torch.rand(4, 1, 3, 8, 8, generator=generator), Flicker()
    assert flicker.value is None
    for frame in frames:
        flicker.add(frame, frame.square())

    def change(film):
        pairs = itertools.pairwise(film)
        return sum(float((now - before).abs().sum() / now.numel() / now.std()) for before, now in pairs)

    assert flicker.value == pytest.approx(change(frames.square()) / change(frames), rel=1e-5)
    flicker.add(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4))  # of another size: another film
    assert flicker.value is None


def test_more_contrast_is_no_flicker_and_nothing_that_moves_has_none():
    frames, flicker = [torch.rand(1, 3, 8, 8) for _ in range(3)], Flicker()
    for frame in frames:
        flicker.add(frame, 5 * frame + 1)
    assert flicker.value == pytest.approx(1)
    still = Flicker()
    for _ in range(3):
        still.add(frames[0], frames[0])
    assert still.value is None


def test_what_is_recorded_has_each_step_painted(panel):
    panel.record(3)
    recorded = panel.movie.recorded()["steps"]
    assert [sorted(each) for each in recorded] == [["flicker", "frame", "picture", "seconds"]] * 3
    assert recorded[0]["flicker"] is None
    assert recorded[2]["flicker"] > 0
