"""Inversion by depth, and what it shares with the trade-off explorer, with a runner that computes nothing real."""

import gc
import hashlib
import html
import json
import re
import sys
import threading
from pathlib import Path

import pytest
import torch

from style_helpers import images
from style_helpers.panels import inversion
from style_helpers.panels.bundled import COMMAND, FOLDER, SIZE, Bundle, BundleError
from style_helpers.panels.inversion import LAYERS, MEASURED, PHOTOS, InversionByDepth
from style_helpers.settings import Settings
from tests.panels.driving import click_at_once, idle, inside, wait
from tests.panels.fake_runs import FakeRun, Runs, computed, copied_bundle, index
from tests.panels.test_chart import points

sys.path.insert(0, str(Path(__file__).parents[2] / "lessons"))
import precompute  # lessons/ is no package: authors run its programs

LIMIT = 1_500_000  # bytes of all bundled pictures together


def fake_measure(picture, photo):
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


def test_the_bundle_is_complete_and_small():
    listed = index()["inversion"]["pictures"]
    assert [(each["content"], each["layer"]) for each in listed] == [(p, layer) for p in PHOTOS for layer in LAYERS]
    on_disk = {path.name for path in FOLDER.iterdir()}
    everything = [each for kind in ("inversion", "tradeoff", "beforeafter") for each in index()[kind]["pictures"]]
    assert on_disk == {each["file"] for each in everything} | {"index.json"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < LIMIT


def test_the_index_tells_how_the_panel_would_compute_them_today():
    listed = index()["inversion"]["settings"]
    of_today = json.loads(json.dumps(vars(inversion.settings(LAYERS[0]))))
    assert listed == {"preset": "gatys", "size": SIZE} | {
        name: value for name, value in of_today.items() if name != "content_layers"
    }, f"the settings have changed since: run {COMMAND}"


@pytest.mark.parametrize("each", index()["inversion"]["pictures"], ids=lambda each: each["file"])
def test_each_file_is_the_one_listed_and_its_numbers_are_its_own(each):
    jpeg = (FOLDER / each["file"]).read_bytes()
    assert hashlib.sha256(jpeg).hexdigest() == each["sha256"]
    picture, photo = images.load(jpeg), images.load(images.CONTENT / each["content"], SIZE)
    assert picture.shape == photo.shape
    measured = inversion.measure(picture, photo)
    assert {name: each[name] for name in MEASURED} == pytest.approx(measured, abs=2e-3)


def test_deeper_layers_keep_less():
    for photo in PHOTOS:
        found = [Bundle("inversion", MEASURED).find(content=photo, layer=layer).numbers for layer in LAYERS]
        lpips = [each["LPIPS"] for each in found]
        assert lpips == sorted(lpips)
        detail = [each["fine detail"] for each in found]
        assert detail[0] > 0.9
        assert detail[-1] < 0.2


def test_the_command_makes_what_the_panel_finds_and_leaves_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(precompute, "FOLDER", tmp_path)
    monkeypatch.setattr(precompute, "begin", FakeRun)
    monkeypatch.setattr(inversion, "measure", fake_measure)
    (tmp_path / "inversion-of-long-ago.jpg").write_bytes(b"")
    (tmp_path / "index.json").write_text('{"tradeoff": "stays as it is"}')
    precompute.make("inversion")
    bundle = Bundle("inversion", MEASURED, tmp_path)
    for photo in PHOTOS:
        for layer in LAYERS:
            found = bundle.find(content=photo, layer=layer)
            assert found.picture.getpixel((0, 0)) == (64, 64, 64)
            assert found.numbers["LPIPS"] == pytest.approx(64 / 255, abs=1e-4)
    assert bundle.label.endswith(f"{inversion.EVALUATIONS} evaluations.")
    assert len(list(tmp_path.iterdir())) == len(PHOTOS) * len(LAYERS) + 1
    assert json.loads((tmp_path / "index.json").read_text())["tradeoff"] == "stays as it is"


def test_the_command_interrupted_leaves_everything_as_it_was(tmp_path, monkeypatch):
    copied_bundle(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    runs = Runs()

    def begin(*wish):
        if len(runs) == 3:
            raise KeyboardInterrupt
        return runs.begin(*wish)

    monkeypatch.setattr(precompute, "FOLDER", tmp_path)
    monkeypatch.setattr(precompute, "begin", begin)
    monkeypatch.setattr(inversion, "measure", fake_measure)
    with pytest.raises(KeyboardInterrupt):
        precompute.make("inversion")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# What answers at once


@pytest.mark.parametrize("photo", PHOTOS)
def test_all_of_a_photo_is_sent_at_once_with_its_numbers(panel, photo, monkeypatch):
    sent = []
    panel.photo.value = next(name for name in PHOTOS if name != photo)
    monkeypatch.setattr(panel.strip, "send_state", lambda key=None: sent.append(set(key)))
    panel.photo.value = photo
    assert sent == [{"pictures", "beside"}]
    listed = [each for each in index()["inversion"]["pictures"] if each["content"] == photo]
    for each, shown in zip(listed, panel.strip.pictures, strict=True):
        assert shown["picture"] == (FOLDER / each["file"]).read_bytes()
        assert shown["label"] == each["layer"]
        name = photo.removesuffix(".jpg").replace("-", " ")
        assert f"{name} rebuilt from noise at {each['layer']}: LPIPS {each['LPIPS']:.2f}" in shown["words"]
        assert f"fine detail {each['fine detail']:.2f}" in shown["lines"]
    (beside,) = panel.strip.beside
    assert beside["words"] == f"The photo: {photo.removesuffix('.jpg').replace('-', ' ')}"
    assert images.open_picture(beside["picture"]).size == images.open_picture(panel.strip.pictures[0]["picture"]).size
    assert 'role="alert"' not in panel.status.value
    assert not panel.working


def test_it_says_with_what_they_were_computed(panel):
    (note,) = [each.value for each in panel.children if "Computed beforehand" in getattr(each, "value", "")]
    assert note == (
        f"Computed beforehand with Settings.gatys, VGG-16, {SIZE} pixels on the shorter side, "
        f"{inversion.EVALUATIONS} evaluations."
    )


def damage_index(folder):
    (folder / "index.json").write_text("{ not JSON")


def empty_index(folder):
    (folder / "index.json").write_text('{"inversion": {"settings": {}, "pictures": [[1], 2]}}')


def remove_index(folder):
    (folder / "index.json").unlink()


def cut_picture(folder):
    path = folder / "inversion-summer-palace-relu3_1.jpg"
    path.write_bytes(path.read_bytes()[:500])


def remove_picture(folder):
    (folder / "inversion-summer-palace-relu3_1.jpg").unlink()


@pytest.mark.parametrize("damage", [damage_index, empty_index, remove_index, cut_picture, remove_picture])
def test_a_missing_or_damaged_picture_is_one_sentence_and_live_still_works(runs, tmp_path, damage):
    damage(copied_bundle(tmp_path))
    panel = InversionByDepth(runs.begin, fake_measure, tmp_path)
    assert 'role="alert"' in panel.status.value
    assert f"run {COMMAND} in" in panel.status.value
    shown = panel.strip.pictures[panel.strip.chosen]
    assert (shown["picture"], shown["words"]) == (
        b"",
        "summer palace rebuilt from noise at relu3_1 is not here: compute it now",
    )
    assert panel.strip.beside[0]["picture"]
    panel.evaluations.value = 20
    computed(panel)
    assert "All 20 evaluations are done." in panel.status.value
    assert "<img" in panel.live_picture.value


def test_the_complaint_goes_when_a_photo_is_chosen_that_has_all(runs, tmp_path):
    cut_picture(copied_bundle(tmp_path))
    panel = InversionByDepth(runs.begin, fake_measure, tmp_path)
    assert [bool(each["picture"]) for each in panel.strip.pictures] == [True, True, False, True, True]
    panel.photo.value = PHOTOS[1]
    assert 'role="alert"' not in panel.status.value
    panel.photo.value = PHOTOS[0]
    assert 'role="alert"' in panel.status.value


def test_a_bundle_without_a_number_is_damaged(tmp_path):
    listed = index()
    del listed["inversion"]["pictures"][0]["LPIPS"]
    copied_bundle(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps(listed))
    with pytest.raises(BundleError, match="missing or damaged"):
        Bundle("inversion", MEASURED, tmp_path).find(content=PHOTOS[0], layer=LAYERS[0])


# What is computed now


def test_compute_now_asks_for_the_inversion_of_lesson_03(panel, runs):
    panel.photo.value, panel.strip.chosen, panel.evaluations.value = PHOTOS[1], LAYERS.index("relu4_2"), 40
    computed(panel)
    (run,) = runs
    assert run.settings == Settings.gatys(
        network="vgg16", content_layers=("relu4_2",), style_weight=0, start="noise", evaluations=40
    )
    assert torch.equal(run.content, images.load(images.CONTENT / PHOTOS[1], SIZE))


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


def test_the_picture_grows_and_stop_ends_after_the_evaluation(panel, runs):
    runs.free = False
    panel.run_button.click()
    assert not panel.stop_button.disabled
    runs.reach(2)
    wait(lambda: "evaluation 1 of 20" in panel.live_picture.value)
    assert "3 s left" in panel.time_left.value
    panel.stop_button.click()
    runs.grant()  # the evaluation that was under way when Stop was pressed
    idle(panel)
    assert len(runs[-1].history) == 2
    assert "Stopped after 2 of 20" in panel.status.value
    assert "2 of 20 evaluations" in panel.live_caption.value


def test_another_layer_may_be_chosen_while_it_computes_and_the_live_picture_keeps_its_name(panel, runs):
    runs.free = False
    panel.run_button.click()
    runs.reach(2)
    wait(lambda: "evaluation 1 of 20" in panel.live_picture.value)
    panel.strip.chosen = LAYERS.index("relu5_1")
    assert panel.layer == "relu5_1"
    assert panel.working
    assert "Computing: summer palace rebuilt from noise at relu3_1" in panel.status.value
    runs.grant(100)
    idle(panel)
    assert "at relu3_1" in panel.live_caption.value


def test_an_error_is_one_sentence_escaped_and_the_panel_stays_usable(panel, runs):
    runs.fail_at = 3
    computed(panel)
    assert "<b>Please look:</b> The &lt;network&gt; is tired." in panel.status.value
    assert panel.stop_button.disabled
    runs.fail_at = None
    assert "All 20" in computed(panel).status.value


def test_weights_that_cannot_be_had_are_one_sentence():
    def begin(*_):
        raise OSError("No source has <vgg16>.")

    panel = computed(InversionByDepth(begin, fake_measure))
    assert "No source has &lt;vgg16&gt;." in panel.status.value
    panel.photo.value = PHOTOS[1]
    assert "astronaut" in panel.strip.pictures[0]["words"]


def test_handlers_may_come_on_any_thread(panel, runs):
    """JupyterLab 4 delivers widget messages on the main shell or on a subshell's thread, perhaps two at a time."""

    def move():
        for panel.photo.value in PHOTOS:
            pass

    click_at_once([panel.run_button.click, move, panel.stop_button.click, move] * 4)
    panel.stop_button.click()
    idle(panel)
    assert 'role="alert"' not in panel.status.value


def test_fifty_runs_leave_no_thread_behind(panel, runs):
    computed(panel)
    threads = threading.active_count()
    for number in range(50):
        panel.run_button.click()
        if number % 2:
            panel.stop_button.click()
        idle(panel)
        runs.clear()
    gc.collect()
    assert threading.active_count() == threads


def test_every_picture_has_words(panel):
    computed(panel)
    for widget in inside(panel):
        if type(widget).__name__ == "Picture":
            assert re.search(r'alt="[^"]{10,}"', widget.value)


def test_a_photo_rebuilt_perfectly_and_one_that_has_nothing_in_common():
    photo = images.load(images.CONTENT / PHOTOS[0], 64)
    same = inversion.measure(photo, photo)
    assert same == pytest.approx({"LPIPS": 0} | dict.fromkeys(inversion.PARTS, 1), abs=1e-5)
    upside_down = inversion.measure(1 - photo, photo)
    assert upside_down["coarse brightness"] == pytest.approx(-1, abs=1e-5)
    assert inversion.measure(torch.full_like(photo, 0.5), photo)["fine detail"] == 0


def test_the_real_runner_answers_stop():
    panel = InversionByDepth()
    panel.strip.chosen, panel.evaluations.value = 0, 1200
    panel.run_button.click()
    wait(lambda: "<img" in panel.live_picture.value)
    panel.stop_button.click()
    idle(panel)
    assert "Stopped after" in html.unescape(panel.status.value)
    assert re.search(r"LPIPS [01]\.\d\d", panel.live_caption.value)
