"""What is minimised: loss modules and their weights, balance, several styles, masks, own colours, scales, memory."""

import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers import colours, images, losses, networks, transfer
from style_helpers.images import resize
from style_helpers.objective import Style, StyleObjective
from style_helpers.settings import PRESETS, Settings, SettingsError


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


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["content_distance", "total_variation", "outside_range", "moments", "gram_matrix"])
def test_what_is_taught_is_what_runs(alexnet, content, style, monkeypatch, preset, name):
    """With a function of `losses` replaced, a run by default settings changes, in just the terms that it is for."""
    chosen = Settings.preset(preset, network="alexnet", precision="fp32")
    terms = {  # whose term each function makes, in the preset
        "content_distance": "content",
        "total_variation": "total" if chosen.total_variation else None,
        "outside_range": "pixel" if chosen.pixel_range == "penalty" else None,
        "moments": "style" if chosen.statistic != "nearest" else None,  # which has no moments
        "gram_matrix": "style" if chosen.statistic == "gram" else None,
    }
    objective, picture = StyleObjective(alexnet, content, style, chosen), 1.5 * content.flip(3)
    before = {term: float(value) for term, value in objective(picture).items()}
    real = getattr(losses, name)

    def doubled(*inputs, **options):
        found = real(*inputs, **options)
        return 2 * found if isinstance(found, torch.Tensor) else tuple(None if x is None else 2 * x for x in found)

    monkeypatch.setattr(losses, name, doubled)
    after = {term: float(value) for term, value in objective(picture).items()}
    assert {term.split()[0] for term in before if after[term] != before[term]} == {terms[name]} - {None}


def test_printing_it_shows_every_term_with_its_layer_and_weight(alexnet, content, style):
    shown = str(StyleObjective(alexnet, content, style, settings(balance="none", total_variation=0.5)))
    assert re.search(r"\(style relu3\): StyleLoss\(\s+weight=50", shown)
    assert re.search(r"\(content relu4\): ContentLoss\(weight=1\)", shown)
    assert re.search(r"\(total variation\): TotalVariation\(weight=0.5\)", shown)
    assert re.search(r"\(pixel range\): PixelRange\(weight=1e\+04\)", shown)
    assert "alexnet, average pooling, normalised" in shown


def test_each_term_is_its_formula_times_its_weight(alexnet, content, style):
    chosen = settings(balance="none", style_weight=7.0, content_weight=3.0, total_variation=2.0, pooling="max")
    picture = (1.2 * content.flip(3)).contiguous()
    terms = StyleObjective(alexnet, content, style, chosen)(picture)
    mine, of_content, of_style = (alexnet(each) for each in (picture, content, style))
    expected = {"content relu4": 3 * (mine["relu4"] - of_content["relu4"]).square().mean()}
    for layer in chosen.style_layers:
        rows, theirs = mine[layer].flatten(2), of_style[layer].flatten(2)
        gram, target = rows @ rows.mT / rows[0].numel(), theirs @ theirs.mT / theirs[0].numel()
        expected[f"style {layer}"] = 7 * (gram - target).square().mean()
    expected["total variation"] = 2 * losses.total_variation(picture)
    expected["pixel range"] = 1e4 * (picture - picture.clamp(0, 1)).square().mean()
    assert set(terms) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value, rtol=1e-3, atol=1e-9)


def test_a_weight_inside_the_error_acts_squared_on_both_sides(alexnet, content, style):
    inside = settings(balance="none", weight_inside=True, style_weight=10.0, content_weight=3.0)
    outside = settings(balance="none", style_weight=100.0, content_weight=9.0)
    picture = content.flip(3)
    pair = (StyleObjective(alexnet, content, style, chosen)(picture) for chosen in (inside, outside))
    assert [float(term) for term in next(pair).values()] == pytest.approx([float(term) for term in next(pair).values()])


def test_balance_by_the_target_makes_a_distance_of_nothing_from_all_one(alexnet, content, style):
    objective = StyleObjective(alexnet, content, style, settings(style_weight=1.0))
    features = objective.network(content)
    for name, loss in objective.losses.items():
        if name != "pixel range":
            assert float(loss(torch.zeros_like(features[name.split()[-1]]))) == pytest.approx(1)


