"""The metrics against implementations that share no code with ours, and against what an eye would say."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchmetrics
import torchvision
from PIL import Image
from torch import nn
from torchmetrics.functional.image.lpips import _LPIPS
from torchvision.transforms.functional import gaussian_blur

from style_helpers import devices, images, metrics, networks, weights
from style_helpers.settings import SettingsError


def noise(*size, seed=0):
    return torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(seed)).to(devices.choose())


@pytest.fixture(scope="module")
def cat():
    return images.load(images.CONTENT / "chelsea-the-cat.jpg", 96)


@pytest.fixture(scope="module")
def wave():
    return images.load(images.STYLE / "hokusai-great-wave.jpg", 96)


@pytest.fixture(scope="module")
def village():
    return images.load(images.STYLE / "van-gogh-village-street-in-auvers.jpg", 96)


@pytest.fixture(scope="module")
def published():
    """torchmetrics' copy of LPIPS: its own code and the authors' heads, over torchvision's AlexNet with our numbers."""
    network = _LPIPS(net="alex", pnet_rand=True)
    state = weights.load("alexnet")
    for part in network.net.children():
        for number, module in part.named_children():
            if isinstance(module, nn.Conv2d):
                module.weight.data, module.bias.data = (state[f"features.{number}.{key}"] for key in ("weight", "bias"))
    return network


def disturbed(picture, amount):
    return (picture + amount * (noise(*picture.shape[-2:]).to(picture) - 0.5)).clamp(0, 1)


# LPIPS


def lpips_by_loops(picture, reference):
    """The paper's equation 1, position by position, in float64, from the numbers of the archive."""
    state = {key: value.double() for key, value in weights.load("alexnet").items()}
    heads = weights.load("lpips-alexnet")
    network = torchvision.models.alexnet(weights=None).features.double().eval()
    network.load_state_dict({key.removeprefix("features."): value for key, value in state.items()})
    shift = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64).view(1, 3, 1, 1)
    one, other = ((2 * each.cpu().double() - 1 - shift) / scale for each in (picture, reference))
    total, head = 0.0, 0
    for module in network:
        one, other = module(one), module(other)
        if not isinstance(module, nn.ReLU):
            continue
        weight = heads[f"lpips.{head}.weight"].flatten().double().numpy()
        head += 1
        sums = []
        for y in range(one.shape[2]):
            for x in range(one.shape[3]):
                f, g = one[0, :, y, x].detach().numpy(), other[0, :, y, x].detach().numpy()
                f, g = f / (math.sqrt((f * f).sum()) + 1e-10), g / (math.sqrt((g * g).sum()) + 1e-10)
                sums.append((weight * (f - g) ** 2).sum())
        total += sum(sums) / len(sums)
    assert head == 5
    return total


@pytest.mark.parametrize("other", ["wave", "noisy", "random"])
def test_lpips_is_its_formula(cat, wave, other):
    cat = cat[..., :80, :96]
    reference = {"wave": wave[..., :80, :96], "noisy": disturbed(cat, 0.3), "random": noise(80, 96)}[other]
    assert metrics.lpips(cat, reference) == pytest.approx(lpips_by_loops(cat, reference), rel=1e-5)


def test_lpips_is_that_of_another_implementation_with_the_authors_heads(cat, wave, published):
    for reference in (wave, disturbed(cat, 0.2), noise(*cat.shape[-2:])):
        width = min(cat.shape[-1], reference.shape[-1])
        pair = cat[..., :width], reference[..., :width]
        theirs = float(published(*(each.cpu() for each in pair), normalize=True))
        assert metrics.lpips(*pair) == pytest.approx(theirs, rel=1e-4)


def test_the_heads_are_the_authors_to_the_last_bit():
    folder = Path(torchmetrics.__file__).parent / "functional" / "image" / "lpips_models"
    authors = torch.load(folder / "alex.pth", map_location="cpu", weights_only=True)
    for number, head in enumerate(weights.load("lpips-alexnet").values()):
        assert torch.equal(head, authors[f"lin{number}.model.1.weight"])
        assert (head >= 0).all()


