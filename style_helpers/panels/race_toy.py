"""The two pixels of lesson 05: a long valley, one optimiser, and what its learning rate does there. Answers at once."""

import html
import math
from collections.abc import Callable
from itertools import pairwise

import ipywidgets
import numpy as np
from PIL import Image

from style_helpers import images
from style_helpers.panels.panel import Panel, as_still, handler

WIDE = {"description_width": "150px"}
ROOM = {"width": "395px"}
WANTED = np.array([0.45, 0.5])
START = np.array([0.9, 0.65])
STEEPEST = 60.0  # the largest curvature, about that of lesson 05's valley
DIRECTIONS = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2)  # flat: both brighter; steep: one brighter, one darker
LEVELS = (0.02, 0.1, 0.3, 1, 2, 4, 8, 16)  # of the contour lines
FAR = 1e6  # beyond it a walk has left for good

Gradient = Callable[[np.ndarray], np.ndarray]


def gradient_descent(gradient: Gradient, rate: float, steps: int) -> list[np.ndarray]:
    points = [START]
    while len(points) <= steps and abs(points[-1]).max() < FAR:
        points.append(points[-1] - rate * gradient(points[-1]))
    return points


def adam(gradient: Gradient, rate: float, steps: int) -> list[np.ndarray]:
    """The five formulas of lesson 05."""
    points, m, v = [START], np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        g = gradient(points[-1])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        points.append(points[-1] - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8))
    return points


def lbfgs(gradient: Gradient, rate: float, steps: int) -> list[np.ndarray]:
    """Lesson 05's estimate of the inverse Hessian from the moves so far, written down. It needs no rate."""
    points, moves, changes = [START], [], []
    g = gradient(START)
    for _ in range(steps):
        move = -g * min(1, 1 / max(abs(g).sum(), 1e-300))  # torch's careful first step
        if moves:
            inverse = (moves[-1] @ changes[-1]) / (changes[-1] @ changes[-1]) * np.eye(2)
            for s, y in zip(moves, changes, strict=True):
                turn = np.eye(2) - np.outer(y, s) / (y @ s)
                inverse = turn.T @ inverse @ turn + np.outer(s, s) / (y @ s)
            move = -inverse @ g
        points.append(points[-1] + move)
        change = gradient(points[-1]) - g
        if change @ move > 1e-10:
            moves, changes = [*moves[-19:], move], [*changes[-19:], change]
        g = g + change
    return points


OPTIMISERS = {"gradient descent": gradient_descent, "Adam": adam, "L-BFGS": lbfgs}


