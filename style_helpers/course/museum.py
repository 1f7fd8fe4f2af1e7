"""A museum of bugs: one small, correct style transfer, and a switch at each place where people make a mistake.

The program is `pictures`, `layers`, `trained`, `features`, `gram`, `targets`, `terms`, `first_picture`, `backward` and
`descend`; `watch` puts them together. In each of them an `if bug == "..."` stands where that mistake is made; without a
bug none of them is taken. All is written plainly, on top of `networks` and `losses`: `transfer.Run` refuses or prevents
most of these mistakes. The labels, with the test that catches each bug, are in `bugs`.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from style_helpers import losses, metrics, networks
from style_helpers.course.bugs import BUGS
from style_helpers.images import fit
from style_helpers.language import _
from style_helpers.objective import RANGE_WEIGHT
from style_helpers.settings import LBFGS, shortened

CONTENT_LAYERS = {"alexnet": ("conv4",), "vgg16": ("conv4_2",)}  # before the ReLU, as the paper's figures name it
STYLE_LAYERS = {
    "alexnet": ("relu1", "relu2", "relu3", "relu4"),
    "vgg16": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
}
SHALLOW = {  # the old tutorial's five; AlexNet has only five convolutions in all, so there it is the first two
    "alexnet": ("relu1", "relu2"),
    "vgg16": ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"),
}
STYLE_WEIGHT = 3e5  # with it, photograph and artwork are both well seen at 128 pixels


class Losses(NamedTuple):
    """What the program believes of one picture: weighted, as it computes them."""

    total: float
    content: float
    style: float


# The program, one part after the other. Each mistake stands where people make it.


def pictures(content: Tensor, style: Tensor, bug: str | None = None) -> tuple[Tensor, Tensor]:
    """The two pictures as the program reads them: (1, 3, H, W), 0 to 1, if nothing is wrong."""
    if bug == "grey photo":
        content = content.mean(1, keepdim=True)
    if bug == "alpha channel":
        content = torch.cat([content, torch.ones_like(content[:, :1])], dim=1)
    if bug == "swapped channels":
        content, style = content.flip(1), style.flip(1)
    if bug == "0 to 255":
        content, style = 255 * content, 255 * style
    if bug == "one square size":
        side = min(content.shape[-2:])
        content, style = fit(content, side, side), fit(style, side, side)
    return content, style


def layers(network: str, bug: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the content layers and of the style layers."""
    style_layers = SHALLOW[network] if bug == "shallow layers" else STYLE_LAYERS[network]
    return CONTENT_LAYERS[network], style_layers


def trained(network: str, bug: str | None = None) -> networks.Features:
    """The trained network, on the CPU. Its weights need no gradient: the pixels learn, not the network."""
    net = networks.load(network, device="cpu")
    for name, module in net.body.items():
        if isinstance(module, nn.Conv2d):
            net.body[name] = _plain(module)
    # torch leaves weights trainable. Only then do targets that were not detached hang on a graph.
    net.body.requires_grad_(bug in ("trainable weights", "targets not detached"))
    return net


def _plain(ours: nn.Conv2d) -> nn.Conv2d:
    """torch's own convolution with the same weights. Ours has a gradient of its own when frozen, which rounds anew."""
    plain = nn.Conv2d(*ours.weight.shape[1::-1], ours.kernel_size, ours.stride, ours.padding, device="meta")
    plain.weight, plain.bias = ours.weight, ours.bias
    return plain


def features(
    net: networks.Features, picture: Tensor, names: tuple[str, ...], bug: str | None = None
) -> dict[str, Tensor]:
    """The feature maps (1, C, H', W') of the named layers, by name."""
    x = picture if bug == "no normalisation" else (picture - net.mean) / net.std
    found = {}
    for name, module in net.body.items():
        in_place = bug == "in-place ReLU" and isinstance(module, nn.ReLU)
        x = x.relu_() if in_place else module(x)
        if name in names:
            found[name] = x
        if len(found) == len(names) and bug != "network to the end":
            break
    return found


def gram(maps: Tensor, bug: str | None = None) -> Tensor:
    """The Gram matrix of feature maps (1, C, H, W), divided by C H W: (1, C, C)."""
    if bug == "Gram not divided":
        return maps.flatten(2) @ maps.flatten(2).transpose(1, 2)
    return losses.gram_matrix(maps)


