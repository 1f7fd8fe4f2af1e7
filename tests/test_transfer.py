"""The runner against the old tutorial's own algorithm, and its manners: iterate, stop, pause, break, leave alone."""

import math
import re
import subprocess
import sys
import threading
import warnings
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import old_tutorial
from style_helpers import devices, images, transfer, weights
from style_helpers.objective import StyleObjective
from style_helpers.settings import CHOICES, PRESETS, QUICK, Settings, SettingsError

ROOT = Path(__file__).resolve().parents[1]
FAST = {"precision": "fp32", "evaluations": 5}


@pytest.fixture(scope="module")
def content(device):
    return images.load(images.CONTENT / "summer-palace.jpg", 64, device)


@pytest.fixture(scope="module")
def style(device):
    return images.load(images.STYLE / "hokusai-great-wave.jpg", 72, device)


@pytest.fixture
def objective(alexnet, content, style):
    return StyleObjective(alexnet, content, style, Settings.gatys(network="alexnet", **FAST))


def square(path, side):
    return images.load(path, side)[:, :, :side, :side].contiguous()


@pytest.mark.parametrize(
    ("content_name", "style_name", "side"),
    [("astronaut", "van-gogh-village-street-in-auvers", 64), ("flower", "kandinsky-composition-viii", 96)],
)
def test_tutorial_is_the_mathematics_of_the_seed(vgg16, content_name, style_name, side):
    """The first evaluations are the same; then L-BFGS magnifies what another order of additions rounds differently."""
    content, style = (
        square(images.CONTENT / f"{content_name}.jpg", side),
        square(images.STYLE / f"{style_name}.jpg", side),
    )
    layers = torchvision.models.vgg16(weights=None).features
    state = {key.removeprefix("features."): value for key, value in weights.load("vgg16").items()}
    layers.load_state_dict(state)
    layers.to(content.device)
    expected, _ = old_tutorial.losses_of(layers, content, style, content, 20)
    chosen = Settings.tutorial(precision="fp32")
    descent = transfer.Run(StyleObjective(vgg16, content, style, chosen), evaluations=20)
    totals, lowest = [sum(scores) for scores in expected], math.inf
    for step, total in zip(descent, totals, strict=True):
        if step.evaluation <= 8:
            assert step.losses.total == pytest.approx(total, rel=1e-4 if step.evaluation <= 3 else 0.01)
        lowest = min(lowest, step.losses.total)
    assert lowest == pytest.approx(min(totals), rel=0.1)


def by_torch(objective, start, evaluations, **choices):
    """The totals of torch's own L-BFGS on an objective, its closure called as often."""
    picture, totals = start.clone().requires_grad_(), []
    optimizer = torch.optim.LBFGS([picture], max_iter=evaluations, **choices)

    def closure():
        optimizer.zero_grad()
        total = sum(objective(picture).values())
        total.backward()
        totals.append(total.item())
        return total

    optimizer.step(closure)
    return totals


@pytest.mark.parametrize("weight", [1.0, 1e-4])
def test_it_is_torchs_lbfgs_with_twenty_moves_and_without_its_tolerances(alexnet, content, style, weight):
    """torch's own tolerances are absolute: with small weights it would stand still at once."""
    chosen = Settings.gatys(network="alexnet", precision="fp32", content_weight=weight, style_weight=50 * weight)
    objective = StyleObjective(alexnet, content, style, chosen.replace(pixel_range="clamp"))
    descent = transfer.Run(objective.with_settings(chosen), evaluations=27)
    ours = {"history_size": 20, "tolerance_grad": 0, "tolerance_change": 0}
    expected = by_torch(objective.with_settings(chosen), content, 27, **ours)
    assert [step.losses.total for step in descent] == pytest.approx(expected, rel=1e-5)
    assert expected[-1] < 0.5 * expected[0]
    optimizer = descent._begun[2]
    assert len(optimizer.state[descent._picture]["old_dirs"]) == 20


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_loss_falls_and_pixels_stay_in_range(alexnet, content, style, optimizer):
    adam = {"optimizer": "adam", "learning_rate": 0.02, "pixel_range": "clamp"}
    chosen = Settings.gatys(network="alexnet", precision="fp32", **(adam if optimizer == "adam" else {}))
    descent = transfer.Run(StyleObjective(alexnet, content, style, chosen), evaluations=25)
    steps = list(descent)
    assert [step.evaluation for step in steps] == list(range(1, 26))
    assert steps[-1].losses.total < 0.5 * steps[0].losses.total
    assert all(step.picture.min() >= 0 and step.picture.max() <= 1 for step in steps)
    assert descent.ended == "All 25 evaluations are done."


