"""The Studio and what panels share, driven as a browser would drive them, with a runner that paints nothing real."""

import html
import io
import re
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers import images, networks, objective, transfer
from style_helpers.panels.panel import LEAST_SECONDS
from style_helpers.panels.studio import SECOND, SNAPSHOTS, Studio
from style_helpers.settings import Settings
from tests.panels.driving import idle, wait
from tests.panels.fake_runs import Runs
from tests.panels.test_chart import points


@pytest.fixture
def runs():
    made = Runs()
    yield made
    made.let_all_end()


def test_a_picture_that_one_evaluation_would_take_minutes_for_is_refused(studio, runs):
    file = io.BytesIO()
    Image.new("RGB", (16, 5000)).save(file, "PNG")
    studio.choosers["content"].set_state({"offered": file.getvalue(), "offered_name": "long.png"})
    studio.size.value = 256
    studio.run_button.click()
    assert "would be" in studio.status.value
    assert "cut off a part of it" in studio.status.value
    assert runs == []


@pytest.fixture
def studio(runs, tmp_path):
    made = Studio(runs.begin, tmp_path)
    made.size.value, made.evaluations.value = 64, 20
    yield made
    made.stop()
    runs.let_all_end()
    made.wait()


@pytest.fixture
def slow(studio, runs):
    """A studio whose run takes a step only when the test says so: runs.grant()."""
    runs.free = False
    return studio


def choose(studio, kind, name):
    chooser = studio.choosers[kind]
    chooser.chosen = chooser.names.index(name)


def shown_code(studio):
    return html.unescape(re.search(r"<pre[^>]*>(.*)</pre>", studio.code.value, re.DOTALL)[1])


def painted(studio):
    studio.run_button.click()
    return idle(studio)


def test_run_paints_to_the_end_and_says_so(studio, runs):
    painted(studio)
    assert "All 20 evaluations are done." in studio.status.value
    assert studio.progress.value == 1
    assert "evaluation 20 of 20" in studio.time_left.value
    assert studio.film.large["name"] == "evaluation 20"
    assert studio.film.large["picture"].startswith(b"\x89PNG")
    assert not studio.save_button.disabled
    assert studio.stop_button.disabled
    assert studio.pause_button.disabled


def test_every_choice_reaches_the_run(studio, runs):
    studio.preset.value = "gatys"
    studio.network.value = "alexnet"
    studio.style_weight.value = 10.0
    studio.layers.value = ("relu1", "relu2")
    studio.start_from.value = "noise"
    studio.seed.value = 7
    studio.colours.value = "luminance"
    choose(studio, "content", "flower")
    choose(studio, "style", "Hokusai's Poppies")
    painted(studio)
    expected = Settings.gatys(
        network="alexnet", style_layers=("relu1", "relu2"), start="noise", seed=7, colours="luminance",
        style_weight=10.0, evaluations=20,
    )  # fmt: skip
    assert runs[-1].settings == expected
    assert torch.equal(runs[-1].content, images.load(images.CONTENT / "flower.jpg", 64))
    assert torch.equal(runs[-1].style, images.load(images.STYLE / "hokusai-poppies.jpg", 64))


def test_a_preset_brings_its_layers_and_its_weight(studio):
    studio.preset.value = "tutorial"
    assert studio.layers.value == Settings.tutorial().style_layers
    assert studio.style_weight.value == Settings.tutorial().style_weight
    studio.network.value = "alexnet"
    assert studio.layers.value == Settings.tutorial(network="alexnet").style_layers


def test_the_code_shown_makes_the_same_settings(studio):
    studio.style_weight.value = 100.0
    studio.seed.value = 3
    code = shown_code(studio)
    made = re.search(r"Settings\.fine\(.*\)", code)[0].removesuffix(")")  # stylize's own bracket
    assert eval(made, {"Settings": Settings}) == studio.settings()
    assert "images.load(images.CONTENT / 'astronaut.jpg', size=64)" in code
    compile(code, "shown", "exec")


def test_what_is_paused_ends_when_it_is_stopped_or_replaced(studio, runs, monkeypatch):
    """The run itself waits in a pause, so that it must be told."""
    for end in (studio.stop, studio.run_button.click):
        runs.free = False
        studio.run_button.click()
        wait(lambda: "Painting." in studio.status.value)
        studio.pause_button.click()
        end()
        assert runs[-1].stopped.is_set()
        runs.let_all_end()
        idle(studio)
        runs.allowed = threading.Semaphore(0)


def test_while_the_next_run_is_made_the_last_picture_can_be_looked_at_and_kept(studio, runs, tmp_path):
    painted(studio)
    runs.may_be_made.clear()
    studio.run_button.click()
    studio.pause_button.click()
    studio.style_weight.value = 100.0  # nobody listens yet
    assert (runs[0].calls, runs[0].changes) == ([], {})
    studio.stop_button.click()
    studio.film.chosen = 0
    assert studio.film.large["name"] == "evaluation 1"
    studio.save_button.click()
    assert (tmp_path / "my-picture.png").exists()


