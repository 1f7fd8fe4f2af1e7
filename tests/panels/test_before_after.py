"""Before and after, with a runner that computes nothing real. What is bundled: test_bundled.py."""

import html
import re
import sys
from pathlib import Path

import pytest
import torch

from style_helpers import images, metrics
from style_helpers.colours import with_luminance
from style_helpers.panels import before_after
from style_helpers.panels.before_after import (
    MEASURED,
    PAIRS,
    RECIPES,
    TECHNIQUES,
    BeforeAfter,
    colour_distance,
    verdict,
)
from style_helpers.panels.bundled import FOLDER, SIZE
from style_helpers.panels.panel import title
from style_helpers.panels.techniques import meanings
from style_helpers.settings import Settings
from tests.panels.driving import idle, stopped_at, wait
from tests.panels.fake_runs import Runs, computed, index

sys.path.insert(0, str(Path(__file__).parents[2] / "lessons"))
import precompute  # lessons/ is no package: authors run its programs

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: title(pair[0]))


def fake_measure(picture, content, style):
    return dict.fromkeys(MEASURED, picture.mean().item())


@pytest.fixture
def runs():
    made = Runs()
    yield made
    made.let_all_end()


@pytest.fixture
def panel(runs):
    made = BeforeAfter(runs.begin, fake_measure)
    yield made
    made.stop()
    runs.let_all_end()
    made.wait()


@pytest.fixture
def quick(panel):
    """The panel with nothing computed beforehand for what is chosen, and few evaluations."""
    panel.evaluations.value, panel.factor.value = 20, 2
    return panel


def choose(panel, technique):
    panel.view.chosen = list(TECHNIQUES).index(technique)


def row(panel):
    """What is shown of the technique that is chosen."""
    return panel.view.rows[panel.view.chosen]


def alt(view):
    return html.unescape(re.search(r'alt="([^"]*)"', view.value)[1])


def numbers(pair, made):
    (entry,) = [
        each
        for each in index()["beforeafter"]["pictures"]
        if (each["content"], each["style"], each["made"]) == (pair[0].name, pair[1].name, made)
    ]
    return entry


# What is bundled


def test_what_the_recipes_have_in_common_and_what_they_change_is_all_of_them():
    _, recipes, varied = precompute.KINDS["beforeafter"]
    plain = vars(RECIPES["gatys"].settings())
    for made, recipe in RECIPES.items():
        assert plain | recipes[made] == vars(recipe.settings())
        assert set(recipes[made]) <= varied
    assert recipes["gatys"] == {}
    assert all(changes for made, changes in recipes.items() if made != "gatys")


@each_pair
@pytest.mark.parametrize("technique", ["coarse to fine", "total variation", "own colours, by luminance", "style scale"])
def test_these_techniques_do_what_they_say(pair, technique):
    """The number that shows a technique falls, on both pairs. Of the others the panel says what happened."""
    chosen = TECHNIQUES[technique]
    before, after = (numbers(pair, made)[chosen.shown_by] for made in chosen.recipes)
    assert MEASURED[chosen.shown_by].verdict(before, after) == meanings()[chosen.shown_by][0]


@each_pair
def test_all_together_is_nearer_to_the_painting(pair):
    assert numbers(pair, "fine")["style distance"] < numbers(pair, "gatys")["style distance"]


# What answers at once


@pytest.mark.parametrize("technique", TECHNIQUES)
@each_pair
def test_each_choice_shows_both_pictures_their_numbers_and_both_settings(panel, pair, technique):
    panel.pair.value = pair
    choose(panel, technique)
    chosen, shown = TECHNIQUES[technique], row(panel)
    for side, made in enumerate(chosen.recipes):
        entry = numbers(pair, made)
        assert panel.view.pictures[shown[("before", "after")[side]]] == (FOLDER / entry["file"]).read_bytes()
        assert shown["names"][side] == RECIPES[made].name
        assert shown["lines"][side][:2] == [
            f"LPIPS {entry['LPIPS']:.2f}",
            f"style distance {entry['style distance']:.2f}",
        ]
        assert shown["lines"][side][2].startswith(f"{chosen.shown_by} ")
        assert RECIPES[made].as_code() in shown["code"]
    assert shown["before"] != shown["after"]
    assert (shown["name"], shown["words"]) == (technique, chosen.words)
    assert title(pair[0]) in alt(panel.content_picture)
    assert title(pair[1]) in alt(panel.style_picture)
    assert 'role="alert"' not in panel.status.value
    assert not panel.working


def test_each_picture_is_sent_once_and_another_technique_sends_nothing(panel, monkeypatch):
    assert len(panel.view.pictures) == len(RECIPES)
    sent = []
    monkeypatch.setattr(panel.view, "send_state", lambda key=None: sent.append(key))
    choose(panel, "style scale")
    assert all(key in ("chosen", set()) for key in sent)