def test_balance_by_gradients_makes_them_equally_long_at_the_content_picture(alexnet, content, style):
    objective = StyleObjective(alexnet, content, style, settings(balance="gradient", style_weight=1.0))
    picture = content.clone().requires_grad_()
    terms = {name: term for name, term in objective(picture).items() if name.startswith("style")}
    lengths = [torch.autograd.grad(term, picture, retain_graph=True)[0].norm().item() for term in terms.values()]
    assert max(lengths) == pytest.approx(min(lengths), rel=1e-3)
    assert sum(term.item() for term in terms.values()) == pytest.approx(len(terms), rel=1e-4)


def test_a_small_copy_begins_before_the_full_size_has_been_looked_at(alexnet, content, style):
    sides = []
    objective = StyleObjective(alexnet, content, style, settings(balance="gradient"))
    objective.network.register_forward_pre_hook(lambda _, seen: sides.append(min(seen[0].shape[-2:])))
    small = objective.at(0.5)
    with torch.inference_mode():  # whoever looks first, the targets are the same
        terms = small(small.content)
    assert sides == []
    full = objective(content)
    assert sides[0] == min(content.shape[-2:])
    again = StyleObjective(alexnet, content, style, settings(balance="gradient")).at(0.5)
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(
        {name: float(term) for name, term in again(again.content).items()}
    )
    assert set(full) == set(terms) == set(objective.losses)


def test_an_objective_may_move_to_another_device_before_it_is_asked(pretend, alexnet, content, style):
    mask = torch.ones(content.shape[-2:])
    moved = StyleObjective(alexnet, content, Style(style, mask=mask), settings()).to(pretend)
    here = StyleObjective(alexnet, content, Style(style, mask=mask), settings())
    for name, term in moved(content.to(pretend)).items():
        assert term.device.type == torch.device(pretend).type
        assert float(term) == pytest.approx(float(here(content)[name]))


def test_a_picture_in_its_own_style_is_left_as_it_is(alexnet, content):
    descent = transfer.Run(StyleObjective(alexnet, content, content, Settings.fine(network="alexnet", evaluations=4)))
    steps = list(descent)
    assert descent.ended == "All 4 evaluations are done."
    assert steps[-1].losses.style == pytest.approx(0, abs=0.05)


def test_the_content_picture_of_an_objective_is_its_own(alexnet, content, style):
    mine = content.clone()
    objective = StyleObjective(alexnet, mine, style, settings())
    mine.zero_()
    assert torch.equal(objective.content, content)


def test_a_learners_own_objective_stays_what_it_is_at_another_scale_and_with_other_settings(alexnet, content, style):
    class Mine(StyleObjective):
        pass

    objective = Mine(alexnet, content, style, settings())
    assert {type(objective.at(0.5)), type(objective.with_settings(settings(style_weight=2.0)))} == {Mine}


class Loudness(torch.nn.Module):
    """A statistic of one's own: the largest value of each channel."""

    def forward(self, features, mask=None):
        return features.amax((2, 3))

    def distance(self, mine, target):
        return (mine - target).square().mean()


@pytest.mark.parametrize("balance", ["none", "target", "gradient"])
def test_a_statistic_of_ones_own_stands_in_for_that_of_the_settings(alexnet, content, style, balance):
    chosen = settings(style_weight=3.0, balance=balance)
    objective = StyleObjective(alexnet, content, style, chosen, statistic=Loudness())
    network, picture = objective.network, content.flip(3)
    apart = {
        layer: (network(picture)[layer].amax((2, 3)) - network(style)[layer].amax((2, 3))).square().mean()
        for layer in chosen.style_layers
    }
    for name, term in style_terms(objective, picture).items():
        loss = objective.losses[name]
        assert term == pytest.approx(loss.weight * apart[name.split()[1]].item(), rel=1e-4)
        assert balance != "none" or loss.weight == 3
    gram = style_terms(StyleObjective(alexnet, content, style, chosen, statistic=losses.GramMatrix()), picture)
    assert gram == style_terms(StyleObjective(alexnet, content, style, chosen), picture)