def test_pause_and_continue(slow, runs):
    slow.run_button.click()
    wait(lambda: "Painting." in slow.status.value)
    slow.pause_button.click()
    assert slow.pause_button.description == "Continue"
    slow.pause_button.click()
    assert slow.pause_button.description == "Pause"
    assert runs[-1].calls == ["pause", "resume"]


def test_a_weight_can_be_moved_while_it_runs(slow, runs):
    slow.run_button.click()
    wait(lambda: "Painting." in slow.status.value)
    slow.style_weight.value = 100.0
    assert runs[-1].changes == {"style_weight": 100.0}
    assert "style weight is 100" in slow.status.value


def test_save_writes_the_shown_moment_and_never_over_another_file(studio, tmp_path):
    painted(studio)
    studio.film.chosen = 4
    studio.save_button.click()
    assert "Saved as" in studio.status.value
    saved = images.open_picture(tmp_path / "my-picture.png")
    assert saved.getpixel((0, 0)) == (round(5 / 20 * 255),) * 3
    assert Image.open(tmp_path / "my-picture.png").text["evaluations"] == "20"
    studio.save_button.click()
    assert "exists already" in studio.status.value
    assert list(tmp_path.iterdir()) == [tmp_path / "my-picture.png"]


@pytest.mark.parametrize("name", ["../out.png", "/tmp/out.png", "..\\out.png", "", "sub/out.png"])
def test_save_stays_in_its_folder(studio, tmp_path, name):
    painted(studio)
    studio.file_name.value = name
    studio.save_button.click()
    assert "without a folder" in studio.status.value
    assert not list(tmp_path.iterdir())


def test_a_phone_photo_of_ones_own(studio, runs):
    file = io.BytesIO()
    Image.new("RGB", (1536, 2048), "red").save(file, "JPEG")
    studio.choosers["content"].set_state({"offered": file.getvalue(), "offered_name": "IMG_1234.jpg"})
    painted(studio)
    assert runs[-1].content.shape == (1, 3, 85, 64)
    assert studio.film.words.startswith("IMG_1234.jpg in the manner of ")
    assert "content = images.load('IMG_1234.jpg', size=64)  # your own, beside this notebook" in shown_code(studio)
    choose(studio, "content", "flower")
    painted(studio)
    assert torch.equal(runs[-1].content, images.load(images.CONTENT / "flower.jpg", 64))