def test_the_losses_of_a_step_are_those_of_its_picture(objective):
    for step in transfer.Run(objective):
        again = objective(step.picture)
        style = sum(float(value) for name, value in again.items() if name.startswith("style"))
        assert step.losses.style == pytest.approx(style, rel=0.02)  # the copy is clamped, the picture not quite


def test_total_is_the_sum_of_the_terms_and_the_terms_are_weighted(alexnet, content, style):
    chosen = Settings.gatys(network="alexnet", **FAST)
    single = next(transfer.Run(StyleObjective(alexnet, content, style, chosen))).losses
    double = next(
        transfer.Run(StyleObjective(alexnet, content, style, chosen.replace(style_weight=2 * chosen.style_weight)))
    ).losses
    assert single.total == pytest.approx(sum(single.terms.values()))
    assert double.style == pytest.approx(2 * single.style)
    assert single.content == 0  # it starts from the content picture
    with pytest.raises(TypeError):
        single.terms["style relu1"] = 0


def test_steps_are_immutable_and_pictures_are_copies(objective):
    descent = transfer.Run(objective)
    first = next(descent)
    kept = first.picture.clone()
    list(descent)
    assert torch.equal(first.picture, kept)
    with pytest.raises(FrozenInstanceError):
        first.evaluation = 7


def test_the_callers_tensors_are_left_alone(alexnet, content, style):
    start = torch.rand_like(content)
    before = [tensor.clone() for tensor in (content, style, start)]
    parameters = [parameter.clone() for parameter in alexnet.parameters()]
    objective = StyleObjective(alexnet, content, style, Settings.gatys(network="alexnet", **FAST))
    list(transfer.Run(objective, start=start))
    assert all(map(torch.equal, before, (content, style, start)))
    assert all(map(torch.equal, parameters, alexnet.parameters()))
    assert all(parameter.grad is None for parameter in alexnet.parameters())
    assert not any(tensor.requires_grad for tensor in (content, style, start))


def test_noise_is_the_same_for_the_same_seed(content):
    noise = Settings.gatys(start="noise", seed=4)
    first, second = (transfer.starting_picture(content, noise) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, transfer.starting_picture(content, noise.replace(seed=5)))
    assert 0 <= first.min() < 0.1
    assert 0.9 < first.max() <= 1
    normal = transfer.starting_picture(content, Settings.tutorial(start="noise", seed=4))  # the old tutorial's randn
    assert (normal.mean().item(), normal.std().item()) == pytest.approx((0, 1), abs=0.05)


def test_same_seed_same_numbers(alexnet, content, style):
    chosen = Settings.gatys(network="alexnet", start="noise", **FAST)
    runs = [[step.losses.total for step in transfer.Run(StyleObjective(alexnet, content, style, chosen))] for _ in "ab"]
    assert runs[0] == runs[1]


def test_stop_takes_effect_within_one_evaluation_and_keeps_the_picture(objective):
    descent = transfer.Run(objective, evaluations=1000)
    stopper = threading.Thread(target=descent.stop)
    taken = 0
    for _ in descent:
        taken += 1
        if taken == 3:
            stopper.start()
            stopper.join()
    assert taken == 3
    assert descent.ended == "Stopped after 3 of 1000 evaluations."
    assert descent.result().picture.shape == objective.content.shape
    assert list(descent) == []


def test_pause_waits_until_resume(objective):
    descent = transfer.Run(objective, evaluations=4)
    next(descent)
    descent.pause()
    rest = []
    worker = threading.Thread(target=lambda: rest.extend(descent))
    worker.start()
    worker.join(0.3)
    assert worker.is_alive()
    assert not rest
    descent.resume()
    worker.join(60)
    assert len(rest) == 3


def test_stop_ends_a_pause(objective):
    descent = transfer.Run(objective, evaluations=1000)
    next(descent)
    descent.pause()
    worker = threading.Thread(target=lambda: list(descent))
    worker.start()
    descent.stop()
    worker.join(60)
    assert not worker.is_alive()
    assert descent.ended.startswith("Stopped")


