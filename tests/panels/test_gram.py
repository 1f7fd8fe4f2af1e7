"""The Gram microscope, with a look that computes nothing real."""

import html
import re
import threading

import pytest
import torch
from PIL import Image

from style_helpers import networks
from style_helpers.losses import gram_matrix
from style_helpers.panels.gram import LOUDEST, PATCH, PATCHES, GramMicroscope, matrix, strongest
from tests.panels.driving import click_at_once


def maps_of(network):
    """30 channels of growing strength. The last two fire only together, at one place; 27 where 28 never does."""
    values = torch.rand((30, 12, 16), generator=torch.Generator().manual_seed(0)) * torch.arange(30.0)[:, None, None]
    values[26:] = 0
    values[28:, 2, 3] = 4000
    values[27, 9, 9] = 3000
    values[26, 5] = 600
    return {name: values[None] for name in networks.layer_names(network) if name.startswith("relu")}


@pytest.fixture
def looks():
    return []


@pytest.fixture
def panel(looks):
    def look(network, picture):
        looks.append((network, tuple(picture.shape)))
        return maps_of(network)

    return GramMicroscope(look)


def alt(view):
    return html.unescape(re.search(r'alt="([^"]*)"', view.value)[1])


def test_it_opens_with_the_pair_that_fires_together_most(panel, looks):
    assert looks == [("alexnet", (1, 3, 224, 332))]
    assert {panel.k.value, panel.l.value} == {28, 29}
    assert "100% of the largest number" in panel.value.value
    assert "1% of the places" in panel.value.value
    assert len(panel.k.options) == LOUDEST
    assert [channel for _, channel in panel.k.options[2:4]] == [27, 26]
    assert "30 channels and 16 x 12 places" in panel.status.value


def test_the_number_is_that_of_the_gram_matrix(panel):
    panel.k.value, panel.l.value = 20, 24
    expected = gram_matrix(maps_of("alexnet")["relu2"])[0]
    assert f"is {expected[20, 24]:.3g}, {expected[20, 24] / expected.max():.0%} of" in panel.value.value
    assert "channels 20 and 24" in alt(panel.matrix_view)
    assert "channel 20, channel 24" in alt(panel.pair_view)


def test_each_slider_redraws(panel):
    for slider in (panel.k, panel.l):
        before = panel.matrix_view.value, panel.pair_view.value
        slider.value = 21
        assert panel.matrix_view.value != before[0]
        assert panel.pair_view.value != before[1]


def test_most_and_least_together(panel):
    panel.least_button.click()
    assert " is 0, 0% of" in panel.value.value
    assert "fire together nowhere" in alt(panel.patches_view)
    assert "0 numbered frames" in alt(panel.painting_view)
    panel.most_button.click()
    assert {panel.k.value, panel.l.value} == {28, 29}
    assert alt(panel.patches_view).startswith("1 patch of 32 pixels")
    assert "1 numbered frames" in alt(panel.painting_view)


def test_shuffle_scrambles_the_maps_and_leaves_the_matrix(panel):
    panel.k.value, panel.l.value = 20, 24
    true, maps, cells = panel._gram, panel.pair_view.value, panel._matrix_drawn.tobytes()
    panel.seed.value = 5
    panel.shuffle_button.click()
    assert panel.pair_view.value != maps
    assert "scrambled" in alt(panel.pair_view)
    assert "places shuffled" in alt(panel.matrix_view)
    assert panel._matrix_drawn.tobytes() == cells
    assert "Shuffled with seed 5" in panel.status.value
    told = float(re.search(r"numbers of G is ([\d.e+-]+),", panel.status.value)[1])
    assert told == pytest.approx((panel._gram - true).abs().max().item(), rel=0.1)
    assert told < 1e-5 * true.max()
    assert not panel.restore_button.disabled


def test_the_seed_decides_the_order_and_restore_puts_it_back(panel):
    panel.k.value = 20
    first = panel.pair_view.value
    drawn = {}
    for seed in (1, 2, 1):
        panel.seed.value = seed
        panel.shuffle_button.click()
        assert drawn.setdefault(seed, panel.pair_view.value) == panel.pair_view.value
    assert drawn[1] != drawn[2]
    panel.restore_button.click()
    assert panel.pair_view.value == first
    assert panel.restore_button.disabled
    assert "back where it was" in panel.status.value