def paint_left_half(studio):
    height, width = studio.brush.mask_size
    studio.brush.mask = (bytes([255]) * (width // 2) + bytes(width - width // 2)) * height


def run_as_shown(code, monkeypatch, folder):
    """What the shown code gives to the objective: the content, styles, settings and what to keep."""
    given = []
    monkeypatch.chdir(folder)
    monkeypatch.setattr(networks, "load", lambda name: name)
    monkeypatch.setattr(objective, "StyleObjective", lambda *wish, keep=None: given.extend([*wish, keep]))
    monkeypatch.setattr(transfer, "Run", lambda wish: SimpleNamespace(result=lambda: SimpleNamespace(picture=None)))
    monkeypatch.setattr(transfer, "progress", lambda run: [])
    monkeypatch.setattr(images, "save", lambda *_: None)
    exec(code, {})
    return given


def test_a_painted_part_stays_as_in_the_photograph(studio, runs, tmp_path, monkeypatch):
    choose(studio, "content", "Chelsea the cat")
    paint_left_half(studio)
    painted(studio)
    keep = runs[-1].keep
    assert keep.shape == (1, 1, *runs[-1].content.shape[-2:])
    assert keep[0, 0, :, 10].min() == 1
    assert keep[0, 0, :, -10].max() == 0
    assert torch.is_tensor(runs[-1].style)
    studio.save_button.click()
    assert "and the mask beside it as 'my-picture-mask.png'" in studio.status.value.replace("&#x27;", "'")
    network, content, style, settings, kept = run_as_shown(shown_code(studio), monkeypatch, tmp_path)
    assert (network, settings) == ("vgg16", studio.settings())
    for shown, real in ((content, runs[-1].content), (style, runs[-1].style), (kept, keep)):
        assert torch.equal(shown, real)


def test_a_painted_part_gets_a_second_style(studio, runs, tmp_path, monkeypatch):
    second = studio.choosers["second style"]
    assert second.layout.display == "none"
    studio.brush.unfolded, studio.brush.purpose = True, SECOND
    assert second.layout.display is None
    studio.brush.unfolded = False
    assert second.layout.display == "none"
    paint_left_half(studio)  # folded or not, it will be painted with: one sees with what
    assert second.layout.display is None
    choose(studio, "second style", "Hokusai's Poppies")
    painted(studio)
    first, other = runs[-1].style
    assert runs[-1].keep is None
    assert torch.equal(other.picture, images.load(images.STYLE / "hokusai-poppies.jpg", 64))
    assert torch.equal(first.mask, 1 - other.mask)
    assert other.mask[0, 0, :, 10].min() == 1
    studio.save_button.click()
    shown = run_as_shown(shown_code(studio), monkeypatch, tmp_path)
    assert shown[-1] is None
    for shown_style, real in zip(shown[2], (first, other), strict=True):
        assert torch.equal(shown_style.picture, real.picture)
        assert torch.equal(shown_style.mask, real.mask)


def test_all_painted_over_is_a_sentence_and_another_photograph_begins_anew(studio, runs):
    studio.brush.mask = bytes([255]) * (studio.brush.mask_size[0] * studio.brush.mask_size[1])
    studio.run_button.click()
    assert "All of the photograph is painted over" in studio.status.value
    assert not runs
    choose(studio, "content", "flower")
    assert studio.brush.mask == b""
    assert studio.brush.words == "the photograph flower.jpg"
    painted(studio)
    assert runs[-1].keep is None
    assert "mask" not in shown_code(studio)


def test_a_mask_is_never_written_over_another_file(studio, tmp_path):
    (tmp_path / "my-picture-mask.png").write_bytes(b"mine")
    paint_left_half(studio)
    painted(studio)
    studio.save_button.click()
    assert "exists already" in studio.status.value
    assert list(tmp_path.iterdir()) == [tmp_path / "my-picture-mask.png"]


def test_masks_and_a_second_style_in_a_real_run(tmp_path):
    studio = Studio(folder=tmp_path)
    studio.network.value, studio.size.value, studio.evaluations.value = "alexnet", 64, 10
    paint_left_half(studio)
    painted(studio)
    assert "evaluations are done" in studio.status.value
    picture, photo = studio._snapshots[-1].picture, studio._before
    assert torch.equal(picture[..., :24], photo[..., :24])
    assert not torch.equal(picture[..., 40:], photo[..., 40:])
    studio.brush.purpose = SECOND
    painted(studio)
    assert "evaluations are done" in studio.status.value
    assert {"style 1 relu1", "style 2 relu1"} <= set(studio._run.history[0].losses.terms)


def test_the_photo_lies_to_the_left_of_the_line_as_large_as_the_picture(studio):
    assert studio.film.before == b""
    painted(studio)
    film = studio.film
    photo, picture = (Image.open(io.BytesIO(png)) for png in (film.before, film.large["picture"]))
    assert photo.size == picture.size
    assert photo.tobytes() != picture.tobytes()
    assert (film.before_name, film.large["name"]) == ("photo", "evaluation 20")
    assert film.share == 0  # the line waits at the left edge


def test_the_filmstrip_goes_back_in_time(studio):
    painted(studio)
    assert [each["evaluation"] for each in studio.film.pictures] == list(range(1, 21))
    assert studio.film.at_end
    studio.film.chosen = 0
    assert (studio.film.large["number"], studio.film.large["name"]) == (0, "evaluation 1")
    assert images.open_picture(studio.film.pictures[4]["picture"]).size <= (96, 96)


def test_a_moment_that_is_looked_at_stays_while_the_run_goes_on(slow, runs):
    slow.run_button.click()
    for evaluation in range(2, 19):
        runs.reach(evaluation)
        time.sleep(LEAST_SECONDS / 4)
        if len(slow.film.pictures) > 1:
            break
    slow.film.chosen = 0
    runs.let_all_end()
    idle(slow)
    assert (slow.film.chosen, slow.film.large["name"]) == (0, "evaluation 1")


def test_recorded_the_moments_are_there_in_full_size(studio):
    painted(studio)
    studio.record()
    kept = studio.film.recorded()["pictures"]
    assert [each["evaluation"] for each in kept] == list(range(1, 21))
    whole = images.open_picture(studio.film.pictures[-1]["picture"])
    assert whole.size == images.open_picture(studio.film.before).size


def test_a_long_run_keeps_few_pictures_the_first_and_the_last(studio):
    studio.evaluations.value = 500
    painted(studio)
    kept = [step.evaluation for step in studio._snapshots]
    assert len(kept) <= SNAPSHOTS
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (1, 500)


def test_curves_by_layer(studio):
    painted(studio)
    assert [line["name"] for line in studio.chart.lines] == ["total", "style", "content"]
    assert points(studio.chart, "total")[-1] == [20, np.float32(0.2)]
    studio.by_layer.value = True
    assert [line["name"] for line in studio.chart.lines] == ["style relu1_1", "content relu4_2"]
