"""How good the pictures are: `gatys` at one scale against `fine` in the same seconds, judged by AlexNet."""

import io
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks import machine, pictures
from benchmarks.speed_report import table
from style_helpers import images, metrics, networks, transfer, weights
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

CONTENTS = ("astronaut", "summer-palace", "flower", "chelsea-the-cat")
STYLES = ("van-gogh-village-street-in-auvers", "hokusai-great-wave", "kandinsky-composition-viii")
CLEARLY = 0.85  # "better" means at most this part of the other's distance
# Measured for this project with style-transfer-pytorch's own defaults at 128, 181, 256 px, VGG-16, on two CPU cores
PEER = {"who": "style-transfer-pytorch", "lpips": 0.493, "style": 0.563, "seconds": 1500.0}


@dataclass(frozen=True)
class Plan:
    """What is compared; `quick` is the same in miniature, for a test of the benchmark itself."""

    contents: tuple[str, ...] = CONTENTS
    size: int = 256
    styles: tuple[str, ...] = STYLES
    gatys_evaluations: int = 150
    calibration: int = 5  # evaluations at each scale, the first not counted
    fine: Settings = field(default_factory=Settings.fine)


QUICK = Plan(CONTENTS[:1], 64, STYLES[:1], 4, 2, Settings.fine(evaluations=4))


def measure(plan: Plan, device: torch.device) -> Iterator[tuple[dict, tuple[Tensor, ...]]]:
    """For each pair its figures, and its content, style, `gatys` and `fine` pictures."""
    network = networks.load("vgg16")
    for content_name in plan.contents:
        for style_name in plan.styles:
            pair = pictures.content(content_name, plan.size, device), pictures.style(style_name, plan.size, device)
            gatys = painted(network, pair, Settings.gatys(evaluations=plan.gatys_evaluations))
            evaluations = affordable(network, pair, plan, gatys["seconds"])
            fine = painted(network, pair, plan.fine.replace(evaluations=evaluations))
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


def affordable(network, pair: tuple[Tensor, Tensor], plan: Plan, seconds: float) -> int:
    """How many evaluations `fine` can do in these seconds, from a few timed at each scale of this very pair."""
    began = time.perf_counter()
    whole = StyleObjective(network, *pair, plan.fine)
    preparing, an_evaluation = time.perf_counter() - began, 0.0
    for scale, share in zip(plan.fine.scales, plan.fine.shares, strict=True):
        began = time.perf_counter()
        objective = whole.at(scale)
        if scale < 1:  # the run prepares each coarse scale when it comes to it
            preparing += time.perf_counter() - began
        alone = objective.with_settings(objective.settings.replace(scales=(1.0,), shares=(1.0,)))
        history = [step.seconds for step in transfer.Run(alone, evaluations=plan.calibration)]
        each = [later - earlier for earlier, later in itertools.pairwise(history)]
        an_evaluation += share * statistics.median(each)
    return max(len(plan.fine.scales), int((seconds - preparing) / an_evaluation))


def compared(gatys: dict, fine: dict) -> dict:
    """Both, their ratios (below 1: `fine` is nearer), and whether it is no worse in both and clearly better in one."""
    ratios = {name: fine[name] / gatys[name] for name in ("lpips", "style")}
    good = max(ratios.values()) <= 1 and min(ratios.values()) <= CLEARLY
    return {
        "gatys": gatys,
        "fine": fine,
        "ratios": ratios,
        "seconds_ratio": fine["seconds"] / gatys["seconds"],
        "no_worse_and_one_clearly_better": good,
    }


def against_peer(plan: Plan, device: torch.device) -> dict:
    """`fine` with its own number of evaluations on the peer's pair: the astronaut and Van Gogh's village street."""
    pair = pictures.content(CONTENTS[0], plan.size, device), pictures.style(STYLES[0], plan.size, device)
    ours = painted(networks.load("vgg16"), pair, plan.fine)
    del ours["picture"]
    return {"peer": PEER, "fine": ours, "times_as_fast": PEER["seconds"] / ours["seconds"]}


def pairs_table(pairs: list[dict]) -> str:
    rows = []
    for pair in pairs:
        cells = [f"{pair['content']} x {pair['style']}"]
        for name in ("gatys", "fine"):
            cells += [f"{pair[name][key]:.3f}" for key in ("lpips", "style", "ssim")]
            cells += [f"{pair[name]['seconds']:.1f}", pair[name]["evaluations"]]
        cells += [f"{pair['ratios']['lpips']:.2f} {pair['ratios']['style']:.2f}"]
        rows.append((*cells, "yes" if pair["no_worse_and_one_clearly_better"] else "no"))
    each = ("LPIPS", "style", "SSIM", "s", "evaluations")
    headings = ("pair", *(f"gatys {name}" for name in each), *(f"fine {name}" for name in each), "ratios", "good")
    good = sum(pair["no_worse_and_one_clearly_better"] for pair in pairs)
    return f"{table(headings, rows)}\n\nfine no worse in both, at least 15 % better in one: {good} of {len(pairs)}\n"


def peer_table(found: dict) -> str:
    rows = [
        (name, f"{of['lpips']:.3f}", f"{of['style']:.3f}", f"{of['seconds']:.1f}")
        for name, of in (("style-transfer-pytorch, 2,000 Adam steps", found["peer"]), ("fine", found["fine"]))
    ]
    text = table(("astronaut x village street", "LPIPS", "style distance", "seconds"), rows)
    return f"{text}\n\nfine in 1/{found['times_as_fast']:.0f} of the peer's time\n"


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
