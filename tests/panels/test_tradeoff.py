"""The trade-off explorer, with a runner that computes nothing real. What is bundled: test_bundled.py."""

import html

import pytest
import torch

from style_helpers import images
from style_helpers.panels.bundled import COMMAND, FOLDER, SIZE, Bundle
from style_helpers.panels.panel import title
from style_helpers.panels.tradeoff import CONTENTS, MEASURED, STYLES, WEIGHTS, TradeOffExplorer
from style_helpers.settings import Settings
from tests.panels.driving import idle, wait
from tests.panels.fake_runs import Runs, computed, copied_bundle, index

PAIRS = [(content, style) for content in CONTENTS for style in STYLES]


def fake_measure(picture, content, style):
    return {"LPIPS": picture.mean().item(), "style distance": 0.75}


@pytest.fixture
def runs():
    made = Runs()
    yield made
    made.let_all_end()


@pytest.fixture
def panel(runs):
    made = TradeOffExplorer(runs.begin, fake_measure)
    made.evaluations.value = 20
    yield made
    made.stop()
    runs.let_all_end()
    made.wait()


def marks(panel):
    """The labels of the points of the line, and of the crosses."""
    return [each["label"] for each in panel.plane.points], [each["label"] for each in panel.plane.now]


# What is bundled


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: ", ".join(map(title, pair)))
def test_style_is_paid_for_with_content(pair):
    content, style = (each.name for each in pair)
    bundle = Bundle("tradeoff", MEASURED)
    found = [bundle.find(content=content, style=style, weight=weight).numbers for weight in WEIGHTS]
    lpips, distances = ([each[name] for each in found] for name in MEASURED)
    assert lpips == sorted(lpips)
    assert distances[0] == max(distances)
    assert min(distances) < 0.9 * distances[0]


# What answers at once


@pytest.mark.parametrize("pair", PAIRS[1:], ids=lambda pair: ", ".join(map(title, pair)))
def test_all_of_a_pair_is_sent_at_once_with_its_numbers(panel, pair, monkeypatch):
    panel.content.value = pair[0]
    sent = []
    panel.style_choice.value = next(style for style in STYLES if style != pair[1])
    monkeypatch.setattr(panel.plane, "send_state", lambda key=None: sent.append(set(key)))
    panel.style_choice.value = pair[1]
    assert sent == [{"points", "beside"}]
    listed = [
        each
        for each in index()["tradeoff"]["pictures"]
        if [each["content"], each["style"]] == [path.name for path in pair]
    ]
    for each, shown in zip(listed, panel.plane.points, strict=True):
        assert shown["picture"] == (FOLDER / each["file"]).read_bytes()
        assert (shown["x"], shown["y"]) == (each["LPIPS"], each["style distance"])
        assert f"style weight {each['weight']:g}: LPIPS {each['LPIPS']:.2f} to the photo" in shown["words"]
        numbers = [
            f"LPIPS {each['LPIPS']:.2f} to the photo",
            f"style distance {each['style distance']:.2f} to the painting",
        ]
        assert (shown["label"], shown["lines"]) == (f"{each['weight']:g}", numbers)
    photo, painting = map(title, pair)
    assert [each["words"] for each in panel.plane.beside] == [f"The photo: {photo}", f"The painting: {painting}"]


@pytest.mark.parametrize(("number", "weight"), list(enumerate(WEIGHTS)))
def test_the_chosen_points_weight_is_what_would_be_computed(panel, number, weight):
    panel.plane.chosen = (number + 1) % len(WEIGHTS)
    panel.plane.chosen = number
    assert panel.live_weight.value == pytest.approx(weight)
    assert not panel.working