class BreaksAtTheThird(StyleObjective):
    calls = 0

    def __call__(self, picture):
        self.calls += 1
        terms = super().__call__(picture)
        if self.calls == 3:
            terms["style relu3"] = terms["style relu3"] * torch.nan
        return terms


def test_a_loss_that_is_not_finite_ends_the_run_with_the_best_picture_and_the_terms_name(alexnet, content, style):
    descent = transfer.Run(BreaksAtTheThird(alexnet, content, style, Settings.gatys(network="alexnet", **FAST)))
    with pytest.warns(RuntimeWarning, match="'style relu3' is no longer a finite number"):
        steps = list(descent)
    assert len(steps) == 2
    assert torch.isfinite(descent.result().picture).all()
    assert "style relu3" in descent.ended


def test_the_best_picture_is_the_one_with_the_lowest_total(alexnet, content, style):
    class GetsWorse(StyleObjective):
        calls = 0

        def forward(self, picture):
            self.calls += 1
            worse = 10 if self.calls > 3 else 1
            return {name: worse * term for name, term in super().forward(picture).items()}

    descent = transfer.Run(GetsWorse(alexnet, content, style, Settings.gatys(network="alexnet", **FAST)))
    steps = list(descent)
    assert descent.best is min(steps, key=lambda step: step.losses.total) is steps[2]
    assert torch.equal(descent.result().picture, steps[2].picture)
    assert torch.equal(descent.result().picture, descent.result().picture)


def test_result_before_the_first_evaluation_is_the_start(objective, content):
    assert torch.equal(transfer.Run(objective).result().picture, content)


def test_what_is_no_objective_and_no_settings_is_refused(content, style):
    with pytest.raises(TypeError, match="A run needs a StyleObjective, not Settings"):
        transfer.Run(Settings.gatys())
    with pytest.raises(SettingsError, match=r"must be Settings, such as .*, not str"):
        transfer.stylize(content, style, "gatys")


def test_bad_starts_and_counts_are_refused(objective, content):
    with pytest.raises(ValueError, match="give a start of the content picture's size"):
        transfer.Run(objective, start=content[..., :-1])
    for start in (content * float("nan"), content * 255, (content * 255).byte()):
        with pytest.raises(images.PictureError):
            transfer.Run(objective, start=start)
    turned = transfer.Run(objective, start=content.to(memory_format=torch.channels_last), evaluations=2)
    assert len(list(turned)) == 2
    with pytest.raises(SettingsError, match="evaluations must be a whole number"):
        transfer.Run(objective, evaluations=0)


def test_bfloat16_sees_nearly_the_same_losses(vgg16, content, style):
    exact = StyleObjective(vgg16, content, style, Settings.gatys(precision="fp32"))(content.flip(3))
    coarse = StyleObjective(vgg16, content, style, Settings.gatys(precision="bf16"))(content.flip(3))
    for name, value in exact.items():
        assert coarse[name].dtype == torch.float32
        assert float(coarse[name]) == pytest.approx(float(value), rel=0.05, abs=1e-4)


def test_bfloat16_paints_a_picture_that_is_no_worse(alexnet, content, style):
    """Judged by the exact objective: after 40 evaluations, totals within 10 % of each other on the way down from 1."""
    exact = StyleObjective(alexnet, content, style, Settings.gatys(network="alexnet", precision="fp32"))
    totals = {}
    for precision in ("fp32", "bf16"):
        objective = StyleObjective(alexnet, content, style, Settings.gatys(network="alexnet", precision=precision))
        descent = transfer.Run(objective, evaluations=40)
        list(descent)
        with torch.no_grad():
            totals[precision] = float(sum(exact(descent.result().picture).values()))
    with torch.no_grad():
        start = float(sum(exact(content).values()))
    assert totals["fp32"] < 0.2 * start
    assert totals["bf16"] < 1.1 * totals["fp32"]


@given(
    st.integers(63, 90), st.integers(63, 90), st.integers(63, 90), st.sampled_from(["max", "average"]), st.booleans()
)
@settings(max_examples=8)
def test_any_two_sizes_work_together(alexnet, height, width, side, pooling, normalise):
    generator = torch.Generator().manual_seed(height)
    content = torch.rand(1, 3, height, width, generator=generator)
    style = torch.rand(1, 3, side, height, generator=generator)
    chosen = Settings.gatys(network="alexnet", pooling=pooling, normalise=normalise, evaluations=2)
    result = list(transfer.Run(StyleObjective(alexnet, content, style, chosen)))[-1]
    assert result.picture.shape == content.shape


