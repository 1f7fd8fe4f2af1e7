"""The feature explorer, with a look that computes nothing real, and its receptive fields against the real thing."""

import io
import json
import threading

import pytest
import torch
from PIL import Image

from style_helpers import images, networks
from style_helpers.panels import features
from style_helpers.panels.features import FeatureExplorer, fields
from style_helpers.panels.gram import GramMicroscope
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


@pytest.mark.parametrize("kind", [FeatureExplorer, GramMicroscope])
def test_freed_it_lets_go_of_all_it_looked_at_as_the_notebook_keeps_what_a_cell_gave(kind):
    panel = kind(fake)
    pictures = [each for each in vars(panel).values() if isinstance(each, torch.Tensor)]
    assert pictures
    assert len(vars(panel.front)["_trait_values"]["_view_module"]) > 0
    panel.free()
    assert not [each for each in vars(panel).values() if isinstance(each, torch.Tensor)]
    assert panel._features == {}
    assert vars(panel.front)["_trait_values"] == {}


def pick(panel, layer):
    """As the front does it."""
    panel.front.layer = panel.front.asked = layer


def numbers(maps, shape=SHAPE):
    """What a front makes of the bytes of a layer: (C, H, W)."""
    steps = torch.frombuffer(bytearray(maps["values"]), dtype=torch.uint8).view(len(maps["channels"]), *shape[1:])
    return (steps.float() - maps["zero"]) * torch.frombuffer(bytearray(maps["scales"]), dtype=torch.float32).view(
        -1, 1, 1
    )


def test_it_opens_with_the_photo_and_the_maps_of_one_layer(panel, looks):
    front = panel.front
    assert looks == [("alexnet", (1, 3, 224, 336))]
    assert (front.photo_name, front.network, front.size) == ("chelsea-the-cat.jpg", "AlexNet", [224, 336])
    assert Image.open(io.BytesIO(front.photo)).size == (336, 224)
    assert [each["name"] for each in front.layers] == list(networks.layer_names("alexnet"))
    assert front.layers[4] == {"name": "relu2", "channels": 16, "rows": 5, "columns": 8, "side": 51, "jump": 8,
                               "start": -18}  # fmt: skip
    assert (front.layer, list(front.maps), front.live) == ("relu2", ["relu2"], True)
    assert panel.status.value.count("role=") == 1


@pytest.mark.parametrize("layer", ["conv2", "relu2"])
def test_bytes_are_the_maps_but_for_half_a_step_and_0_is_0_alone(panel, layer):
    pick(panel, layer)
    maps, real = panel.front.maps[layer], panel._features[layer][0]
    assert sorted(maps["channels"]) == list(range(16))
    real, sent = real[maps["channels"]], numbers(maps)
    steps = real.abs().amax((1, 2), keepdim=True) / (127 if layer == "conv2" else 255)
    assert torch.all((sent - real).abs() <= 1.01 * steps * torch.where((sent / steps).abs() < 1.5, 1, 0.5))
    assert torch.equal(sent.sign(), real.sign())
    assert maps["none"] == pytest.approx((real <= 0).float().mean().item())


def test_the_strongest_come_first_and_are_the_same_before_the_relu(panel):
    after = panel.front.maps["relu2"]["channels"]
    means = panel._features["relu2"][0].mean((1, 2))[after]
    assert after[0] == 3
    assert torch.equal(means, means.sort(descending=True).values)
    pick(panel, "conv2")
    assert panel.front.maps["conv2"]["channels"] == after


def test_a_layer_is_sent_when_it_is_asked_for_alone_and_without_looking_again(panel, looks, monkeypatch):
    sent = []
    monkeypatch.setattr(panel.front, "send_state", lambda key=None: sent.append(key))
    panel.front.layer = "pool5"  # it may have come before
    assert list(panel.front.maps) == ["relu2"]
    panel.front.asked = "pool5"
    assert list(panel.front.maps) == ["pool5"]
    panel.front.asked = "relu5_3"  # of a network that is gone
    assert list(panel.front.maps) == ["pool5"]
    assert sent == ["layer", "asked", "maps", "asked"]
    assert len(looks) == 1


