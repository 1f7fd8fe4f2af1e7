"""What is minimised: balance, several styles, masks, own colours, scales."""

import pytest
import torch

from style_helpers import images, transfer
from style_helpers.objective import Style, StyleObjective, resize
from style_helpers.settings import Settings


@pytest.fixture(scope="module")
def content(device):
    return images.load(images.CONTENT / "chelsea-the-cat.jpg", 64, device)


@pytest.fixture(scope="module")
def style(device):
    return images.load(images.STYLE / "hokusai-poppies.jpg", 72, device)


@pytest.fixture(scope="module")
def other(device):
    return images.load(images.STYLE / "kandinsky-composition-viii.jpg", 64, device)


def settings(**changes):
    return Settings.gatys(**{"network": "alexnet", "precision": "fp32", "evaluations": 4} | changes)


def style_terms(objective, picture):
    return {name: float(value) for name, value in objective(picture).items() if name.startswith("style")}


def test_balance_by_the_target_makes_a_distance_of_nothing_from_all_one(alexnet, content, style):
    objective = StyleObjective(alexnet, content, style, settings(style_weight=1.0))
    features = objective.network(content)
    for layer, loss in objective._style_losses.items():
        assert float(loss(torch.zeros_like(features[layer]))) == pytest.approx(1)
    for layer, loss in objective._content_losses.items():
        assert float(loss(torch.zeros_like(features[layer]))) == pytest.approx(1)


def test_balance_by_gradients_makes_them_equally_long_at_the_content_picture(alexnet, content, style):
    objective = StyleObjective(alexnet, content, style, settings(balance="gradient", style_weight=1.0))
    picture = content.clone().requires_grad_()
    terms = {name: term for name, term in objective(picture).items() if name.startswith("style")}
    lengths = [torch.autograd.grad(term, picture, retain_graph=True)[0].norm().item() for term in terms.values()]
    assert max(lengths) == pytest.approx(min(lengths), rel=1e-3)
    assert sum(term.item() for term in terms.values()) == pytest.approx(len(terms), rel=1e-4)


def test_two_styles_are_weighed_by_their_shares(alexnet, content, style, other):
    alone = style_terms(StyleObjective(alexnet, content, style, settings()), content)
    both = StyleObjective(alexnet, content, [Style(style, 3.0), Style(other, 1.0)], settings())
    apart = style_terms(StyleObjective(alexnet, content, other, settings()), content)
    for name, value in style_terms(both, content).items():
        assert value == pytest.approx(0.75 * alone[name] + 0.25 * apart[name], rel=1e-4)
    same = StyleObjective(alexnet, content, [Style(style, 2.0)], settings())
    assert style_terms(same, content) == pytest.approx(alone)


def test_a_hard_mask_stays_in_range_at_every_scale(alexnet, content, style):
    mask = (content[:, :1] > content[:, :1].mean()).float()
    objective = StyleObjective(alexnet, content, [Style(style, mask=mask)], settings(), keep=1 - mask)
    for size in range(35, 64):
        smaller = objective.at(size / 64)
        for shrunk in (smaller.styles[0].mask, smaller.keep):
            assert 0 <= shrunk.min() < shrunk.max() <= 1


def test_a_style_with_a_mask_does_not_see_the_rest(alexnet, content, style):
    mask = torch.zeros(1, 1, *content.shape[-2:], device=content.device)
    mask[..., :32] = 1
    objective = StyleObjective(alexnet, content, [Style(style, mask=mask)], settings(style_layers=("relu1",)))
    changed = content.clone()
    changed[..., 48:] = 0.5
    assert style_terms(objective, changed) == pytest.approx(style_terms(objective, content), rel=1e-5)
    changed[..., :16] = 0.5
    assert style_terms(objective, changed) != pytest.approx(style_terms(objective, content), rel=1e-2)


def test_what_is_kept_is_left_alone(alexnet, content, style):
    keep = torch.zeros(1, 1, *content.shape[-2:], device=content.device)
    keep[..., :20] = 1
    descent = transfer.run(StyleObjective(alexnet, content, style, settings(), keep))
    last = list(descent)[-1].picture
    assert torch.equal(last[..., :20], content[..., :20])
    assert not torch.allclose(last[..., 20:], content[..., 20:], atol=0.01)


@pytest.mark.parametrize(
    ("styles", "words"),
    [
        (lambda s: [], "add up to more than 0"),
        (lambda s: [Style(s, 0.0)], "not 0.0"),
        (lambda s: [Style(s, -1.0), Style(s, 3.0)], "not -1.0, 3.0"),
        (lambda s: [Style(s, mask=torch.ones(1, 1, 9, 9))], "this content picture needs"),
        (lambda s: [Style(s, mask=torch.zeros(1, 1, 64, 96))], "leaves nothing to paint"),
        (lambda s: [Style(s, mask=torch.full((1, 1, 64, 96), 2.0))], "leaves 0 to 1"),
    ],
)
def test_styles_that_cannot_be_used_get_a_sentence(alexnet, content, style, styles, words):
    with pytest.raises(ValueError, match=words):
        StyleObjective(alexnet, content, styles(style), settings())


def test_keeping_everything_is_refused(alexnet, content, style):
    with pytest.raises(ValueError, match="leaves nothing to paint"):
        StyleObjective(alexnet, content, style, settings(), torch.ones(1, 1, *content.shape[-2:]))


def test_luminance_keeps_the_contents_colours(alexnet, content, style):
    descent = transfer.run(StyleObjective(alexnet, content, style, settings(colours="luminance")))
    last = list(descent)[-1].picture
    grey = last - last.mean(1, keepdim=True)
    assert (
        torch.corrcoef(torch.stack([grey.flatten(), (content - content.mean(1, keepdim=True)).flatten()]))[0, 1] > 0.9
    )


def test_matched_colours_change_what_the_style_is(alexnet, content, style):
    plain = StyleObjective(alexnet, content, style, settings())
    matched = StyleObjective(alexnet, content, style, settings(colours="matched"))
    assert style_terms(plain, content)["style relu1"] > style_terms(matched, content)["style relu1"]


def test_style_scale_is_the_size_at_which_the_style_is_looked_at(alexnet, content, other):
    halved = StyleObjective(alexnet, content, other, settings(style_scale=2.0))
    by_hand = StyleObjective(alexnet, content, resize(other, 2.0), settings())
    assert style_terms(halved, content) == pytest.approx(style_terms(by_hand, content))


def test_a_style_of_no_weight_costs_nothing_and_is_not_computed(alexnet, content, style):
    objective = StyleObjective(alexnet, content, style, settings(style_weight=0.0, content_layers=("relu1",)))
    assert list(objective(content)) == ["content relu1", "pixel range"]
    assert list(objective.network.body)[-1] == "relu1"


def test_at_a_coarser_scale_everything_is_smaller(alexnet, content, style):
    mask = torch.ones(1, 1, *content.shape[-2:])
    large = StyleObjective(alexnet, resize(content, 2), [Style(resize(style, 2), mask=resize(mask, 2))], settings())
    small = large.at(0.5)
    assert small.content.shape == content.shape
    assert small.styles[0].picture.shape == style.shape
    assert small.styles[0].mask.shape == mask.shape
    assert large.at(1) is large
