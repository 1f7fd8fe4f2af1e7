"""The tug of war of lesson 06: how hard and which way the content and the style pull at each pixel of a picture."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from style_helpers import images, networks, transfer
from style_helpers.objective import StyleObjective
from style_helpers.panels.panel import Panel, Picture, Work, handler, picture_choices
from style_helpers.settings import Settings

WIDE = {"description_width": "150px"}
ROOM = {"width": "395px"}
WIDTH = 190  # of each picture, so that four stand side by side
MOMENTS = 14  # that are kept of a run, early ones close together
AGAINST, ACROSS, ALONG = (230, 97, 1), (247, 247, 247), (94, 60, 153)  # orange, pale, purple: cosine -1, 0, +1

Pulls = tuple[Tensor, Tensor]  # the gradients of content and of style, each (1, 3, H, W)


def begin(
    content: Tensor, style: Tensor, settings: Settings
) -> tuple[Iterable[transfer.Step], Callable[[Tensor], Pulls]]:
    """A real run, and what gives both gradients of a picture as they are before the style weight."""
    objective = StyleObjective(networks.load(settings.network), content, style, settings)

    def pulls(picture: Tensor) -> Pulls:
        picture = picture.clone().requires_grad_()
        terms = objective(picture)
        totals = [sum(term for name, term in terms.items() if name.startswith(kind)) for kind in ("content ", "style ")]
        (of_content,) = torch.autograd.grad(totals[0], picture, retain_graph=True)
        (of_style,) = torch.autograd.grad(totals[1], picture)
        return of_content, of_style / settings.style_weight

    return transfer.Run(objective), pulls


@dataclass(frozen=True)
class Moment:
    """A picture of the run, and both gradients there, before the style weight."""

    evaluation: int
    picture: Tensor
    content: Tensor
    style: Tensor


class TugOfWar(Panel):
    """Both gradients at a moment of a short run: how long they are at each pixel, and the angle between them.

    begin   gives a run and its gradients from a content picture, a style picture and settings
    """

    def __init__(self, begin: Callable = begin):
        super().__init__()
        self._begin = begin
        self.moments: list[Moment] = []
        self._ran_with = math.nan
        self._make_controls()
        self._make_views()
        knobs = ipywidgets.HBox(
            [
                ipywidgets.VBox([self.content, self.style_picture, self.network]),
                ipywidgets.VBox([self.evaluations, self.size]),
            ],
            layout={"flex_flow": "row wrap"},
        )
        buttons = ipywidgets.HBox([self.run_button, self.stop_button, self.progress, self.time_left])
        looks = ipywidgets.HBox([ipywidgets.VBox([self.moment, self.weight]), self.colours])
        for row in (buttons, looks):
            row.layout.flex_flow = "row wrap"
        self.children = [knobs, buttons, looks, self.status, self._maps, self.scale, self._more, self.words]
        self.say("Press Run: forty evaluations give the rope some moments to look at.")

    def _make_controls(self):
        look = {"style": WIDE, "layout": ROOM}
        self.content, self.style_picture = picture_choices(**look)
        self.network = ipywidgets.Dropdown(options=("alexnet", "vgg16"), description="network", **look)
        whole = {"continuous_update": False, **look}
        self.evaluations = ipywidgets.IntSlider(40, 10, 240, 10, description="evaluations", **whole)
        self.size = ipywidgets.IntSlider(96, 64, 128, 16, description="shorter side, pixels", **whole)
        self.weight = ipywidgets.FloatLogSlider(
            2, min=-2, max=3, step=0.1, readout_format=".3g", description="style weight", **whole
        )
        self.moment = ipywidgets.SelectionSlider(
            options=[("-", 0)], description="at evaluation", disabled=True, **whole
        )
        self.colours = ipywidgets.Checkbox(False, description="show towards which colour each pulls", indent=False)
        self.weight.observe(self._look, "value")
        self.moment.observe(self._look, "value")
        self.colours.observe(self._look, "value")
        self.run_button = ipywidgets.Button(description="Run", button_style="primary", tooltip="Begin a short run")
        self.stop_button = ipywidgets.Button(description="Stop", tooltip="End; the moments stay", disabled=True)
        self.run_button.on_click(self._run_pressed)
        self.stop_button.on_click(self.stop_pressed)
        self.progress = ipywidgets.FloatProgress(0, min=0, max=1, description="done")
        self.time_left = ipywidgets.Label()

    def _make_views(self):
        names = ("picture", "content pulls", "style pulls", "cosine of the angle")
        self.views = {name: Picture(WIDTH) for name in names}
        self.towards = {name: Picture(WIDTH) for name in ("content pulls towards", "style pulls towards")}
        self._maps, self._more = (_row(views) for views in (self.views, self.towards))
        self._maps.layout.visibility = "hidden"
        self._more.layout.display = "none"
        self.scale = ipywidgets.HTML()
        self.words = ipywidgets.HTML()

    # The run, in the background

    @handler
    def _run_pressed(self):
        settings = Settings.gatys(
            network=self.network.value,
            style_weight=float(f"{self.weight.value:.4g}"),
            evaluations=self.evaluations.value,
            precision="fp32",  # the angle between small gradients needs the digits
        )
        size = self.size.value
        content, style = images.load(self.content.value, size), images.load(self.style_picture.value, size)
        self.start(lambda work: self._run(work, content, style, settings))
        self.progress.value, self.time_left.value = 0, ""
        self.say("Preparing: the network looks at the two pictures.")

    def _run(self, work: Work, content: Tensor, style: Tensor, settings: Settings):
        kept, done, moments = kept_moments(settings.evaluations), 0, []
        run, pulls = self._begin(content, style, settings)
        with work.page():
            work.making, self.moments, self._ran_with = False, moments, settings.style_weight
        began = time.perf_counter()
        try:
            for step in run:
                if work.stopping.is_set():
                    break
                done = step.evaluation
                if done in kept:
                    moments.append(Moment(done, step.picture, *pulls(step.picture)))
                if work.may_show():
                    left = (time.perf_counter() - began) / done * (settings.evaluations - done)
                    with work.page():
                        self._show_progress(done, settings.evaluations, f", {left:.0f} s left")
        finally:
            with work.page():
                self._show_progress(done, settings.evaluations, "")
        ended = "Stopped" if work.stopping.is_set() else "The run is over"
        with work.page():
            self.say(f"{ended}: {len(moments)} moments are kept. Move the style weight and the moment.")

    def _show_progress(self, done: int, evaluations: int, left: str):
        self.progress.value = done / evaluations
        self.time_left.value = f"evaluation {done} of {evaluations}{left}"
        if self.moments:
            options = [(str(moment.evaluation), number) for number, moment in enumerate(self.moments)]
            self.moment.options, self.moment.disabled = options, False
            self.moment.value = len(options) - 1
            self._show()

    # What is to be seen

    def shown(self) -> tuple[Moment, Pulls]:
        """The chosen moment and the two pulls with the style weight as it stands."""
        moment = self.moments[min(self.moment.value, len(self.moments) - 1)]
        return moment, (moment.content, self.weight.value * moment.style)

    @handler
    def _look(self):
        self._more.layout.display = None if self.colours.value else "none"
        if self.moments:
            self._show()

    def _show(self):
        moment, pulls = self.shown()
        lengths = [pull.norm(dim=1)[0] for pull in pulls]
        maps, longest, cosines = _maps(pulls)
        self._maps.layout.visibility = "visible"
        self.views["picture"].show(moment.picture, f"the picture at evaluation {moment.evaluation}")
        for kind, length, drawn in zip(("content", "style"), lengths, maps, strict=True):
            alt = f"How hard the {kind} pulls at each pixel: from {length.min():.1e} to {length.max():.1e}, "
            alt += f"{length.mean():.1e} in the mean; white is {longest:.1e} and more"
            self.views[f"{kind} pulls"].show(drawn, alt, enlarge=True)
        both = (lengths[0] > 0) & (lengths[1] > 0)
        against, along = ((cosines * sign > 0.5)[both].sum().item() / cosines.numel() for sign in (-1, 1))
        alt = f"Cosine at each pixel: at {against:.0%} of the pixels the two pull against each other (below -0.5), "
        alt += f"at {along:.0%} along (above 0.5)"
        self.views["cosine of the angle"].show(coloured(cosines), alt, enlarge=True)
        self.scale.value = _scale(longest)
        if self.colours.value:
            self._show_towards(pulls, longest)
        self.words.value = f'<div role="status"><p>{"</p><p>".join(self.sentences(moment, pulls))}</p></div>'

    def _show_towards(self, pulls: Pulls, longest: float):
        for kind, pull in zip(("content", "style"), pulls, strict=True):
            push = -pull.mean(dim=(0, 2, 3))
            alt = f"Minus the {kind} gradient as a colour, mid-grey for no pull; over the whole picture it pulls red "
            alt += "{}, green {} and blue {}".format(*("up" if each > 0 else "down" for each in push.tolist()))
            self.towards[f"{kind} pulls towards"].show((0.5 - pull / (2 * longest)).clamp(0, 1), alt, enlarge=True)

    def sentences(self, moment: Moment, pulls: Pulls) -> list[str]:
        """Who pulls harder, the angle, their sum, and what the weight has to do with it: plain text without markup."""
        content, style = (pull.norm().item() for pull in pulls)
        together = (pulls[0] + pulls[1]).norm().item()
        harder = (pulls[1].norm(dim=1) > pulls[0].norm(dim=1)).float().mean().item()
        weight = self.weight.value
        said = [
            f"Evaluation {moment.evaluation}, style weight {weight:.3g}: the content gradient is {content:.3g} long, "
            f"the style gradient {style:.3g}. {who(content, style)} "
            f"The style pulls harder at {harder:.0%} of the pixels."
        ]
        if content and style:
            cosine = torch.cosine_similarity(*(pull.flatten() for pull in pulls), dim=0).clamp(-1, 1).item()
            angle = math.degrees(math.acos(cosine))
            said.append(
                f"Over the whole picture the cosine is {cosine:+.2f} (an angle of {angle:.0f} degrees): {way(cosine)}. "
                f"Their sum is {together:.3g} long."
            )
        else:
            said.append(
                "One of the two is 0, so that there is no angle: from the photograph, content pulls only later."
            )
        if not math.isclose(weight, self._ran_with, rel_tol=1e-3):
            said.append(
                f"The run itself was made with style weight {self._ran_with:.3g}. At this picture another weight "
                "changes how hard the style pulls, not which way: the cosine stays. Run again, and the picture follows."
            )
        return said

    def still(self) -> Image.Image:
        """The moment shown, for readers without a kernel. Raises ValueError before the first run."""
        if not self.moments:
            raise ValueError("There is no moment to draw yet: press Run first.")
        moment, pulls = self.shown()
        maps, longest, cosines = _maps(pulls)
        coarse = [grey.point(lambda value: value // 17 * 17) for grey in maps]  # few greys make a small file
        drawn = [images.to_pil(moment.picture), *coarse, coloured((5 * cosines).round() / 5)]
        width, height = (2 * side for side in drawn[0].size)
        page = Image.new("RGB", (len(drawn) * (width + 10) - 10, height + 82), "white")
        pen = ImageDraw.Draw(page)
        for number, (name, picture) in enumerate(zip(self.views, drawn, strict=True)):
            left = number * (width + 10)
            pen.text((left, 2), name, "black", font_size=15)
            page.paste(picture.resize((width, height), Image.Resampling.NEAREST), (left, 24))
        scales = (
            f"lengths: black 0, white {longest:.1e} and more; cosine: orange -1 against, pale 0 across, purple +1 along"
        )
        for line, text in enumerate((scales, *self.sentences(moment, pulls)[:2])):
            pen.text((0, height + 27 + 18 * line), text, "black", font_size=13)
        return page.quantize(112, dither=Image.Dither.NONE)


def kept_moments(evaluations: int) -> set[int]:
    """The evaluations to look at: the first ones, then each a good part later than the one before, and the last."""
    return {round(evaluations ** (number / (MOMENTS - 1))) for number in range(MOMENTS)} | {2, 3}


def who(content: float, style: float) -> str:
    """Who pulls harder, and how much."""
    if not content and not style:
        return "Nobody pulls."
    first, more, less = ("The style", style, content) if style > content else ("The content", content, style)
    if not less:
        return f"{first} pulls alone."
    if more < 1.05 * less:
        return "Both pull about equally hard."
    times = more / less
    return f"{first} pulls {times:,.{0 if times >= 10 else 1}f} times as hard."


def way(cosine: float) -> str:
    """The cosine of two pulls in words."""
    for least, words in ((0.9, "they pull the same way"), (0.3, "they pull partly the same way")):
        if cosine >= least:
            return words
        if cosine <= -least:
            return words.replace("the same way", "against each other")
    return "they pull about at a right angle"


def coloured(cosines: Tensor) -> Image.Image:
    """(H, W), -1 to 1, as a picture: orange for against, pale for across, purple for along."""
    values = cosines.clamp(-1, 1).cpu().numpy()[..., None]
    ends = np.where(values < 0, np.array(AGAINST), np.array(ALONG))
    return Image.fromarray((np.array(ACROSS) + abs(values) * (ends - np.array(ACROSS))).round().astype(np.uint8))


def _maps(pulls: Pulls) -> tuple[list[Image.Image], float, Tensor]:
    """Both lengths as grey pictures, the length that is white in both, and the cosine at each pixel, (H, W)."""
    lengths = [pull.norm(dim=1)[0] for pull in pulls]
    longest = max(length.cpu().quantile(0.99).item() for length in lengths) or 1.0  # Macs' GPUs have no quantile
    greys = [(length / longest).clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy() for length in lengths]
    return [Image.fromarray(grey) for grey in greys], longest, torch.cosine_similarity(*pulls, dim=1)[0]


def _row(views: dict[str, Picture]) -> ipywidgets.HBox:
    boxes = [ipywidgets.VBox([ipywidgets.HTML(f"<b>{name}</b>"), view]) for name, view in views.items()]
    for box in boxes:
        box.layout.margin = "0 8px 0 0"
    return ipywidgets.HBox(boxes, layout={"flex_flow": "row wrap"})


def _scale(longest: float) -> str:
    """The colours of the maps with their numbers."""
    colours = coloured(torch.linspace(-1, 1, 21)[None])
    cells = "".join(
        f'<rect x="{310 + 10 * n}" y="4" width="10" height="14" fill="rgb{colours.getpixel((n, 0))}"/>'
        f'<rect x="{10 + 10 * n}" y="4" width="10" height="14" fill="rgb{(round(12.75 * n),) * 3}"/>'
        for n in range(21)
    )
    return (
        '<svg role="img" aria-label="Scales: lengths from black, 0, to white, '
        f'{longest:.1e} and more; cosine from orange, -1 against, over pale, 0 across, to purple, +1 along" '
        'viewBox="0 0 560 38" width="560" style="max-width: 100%; font: 12px sans-serif; fill: currentColor; '
        f'color: var(--jp-content-font-color1, inherit)">{cells}'
        '<rect x="10" y="4" width="210" height="14" fill="none" stroke="currentColor"/>'
        f'<text x="10" y="33">length 0</text><text x="220" y="33" text-anchor="end">{longest:.1e} and more</text>'
        '<text x="310" y="33">-1 against</text><text x="415" y="33" text-anchor="middle">0 across</text>'
        '<text x="520" y="33" text-anchor="end">+1 along</text></svg>'
    )