class ContourToy(Panel):
    """Contour lines of a quadratic loss of two pixels and the way that one optimiser takes over them."""

    def __init__(self):
        super().__init__()
        log = {"step": 0.01, "readout_format": ".3g", "continuous_update": False, "style": WIDE, "layout": ROOM}
        self.optimiser = ipywidgets.Dropdown(
            options=OPTIMISERS, value=gradient_descent, description="optimiser", style=WIDE, layout=ROOM
        )
        self.rate = ipywidgets.FloatLogSlider(0.027, min=-4, max=0, description="learning rate", **log)
        self.condition = ipywidgets.FloatLogSlider(10, min=0, max=3, description="condition number", **log)
        self.steps = ipywidgets.IntSlider(
            30, 0, 100, 1, description="steps", continuous_update=False, style=WIDE, layout=ROOM
        )
        self.drawing = ipywidgets.HTML()
        for control in (self.optimiser, self.rate, self.condition, self.steps):
            control.observe(self._changed, "value")
        knobs = ipywidgets.VBox([self.optimiser, self.rate, self.condition, self.steps, self.status])
        knobs.layout.max_width = "415px"
        self.children = [ipywidgets.HBox([knobs, self.drawing], layout={"flex_flow": "row wrap"})]
        self._changed()

    @property
    def curvatures(self) -> np.ndarray:
        """Of the flat direction and of the steep one."""
        return np.array([STEEPEST / self.condition.value, STEEPEST])

    @property
    def bound(self) -> float:
        """The largest stable learning rate of gradient descent."""
        return 2 / STEEPEST

    def walk(self) -> list[np.ndarray]:
        """The points that are drawn, the start first."""
        hessian = DIRECTIONS.T @ np.diag(self.curvatures) @ DIRECTIONS
        return self.optimiser.value(lambda x: hessian @ (x - WANTED), self.rate.value, self.steps.value)

    @handler
    def _changed(self):
        self.rate.disabled = self.optimiser.label == "L-BFGS"
        points = self.walk()
        words = self.words(points)
        self.say(words)
        self.drawing.value = self._draw(points, words)

    # In words

    def words(self, points: list[np.ndarray]) -> str:
        """What the walk does: converges, zigzags or diverges, and why."""
        steps = len(points) - 1
        apart, at_first = (float(np.linalg.norm(points[place] - WANTED)) for place in (-1, 0))
        reached = f"After {steps} steps it is {apart:.2g} from the lowest point; the start was {at_first:.2g} away."
        if self.optimiser.label == "gradient descent":
            return f"{self._predicted()} {reached}"
        across = [float(DIRECTIONS[1] @ (point - WANTED)) for point in points]
        jumps = sum(before * after < 0 for before, after in pairwise(across))
        verdict = (
            "Further away than the start"
            if apart > at_first
            else "Converges"
            if apart < 0.01 * at_first
            else "On its way"
        )
        verdict = "At the start" if not steps else verdict
        about = f"it crossed the bottom of the valley {jumps} times"
        if self.optimiser.label == "Adam":
            about += f", and one step is about as long as the rate, {self.rate.value:.3g}, whatever the slope"
        else:
            about += ", and it found the curvatures by itself, without a rate: only its first move is a guess"
        return f"{verdict}: {about}. {reached}"

    def _predicted(self) -> str:
        """What the eigenvalues say about gradient descent before it has made a step."""
        rate, bound = self.rate.value, self.bound
        flat, steep = 1 - rate * self.curvatures
        where = f"2/λmax = 2/{STEEPEST:g} = {bound:.4f}"
        each = f"each step leaves {flat:.3f} of the error along the valley and {steep:.3f} of it across"
        if rate > bound:
            return f"Diverges: the rate {rate:.3g} is above the bound {where}; {each}, so it jumps further each time."
        if steep < 0:
            return (
                f"Zigzags: the rate {rate:.3g} is below the bound {where}, but above half of it; {each}: it lands on "
                "the other side of the valley every time, a little nearer."
            )
        pace = "slowly" if flat > 0.9 else "quickly"
        return f"Converges {pace}: the rate {rate:.3g} is no more than half of the bound {where}; {each}."

    # The drawing

    def _draw(self, points: list[np.ndarray], words: str) -> str:
        """Contour lines, path and markers as SVG; what lies outside 0 to 1 is cut off."""
        across, up = 20 + 340 * WANTED[0], 360 - 340 * WANTED[1]
        marks = []
        for level in LEVELS:  # loss = (curvature * distance^2) / 2 along each direction
            along, beside = 340 * np.sqrt(2 * level / self.curvatures)
            marks.append(
                f'<ellipse cx="{across}" cy="{up}" rx="{along:.1f}" ry="{beside:.1f}" fill="none" '
                f'stroke="currentColor" opacity="0.55" transform="rotate(-45 {across} {up})"/>'
            )
        seen = [point for point in points if abs(point).max() < 50]
        places = [(20 + 340 * float(x), 360 - 340 * float(y)) for x, y in seen]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        marks.append(f'<polyline points="{line}" fill="none" stroke="#D55E00" stroke-width="1.5"/>')
        marks += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="#D55E00"/>' for x, y in places[1:]]
        x, y = places[0]
        marks.append(f'<rect x="{x - 5}" y="{y - 5}" width="10" height="10" fill="#D55E00"/>')
        marks.append(f'<text x="{x - 40}" y="{y + 4}">start</text>')
        cross = f"M {across - 6} {up} h 12 M {across} {up - 6} v 12"
        marks.append(f'<path d="{cross}" stroke="currentColor" stroke-width="2.5"/>')
        marks.append(f'<text x="{across - 8}" y="{up - 12}" text-anchor="end">lowest point</text>')
        alt = html.escape(f"A valley of two pixels and the way of {self.optimiser.label} over it. {words}")
        return (
            f'<svg role="img" aria-label="{alt}" viewBox="0 0 380 400" width="380" style="max-width: 100%; '
            'font: 12px sans-serif; fill: currentColor; color: var(--jp-content-font-color1, inherit)">'
            '<svg x="20" y="20" width="340" height="340" viewBox="20 20 340 340" overflow="hidden">'
            f'{"".join(marks)}</svg><rect x="20" y="20" width="340" height="340" fill="none" stroke="currentColor"/>'
            '<text x="190" y="378" text-anchor="middle">x1, the left pixel, 0 to 1</text>'
            '<text x="12" y="190" text-anchor="middle" transform="rotate(-90 12 190)">x2, the right pixel</text></svg>'
        )

    def still(self) -> Image.Image:
        """What the panel shows, for readers without a kernel."""
        points = np.array(self.walk())
        line = np.linspace(0, 1, 101)
        x, y = np.meshgrid(line, line)
        away = np.stack([x - WANTED[0], y - WANTED[1]], axis=-1) @ DIRECTIONS.T
        figure = images.new_figure(5, 5)
        axes = figure.subplots()
        axes.contour(x, y, (away**2 * self.curvatures).sum(-1) / 2, levels=LEVELS, colors="0.55", linewidths=0.8)
        axes.plot(*points.T, "-o", color="#D55E00", markersize=4, label=f"{len(points) - 1} steps")
        axes.plot(*START, "s", color="#D55E00", markersize=9, label="start")
        axes.plot(*WANTED, "+", color="#000000", markersize=14, markeredgewidth=2.5, label="lowest point")
        rate = "" if self.optimiser.label == "L-BFGS" else f", rate {self.rate.value:.3g} (bound {self.bound:.3f})"
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x_1$", ylabel="$x_2$", title=f"{self.optimiser.label}{rate}")
        axes.legend(loc="lower right")
        return as_still(figure)
