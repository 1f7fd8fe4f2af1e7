"""Judging a result with a network that was not optimised against.

A loss says how well the optimiser did at its own game. These say how close a picture is to its content (`lpips`,
`ssim`, `self_similarity`) and to its style (`style_distance_to`, `nearest_neighbours`) by other measures, and how
restless it is where its content is calm (`restlessness`), so that results of different settings compare.

Pictures are tensors (1, 3, H, W), 0 to 1, on any device: the first one's is where is computed. Each function returns a
Python float. All raise ValueError, with one sentence, for another shape, values outside 0 to 1, or a picture that is
too small; those that need AlexNet or a VGG fetch its weights first where this computer has none, and raise
weights.WeightsError when no source has them.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from style_helpers import networks, weights
from style_helpers.colours import luminance
from style_helpers.language import _
from style_helpers.losses import gram_matrix

MOST_PLACES = 4096  # of a layer, of which every two are compared: 67 MB each time
NO_DIFFERENCE = 0.03  # in LPIPS, SSIM and style distances two equal runs are as far apart: lesson 07 measures it
SAME = 1e-4  # a mean cosine distance below this is rounding: everything is the same
SSIM_WINDOW = 11  # pixels: a Gaussian of standard deviation 1.5, cut off at 3.5 of them
LAYERS = {
    "alexnet": ("relu1", "relu2", "relu3", "relu4", "relu5"),
    "vgg16": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    "vgg19": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
}


def judge(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """All of it at once, by name, with AlexNet as the network.

    To the content: "lpips", "ssim", "self_similarity". To the style: "style", and "to_style" and "from_style", the
    `nearest_neighbours` both ways. "restlessness" looks at the picture where the content is calm.

    picture, content: of the same size; style: of any size. For the style in a VGG's features, ask `style_distance_to`.
    """
    to_style, from_style = nearest_neighbours(picture, style)
    return {
        "lpips": lpips(picture, content),
        "style": style_distance_to(picture, style),
        "ssim": ssim(picture, content),
        "self_similarity": self_similarity(picture, content),
        "to_style": to_style,
        "from_style": from_style,
        "restlessness": restlessness(picture, content, style),
    }


@torch.no_grad()
def lpips(picture: Tensor, reference: Tensor) -> float:
    """How different two pictures look: LPIPS 0.1 on AlexNet, 0 or more, 0 for the same picture.

    d = sum_l 1/M_l sum_i sum_c w_lc (f_lci - g_lci)^2, where f and g are the feature maps of relu1 to relu5, each
    position divided by its length over the channels, M_l is the number of positions, and w_l >= 0 are the weights that
    were fitted to human judgements (Zhang, Isola, Efros, Shechtman and Wang 2018, equation 1). Two unrelated
    photographs are about 0.7 apart; only heavy noise goes beyond 1.

    picture, reference: (1, 3, H, W) of the same size, at least 31 pixels a side.
    """
    _check_pair(picture, reference)
    # The authors scale by (2x - 1 - shift) / scale; with their numbers that is the network's own (x - mean) / std.
    network, heads = networks.shared("alexnet", picture.device, LAYERS["alexnet"]), _heads(picture.device)
    ours, theirs = network(picture.float()), network(reference.to(picture.device).float())
    total = 0.0
    for layer, head in zip(network.layers, heads, strict=True):
        squares = (_unit_length(ours[layer]) - _unit_length(theirs[layer])).square()
        total += float((head * squares).sum(1).mean())
    return total


@torch.no_grad()
def style_distance_to(picture: Tensor, style: Tensor, network: str = "alexnet") -> float:
    """How far a picture's style is from another's, in parts of the other's: the mean over layers of |G - A| / |A|.

    G and A are the Gram matrices of picture and style, each divided by channels and positions (`losses.gram_matrix`),
    |.| is the Frobenius norm, and the layers are relu1 to relu5 of AlexNet, relu1_1 to relu5_1 of a VGG. 0 when the
    styles are the same; 1 would be a G of zeros; no upper bound. At 256 pixels a painting is 0.3 to 0.5 from its own
    mirror image and about 1 from another painting. The Gram matrix as style is Gatys, Ecker and Bethge 2016, equation
    3; to divide by |A| makes layers whose numbers differ by thousands count alike.

    picture, style: (1, 3, H, W) of any two sizes. network: "alexnet", "vgg16" or "vgg19": one that the picture was
    not made with. Raises settings.SettingsError for another name.
    """
    _check(picture)
    _check(style)
    networks.check_name(network)
    features = networks.shared(network, picture.device, LAYERS[network])
    ours, theirs = features(picture.float()), features(style.to(picture.device).float())
    distances = []
    for layer in features.layers:
        target = gram_matrix(theirs[layer])
        distances.append(float((gram_matrix(ours[layer]) - target).norm() / target.norm()))
    return sum(distances) / len(distances)


@torch.no_grad()
def nearest_neighbours(picture: Tensor, style: Tensor) -> tuple[float, float]:
    """How far the picture's places are from the nearest of the style's, and the style's from the nearest of its.

    Mean of 1 - cos(f, s) over places and over relu1 to relu5 of AlexNet, f and s being the features of a place. The
    first is small where everything looks like something in the style, though it be always the same thing; the second
    where everything in the style was used. 0 to 1: rectified features are at right angles at most. The two directions
    of the relaxed transport of Kolkin, Salavon and Shakhnarovich, "STROTSS", CVPR 2019, which takes the larger one.

    picture, style: (1, 3, H, W) of any two sizes.
    """
    ours, theirs = _rows(picture), _rows(style.to(picture.device))
    there, back = [], []
    for mine, other in zip(ours, theirs, strict=True):
        alike = mine @ other.T
        there.append(1 - float(alike.amax(1).mean()))
        back.append(1 - float(alike.amax(0).mean()))
    return sum(there) / len(there), sum(back) / len(back)


@torch.no_grad()
def self_similarity(picture: Tensor, reference: Tensor) -> float:
    """How differently two pictures are alike *within themselves*: 0 for the same layout, whatever it is painted with.

    Mean of |D / mean(D) - E / mean(E)| over all pairs of places, D and E the pairs' cosine distances in the one
    picture and in the other, and over relu2 to relu5 of AlexNet. A sky stays one thing and a roof another, though both
    change colour. After the content term of Kolkin, Salavon and Shakhnarovich, "STROTSS", CVPR 2019, who divide by
    each column's sum.

    picture, reference: (1, 3, H, W) of the same size.
    """
    _check_pair(picture, reference)
    differences = []
    for ours, theirs in list(zip(_rows(picture), _rows(reference.to(picture.device)), strict=True))[1:]:
        if len(ours) > 1:  # below 47 pixels the deep layers have one place, which is like itself
            mine, other = (1 - rows @ rows.T for rows in (ours, theirs))
            mine, other = (pairs / pairs.mean().clamp_min(SAME) for pairs in (mine, other))
            differences.append(float((mine - other).abs().mean()))
    return sum(differences) / len(differences)


@torch.no_grad()
def ssim(picture: Tensor, reference: Tensor) -> float:
    """How alike two pictures are in brightness, contrast and structure, window by window: 1 for the same picture.

    SSIM = mean of (2 m n + C1)(2 s_xy + C2) / ((m^2 + n^2 + C1)(s_x^2 + s_y^2 + C2)) over windows and colours, with
    m, n the means in a window, s_x^2, s_y^2 the variances, s_xy the covariance, C1 = 0.01^2, C2 = 0.03^2; the window is
    a Gaussian, 11 x 11 pixels, of standard deviation 1.5 (Wang, Bovik, Sheikh and Simoncelli 2004, equation 13). From
    -1 to 1; 0 for pictures that have nothing in common.

    picture, reference: (1, 3, H, W) of the same size, at least 11 pixels a side.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure  # takes seconds to import

    _check_pair(picture, reference)
    height, width = picture.shape[-2:]
    if min(height, width) < SSIM_WINDOW:
        raise ValueError(
            _(
                "A picture of {width} x {height} pixels is too small for SSIM, which compares windows: the shorter "
                "side needs at least {least} pixels.",
                width=width,
                height=height,
                least=SSIM_WINDOW,
            )
        )
    # Variances are differences of nearly equal numbers, so float64; on the processor, as not every GPU has that.
    pair = picture.cpu().double(), reference.cpu().double()
    everywhere = structural_similarity_index_measure(*pair, data_range=1.0, return_full_image=True)[1]
    # torchmetrics mirrors the picture beyond its edges; the paper keeps to windows that lie inside it.
    edge = SSIM_WINDOW // 2
    return float(everywhere[..., edge:-edge, edge:-edge].mean())


