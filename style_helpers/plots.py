"""matplotlib figures for the lessons. Lines differ by dash and marker as well as by colour."""

from collections.abc import Sequence

from style_helpers.images import new_figure
from style_helpers.transfer import Evaluation


def losses(history: Sequence[Evaluation], alt: str = ""):
    """The weighted content and style losses and their total against the evaluation, on a logarithmic axis.

    Zeros, such as the content loss of a run that starts from the content picture, cannot be drawn there and are left
    out. Returns a figure: make it the last expression of a cell.
    """
    figure = new_figure(7, 3.2, alt)
    axes = figure.subplots()
    numbers = [seen.evaluation for seen in history]
    for name, dash, colour in (("total", "-", "#000000"), ("style", "--", "#D55E00"), ("content", ":", "#0072B2")):
        values = [getattr(seen.losses, name) or float("nan") for seen in history]
        axes.plot(numbers, values, dash, color=colour, linewidth=2, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("evaluation")
    axes.set_ylabel("weighted loss")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
