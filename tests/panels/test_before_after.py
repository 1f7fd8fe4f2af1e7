"""Before and after, with a runner that computes nothing real."""

import hashlib
import html
import re
import sys
import threading
from pathlib import Path

import pytest
import torch

from style_helpers import images
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
from style_helpers.panels.bundled import COMMAND, FOLDER, SIZE, Bundle
from style_helpers.settings import Settings
from tests.panels.driving import click_at_once, idle, inside, stopped_at, wait
from tests.panels.fake_runs import Runs, computed, copied_bundle, index

sys.path.insert(0, str(Path(__file__).parents[2] / "lessons"))
import precompute  # lessons/ is no package: authors run its programs

LIMIT = 500_000  # bytes of all pictures of this panel
PLAIN = f"beforeafter-{PAIRS[0][0].removesuffix('.jpg')}-{PAIRS[0][1].removesuffix('.jpg')}-gatys.jpg"


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


def listed():
    return index()["beforeafter"]["pictures"]


def numbers(pair, made):
    (entry,) = [each for each in listed() if (each["content"], each["style"]) == pair and each["made"] == made]
    return entry


# What is bundled


def test_the_bundle_is_complete_and_small():
    assert [(each["content"], each["style"], each["made"]) for each in listed()] == [
        (*pair, made) for pair in PAIRS for made in RECIPES
    ]
    files = [FOLDER / each["file"] for each in listed()]
    assert {path.name for path in FOLDER.glob("beforeafter-*")} == {path.name for path in files}
    assert sum(path.stat().st_size for path in files) < LIMIT


def test_the_index_tells_how_the_panel_would_compute_them_today():
    _, recipes, varied = precompute.KINDS["beforeafter"]
    today = precompute.described(RECIPES["gatys"].settings(), recipes, varied)
    assert index()["beforeafter"]["settings"] == today, f"the settings have changed since: run {COMMAND}"


def test_what_the_recipes_have_in_common_and_what_they_change_is_all_of_them():
    _, recipes, varied = precompute.KINDS["beforeafter"]
    plain = vars(RECIPES["gatys"].settings())
    for made, recipe in RECIPES.items():
        assert plain | recipes[made] == vars(recipe.settings())
        assert set(recipes[made]) <= varied
    assert recipes["gatys"] == {}
    assert all(changes for made, changes in recipes.items() if made != "gatys")


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_each_file_is_the_one_listed_and_its_numbers_are_its_own(pair):
    content, style = (images.load(folder / name, SIZE) for folder, name in zip(KINDS, pair, strict=True))
    for made in RECIPES:
        entry = numbers(pair, made)
        jpeg = (FOLDER / entry["file"]).read_bytes()
        assert hashlib.sha256(jpeg).hexdigest() == entry["sha256"]
        measured = before_after.measure(images.load(jpeg), content, style)
        assert {name: entry[name] for name in MEASURED} == pytest.approx(measured, abs=2e-3)


KINDS = (images.CONTENT, images.STYLE)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("technique", ["coarse to fine", "total variation", "own colours, by luminance", "style scale"])
def test_these_techniques_do_what_they_say(pair, technique):
    """The number that shows a technique falls, on both pairs. Of the others the panel says what happened."""
    chosen = TECHNIQUES[technique]
    before, after = (numbers(pair, made)[chosen.shown_by] for made in (chosen.before, chosen.after))
    assert after < before


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_all_together_is_nearer_to_the_painting(pair):
    assert numbers(pair, "fine")["style distance"] < numbers(pair, "gatys")["style distance"]


def test_the_command_makes_what_the_panel_finds(tmp_path, monkeypatch):
    runs = Runs()
    monkeypatch.setattr(precompute, "FOLDER", tmp_path)
    monkeypatch.setattr(precompute, "begin", runs.begin)
    monkeypatch.setattr(before_after, "measure", fake_measure)
    precompute.make("beforeafter")
    assert [run.settings for run in runs] == [recipe.settings() for recipe in RECIPES.values()] * len(PAIRS)
    bundle = Bundle("beforeafter", tuple(MEASURED), tmp_path)
    for content, style in PAIRS:
        for made in RECIPES:
            found = bundle.find(content=content, style=style, made=made)
            assert found.numbers["LPIPS"] == pytest.approx(64 / 255, abs=1e-4)
    assert len(list(tmp_path.iterdir())) == len(PAIRS) * len(RECIPES) + 1