def test_lpips_of_a_picture_with_itself_is_zero_and_the_order_does_not_matter(cat):
    other = disturbed(cat, 0.4)
    assert metrics.lpips(cat, cat) == 0.0
    assert metrics.lpips(cat, other) == metrics.lpips(other, cat) > 0.01


def test_lpips_of_plain_pictures_is_a_number():
    black, white = torch.zeros(1, 3, 40, 40), torch.ones(1, 3, 40, 40)
    assert metrics.lpips(black, black) == 0.0
    assert 0 < metrics.lpips(black, white) < 2


# Style distance


def style_distance_by_numpy(network, layers, picture, style):
    features = networks.load(network, layers, device="cpu")

    def grams(each):
        for values in features(each.cpu()).values():
            rows = values[0].double().numpy()
            channels, height, width = rows.shape
            yield np.einsum("kyx,lyx->kl", rows, rows) / (channels * height * width)

    distances = [
        math.sqrt(((gram - target) ** 2).sum()) / math.sqrt((target**2).sum())
        for gram, target in zip(grams(picture), grams(style), strict=True)
    ]
    assert len(distances) == 5
    return sum(distances) / 5


def test_style_distance_is_its_formula_in_alexnet(cat, wave):
    layers = ("relu1", "relu2", "relu3", "relu4", "relu5")
    expected = style_distance_by_numpy("alexnet", layers, cat, wave)
    assert metrics.style_distance_to(cat, wave) == pytest.approx(expected, rel=1e-4)


def test_style_distance_is_its_formula_in_a_vgg(cat, wave):
    layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    picture, style = cat[..., :48, :64], wave[..., :64, :48]
    expected = style_distance_by_numpy("vgg16", layers, picture, style)
    assert metrics.style_distance_to(picture, style, "vgg16") == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
def test_style_distance_to_itself_is_zero(wave, network):
    assert metrics.style_distance_to(wave[..., :64, :64], wave[..., :64, :64], network) == 0.0


@pytest.mark.parametrize("name", ["wave", "village"])
def test_style_has_no_place_and_no_size(request, name, cat, wave, village):
    """Side by side with itself, or moved, a painting keeps its style; its mirror image and a part keep most of it."""
    style = request.getfixturevalue(name)
    other = village if style is wave else wave
    assert other.shape != style.shape != cat.shape
    beside = metrics.style_distance_to(torch.cat([style, style], 3), style)
    moved = metrics.style_distance_to(style.roll(2, 3), style)
    mirrored = metrics.style_distance_to(style.flip(3), style)
    part = metrics.style_distance_to(style[..., :96, :96], style)
    assert max(beside, moved) < min(mirrored, part)
    assert max(mirrored, part) < 0.7 * metrics.style_distance_to(other, style)
    assert metrics.style_distance_to(other, style) < metrics.style_distance_to(cat, style)


def test_style_distance_is_in_parts_of_the_styles(cat, wave):
    assert metrics.style_distance_to(cat, wave) != pytest.approx(metrics.style_distance_to(wave, cat), rel=0.01)


# SSIM


def ssim_by_loops(picture, reference):
    """Wang et al. 2004, equation 13, window by window, of one colour."""
    offsets = np.arange(11) - 5
    bell = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2
    height, width = picture.shape
    values = []
    for top in range(height - 10):
        for left in range(width - 10):
            p, q = (each[top : top + 11, left : left + 11] for each in (picture, reference))
            m, n = (window * p).sum(), (window * q).sum()
            p_spread, q_spread = (window * (p - m) ** 2).sum(), (window * (q - n) ** 2).sum()
            both = (window * (p - m) * (q - n)).sum()
            likeness = (2 * m * n + 0.01**2) * (2 * both + 0.03**2)
            values.append(likeness / ((m * m + n * n + 0.01**2) * (p_spread + q_spread + 0.03**2)))
    return sum(values) / len(values)