def test_a_statistic_of_ones_own_stays_at_another_scale_and_with_other_settings(alexnet, content, style):
    objective = StyleObjective(alexnet, content, style, settings(), statistic=Loudness())
    for other in (objective, objective.at(0.5), objective.with_settings(settings(style_weight=2.0))):
        assert {type(loss.statistic) for name, loss in other.losses.items() if "style" in name} == {Loudness}


def test_a_weak_mask_leaves_its_places_to_wasserstein(alexnet, content, style):
    mask = torch.zeros(1, 1, *content.shape[-2:])
    mask[..., 20:] = 0.3
    chosen = settings(statistic="wasserstein")
    weak, whole = (StyleObjective(alexnet, content, [Style(style, mask=m)], chosen) for m in (mask, (mask > 0).float()))
    assert style_terms(weak, content) == pytest.approx(style_terms(whole, content))


@pytest.mark.parametrize(
    "as_given",
    [
        lambda x: x.flip(3).flip(3).transpose(2, 3).contiguous().transpose(2, 3),
        lambda x: x.to(memory_format=torch.channels_last),
        lambda x: x.clone().requires_grad_(),
        lambda x: x.double(),
        lambda x: x[0],
        lambda x: x[0].cpu().permute(1, 2, 0).numpy(),
        lambda x: (255 * x[0].cpu().permute(1, 2, 0)).round().byte().numpy(),
        images.to_pil,
        lambda x: torch.from_numpy(np.array(images.to_pil(x))).permute(2, 0, 1).unsqueeze(0).float() / 255,
    ],
    ids=["turned", "channels last", "with gradient", "float64", "no batch", "array", "bytes", "Pillow", "lesson 01"],
)
def test_a_picture_may_be_given_as_anything_that_shows_one(alexnet, content, style, as_given):
    before = style_terms(StyleObjective(alexnet, content, style, settings()), content.flip(3))
    objective = StyleObjective(alexnet, as_given(content), as_given(style), settings())
    torch.testing.assert_close(objective.content, content)
    assert objective.content.is_contiguous()
    assert not objective.content.requires_grad
    assert style_terms(objective, content.flip(3)) == pytest.approx(before, rel=1e-3)
    assert next(transfer.Run(objective)).picture.shape == content.shape


def test_several_styles_need_not_be_wrapped_and_a_mask_may_be_a_picture(alexnet, content, style):
    bare = StyleObjective(alexnet, content, [style, style.flip(3)], settings())
    wrapped = StyleObjective(alexnet, content, [Style(style), Style(style.flip(3))], settings())
    assert style_terms(bare, content) == style_terms(wrapped, content)
    white = Image.new("L", (content.shape[3], content.shape[2]), 255)
    masked = StyleObjective(alexnet, content, [Style(style, mask=white)], settings())
    assert masked.styles[0].mask.min() == masked.styles[0].mask.max() == 1


@pytest.mark.parametrize(("network", "chosen"), [("alexnet", Settings.gatys()), (None, Settings.gatys()), (0, {})])
def test_what_is_no_network_or_no_settings_gets_a_sentence(alexnet, content, style, network, chosen):
    with pytest.raises(SettingsError, match=r"networks\.load|Settings\.gatys"):
        StyleObjective(alexnet if network == 0 else network, content, style, chosen)


def test_a_picture_may_be_given_by_its_file_name(alexnet):
    path = images.CONTENT / "chelsea-the-cat.jpg"
    objective = StyleObjective(alexnet, path, [Style(str(path))], settings())
    assert torch.equal(objective.content, images.load(path))


