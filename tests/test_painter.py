"""The painter and its training: shapes, what must not show in a picture, learning, Stop, and files that are none."""

import sys
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import pytest
import safetensors.torch
import torch

from style_helpers import images, metrics, networks, painter, transfer
from style_helpers.painter import CROP, Painter, PainterError, Training
from style_helpers.settings import QUICK, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "lessons"))
import precompute  # lessons/ is no package: authors run its programs

FAST = Settings.gatys(
    network="alexnet",
    content_layers=("relu2",),
    style_layers=("relu1", "relu2"),
    style_weight=1.0,
    learning_rate=1e-3,
    precision="fp32",
    evaluations=6,
)


@pytest.fixture(scope="module")
def style(device):
    return images.load(images.STYLE / "hokusai-great-wave.jpg", 64, device)


@pytest.fixture(scope="module")
def photographs(device):
    return [images.load(images.CONTENT / name, CROP + 8, device) for name in ("flower.jpg", "astronaut.jpg")]


def fresh(device) -> Painter:
    """Always the same one, which has learned nothing yet."""
    torch.manual_seed(0)
    return Painter().to(device)


def train(device, photographs, style, network, settings=FAST) -> Training:
    return Training(fresh(device), photographs, style, network, settings)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 30), (33, 44)])
def test_a_picture_of_any_sides_comes_back_painted_with_the_same_sides(device, height, width):
    painted = fresh(device).paint(torch.rand(1, 3, height, width, device=device))
    assert painted.shape == (1, 3, height, width)
    assert painted.min() >= 0
    assert painted.max() <= 1
    assert not painted.requires_grad


def test_each_picture_of_a_batch_is_painted_as_if_it_were_alone(device):
    both = torch.rand(2, 3, 24, 28, device=device)
    with torch.no_grad():
        together = fresh(device)(both)
    for picture, painted in zip(both, together, strict=True):
        torch.testing.assert_close(fresh(device).paint(picture), painted[None], atol=1e-5, rtol=0)


def test_the_contrast_and_brightness_of_a_photograph_do_not_count(device):
    photograph = images.load(images.CONTENT / "flower.jpg", 64, device)
    one, other = fresh(device), fresh(device)
    difference = (one.paint(photograph) - other.paint(0.3 + 0.5 * photograph)).abs().max()
    assert difference < 0.01
    assert (one.paint(photograph) - one.paint(photograph.flip(3))).abs().max() > 0.1


def test_a_plain_picture_gets_no_frame_and_no_checkerboard(device):
    painted = fresh(device).paint(torch.full((1, 3, 48, 40), 0.4, device=device))
    assert (painted - painted.mean((2, 3), keepdim=True)).abs().max() < 1e-4


def test_a_training_gives_the_losses_of_each_evaluation_and_ends_after_all(device, photographs, style, alexnet):
    training = train(device, photographs, style, alexnet)
    steps = list(transfer.progress(training))
    assert [step.evaluation for step in steps] == [1, 2, 3, 4, 5, 6]
    assert steps == training.history
    assert set(steps[0].losses.terms) == {"style relu1", "style relu2", "content relu2", "pixel range"}
    assert all(before.seconds < after.seconds for before, after in pairwise(steps))
    assert training.ended == "All 6 evaluations are done."


def test_the_same_seed_gives_the_same_painter_and_another_seed_another(device, photographs, style, alexnet):
    painted = []
    for seed in (0, 0, 1):
        training = train(device, photographs, style, alexnet, FAST.replace(seed=seed, evaluations=2))
        list(training)
        painted.append(training.painter.paint(photographs[0]))
    torch.testing.assert_close(painted[0], painted[1], atol=1e-5, rtol=0)
    assert (painted[0] - painted[2]).abs().max() > 1e-3


def test_a_painter_learns(device, photographs, style, alexnet):
    crop = photographs[0][..., :CROP, :CROP]  # always the same, but for mirroring
    totals = [step.losses.total for step in train(device, [crop], style, alexnet, FAST.replace(evaluations=30))]
    assert sum(totals[-5:]) < 0.8 * sum(totals[:5])


def test_the_gradient_reaches_every_number_of_the_painter_and_none_of_the_critic(device, photographs, style, alexnet):
    training = train(device, photographs, style, alexnet)
    crop = photographs[0][..., :CROP, :CROP].clone().requires_grad_()
    sum(training.losses(crop).values()).backward()
    for name, numbers in training.painter.named_parameters():
        assert numbers.grad is not None, name
        assert numbers.grad.isfinite().all(), name
    kernels = [numbers.grad for numbers in training.painter.parameters() if numbers.ndim == 4]
    assert all(gradient.abs().max() > 0 for gradient in kernels)
    assert all(numbers.grad is None for numbers in alexnet.parameters())
    assert alexnet.layers == networks.layer_names("alexnet")


def test_the_content_is_that_of_the_photograph_at_hand(device, photographs, style, alexnet):
    """Painted by a painter that changes nothing, every photograph has a content distance of 0."""
    training = Training(fresh(device), photographs, style, alexnet, FAST)
    training.painter = torch.nn.Identity()
    for photograph in photographs:
        assert training.losses(photograph)["content relu2"].item() == 0
        assert training.losses(photograph)["style relu2"].item() > 0


