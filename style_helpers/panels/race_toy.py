"""The two pixels of lesson 05: a long valley, one optimiser, and what its learning rate does there.

The front, fronts/valley.js, computes the walk and words it while the hand moves, so both are written down there and
only there. What is drawn here, for readers without a kernel, is the walk of torch's own optimisers.
"""

import math

import numpy as np
import torch
import traitlets

from style_helpers.fronts import Front
from style_helpers.settings import LBFGS

DIRECTIONS = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2)  # flat: both brighter; steep: one brighter, one darker
FAR = 1e6  # beyond it a walk has left for good
OPTIMISERS = {
    "gradient descent": lambda x, rate: torch.optim.SGD([x], lr=rate),
    "Adam": lambda x, rate: torch.optim.Adam([x], lr=rate),
    "L-BFGS": lambda x, _: torch.optim.LBFGS([x], **LBFGS),
}
TOUCHED = ("optimiser", "rate", "condition", "steps", "start")


class ContourToy(Front, parts=("valley",)):
    """Contour lines of a quadratic loss of two pixels and the way that one optimiser takes over them.

    rate       the learning rate, which L-BFGS does not need
    condition  the largest curvature over the smallest: how narrow the valley is
    start      x1 and x2, from 0 to 1, as all points of the map
    """

    optimiser = traitlets.Enum(tuple(OPTIMISERS), "gradient descent").tag(sync=True)
    rate = traitlets.Float(0.027, min=1e-4, max=1).tag(sync=True)
    condition = traitlets.Float(10, min=1, max=1000).tag(sync=True)
    steps = traitlets.Int(30, min=0, max=100).tag(sync=True)
    start = traitlets.List(traitlets.Float(min=0, max=1), [0.9, 0.65], minlen=2, maxlen=2).tag(sync=True)
    at_first = traitlets.Dict().tag(sync=True)  # where the front's button leads back to
    lowest = traitlets.List([0.45, 0.5]).tag(sync=True)
    steepest = traitlets.Float(60).tag(sync=True)  # the largest curvature, about that of lesson 05's valley
    levels = traitlets.List([0.02, 0.1, 0.3, 1, 2, 4, 8, 16]).tag(sync=True)  # of the contour lines

    def __init__(self, **given):
        super().__init__(**given)
        self.at_first = {name: getattr(self, name) for name in TOUCHED}

    @property
    def curvatures(self) -> np.ndarray:
        """Of the flat direction and of the steep one."""
        return np.array([self.steepest / self.condition, self.steepest])

    @property
    def bound(self) -> float:
        """The largest stable learning rate of gradient descent."""
        return 2 / self.steepest

    def walk(self) -> np.ndarray:
        """The points by torch's optimiser, (steps + 1, 2), the start first; fewer when they leave for good."""
        x = torch.tensor(self.start, dtype=torch.float64, requires_grad=True)
        hessian = torch.from_numpy(DIRECTIONS.T @ np.diag(self.curvatures) @ DIRECTIONS)
        lowest, optimizer = torch.tensor(self.lowest, dtype=torch.float64), OPTIMISERS[self.optimiser](x, self.rate)

        def closure():
            optimizer.zero_grad()
            loss = (x - lowest) @ hessian @ (x - lowest) / 2
            loss.backward()
            return loss

        points = [self.start]
        while len(points) <= self.steps and np.abs(points[-1]).max() < FAR:
            optimizer.step(closure)
            points.append(x.tolist())
        return np.array(points)
