"""Runs to files and back."""

import pytest
import torch

from style_helpers import files, images, saved, transfer
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

COARSE_TO_FINE = {"scales": (0.5, 1.0), "shares": (0.6, 0.4)}


@pytest.fixture(scope="module")
def large(device):
    return (
        images.load(images.CONTENT / "summer-palace.jpg", 128, device),
        images.load(images.STYLE / "hokusai-great-wave.jpg", 128, device),
    )


@pytest.fixture
def objective(alexnet, device):
    content = images.load(images.CONTENT / "flower.jpg", 64, device)
    return StyleObjective(alexnet, content, content.flip(3), Settings.gatys(network="alexnet", evaluations=5))


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("pause", [2, 6, 8])
def test_a_saved_run_goes_on_as_if_it_had_never_stopped(alexnet, large, tmp_path, optimizer, pause):
    adam = {"optimizer": "adam", "learning_rate": 0.02, "pixel_range": "clamp"}
    chosen = Settings.fine(network="alexnet", evaluations=10, **COARSE_TO_FINE, **(adam if optimizer == "adam" else {}))
    whole = [step.losses.total for step in transfer.run(StyleObjective(alexnet, *large, chosen))]
    first = transfer.run(StyleObjective(alexnet, *large, chosen))
    for _ in range(pause):
        next(first)
    saved.save(first, tmp_path / "run.safetensors")
    second = saved.take_up(StyleObjective(alexnet, *large, chosen), tmp_path / "run.safetensors")
    assert second.history == first.history
    assert torch.equal(second.result().picture, first.result().picture)
    assert [seen.losses.total for seen in first.history] + [step.losses.total for step in second] == whole
    assert second.history[pause].seconds > second.history[pause - 1].seconds


def test_a_saved_run_of_other_pictures_or_a_damaged_one_is_refused(alexnet, large, objective, tmp_path):
    path = tmp_path / "run.safetensors"
    descent = transfer.run(objective)
    next(descent)
    saved.save(descent, path)
    with pytest.raises(ValueError, match="other pictures"):
        saved.take_up(StyleObjective(alexnet, *large, objective.settings), path)
    with pytest.raises(files.FileError, match="exists already"):
        saved.save(descent, path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(files.FileError, match="is damaged"):
        saved.take_up(objective, path)
    path.write_bytes(content[:100])
    with pytest.raises(files.FileError, match="is not a saved run, or is damaged"):
        saved.take_up(objective, path)
    with pytest.raises(files.FileError, match="There is no saved run"):
        saved.take_up(objective, tmp_path / "nothing.safetensors")
