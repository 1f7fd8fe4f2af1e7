"""How good the presets' pictures are, and what they take, judged by a network that none of them was made with."""

import io
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks import machine, pictures
from benchmarks.speed_report import table
from style_helpers import images, metrics, networks, transfer, weights
from style_helpers.objective import StyleObjective
from style_helpers.settings import PRESETS, Settings

CONTENTS = ("astronaut", "summer-palace", "flower", "chelsea-the-cat")
STYLES = ("van-gogh-village-street-in-auvers", "hokusai-great-wave", "kandinsky-composition-viii")
JUDGES = {
    "lpips": "LPIPS",
    "ssim": "SSIM",
    "self_similarity": "self-similarity",
    "style": "style",
    "to_style": "to style",
    "from_style": "from style",
    "restlessness": "restlessness",
    "style_vgg19": "style, VGG-19",
}


@dataclass(frozen=True)
class Plan:
    """The pairs, the shorter side, and how many evaluations: None leaves each preset its own."""

    contents: tuple[str, ...] = CONTENTS
    styles: tuple[str, ...] = STYLES
    size: int = 256
    evaluations: int | None = None


QUICK = Plan(CONTENTS[:1], STYLES[:1], 64, 4)


def measure(plan: Plan, device: torch.device) -> Iterator[tuple[dict, tuple[Tensor, ...]]]:
    """For each pair each preset's figures, and its content, its style, and each preset's picture."""
    network, changes = networks.load("vgg16"), {}
    if plan.evaluations:
        changes["evaluations"] = plan.evaluations
    for content, style in ((content, style) for content in plan.contents for style in plan.styles):
        pair = pictures.content(content, plan.size, device), pictures.style(style, plan.size, device)
        of = {name: painted(network, pair, Settings.preset(name, **changes)) for name in PRESETS}
        shown = (*pair, *(figures.pop("picture") for figures in of.values()))
        yield {"content": content, "style": style, "presets": of}, shown


def painted(network, pair: tuple[Tensor, Tensor], settings: Settings) -> dict:
    """The picture that a run ends with, what it took (targets and all), and what the judges say."""
    began = time.perf_counter()
    descent = transfer.Run(StyleObjective(network, *pair, settings))
    for _ in descent:
        pass
    result = descent.result()
    machine.wait_for(result.picture.device)
    taken = {"picture": result.picture, "evaluations": len(result.history), "seconds": time.perf_counter() - began}
    return taken | judged(result.picture, *pair)


def judged(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """All metrics, with the style distance in a VGG that the picture was not made with, where this machine has it."""
    found = metrics.judge(picture, content, style)
    if weights.find("vgg19"):
        found["style_vgg19"] = metrics.style_distance_to(picture, style, "vgg19")
    return found


def presets_table(pairs: list[dict]) -> str:
    """The mean of each judge over the pairs, the median of the seconds, and on how many pairs `gatys` is beaten."""
    rows, judges = [], [name for name in JUDGES if name in pairs[0]["presets"]["gatys"]]
    for preset in PRESETS:
        of = [pair["presets"][preset] for pair in pairs]
        seconds = statistics.median(each["seconds"] for each in of)
        means = [statistics.fmean(each[name] for each in of) for name in judges]
        rows.append((preset, f"{seconds:.1f}", *(f"{mean:.3f}" for mean in means), *nearer(pairs, preset)))
    counts = ("content nearer than gatys", "style nearer", "both")
    return table(("preset", "s", *(JUDGES[name] for name in judges), *counts), rows)


def nearer(pairs: list[dict], preset: str) -> tuple[int, int, int]:
    """On how many pairs a preset is nearer than `gatys` to the content (LPIPS), to the style, and to both."""
    both = [(pair["presets"][preset], pair["presets"]["gatys"]) for pair in pairs]
    content = [mine["lpips"] < theirs["lpips"] for mine, theirs in both]
    style = [mine["style"] < theirs["style"] for mine, theirs in both]
    return sum(content), sum(style), sum(map(all, zip(content, style, strict=True)))


def pairs_table(pairs: list[dict]) -> str:
    """LPIPS, style distance and seconds of every picture."""
    each = ("lpips", "style", "seconds")
    rows = [
        (
            f"{pair['content']} x {pair['style']}",
            *(f"{of[name]:.3g}" for of in pair["presets"].values() for name in each),
        )
        for pair in pairs
    ]
    return table(("pair", *(f"{preset}: {name}" for preset in PRESETS for name in ("LPIPS", "style", "s"))), rows)


def contact_sheet(pairs: list[dict], shown: list[tuple[Tensor, ...]]) -> bytes:
    """A JPEG with a row for each pair: content, style, and what each preset makes of them."""
    columns = 2 + len(PRESETS)
    figure = images.new_figure(2.7 * columns, 2.1 * len(pairs))
    grid = figure.subplots(len(pairs), columns, squeeze=False)
    for row, pair, pictures_of in zip(grid, pairs, shown, strict=True):
        titles = [pair["content"], pair["style"]]
        for name, of in pair["presets"].items():
            titles.append(f"{name}: LPIPS {of['lpips']:.3f}, style {of['style']:.3f}, {of['seconds']:.0f} s")
        for axes, picture, title in zip(row, pictures_of, titles, strict=True):
            axes.imshow(images.to_pil(picture))
            axes.set_title(title, fontsize=8, parse_math=False)
            axes.set_axis_off()
    page = io.BytesIO()
    figure.savefig(page, format="jpeg", dpi=90, bbox_inches="tight", pil_kwargs={"quality": 85})
    return page.getvalue()