def test_stop_ends_after_the_evaluation_under_way_and_keeps_what_was_learned(device, photographs, style, alexnet):
    training = train(device, photographs, style, alexnet)
    for step in training:
        if step.evaluation == 2:
            training.stop()
    assert len(training.history) == 2
    assert training.ended == "Stopped after 2 of 6 evaluations."
    assert (training.painter.paint(photographs[0]) - fresh(device).paint(photographs[0])).abs().max() > 1e-3


def test_an_interrupt_says_where_it_came_and_nothing_is_learned_behind_it(device, photographs, style, alexnet):
    training = train(device, photographs, style, alexnet)
    next(training)
    training.losses = Mock(side_effect=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        next(training)
    assert training.ended == "Stopped after 1 of 6 evaluations."
    assert list(training) == []
    assert training.ended == "Stopped after 1 of 6 evaluations."


def test_the_last_quarter_learns_at_a_tenth_of_the_rate(device, photographs, style, alexnet, monkeypatch):
    rates, step = [], torch.optim.Adam.step

    def noted(optimizer, *arguments):
        rates.append(optimizer.param_groups[0]["lr"])
        return step(optimizer, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    list(train(device, photographs, style, alexnet, FAST.replace(evaluations=8)))
    assert rates == [*[FAST.learning_rate] * 6, *[FAST.learning_rate / 10] * 2]


def test_the_crops_are_squares_of_all_photographs_some_of_them_mirrored(device, style, alexnet):
    ramp = torch.linspace(0, 1, CROP + 8, device=device).expand(1, 3, CROP + 8, -1)
    training = Training(fresh(device), [ramp, ramp / 2], style, alexnet, FAST)
    crops = [training._crop() for _ in range(40)]
    assert {tuple(crop.shape) for crop in crops} == {(1, 3, CROP, CROP)}
    steps = {round((crop[0, 0, 0, 1] - crop[0, 0, 0, 0]).item() * (CROP + 7), 2) for crop in crops}
    assert steps == {1, -1, 0.5, -0.5}
    assert len({crop.amin().item() for crop in crops}) > 5  # from many places


def test_quick_mode_shortens_a_training(device, photographs, style, alexnet, monkeypatch):
    monkeypatch.setenv(QUICK, "1")
    assert train(device, photographs, style, alexnet, FAST.replace(evaluations=100)).evaluations == 5


@pytest.mark.parametrize("count", [0, 1])
def test_photographs_that_are_too_small_or_none_are_refused(device, style, alexnet, count):
    small = [torch.rand(1, 3, CROP, CROP - 1, device=device)] * count
    with pytest.raises(ValueError, match=f"at least {CROP} x {CROP} pixels"):
        train(device, small, style, alexnet)


def test_a_painter_that_is_kept_and_loaded_paints_the_same(device, photographs, tmp_path):
    one = fresh(device)
    one.save(tmp_path / "mine.safetensors")
    assert (tmp_path / "mine.safetensors").stat().st_size < 800_000
    other = Painter.load(tmp_path / "mine.safetensors")
    assert (one.paint(photographs[0]) - other.paint(photographs[0])).abs().max() < 0.01  # 16 bits a number
    assert next(other.parameters()).device.type == device.type
    assert next(other.parameters()).dtype == torch.float32


def broken(path, what: str):
    halves = {name: numbers.half() for name, numbers in Painter().state_dict().items()}
    if what == "no safetensors":
        path.write_bytes(b"PK a pickle, perhaps")
    elif what == "cut short":
        path.write_bytes(safetensors.torch.save(halves)[:1000])
    elif what == "another network's":
        path.write_bytes(safetensors.torch.save({"features.0.weight": torch.zeros(2, 3)}))
    elif what == "not finite":
        first = next(iter(halves))
        path.write_bytes(safetensors.torch.save(halves | {first: torch.full_like(halves[first], torch.nan)}))


@pytest.mark.parametrize("what", ["missing", "no safetensors", "cut short", "another network's", "not finite"])
def test_what_holds_no_painter_is_named_in_one_sentence(tmp_path, what):
    path = tmp_path / "broken.safetensors"
    broken(path, what)
    with pytest.raises(PainterError) as told:
        Painter.load(path)
    assert "broken.safetensors" in str(told.value)
    assert str(told.value).endswith("`painter.save(...)`.")
    assert "\n" not in str(told.value)


def test_the_painter_of_the_course_is_small_and_paints_in_its_style():
    assert painter.READY.stat().st_size < 800_000
    photograph = images.load(images.CONTENT / "summer-palace.jpg", 128)  # it never saw that one
    style = images.load(images.STYLE / "hokusai-great-wave.jpg", 128)
    painted = Painter.load(painter.READY).paint(photograph)
    before, after = (metrics.style_distance_to(picture, style) for picture in (photograph, painted))
    assert after < 0.9 * before
    assert metrics.lpips(painted, photograph) < 0.65


def test_the_program_that_makes_it_trains_and_keeps_one(tmp_path, monkeypatch):
    monkeypatch.setattr(precompute, "FOLDER", tmp_path)
    monkeypatch.setattr(painter, "SETTINGS", painter.SETTINGS.replace(evaluations=1))
    precompute.make_painter()
    assert isinstance(Painter.load(tmp_path / painter.READY.name), Painter)