def targets(
    net: networks.Features, content: Tensor, style: Tensor, network: str, bug: str | None = None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What is wished for: the content's features and the style's Gram matrices, each by layer. Computed once."""
    content_layers, style_layers = layers(network, bug)
    of_content = features(net, content, content_layers, bug)
    of_style = {name: gram(maps, bug) for name, maps in features(net, style, style_layers, bug).items()}
    if bug == "targets not detached":
        return of_content, of_style
    return tuple({name: target.detach() for name, target in wish.items()} for wish in (of_content, of_style))


def terms(found: dict, of_content: dict, of_style: dict, weight: float, bug: str | None = None) -> dict[str, Tensor]:
    """Each weighted distance, a scalar, by name; their sum is the total."""
    result = {f"content {name}": losses.content_distance(found[name], target) for name, target in of_content.items()}
    for name, target in of_style.items():
        ours = gram(found[name], bug)
        if bug == "weight squared":
            result[f"style {name}"] = losses.style_distance(weight * ours, weight * target)
        else:
            result[f"style {name}"] = weight * losses.style_distance(ours, target)
    return result


def first_picture(content: Tensor, start: str = "content", bug: str | None = None) -> Tensor:
    """Where the descent begins: a copy of the content picture or even noise, as a leaf that wants a gradient."""
    random = torch.Generator().manual_seed(0)
    if bug == "normal noise":
        picture = torch.randn(content.shape, generator=random).clamp(0, 1).to(content.device)
    elif start == "noise":
        picture = torch.rand(content.shape, generator=random).to(content.device)
    else:
        picture = content.clone()
    return picture if bug == "no requires_grad" else picture.requires_grad_()


def backward(parts: dict[str, Tensor], bug: str | None = None) -> Tensor:
    """Puts the gradient of the sum into the picture. Returns the sum."""
    total = sum(parts.values())
    if bug == "a backward for each term":
        for part in parts.values():
            part.backward(retain_graph=True)
    else:
        total.backward()
    return total


def descend(picture: Tensor, terms_of: Callable, evaluations: int, bug: str | None = None) -> Iterator[tuple]:
    """L-BFGS on the pixels of `picture`. Yields for each evaluation a copy of the picture, and its terms as numbers."""
    moves = 20 if bug == "steps are closures" else 1  # 20 is torch's default: one step() calls the closure 20 times
    known = LBFGS | {"max_iter": moves}
    optimizer = torch.optim.LBFGS([picture], **known)
    seen = []

    def closure() -> Tensor:
        if bug == "clamp in the closure":
            picture.data.clamp_(0, 1)
        if bug != "no zero_grad":
            optimizer.zero_grad()
        parts = terms_of(picture)
        total = backward(parts, bug)
        seen.append((picture.detach().clone(), {name: part.item() for name, part in parts.items()}))
        return total.detach()

    done = 0
    while done <= evaluations if bug == "steps are closures" else done < evaluations:
        if bug == "new optimiser each step":
            optimizer = torch.optim.LBFGS([picture], **known)
        optimizer.step(closure)
        done += len(seen)
        yield from seen
        seen.clear()


def watch(
    content: Tensor,
    style: Tensor,
    bug: str | None = None,
    evaluations: int = 60,
    network: str = "alexnet",
    start: str = "content",
) -> Iterator[tuple[int, Tensor, Losses]]:
    """The program at work: after each evaluation its number from 1, the picture (1, 3, H, W), 0 to 1, and the losses.

    content, style: (1, 3, H, W), 0 to 1, of any two sizes. bug: a name in `BUGS`, or None for the correct program.
    network: "alexnet" or "vgg16". start: "content" or "noise". Raises KeyError for a bug that is not there, and
    whatever the broken program raises. In quick mode there are fewer evaluations.
    """
    if bug is not None:
        BUGS[bug]  # a misspelt bug would be the correct program
    content, style = pictures(content, style, bug)
    net = trained(network, bug).to(content.device)
    picture = first_picture(content, start, bug)
    wishes = targets(net, content, style, network, bug)
    names = tuple(dict.fromkeys(name for wish in wishes for name in wish))

    def terms_of(picture: Tensor) -> dict[str, Tensor]:
        parts = terms(features(net, picture, names, bug), *wishes, STYLE_WEIGHT, bug)
        if bug != "clamp in the closure":
            parts["range"] = RANGE_WEIGHT * losses.outside_range(picture)
        return parts

    steps = descend(picture, terms_of, shortened(evaluations), bug)
    for evaluation, (seen, parts) in enumerate(steps, start=1):
        by_kind = [
            sum(value for name, value in parts.items() if name.startswith(kind)) for kind in ("content", "style")
        ]
        yield evaluation, seen.clamp(0, 1).expand(-1, 3, -1, -1), Losses(sum(parts.values()), *by_kind)


@dataclass(frozen=True)
class Exhibit:
    """What a program, broken or not, leaves behind.

    picture                 (1, 3, H, W), 0 to 1: the last one that it evaluated; the content picture if there is none
    totals, content, style  for each evaluation what the program itself believes, weighted
    note                    one sentence if it ended early, with the error; empty if it did not
    seconds                 that it took
    work                    multiplications and additions of one evaluation, on average, in millions
    true_content            LPIPS between the picture and the content picture
    true_style              relative distance of Gram matrices to the style picture, in a network that it did not use
    """

    picture: Tensor
    totals: tuple[float, ...]
    content: tuple[float, ...]
    style: tuple[float, ...]
    note: str
    seconds: float
    work: float
    true_content: float
    true_style: float


def exhibit(
    content: Tensor,
    style: Tensor,
    bug: str | None = None,
    evaluations: int = 60,
    network: str = "alexnet",
    start: str = "content",
) -> Exhibit:
    """Runs the program with one bug, or correct with None, to its end or its error. Arguments as for `watch`."""
    began, seen, picture, note = time.perf_counter(), [], content, ""
    with FlopCounterMode(display=False) as counter:
        try:
            for number, shown, says in watch(content, style, bug, evaluations, network, start):
                seen.append(says)
                if not math.isfinite(says.total):
                    note = runaway(number, says.total)
                    break
                picture = shown
        except RuntimeError as error:  # how torch reports each of these mistakes
            note = stopped(len(seen) + 1, error)
    seconds = time.perf_counter() - began
    judged = fit(picture, *content.shape[-2:])  # a square is judged as it hangs beside the photo
    return Exhibit(
        picture,
        *(tuple(values) for values in (zip(*seen, strict=True) if seen else ((), (), ()))),
        note,
        seconds,
        counter.get_total_flops() / 1e6 / max(1, len(seen)),
        metrics.lpips(judged, content),
        metrics.style_distance_to(judged, style, "alexnet" if network == "vgg16" else "vgg16"),
    )


def runaway(evaluation: int, total: float) -> str:
    """What is noted of a total that is no longer a finite number."""
    return _("Evaluation {evaluation} gives a total of {total}.", evaluation=evaluation, total=total)


def stopped(evaluation: int, error: RuntimeError) -> str:
    """What is noted of an error: the first sentence of torch's message."""
    told = f"{type(error).__name__}: {str(error).split('. ')[0].rstrip('.')}"
    return _("Evaluation {evaluation} stops with {error}.", evaluation=evaluation, error=told)


# The key to exercise 2 of lesson 08: do not read on if you want to solve it.
MYSTERIES = {
    "A": "new optimiser each step",
    "B": "weight squared",
    "C": "steps are closures",
    "D": "in-place ReLU",
    "E": "no zero_grad",
}


def mystery(letter: str, content: Tensor, style: Tensor, evaluations: int = 60, network: str = "alexnet") -> Exhibit:
    """The exhibit behind a letter, "A" to "E", whose bug is not told. Raises KeyError for another letter."""
    return exhibit(content, style, MYSTERIES[letter], evaluations, network)


def try_test(bug: str, broken: bool) -> str:
    """Runs a bug's test against the broken program, or against the right one: "passed", or what pytest would show."""
    switched = bug if broken else None
    program = (pictures, layers, trained, features, gram, targets, terms, first_picture, backward, descend)
    namespace = {part.__name__: partial(part, bug=switched) for part in program} | {"torch": torch}
    exec(BUGS[bug].test, namespace)  # our own text, from bugs.py
    (test,) = (thing for name, thing in namespace.items() if name.startswith("test_"))
    try:
        test()
    except Exception as error:
        return _("failed: {error}", error=f"{type(error).__name__} {error}".strip())
    return _("passed")