@lru_cache(maxsize=1)
def _heads(device: torch.device) -> tuple[Tensor, ...]:
    """The weights of LPIPS for the channels of AlexNet's five layers, each (1, C, 1, 1)."""
    return tuple(head.to(device) for head in weights.load("lpips-alexnet").values())


@torch.no_grad()
def restlessness(picture: Tensor, content: Tensor, style: Tensor) -> float:
    """How much goes on in a picture where nothing goes on in its content, in parts of what the style needs for calm.

    The mean slope of brightness over the calm half of the *content*, by the mean slope over the calm half of the
    *style*. 1: a calm sky is painted as calmly as the painter did his own; 3: three times the edges or three times
    the contrast. Near 0 for an untouched photograph. Our own measure, checked against eyes: see the README.

    picture, content: (1, 3, H, W) of the same size; style: of any size, with strokes as large as it was looked at.
    """
    _check_pair(picture, content)
    _check(style)
    if min(*picture.shape[-2:], *style.shape[-2:]) < 2:
        raise ValueError(_("Restlessness compares neighbours: give pictures of at least 2 pixels a side."))
    content, style = (each.to(picture.device) for each in (content, style))
    calm = [slopes <= slopes.median() for slopes in (_slopes(content), _slopes(style))]
    ours, theirs = (_slopes(each)[where].mean() for each, where in zip((picture, style), calm, strict=True))
    return float(ours / theirs.clamp_min(1 / 255))