# What answers at once


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
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
    assert pair[0].removesuffix(".jpg").replace("-", " ") in alt(panel.content_picture)
    assert pair[1].removesuffix(".jpg").replace("-", " ") in alt(panel.style_picture)
    assert 'role="alert"' not in panel.status.value
    assert not panel.working


def test_each_picture_is_sent_once_and_another_technique_sends_nothing(panel, monkeypatch):
    assert len(panel.view.pictures) == len(RECIPES)
    sent = []
    monkeypatch.setattr(panel.view, "send_state", lambda key=None: sent.append(key))
    choose(panel, "style scale")
    assert all(key in ("chosen", set()) for key in sent)


def test_the_verdict_says_which_way_each_number_went(panel):
    choose(panel, "coarse to fine")
    before, after = (numbers(PAIRS[0], made) for made in ("gatys", "coarse-to-fine"))
    assert f"LPIPS {before['LPIPS']:.2f} -> {after['LPIPS']:.2f}" in row(panel)["verdict"]
    assert f"Style distance {before['style distance']:.2f} -> {after['style distance']:.2f}" in row(panel)["verdict"]


def test_a_verdict_is_honest_in_both_directions():
    low, high = dict.fromkeys(MEASURED, 0.55), dict.fromkeys(MEASURED, 0.62)
    for name, (falling, rising) in MEASURED.items():
        assert re.search(rf"(?i){name} 0\.620* -> 0\.550*: {falling}\.", verdict(high, low, name))
        assert re.search(rf"(?i){name} 0\.550* -> 0\.620*: {rising}\.", verdict(low, high, name))
    assert "LPIPS 0.55 -> 0.55: as before." in verdict(low, dict.fromkeys(MEASURED, 0.5501), "LPIPS")


@pytest.mark.parametrize("made", RECIPES)
@pytest.mark.parametrize("factor", [1, 2.5])
def test_the_line_of_settings_makes_those_settings(made, factor):
    line = RECIPES[made].as_code(factor, 40)
    assert eval(line, {"Settings": Settings}) == RECIPES[made].settings(factor, 40)
    assert "'" not in line


def test_only_a_pair_of_ones_own_is_chosen_by_content_and_style(panel, runs):
    assert panel.content.disabled
    assert panel.style_choice.disabled
    panel.pair.value = None
    assert not panel.content.disabled
    assert "press Compute this one now" in panel.status.value
    assert panel.view.pictures == []
    assert "after" not in row(panel)
    panel.content.value, panel.style_choice.value = PAIRS[1]
    assert "after" in row(panel)  # chosen by hand, it is the bundled pair all the same


def test_it_says_with_what_they_were_computed(panel):
    assert f"VGG-16, {SIZE} pixels on the shorter side, {before_after.EVALUATIONS} evaluations." in panel._note.value


def lose_one(folder):
    (folder / PLAIN).unlink()


def damage_one(folder):
    (folder / PLAIN).write_bytes(b"no picture")


def lose_the_index(folder):
    (folder / "index.json").unlink()


@pytest.mark.parametrize("damage", [lose_one, damage_one, lose_the_index])
def test_a_missing_picture_is_one_sentence_and_live_still_works(runs, tmp_path, damage):
    damage(copied_bundle(tmp_path))
    panel = BeforeAfter(runs.begin, fake_measure, tmp_path)
    assert 'role="alert"' in panel.status.value
    assert f"run {COMMAND} in" in panel.status.value
    assert "after" not in row(panel)
    panel.evaluations.value = 20
    assert "All 20" in computed(panel).status.value
    assert "after" in row(panel)


# What is computed now


