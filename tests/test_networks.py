"""`Features` against torchvision's own modules holding the same weights."""

import pytest
import torch
import torchvision
from torch import nn

from style_helpers import devices, networks, weights
from style_helpers.settings import SettingsError

BUILDERS = {"vgg16": torchvision.models.vgg16, "alexnet": torchvision.models.alexnet, "vgg19": torchvision.models.vgg19}


def state_for(name):
    """The real weights; for VGG-19, which the package index does not carry, numbers of the right shapes."""
    if name != "vgg19":
        return weights.load(name)
    generator = torch.Generator().manual_seed(0)
    layers = BUILDERS[name](weights=None).features.state_dict()
    return {f"features.{key}": torch.randn(value.shape, generator=generator) * 0.03 for key, value in layers.items()}


@pytest.fixture(scope="module", params=BUILDERS)
def pair(request):
    """(ours, torchvision's) of one network with the same weights."""
    state = state_for(request.param)
    theirs = BUILDERS[request.param](weights=None).features.eval()
    theirs.load_state_dict({key.removeprefix("features."): value for key, value in state.items()})
    for module in theirs:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return networks.Features(request.param, state).to(devices.choose()), theirs


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).to(devices.choose())


def test_every_layer_is_torchvisions(pair):
    ours, theirs = pair
    x = pictures(2, 3, 80, 67).cpu()
    mean, std = torch.tensor(networks.IMAGENET_MEAN), torch.tensor(networks.IMAGENET_STD)
    expected = (x - mean[:, None, None]) / std[:, None, None]
    found = ours(x.to(devices.choose()))
    assert list(found) == list(networks.layer_names(ours.name))
    for name, module in zip(found, theirs, strict=True):
        expected = module(expected)
        torch.testing.assert_close(found[name].cpu(), expected, rtol=1e-4, atol=1e-4)


def test_the_names_are_the_papers():
    vgg19 = networks.layer_names("vgg19")
    assert vgg19[:5] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1")
    assert vgg19[-3:] == ("conv5_4", "relu5_4", "pool5")
    assert sum(name.startswith("conv") for name in vgg19) == 16
    assert sum(name.startswith("conv") for name in networks.layer_names("vgg16")) == 13
    assert networks.layer_names("alexnet")[:4] == ("conv1", "relu1", "pool1", "conv2")


def test_nothing_deeper_than_the_deepest_layer_is_kept(vgg16):
    cut = vgg16.cut(("conv3_1", "relu1_2"))
    assert list(cut.body)[-1] == "conv3_1"
    assert set(cut(pictures(1, 3, 32, 32))) == {"conv3_1", "relu1_2"}
    assert list(vgg16.body)[-1] == "pool5"


def test_frozen_in_eval_mode_and_never_in_place(vgg16):
    assert not vgg16.training
    assert not any(parameter.requires_grad for parameter in vgg16.parameters())
    assert not any(getattr(module, "inplace", False) for module in vgg16.modules())
    found = vgg16(pictures(1, 3, 32, 32))
    assert found["conv1_1"].min() < 0 <= found["relu1_1"].min()
    torch.testing.assert_close(found["conv1_1"].relu(), found["relu1_1"])


def test_normalisation_can_be_switched_off(vgg16):
    x = pictures(1, 3, 32, 32)
    mean, std = torch.tensor(networks.IMAGENET_MEAN)[:, None, None], torch.tensor(networks.IMAGENET_STD)[:, None, None]
    plain = vgg16.cut(("relu2_1",), normalise=False)
    torch.testing.assert_close(plain((x - mean.to(x)) / std.to(x))["relu2_1"], vgg16.cut(("relu2_1",))(x)["relu2_1"])
    assert not torch.allclose(plain(x)["relu2_1"], vgg16.cut(("relu2_1",))(x)["relu2_1"])


def test_average_pooling_takes_the_mean_of_the_same_windows(vgg16):
    averaged = vgg16.cut(("relu1_2", "pool1"), pooling="average")(pictures(1, 3, 32, 32))
    windows = averaged["relu1_2"].unfold(2, 2, 2).unfold(3, 2, 2)
    torch.testing.assert_close(averaged["pool1"], windows.mean((-1, -2)))
    assert vgg16.cut(("pool1",))(pictures(1, 3, 32, 32))["pool1"].sum() > averaged["pool1"].sum()


@pytest.mark.parametrize(
    ("name", "layer"),
    [("vgg16", "relu5_1"), ("vgg16", "relu1_1"), ("vgg16", "pool5"), ("alexnet", "relu1"), ("alexnet", "pool5")],
)
def test_the_smallest_side_is_the_smallest(name, layer, request):
    cut = request.getfixturevalue(name).cut((layer,))
    side = cut.smallest_side
    assert min(cut(pictures(1, 3, side, side))[layer].shape[-2:]) >= 1
    with pytest.raises(ValueError, match=f"at least {side} pixels"):
        cut(pictures(1, 3, side - 1, 200))