@pytest.mark.parametrize("size", [(11, 11), (11, 30), (24, 17)])
def test_ssim_is_its_formula(cat, size):
    picture = cat[..., 30 : 30 + size[0], 40 : 40 + size[1]]
    other = disturbed(picture, 0.3)
    colours = [
        ssim_by_loops(*(each[0, colour].cpu().double().numpy() for each in (picture, other))) for colour in range(3)
    ]
    assert metrics.ssim(picture, other) == pytest.approx(sum(colours) / 3, abs=1e-9)


def test_ssim_of_a_grey_picture_by_hand():
    """Plain pictures have no structure: only (2 m n + C1) / (m^2 + n^2 + C1) is left."""
    dark, light = torch.full((1, 3, 20, 20), 0.25), torch.full((1, 3, 20, 20), 0.75)
    assert metrics.ssim(dark, light) == pytest.approx((2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4), abs=1e-6)


def test_ssim_of_a_picture_with_itself_is_one_and_with_its_negative_below_zero(cat):
    assert metrics.ssim(cat, cat) == pytest.approx(1.0, abs=1e-12)
    assert metrics.ssim(cat, 1 - cat) < 0
    assert metrics.ssim(cat, disturbed(cat, 0.3)) == pytest.approx(metrics.ssim(disturbed(cat, 0.3), cat))


# Places compared with places


def rows_of(picture):
    """Of each of AlexNet's layers the features of every place, as lists in float64, without the module's own code."""
    features = networks.load("alexnet", metrics.LAYERS["alexnet"], device="cpu")(picture.cpu())
    return [values[0].double().flatten(1).T.numpy() for values in features.values()]


def cosine_distance(one, other):
    return 1 - one @ other / (math.sqrt(one @ one) * math.sqrt(other @ other))


def test_nearest_neighbours_are_their_formula_both_ways(cat, wave):
    cat, wave = cat[..., :48, :64], wave[..., :64, :40]
    there, back = [], []
    for ours, theirs in zip(rows_of(cat), rows_of(wave), strict=True):
        there.append(np.mean([min(cosine_distance(f, s) for s in theirs) for f in ours]))
        back.append(np.mean([min(cosine_distance(s, f) for f in ours) for s in theirs]))
    expected = np.mean(there), np.mean(back)
    assert metrics.nearest_neighbours(cat, wave) == pytest.approx(expected, abs=1e-5)
    assert metrics.nearest_neighbours(wave, cat) == pytest.approx(expected[::-1], abs=1e-5)


def test_a_part_of_a_painting_is_near_it_though_not_all_of_the_painting_is_near_the_part(wave):
    there, back = metrics.nearest_neighbours(wave[..., :96, :96], wave)
    assert there < 0.5 * back
    assert metrics.nearest_neighbours(wave, wave) == pytest.approx((0, 0), abs=1e-5)


def test_self_similarity_is_its_formula(cat, wave):
    cat, wave = cat[..., :64, :64], wave[..., :64, :64]
    differences = []
    for ours, theirs in list(zip(rows_of(cat), rows_of(wave), strict=True))[1:]:
        mine, other = (np.array([[cosine_distance(a, b) for b in rows] for a in rows]) for rows in (ours, theirs))
        differences.append(np.abs(mine / mine.mean() - other / other.mean()).mean() if len(ours) > 1 else 0)
    assert metrics.self_similarity(cat, wave) == pytest.approx(np.mean(differences), abs=1e-4)


def test_self_similarity_knows_a_layout_in_other_colours(cat, wave):
    other_colours = 0.2 + 0.6 * cat[:, [2, 0, 1]]
    width = min(cat.shape[-1], wave.shape[-1])
    another = metrics.self_similarity(cat[..., :width], wave[..., :width])
    assert metrics.self_similarity(cat, cat) == 0
    assert metrics.self_similarity(torch.zeros_like(cat), torch.ones_like(cat)) < 2  # each the same everywhere
    assert metrics.self_similarity(noise(31, 31), noise(31, 31, seed=1)) < 2  # three layers have but one place
    assert 0 < metrics.self_similarity(other_colours, cat) < 0.6 * another


