import math
import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from style_helpers.settings import PRESETS, QUICK, Settings, SettingsError, shortened


def test_tutorial_is_the_old_tutorial():
    tutorial = Settings.tutorial()
    assert tutorial.style_layers == ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
    assert (tutorial.content_layers, tutorial.style_weight, tutorial.content_weight) == (("conv2_2",), 1000, 1)
    assert (tutorial.weight_inside, tutorial.normalise, tutorial.pooling) == (True, False, "max")
    assert (tutorial.optimizer, tutorial.learning_rate, tutorial.pixel_range) == ("lbfgs", 1, "closure")


def test_gatys_is_the_paper():
    paper = Settings.gatys()
    assert paper.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert (paper.content_layers, paper.normalise, paper.weight_inside) == (("relu4_2",), True, False)


def test_fine_is_as_it_was_measured():
    fine = Settings.fine()
    assert fine.content_layers == ("relu3_2", "relu4_2")
    assert Settings.fine(network="alexnet").content_layers == ("relu3", "relu4")
    assert (fine.scales, fine.shares) == ((0.25, 0.5, 1.0), (0.5, 0.4, 0.1))
    assert (fine.statistic, fine.balance, fine.style_weight) == ("mean_covariance", "gradient", 18.0)
    assert (fine.total_variation, fine.pooling, fine.optimizer, fine.pixel_range) == (
        0.1,
        "average",
        "lbfgs",
        "penalty",
    )


def test_nearest_is_as_it_was_measured():
    nearest = Settings.nearest()
    assert nearest.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    assert Settings.nearest(network="alexnet").style_layers == ("relu1", "relu2", "relu3")
    assert (nearest.scales, nearest.shares) == ((0.125, 0.25, 0.5, 1.0), (0.3, 0.3, 0.25, 0.15))
    assert (nearest.statistic, nearest.balance, nearest.style_weight) == ("nearest", "target", 2.0)
    assert (nearest.content_layers, nearest.evaluations, nearest.pooling) == (("relu4_2",), 100, "average")
    assert nearest.total_variation == 1.0


@pytest.mark.parametrize("preset", PRESETS)
def test_alexnet_has_layers_of_its_own(preset):
    layers = Settings.preset(preset, network="alexnet").style_layers
    assert len(layers) == (3 if preset == "nearest" else 5)
    assert not any("_" in layer for layer in layers)
    assert Settings.tutorial(network="alexnet").content_layers == ("conv4",)  # as in the old tutorial, the last but one


def test_frozen_and_replaced_only_by_a_checked_copy():
    paper = Settings.gatys()
    with pytest.raises(FrozenInstanceError):
        paper.style_weight = 1
    assert paper.replace(seed=3).seed == 3
    with pytest.raises(SettingsError):
        paper.replace(seed=-3)


BAD = [
    ({"network": "vgg"}, "network 'vgg' is not known: choose one of vgg19, vgg16, alexnet."),
    ({"optimizer": "sgd"}, "optimizer 'sgd' is not known"),
    ({"precision": "fp8"}, "auto, fp32, bf16"),
    ({"style_weight": -1.0}, "style_weight must be a number from 0 to 1e+09, not -1.0."),
    ({"style_weight": math.nan}, "not nan"),
    ({"content_weight": math.inf}, "not inf"),
    ({"style_weight": "much"}, "not 'much'"),
    ({"total_variation": 1e300}, "from 0 to 1e+09, not 1e+300"),
    ({"learning_rate": 11}, "learning_rate must be a number from 0 to 10, not 11."),
    ({"style_weight": 0, "content_weight": 0}, "Nothing would be minimised"),
    ({"learning_rate": 0}, "never change"),
    ({"evaluations": 0}, "whole number from 1 to 100000, not 0"),
    ({"evaluations": 2.5}, "not 2.5"),
    ({"evaluations": True}, "not True"),
    ({"style_layers": "relu1_1"}, "tuple of layer names"),
    ({"style_layers": ("relu1_1", "relu1_1")}, "names a layer twice"),
    ({"optimizer": "adam", "pixel_range": "closure"}, 'with Adam use "clamp"'),
    ({"scales": (1.0, 0.5), "shares": (0.5, 0.5)}, "scales must rise"),
    ({"scales": (0.5,)}, "scales must rise"),
    ({"scales": (0.5, 1.0)}, "one number for each scale"),
    ({"scales": (0.5, 1.0), "shares": (0.5, 0.6)}, "add up to 1"),
    ({"scales": [1.0]}, "must be a tuple"),
    ({"statistic": "mean"}, "choose one of gram, mean_covariance, wasserstein, nearest"),
    ({"style_scale": 0.0}, "from 0.1 to 10"),
    ({"weight_inside": True}, "the old tutorial's way"),
    ({"weight_inside": []}, "weight_inside must be True or False"),
    ({"normalise": "no"}, "normalise must be True or False"),
]


@pytest.mark.parametrize(("changes", "words"), BAD)
def test_a_bad_setting_gets_one_sentence(changes, words):
    with pytest.raises(SettingsError) as refused:
        Settings.gatys(**changes)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_an_unknown_preset_lists_the_presets():
    said = r"^preset 'best' is not known: choose one of tutorial, gatys, fine, nearest\."
    with pytest.raises(SettingsError, match=said):
        Settings.preset("best")


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_weights_are_accepted_exactly_when_float32_can_bear_them(style, content):
    fine = all(0 <= weight <= 1e9 for weight in (style, content)) and style + content > 0
    if fine:
        assert Settings.gatys(style_weight=style, content_weight=content).style_weight == style
    else:
        with pytest.raises(SettingsError):
            Settings.gatys(style_weight=style, content_weight=content)


def test_settings_need_no_torch():
    code = "import sys, style_helpers.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("value", "asked", "given"), [(None, 300, 300), ("0", 300, 300), ("", 300, 300), ("1", 300, 15), ("1", 20, 2)]
)
def test_quick_mode_does_a_twentieth(monkeypatch, value, asked, given):
    if value is None:
        monkeypatch.delenv(QUICK, raising=False)
    else:
        monkeypatch.setenv(QUICK, value)
    assert shortened(asked) == given


def test_quick_mode_never_does_more_than_was_asked(monkeypatch):
    monkeypatch.setenv(QUICK, "1")
    assert [shortened(evaluations, least=3) for evaluations in (1, 2, 3, 4, 100)] == [1, 2, 3, 3, 5]
