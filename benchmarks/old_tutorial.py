"""The old tutorial's algorithm (Alexis Jacq, "Neural Transfer with PyTorch"), written anew with its own structure:

losses as transparent layers inside a chain, weights inside the squared error, one backward pass for each loss, and
L-BFGS with its defaults over pixels that are clamped inside the closure. It imports nothing of style_helpers.

`Descent(..., trimmed=True)` is the same mathematics with its two plainest wastes removed: one backward pass for the
sum of the losses, and a chain that ends at its last loss.
"""

import time

import torch
from torch import nn
from torch.nn.functional import mse_loss


class Probe(nn.Module):
    """A layer that hands its input on and remembers the loss of it."""

    def __init__(self, describe, target_features, weight):
        super().__init__()
        self.describe, self.weight = describe, weight
        self.target = describe(target_features).detach() * weight

    def forward(self, features):
        self.loss = mse_loss(self.describe(features) * self.weight, self.target)
        return features.clone()  # the next layer, a ReLU in place, must not overwrite what the loss still needs


def gram(features):
    pictures, channels, height, width = features.shape
    rows = features.reshape(pictures * channels, height * width)
    return torch.mm(rows, rows.t()).div(pictures * channels * height * width)


def chain_of_layers(layers, content, style, style_weight, content_weight):
    """The whole network, a style probe after each of its first five convolutions, a content probe after the fourth."""
    chain, style_probes, content_probes, convolutions = nn.Sequential(), [], [], 0
    for layer in layers:
        chain.append(layer)
        if isinstance(layer, nn.Conv2d):
            convolutions += 1
            if convolutions == 4:
                content_probes.append(Probe(nn.Identity(), chain(content), content_weight))
                chain.append(content_probes[-1])
            if convolutions <= 5:
                style_probes.append(Probe(gram, chain(style), style_weight))
                chain.append(style_probes[-1])
    return chain, style_probes, content_probes


class Descent:
    """L-BFGS on the pixels. `history` has (content score, style score) and `seconds` the time of each evaluation.

    evaluations_a_step is 20 there, torch's default. With 1, each step is one evaluation and one move, and the
    moves are the same, because L-BFGS keeps its memory from step to step.
    """

    def __init__(
        self,
        layers,
        content,
        style,
        start,
        style_weight=1000.0,
        content_weight=1.0,
        trimmed=False,
        evaluations_a_step=20,
    ):
        parts = chain_of_layers(layers, content, style, style_weight, content_weight)
        self.chain, self.style_probes, self.content_probes = parts
        self.trimmed = trimmed
        if trimmed:
            self.chain = self.chain[: list(self.chain).index(self.style_probes[-1]) + 1]
        self.picture = nn.Parameter(start.clone())
        self.optimizer = torch.optim.LBFGS([self.picture], max_iter=evaluations_a_step)
        self.history, self.seconds = [], []
        self.clock, self.began = 0.0, time.perf_counter()  # seconds spent in steps before this one, and its beginning

    def step(self):
        self.began = time.perf_counter()
        self.optimizer.step(self.evaluate)
        self.clock += time.perf_counter() - self.began

    def evaluate(self):
        """One evaluation of the losses and their gradient: the old tutorial's closure."""
        self.picture.data.clamp_(0, 1)
        self.optimizer.zero_grad()
        self.chain(self.picture)
        losses = [probe.loss for probe in self.style_probes + self.content_probes]
        if self.trimmed:
            sum(losses).backward()
        else:
            for loss in losses:
                loss.backward(retain_graph=True)
        style_score = sum(probe.loss.detach() for probe in self.style_probes)
        content_score = sum(probe.loss.detach() for probe in self.content_probes)
        self.history.append((content_score.item(), style_score.item()))
        self.seconds.append(self.clock + time.perf_counter() - self.began)
        return style_score + content_score

    @torch.no_grad()
    def total_of(self, picture):
        """The total that the old tutorial would report for a picture, clamped as there."""
        self.chain(picture.detach().clamp(0, 1))
        return sum(probe.loss.item() for probe in self.style_probes + self.content_probes)


def losses_of(layers, content, style, start, evaluations, **choices):
    """(content score, style score) at each evaluation, and the picture at the end."""
    descent = Descent(layers, content, style, start, **choices)
    while len(descent.history) < evaluations:
        descent.step()
    return descent.history[:evaluations], descent.picture.data.clamp(0, 1)