odd = [0.0, 1e-12, 0.3, 50.0, 1e9, 1e10, 1e300, -1.0, math.inf, math.nan, True, "1"]
numbers = st.sampled_from(odd) | st.floats(0, 1e9)
layers = st.lists(st.sampled_from(["conv1", "relu1", "pool2", "relu3"]), max_size=3, unique=True).map(tuple)
choices = st.fixed_dictionaries(
    {"style_layers": layers, "content_layers": layers, "evaluations": st.just(2)},
    optional={
        **dict.fromkeys(("content_weight", "style_weight", "total_variation", "learning_rate", "style_scale"), numbers),
        **{name: st.sampled_from([*values, "odd"]) for name, values in CHOICES.items() if name != "network"},
        **{name: st.booleans() for name in ("weight_inside", "normalise")},
        "scales": st.sampled_from([(1.0,), (0.5, 1.0), (0.25, 0.5, 1.0), (1.0, 0.5), ()]),
        "shares": st.sampled_from([(1.0,), (0.5, 0.5), (0.0, 0.5, 0.5), (0.4, 0.3, 0.3)]),
        "seed": st.sampled_from([0, 1, -1, 2**64]),
    },
)


@given(st.sampled_from(PRESETS), choices)
@settings(max_examples=300)  # a thousand pass too, in a minute more
def test_any_settings_are_refused_with_a_sentence_or_run(tiny, preset, choices):
    network, content, style = tiny
    chosen, sentence = attempted(lambda: Settings.preset(preset, **{"network": "alexnet"} | choices))
    if chosen is None:
        assert re.fullmatch(r"[^\n]+\.", sentence)
        return
    objective, sentence = attempted(lambda: StyleObjective(network, content, style, chosen))
    if objective is None:  # strokes so small that the network would see nothing of the style
        assert chosen.style_scale < 1
        assert re.fullmatch(r"A picture of \d+ x \d+ pixels is too small for alexnet[^\n]+\.", sentence)
        return
    descent = transfer.Run(objective)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        list(descent)
    assert descent.ended.startswith("All ") or "is no longer a finite number" in descent.ended
    picture = descent.result().picture
    assert picture.shape == content.shape
    assert 0 <= picture.min() <= picture.max() <= 1


def attempted(make):
    """What it makes; or None, and the sentence with which it is refused."""
    try:
        return make(), ""
    except ValueError as refused:
        return None, str(refused)


@pytest.fixture(scope="module")
def tiny(alexnet, content, style):
    return alexnet, images.fit(content, 40, 44), images.fit(style, 42, 36)


def test_a_first_evaluation_that_overflows_returns_the_start(alexnet, content, style):
    class Overflows(StyleObjective):
        def forward(self, picture):
            return {name: torch.inf * term for name, term in super().forward(picture).items()}

    descent = transfer.Run(Overflows(alexnet, content, style, Settings.gatys(network="alexnet", **FAST)))
    with pytest.warns(RuntimeWarning, match="Ended at evaluation 1, because the term 'style relu1' is no longer"):
        assert list(descent) == []
    assert torch.equal(descent.result().picture, content)


def test_stylize_is_the_whole_in_one_line(content, style, capsys):
    result = transfer.stylize(content, style, Settings.gatys(network="alexnet", **FAST))
    assert result.picture.shape == content.shape
    assert len(result.history) == 5
    bar = capsys.readouterr().err
    assert "5/5 evaluations" in bar
    assert f"total {result.history[-1].losses.total:.4g}, 00:00 left" in bar.splitlines()[-1]


def test_stylize_takes_the_papers_settings_and_the_default_network_when_none_are_given(alexnet, monkeypatch):
    asked = []

    def made(network, content, style, settings):
        asked.append((network, settings))
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer.networks, "default", lambda: alexnet)
    monkeypatch.setattr(transfer, "StyleObjective", made)
    with pytest.raises(KeyboardInterrupt):
        transfer.stylize(None, None)
    assert asked == [(alexnet, Settings.gatys())]


