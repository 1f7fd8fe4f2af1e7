"""The museum: each bug's test catches it and only it lets the right program pass; each symptom is as its label says."""

import dataclasses
import inspect
from functools import cache

import pytest
import torch

from style_helpers import images, networks
from style_helpers.course import museum
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings
from style_helpers.transfer import Run

ERRORS = {
    "alpha channel": (1, "The size of tensor a (4) must match the size of tensor b (3)"),
    "targets not detached": (2, "Trying to backward through the graph a second time"),
    "no requires_grad": (1, "element 0 of tensors does not require grad and does not have a grad_fn"),
}
SAME_NUMBERS = ("network to the end", "trainable weights")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # what is compared number for number must be added up in the same order
    yield
    torch.set_num_threads(before)


@cache
def pair(size: int = 64):
    return tuple(
        images.load(path, size=size)
        for path in (images.CONTENT / "summer-palace.jpg", images.STYLE / "hokusai-great-wave.jpg")
    )


@cache
def shown(bug: str | None, evaluations: int = 20, start: str = "content") -> museum.Exhibit:
    return museum.exhibit(*pair(), bug, evaluations, start=start)


# The labels


@pytest.mark.parametrize("bug", museum.BUGS)
def test_its_test_passes_on_the_right_program_and_fails_on_the_broken_one(bug):
    assert museum.try_test(bug, broken=False) == "passed"
    assert museum.try_test(bug, broken=True).startswith("failed: AssertionError")


@pytest.mark.parametrize("bug", museum.BUGS.values(), ids=lambda bug: bug.name)
def test_a_label_says_everything(bug):
    assert all(value.strip() for value in dataclasses.astuple(bug))
    assert bug.wrong != bug.right
    assert bug.mistake.endswith(".")
    assert bug.symptom.endswith(".")
    assert 2 <= len(bug.test.splitlines()) <= 6


def test_each_bug_has_its_switch_and_each_switch_its_label():
    source = inspect.getsource(museum).split("# The labels")[0]
    assert all(f'"{name}"' in source for name in museum.BUGS)
    assert set(museum.MYSTERIES.values()) <= set(museum.BUGS)


def test_a_misspelt_bug_is_no_right_program():
    with pytest.raises(KeyError, match="grey foto"):
        next(museum.watch(*pair(), "grey foto"))


# The right program


def test_without_a_bug_it_minimises_what_the_objective_of_the_course_does():
    content, style = pair()
    settings = Settings.gatys(
        network="alexnet",
        content_layers=museum.CONTENT_LAYERS["alexnet"],
        style_layers=museum.STYLE_LAYERS["alexnet"],
        style_weight=museum.STYLE_WEIGHT,
        balance="none",
        pooling="max",
        precision="fp32",
    )
    objective = StyleObjective(networks.load("alexnet"), content, style, settings)
    theirs = [step.losses.total for step in Run(objective, evaluations=5)]
    ours = [said.total for _, _, said in museum.watch(content, style, evaluations=5)]
    assert ours == pytest.approx(theirs, rel=1e-3)


def test_without_a_bug_nothing_ends_early_and_the_content_begins_at_0():
    right = shown(None)
    assert right.note == ""
    assert len(right.totals) == len(right.content) == len(right.style) == 20
    assert right.content[0] == 0
    assert right.totals[-1] < 0.5 * right.totals[0]
    assert right.picture.shape == pair()[0].shape
    assert right.picture.min() >= 0
    assert right.picture.max() <= 1


def test_it_leaves_the_callers_pictures_as_they_are():
    content, style = pair()
    before = content.clone(), style.clone()
    for bug in ("in-place ReLU", "clamp in the closure", "targets not detached", None):
        museum.exhibit(content, style, bug, 2)
    assert torch.equal(content, before[0])
    assert torch.equal(style, before[1])
    assert not content.requires_grad


def test_vgg_is_watched_too_and_somebody_may_stop_watching():
    steps = museum.watch(*pair(), network="vgg16")
    evaluation, picture, said = next(steps)
    steps.close()
    assert evaluation == 1
    assert torch.equal(picture, pair()[0])
    assert said.total == pytest.approx(said.content + said.style)


def test_in_quick_mode_it_is_short(monkeypatch):
    monkeypatch.setenv("STYLE_HELPERS_QUICK", "1")
    assert len(list(museum.watch(*pair(), evaluations=60))) == 3


def test_each_mystery_is_the_exhibit_of_its_bug():
    for letter, bug in museum.MYSTERIES.items():
        one, other = museum.mystery(letter, *pair(), 3), shown(bug, 3)
        assert (one.totals, one.note) == (other.totals, other.note)


# The symptoms, as the labels state them


@pytest.mark.parametrize("bug", ERRORS)
def test_an_error_is_shown_in_one_sentence(bug):
    evaluation, words = ERRORS[bug]
    broken = shown(bug)
    assert broken.note.startswith(f"Evaluation {evaluation} stops with RuntimeError: {words}")
    assert broken.note.endswith(".")
    assert len(broken.totals) == evaluation - 1
    assert torch.equal(broken.picture, pair()[0])