def test_the_callers_picture_is_left_alone(vgg16):
    x = pictures(1, 3, 32, 32)
    kept = x.clone()
    vgg16(x)
    assert torch.equal(x, kept)
    assert x.is_contiguous()


def test_a_cut_network_shares_the_weights_but_not_the_number_format(vgg16):
    cut = vgg16.cut(("relu1_1",))
    assert cut.body["conv1_1"].weight.data_ptr() == vgg16.body["conv1_1"].weight.data_ptr()
    cut.body.bfloat16()
    assert cut(pictures(1, 3, 32, 32))["relu1_1"].dtype == torch.bfloat16
    assert vgg16.body["conv1_1"].weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda net: net.cut(("relu6_1",)), "vgg16 has no layer 'relu6_1'; its layers are conv1_1, relu1_1, conv1_2"),
        (lambda net: net.cut(()), "No layer was asked for: name at least one of conv1_1"),
        (lambda net: networks.load("vgg17"), "network 'vgg17' is not known: choose one of vgg19, vgg16, alexnet"),
    ],
)
def test_an_unknown_name_lists_the_names_that_exist(vgg16, call, sentence):
    with pytest.raises(SettingsError, match=sentence):
        call(vgg16)


def test_other_shapes_are_refused(vgg16):
    with pytest.raises(ValueError, match="first dimension of 1"):
        vgg16(torch.zeros(3, 32, 32))
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\), not .* three colours"):
        vgg16(torch.zeros(1, 1, 32, 32))


def test_the_numbers_are_torchvisions():
    """Its own preprocessing has the mean and spread of ImageNet's colours."""
    as_trained = torchvision.models.VGG16_Weights.IMAGENET1K_V1.transforms()
    assert list(networks.IMAGENET_MEAN) == as_trained.mean
    assert list(networks.IMAGENET_STD) == as_trained.std


def test_printing_a_network_says_how_it_looks_at_pictures(vgg16):
    assert vgg16.cut(("relu1_1",), normalise=False).extra_repr() == "vgg16, max pooling, not normalised"
    assert vgg16.cut(("relu1_1",), pooling="average").extra_repr() == "vgg16, average pooling, normalised"


def test_a_vgg19_that_cannot_be_used_gives_way_to_vgg16_and_says_why(monkeypatch, capsys):
    asked = []

    def load(name, **_):
        asked.append(name)
        if name == broken:
            raise weights.WeightsError("its file is damaged")
        return name

    monkeypatch.setattr(networks, "load", load)
    monkeypatch.setattr(networks, "choose", lambda: ("vgg19", "the paper's network"))
    broken = "vgg19"
    assert networks.default() == "vgg16"
    assert capsys.readouterr().out == "Network: VGG-16, because VGG-19 cannot be used: its file is damaged\n"
    monkeypatch.setattr(networks, "choose", lambda: ("vgg16", "the smaller one"))
    broken = "vgg16"
    with pytest.raises(weights.WeightsError, match="its file is damaged"):
        networks.default()
    broken = ""
    assert networks.default() == "vgg16"
    assert capsys.readouterr().out == "Network: the smaller one\n"
    assert asked == ["vgg19", "vgg16", "vgg16", "vgg16"]


@pytest.mark.parametrize(
    ("here", "choice"),
    [
        (True, ("vgg19", "VGG-19, the paper's network: its weights are on this computer.")),
        (False, ("vgg16", "VGG-16, because VGG-19's weights (a download of 548 MB) are not on this computer.")),
    ],
)
def test_vgg19_is_taken_where_its_weights_are(monkeypatch, here, choice):
    monkeypatch.setattr(weights, "find", lambda name: here and name == "vgg19")
    assert networks.choose() == choice


def test_default_says_which_and_why(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    here = weights.find("vgg19")
    assert networks.default().name == ("vgg19" if here else "vgg16")
    assert "VGG-19" in capsys.readouterr().out
    if not here:  # a VGG-19 file, however it came there, changes the choice
        monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path))
        (tmp_path / "vgg19.safetensors").write_bytes(b"the check comes when it is loaded")
        assert networks.choose()[0] == "vgg19"


def test_kernels_lie_in_the_order_of_the_maps_and_a_cut_network_shares_them(alexnet):
    cut = alexnet.cut(["relu2"])
    for name in ("conv1", "conv2"):
        assert cut.body[name].weight.is_contiguous(memory_format=torch.channels_last)
        assert cut.body[name].weight.data_ptr() == alexnet.body[name].weight.data_ptr()