def test_the_bar_goes_on_where_the_run_stands_and_says_the_time_left(objective, capsys):
    descent = transfer.Run(objective, evaluations=4)
    next(descent)
    list(transfer.progress(descent))
    said = [line for line in capsys.readouterr().err.replace("\r", "\n").splitlines() if line.strip()]
    assert re.match(r" 25%\|.*\| 1/4 evaluations", said[0])
    assert re.search(r"^100%\|.*\| 4/4 evaluations, total [0-9.e+-]+, 00:00 left$", said[-1].strip())


COARSE_TO_FINE = {"scales": (0.5, 1.0), "shares": (0.6, 0.4)}


@pytest.fixture(scope="module")
def large(device):
    """Content and style large enough that half of them is still a picture for AlexNet."""
    return (
        images.load(images.CONTENT / "summer-palace.jpg", 128, device),
        images.load(images.STYLE / "hokusai-great-wave.jpg", 128, device),
    )


def test_coarse_to_fine_goes_through_the_scales_and_ends_at_full_size(alexnet, large):
    chosen = Settings.fine(network="alexnet", evaluations=10, **COARSE_TO_FINE)
    descent = transfer.Run(StyleObjective(alexnet, *large, chosen))
    steps = list(descent)
    assert [step.side for step in steps] == [64] * 6 + [128] * 4
    assert steps[0].picture.shape[-2:] == (64, 96)
    assert descent.result().picture.shape == large[0].shape
    assert descent.best.side == 128


def test_a_run_that_is_stopped_at_a_coarse_scale_gives_a_picture_of_full_size(alexnet, large):
    descent = transfer.Run(StyleObjective(alexnet, *large, Settings.fine(network="alexnet", **COARSE_TO_FINE)))
    next(descent)
    assert descent.result().picture.shape == large[0].shape


@pytest.mark.parametrize("evaluations", [1, 2, 3, 4, 7, 100])
def test_the_plan_gives_out_every_evaluation(evaluations):
    ends = [end for _, end in transfer.plan(Settings.fine(evaluations=evaluations))]
    assert ends == sorted(ends)
    assert ends[-1] == evaluations
    assert ends[-2] < evaluations, "the picture ends at its full size"


def test_quick_mode_shows_every_scale_in_fewer_evaluations(alexnet, large, monkeypatch):
    monkeypatch.setenv(QUICK, "1")
    chosen = Settings.fine(network="alexnet", evaluations=20, **COARSE_TO_FINE)
    steps = list(transfer.Run(StyleObjective(alexnet, *large, chosen)))
    assert [step.side for step in steps] == [64, 128]
    thirds = chosen.replace(scales=(0.5, 0.75, 1.0), shares=(0.4, 0.3, 0.3))
    assert [step.side for step in transfer.Run(StyleObjective(alexnet, *large, thirds))] == [64, 96, 128]


def test_a_scale_too_small_for_the_network_is_left_to_the_next_one(alexnet, content, style):
    chosen = Settings.fine(network="alexnet", evaluations=4)  # a quarter of 64 is under AlexNet's 31 pixels
    steps = list(transfer.Run(StyleObjective(alexnet, content, style, chosen)))
    assert [step.side for step in steps] == [32, 32, 32, 64]


