"""The figures of lesson 04: what they draw is what they were given; and wrong answers to its exercises."""

import io

import pytest
import torch

from style_helpers import losses
from style_helpers.course import plots

LAYERS = ("relu1_1", "relu2_1", "relu3_1")


def drawn(figure):
    """Laid out as it is on the page."""
    figure.savefig(io.BytesIO(), format="png")
    return figure


def test_gram_matrices_show_the_loudest_channels_first_with_their_numbers_on_one_scale():
    quiet, loud = torch.diag(torch.tensor([1.0, 4.0, 0.0])), torch.diag(torch.tensor([9.0, 16.0, 1.0]))[None]
    figure = drawn(plots.gram_matrices({"quiet": quiet, "loud": loud}, loudest=2))
    first, second = (axes.images[0] for axes in figure.axes[:2])
    assert first.get_array().tolist() == [[2, 0], [0, 1]]
    assert second.get_array().tolist() == [[4, 0], [0, 3]]
    assert first.get_clim() == second.get_clim() == (0, 4)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["quiet", "loud"]
    assert [[label.get_text() for label in axes.get_xticklabels()] for axes in figure.axes[:2]] == 2 * [["1", "0"]]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["1", "0"]


def test_gram_matrices_of_different_layers_are_refused():
    with pytest.raises(ValueError, match="channel by channel"):
        plots.gram_matrices({"one": torch.eye(3), "other": torch.eye(4)})


def test_the_strongest_patches_are_cut_where_both_channels_fire():
    picture, firing = torch.zeros(1, 3, 64, 96), torch.zeros(16, 24)
    picture[..., 40:44, 80:84] = 1  # the place (10, 20) of a layer four times as coarse
    firing[10, 20], firing[10, 19], firing[2, 2] = 3, 2, 1
    figure = drawn(plots.strongest_patches(picture, firing, count=2, side=16))
    whole, first, second = figure.axes
    assert first.images[0].get_array().shape == second.images[0].get_array().shape == (16, 16, 3)
    assert first.images[0].get_array().sum() == 3 * 4 * 4  # the white square, whole
    assert second.images[0].get_array().sum() == 0  # not the first's neighbour again
    assert [text.get_text() for text in whole.texts] == ["1", "2"]
    assert [frame.get_xy() for frame in whole.patches] == [(73.5, 33.5), (1.5, 1.5)]


def test_frames_stay_inside_the_picture():
    firing = torch.zeros(4, 4)
    firing[0, 0], firing[3, 3] = 2, 1
    figure = plots.strongest_patches(torch.rand(1, 3, 40, 40), firing, count=2, side=20)
    assert [frame.get_xy() for frame in figure.axes[0].patches] == [(-0.5, -0.5), (19.5, 19.5)]


def test_by_layer_draws_each_line_with_a_look_of_its_own():
    lines = {
        f"line {number}": {layer: number + place + 1.0 for place, layer in enumerate(LAYERS)} for number in range(7)
    }
    figure = drawn(plots.by_layer(lines, "distance"))
    curves = figure.axes[0].lines
    assert [list(curve.get_ydata()) for curve in curves] == [list(values.values()) for values in lines.values()]
    assert len({curve.get_color() for curve in curves}) == len({curve.get_marker() for curve in curves}) == 7
    assert figure.axes[0].get_ylabel() == "distance"


def test_terms_by_layer_shows_percent_of_each_rule():
    terms = {
        "sum": dict(zip(LAYERS, (1.0, 1.0, 2.0), strict=True)),
        "mean": dict(zip(LAYERS, (0, 30, 10), strict=True)),
    }
    gradients = {rule: dict(zip(LAYERS, (1.0, 0.0, 0.0), strict=True)) for rule in terms}
    figure = drawn(plots.terms_by_layer(terms, gradients))
    upper, lower = figure.axes
    heights = [[bar.get_height() for bar in bars] for bars in upper.containers]
    assert heights == [[25, 25, 50], [0, 75, 25]]
    assert [bar.get_height() for bar in lower.containers[0]] == [100, 0, 0]
    assert [text.get_text() for text in upper.texts] == ["25", "25", "50", "<1", "75", "25"]
    assert upper.containers[0][0].get_hatch() != upper.containers[1][0].get_hatch()


# The exercises