def test_targets_that_were_not_detached_do_no_harm_to_frozen_weights(monkeypatch):
    frozen = museum.trained
    monkeypatch.setattr(museum, "trained", lambda network, bug: frozen(network))
    assert museum.exhibit(*pair(), "targets not detached", 20).totals == shown(None).totals


@pytest.mark.parametrize("bug", SAME_NUMBERS)
def test_a_waste_changes_no_number_and_costs_work(bug):
    assert shown(bug).totals == shown(None).totals
    assert torch.equal(shown(bug).picture, shown(None).picture)
    assert shown(bug).work > 1.05 * shown(None).work


def test_a_backward_for_each_term_costs_twice_the_work():
    broken, right = shown("a backward for each term"), shown(None)
    assert broken.totals[:5] == pytest.approx(right.totals[:5], rel=1e-4)
    assert 1.7 < broken.work / right.work < 2.3


def test_a_grey_photo_stays_grey():
    picture = shown("grey photo").picture
    assert torch.equal(picture[:, 0], picture[:, 2])
    assert shown("grey photo").style[-1] > 1.5 * shown(None).style[-1]


def test_swapped_channels_show_in_the_picture_and_not_in_the_curve():
    broken, right = shown("swapped channels"), shown(None)
    assert broken.totals[-1] == pytest.approx(right.totals[-1], rel=0.3)
    swapped_back = (broken.picture.flip(1) - right.picture).abs().mean()
    assert swapped_back < 0.8 * (broken.picture - right.picture).abs().mean()


def test_bytes_give_a_white_picture_and_a_huge_total():
    broken = shown("0 to 255")
    assert broken.picture.mean() > 0.85
    assert broken.totals[0] > 1e9 * shown(None).totals[0]


def test_without_normalisation_the_loss_is_small_and_the_picture_is_not_worse():
    broken, right = shown("no normalisation"), shown(None)
    assert broken.totals[0] < right.totals[0] / 20
    assert broken.true_style < 1.1 * right.true_style
    assert broken.true_content < 1.1 * right.true_content


def test_a_square_is_a_square():
    assert shown("one square size").picture.shape == (1, 3, 64, 64)
    assert pair()[0].shape[-1] > 64


def test_shallow_layers_leave_more_of_the_photo():
    assert shown("shallow layers").true_content < shown(None).true_content


def test_a_relu_in_place_makes_the_photo_far_from_itself():
    broken = shown("in-place ReLU")
    assert broken.note == ""
    assert broken.content[0] > 10


def test_a_weight_inside_the_square_acts_squared():
    broken, right = shown("weight squared"), shown(None)
    assert broken.style[0] / right.style[0] == pytest.approx(museum.STYLE_WEIGHT, rel=1e-3)
    assert broken.true_content > 1.1 * right.true_content


def test_an_undivided_gram_matrix_drowns_the_content():
    broken, right = shown("Gram not divided"), shown(None)
    assert broken.style[0] / right.style[0] > 1e7
    assert broken.true_content > 1.1 * right.true_content


def test_normal_noise_starts_further_away_and_half_of_it_at_0():
    broken, even = shown("normal noise", start="noise"), shown(None, start="noise")
    assert broken.totals[0] > 2 * even.totals[0]
    first = museum.first_picture(pair()[0], bug="normal noise")
    assert 0.45 < (first == 0).float().mean() < 0.55


def test_a_new_optimiser_at_each_step_hardly_moves():
    broken, right = shown("new optimiser each step"), shown(None)
    assert broken.totals[-1] > 0.8 * broken.totals[0]
    assert right.totals[-1] < 0.5 * right.totals[0]
    assert broken.true_content < 0.02


def test_gradients_that_add_up_rise_to_infinity():
    broken = shown("no zero_grad")
    assert broken.note.startswith(f"Evaluation {len(broken.totals)} gives a total of ")
    assert len(broken.totals) <= 20
    assert broken.picture.isfinite().all()


def test_clamping_in_the_closure_does_no_clear_harm():
    broken, right = shown("clamp in the closure"), shown(None)
    assert broken.totals[-1] == pytest.approx(right.totals[-1], rel=0.15)


def test_steps_that_are_closures_come_in_twenties():
    assert len(shown("steps are closures").totals) == 40  # 20 asked for, and `<=` lets it go on
    assert len(shown("steps are closures", 30).totals) == 40


def test_the_seed_asks_for_300_and_gets_320():
    picture = torch.linspace(1, 2, 12).view(1, 3, 2, 2).requires_grad_()
    made = museum.descend(picture, lambda x: {"flat": (x**4).mean()}, 300, bug="steps are closures")
    assert len(list(made)) == 320


def test_work_is_counted_in_millions_of_operations():
    net, content = museum.trained("alexnet"), pair()[0]
    height, width = museum.features(net, content, ("conv1",))["conv1"].shape[2:]
    first_convolution = 2 * 64 * 3 * 11 * 11 * height * width / 1e6  # forwards; about as much again backwards
    assert 2 * first_convolution < shown(None).work < 20 * first_convolution