def test_a_larger_scale_begins_with_the_starts_own_detail(alexnet, large):
    """With nothing to change, a run that enlarges its small picture is back at its start, not at a blur of it."""
    still = Settings.fine(network="alexnet", style_weight=0.0, total_variation=0.0, evaluations=4, **COARSE_TO_FINE)
    steps = list(transfer.Run(StyleObjective(alexnet, *large, still)))
    assert [step.side for step in steps] == [64, 64, 128, 128]
    torch.testing.assert_close(steps[2].picture, large[0], atol=1e-5, rtol=0)
    nearly = (large[0] + 0.002 * torch.randn(large[0].shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    steps = list(transfer.Run(StyleObjective(alexnet, *large, still), start=nearly))
    assert (steps[2].picture - nearly).abs().max() < 0.02
    noise = list(transfer.Run(StyleObjective(alexnet, *large, still.replace(start="noise"))))
    assert (noise[2].picture - large[0]).abs().mean() > 0.1, "noise has no detail of the photograph to be given"


def test_a_larger_scale_begins_with_the_curvature_that_the_smaller_one_learned(alexnet, large):
    """Its first move is the gradient times the inverse curvature, s y / y y, for so many more points."""
    descent = transfer.Run(
        StyleObjective(alexnet, *large, Settings.fine(network="alexnet", evaluations=10, **COARSE_TO_FINE))
    )
    for _ in range(6):
        next(descent)
    (learned,) = descent._begun[2].state.values()
    s, y = learned["old_stps"][-1], learned["old_dirs"][-1]
    first = next(descent)
    assert first.side == 128
    moved = descent._picture.detach() - first.picture
    inside = (first.picture > 0) & (first.picture < 1)  # a step's picture is clamped
    expected = -(moved.numel() / s.numel()) * (s @ y) / (y @ y) * descent._picture.grad
    torch.testing.assert_close(moved[inside], expected[inside], atol=1e-6, rtol=1e-4)


def test_a_scale_that_learned_nothing_leaves_nothing(alexnet, large):
    one_each = Settings.fine(network="alexnet", evaluations=2, **COARSE_TO_FINE)
    for chosen in (one_each, one_each.replace(optimizer="adam", learning_rate=0.01)):
        assert [step.side for step in transfer.Run(StyleObjective(alexnet, *large, chosen))] == [64, 128]


def test_a_weight_can_be_changed_in_mid_run(objective):
    descent = transfer.Run(objective, evaluations=6)
    before = [next(descent) for _ in range(3)][-1]
    descent.change(style_weight=0.0)
    after = list(descent)
    assert before.losses.style > 0
    assert [step.losses.style for step in after[1:]] == [0.0, 0.0]
    assert descent.best.evaluation > 4
    with pytest.raises(SettingsError):
        descent.change(style_weight=-1.0)
    with pytest.raises(TypeError):
        descent.change(network="vgg16")


def test_a_change_that_cannot_be_made_ends_the_run_in_a_sentence_and_keeps_the_picture(objective, monkeypatch):
    descent = transfer.Run(objective)
    first = next(descent)
    monkeypatch.setattr(transfer.devices, "free_memory", lambda device: 1_000_000)
    descent.change(style_weight=5.0)
    with pytest.warns(RuntimeWarning, match="it cannot go on: A picture of 95 x 64 pixels needs about"):
        assert list(descent) == []
    assert descent.ended.startswith("Ended at evaluation 2, because")
    assert torch.equal(descent.result().picture, first.picture)


def test_a_run_keeps_the_memory_that_it_frees(objective, monkeypatch):
    """Each evaluation takes and gives back the same blocks: from the system they come slowly."""
    asked = []
    monkeypatch.setattr(devices, "keep_freed_memory", lambda: asked.append(True))
    transfer.Run(objective)
    assert asked == [True]


def test_a_run_does_not_wait_for_torchs_compiler(tmp_path):
    code = """
import sys, torch
from style_helpers import networks, transfer
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings
pair = torch.rand(2, 1, 3, 64, 64)
run = transfer.Run(StyleObjective(networks.load("alexnet"), *pair, Settings.fine(network="alexnet", evaluations=4)))
assert len(list(run)) == 4 and "4 evaluations" in run.ended, run.ended
sys.exit("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_higher_weight_begins_a_new_best(objective):
    """Totals under two weights cannot be compared: after it, every total is higher than all before."""
    descent = transfer.Run(objective, evaluations=6)
    before = [next(descent) for _ in range(3)]
    descent.change(style_weight=5000.0)
    after = list(descent)
    assert min(step.losses.total for step in after) > max(step.losses.total for step in before)
    assert descent.best.evaluation > 3
    assert torch.equal(descent.result().picture, descent.best.picture)


def test_an_interrupt_in_a_pause_says_so(objective, monkeypatch):
    descent = transfer.Run(objective)
    next(descent)

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(descent._going, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(descent)
    assert descent.ended == "Ended after evaluation 1, because you interrupted it in a pause."


def test_changes_add_up_until_the_next_evaluation(alexnet, content, style):
    descent = transfer.Run(StyleObjective(alexnet, content, style, Settings.gatys(network="alexnet", **FAST)))
    next(descent)
    descent.change(content_weight=0.0)
    descent.change(total_variation=2.5)
    changed = next(descent)
    assert not any(name.startswith("content") for name in changed.losses.terms)
    assert changed.losses.terms["total variation"] > 0
    assert (descent.settings.content_weight, descent.settings.total_variation) == (0.0, 2.5)
    assert descent.settings.style_weight == Settings.gatys().style_weight


def test_an_interrupt_ends_the_run_with_the_picture_so_far(alexnet, content, style):
    class Interrupted(StyleObjective):
        calls = 0

        def __call__(self, picture):
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            return super().__call__(picture)

    descent = transfer.Run(Interrupted(alexnet, content, style, Settings.gatys(network="alexnet", **FAST)))
    steps = []
    with pytest.raises(KeyboardInterrupt):  # a cell that is interrupted must not let "Run All" go on
        steps.extend(step for step in descent)
    assert len(descent.history) == 2
    assert "you interrupted it" in descent.ended
    assert descent.result().picture.shape == content.shape
    assert list(descent) == []


def test_stylize_hands_what_was_reached_on_with_the_interrupt(content, style, monkeypatch):
    def interrupted(descent):
        yield next(descent)
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "progress", interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        transfer.stylize(content, style, Settings.gatys(network="alexnet", **FAST))
    assert stopped.value.result.picture.shape == content.shape
    assert len(stopped.value.result.history) == 1


def test_only_computing_counts_as_time(objective, monkeypatch):
    """Not the minutes before the first step, between two cells, or in a pause."""
    clock = [1000.0]
    monkeypatch.setattr(transfer.time, "perf_counter", lambda: clock[0])
    evaluate = transfer.Run._evaluate

    def two_seconds(*inputs):
        clock[0] += 2
        return evaluate(*inputs)

    monkeypatch.setattr(transfer.Run, "_evaluate", two_seconds)
    descent = transfer.Run(objective, evaluations=3)
    seconds = []
    for idle in (60, 600, 6000):
        clock[0] += idle
        seconds.append(next(descent).seconds)
    assert seconds == [2, 4, 6]


def test_memory_that_runs_out_ends_the_run_with_the_picture_so_far(alexnet, content, style):
    class Greedy(StyleObjective):
        calls = 0

        def __call__(self, picture):
            self.calls += 1
            if self.calls == 3:
                torch.empty(2**60, dtype=torch.uint8)  # the allocator's own refusal
            return super().__call__(picture)

    descent = transfer.Run(Greedy(alexnet, content, style, Settings.gatys(network="alexnet", **FAST)))
    with pytest.warns(RuntimeWarning, match="memory of this machine is used up"):
        assert len(list(descent)) == 2


def test_memory_that_runs_out_while_a_scale_begins_ends_the_run_too(alexnet, large, monkeypatch):
    descent = transfer.Run(
        StyleObjective(alexnet, *large, Settings.fine(network="alexnet", evaluations=10, **COARSE_TO_FINE))
    )
    small = next(descent)
    monkeypatch.setattr(transfer.Run, "_grown", lambda *_: torch.empty(2**60, dtype=torch.uint8))
    with pytest.warns(RuntimeWarning, match="Ended at evaluation 7, because the memory of this machine is used up"):
        steps = list(descent)
    assert len(steps) == 5
    assert small.side == steps[-1].side == 64
    assert descent.result().picture.shape == large[0].shape


def test_another_error_is_not_swallowed(alexnet, content, style):
    class Broken(StyleObjective):
        def __call__(self, picture):
            raise RuntimeError("a mistake in the code")

    with pytest.raises(RuntimeError, match="a mistake in the code"):
        list(transfer.Run(Broken(alexnet, content, style, Settings.gatys(network="alexnet", **FAST))))


def test_the_time_left_is_estimated_by_the_size_of_what_is_left(alexnet, large):
    chosen = Settings.fine(network="alexnet", evaluations=10, **COARSE_TO_FINE)
    descent = transfer.Run(StyleObjective(alexnet, *large, chosen))
    assert next(descent)
    assert descent.seconds_left() is None
    next(descent)
    last = descent.history[-1].seconds - descent.history[-2].seconds
    assert descent.seconds_left() == pytest.approx(last * (4 + 4 * 4))  # four more at half size, four at full size
    for _ in range(5):
        next(descent)
    last = descent.history[-1].seconds - descent.history[-2].seconds  # the first at full size, and three are left
    assert descent.seconds_left() == pytest.approx(3 * last)
    list(descent)
    assert descent.seconds_left() == 0