def gram(factor=lambda b, c, h, w: c * h * w, rows_of=lambda f: f.flatten(2), after=lambda gram: gram):
    """An answer with one part of it changed."""

    def answer(features):
        rows = rows_of(features)
        return after(rows @ rows.transpose(1, 2) / factor(*features.shape))

    return answer


def distance(of=lambda difference: difference.square().mean(), gram=losses.gram_matrix, target=lambda a, f: a):
    return lambda features, target_gram: of(gram(features) - target(target_gram, features))


def slope(factor=lambda c, m: 4 / (c**2 * c * m), gram=losses.gram_matrix, less=1, of=lambda rows: rows):
    def answer(features, target_gram):
        rows = features.flatten(2)
        mixed = (gram(features) - less * target_gram) @ rows
        return of(factor(*rows.shape[1:]) * mixed).reshape(features.shape)

    return answer


def by_autograd(features, target_gram):
    features = features.clone().requires_grad_()
    losses.style_distance(losses.gram_matrix(features), target_gram).backward()
    return features.grad


def undivided(features):
    return features.flatten(2) @ features.flatten(2).mT


def seed_gram(features):
    a, b, c, d = features.size()
    folded = features.view(a * b, c * d)
    return torch.mm(folded, folded.t()).div(a * b * c * d)


WRONG = [
    ("gram_matrix", gram(lambda b, c, h, w: c * h), "a division by C * H alone"),
    ("gram_matrix", gram(lambda b, c, h, w: c * w), "it is H times the expected one: look at what you divide by"),
    ("gram_matrix", gram(lambda b, c, h, w: c * c), "a division by C * C"),
    ("gram_matrix", gram(lambda b, c, h, w: 2 * b * h * w), "it is 0.5 C / B times the expected one"),
    ("gram_matrix", gram(lambda b, c, h, w: (c * h * w) ** 2), "a division made twice"),
    ("gram_matrix", gram(rows_of=lambda f: f.permute(0, 2, 3, 1).reshape(*f.shape[:2], -1)), "cuts in wrong places"),
    ("gram_matrix", gram(rows_of=lambda f: f.flatten(2) / f.flatten(2).norm(dim=2, keepdim=True)), "cosines"),
    ("gram_matrix", gram(after=lambda g: g.triu()), "the upper triangle alone"),
    ("gram_matrix", seed_gram, "With one picture its numbers are right; with two"),
    ("gram_matrix", gram(rows_of=lambda f: f.reshape(len(f), -1, f.shape[1]).mT), "positions mixed up"),
    ("gram_matrix", gram(after=lambda g: g.triu(1)), "with 0 in some of its places"),
    ("gram_matrix", gram(after=lambda g: g @ g), "a Gram matrix of the Gram matrix"),
    ("gram_matrix", gram(after=lambda g: g.abs()), "without its signs"),
    ("gram_matrix", lambda f: f.flatten(2) @ f.flatten(2) / f[0].numel(), "which of the two must be transposed?"),
    ("gram_matrix", lambda f: f.flatten(2) @ f.flatten(2).transpose(0, 1), "which of the two must be transposed?"),
    ("style_distance", distance(target=lambda a, f: a / f.numel()), "a target divided again"),
    ("style_distance", distance(gram=gram(lambda b, c, h, w: h * w)), "a Gram matrix divided by the positions alone"),
    ("style_distance", distance(of=torch.mean), "the mean difference without a square"),
    ("style_distance", distance(of=lambda d: d.square().sum() / d.shape[1] / 4), "0.25 C times the expected one"),
    ("style_distance", distance(of=lambda d: d.square()), "`.mean()` is missing"),
    ("style_gradient", slope(lambda c, m: 4 / c**2 * c * m), "brackets that are missing"),
    ("style_gradient", slope(lambda c, m: 1 / (c**2 * m**2)), "equation 6 of Gatys et al. 2016, 1 / (C^2 N^2)"),
    ("style_gradient", slope(lambda c, m: 4 / (c**2 * m)), "a division by C^2 N"),
    ("style_gradient", slope(lambda c, m: 2 / (c * m)), "it is 0.5 C^2 times the expected one"),
    ("style_gradient", slope(gram=undivided), "a Gram matrix not divided"),
    ("style_gradient", slope(less=0), "a target that is missing"),
    ("style_gradient", slope(of=lambda rows: rows.mT), "positions mixed up"),
    ("style_gradient", by_autograd, "autograd found them. Here the formula is asked"),
]
