"""What a style weight buys: `gatys` and `fine` with several weights each, judged by AlexNet.

One picture of each preset says little: a larger weight brings the style nearer and takes the content away. The line
through several weights shows what a preset can reach.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from benchmarks import pictures
from benchmarks.quality import CONTENTS, STYLES, painted
from benchmarks.speed_report import table
from style_helpers import images, networks
from style_helpers.settings import Settings

LOOKS = {"gatys": ("#D55E00", "o", "--"), "fine": ("#0072B2", "s", "-")}


@dataclass(frozen=True)
class Plan:
    """The pairs, and for each preset its evaluations and style weights."""

    pairs: tuple[tuple[str, str], ...] = ((CONTENTS[0], STYLES[1]), (CONTENTS[1], STYLES[2]))
    size: int = 256
    evaluations: tuple[tuple[str, int], ...] = (("gatys", 150), ("fine", 180))
    weights: tuple[tuple[str, tuple[float, ...]], ...] = (("gatys", (12, 50, 200)), ("fine", (5, 9, 18, 36)))


QUICK = Plan(Plan.pairs[:1], 64, (("gatys", 2), ("fine", 3)), (("gatys", (25, 50)), ("fine", (9, 18))))


def measure(plan: Plan, device: torch.device) -> Iterator[dict]:
    network, evaluations = networks.load("vgg16"), dict(plan.evaluations)
    for content, style in plan.pairs:
        pair = pictures.content(content, plan.size, device), pictures.style(style, plan.size, device)
        for preset, weights in plan.weights:
            for weight in weights:
                settings = Settings.preset(preset, style_weight=weight, evaluations=evaluations[preset])
                found = painted(network, pair, settings)
                del found["picture"]
                yield {"content": content, "style_picture": style, "preset": preset, "style_weight": weight} | found


def as_table(found: list[dict]) -> str:
    rows = []
    for one in found:
        cells = (f"{one['content']} x {one['style_picture']}", one["preset"], f"{one['style_weight']:g}")
        rows.append((*cells, *(f"{one[key]:.3f}" for key in ("lpips", "style", "ssim")), f"{one['seconds']:.1f}"))
    return table(("pair", "preset", "style weight", "LPIPS", "style distance", "SSIM", "s"), rows)


def plot(found: list[dict]) -> bytes:
    """A PNG with one panel for each pair: style distance against LPIPS, a line for each preset."""
    pairs = list(dict.fromkeys((one["content"], one["style_picture"]) for one in found))
    figure = images.new_figure(3.4 * len(pairs), 3.4)
    panels = figure.subplots(1, len(pairs), squeeze=False)[0]
    for axes, pair in zip(panels, pairs, strict=True):
        for preset, (colour, marker, dash) in LOOKS.items():
            line = [one for one in found if (one["content"], one["style_picture"], one["preset"]) == (*pair, preset)]
            at = [one["lpips"] for one in line], [one["style"] for one in line]
            axes.plot(*at, dash, color=colour, marker=marker, label=preset)
            for one in line:
                axes.annotate(f"{one['style_weight']:g}", (one["lpips"], one["style"]), (4, 4),
                              textcoords="offset points", fontsize=9)  # fmt: skip
        axes.set_title(f"{pair[0]}\n{pair[1]}", fontsize=9, parse_math=False)
        axes.set_xlabel("LPIPS to the content")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("distance to the style")
    panels[0].legend()
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=80)
    return page.getvalue()
