"""Other people's programs beside our presets: the same pictures, the same VGG-16, the same judges, one run.

Their code is not ours to ship: `python -m benchmarks peers` takes the folders into which their repositories were
cloned, and runs each in a process of its own. It changes two things in what they import: torchvision gives them our
copy of VGG-16; and where there is no GPU, NNST's matching of colours, which asks for one all the same, does without.
Their settings are their own defaults, but for the size: NNST's is 512 pixels, and the last of its
five passes compares some layers otherwise in smaller pictures. What they import must be there: imageio for the one,
aiohttp for the other. Seconds are those of the painting, without the start of Python and of torch.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from benchmarks import pictures
from benchmarks.quality import JUDGES, judged, painted
from benchmarks.speed_report import table
from style_helpers import images, networks
from style_helpers.settings import PRESETS, Settings

ROOT = Path(__file__).resolve().parent.parent


class PeerError(Exception):
    """A program that is not there, or did not end well; the message is for the terminal."""


@dataclass(frozen=True)
class Plan:
    """The pairs, the shorter side, and whether every pass of the peers is cut to 2 steps, to see that it works."""

    pairs: tuple[tuple[str, str], ...] = (("astronaut", "van-gogh-village-street-in-auvers"),)
    size: int = 256
    quick: bool = False


QUICK = Plan(quick=True)  # not smaller: NNST halves its pictures eight times


def nnst(content, style, quick: bool):
    """Kolkin et al. 2022, github.com/nkolkin13/NeuralNeighborStyleTransfer, as its styleTransfer.py calls it."""
    from pretrained.vgg import Vgg16Pretrained
    from utils import misc, stylize

    misc.USE_GPU = content.is_cuda
    network = misc.to_device(Vgg16Pretrained())
    return stylize.produce_stylization(
        content,
        style,
        lambda picture, layers, concatenated: network.forward(picture, inds=layers, concat=concatenated),
        max_iter=2 if quick else 200,
        lr=2e-3,
        content_weight=0.25,
        max_scls=4,
        flip_aug=True,
    )


def crowson(content, style, quick: bool):
    """Crowson 2021, github.com/crowsonkb/style-transfer-pytorch: transport between Gaussians, Adam, coarse to fine."""
    from style_transfer.style_transfer import StyleTransfer

    steps = {"iterations": 2, "initial_iterations": 2} if quick else {}
    program = StyleTransfer(devices=[content.device.type])
    pair = images.to_pil(content), images.to_pil(style)
    program.stylize(pair[0], [pair[1]], end_scale=max(content.shape[-2:]), **steps)
    return program.get_image_tensor()[None]


CROWSON = "style-transfer-pytorch"
PROGRAMS = {"nnst": nnst, CROWSON: crowson}


def measure(plan: Plan, folders: dict[str, Path], device: torch.device) -> Iterator[tuple[dict, torch.Tensor]]:
    """For each pair and each program or preset its figures and its picture."""
    network = networks.load("vgg16")
    for content, style in plan.pairs:
        pair = pictures.content(content, plan.size, device), pictures.style(style, plan.size, device)
        for who, folder in folders.items():
            picture, seconds = in_its_own_process(who, folder, pair, plan.quick)
            found = {"seconds": seconds} | judged(picture, *pair)
            yield {"content": content, "style_picture": style, "who": who} | found, picture
        for preset in PRESETS:
            settings = Settings.preset(preset, **({"evaluations": 4} if plan.quick else {}))
            found = painted(network, pair, settings)
            picture = found.pop("picture")
            yield {"content": content, "style_picture": style, "who": preset} | found, picture


def in_its_own_process(who: str, folder: Path, pair: tuple[torch.Tensor, torch.Tensor], quick: bool):
    """Its picture, and how long it painted."""
    with tempfile.TemporaryDirectory() as scratch:
        torch.save(pair, Path(scratch) / "pair.pt")
        options = [who, str(folder.resolve()), str(scratch), *(["quick"] if quick else [])]
        ran = subprocess.run([sys.executable, "-m", "benchmarks.peers", *options], cwd=ROOT, stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, text=True, encoding="utf-8", errors="replace")  # fmt: skip
        if ran.returncode:
            said = (ran.stderr.strip().splitlines() or ["It said nothing."])[-1]
            raise PeerError(f"{who} in {folder} did not end well: {said}")
        seconds = json.loads((Path(scratch) / "seconds.json").read_text())
        return torch.load(Path(scratch) / "picture.pt", weights_only=True), seconds


def lend_weights():
    """torchvision's VGG-16 with our copy of its weights, which needs no network; as VGG-19 too, where asked for that.

    Three layers of VGG-19 that VGG-16 has not are passed through, so that every other layer has the number it expects.
    """
    import torchvision

    vgg16 = pictures.torchvision_layers("cpu")
    vgg19 = nn.Sequential()
    for layer in vgg16:
        if isinstance(layer, nn.MaxPool2d) and len(vgg19) > 10:
            vgg19.extend([nn.Identity(), nn.Identity()])
        vgg19.append(layer)
    # They take nothing but the features
    torchvision.models.vgg16 = lambda **_: SimpleNamespace(features=vgg16)
    torchvision.models.vgg19 = lambda **_: SimpleNamespace(features=vgg19)


def act_as(who: str, folder: str, scratch: str, *quick: str):
    """What the process of one program does."""
    sys.path.insert(0, folder)
    lend_weights()
    if not torch.cuda.is_available():
        torch.Tensor.cuda = lambda tensor: tensor
    pair = torch.load(Path(scratch) / "pair.pt", weights_only=True)
    for seeded in (random.seed, np.random.seed, torch.manual_seed):
        seeded(0)
    began = time.perf_counter()
    picture = PROGRAMS[who](*pair, bool(quick))
    (Path(scratch) / "seconds.json").write_text(json.dumps(time.perf_counter() - began))
    torch.save(picture.detach().clamp(0, 1).to(pair[0]), Path(scratch) / "picture.pt")


def as_table(found: list[dict]) -> str:
    judges = [name for name in JUDGES if name in found[0]]
    rows = [
        (f"{one['content']} x {one['style_picture']}", one["who"], f"{one['seconds']:.0f}",
         *(f"{one[name]:.3f}" for name in judges))
        for one in found
    ]  # fmt: skip
    return table(("pair", "program or preset", "s", *(JUDGES[name] for name in judges)), rows)


if __name__ == "__main__":
    act_as(*sys.argv[1:])
