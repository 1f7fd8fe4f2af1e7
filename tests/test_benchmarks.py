"""The benchmarks in miniature: they run, their figures have the promised shape, and the old tutorial in them is right.

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

from benchmarks import machine, old_tutorial, pictures, quality, speed
from benchmarks.__main__ import main
from style_helpers.objective import StyleObjective
from style_helpers.settings import PRESETS

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "choices", [{}, {"evaluations_a_step": 1}, {"trimmed": True}, {"trimmed": True, "evaluations_a_step": 1}]
)
def test_every_form_of_the_seed_has_the_seeds_numbers(choices):
    """Scores that the old tutorial's code gave at 64 px when it was first written for this project."""
    layers = pictures.torchvision_layers("cpu")
    content, style = pictures.squares(64, "cpu")
    history, _ = old_tutorial.losses_of(layers, content, style, content, 4, **choices)
    assert [score for _, score in history] == pytest.approx([868.4211, 862.0978, 1949.335, 669.1310], rel=1e-3)
    assert [score for score, _ in history] == pytest.approx([0, 3.79443e-05, 4.874716, 3.043614], rel=1e-3)


def test_a_picture_is_judged_as_the_descent_judges_it():
    layers = pictures.torchvision_layers("cpu")
    content, style = pictures.squares(48, "cpu")
    descent = old_tutorial.Descent(layers, content, style, content, trimmed=True)
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
    assert "Seconds to the old tutorial's final loss" in done.stdout
    with Image.open(tmp_path / "new" / "folder" / "speed.png") as plot:
        assert plot.format == "PNG"


def test_quality_in_miniature(tmp_path):
    (tmp_path / "quality.json").write_text("of an earlier run")
    assert main(["quality", "--quick", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "quality.json").read_text())
    assert set(found) == {"machine", "plan", "pairs"}
    (pair,) = found["pairs"]
    assert list(pair["presets"]) == list(PRESETS)
    for of in pair["presets"].values():
        assert set(quality.JUDGES) - {"style_vgg19"} <= set(of)
        assert of["evaluations"] == 4
        assert of["seconds"] > 0
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


def test_the_table_counts_where_a_preset_is_nearer_than_gatys():
    gatys = dict.fromkeys(quality.JUDGES, 0.5) | {"seconds": 10.0, "evaluations": 300}
    better = ({"lpips": 0.4}, {"style": 0.4}, {"lpips": 0.4, "style": 0.4, "seconds": 2.0})
    pairs = [
        {"content": "a", "style": "b", "presets": dict.fromkeys(PRESETS, gatys) | {"fine": gatys | change}}
        for change in better
    ]
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in quality.presets_table(pairs).splitlines()}
    assert [float(cell) for cell in rows["fine"][:2]] == pytest.approx([10.0, (0.4 + 0.5 + 0.4) / 3], abs=1e-3)
    assert [cell.strip() for cell in rows["fine"][-3:]] == ["2", "2", "1"]
    assert [cell.strip() for cell in rows["gatys"][-3:]] == ["0", "0", "0"]


# Peers, on programs that stand in for the folders


def program(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_peer_is_run_in_its_folder_on_our_weights_and_judged_like_the_presets(tmp_path, capsys):
    """Its modules have the peer's names; the program asks torchvision for VGG-19, and gets VGG-16's layers."""
    folder = program(
        tmp_path / "crowson",
        {
            "style_transfer/__init__.py": "",
            "style_transfer/style_transfer.py": """
import torchvision
from torchvision.transforms import functional
class StyleTransfer:
    def __init__(self, devices):
        layers = torchvision.models.vgg19(weights="any").features
        assert len(layers) == 37 and [n for n in (4, 9, 18, 27, 36) if "Pool" in str(layers[n])] == [4, 9, 18, 27, 36]
    def stylize(self, content, styles, end_scale, iterations, initial_iterations):
        assert end_scale == max(content.size) and iterations == initial_iterations == 2
        self.content = content
    def get_image_tensor(self):
        return functional.to_tensor(self.content)
""",
        },
    )
    assert main(["peers", "--quick", "--crowson", str(folder), "--out", str(tmp_path)]) == 0
    runs = json.loads((tmp_path / "peers.json").read_text())["runs"]
    assert [run["who"] for run in runs] == ["style-transfer-pytorch", *PRESETS]
    assert runs[0]["lpips"] == pytest.approx(0, abs=0.01)  # it gave the content back, in bytes
    assert all(run[name] >= 0 for run in runs for name in ("seconds", "style", "to_style", "restlessness"))
    assert capsys.readouterr().out.count("astronaut x van-gogh") == 5
    with Image.open(tmp_path / "astronaut-style-transfer-pytorch.png") as picture:
        assert picture.size == (256, 256)


def test_nearest_neighbours_are_painted_as_their_own_program_does(tmp_path):
    """The adapter hands over the pair, VGG-16 by the numbers of its layers, and the defaults but for the steps."""
    folder = program(
        tmp_path / "nnst",
        {
            "pretrained/vgg.py": """
import torchvision
class Vgg16Pretrained:
    def __init__(self):
        self.layers = torchvision.models.vgg16(pretrained=True).features
    def forward(self, x, inds, concat):
        assert concat is False
        return [self.layers[: n + 1](x) for n in inds]
""",
            "utils/misc.py": "USE_GPU = True\ndef to_device(it):\n    assert not USE_GPU\n    return it\n",
            "utils/stylize.py": """
def produce_stylization(content, style, phi, **options):
    shapes = [tuple(each.shape[1:]) for each in phi(content, [1, 22], False)]
    assert shapes == [(64, 256, 256), (512, 32, 32)], shapes
    assert options == {"max_iter": 2, "lr": 2e-3, "content_weight": 0.25, "max_scls": 4, "flip_aug": True}, options
    return style.cuda().flip(3)[..., :256]
""",
        },
    )
    assert main(["peers", "--quick", "--nnst", str(folder), "--out", str(tmp_path)]) == 0
    first = json.loads((tmp_path / "peers.json").read_text())["runs"][0]
    assert first["who"] == "nnst"
    assert first["style"] < 0.7  # most of a mirror image


def test_a_peer_that_fails_is_named_with_what_it_said(tmp_path):
    folder = program(tmp_path / "nnst", {"pretrained/vgg.py": "raise RuntimeError('no weights here')"})
    with pytest.raises(SystemExit, match=r"nnst in .* did not end well: RuntimeError: no weights here"):
        main(["peers", "--quick", "--nnst", str(folder), "--out", str(tmp_path)])


@pytest.mark.parametrize("option", ["--out=notes.txt", "--device=abacus"])
def test_bad_input_is_answered_in_a_sentence_before_anything_runs(tmp_path, monkeypatch, capsys, option):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("Do not forget the milk.")
    assert main(["quality", "--quick", option]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert option.partition("=")[2] in shown.err
    assert Path("notes.txt").read_text() == "Do not forget the milk."
