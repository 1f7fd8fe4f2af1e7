"""matplotlib figures for the lessons. Lines differ by dash and marker as well as by colour."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

import torch
from matplotlib import patheffects
from matplotlib.patches import Rectangle
from torch import Tensor

from style_helpers.images import new_figure, to_pil
from style_helpers.language import _
from style_helpers.transfer import Evaluation

# Colour, dash and marker of the first line, the second and so on: near Okabe and Ito's colours, which everybody can
# tell apart, and dark enough for a white page (3 to 1), as their orange and sky blue are not
LOOKS = (
    ("#000000", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#0072B2", ":", "^"),
    ("#009E73", "-.", "D"),
    ("#BB80AC", "--", "v"),
    ("#975E32", "-", "P"),
    ("#0198F8", ":", "X"),
)
FRAME = patheffects.withStroke(linewidth=4, foreground="#000000")  # around white lines: seen on dark and on bright


def losses(history: Sequence[Evaluation]):
    """The weighted content and style losses and their total against the evaluation, on a logarithmic axis.

    Zeros, such as the content loss of a run that starts from the content picture, cannot be drawn there and are left
    out. Returns a figure: make it the last expression of a cell.
    """
    figure = new_figure(7, 3.2)
    axes = figure.subplots()
    numbers = [seen.evaluation for seen in history]
    looks = {  # the total is wide, as one of its parts may lie on it
        "total": (_("total"), "-", "#8C8C8C", 6),
        "style": (_("style"), "--", "#D55E00", 2),
        "content": (_("content"), ":", "#0072B2", 2),
    }
    for name, (label, dash, colour, width) in looks.items():
        values = [getattr(seen.losses, name) or float("nan") for seen in history]
        axes.plot(numbers, values, dash, color=colour, linewidth=width, label=label)
    axes.set_yscale("log")
    axes.set_xlabel(_("evaluation"))
    axes.set_ylabel(_("weighted loss"))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def pixel_numbers(picture: Tensor, top: int, left: int, side: int = 5):
    """A picture with a square of it outlined; beside it the square enlarged, and its red, green and blue as bytes.

    picture: (1, 3, H, W), 0 to 1. The square has `side` pixels a side; its first pixel is in row `top`, column `left`.
    Each colour is drawn as a grey picture, brighter for more, with its number, 0 to 255, in each pixel. Raises
    ValueError for a square that does not lie in the picture.
    """
    height, width = picture.shape[-2:]
    if min(top, left) < 0 or side < 1 or top + side > height or left + side > width:
        raise ValueError(
            _(
                "A square of {side} pixels at row {top}, column {left} does not lie in a picture of {height} rows and "
                "{width} columns.",
                side=side,
                top=top,
                left=left,
                height=height,
                width=width,
            )
        )
    pixels = picture[0].permute(1, 2, 0).cpu().numpy()
    square = pixels[top : top + side, left : left + side]
    figure = new_figure(10, 2.5)
    whole, enlarged, *colours = figure.subplots(1, 5, width_ratios=[max(1.0, width / height), 1, 1, 1, 1])
    whole.imshow(pixels)
    for width_of_line, colour in ((4, "#FFFFFF"), (1.5, "#000000")):  # seen on dark and on bright
        whole.add_patch(_outline(left, top, side, width_of_line, colour))
    enlarged.imshow(square)
    for number, (axes, name) in enumerate(zip(colours, (_("red"), _("green"), _("blue")), strict=True)):
        axes.imshow(square[..., number], cmap="gray", vmin=0, vmax=1)
        axes.set_title(name)
        for row in range(side):
            for column in range(side):
                value = float(square[row, column, number])
                ink = "#000000" if value > 0.46 else "#FFFFFF"  # where both stand out equally
                axes.text(column, row, str(round(255 * value)), color=ink, fontsize=9, ha="center", va="center")
    whole.set_title(_("the picture"))
    enlarged.set_title(_("{side} x {side} pixels", side=side))
    for axes in (whole, enlarged, *colours):
        axes.set_axis_off()
    return figure


def _outline(left: int, top: int, side: int, linewidth: float, colour: str):
    """A square around `side` x `side` pixels; imshow puts the middle of the first pixel at 0, so it begins at -0.5."""
    return Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor=colour, linewidth=linewidth)


def feature_agreement(agreement: Mapping[str, Mapping[str, float]]):
    """Layer by layer, how far features point in the same direction as others: a line for each way to treat the input.

    agreement: way -> layer -> cosine, -1 to 1; the same layers for each way, in the network's order; at most seven
    ways, which is how many lines can be told apart. Raises ValueError for more.
    """
    if len(agreement) > len(LOOKS):
        raise ValueError(
            _(
                "At most {most} lines can be told apart, but {number} were given.",
                most=len(LOOKS),
                number=len(agreement),
            )
        )
    figure = new_figure(10, 4.2)
    axes = figure.subplots()
    for (way, by_layer), (colour, dash, marker) in zip(agreement.items(), LOOKS, strict=False):
        layers, cosines = list(by_layer), list(by_layer.values())
        axes.plot(layers, cosines, dash, color=colour, marker=marker, linewidth=2, label=way)
    axes.set_ylim(min(0.0, *axes.get_ylim()), 1.02)
    axes.set_xlabel(_("layer, from shallow to deep"))
    axes.set_ylabel(_("cosine with the right features"))
    axes.tick_params(axis="x", rotation=45)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    return figure


def gram_matrices(grams: Mapping[str, Tensor], loudest: int = 12):
    """Gram matrices as pictures, side by side under their names: the loudest channels by number, on one scale from 0.

    grams: each (C, C) or (1, C, C), 0 or more, the same C. loudest: how many channels to show, those with the largest
    sum of G_ii over all matrices, in the same order for each. The scale is that of square roots, so that quiet pairs
    are seen too. Returns a figure. Raises ValueError for matrices of different channels.
    """
    squares = {name: gram.detach().squeeze(0) for name, gram in grams.items()}
    shapes = {tuple(square.shape) for square in squares.values()}
    if len(shapes) != 1:
        raise ValueError(
            _(
                "Gram matrices are compared channel by channel, but these have the shapes {shapes}.",
                shapes=sorted(shapes),
            )
        )
    order = sum(square.diagonal() for square in squares.values()).argsort(descending=True)[:loudest]
    roots = {name: square[order][:, order].sqrt().cpu().numpy() for name, square in squares.items()}
    figure = new_figure(10, 10 / len(roots) + 1)
    places = figure.subplots(1, len(roots), squeeze=False, sharey=True)[0]
    most = max(root.max() for root in roots.values())
    for axes, (name, root) in zip(places, roots.items(), strict=True):
        shown = axes.imshow(root, cmap="cividis", vmin=0, vmax=most, interpolation="nearest")
        axes.set_title(name, fontsize=10)
        axes.set_xlabel(_("channel j"))
        axes.set_xticks(range(len(order)), order.tolist(), rotation=90, fontsize=9)
    places[0].set_yticks(range(len(order)), order.tolist(), fontsize=9)
    places[0].set_ylabel(_("channel i"))
    figure.colorbar(shown, ax=list(places), label=_("square root of G"), location="bottom", shrink=0.4, aspect=40)
    return figure


def strongest_patches(picture: Tensor, firing: Tensor, count: int = 6, side: int = 32):
    """The picture with numbered frames around the places where `firing` is largest, and each place enlarged.

    picture: (1, 3, H, W), 0 to 1. firing: (H', W'), such as the product of two feature maps, over the same picture;
    count: how many places, which overlap by less than half; side: of a frame, in pixels. Returns a figure.
    """
    height, width = picture.shape[-2:]
    corners = []
    for place in firing.flatten().argsort(descending=True).tolist():
        row, column = divmod(place, firing.shape[1])
        top = min(max(round((row + 0.5) * height / firing.shape[0] - side / 2), 0), height - side)
        left = min(max(round((column + 0.5) * width / firing.shape[1] - side / 2), 0), width - side)
        if all(max(abs(top - other), abs(left - seen)) > side / 2 for other, seen in corners):
            corners.append((top, left))
        if len(corners) == count:
            break
    figure = new_figure(9, 3)
    columns = (count + 1) // 2
    grid = figure.add_gridspec(2, 1 + columns, width_ratios=[2 * width / height, *[1] * columns])
    pixels = picture.detach()[0].permute(1, 2, 0).clamp(0, 1).cpu().numpy()
    whole = figure.add_subplot(grid[:, 0])
    whole.imshow(pixels)
    whole.set_axis_off()
    for number, (top, left) in enumerate(corners):
        whole.add_patch(_outline(left, top, side, 2, "#FFFFFF")).set_path_effects([FRAME])
        whole.text(left, top, str(number + 1), color="white", fontsize=9, backgroundcolor="#000000")
        axes = figure.add_subplot(grid[number // columns, 1 + number % columns])
        axes.imshow(pixels[top : top + side, left : left + side])
        axes.set_title(str(number + 1), fontsize=9, pad=2)
        axes.set_axis_off()
    return figure


def gradient_maps(picture: Tensor, gradients: Mapping[str, Tensor], square: tuple[slice, slice]):
    """A picture in which a square was changed, and for each layer how strongly it asks each pixel to change.

    picture: (1, 3, H, W), 0 to 1; gradients: by layer the gradient by its pixels, (1, 3, H, W); square: its rows and
    columns, outlined everywhere. Drawn, in rows of three, is the length of the gradient over the colours: black for
    none, white for the layer's own largest. Returns a figure.
    """
    height, width = picture.shape[-2:]
    down = len(gradients) // 3 + 1
    figure = new_figure(10, down * (3.3 * height / width + 0.3))
    places = figure.subplots(down, 3, squeeze=False).flatten()
    places[0].imshow(to_pil(picture))
    places[0].set_title(_("changed"), fontsize=10)
    for axes, (layer, gradient) in zip(places[1:], gradients.items(), strict=False):
        axes.imshow(gradient.detach().norm(dim=1)[0].cpu().numpy(), cmap="gray", vmin=0)
        axes.set_title(layer, fontsize=10)
    rows, columns = square
    for axes in places:
        axes.set_axis_off()
    for axes in places[: len(gradients) + 1]:
        corner = (columns.start - 0.5, rows.start - 0.5)  # imshow puts the middle of the first pixel at 0
        sides = (columns.stop - columns.start, rows.stop - rows.start)
        frame = Rectangle(corner, *sides, fill=False, edgecolor="#FFFFFF", linewidth=1.5, path_effects=[FRAME])
        axes.add_patch(frame)
    return figure


def kept_by_layer(kept: Mapping[str, Mapping[str, float]]):
    """What pictures rebuilt from one layer each still have in common with the photograph: a line for each part of it.

    kept: part -> layer -> correlation, -1 to 1; the same layers for each part, at most seven parts. Each line has its
    own colour, dash and marker. Returns a figure.
    """
    figure = new_figure(8, 3.4)
    axes = figure.subplots()
    for (part, values), (colour, dash, marker) in zip(kept.items(), LOOKS, strict=False):
        axes.plot(list(values), list(values.values()), dash, color=colour, marker=marker, linewidth=2, label=part)
    axes.axhline(0, color="#555555", linewidth=1)
    axes.set_ylim(min(-0.1, *(value for values in kept.values() for value in values.values())), 1.05)
    axes.set_xlabel(_("rebuilt from"))
    axes.set_ylabel(_("correlation with the photograph"))
    axes.grid(alpha=0.3)
    axes.legend(bbox_to_anchor=(1.02, 1), loc="upper left", borderaxespad=0)
    return figure


def by_layer(lines: Mapping[str, Mapping[str, float]], label: str):
    """One line over the layers for each thing that was measured, on a logarithmic axis.

    lines: for each name the measured numbers above 0 by layer, all with the same layers; label: what the numbers are.
    Each line has its own colour, dash and marker. At most seven lines. Returns a figure.
    """
    figure = new_figure(8.5, 4)
    axes = figure.subplots()
    for (name, values), (colour, dash, marker) in zip(lines.items(), LOOKS, strict=False):
        axes.plot(list(values), list(values.values()), dash, color=colour, marker=marker, linewidth=2, label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel(label)
    axes.grid(alpha=0.3)
    axes.legend(bbox_to_anchor=(1.02, 1), loc="upper left", borderaxespad=0)
    return figure


def terms_by_layer(terms: Mapping[str, Mapping[str, float]], gradients: Mapping[str, Mapping[str, float]]):
    """Bars for each layer, one a rule: its share of the loss above, and its share of the gradient's lengths below.

    terms, gradients: for each rule (at most four) the numbers by layer, 0 or more; shares are in percent of the sum
    over the layers. Rules differ by colour and hatching. Returns a figure.
    """
    figure = new_figure(8.5, 5)
    upper, lower = figure.subplots(2, 1, sharex=True)
    labels = _("share of the loss, %"), _("share of the gradient, %")
    for axes, rules, label in zip((upper, lower), (terms, gradients), labels, strict=True):
        width = 0.8 / len(rules)
        for number, (name, values) in enumerate(rules.items()):
            whole = sum(values.values())
            places = [layer - 0.4 + (number + 0.5) * width for layer in range(len(values))]
            shares = [100 * value / whole for value in values.values()]
            colour, hatch = LOOKS[number][0], ("", "//", "..", "xx")[number]
            bars = axes.bar(places, shares, width, color=colour, hatch=hatch, edgecolor="white", label=name)
            axes.bar_label(bars, [f"{share:.0f}" if share >= 0.5 else "<1" for share in shares], fontsize=9)
        axes.set_xticks(range(len(values)), list(values))
        axes.set_ylabel(label)
        axes.margins(y=0.15)
    figure.legend(*upper.get_legend_handles_labels(), loc="outside upper center", ncols=len(terms))
    return figure


# What a network sees (lesson 02)


def kernels(weight: Tensor, columns: int = 16):
    """The kernels of a first convolution as small colour pictures, in the order in which the network has them.

    weight: (C, 3, k, k). Mid-grey is 0; each kernel is scaled by its own largest number, so that weak ones show too.
    """
    weight = weight.detach().float()
    shown = 0.5 + weight / (2 * weight.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12))
    rows = -(-len(shown) // columns)
    figure = new_figure(8, 8 * rows / columns)
    places = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in places:
        axes.set_axis_off()
    for axes, kernel in zip(places, shown, strict=False):
        axes.imshow(kernel.permute(1, 2, 0).cpu().numpy(), interpolation="nearest")
    return figure


def feature_maps(features: Mapping[str, Tensor], columns: int = 6):
    """The strongest maps of each layer, those with the highest mean, one layer a row; white is the layer's highest.

    features: (1, C, H, W) of each layer, not negative, as after a ReLU; all with C of at least `columns`. Each map has
    its channel's number above it, and is drawn at the same size, whatever its H and W.
    """
    height, width = next(iter(features.values())).shape[2:]
    figure = new_figure(9.5, (0.3 + 8.8 / columns * height / width) * len(features))
    places = figure.subplots(len(features), columns, squeeze=False)
    for row, (layer, maps) in zip(places, features.items(), strict=True):
        maps = maps.detach().float()[0]
        strongest = maps.mean((1, 2)).argsort(descending=True)[:columns]
        for axes, channel in zip(row, strongest.tolist(), strict=True):
            chosen = maps[channel]
            axes.imshow(chosen.cpu().numpy(), cmap="gray", vmin=0, vmax=max(chosen.max().item(), 1e-12))
            axes.set_title(_("channel {number}", number=channel), fontsize=9)
            axes.set_xticks([])
            axes.set_yticks([])
        channels, height, width = maps.shape
        maps_there = _("{number} maps", number=channels)
        size = _("{height} x {width}", height=height, width=width)
        row[0].set_ylabel(f"{layer}\n{maps_there}\n{size}", fontsize=10)
    return figure


def before_and_after_relu(before: Tensor, after: Tensor):
    """One map (H, W) before and after its ReLU on one scale of greys, and how often each value occurs.

    Mid-grey is 0, darker is negative, lighter is positive.
    """
    before, after = (values.detach().float() for values in (before, after))
    figure = new_figure(10, max(2.6, 1.1 + 2.9 * before.shape[0] / before.shape[1]))
    largest = max(before.abs().max().item(), 1e-12)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    titles = _("before: signed"), _("after: nothing below 0")
    for axes, values, title in zip((left, middle), (before, after), titles, strict=True):
        drawn = axes.imshow(values.cpu().numpy(), cmap="gray", vmin=-largest, vmax=largest)
        axes.set_title(title)
        axes.set_axis_off()
    figure.colorbar(drawn, ax=[left, middle], location="bottom", shrink=0.5)
    edges = torch.linspace(before.min().item(), largest, 41).tolist()
    for values, name, dash, colour in ((before, _("before"), "--", "#D55E00"), (after, _("after"), "-", "#0072B2")):
        counted = values.flatten().tolist()
        right.hist(counted, edges, histtype="step", linewidth=1.8, linestyle=dash, color=colour, label=name)
    right.set_yscale("log")
    right.set_xlabel(_("value"))
    right.set_ylabel(_("positions"))
    right.legend()
    return figure


def network_walk(fields: Mapping[str, int], taps: Mapping[str, Sequence[str]]):
    """The convolutions of a network in order, how far each one sees, and where losses listen.

    fields: side in pixels of what one unit of each convolution sees, by the paper's names, from the input up.
    taps: layers by the name of the method that listens there; at most three methods.
    """
    figure = new_figure(9.5, 4.6)
    axes = figure.subplots()
    names = list(fields)
    sides = [fields[name] for name in names]
    axes.plot(range(len(names)), sides, ".-", color="#000000", linewidth=1, zorder=1)
    looks = (("s", "#D55E00", 17), ("o", "#0072B2", 10), ("^", "#009E73", 5))
    for (method, layers), (marker, colour, size) in zip(taps.items(), looks, strict=False):
        places = [names.index(layer) for layer in layers]
        heights = [fields[layer] for layer in layers]
        hollow = {"markerfacecolor": "none", "markeredgewidth": 2.5, "linestyle": "none"}
        axes.plot(places, heights, marker, markersize=size, color=colour, label=method, **hollow)
    for place, side in enumerate(sides):
        axes.annotate(str(side), (place, side), (11, -15), textcoords="offset points", fontsize=10)
        if place and names[place].split("_")[0] != names[place - 1].split("_")[0]:
            axes.axvline(place - 0.5, color="#000000", linestyle=":", linewidth=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_xlim(-0.6, len(names) - 0.2)
    axes.set_yscale("log", base=2)
    axes.set_yticks([4, 16, 64, 256], ["4", "16", "64", "256"])
    axes.set_ylim(2, 2.5 * max(sides))
    axes.set_xlabel(_("convolutions from the picture upwards; a dotted line is a pooling"))
    axes.set_ylabel(_("sees this many pixels a side"))
    axes.legend(loc="upper left")
    return figure


def receptive_fields(picture: Tensor, fields: Mapping[str, Mapping[str, tuple[int, int, int, int]]]):
    """What single units of some layers see, as boxes on the picture; a panel for each group of layers.

    picture: (1, 3, H, W), 0 to 1. fields: for each title the boxes of its layers by name, each (top, left, bottom,
    right) in pixels, the last ones included. Each panel is enlarged: it shows its boxes, and as much again on each
    side, as far as the picture goes.
    """
    views = [_around(list(boxes.values()), *picture.shape[-2:]) for boxes in fields.values()]
    shapes = [(right - left) / (bottom - top) for top, left, bottom, right in views]
    figure = new_figure(10, 0.4 + 7.2 / sum(shapes))
    places = figure.subplots(1, len(fields), squeeze=False, width_ratios=shapes)[0]
    box = {"fill": False, "edgecolor": "#FFFFFF", "linewidth": 2}
    for axes, (title, boxes), view in zip(places, fields.items(), views, strict=True):
        axes.imshow(to_pil(picture))
        axes.set(title=title, ylim=(view[2], view[0]), xlim=(view[1], view[3]))
        axes.set_axis_off()
        for number, (layer, (top, left, bottom, right)) in enumerate(boxes.items()):
            corner, sides = (left - 0.5, top - 0.5), (right - left + 1, bottom - top + 1)
            axes.add_patch(Rectangle(corner, *sides, **box, path_effects=[FRAME]))
            axes.annotate(
                f"{layer}: {sides[0]}",
                (right + 0.5, (top + bottom) / 2),
                (1.04, 0.08 + 0.84 * number / max(1, len(boxes) - 1)),
                textcoords="axes fraction",
                arrowprops={"arrowstyle": "-", "linewidth": 1, "color": "#000000"},
                fontsize=10,
                va="center",
                annotation_clip=False,
            )
    return figure


def _around(boxes: Sequence[tuple[int, int, int, int]], height: int, width: int) -> tuple[float, float, float, float]:
    """The edges (top, left, bottom, right) of a view of boxes, and of as much again on each side inside the picture."""
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    down, across = max(bottoms) - min(tops) + 1, max(rights) - min(lefts) + 1
    top, left = max(0, min(tops) - down), max(0, min(lefts) - across)
    bottom, right = min(height - 1, max(bottoms) + down), min(width - 1, max(rights) + across)
    return top - 0.5, left - 0.5, bottom + 0.5, right + 0.5  # imshow puts the middle of the first pixel at 0


def picture_grid(
    pictures: Sequence[Sequence[Tensor]],
    rows: Sequence[str],
    columns: Sequence[str],
    notes: Sequence[Sequence[str]] | None = None,
):
    """Pictures in rows and columns, each row and column with its label, and a note under each picture.

    pictures: a list of rows of tensors as `images.to_pil` takes them, all of the same shape. rows, columns: one label
    for each. notes: one text for each picture, in the same order.
    """
    height, width = pictures[0][0].shape[-2:]
    side = min(2.4, 9.4 / len(columns))  # inches across one picture
    figure = new_figure(side * len(columns) + 0.6, (side * height / width + (0.5 if notes else 0.3)) * len(rows))
    places = figure.subplots(len(rows), len(columns), squeeze=False)
    for i, row in enumerate(pictures):
        for j, picture in enumerate(row):
            axes = places[i, j]
            axes.imshow(to_pil(picture))
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if notes:
                axes.set_xlabel(notes[i][j], fontsize=9)
            if i == 0:
                axes.set_title(columns[j], fontsize=10, parse_math=False)
        places[i, 0].set_ylabel(rows[i], fontsize=10, parse_math=False)
    return figure


def trade_off(lines: Mapping[str, Sequence[tuple[float, float, float]]]):
    """How far from the content, how far from the style: one line for each series, its weights written at the points.

    lines: for each name, points (style weight, LPIPS to the content, style distance), in the order of the weights. The
    best place, which no run reaches, is the lower left corner: near to both.
    """
    halo = patheffects.withStroke(linewidth=3, foreground="white")  # a weight stays readable on another line
    figure = new_figure(7, 4.2)
    axes = figure.subplots()
    for i, (name, points) in enumerate(lines.items()):
        colour, dash, marker = LOOKS[1 + i % (len(LOOKS) - 1)]
        weights, lpips, style = zip(*points, strict=True)
        axes.plot(lpips, style, dash, marker=marker, markersize=8, color=colour, linewidth=2, label=name)
        for weight, x, y in zip(weights, lpips, style, strict=True):
            last = weight == weights[-1]  # goes beyond the end; the others go below, away from a line that falls
            place, side = ((8, 6), "left") if last else ((-8, -14), "right")
            note = axes.annotate(f"{weight:g}", (x, y), place, textcoords="offset points", ha=side)
            note.set_path_effects([halo])
    axes.margins(0.12)
    axes.set_xlabel(_("LPIPS: how far from the content picture"))
    axes.set_ylabel(_("style distance: how far from the style"))
    axes.grid(alpha=0.3)
    axes.legend(title=_("content layer"))
    return figure


def tug_of_war(moments: Mapping[str, tuple[Tensor, Tensor]]):
    """Which way the content and the style pull at each pixel: one row for each moment of a run.

    moments: for each name, the gradients of the weighted content terms and of the weighted style terms, each
    (1, 3, H, W). In a row: the length of each gradient pixel by pixel, brighter is longer, both on one scale that ends
    where 99 of 100 pixels of the longer one lie; then the cosine of the angle between the two, over the three colours.
    """
    height, width = next(iter(moments.values()))[0].shape[-2:]
    figure = new_figure(9.6, (2.75 * height / width + 0.35) * len(moments))
    places = figure.subplots(len(moments), 3, squeeze=False)
    for row, (name, gradients) in zip(places, moments.items(), strict=True):
        lengths = [gradient.detach().norm(dim=1)[0] for gradient in gradients]
        longest = max(length.cpu().quantile(0.99).item() for length in lengths)  # Macs' GPUs have no quantile
        for axes, length, title in zip(row, lengths, (_("content pulls"), _("style pulls")), strict=False):
            axes.imshow(length.cpu().numpy(), cmap="gray", vmin=0, vmax=longest or 1)
            axes.set_title(title, fontsize=10)
        content, style = (gradient.detach() for gradient in gradients)
        whole = torch.cosine_similarity(content.flatten(), style.flatten(), dim=0).clamp(-1, 1)
        angle = torch.rad2deg(whole.acos())
        cosines = torch.cosine_similarity(content, style, dim=1)[0]
        drawn = row[2].imshow(cosines.cpu().numpy(), cmap="PuOr", vmin=-1, vmax=1)
        title = _("no angle: one is 0")
        if all(length.max() > 0 for length in lengths):
            title = _("cosine: {cosine:.2f} ({angle:.0f}°) in all", cosine=whole, angle=angle)
        row[2].set_title(title, fontsize=10)
        row[0].set_ylabel(name, fontsize=10, parse_math=False)
        bar = figure.colorbar(drawn, ax=row[2], ticks=(-1, 0, 1))
        bar.ax.set_yticklabels([_("-1 against"), _(" 0 across"), _("+1 along")])
        for axes in row:
            axes.set(xticks=[], yticks=[])
    return figure


def descent_paths(loss: Tensor, paths: Mapping[str, Tensor]):
    """Ways down over the contour lines of a loss of two pixels, with a marker at each point that was evaluated.

    loss: (N, N), above 0 somewhere, loss[i, j] at x1 = i / (N - 1) and x2 = j / (N - 1), with contour lines at 1, 2, 5,
    10 and so on, over four decades. paths: by name, (T, 2), the start first; what lies outside 0 to 1 is cut off.
    """
    figure = new_figure(7, 4.6)
    axes = figure.subplots()
    along = torch.linspace(0, 1, len(loss)).numpy()
    decade = math.ceil(math.log10(loss.max().item()))
    levels = [first * 10.0**power for power in range(decade - 4, decade) for first in (1, 2, 5)]
    lines = axes.contour(along, along, loss.T.cpu().numpy(), levels=levels, colors="0.55", linewidths=0.8)
    axes.clabel(lines, levels[-6:], fmt="%g", fontsize=9, colors="0.35")
    for (name, points), (colour, dash, marker) in zip(paths.items(), cycle(LOOKS), strict=False):
        axes.plot(*points.T.cpu().numpy(), dash, marker=marker, color=colour, markersize=4.5, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set(xlabel=_("$x_1$, the left pixel"), ylabel=_("$x_2$, the right pixel"))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def curves(totals: Mapping[str, Sequence[float]], name: str = ""):
    """One curve for each run, by its name, against the evaluation, on a logarithmic axis that is called `name`.

    Without a name these are totals. What is infinite or not a number cannot be drawn: a cross marks the last point
    before it. What rises above ten times the highest start is cut off.
    """
    figure = new_figure(8, 3.8)
    axes = figure.subplots()
    ceiling = 10 * max(values[0] for values in totals.values())
    for (run, values), (colour, dash, marker) in zip(totals.items(), cycle(LOOKS), strict=False):
        values = torch.tensor(values).double()
        finite = values[: int(values.isfinite().cumprod(0).sum())]
        numbers, finite = range(1, len(finite) + 1), finite.clamp(max=2 * ceiling)
        between = max(1, len(values) // 8)
        axes.plot(numbers, finite, dash, marker=marker, markevery=between, color=colour, linewidth=2, label=run)
        if 0 < len(finite) < len(values):
            end = min(finite[-1].item(), ceiling)
            axes.plot(len(finite), end, "x", color=colour, markersize=14, markeredgewidth=3, clip_on=False)
    axes.set(yscale="log", xlabel=_("evaluation"), ylabel=name or _("total"))
    axes.set_ylim(top=min(axes.get_ylim()[1], ceiling))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def outside_range_map(picture: Tensor):
    """Where a picture leaves 0 to 1: left the pixels with a colour below 0, right those with one above 1.

    picture: (1, 3, H, W) of any range. It is drawn pale and grey under the marked pixels; the titles say which share
    of all numbers is outside.
    """
    from matplotlib.colors import to_rgb  # slow to import, as in `images.new_figure`

    figure = new_figure(10, 4)
    picture = picture.detach().cpu()
    grey = 0.78 + 0.22 * picture[0].clamp(0, 1).mean(0)  # so pale that both colours stand out from black, too
    below, above = picture[0] < 0, picture[0] > 1
    titles = (
        _("below 0: {share:.1%} of the numbers", share=below.float().mean()),
        _("above 1: {share:.1%} of the numbers", share=above.float().mean()),
    )
    sides = zip(figure.subplots(1, 2), (below, above), ("#0072B2", "#B34F00"), titles, strict=True)
    for axes, outside, colour, title in sides:
        shown = grey.expand(3, -1, -1).clone()
        shown[:, outside.any(0)] = torch.tensor(to_rgb(colour)).unsqueeze(1)
        axes.imshow(to_pil(shown))
        axes.set_title(title)
        axes.set_axis_off()
    return figure


def point_clouds(pairs: Mapping[str, tuple[Tensor, Tensor]]):
    """Pairs of clouds of points, one pair a column under its name, on one scale.

    pairs: of each two tensors (2, N), a column for each point; the first is drawn above, the second below.
    """
    figure = new_figure(2.6 * len(pairs), 4.6)
    places = figure.subplots(2, len(pairs), squeeze=False, sharex=True, sharey=True)
    for column, (name, clouds) in enumerate(pairs.items()):
        for axes, cloud in zip(places[:, column], clouds, strict=True):
            axes.plot(*cloud.cpu().numpy(), ".", markersize=3, color=LOOKS[2][0])
            axes.set_aspect("equal")
            axes.grid(alpha=0.3)
        places[0, column].set_title(name, fontsize=10, parse_math=False)
    channels = [_("channel {number}", number=number) for number in (1, 2)]
    for axes, of in zip(places[:, 0], (_("features of $x$"), _("features of $a$")), strict=True):
        axes.set_ylabel(f"{of}\n{channels[1]}")
    for axes in places[1]:
        axes.set_xlabel(channels[0])
    return figure