def test_of_a_large_map_places_at_equal_distances_stand_for_all(monkeypatch, cat):
    monkeypatch.setattr(metrics, "MOST_PLACES", 100)
    counts = [len(rows) for rows in metrics._rows(cat[..., :96, :96])]
    assert counts == [8 * 8, 6 * 6, 5 * 5, 5 * 5, 5 * 5]  # of 23 x 23, 11 x 11, 5 x 5
    assert metrics.self_similarity(cat, cat) == 0


def test_restlessness_by_hand():
    """A content whose left half is plain, a style with a slope of 0.1 everywhere."""
    content, picture = torch.zeros(1, 3, 9, 9), torch.zeros(1, 3, 9, 9)
    content[..., 5:] = torch.linspace(0.2, 1, 4)
    style = (0.1 * torch.arange(9.0)).expand(1, 3, 9, 9).contiguous()
    assert metrics.restlessness(content, content, style) == pytest.approx(0, abs=1e-6)
    picture[..., :5] = 0.05 * torch.arange(5.0)
    assert metrics.restlessness(picture, content, style) == pytest.approx(0.5, rel=0.01)
    assert metrics.restlessness(style, style, style) == pytest.approx(1)
    both_ways = style + style.transpose(2, 3)
    assert metrics.restlessness(both_ways / 2, style, style) == pytest.approx(0.5 * math.sqrt(2), rel=0.01)
    half_calm = style.clone()
    half_calm[..., :5] = 0.05 * torch.arange(5.0)
    assert metrics.restlessness(style, style, half_calm) == pytest.approx(2, rel=0.01)
    assert metrics.restlessness(style, style, torch.zeros_like(style)) == pytest.approx(0.1 * 255, rel=0.01)


def test_noise_in_the_calm_half_is_restless_and_in_the_other_it_is_not_seen(cat, wave):
    grey = torch.full_like(cat, 0.5)
    grey[..., 72:] = cat[..., 72:]
    noisy = disturbed(grey, 0.5)
    calm, busy = grey.clone(), grey.clone()
    calm[..., 60:], busy[..., :80] = grey[..., 60:], grey[..., :80]
    calm[..., :60], busy[..., 80:] = noisy[..., :60], noisy[..., 80:]
    assert metrics.restlessness(calm, grey, wave) > 1 > metrics.restlessness(busy, grey, wave)


def test_restlessness_needs_neighbours():
    with pytest.raises(ValueError, match="at least 2 pixels a side"):
        metrics.restlessness(noise(1, 40), noise(1, 40), noise(40, 40))


# What an eye would say


@pytest.mark.parametrize("change", ["noise", "blur"])
def test_the_more_a_picture_is_changed_the_further_it_is(cat, change):
    amounts = (0.2, 0.5, 1.0) if change == "noise" else (0.7, 1.5, 3.0)
    change = disturbed if change == "noise" else lambda picture, sigma: gaussian_blur(picture, 13, sigma)
    changed = [cat, *(change(cat, amount) for amount in amounts)]
    for metric, direction in ((metrics.lpips, 1), (metrics.style_distance_to, 1), (metrics.ssim, -1)):
        values = [direction * metric(each, cat) for each in changed]
        assert values == sorted(values)
        assert values[-1] > values[0] + 0.1


def test_judge_tells_the_content_itself_from_a_mixture(cat, wave):
    found = metrics.judge(cat, cat, wave)
    assert found == {
        "lpips": 0.0,
        "style": metrics.style_distance_to(cat, wave),
        "ssim": pytest.approx(1.0),
        "self_similarity": 0.0,
        "to_style": metrics.nearest_neighbours(cat, wave)[0],
        "from_style": metrics.nearest_neighbours(cat, wave)[1],
        "restlessness": metrics.restlessness(cat, cat, wave),
    }
    assert all(type(value) is float for value in found.values())
    width = min(cat.shape[-1], wave.shape[-1])
    cat, over = cat[..., :width], wave[..., :width]
    halfway = metrics.judge(0.7 * cat + 0.3 * over, cat, wave)
    assert halfway["lpips"] > 0.1
    assert halfway["ssim"] < 0.9
    assert halfway["style"] < found["style"]


