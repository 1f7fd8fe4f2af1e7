"""Inversion by depth, with a runner that computes nothing real. What is bundled: test_bundled.py."""

import pytest
import torch

from style_helpers import images
from style_helpers.panels import inversion
from style_helpers.panels.bundled import FOLDER, SIZE, Bundle
from style_helpers.panels.inversion import LAYERS, MEASURED, PHOTOS, InversionByDepth
from style_helpers.panels.panel import title
from style_helpers.settings import Settings
from tests.panels.driving import idle, wait
from tests.panels.fake_runs import Runs, computed, copied_bundle, index
from tests.panels.test_chart import points


def fake_measure(picture, *_):
    return dict.fromkeys(MEASURED, picture.mean().item())


@pytest.fixture
def runs():
    made = Runs()
    yield made
    made.let_all_end()


@pytest.fixture
def panel(runs):
    made = InversionByDepth(runs.begin, fake_measure)
    made.evaluations.value = 20
    yield made
    made.stop()
    runs.let_all_end()
    made.wait()


# What is bundled


def test_deeper_layers_keep_less():
    for photo in PHOTOS:
        found = [Bundle("inversion", MEASURED).find(content=photo.name, layer=layer).numbers for layer in LAYERS]
        lpips = [each["LPIPS"] for each in found]
        assert lpips == sorted(lpips)
        detail = [each["fine detail"] for each in found]
        assert detail[0] > 0.9
        assert detail[-1] < 0.2


# What answers at once


@pytest.mark.parametrize("photo", PHOTOS, ids=title)
def test_all_of_a_photo_is_sent_at_once_with_its_numbers(panel, photo, monkeypatch):
    sent = []
    panel.photo.value = next(name for name in PHOTOS if name != photo)
    monkeypatch.setattr(panel.strip, "send_state", lambda key=None: sent.append(set(key)))
    panel.photo.value = photo
    assert sent == [{"pictures", "beside"}]
    listed = [each for each in index()["inversion"]["pictures"] if each["content"] == photo.name]
    for each, shown in zip(listed, panel.strip.pictures, strict=True):
        assert shown["picture"] == (FOLDER / each["file"]).read_bytes()
        assert shown["label"] == each["layer"]
        assert f"{title(photo)} rebuilt from noise at {each['layer']}: LPIPS {each['LPIPS']:.2f}" in shown["words"]
        assert f"fine detail {each['fine detail']:.2f}" in shown["lines"]
    (beside,) = panel.strip.beside
    assert beside["words"] == f"The photo: {title(photo)}"
    assert images.open_picture(beside["picture"]).size == images.open_picture(panel.strip.pictures[0]["picture"]).size
    assert 'role="alert"' not in panel.status.value
    assert not panel.working


def cut_picture(folder):
    path = folder / "inversion-summer-palace-relu3_1.jpg"
    path.write_bytes(path.read_bytes()[:500])


def test_the_complaint_goes_when_a_photo_is_chosen_that_has_all(runs, tmp_path):
    cut_picture(copied_bundle(tmp_path))
    panel = InversionByDepth(runs.begin, fake_measure, tmp_path)
    assert [bool(each["picture"]) for each in panel.strip.pictures] == [True, True, False, True, True]
    panel.photo.value = PHOTOS[1]
    assert 'role="alert"' not in panel.status.value
    panel.photo.value = PHOTOS[0]
    assert 'role="alert"' in panel.status.value


# What is computed now


def test_compute_now_asks_for_the_inversion_of_lesson_03(panel, runs):
    panel.photo.value, panel.strip.chosen, panel.evaluations.value = PHOTOS[1], LAYERS.index("relu4_2"), 40
    computed(panel)
    (run,) = runs
    assert run.settings == Settings.gatys(
        network="vgg16", content_layers=("relu4_2",), style_weight=0, start="noise", evaluations=40
    )
    assert torch.equal(run.content, images.load(PHOTOS[1], SIZE))


def test_the_end_shows_the_best_picture_its_numbers_and_the_curve(panel):
    computed(panel)
    assert "All 20 evaluations are done." in panel.status.value
    assert panel.progress.value == 1
    assert "evaluation 20 of 20" in panel.time_left.value
    assert "LPIPS 0.25" in panel.live_picture.value  # the fake's result, not its last picture
    assert "fine detail 0.25" in panel.live_caption.value
    assert "rebuilt from noise at relu3_1, 20 of 20 evaluations" in panel.live_caption.value
    assert "from 2.1 to 0.2" in panel.chart.words
    assert len(points(panel.chart, "total")) == panel.chart.until == 20
    assert panel.stop_button.disabled


def test_another_layer_may_be_chosen_while_it_computes_and_the_live_picture_keeps_its_name(panel, runs):
    runs.free = False
    panel.run_button.click()
    runs.reach(2)
    wait(lambda: "evaluation 1 of 20" in panel.live_picture.value)
    panel.strip.chosen = LAYERS.index("relu5_1")
    assert panel.layer == "relu5_1"
    assert panel.working
    assert "Computing: Summer Palace rebuilt from noise at relu3_1" in panel.status.value
    runs.grant(100)
    idle(panel)
    assert "at relu3_1" in panel.live_caption.value


def test_a_photo_rebuilt_perfectly_and_one_that_has_nothing_in_common():
    photo = images.load(PHOTOS[0], 64)
    same = inversion.measure(photo, photo)
    assert same == pytest.approx({"LPIPS": 0} | dict.fromkeys(inversion.PARTS, 1), abs=1e-5)
    upside_down = inversion.measure(1 - photo, photo)
    assert upside_down["coarse brightness"] == pytest.approx(-1, abs=1e-5)
    assert inversion.measure(torch.full_like(photo, 0.5), photo)["fine detail"] == 0
