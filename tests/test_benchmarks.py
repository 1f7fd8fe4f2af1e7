"""The benchmarks in miniature: they run, their figures have the promised shape, and the seed in them is the seed.

No test here looks at a time.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks import machine, pictures, quality, seed_tutorial, speed
from benchmarks.__main__ import main
from style_helpers.objective import StyleObjective

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "choices", [{}, {"evaluations_a_step": 1}, {"trimmed": True}, {"trimmed": True, "evaluations_a_step": 1}]
)
def test_every_form_of_the_seed_has_the_seeds_numbers(choices):
    """Scores that the seed's code gave at 64 px when it was first written for this project."""
    layers = pictures.torchvision_layers("cpu")
    content, style = pictures.squares(64, "cpu")
    history, _ = seed_tutorial.losses_of(layers, content, style, content, 4, **choices)
    assert [score for _, score in history] == pytest.approx([868.4211, 862.0978, 1949.335, 669.1310], rel=1e-3)
    assert [score for score, _ in history] == pytest.approx([0, 3.79443e-05, 4.874716, 3.043614], rel=1e-3)


def test_a_picture_is_judged_as_the_descent_judges_it():
    layers = pictures.torchvision_layers("cpu")
    content, style = pictures.squares(48, "cpu")
    descent = seed_tutorial.Descent(layers, content, style, content, trimmed=True)
    assert descent.total_of(content) == pytest.approx(descent.evaluate().item(), rel=1e-5)
    assert descent.total_of(content + 2) == descent.total_of(torch.ones_like(content))  # clamped


def test_operations_of_an_evaluation_counted_by_hand(vgg16):
    """Multiplications and additions of conv1_1 to conv3_1 at 32 x 32, twice, and of five Gram matrices, twice."""
    objective = StyleObjective(vgg16, *pictures.squares(32, "cpu"), speed.tutorial_settings())
    places = 32 * 32, 16 * 16, 8 * 8
    inputs = 3 * 64 + 64 * 64, 64 * 128 + 128 * 128, 128 * 256
    convolutions = sum(2 * 9 * both * count for both, count in zip(inputs, places, strict=True))
    channels = 2 * 64**2, 2 * 128**2, 256**2
    grams = sum(2 * squares * count for squares, count in zip(channels, places, strict=True))
    assert speed.operations(objective) == 2 * convolutions + 2 * grams


def test_speed_in_miniature(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "speed", "--quick", "--repeats", "2"]
    done = subprocess.run([*command, "--out", tmp_path / "new" / "folder"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "new" / "folder" / "speed.json").read_text())
    sections = {"machine", "plan", "peak", "tutorial", "gatys", "growth", "memory", "alexnet", "race"}
    assert set(found) == sections
    assert found["plan"]["repeats"] == 2
    formats = machine.precisions(torch.device("cpu"))
    expected = {speed.LITERAL, speed.TRIMMED, *(f"ours, {name}" for name in formats)}
    assert [{row["who"] for row in found["tutorial"] if row["size"] == size} for size in (32, 48)] == [expected] * 2
    assert all(0 < row["least"] <= row["median"] <= row["most"] for row in found["tutorial"] + found["gatys"])
    assert math.isfinite(found["growth"]["exponent"])
    assert 50e6 < found["memory"]["after_import"] < found["memory"]["peak"] < 10e9
    literal, trimmed = found["race"]["runners"][:2]
    assert found["race"]["target"] == literal["totals"][-1]
    assert trimmed["totals"] == pytest.approx(literal["totals"], rel=0.1)
    assert all(row["seconds"] == sorted(row["seconds"]) for row in found["race"]["runners"])
    assert "Seconds to the seed's final loss" in done.stdout
    with Image.open(tmp_path / "new" / "folder" / "speed.png") as plot:
        assert plot.format == "PNG"


def test_quality_in_miniature(tmp_path):
    (tmp_path / "quality.json").write_text("of an earlier run")
    assert main(["quality", "--quick", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "quality.json").read_text())
    assert set(found) == {"machine", "plan", "pairs", "peer"}
    (pair,) = found["pairs"]
    assert {"lpips", "style", "ssim", "seconds", "evaluations"} <= set(pair["gatys"]) == set(pair["fine"])
    assert pair["gatys"]["evaluations"] == 4
    with Image.open(tmp_path / "quality.jpg") as sheet:
        assert sheet.format == "JPEG"


def test_frontier_in_miniature(tmp_path, capsys):
    assert main(["frontier", "--quick", "--out", str(tmp_path)]) == 0
    runs = json.loads((tmp_path / "frontier.json").read_text())["runs"]
    expected = [("gatys", 25), ("gatys", 50), ("fine", 9), ("fine", 18)]
    assert [(run["preset"], run["style_weight"]) for run in runs] == expected
    assert [run["evaluations"] for run in runs] == [2, 2, 3, 3]
    assert all(run[key] > 0 for run in runs for key in ("lpips", "style", "seconds"))
    assert capsys.readouterr().out.count("astronaut x hokusai-great-wave") == 4
    with Image.open(tmp_path / "frontier.png") as plot:
        assert plot.format == "PNG"


def test_the_table_counts_where_fine_is_nearer():
    gatys = {"lpips": 0.5, "style": 0.6, "ssim": 0.4, "seconds": 10.0, "evaluations": 150}
    nearer = [
        gatys | change for change in ({"lpips": 0.4}, {"style": 0.5}, {"lpips": 0.4, "style": 0.5, "seconds": 2.0})
    ]
    pairs = [{"content": "a", "style": "b"} | quality.compared(gatys, fine) for fine in nearer]
    assert pairs[2]["ratios"] == pytest.approx({"lpips": 0.8, "style": 5 / 6, "seconds": 0.2})
    assert "fine nearer than gatys, of 3 pairs: style 2, content 2, both 1" in quality.pairs_table(pairs)


@pytest.mark.parametrize("option", ["--out=notes.txt", "--device=abacus"])
def test_bad_input_is_answered_in_a_sentence_before_anything_runs(tmp_path, monkeypatch, capsys, option):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("Do not forget the milk.")
    assert main(["quality", "--quick", option]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert option.partition("=")[2] in shown.err
    assert Path("notes.txt").read_text() == "Do not forget the milk."