@pytest.mark.parametrize(
    "as_given",
    [
        lambda m: m[0, 0],
        lambda m: m.bool(),
        lambda m: m.int()[0, 0],
        lambda m: m.double(),
        lambda m: m.numpy(),
        lambda m: np.flip(m.numpy()[..., ::-1].copy(), -1),  # read backwards
        lambda m: m.numpy().astype(">f4"),
        lambda m: m[0, 0].tolist(),
    ],
)
def test_a_mask_may_have_any_number_type(alexnet, content, style, as_given):
    mask = torch.zeros(1, 1, *content.shape[-2:])
    mask[..., :30] = 1
    expected = StyleObjective(alexnet, content, [Style(style, mask=mask)], settings(), 1 - mask)
    given = StyleObjective(alexnet, content, [Style(style, mask=as_given(mask))], settings(), as_given(1 - mask))
    assert torch.equal(given.keep, expected.keep)
    assert style_terms(given, content) == style_terms(expected, content)


@pytest.mark.parametrize("given", ["mask.png", {}, object()])
def test_what_is_no_mask_is_refused_in_a_sentence(alexnet, content, style, given):
    with pytest.raises(ValueError, match=f"^A mask is a tensor, a NumPy array .* not {type(given).__name__}.$"):
        StyleObjective(alexnet, content, style, settings(), keep=given)


def test_a_very_faint_mask_is_a_mask(alexnet, content, style):
    faint = torch.full(content.shape[-2:], 1e-23)
    terms = StyleObjective(alexnet, content, Style(style, mask=faint), settings())(content)
    expected = StyleObjective(alexnet, content, Style(style, mask=torch.ones_like(faint)), settings())(content)
    assert terms["style relu1"].item() == pytest.approx(expected["style relu1"].item())


SPOILT = [
    (lambda x: 255 * x, "go from 0 to 1, but these go from [0-9.]+ to 2[0-9.]+: divide by 255"),
    (lambda x: (255 * x).byte(), "must hold floating-point numbers from 0 to 1, not torch.uint8"),
    (lambda x: x - 0.5, "but these go from -0."),
    (lambda x: x * torch.nan, "not numbers"),
    (lambda x: x[:, :1], r"must be a tensor of shape \(3, H, W\) or \(1, 3, H, W\), not \(1, 1, 64, 96\)"),
    (lambda x: torch.cat([x, x]), r"not \(2, 3, 64, 96\)"),
    (lambda x: x[0].numpy(), r"must have the shape \(H, W, 3\), not \(3, 64, 96\)"),
    (lambda x: 7, "Give a picture as a file name, bytes or a file open for binary reading, not int"),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT)
def test_what_is_no_picture_is_refused_in_a_sentence(alexnet, content, style, spoil, words):
    for pair in ((spoil(content), style), (content, spoil(content))):
        with pytest.raises(images.PictureError, match=words):
            StyleObjective(alexnet, *pair, settings())


def test_balance_by_gradients_looks_at_a_layer_with_all_its_styles(alexnet, content, style, other):
    chosen = settings(balance="gradient", style_weight=1.0)
    objective = StyleObjective(alexnet, content, [Style(style, 3.0), Style(other, 1.0)], chosen)
    picture = content.clone().requires_grad_()
    terms = objective(picture)
    lengths = []
    for layer in chosen.style_layers:
        pair = terms[f"style 1 {layer}"] + terms[f"style 2 {layer}"]
        lengths.append(torch.autograd.grad(pair, picture, retain_graph=True)[0].norm().item())
        weights = [objective.losses[f"style {number} {layer}"].weight for number in (1, 2)]
        assert weights[0] == pytest.approx(3 * weights[1])
    assert max(lengths) == pytest.approx(min(lengths), rel=1e-3)


def test_other_settings_leave_the_pictures_the_masks_and_what_is_kept(alexnet, content, style):
    keep = torch.zeros(1, 1, *content.shape[-2:])
    keep[..., :20] = 1
    objective = StyleObjective(alexnet, content, [Style(style, mask=1 - keep)], settings(), keep)
    again = objective.with_settings(settings(style_weight=3.0))
    assert again.settings.style_weight == 3.0
    for name in ("content", "keep"):
        assert torch.equal(getattr(again, name), getattr(objective, name))
    assert torch.equal(again.styles[0].mask, objective.styles[0].mask)
    assert style_terms(again, content.flip(3)) == pytest.approx(
        {name: value * 3 / 50 for name, value in style_terms(objective, content.flip(3)).items()}
    )