def test_a_pair_without_pictures_says_so_and_can_be_computed(panel, runs):
    panel.content.label = "flower"
    assert "For this pair nothing was computed beforehand" in panel.status.value
    assert 'role="alert"' not in panel.status.value
    assert marks(panel) == ([], [])
    computed(panel)
    assert torch.equal(runs[-1].content, images.load(images.CONTENT / "flower.jpg", SIZE))
    assert marks(panel) == ([], ["now 3"])
    panel.content.value = CONTENTS[0]
    assert panel.status.value == '<div role="status"></div>'
    assert marks(panel) == (["0.1", "0.5", "3", "18", "100"], [])
    panel.plane.chosen = 4
    panel.content.label = "flower"
    assert marks(panel) == ([], ["now 3"])
    assert panel.plane.chosen == 0  # there is no other


def lose_one(folder):
    (folder / "tradeoff-summer-palace-hokusai-great-wave-3.0.jpg").unlink()


def test_of_one_missing_picture_the_others_stay(runs, tmp_path):
    lose_one(copied_bundle(tmp_path))
    panel = TradeOffExplorer(runs.begin, fake_measure, tmp_path)
    assert 'role="alert"' in panel.status.value
    assert f"run {COMMAND} in" in panel.status.value
    assert marks(panel) == (["0.1", "0.5", "18", "100"], [])
    panel.plane.chosen = 2
    panel.plane.chosen = 3
    assert panel.live_weight.value == pytest.approx(100)
    panel.live_weight.value = 3
    panel.evaluations.value = 20
    assert "All 20" in computed(panel).status.value
    assert marks(panel) == (["0.1", "0.5", "18", "100"], ["now 3"])


# What is computed now


def test_every_choice_reaches_the_run(panel, runs):
    panel.content.label, panel.style_choice.label = "Chelsea the cat", "Hokusai's Poppies"
    panel.live_weight.value, panel.evaluations.value = 42.0, 60
    computed(panel)
    (run,) = runs
    assert run.settings == Settings.fine(network="vgg16", style_weight=42.0, evaluations=60)
    assert torch.equal(run.content, images.load(images.CONTENT / "chelsea-the-cat.jpg", SIZE))
    assert torch.equal(run.style, images.load(images.STYLE / "hokusai-poppies.jpg", SIZE))


def test_the_end_shows_the_picture_its_numbers_and_its_place_in_the_plane(panel):
    panel.live_weight.value = 42.0
    computed(panel)
    words = html.escape("Summer Palace in the manner of Hokusai's Great Wave, style weight 42, 20 of 20 evaluations")
    assert f'alt="{words}: LPIPS 0.25 to the photo, style distance 0.75 to the painting"' in panel.live_picture.value
    assert words in panel.live_caption.value
    (point,) = panel.plane.now
    assert (point["label"], point["x"], point["y"]) == ("now 42", 0.25, 0.75)
    assert "style weight 42, computed now: LPIPS 0.25" in point["words"]
    assert images.open_picture(point["picture"]).getpixel((0, 0)) == (64, 64, 64)
    panel.plane.chosen = len(WEIGHTS)
    assert panel.live_weight.value == pytest.approx(42)
    assert [line["name"] for line in panel.chart.lines] == ["total", "style", "content"]


def test_a_pair_chosen_meanwhile_does_not_get_the_other_pairs_point(panel, runs):
    runs.free = False
    panel.run_button.click()
    wait(lambda: runs)
    panel.style_choice.value = STYLES[1]
    assert "Computing" in panel.status.value or "Preparing" in panel.status.value
    runs.grant(100)
    idle(panel)
    assert panel.plane.now == []
    assert html.escape(title(STYLES[0])) in panel.live_caption.value
    panel.style_choice.value = STYLES[0]
    assert marks(panel)[1] == ["now 3"]


def test_an_error_while_measuring_is_one_sentence(runs):
    def measure(*_):
        raise ValueError("AlexNet is <away>.")

    panel = TradeOffExplorer(runs.begin, measure)
    panel.evaluations.value = 20
    assert "AlexNet is &lt;away&gt;." in computed(panel).status.value
    assert "<img" in panel.live_picture.value


def test_the_same_weight_again_takes_the_place_of_the_cross_before(panel):
    for weight in (42.0, 3.0, 42.0):
        panel.live_weight.value = weight
        computed(panel)
    assert marks(panel)[1] == ["now 42", "now 3"]