def test_pictures_may_lie_on_any_device_and_are_left_as_they_are(pretend, cat, wave):
    """Also each on another: then the first one's is where is computed."""
    picture = disturbed(cat.cpu(), 0.1).to(pretend).requires_grad_()
    before = picture.detach().clone()
    assert metrics.judge(picture, cat, wave.to(pretend)) == metrics.judge(before.cpu(), cat.cpu(), wave)
    assert torch.equal(picture.detach(), before)
    assert picture.grad is None


def test_the_module_is_imported_without_torchmetrics():
    code = "import sys, style_helpers.metrics; sys.exit('torchmetrics' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


# Refusals


@pytest.mark.parametrize("metric", [metrics.lpips, metrics.ssim, metrics.self_similarity])
def test_pictures_of_two_sizes_do_not_compare_position_by_position(metric):
    with pytest.raises(ValueError, match=r"one is 50 x 40 pixels and the other 40 x 50: give both the same size\.$"):
        metric(noise(40, 50), noise(50, 40))


@pytest.mark.parametrize(
    ("metric", "least"),
    [
        (metrics.lpips, 31),
        (metrics.style_distance_to, 31),
        (metrics.nearest_neighbours, 31),
        (metrics.self_similarity, 31),
        (metrics.ssim, 11),
    ],
)
def test_the_smallest_picture(metric, least):
    metric(noise(least, least), noise(least, least, seed=1))
    with pytest.raises(ValueError, match=rf"^A picture of 60 x {least - 1} pixels .* at least {least} pixels\.$"):
        metric(noise(least - 1, 60), noise(least - 1, 60))


def restlessness(picture, style):
    return metrics.restlessness(picture, picture, style)


METRICS = [
    metrics.lpips,
    metrics.style_distance_to,
    metrics.nearest_neighbours,
    metrics.self_similarity,
    metrics.ssim,
    restlessness,
]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("shape", [(3, 40, 40), (2, 3, 40, 40), (1, 1, 40, 40), (1, 3, 0, 40)])
def test_other_shapes_are_refused(metric, shape):
    said = re.escape(f"A picture to judge has the shape (1, 3, H, W), not {shape}.")
    for pair in ((torch.zeros(shape), noise(40, 40)), (noise(40, 40), torch.zeros(shape))):
        with pytest.raises(ValueError, match=f"^{said}$"):
            metric(*pair)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("value", "said"), [(255.0, "to 255: divide"), (-0.2, "from -0.2 to"), (math.nan, "nan")])
def test_values_outside_0_to_1_are_refused(metric, value, said):
    wrong = noise(40, 40)
    wrong[0, 1, 2, 3] = value
    for pair in ((wrong, noise(40, 40)), (noise(40, 40), wrong)):
        with pytest.raises(ValueError, match=f"^The values of a picture to judge go from 0 to 1, .*{said}"):
            metric(*pair)


NESTED = torch.nested.nested_tensor([torch.zeros(3, 40, 40)], layout=torch.jagged)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "given", ["cat.jpg", Image.new("RGB", (40, 40)), torch.zeros(1, 3, 40, 40, dtype=torch.cfloat), NESTED]
)
def test_what_is_no_tensor_of_floats_is_refused(metric, given):
    with pytest.raises(
        ValueError, match=r"tensor of floating-point numbers, as images.load gives, not (str|Image|.*64|torch.float32)"
    ):
        metric(given, given)


def test_a_network_that_is_not_known_is_refused():
    with pytest.raises(SettingsError, match="network 'resnet' is not known"):
        metrics.style_distance_to(noise(40, 40), noise(40, 40), "resnet")