def test_two_styles_are_weighed_by_their_shares(alexnet, content, style, other):
    alone = style_terms(StyleObjective(alexnet, content, style, settings()), content)
    both = StyleObjective(alexnet, content, [Style(style, 3.0), Style(other, 1.0)], settings())
    apart = style_terms(StyleObjective(alexnet, content, other, settings()), content)
    expected = {f"style 1 {name.split()[1]}": 0.75 * value for name, value in alone.items()}
    expected |= {f"style 2 {name.split()[1]}": 0.25 * value for name, value in apart.items()}
    assert style_terms(both, content) == pytest.approx(expected, rel=1e-4)
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
    descent = transfer.Run(StyleObjective(alexnet, content, style, settings(), keep))
    last = list(descent)[-1].picture
    assert torch.equal(last[..., :20], content[..., :20])
    assert not torch.allclose(last[..., 20:], content[..., 20:], atol=0.01)


USELESS = [
    (lambda s: [], "together more than 0"),
    (lambda s: [Style(s, 0.0)], "not 0.0"),
    (lambda s: [Style(s, -1.0), Style(s, 3.0)], "not -1.0, 3.0"),
    (lambda s: [Style(s, mask=torch.ones(1, 1, 9, 9))], "this content picture needs"),
    (lambda s: [Style(s, math.nan)], "must be numbers from 0"),
    (lambda s: [Style(s, "1")], "must be numbers from 0"),
    (lambda s: [Style(s), Style(s, math.inf)], "must be numbers from 0"),
    (lambda s: [Style(s, mask=torch.zeros(1, 1, 64, 96))], "leaves nothing to paint"),
    (lambda s: [Style(s, mask=torch.full((1, 1, 64, 96), -0.1))], "leaves 0 to 1"),
    (lambda s: [Style(s, mask=torch.full((1, 1, 64, 96), 2.0))], "leaves 0 to 1"),
]


@pytest.mark.parametrize(("styles", "words"), USELESS)
def test_styles_that_cannot_be_used_get_a_sentence(alexnet, content, style, styles, words):
    with pytest.raises(ValueError, match=words):
        StyleObjective(alexnet, content, styles(style), settings())


@pytest.mark.parametrize("changes", [{}, {"style_scale": 0.4, "style_layers": ("relu1", "relu2")}])
def test_a_thin_mask_and_small_strokes_are_no_reason_to_refuse_a_coarse_scale(alexnet, content, style, changes):
    """A line of one pixel has less than half of a coarse pixel, and a style is looked at smaller than the content."""
    thin = torch.zeros(1, 1, *content.shape[-2:])
    thin[..., 30] = 1
    scales = {"scales": (0.25, 0.5, 0.7, 1.0), "shares": (0.25, 0.25, 0.25, 0.25)}
    chosen = Settings.fine(network="alexnet", evaluations=6, content_layers=("relu2",), **scales, **changes)
    for styles, keep in (([Style(style, mask=thin)], None), (style, 1 - thin)):
        descent = transfer.Run(StyleObjective(alexnet, content, styles, chosen, keep))
        assert len(list(descent)) == 6


@pytest.mark.parametrize("side", range(63, 80))
def test_the_smallest_scale_still_works_and_leaves_room_for_rounding(alexnet, side):
    picture = torch.rand(1, 3, side, side + 1, generator=torch.Generator().manual_seed(side))
    objective = StyleObjective(alexnet, picture, picture[..., :-1, :], settings())
    assert min(objective.at(objective.smallest_scale).styles[0].picture.shape[-2:]) >= objective.network.smallest_side
    assert objective.smallest_scale == pytest.approx((objective.network.smallest_side + 1) / (side - 1))