@pytest.mark.parametrize("name", MEASURED)
def test_a_verdict_is_honest_in_both_directions_and_silent_on_what_means_nothing(name):
    measure, (lower, higher) = MEASURED[name], meanings()[name]
    step = measure.none + 10**-measure.digits  # the smallest that counts
    for change, said in ((step, higher), (-step, lower), (measure.none, ""), (-measure.none, "")):
        before, after = dict.fromkeys(MEASURED, 0.46), dict.fromkeys(MEASURED, 0.46 + change)
        (sentence,) = [each for each in verdict(before, after, [name]).split(". ") if each]
        meant = said or f"no difference beyond {measure.none:g}"
        assert (
            sentence == f"{name[0].upper()}{name[1:]} {measure.word(0.46)} -> {measure.word(0.46 + change)}: {meant}."
        )


def test_what_counts_as_no_difference_is_what_lesson_07_says():
    text = (Path(__file__).parents[2] / "lessons" / "07_better_pictures.md").read_text(encoding="utf-8")
    assert f"a difference of {metrics.NO_DIFFERENCE} or\nless counts as none" in text


@pytest.mark.parametrize("made", RECIPES)
@pytest.mark.parametrize("factor", [1, 2.5])
def test_the_line_of_settings_makes_those_settings(made, factor):
    line = RECIPES[made].as_code(factor, 40)
    assert eval(line, {"Settings": Settings}) == RECIPES[made].settings(factor, 40)
    assert "'" not in line


def test_only_a_pair_of_ones_own_is_chosen_by_content_and_style(panel, runs):
    assert panel.content.disabled
    assert panel.style_choice.disabled
    panel.pair.value = ()
    assert not panel.content.disabled
    assert "press Compute this one now" in panel.status.value
    assert panel.view.pictures == []
    assert "after" not in row(panel)
    panel.content.value, panel.style_choice.value = PAIRS[1]
    assert "after" in row(panel)  # chosen by hand, it is the bundled pair all the same


# What is computed now


def test_compute_now_makes_before_and_after_with_the_choices(quick, runs):
    quick.pair.value = ()
    quick.content.label, quick.style_choice.label = "Chelsea the cat", "Hokusai's Poppies"
    choose(quick, "all together (fine)")
    computed(quick)
    assert [run.settings for run in runs] == [
        Settings.gatys(network="vgg16", style_weight=100.0, evaluations=20),
        Settings.fine(network="vgg16", style_weight=36.0, evaluations=20),
    ]
    for run in runs:
        assert torch.equal(run.content, images.load(images.CONTENT / "chelsea-the-cat.jpg", SIZE))
        assert torch.equal(run.style, images.load(images.STYLE / "hokusai-poppies.jpg", SIZE))
    assert "LPIPS 0.25 -> 0.25: no difference beyond 0.03." in row(quick)["verdict"]
    assert "style_weight=36.0" in row(quick)["code"]
    assert "fine, 20 of 20 evaluations" in quick.live_caption.value
    assert quick.stop_button.disabled


def test_a_before_that_was_made_serves_the_next_technique(quick, runs):
    computed(quick)
    assert len(runs) == 2
    choose(quick, "total variation")
    assert "after" not in row(quick)
    computed(quick)
    assert runs[2].settings.total_variation == 500
    assert len(runs) == 3
    assert "after" in row(quick)
    computed(quick)  # both are there: asked again, both are made again
    assert len(runs) == 5


def test_another_number_of_evaluations_is_another_picture(panel, runs):
    panel.evaluations.value = 20
    assert "evaluations=80" in row(panel)["code"]  # until it is computed, what is shown is the bundled picture
    computed(panel)
    assert row(panel)["code"].count("evaluations=20") == 2
    panel.evaluations.value = 40
    assert row(panel)["code"].count("evaluations=80") == 2


def test_a_choice_changed_meanwhile_is_answered_and_gets_only_its_own_pictures(quick, runs):
    runs.free = False
    quick.run_button.click()
    wait(lambda: runs)
    choose(quick, "style scale")
    assert quick.working
    runs.grant(100)
    idle(quick)
    assert runs[1].settings.scales == (0.25, 0.5, 1.0)
    assert "after" not in row(quick)
    choose(quick, "coarse to fine")
    assert "after" in row(quick)


def test_colours_apart():
    photo = images.load(images.CONTENT / "flower.jpg", 64)
    other = images.load(images.STYLE / "kandinsky-composition-viii.jpg", 64)
    other = torch.nn.functional.interpolate(other, photo.shape[-2:])
    assert colour_distance(photo, photo) == 0
    assert colour_distance(photo.flip(3), photo) == pytest.approx(0, abs=1e-7)  # wherever they stand
    assert colour_distance(0.5 * photo + 0.25, photo) > 0.01  # paler
    assert colour_distance(with_luminance(photo, other), photo) < 0.5 * colour_distance(other, photo)


def test_the_numbers_of_a_picture_that_is_the_photo_itself():
    content = images.load(PAIRS[0][0], 128)
    measured = before_after.measure(content, content, content)
    assert list(measured) == list(MEASURED)
    nothing = ("LPIPS", "style distance", before_after.QUARTER, before_after.COLOURS)
    assert {name: measured[name] for name in nothing} == pytest.approx(dict.fromkeys(nothing, 0), abs=1e-5)
    assert measured[before_after.HALF] > 0.05


def test_what_was_stopped_early_is_no_comparison(quick, runs):
    stopped_at(quick, runs, quick.run_button, 4)
    assert len(runs) == 1
    assert "after" not in row(quick)
    runs.free = True
    assert "All 20" in computed(quick).status.value
    assert len(runs) == 3
