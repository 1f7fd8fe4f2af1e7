"""Lesson 10: what is said of wrong answers, what its text states of clouds of points, and their figure."""

import re
from pathlib import Path

import pytest
import torch

from style_helpers.course import plots

LESSON = Path(__file__).resolve().parents[2] / "lessons" / "10_what_else_could_style_be.md"


@pytest.fixture(scope="module")
def lesson() -> dict:
    """The names that the lesson's cells on clouds of points make."""
    cells = re.findall(r"^```python\n(.*?)^```", LESSON.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    names = {}
    for cell in cells:
        if "class MeanSpread" in cell or "def as_wanted" in cell or "def as_features" in cell:
            exec(cell, names)
    return names


def test_the_lessons_own_statistic_is_mean_and_spread_by_loops_with_a_gradient_even_where_nothing_varies(lesson):
    features = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    statistic = lesson["MeanSpread"]()
    for picture, (means, spreads) in zip(features, statistic(features), strict=True):
        for channel, mean, spread in zip(picture, means, spreads, strict=True):
            values = channel.flatten().tolist()
            expected = sum(values) / 20
            assert float(mean) == pytest.approx(expected, rel=1e-5)
            assert float(spread) ** 2 == pytest.approx(sum((v - expected) ** 2 for v in values) / 20, rel=1e-3)
    flat = torch.ones(1, 2, 3, 3, requires_grad=True)
    statistic.distance(statistic(flat), statistic(features[:1, :2])).backward()
    assert flat.grad.isfinite().all()


def test_ring_and_disc_have_the_same_mean_and_covariance(lesson):
    for cloud in lesson["pairs"]["a ring, a disc"]:
        torch.testing.assert_close(cloud.mean(1), torch.ones(2))
        torch.testing.assert_close(cloud.cov(correction=0), 0.0625 * torch.eye(2), rtol=1e-4, atol=1e-6)


def test_the_five_statistics_see_what_the_text_says(lesson):
    seen = {name: tuple(distance > 1e-3 for distance in distances) for name, distances in lesson["apart"].items()}
    assert seen == {
        "mean and spread": (False, True, False),
        "Gram matrix": (False, True, True),
        "mean and covariance": (False, True, True),
        "sliced Wasserstein": (True, True, True),
        "nearest neighbours": (False, False, True),
    }


def test_clouds_are_drawn_in_pairs_one_above_the_other():
    above, below = torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([[4.0], [5.0]])
    figure = plots.point_clouds({"one": (above, below), "other": (below, above)})
    figure.canvas.draw()
    drawn = [axes.get_lines()[0].get_xydata().T.tolist() for axes in figure.axes]
    assert drawn == [above.tolist(), below.tolist(), below.tolist(), above.tolist()]
    assert [axes.get_title() for axes in figure.axes] == ["one", "other", "", ""]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


SORTED, MINE = "(directions.T @ features).sort(dim=1).values", "(mine - theirs).square().mean()"
THEIRS = "(directions.T @ target).sort(dim=1).values"
UNIT_MINE, UNIT_THEIRS = "F.normalize(features, dim=0)", "F.normalize(target, dim=0)"
NEAREST = "cosines.amax(dim=1)"
OWN = "(features - own_mean) / own_spread"
WRONG = {
    "sorted_distance": [
        ("values that are not sorted", ").sort(dim=1).values", ")"),
        ("a sort across the directions", "dim=1", "dim=0"),
        (
            "a sort before the projection",
            SORTED,
            "directions.T @ features.sort(dim=1).values",
            THEIRS,
            "directions.T @ target.sort(dim=1).values",
        ),
        ("channels sorted, with no directions", "directions.T @ ", ""),
        ("the features sorted and the target not", THEIRS, "directions.T @ target"),
        ("the target sorted and the features not", SORTED, "directions.T @ features"),
        ("one list upwards and one downwards", THEIRS, THEIRS.replace("dim=1", "dim=1, descending=True")),
        ("all directions in one list", ").sort(dim=1)", ").flatten().sort()"),
        ("the order in place of the values", ".sort(dim=1).values", ".sort(dim=1).indices.float()"),
        ("the first direction alone", MINE, "(mine - theirs)[0].square().mean()"),
        ("the worst direction", MINE, "(mine - theirs).square().mean(dim=1).max()"),
        ("the directions added up", MINE, "(mine - theirs).square().mean(dim=1).sum()"),
        ("the positions added up", MINE, "(mine - theirs).square().sum(dim=1).mean()"),
        ("the sum of all squares", MINE, "(mine - theirs).square().sum()"),
        ("the mean of absolute values", MINE, "(mine - theirs).abs().mean()"),
        ("the mean difference without a square", MINE, "(mine - theirs).mean()"),
        ("the square of the mean difference", MINE, "(mine - theirs).mean().square()"),
        ("the means along the directions alone", MINE, "(mine.mean(1) - theirs.mean(1)).square().mean()"),
        ("the root of the mean", MINE, f"{MINE}.sqrt()"),
        ("a norm", MINE, "(mine - theirs).norm()"),
        ("half the mean", MINE, f"0.5 * {MINE}"),
        ("a sum in place of the difference", MINE, "(mine + theirs).square().mean()"),
        ("leave out `.detach()`", MINE, "(mine.detach() - theirs).square().mean()"),
        ("is `return` missing", "return (", "("),
        ("stops with", "directions.T @ features", "directions @ features.T"),
        ("one number is asked for all together", MINE, "(mine - theirs).square().mean(dim=1).softmax(0)"),
        ("give values and indices: take `.values`", ".sort(dim=1).values", ".sort(dim=1)"),
        ("a NumPy number", MINE, "(mine.detach().numpy() - theirs.numpy()).__pow__(2).mean()"),
    ],
    "nearest_distance": [
        ("products of columns that were not made 1 long", UNIT_MINE, "features", UNIT_THEIRS, "target"),
        ("the farthest in place of the nearest", NEAREST, "cosines.amin(dim=1)"),
        ("the way back", NEAREST, "cosines.amax(dim=0)"),
        ("both ways", f"1 - {NEAREST}.mean()", f"1 - ({NEAREST}.mean() + cosines.amax(dim=0).mean()) / 2"),
        ("both ways, added", f"1 - {NEAREST}.mean()", f"2 - {NEAREST}.mean() - cosines.amax(dim=0).mean()"),
        (
            "the larger of both ways",
            f"1 - {NEAREST}.mean()",
            f"1 - torch.minimum({NEAREST}.mean(), cosines.amax(dim=0).mean())",
        ),
        ("the mean over all pairs", NEAREST, "cosines"),
        ("cosines in place of distances", "1 - cosines", "cosines"),
        ("cosines without their sign", NEAREST, "cosines.abs().amax(dim=1)"),
        ("the numbers of the neighbours", NEAREST, "cosines.argmax(dim=1).float()"),
        ("give values and indices: take `.values`", NEAREST, "cosines.max(dim=1)"),
        ("make them `.float()`", NEAREST, "cosines.argmax(dim=1)"),
        ("1 + cosine", f"1 - {NEAREST}.mean()", "1 + cosines.amin(dim=1).mean()"),
        ("angles", f"1 - {NEAREST}", f"{NEAREST}.acos()"),
        ("a sum over the positions", f"1 - {NEAREST}.mean()", f"(1 - {NEAREST}).sum()"),
        ("the nearest pair of all", f"{NEAREST}.mean()", "cosines.max()"),
        ("the position that is worst off", f"{NEAREST}.mean()", f"{NEAREST}.min()"),
        ("rows made 1 long", "dim=0", "dim=1"),
        ("features alone made 1 long", UNIT_THEIRS, "target"),
        ("the target alone made 1 long", UNIT_MINE, "features"),
        ("squares between columns 1 long", f"1 - {NEAREST}.mean()", f"(2 - 2 * {NEAREST}).mean()"),
        ("half the distance", f"1 - {NEAREST}.mean()", f"(1 - {NEAREST}.mean()) / 2"),
        ("roots of the distances", f"1 - {NEAREST}.mean()", f"(1 - {NEAREST}).sqrt().mean()"),
        ("squares of 1 - cosine", f"1 - {NEAREST}.mean()", f"(1 - {NEAREST}).square().mean()"),
        (
            "the target's mean taken away from both",
            UNIT_MINE,
            "F.normalize(features - target.mean(1, keepdim=True), dim=0)",
            UNIT_THEIRS,
            "F.normalize(target - target.mean(1, keepdim=True), dim=0)",
        ),
        (
            "each one's own mean taken away",
            UNIT_MINE,
            "F.normalize(features - features.mean(1, keepdim=True), dim=0)",
            UNIT_THEIRS,
            "F.normalize(target - target.mean(1, keepdim=True), dim=0)",
        ),
        ("leave out `.detach()`", UNIT_MINE, f"{UNIT_MINE}.detach()"),
        ("`.mean()` is missing", f"{NEAREST}.mean()", NEAREST),
        ("is `return` missing", "return 1", "1"),
    ],
    "mean_and_spread": [
        ("the target's mean not added", " + mean", ""),
        ("the mean moved and the spread not", f"{OWN} * spread", "features - own_mean"),
        ("the spread changed and the mean not", "* spread + mean", "* spread + own_mean"),
        ("features made standard, and no more", " * spread + mean", ""),
        (
            "target and features exchanged",
            f"{OWN} * spread + mean",
            "(features - mean) / spread * own_spread + own_mean",
        ),
        ("their own mean and spread not taken away", OWN, "features"),
        ("their own mean not taken away", OWN, "features / own_spread"),
        ("their own spread not taken away", OWN, "(features - own_mean)"),
        ("both spreads multiplied", "/ own_spread", "* own_spread"),
        ("the spreads exchanged", "/ own_spread * spread", "/ spread * own_spread"),
        (
            "the target's mean added too early",
            f"{OWN} * spread + mean",
            "(features - own_mean + mean) / own_spread * spread",
        ),
        (
            "mean and spread exchanged",
            "own_spread, own_mean =",
            "own_mean, own_spread =",
            "spread, mean =",
            "mean, spread =",
        ),
        ("their own mean and spread exchanged", "own_spread, own_mean =", "own_mean, own_spread ="),
        ("the target's mean and spread exchanged", "* spread + mean", "* mean + spread"),
        ("the target's mean added before its spread", f"{OWN} * spread + mean", f"({OWN} + mean) * spread"),
        ("brackets that are missing", "(features - own_mean)", "features - own_mean"),
        ("variances in place of spreads", "torch.std_mean", "torch.var_mean"),
        ("a division by N - 1", ", correction=0", ""),
        ("one mean and spread for all channels", "dim=(2, 3)", "dim=(1, 2, 3)"),
        ("mean and spread over pictures and positions", "dim=(2, 3)", "dim=(0, 2, 3)"),
        ("features that stay as they are", f"{OWN} * spread + mean", "features + 0 * mean"),
        ("numbers below 0 cut off", f"{OWN} * spread + mean", f"({OWN} * spread + mean).relu()"),
        ("leave out `.detach()`", "(features - own_mean)", "(features - own_mean.detach())"),
        ("is `return` missing", "return ", ""),
        ("`keepdim=True` keeps it", ", keepdim=True", ""),
    ],
}
