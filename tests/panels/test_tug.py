"""The tug of war, driven as a browser would drive it, with a run and gradients whose answers are known."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers import images
from style_helpers.panels import tug
from style_helpers.panels.tug import MOMENTS, Moment, Tug, TugOfWar, kept_moments, packed
from tests.panels.driving import idle, wait
from tests.panels.fake_runs import Runs


class Rope(Runs):
    """The style pulls across and against the content, harder on the left half; at the first picture it pulls alone."""

    def __call__(self, content, style, settings):
        return self.begin(content, style, settings), self.pulls

    def pulls(self, picture):
        red = torch.eye(3)[0, None, :, None, None]
        ones = torch.ones_like(picture)
        ones[..., : picture.shape[-1] // 2] = 3
        content = 0 * picture if len(self[-1].history) == 1 else red * torch.ones_like(picture)
        return content, -red * ones


def small(rope, evaluations=20):
    panel = TugOfWar(rope)
    panel.size.value, panel.evaluations.value, panel.front.weight = 64, evaluations, 1.0
    return panel


def pulled(panel):
    panel.run_button.click()
    return idle(panel)


@pytest.fixture
def rope():
    return Rope()


@pytest.fixture
def panel(rope):
    made = small(rope)
    yield made
    made.stop()
    rope.let_all_end()
    made.wait()


def sent(front):
    """The moments that the front has, in order."""
    slots = [getattr(front, f"moment_{slot}") for slot in range(MOMENTS + 2)]
    return [each for each in slots if each]


def unpacked(given, height, width):
    """(3, H, W), as fronts/tug.js reads it."""
    *numbers, exponents = np.frombuffer(given, np.int8).reshape(4, height, width).astype(int)
    return np.ldexp(np.stack(numbers).astype(float), exponents)


def test_a_run_keeps_moments_and_sends_each(panel):
    pulled(panel)
    kept = [moment.evaluation for moment in panel.moments]
    assert kept == sorted(kept_moments(20))
    assert [each["evaluation"] for each in sent(panel.front)] == kept
    assert (panel.front.ran_with, panel.front.at) == (1.0, -1)
    assert panel.progress.value == 1
    assert panel.time_left.value == "evaluation 20 of 20"
    assert f"All 20 evaluations are done. {len(kept)} moments are kept" in panel.status.value
    assert panel.stop_button.disabled


def test_what_is_sent_of_a_moment_is_its_picture_and_both_gradients_before_the_weight(panel):
    pulled(panel)
    moment, given = panel.moments[-1], sent(panel.front)[-1]
    assert given["shape"] == list(moment.picture.shape[-2:])
    assert Image.open(io.BytesIO(given["picture"])).tobytes() == images.to_pil(moment.picture).tobytes()
    for kind in ("content", "style"):
        np.testing.assert_array_equal(unpacked(given[kind], *given["shape"]), getattr(moment, kind)[0].numpy())


def test_a_new_moment_is_sent_alone_and_a_new_run_clears_them_in_one_message(monkeypatch):
    front, messages = Tug(), []
    monkeypatch.setattr(
        front, "send_state", lambda key=None: messages.append({key} if isinstance(key, str) else {*key})
    )
    picture = torch.rand(1, 3, 16, 24)
    for slot in range(3):
        front.add(slot, Moment(slot + 1, picture, picture, picture))
    assert messages == [{"moment_0"}, {"moment_1"}, {"moment_2"}]
    front.at = 1
    with front.hold_sync():  # as the panel does
        front.clear(5.0)
        front.add(0, Moment(7, picture, picture, picture))
    assert messages[3:] == [{"at"}, {"ran_with", "at", "moment_0", "moment_1", "moment_2"}]
    assert [each["evaluation"] for each in sent(front)] == [7]


def test_packed_gradients_keep_length_and_direction_at_strong_and_at_weak_pixels():
    generator = torch.Generator().manual_seed(0)
    strength = 10.0 ** (-12 * torch.rand(1, 1, 96, 144, generator=generator))
    gradient = strength * torch.randn(1, 3, 96, 144, generator=generator)
    gradient[..., 0] = 0
    given = packed(gradient)
    assert len(given) == 4 * 96 * 144
    found = torch.from_numpy(unpacked(given, 96, 144))[None]
    lengths, exact = found.norm(dim=1), gradient.double().norm(dim=1)
    assert (lengths[..., 0] == 0).all()
    wrong = (found - gradient).norm(dim=1)[..., 1:] / exact[..., 1:]
    assert wrong.max() < 0.015
    assert wrong.square().mean().sqrt() < 0.005  # a third of a degree
    assert (lengths[..., 1:] / exact[..., 1:] - 1).abs().max() < 0.015
    whole = torch.cosine_similarity(found.flatten(), gradient.double().flatten(), dim=0)
    assert whole > 0.99998  # over the whole picture, half a degree at most


@pytest.mark.parametrize("value", [1e-45, 1e-38, 1.0, 127.6, 3e38])
def test_packed_gradients_of_any_size_stay_finite(value):
    found = unpacked(packed(torch.full((1, 3, 1, 1), value)), 1, 1)
    assert found == pytest.approx(value, rel=0.01, abs=1e-38)


@pytest.mark.parametrize("evaluations", [10, 40, 240])
def test_few_moments_are_kept_the_first_and_the_last_among_them(evaluations):
    kept = kept_moments(evaluations)
    assert {1, 2, 3, evaluations} <= kept
    assert len(kept) <= MOMENTS + 2
    assert max(kept) == evaluations


def test_every_choice_reaches_the_run(panel, rope):
    panel.content.label, panel.style_picture.label = "flower", "Hokusai's Poppies"
    panel.network.value, panel.size.value, panel.evaluations.value = "vgg16", 80, 10
    panel.front.weight = 10.0
    pulled(panel)
    (run,) = rope
    settings = run.settings
    assert min(run.content.shape[-2:]) == min(run.style.shape[-2:]) == 80
    assert (settings.network, settings.evaluations, settings.style_weight) == ("vgg16", 10, 10.0)
    assert settings.precision == "fp32"


def test_while_the_next_run_is_made_the_moments_can_be_looked_at(panel, rope):
    pulled(panel)
    rope.may_be_made.clear()
    panel.run_button.click()
    panel.front.at = 0
    assert len(sent(panel.front)) == len(kept_moments(20))
    rope.free = False
    rope.may_be_made.set()
    wait(lambda: rope.reached == 1)
    assert (len(sent(panel.front)), panel.front.at) == (len(kept_moments(20)), 0)
    rope.reach(2)  # the new run's first moment takes the place of all
    wait(lambda: [each["evaluation"] for each in sent(panel.front)] == [1])
    assert panel.front.at == -1


def test_a_shorter_run_leaves_no_moment_of_the_longer(panel):
    pulled(panel)
    panel.evaluations.value = 10
    pulled(panel)
    assert [each["evaluation"] for each in sent(panel.front)] == sorted(kept_moments(10))


def test_unweighted_gradients_add_up_to_the_gradient_of_the_total(monkeypatch):
    from style_helpers.settings import Settings

    class Objective:
        def __init__(self, network, content, style, settings):
            self.content, self.settings, self.weight = content, settings, settings.style_weight

        def __call__(self, picture):
            return {"style a": self.weight * picture.square().sum(), "content b": picture.sum(), "pixel range": 0.0}

    monkeypatch.setattr(tug, "StyleObjective", Objective)
    monkeypatch.setattr(tug.networks, "load", lambda name: name)
    monkeypatch.setattr(tug.transfer, "Run", lambda objective: [])
    picture = torch.rand(1, 3, 4, 4)
    _, pulls = tug.begin(picture, picture, Settings.gatys(style_weight=7.0))
    of_content, of_style = pulls(picture)
    torch.testing.assert_close(of_content, torch.ones_like(picture))
    torch.testing.assert_close(of_style, 2 * picture)
    assert not picture.requires_grad