def test_a_pair_picked_after_the_shuffle_is_scrambled_and_another_layer_is_not(panel):
    panel.shuffle_button.click()
    panel.k.value = 21
    assert "scrambled" in alt(panel.pair_view)
    assert "lost their meaning" in alt(panel.patches_view) or "nowhere" in alt(panel.patches_view)
    panel.layer.value = "relu3"
    assert "in place" in alt(panel.pair_view)
    assert panel.restore_button.disabled


def test_network_and_painting(panel, looks):
    panel.network.value = "vgg16"
    assert looks[-1][0] == "vgg16"
    assert tuple(panel.layer.options) == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert panel.layer.value == "relu2_1"
    panel.painting.value = "hokusai-poppies.jpg"
    assert "hokusai-poppies.jpg" in alt(panel.matrix_view)
    panel.network.value = "alexnet"
    assert panel.layer.value == "relu2"


def test_an_error_is_one_sentence_and_what_is_shown_stays():
    def look(network, picture):
        if network == "vgg16":
            raise ValueError("No source has the <weights>.")
        return maps_of(network)

    panel = GramMicroscope(look)
    panel.network.value = "vgg16"
    assert "No source has the &lt;weights&gt;." in panel.status.value
    assert panel.network.value == "alexnet"
    panel.layer.value = "relu5"
    assert "relu5 has" in panel.status.value


def test_a_panel_that_cannot_look_at_first_stays_usable():
    fails = [True, False]

    def look(network, picture):
        if fails.pop(0):
            raise OSError("no weights")
        return maps_of(network)

    panel = GramMicroscope(look)
    for button in (panel.shuffle_button, panel.restore_button, panel.most_button, panel.least_button):
        button.click()
    panel.layer.value = "relu1"
    assert "no weights" in panel.status.value
    panel.painting.value = "hokusai-poppies.jpg"
    assert "relu1 has" in panel.status.value


def test_a_silent_layer_and_few_channels_are_drawn():
    panel = GramMicroscope(lambda network, picture: {f"relu{n}": torch.zeros(1, 3, 4, 5) for n in range(1, 6)})
    assert 'role="alert"' not in panel.status.value
    assert len(panel.k.options) == 3
    assert " is 0, 0% of" in panel.value.value


def test_a_file_name_is_escaped(tmp_path):
    Image.new("RGB", (300, 240), "red").save(tmp_path / "<b>&.png")
    panel = GramMicroscope(lambda network, picture: maps_of(network), tmp_path)
    for view in (panel.matrix_view, panel.patches_view, panel.painting_view):
        assert "<b>&" not in view.value
        assert "<b>&.png" in alt(view)


def test_messages_may_come_on_any_thread_and_none_is_left(panel):
    before = threading.active_count()
    moves = [lambda: setattr(panel.layer, "value", "relu4"), panel.shuffle_button.click, panel.least_button.click,
             lambda: setattr(panel.network, "value", "vgg16"), panel.restore_button.click] * 3  # fmt: skip
    click_at_once(moves)
    assert threading.active_count() == before
    panel.shuffle_button.click()
    panel.restore_button.click()
    assert "back where it was" in panel.status.value


def test_patches_lie_in_the_picture_and_apart():
    found = strongest(torch.rand(12, 16, generator=torch.Generator().manual_seed(0)), (96, 128))
    assert len(found) == PATCHES
    for number, (top, left) in enumerate(found):
        assert 0 <= top <= 96 - PATCH
        assert 0 <= left <= 128 - PATCH
        for other, seen in found[:number]:
            assert max(abs(top - other), abs(left - seen)) > PATCH / 2
    one = torch.zeros(12, 16)
    one[6, 8] = 1
    assert strongest(one, (96, 128)) == [(36, 52)]


def test_the_matrix_is_sharp_squares_lighter_for_larger():
    drawn = matrix(torch.tensor([[4.0, 1.0], [1.0, 0.0]]), [7, 101], (1, 1))
    assert [drawn.getpixel(place) for place in ((72, 72), (112, 72), (72, 112))] == [(255,) * 3, (128,) * 3, (128,) * 3]


def test_the_still_is_a_small_picture(panel):
    assert 800 < panel.still().width < 1400
