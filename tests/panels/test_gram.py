"""The Gram microscope's Python half, with a look that computes nothing real. Its front is tested in a browser."""

import contextlib
import io
import threading

import numpy
import pytest
import torch
import traitlets
from PIL import Image

from style_helpers import images, networks
from style_helpers.losses import gram_matrix
from style_helpers.panels.gram import LEVELS, LOUDEST, GramMicroscope, packed
from tests.panels.driving import click_at_once


def maps_of(network):
    """30 channels of growing strength. The last two fire only together, at one place; 27 where 28 never does."""
    values = torch.rand((30, 12, 16), generator=torch.Generator().manual_seed(0)) * torch.arange(30.0)[:, None, None]
    values[26:] = 0
    values[28:, 2, 3] = 4000
    values[27, 9, 9] = 3000
    values[26, 5] = 600
    return {name: values[None] for name in networks.layer_names(network) if name.startswith("relu")}


def received(sent):
    """The maps (C, H, W), float64, as the front has them."""
    levels = numpy.frombuffer(sent["maps"], "<u2").reshape(len(sent["channels"]), sent["high"], sent["wide"])
    most = numpy.frombuffer(sent["most"], "<f4").astype(float)
    return torch.from_numpy(levels.astype(float) * most[:, None, None] / LEVELS)


@pytest.fixture
def looks():
    return []


@pytest.fixture
def panel(looks):
    def look(network, picture):
        looks.append((network, tuple(picture.shape)))
        return maps_of(network)

    return GramMicroscope(look)


def picked(panel):
    return {panel.front.seen["channels"][place] for place in panel.front.pair}


def test_it_opens_with_the_pair_that_fires_together_most(panel, looks):
    assert looks == [("alexnet", (1, 3, 224, 332))]
    assert picked(panel) == {28, 29}
    assert len(panel.front.seen["channels"]) == LOUDEST
    assert panel.front.seen["channels"][2:4] == [27, 26]
    assert "30 channels and 12 x 16 positions" in panel.status.value


def test_it_sends_the_true_matrix_and_the_painting(panel):
    sent = panel.front.seen
    whole = gram_matrix(maps_of("alexnet")["relu2"])[0]
    loudest = whole[sent["channels"]][:, sent["channels"]]
    assert sent["gram"] == loudest.numpy().tobytes()
    assert loudest.max() == whole.max()  # "of the largest" is of the whole matrix's
    assert (sent["words"], sent["of_all"], sent["pixels"]) == ("relu2 of hokusai-great-wave.jpg", 30, [332, 224])
    assert Image.open(io.BytesIO(panel.front.painting)).size == (665, 448)


def test_a_layer_comes_in_one_message_without_the_painting(panel, monkeypatch):
    messages = []
    monkeypatch.setattr(panel.front, "send_state", lambda key=None: messages.append(set(key)))
    panel._features["relu4"] = panel._features["relu4"] * 2
    panel.front.shuffled, panel.front.part = 3, [0, 0, 0.5, 0.5]
    messages.clear()
    panel.layer.value = "relu4"
    assert messages == [{"seen", "shuffled"}]
    assert panel.front.shuffled == 0
    assert panel.front.part == [0, 0, 0.5, 0.5]  # one part seen through several layers
    panel.picture.label = "Hokusai's Poppies"
    assert len(messages) == 2
    assert {"seen", "painting", "part"} <= messages[1]
    assert panel.front.part == []


@pytest.mark.parametrize("box", [(slice(None), slice(None)), (slice(3, 14), slice(5, 20))], ids=["whole", "part"])
def test_what_the_maps_lose_on_the_way_is_too_little_to_be_shown(box):
    """The front shows three digits, so an error of 5e-4 could be seen; with one byte a number it would be 1e-2."""
    painting = images.load(images.STYLE / "hokusai-great-wave.jpg", 224)
    with torch.no_grad():
        maps = networks.load("alexnet", ("relu2",), device="cpu")(painting)["relu2"][0].double()
    channels = gram_matrix(maps[None])[0].diagonal().argsort(descending=True)[:LOUDEST].tolist()
    sent = received(packed(maps, gram_matrix(maps[None])[0], channels, (224, 332), ""))
    assert ((sent > 0) == (maps[channels] > 0)).all()  # so the places where both fire are counted exactly
    true, found = (gram_matrix(each[None, :, *box])[0] for each in (maps[channels], sent))
    apart = (found - true).abs()
    assert 0 < (apart / true)[true > 0.01 * true.max()].max() < 1e-4
    assert apart.max() < 2e-5 * true.max()


def test_network_and_painting(panel, looks):
    panel.network.value = "vgg16"
    assert looks[-1][0] == "vgg16"
    assert tuple(panel.layer.options) == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert panel.layer.value == "relu2_1"
    panel.picture.label = "Hokusai's Poppies"
    assert panel.front.seen["words"] == "relu2_1 of hokusai-poppies.jpg"
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
    assert panel.front.seen["words"] == "relu2 of hokusai-great-wave.jpg"
    panel.layer.value = "relu5"
    assert "relu5 has" in panel.status.value


def test_a_panel_that_cannot_look_at_first_stays_usable():
    fails = [True, False]

    def look(network, picture):
        if fails.pop(0):
            raise OSError("no weights")
        return maps_of(network)

    panel = GramMicroscope(look)
    panel.layer.value = "relu1"
    assert "no weights" in panel.status.value
    assert panel.front.seen == {}
    panel.picture.label = "Hokusai's Poppies"
    assert "relu1 has" in panel.status.value
    assert picked(panel) == {28, 29}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_silent_layer_and_few_channels_are_sent_and_drawn(channels):
    silent = {f"relu{n}": torch.zeros(1, channels, 4, 5) for n in range(1, 6)}
    panel = GramMicroscope(lambda network, picture: silent)
    assert 'role="alert"' not in panel.status.value
    assert received(panel.front.seen).tolist() == silent["relu2"][0].tolist()
    assert max(panel.front.pair) < channels


def test_messages_may_come_on_any_thread_and_none_is_left(panel):
    def layer():
        with contextlib.suppress(traitlets.TraitError):  # the other network may have come first, which has no relu4
            panel.layer.value = "relu4"

    before = threading.active_count()
    moves = [layer, lambda: setattr(panel.front, "pair", [3, 4]),
             lambda: setattr(panel.network, "value", "vgg16")] * 3  # fmt: skip
    click_at_once(moves)
    assert threading.active_count() == before
    panel.layer.value = panel.layer.options[0]
    assert f"{panel.layer.options[0]} has" in panel.status.value
