"""One pass: photographs and frames painted, the walk, and the flicker, with the real painter."""

import io
import itertools

import pytest
import torch
from PIL import Image
from torch import nn

from style_helpers import images
from style_helpers.panels.one_pass import ROUND, Flicker, OnePass, shift
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
    height, width = panel.chooser.load(panel.size.value).shape[-2:]
    assert {frame.shape[-2:] for frame in frames} == {(round(0.75 * height), round(0.75 * width))}
    assert torch.equal(panel._step(ROUND), frames[0])
    assert not any(torch.equal(one, other) for one, other in itertools.pairwise(frames))
    assert Image.open(io.BytesIO(ask(panel)["frame"])).size == frames[0].shape[:-3:-1]


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (3, 0), (0, -5), (-4, 7), (11, -9)])
def test_a_move_of_the_whole_is_found(rows, columns):
    photo = torch.rand(1, 3, 80, 90, generator=torch.Generator().manual_seed(0))
    before, now = photo[..., 20:60, 20:70], photo[..., 20 - rows : 60 - rows, 20 - columns : 70 - columns]
    assert shift(before, now) == (rows, columns)


def test_flicker_is_0_where_the_strokes_go_along_and_the_distance_in_parts_of_the_spread_where_not():
    generator = torch.Generator().manual_seed(0)
    photo = torch.rand(1, 3, 40, 60, generator=generator)
    film, along, flickers = [photo[..., step : step + 32, :50] for step in range(4)], Flicker(), Flicker()
    strokes = torch.rand(4, 1, 3, 32, 50, generator=generator)
    assert along.value is None
    for frame, each in zip(film, strokes, strict=True):
        along.add(frame, 5 * frame + 1)
        flickers.add(frame, each)
    assert along.value == pytest.approx((0, 0), abs=1e-6)
    apart = [
        float((now[..., :-1, :] - before[..., 1:, :]).abs().mean() / now.std())
        for before, now in itertools.pairwise(strokes)
    ]
    assert flickers.value == pytest.approx((0, sum(apart) / 3), rel=1e-5)
    flickers.add(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8))  # of another size: another film
    assert flickers.value is None


def test_what_does_not_move_has_no_flicker():
    frame, still = torch.rand(1, 3, 8, 8), Flicker()
    for _ in range(3):
        still.add(frame, frame)
    assert still.value is None


def test_the_ready_painter_flickers_on_the_walk(panel):
    panel.record(6)
    plain, painted = panel.movie.steps[-1]["flicker"]
    assert plain < 1e-3
    assert painted > 0.1  # 0.29 to 0.41 over four photographs


def test_what_is_recorded_has_each_step_painted(panel):
    panel.record(3)
    recorded = panel.movie.recorded()["steps"]
    assert [sorted(each) for each in recorded] == [["flicker", "frame", "picture", "seconds"]] * 3
    assert recorded[0]["flicker"] is None
    assert len(recorded[2]["flicker"]) == 2