def test_compute_now_makes_before_and_after_with_the_choices(quick, runs):
    quick.pair.value = None
    quick.content.value, quick.style_choice.value = "chelsea-the-cat.jpg", "hokusai-poppies.jpg"
    choose(quick, "all together (fine)")
    computed(quick)
    assert [run.settings for run in runs] == [
        Settings.gatys(network="vgg16", style_weight=100.0, evaluations=20),
        Settings.fine(network="vgg16", style_weight=36.0, evaluations=20),
    ]
    for run in runs:
        assert torch.equal(run.content, images.load(images.CONTENT / "chelsea-the-cat.jpg", SIZE))
        assert torch.equal(run.style, images.load(images.STYLE / "hokusai-poppies.jpg", SIZE))
    assert "LPIPS 0.25 -> 0.25: as before." in row(quick)["verdict"]
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


def test_stop_ends_after_the_evaluation_and_the_second_does_not_begin(quick, runs):
    stopped_at(quick, runs, quick.run_button, 4)
    assert len(runs) == 1
    assert len(runs[0].history) == 4
    assert "Stopped after" in quick.status.value
    assert "<img" in quick.live_picture.value
    assert "after" not in row(quick)  # half a run is no comparison
    assert quick.stop_button.disabled
    runs.free = True
    assert "All 20" in computed(quick).status.value
    assert len(runs) == 3


def test_an_error_is_one_sentence_escaped_and_the_panel_stays_usable(quick, runs):
    runs.fail_at = 2
    assert "The &lt;network&gt; is tired." in computed(quick).status.value
    assert len(runs) == 1
    assert quick.stop_button.disabled
    runs.fail_at = None
    assert "All 20" in computed(quick).status.value


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


def test_handlers_may_come_on_any_thread_and_none_is_left(quick, runs):
    def factors():
        for quick.factor.value in (0.5, 1, 2):
            pass

    def techniques():
        for quick.view.chosen in range(len(TECHNIQUES)):
            pass

    before = threading.active_count()
    click_at_once([quick.run_button.click, factors, quick.stop_button.click, techniques] * 3)
    quick.stop_button.click()
    idle(quick)
    assert 'role="alert"' not in quick.status.value
    assert threading.active_count() == before


def test_every_picture_has_words(panel):
    panel.evaluations.value = 20
    computed(panel)
    for widget in inside(panel):
        if type(widget).__name__ == "Picture":
            assert re.search(r'alt="[^"]{10,}"', widget.value)


def test_colours_apart():
    photo = images.load(images.CONTENT / "flower.jpg", 64)
    other = images.load(images.STYLE / "kandinsky-composition-viii.jpg", 64)
    other = torch.nn.functional.interpolate(other, photo.shape[-2:])
    assert colour_distance(photo, photo) == 0
    assert colour_distance(photo.flip(3), photo) == pytest.approx(0, abs=1e-7)  # wherever they stand
    assert colour_distance(0.5 * photo + 0.25, photo) > 0.01  # paler
    assert colour_distance(with_luminance(photo, other), photo) < 0.5 * colour_distance(other, photo)


def test_the_numbers_of_a_picture_that_is_the_photo_itself():
    content = images.load(images.CONTENT / PAIRS[0][0], 128)
    measured = before_after.measure(content, content, content)
    assert list(measured) == list(MEASURED)
    nothing = ("LPIPS", "style distance", before_after.QUARTER, before_after.COLOURS)
    assert {name: measured[name] for name in nothing} == pytest.approx(dict.fromkeys(nothing, 0), abs=1e-5)
    assert measured[before_after.HALF] > 0.05


def test_the_real_runner_answers_stop():
    panel = BeforeAfter()
    panel.factor.value, panel.evaluations.value = 2, 400
    panel.run_button.click()
    wait(lambda: "<img" in panel.live_picture.value)
    panel.stop_button.click()
    idle(panel)
    assert "Stopped after" in html.unescape(panel.status.value)
    assert re.search(r"LPIPS [01]\.\d\d", panel.live_caption.value)
    assert "after" not in row(panel)
