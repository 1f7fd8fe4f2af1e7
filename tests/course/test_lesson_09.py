"""Lesson 09: what its text states about the painter, and what is said of wrong answers."""

import ast
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from style_helpers import painter
from style_helpers.course import checks

LESSON = Path(__file__).resolve().parents[2] / "lessons" / "09_one_pass.md"
TEXT = LESSON.read_text(encoding="utf-8")


def test_the_convolutions_that_the_lesson_lists_are_those_of_the_painter():
    listed = re.search(r"^layers = (.*)$", TEXT, flags=re.MULTILINE)[1]
    layers = eval(compile(ast.parse(listed, mode="eval"), str(LESSON), "eval"), {})
    kernels = [part.kernel_size[0] for part in painter.Painter().modules() if isinstance(part, nn.Conv2d)]
    assert [kernel for kernel, _ in layers] == kernels
    pixels, between = [], 1  # pixels of the picture between two neighbours
    for part in painter.Painter().modules():
        if isinstance(part, nn.Conv2d):
            pixels.append(between)
            between *= part.stride[0]
        elif isinstance(part, nn.Upsample):
            between //= 2
    assert [each for _, each in layers] == pixels


@pytest.mark.parametrize("side", [112, 160])
def test_zeros_at_the_border_reach_as_deep_as_the_exercise_says(side):
    torch.manual_seed(0)
    framed = painter.Painter()
    for part in framed.modules():
        if isinstance(part, nn.Conv2d):
            part.padding_mode = "zeros"
    row = framed.paint(torch.full((1, 3, side, side), 0.5))[0, :, side // 2]
    differs = (row - row[:, side // 2, None]).abs().amax(0) > 1e-6
    layers = [(9, 1), (3, 1), (3, 2), *[(3, 4)] * 8, (3, 2), (3, 1), (9, 1)]
    deep = checks.frame_width.exercise.right(layers)
    left, right = (half.nonzero().max().item() + 1 for half in (differs[: side // 2], differs.flip(0)[: side // 2]))
    assert abs(left - deep) < 4  # one step of the smallest maps
    assert abs(right - deep) < 4


def reached(part: nn.Module, touched: torch.Tensor) -> torch.Tensor:
    """Which numbers of a row (1, 1, 1, W) zeros beyond the border have a say in, 1 where they have."""
    if isinstance(part, nn.Conv2d):
        side = part.kernel_size[0]
        beside = nn.functional.pad(touched, (side // 2, side // 2), value=1.0)
        return (nn.functional.conv2d(beside, torch.ones(1, 1, 1, side), stride=(1, part.stride[0])) > 0).float()
    if isinstance(part, nn.Upsample):
        return touched.repeat_interleave(2, dim=3)
    for child in part.children():
        touched = reached(child, touched)
    return touched


@pytest.mark.parametrize("side", [112, 160])
def test_followed_position_by_position_the_zeros_reach_as_deep_as_the_lesson_says(side):
    row = reached(painter.Painter(), torch.zeros(1, 1, 1, side))[0, 0, 0]
    left, right = (int(half.nonzero().max()) + 1 for half in (row[: side // 2], row.flip(0)[: side // 2]))
    assert f"the zeros reach {left} and {right}:" in " ".join(TEXT.split())


STYLE = "losses.style_distance(losses.gram_matrix(seen[layer]), target)"
WEIGHTED = f"style_weight * {STYLE}"
CONTENT = 'losses.content_distance(seen["relu3_1"], wanted["relu3_1"])'
CENTRED, VARIANCE = "x - x.mean((2, 3), keepdim=True)", "centred.square().mean((2, 3), keepdim=True)"
REACH = "(kernel - 1) // 2 * pixels"
WRONG = {
    "training_loss": [
        ("style alone", 'wanted["relu3_1"]', 'seen["relu3_1"]'),
        ("pixels compared", CONTENT, "content_distance(painted, photographs)"),
        ("style alone", f"total = {CONTENT}", "total = 0"),
        (
            "content alone",
            "    for layer, target in style_target.items():\n",
            "    return total\n    for layer in []:\n",
        ),
        ("the style of the photographs", "gram_matrix(seen", "gram_matrix(wanted"),
        (
            "compared with the photographs",
            f"{STYLE}",
            "style_distance(gram_matrix(seen[layer]), gram_matrix(wanted[layer]))",
        ),
        ("without style_weight", "style_weight * losses", "losses"),
        ("both parts times style_weight", f"total = {CONTENT}", f"total = style_weight * {CONTENT}"),
        (
            "the weight inside the square",
            STYLE,
            "losses.style_distance(style_weight * losses.gram_matrix(seen[layer]), style_weight * target)",
            "style_weight * losses.style_distance",
            "losses.style_distance",
        ),
        ("a minus", "total + style", "total - style"),
        ("a mean over the style layers", "style_weight * losses", "style_weight / len(style_target) * losses"),
        ("the first style layer alone", f"{WEIGHTED}\n", f"{WEIGHTED}\n        return total\n"),
        ("compared at relu1_1", '"relu3_1"', '"relu1_1"'),
        (
            "Gram matrices for the content",
            CONTENT,
            'style_distance(gram_matrix(seen["relu3_1"]), gram_matrix(wanted["relu3_1"]))',
        ),
        ("one Gram matrix for all", "gram_matrix(seen[layer])", "gram_matrix(seen[layer]).mean(0, keepdim=True)"),
        (
            "the first picture alone",
            "features(painted), features(photographs)",
            "features(painted[:1]), features(photographs[:1])",
        ),
        ("roots", CONTENT, f"{CONTENT}.sqrt()", STYLE, f"{STYLE}.sqrt()"),
        ("leave out `.detach()`", "features(painted), ", "features(painted.detach()), "),
        ("is `return` missing", "return total", "total"),
        ("KeyError", '"relu3_1"', '"relu4_2"'),
    ],
    "instance_norm": [
        ("batch normalisation", "(2, 3)", "(0, 2, 3)"),
        ("layer normalisation", "(2, 3)", "(1, 2, 3)"),
        ("over everything", "(2, 3)", "(0, 1, 2, 3)"),
        ("over the channels", "(2, 3)", "1"),
        ("over each column", "(2, 3)", "2"),
        ("over each row", "(2, 3)", "3"),
        ("one spread for all", VARIANCE, "centred.square().mean()"),
        ("a division by N - 1", VARIANCE, "x.var((2, 3), keepdim=True)"),
        ("a 1e-5 that is missing", "variance + 1e-5", "variance"),
        ("added to the root", "(variance + 1e-5).sqrt()", "(variance.sqrt() + 1e-5)"),
        ("too little added", "(variance + 1e-5)", "variance.clamp(min=1e-5)"),
        ("too little added", "1e-5", "1e-8"),
        ("the mean alone taken away", "centred / (variance + 1e-5).sqrt()", "centred"),
        ("the spread alone", "return centred", "return x"),
        ("a division by the variance", ".sqrt()", ""),
        ("the mean square in place", "centred.square()", "x.square()"),
        ("mean deviations", "centred.square()", "centred.abs()", "(variance + 1e-5).sqrt()", "(variance + 1e-5)"),
        ("the mean added", "return centred", "return x.mean((2, 3), keepdim=True) * 2 + centred"),
        ("stops with RuntimeError", "keepdim=True", "keepdim=False"),
        ("`x`", "x - x.mean", "x.sub_(1) - x.mean"),
    ],
    "frame_width": [
        ("both sides of each kernel", REACH, "(kernel - 1) * pixels"),
        ("the whole side", "width = 0", "width = 1", REACH, "(kernel - 1) * pixels"),
        ("kernels whose middle is counted", REACH, "(kernel + 1) // 2 * pixels"),
        ("whole kernels", REACH, "kernel * pixels"),
        ("kernels without their pixels", " * pixels", ""),
        ("one pixel more", "width = 0", "width = 1"),
        ("the first layer alone", f"{REACH}\n", f"{REACH}\n        return width\n"),
        ("the last layer alone", "width + ", ""),
        ("the first layer left out", "in layers", "in layers[1:]"),
        ("the last layer left out", "in layers", "in layers[:-1]"),
        ("half the reach", "return width", "return width // 2"),
        ("a division by the pixels", "// 2 * pixels", "/ 2 / pixels", "return width", "return int(width)"),
        ("steps divided by the pixels", "// 2 * pixels", "// 2 // pixels"),
        ("right value, but the type float", "// 2", "/ 2"),
    ],
}
