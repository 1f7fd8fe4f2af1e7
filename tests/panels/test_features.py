"""The feature explorer, with a look that computes nothing real, and its receptive fields against the real thing."""

import html
import re
import threading

import pytest
import torch
from PIL import Image

from style_helpers import images, networks
from style_helpers.panels import features
from style_helpers.panels.features import STRONGEST, FeatureExplorer, diagram, fields
from tests.panels.driving import click_at_once

SHAPE = (16, 5, 8)


def fake(network, picture):
    """Every layer's ReLU is of the layer before it; channel 3 is the strongest, channel 0 never fires."""
    found, values = {}, None
    for name in networks.layer_names(network):
        if name.startswith("relu"):
            values = values.clamp(min=0)
        else:
            values = torch.randn(SHAPE, generator=torch.Generator().manual_seed(len(found))) * 0.1
            values[3] += 2
            values[0] -= 9
        found[name] = values[None]
    return found


@pytest.fixture
def looks():
    return []


@pytest.fixture
def panel(looks):
    def look(network, picture):
        looks.append((network, tuple(picture.shape)))
        return fake(network, picture)

    return FeatureExplorer(look)


def alt(view):
    return html.unescape(re.search(r'alt="([^"]*)"', view.value)[1])


def test_it_opens_with_maps_photo_and_diagram(panel, looks):
    assert looks == [("alexnet", (1, 3, 224, 336))]
    assert alt(panel.maps_view).startswith(f"The {STRONGEST} strongest of 16 maps of relu2")
    assert "the strongest first: channel 3: 0% is 0, " in alt(panel.maps_view)
    assert "51 x 51 pixels" in alt(panel.photo_view)
    assert "relu2, number 5, is picked" in panel.diagram.value
    assert "relu2 of AlexNet: 16 maps of 8 x 5." in panel.status.value


def test_a_layer_is_drawn_without_looking_again(panel, looks):
    before = panel.maps_view.value
    panel.layer.value = "pool5"
    assert panel.maps_view.value != before
    assert "195 x 195 pixels" in panel.status.value
    assert panel.relu.disabled
    panel.layer.value = "conv4"
    assert not panel.relu.disabled
    assert panel.relu.value == "conv"
    assert len(looks) == 1


def test_before_and_after_the_relu_are_the_same_channels_and_the_same_share(panel):
    after = re.findall(r"channel (\d+): (\d+%)", alt(panel.maps_view))
    share = re.search(r"([\d.]+%) of its numbers are 0", panel.status.value)[1]
    panel.relu.value = "conv"
    assert panel.layer.value == "conv2"
    assert re.findall(r"channel (\d+): (\d+%)", alt(panel.maps_view)) == after
    assert f"{share} of its numbers are not above 0" in panel.status.value
    assert "mid-grey is 0" in panel.maps_note.value
    panel.relu.value = "relu"
    assert panel.layer.value == "relu2"
    assert "black is 0" in panel.maps_note.value


def test_the_position_moves_the_unit_and_its_field(panel):
    panel.across.value, panel.down.value = 0, 100
    assert "row 4, column 0 " in panel.status.value
    photo = panel.photo_view.value
    panel.across.value = 60
    assert panel.photo_view.value != photo
    assert "row 4, column 7 " in panel.status.value


def test_another_network_keeps_the_block_and_the_kind_of_layer(panel, looks):
    panel.network.value = "vgg16"
    assert looks[-1] == ("vgg16", (1, 3, 160, 240))
    assert panel.layer.value == "relu2_1"
    assert tuple(panel.layer.options) == networks.layer_names("vgg16")
    assert panel.block_buttons[0].description == "block 1"
    panel.layer.value = "conv3_3"
    panel.network.value = "alexnet"
    assert panel.layer.value == "conv3"
    assert panel.block_buttons[0].description == "layer 1"


def test_the_buttons_pick_a_block(panel):
    panel.block_buttons[3].click()
    assert panel.layer.value == "relu4"
    panel.network.value = "vgg16"
    panel.block_buttons[4].click()
    assert panel.layer.value == "relu5_1"