def test_no_more_is_sent_than_a_message_should_have(monkeypatch):
    maps = torch.rand(16, 5, 8)
    monkeypatch.setattr(features, "MOST", 500)
    sent = features.packed(maps, range(15, -1, -1), False)
    assert sent["channels"] == list(range(15, 3, -1))
    assert len(sent["values"]) == 480
    assert len(sent["scales"]) == 48


def test_maps_where_nothing_fires_are_0():
    assert not any(features.packed(torch.zeros(2, 3, 3), [0, 1], False)["values"])
    assert set(features.packed(torch.zeros(2, 3, 3), [0, 1], True)["values"]) == {128}


def test_a_page_without_a_kernel_may_have_several_layers(panel):
    panel.record("conv2", "relu2", "pool5")
    recorded = json.loads(json.dumps(panel.front.recorded()))
    assert list(recorded["maps"]) == ["conv2", "relu2", "pool5"]
    assert set(recorded["maps"]["conv2"]["values"]) == {"base64"}
    assert recorded["live"] is False
    assert recorded["at"] == [0.38, 0.39]


def test_another_network_keeps_the_block_and_the_kind_of_layer(panel, looks, monkeypatch):
    sent = []
    monkeypatch.setattr(panel.front, "send_state", lambda key=None: sent.append(set(key)))
    panel.network.value = "vgg16"
    assert looks[-1] == ("vgg16", (1, 3, 160, 240))
    assert sent == [{"photo", "network", "size", "layers", "layer", "asked", "maps"}]  # in one message
    assert (panel.front.layer, list(panel.front.maps)) == ("relu2_1", ["relu2_1"])
    pick(panel, "conv3_3")
    panel.network.value = "alexnet"
    assert (panel.front.layer, list(panel.front.maps)) == ("conv3", ["conv3"])


def test_another_photo(panel, looks):
    pick(panel, "relu3")
    panel.picture.label = "astronaut"
    assert looks[-1] == ("alexnet", (1, 3, 224, 224))
    assert (panel.front.photo_name, panel.front.size, panel.front.layer) == ("astronaut.jpg", [224, 224], "relu3")


def test_an_error_is_one_sentence_and_what_is_shown_stays(looks):
    def look(network, picture):
        if network == "vgg16":
            raise ValueError("No source has the <weights>.")
        return fake(network, picture)

    panel = FeatureExplorer(look)
    shown = panel.front.recorded()
    panel.network.value = "vgg16"
    assert "No source has the &lt;weights&gt;." in panel.status.value
    assert 'role="alert"' in panel.status.value
    assert panel.network.value == "alexnet"
    assert panel.front.recorded() == shown
    pick(panel, "relu5")
    assert list(panel.front.maps) == ["relu5"]


def test_a_panel_that_cannot_look_at_first_looks_when_asked_again():
    fails = [True, False]

    def look(network, picture):
        if fails.pop(0):
            raise OSError("no weights")
        return fake(network, picture)

    panel = FeatureExplorer(look)
    assert "no weights" in panel.status.value
    assert panel.front.layers == []
    panel.picture.label = "flower"
    assert list(panel.front.maps) == ["relu2"]


def test_messages_may_come_on_any_thread_and_none_is_left(panel):
    before = threading.active_count()
    moves = [lambda: pick(panel, "relu4"), lambda: setattr(panel.network, "value", "vgg16"),
             lambda: pick(panel, "conv4"), lambda: setattr(panel.picture, "label", "flower")] * 3  # fmt: skip
    click_at_once(moves)
    assert threading.active_count() == before
    panel.network.value = "alexnet"
    pick(panel, "relu1")
    assert list(panel.front.maps) == ["relu1"]


def test_the_nearest_unit_is_the_one_whose_middle_is_nearest():
    for sight in fields("alexnet").values():
        middles = [sight.start + unit * sight.jump + sight.side / 2 for unit in range(9)]
        for place in (0, 30.2, 77.7, 151.3, 224):
            assert sight.nearest(place, 9) == min(range(9), key=lambda unit: abs(middles[unit] - place))


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