def _slopes(picture: Tensor) -> Tensor:
    """How much the brightness changes from each point to the next, downwards and to the right, (H - 1, W - 1)."""
    grey = luminance(picture.float())[0, 0]
    return torch.hypot(grey[1:, :-1] - grey[:-1, :-1], grey[:-1, 1:] - grey[:-1, :-1])


def _rows(picture: Tensor) -> list[Tensor]:
    """Of each of AlexNet's layers the features of its places, (places, C), each of length 1.

    Pairs of places are compared, so of a large map only every second place is taken, or every third, and so on.
    """
    _check(picture)
    network, rows = networks.shared("alexnet", picture.device, LAYERS["alexnet"]), []
    for features in network(picture.float()).values():
        step = math.ceil(math.sqrt(features.shape[2] * features.shape[3] / MOST_PLACES))
        rows.append(_unit_length(features[0, :, ::step, ::step].flatten(1).T))
    return rows


def _unit_length(features: Tensor) -> Tensor:
    return features / (features.norm(dim=1, keepdim=True) + 1e-10)  # a position where nothing fires stays 0


def _check_pair(picture: Tensor, reference: Tensor):
    _check(picture)
    _check(reference)
    if picture.shape != reference.shape:
        (height, width), (other_height, other_width) = picture.shape[-2:], reference.shape[-2:]
        raise ValueError(
            _(
                "The pictures are compared position by position, but one is {width} x {height} pixels and the other "
                "{other_width} x {other_height}: give both the same size.",
                width=width,
                height=height,
                other_width=other_width,
                other_height=other_height,
            )
        )


def _check(picture: Tensor):
    if not isinstance(picture, Tensor) or picture.is_nested or not picture.is_floating_point():
        what = picture.dtype if isinstance(picture, Tensor) else type(picture).__name__
        raise ValueError(
            _("A picture to judge is a tensor of floating-point numbers, as images.load gives, not {what}.", what=what)
        )
    if picture.ndim != 4 or picture.shape[:2] != (1, 3) or picture.numel() == 0:
        raise ValueError(_("A picture to judge has the shape (1, 3, H, W), not {shape}.", shape=tuple(picture.shape)))
    lowest, highest = (float(value) for value in picture.float().aminmax())  # float8 cannot be compared
    if not (lowest >= 0 and highest <= 1):  # so written that NaN fails too
        raise ValueError(
            _(
                "The values of a picture to judge go from 0 to 1, but these go from {lowest:g} to {highest:g}: "
                "divide by 255 what is in bytes, and clamp what was optimised.",
                lowest=lowest,
                highest=highest,
            )
        )
