"""Judging a result with a network that was not optimised against: LPIPS, a relative style distance, SSIM.

A loss says how well the optimiser did at its own game. These say how close a picture is to its content (`lpips`,
`ssim`) and to its style (`style_distance_to`) by other measures, so that results of different settings compare.

Pictures are tensors (1, 3, H, W), 0 to 1, on any device: the first one's is where is computed. Each function returns a
Python float. All raise ValueError, with one sentence, for another shape, values outside 0 to 1, or a picture that is
too small; those that need AlexNet or a VGG fetch its weights first where this computer has none, and raise
weights.WeightsError when no source has them.
"""

from functools import lru_cache

import torch
from torch import Tensor

from style_helpers import networks, weights
from style_helpers.losses import gram_matrix

SSIM_WINDOW = 11  # pixels: a Gaussian of standard deviation 1.5, cut off at 3.5 of them
LAYERS = {
    "alexnet": ("relu1", "relu2", "relu3", "relu4", "relu5"),
    "vgg16": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    "vgg19": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
}


def judge(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """All of it at once: {"lpips": to the content, "style": to the style, "ssim": to the content}.

    picture, content: of the same size; style: of any size. The network is AlexNet: for the style in a VGG's features,
    ask `style_distance_to`.
    """
    return {
        "lpips": lpips(picture, content),
        "style": style_distance_to(picture, style),
        "ssim": ssim(picture, content),
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
            f"A picture of {width} x {height} pixels is too small for SSIM, which compares windows: "
            f"the shorter side needs at least {SSIM_WINDOW} pixels."
        )
    # Variances are differences of nearly equal numbers, so float64; on the processor, as not every GPU has that.
    pair = picture.cpu().double(), reference.cpu().double()
    _, everywhere = structural_similarity_index_measure(*pair, data_range=1.0, return_full_image=True)
    # torchmetrics mirrors the picture beyond its edges; the paper keeps to windows that lie inside it.
    edge = SSIM_WINDOW // 2
    return float(everywhere[..., edge:-edge, edge:-edge].mean())


@lru_cache(maxsize=1)
def _heads(device: torch.device) -> tuple[Tensor, ...]:
    """The weights of LPIPS for the channels of AlexNet's five layers, each (1, C, 1, 1)."""
    return tuple(head.to(device) for head in weights.load("lpips-alexnet").values())


def _unit_length(features: Tensor) -> Tensor:
    return features / (features.norm(dim=1, keepdim=True) + 1e-10)  # a position where nothing fires stays 0


def _check_pair(picture: Tensor, reference: Tensor):
    _check(picture)
    _check(reference)
    if picture.shape != reference.shape:
        (height, width), (other_height, other_width) = picture.shape[-2:], reference.shape[-2:]
        raise ValueError(
            f"The pictures are compared position by position, but one is {width} x {height} pixels and the other "
            f"{other_width} x {other_height}: give both the same size."
        )


def _check(picture: Tensor):
    if not isinstance(picture, Tensor) or picture.is_nested or not picture.is_floating_point():
        what = picture.dtype if isinstance(picture, Tensor) else type(picture).__name__
        raise ValueError(f"A picture to judge is a tensor of floating-point numbers, as images.load gives, not {what}.")
    if picture.ndim != 4 or picture.shape[:2] != (1, 3) or picture.numel() == 0:
        raise ValueError(f"A picture to judge has the shape (1, 3, H, W), not {tuple(picture.shape)}.")
    lowest, highest = (float(value) for value in picture.float().aminmax())  # float8 cannot be compared
    if not (lowest >= 0 and highest <= 1):  # so written that NaN fails too
        raise ValueError(
            f"The values of a picture to judge go from 0 to 1, but these go from {lowest:g} to {highest:g}: "
            "divide by 255 what is in bytes, and clamp what was optimised."
        )