def test_another_photo(panel, looks):
    panel.photo.value = "astronaut.jpg"
    assert looks[-1] == ("alexnet", (1, 3, 224, 224))
    assert "astronaut.jpg" in alt(panel.photo_view)


def test_an_error_is_one_sentence_and_what_is_shown_stays(looks):
    def look(network, picture):
        if network == "vgg16":
            raise ValueError("No source has the <weights>.")
        return fake(network, picture)

    panel = FeatureExplorer(look)
    shown = panel.maps_view.value
    panel.network.value = "vgg16"
    assert "No source has the &lt;weights&gt;." in panel.status.value
    assert 'role="alert"' in panel.status.value
    assert panel.network.value == "alexnet"
    assert panel.maps_view.value == shown
    panel.layer.value = "relu5"
    assert "relu5 of AlexNet" in panel.status.value


def test_a_panel_that_cannot_look_at_first_looks_when_asked_again():
    fails = [True, False]

    def look(network, picture):
        if fails.pop(0):
            raise OSError("no weights")
        return fake(network, picture)

    panel = FeatureExplorer(look)
    assert "no weights" in panel.status.value
    panel.layer.value = "relu3"
    panel.across.value = 3
    panel.block_buttons[0].click()
    panel.photo.value = "flower.jpg"
    assert "relu1 of AlexNet" in panel.status.value


def test_a_file_name_is_escaped(tmp_path):
    Image.new("RGB", (300, 240), "red").save(tmp_path / "<b>&.png")
    panel = FeatureExplorer(fake, tmp_path)
    assert "<b>&" not in panel.photo_view.value
    assert alt(panel.photo_view).startswith("<b>&.png")


def test_messages_may_come_on_any_thread_and_none_is_left(panel):
    before = threading.active_count()
    moves = [lambda: setattr(panel.layer, "value", "relu4"), lambda: setattr(panel.network, "value", "vgg16"),
             lambda: setattr(panel.relu, "value", "conv"), panel.block_buttons[1].click] * 3  # fmt: skip
    click_at_once(moves)
    assert threading.active_count() == before
    panel.network.value = "alexnet"
    panel.layer.value = "relu1"
    assert "relu1 of AlexNet" in panel.status.value


def test_the_diagram_names_and_outlines_the_picked_layer_alone():
    drawn = diagram("<Net>", {"conv1": 8, "relu1": 8, "pool1": 4}, "relu1")
    assert drawn.count('stroke-width="4"') == 1
    assert 'font-weight="bold">relu1<' in drawn
    assert "<Net>" not in drawn
    heights = [float(height) for height in re.findall(r'<rect [^>]* height="([\d.]+)"', drawn)]
    assert heights[0] == heights[1] > heights[2]


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_receptive_fields_are_where_the_gradient_is(name, request):
    """Measured on a twin of positive means, as in lesson 02: what can arrive does arrive."""
    state = {
        key: torch.full_like(values, 1 / values[0].numel()) if key.endswith("weight") else torch.zeros_like(values)
        for key, values in request.getfixturevalue(name)._state.items()
    }
    layers = {"alexnet": ("conv1", "pool1", "conv2", "relu3"), "vgg16": ("conv1_2", "pool1", "conv2_2", "relu3_2")}[
        name
    ]
    twin = networks.Features(name, state, layers, pooling="average", normalise=False)
    picture = torch.full((1, 3, 119, 119), 0.5, requires_grad=True)
    for layer, maps in twin(picture).items():
        for unit in (0, maps.shape[-1] // 2, maps.shape[-1] - 1):
            (gradient,) = torch.autograd.grad(maps[0, 0, unit, unit], picture, retain_graph=True)
            rows = (gradient[0] != 0).any(0).any(1).nonzero()
            assert fields(name)[layer].seen(unit, 119) == (rows.min(), rows.max() + 1), (layer, unit)


def test_the_real_look_gives_every_layer_without_a_gradient():
    found = features.look("alexnet", images.load(images.CONTENT / "flower.jpg", 64))
    assert tuple(found) == networks.layer_names("alexnet")
    assert not any(maps.requires_grad for maps in found.values())


def test_the_still_is_a_small_picture(panel):
    assert isinstance(panel.still(), Image.Image)
    assert 800 < panel.still().width < 1400
