"""How good the pictures are, and what they take: `gatys` beside `fine`, judged by AlexNet."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from benchmarks import machine, pictures
from benchmarks.speed_report import table
from style_helpers import images, metrics, networks, transfer, weights
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

CONTENTS = ("astronaut", "summer-palace", "flower", "chelsea-the-cat")
STYLES = ("van-gogh-village-street-in-auvers", "hokusai-great-wave", "kandinsky-composition-viii")
# Measured for this project with style-transfer-pytorch's own defaults at 128, 181, 256 px, VGG-16, on two CPU cores
PEER = {"who": "style-transfer-pytorch", "lpips": 0.493, "style": 0.563, "seconds": 1500.0}


@dataclass(frozen=True)
class Plan:
    """What is compared; `quick` is the same in miniature, for a test of the benchmark itself."""

    contents: tuple[str, ...] = CONTENTS
    size: int = 256
    styles: tuple[str, ...] = STYLES
    gatys: Settings = field(default_factory=partial(Settings.gatys, evaluations=150))
    fine: Settings = field(default_factory=Settings.fine)


QUICK = Plan(CONTENTS[:1], 64, STYLES[:1], Settings.gatys(evaluations=4), Settings.fine(evaluations=4))


def measure(plan: Plan, device: torch.device) -> Iterator[tuple[dict, tuple[Tensor, ...]]]:
    """For each pair its figures, and its content, style, `gatys` and `fine` pictures."""
    network = networks.load("vgg16")
    for content_name in plan.contents:
        for style_name in plan.styles:
            pair = pictures.content(content_name, plan.size, device), pictures.style(style_name, plan.size, device)
            gatys, fine = (painted(network, pair, settings) for settings in (plan.gatys, plan.fine))
            shown = (*pair, gatys.pop("picture"), fine.pop("picture"))
            yield {"content": content_name, "style": style_name} | compared(gatys, fine), shown


def painted(network, pair: tuple[Tensor, Tensor], settings: Settings) -> dict:
    """The picture that a run ends with, what it took (targets and all), and what the metrics say."""
    began = time.perf_counter()
    descent = transfer.Run(StyleObjective(network, *pair, settings))
    for _ in descent:
        pass
    result = descent.result()
    machine.wait_for(result.picture.device)
    taken = {"picture": result.picture, "evaluations": len(result.history), "seconds": time.perf_counter() - began}
    return taken | metrics.judge(result.picture, *pair) | with_vgg19(result.picture, pair[1])


def with_vgg19(picture: Tensor, style: Tensor) -> dict[str, float]:
    """The style distance in a VGG that the picture was not made with, where its weights are on this machine."""
    return {"style_vgg19": metrics.style_distance_to(picture, style, "vgg19")} if weights.find("vgg19") else {}


def compared(gatys: dict, fine: dict) -> dict:
    """Both, and their ratios: below 1, `fine` is nearer, or quicker."""
    ratios = {name: fine[name] / gatys[name] for name in ("lpips", "style", "seconds")}
    return {"gatys": gatys, "fine": fine, "ratios": ratios}


def pairs_table(pairs: list[dict]) -> str:
    rows = []
    for pair in pairs:
        cells = [f"{pair['content']} x {pair['style']}"]
        for name in ("gatys", "fine"):
            cells += [f"{pair[name][key]:.3f}" for key in ("lpips", "style", "ssim")]
            cells += [f"{pair[name]['seconds']:.1f}", pair[name]["evaluations"]]
        rows.append((*cells, *(f"{ratio:.2f}" for ratio in pair["ratios"].values())))
    each = ("LPIPS", "style", "SSIM", "s", "evaluations")
    headings = ("pair", *(f"gatys {name}" for name in each), *(f"fine {name}" for name in each))
    headings += tuple(f"ratio of {name}" for name in ("LPIPS", "style", "seconds"))
    nearer = [{name for name in ("lpips", "style") if pair["ratios"][name] < 1} for pair in pairs]
    counts = f"style {sum('style' in each for each in nearer)}, content {sum('lpips' in each for each in nearer)}"
    both = f"both {sum(len(each) == 2 for each in nearer)}"
    return f"{table(headings, rows)}\n\nfine nearer than gatys, of {len(pairs)} pairs: {counts}, {both}\n"


def peer_table(fine: dict) -> str:
    """`fine` on the first pair, beside somebody else's program."""
    rows = [
        (name, f"{of['lpips']:.3f}", f"{of['style']:.3f}", f"{of['seconds']:.1f}")
        for name, of in (("style-transfer-pytorch, 2,000 Adam steps", PEER), ("fine", fine))
    ]
    text = table(("astronaut x village street", "LPIPS", "style distance", "seconds"), rows)
    return f"{text}\n\nfine in 1/{PEER['seconds'] / fine['seconds']:.0f} of the peer's time\n"


def contact_sheet(pairs: list[dict], shown: list[tuple[Tensor, ...]]) -> bytes:
    """A JPEG with a row for each pair: content, style, `gatys`, `fine`."""
    figure = images.new_figure(11, 2.1 * len(pairs))
    grid = figure.subplots(len(pairs), 4, squeeze=False)
    for row, pair, four in zip(grid, pairs, shown, strict=True):
        titles = [pair["content"], pair["style"]]
        for name in ("gatys", "fine"):
            of = pair[name]
            titles.append(f"{name}: LPIPS {of['lpips']:.3f}, style {of['style']:.3f}, {of['seconds']:.0f} s")
        for axes, picture, title in zip(row, four, titles, strict=True):
            axes.imshow(images.to_pil(picture))
            axes.set_title(title, fontsize=8, parse_math=False)
            axes.set_axis_off()
    page = io.BytesIO()
    figure.savefig(page, format="jpeg", dpi=90, bbox_inches="tight", pil_kwargs={"quality": 85})
    return page.getvalue()
