"""The seed tutorial's algorithm (Alexis Jacq, "Neural Transfer with PyTorch"), written anew with its own structure:

losses as transparent layers inside a chain, weights inside the squared error, one backward pass for each loss, and
L-BFGS with its defaults over pixels that are clamped inside the closure. It imports nothing of style_helpers.
"""

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


def losses_of(layers, content, style, start, evaluations, style_weight=1000.0, content_weight=1.0):
    """(content score, style score) at each evaluation, and the picture at the end."""
    chain, style_probes, content_probes = chain_of_layers(layers, content, style, style_weight, content_weight)
    picture = nn.Parameter(start.clone())
    optimizer = torch.optim.LBFGS([picture])
    history = []

    def closure():
        picture.data.clamp_(0, 1)
        optimizer.zero_grad()
        chain(picture)
        for probe in style_probes + content_probes:
            probe.loss.backward(retain_graph=True)
        style_score = sum(probe.loss.detach() for probe in style_probes)
        content_score = sum(probe.loss.detach() for probe in content_probes)
        history.append((content_score.item(), style_score.item()))
        return style_score + content_score

    while len(history) < evaluations:
        optimizer.step(closure)
    return history[:evaluations], picture.data.clamp(0, 1)