def test_the_losses_see_what_is_shown_the_kept_part_and_brightness_alone(alexnet, content, style):
    keep = torch.zeros(1, 1, *content.shape[-2:])
    keep[..., :40] = 1
    kept = StyleObjective(alexnet, content, style, settings(), keep)
    spoiled = content.flip(3)
    patched = torch.lerp(spoiled, content, keep)
    for name, term in kept(spoiled).items():
        if name != "pixel range":
            torch.testing.assert_close(term, kept(patched)[name])
    grey = colours.luminance(style)
    bright, plain = (StyleObjective(alexnet, content, each, settings(colours="luminance")) for each in (style, grey))
    assert style_terms(bright, spoiled) == pytest.approx(style_terms(plain, spoiled), rel=1e-4)


def test_a_network_that_the_settings_do_not_mean_is_refused(alexnet, content, style):
    vgg = Settings.gatys(network="vgg16", style_layers=("relu1",), content_layers=("relu3",))
    with pytest.raises(SettingsError, match="The settings are for vgg16, but the network is alexnet"):
        StyleObjective(alexnet, content, style, vgg)


def test_what_is_shown_of_a_soft_keep_is_blended_once(alexnet, content, style):
    keep = torch.full((1, 1, *content.shape[-2:]), 0.5)
    descent = transfer.Run(StyleObjective(alexnet, content, style, settings(), keep))
    steps = list(descent)
    assert max((step.picture - content).abs().max() for step in steps) > 0.02
    assert torch.equal(descent.result().picture, descent.best.picture)
    raw = torch.rand_like(content)
    torch.testing.assert_close(descent.objective.finished(raw), (raw + content) / 2)


def test_keeping_everything_is_refused(alexnet, content, style):
    with pytest.raises(ValueError, match="leaves nothing to paint"):
        StyleObjective(alexnet, content, style, settings(), torch.ones(1, 1, *content.shape[-2:]))


def test_luminance_keeps_the_contents_colours_in_what_is_shown(alexnet, content, style):
    descent = transfer.Run(StyleObjective(alexnet, content, style, settings(colours="luminance")))
    last = list(descent)[-1].picture
    for picture in (last, descent.result().picture):
        inside = (picture > 0) & (picture < 1)
        shift = picture - content
        assert (shift.amax(1) - shift.amin(1))[inside.all(1)].max() < 1e-5  # each point is only lighter or darker
        assert shift.abs().max() > 0.01
    objective = descent.objective
    torch.testing.assert_close(objective.finished(content), content)
    torch.testing.assert_close(  # and the network sees brightness alone
        objective(colours.luminance(content))["style relu1"], objective(content)["style relu1"]
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


def test_a_picture_too_large_for_the_memory_is_refused_before_anything_is_computed(alexnet, monkeypatch):
    def computed(*_):
        raise AssertionError("the network was asked before the memory")

    small, large = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 200, 300)
    monkeypatch.setattr(networks.Features, "forward", computed)
    monkeypatch.setattr("style_helpers.devices.free_memory", lambda device: 20_000_000)
    with pytest.raises(ValueError, match="A picture of 300 x 200 pixels needs about") as refused:
        StyleObjective(alexnet, large, small, settings())
    monkeypatch.undo()
    monkeypatch.setattr("style_helpers.devices.free_memory", lambda device: 20_000_000)
    fits = int(re.search("shorter side at ([0-9]+)", str(refused.value))[1])
    assert fits > 64
    StyleObjective(alexnet, torch.rand(1, 3, fits, int(fits * 1.5)), small, settings())
    monkeypatch.setattr("style_helpers.devices.free_memory", lambda device: 2_000)
    with pytest.raises(ValueError, match=r"needs about [0-9]+ MB, and 0 MB are free: close other programs"):
        StyleObjective(alexnet, small, small, settings())
    monkeypatch.setattr("style_helpers.devices.free_memory", lambda device: 20_000_000)
    large = torch.rand(1, 1, 1, 1).expand(1, 3, 1000, 1500)
    with pytest.raises(ValueError, match="A style picture of 3000 x 2000"):
        StyleObjective(alexnet, small, large, settings(style_scale=2.0))
    StyleObjective(alexnet, small, large, settings(style_scale=0.1))
