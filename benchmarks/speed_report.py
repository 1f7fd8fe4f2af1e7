"""The figures of the speed benchmark as Markdown tables, and as a plot."""

import io

from benchmarks.speed import LITERAL, TRIMMED
from style_helpers.images import new_figure

# Lines differ by marker and dash as well as by colour
LOOKS = {
    LITERAL: ("o", ":", "#000000"),
    TRIMMED: ("s", "--", "#0072B2"),
    "ours, fp32": ("^", "-.", "#975E32"),
    "ours, bf16": ("D", "-", "#D55E00"),
}


def table(headings: tuple[str, ...], rows: list[tuple]) -> str:
    """A Markdown table whose columns are aligned in the source too; the first column to the left, numbers right."""
    cells = [tuple(map(str, row)) for row in rows]
    widths = [max(3, *(len(row[column]) for row in [headings, *cells])) for column in range(len(headings))]

    def line(row):
        padded = [cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(row)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if not column else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(line(zip(row, widths, strict=True)) for row in [headings, rule, *cells])


def machine_table(facts: dict) -> str:
    return table(("machine", ""), [(name.replace("_", " "), value) for name, value in facts.items()])


def section(name: str, found: dict | list) -> str:
    """One section's figures as text."""
    title, write = SECTIONS[name]
    return f"{title}\n\n{write(found)}\n"


def _peak(found: dict) -> str:
    return table(("number format", "GFLOP/s"), [(name, f"{value / 1e9:.0f}") for name, value in found.items()])


def _evaluations(rows: list[dict]) -> str:
    lines = [
        (row["who"], row["size"], *_milliseconds(row), _times(row["times_as_fast"]), f"{row['share_of_peak']:.0%}")
        for row in rows
    ]
    return table(("milliseconds an evaluation", "px", "median", "least to most", "as fast", "of the peak"), lines)


def _growth(found: dict) -> str:
    lines = [(f"{row['size']} px", *_milliseconds(row)) for row in found["rows"]]
    text = table(("milliseconds an evaluation", "median", "least to most"), lines)
    return f"{text}\n\nseconds grow as pixels to the power {found['exponent']:.3f}"


def _memory(found: dict) -> str:
    peak, before = (f"{found[key] / 1e9:.2f} GB" for key in ("peak", "after_import"))
    return f"{found['size']} x {found['size']} px: {peak} at most; {before} after import, before the first tensor"


def _alexnet(rows: list[dict]) -> str:
    lines = [(f"{row['size']} px, {row['precision']}", f"{row['a_second']:.0f}", *_milliseconds(row)) for row in rows]
    return table(("AlexNet", "evaluations a second", "median ms", "least to most ms"), lines)


def _race(found: dict) -> str:
    literal, trimmed = (row["seconds_to_target"] for row in found["runners"][:2])
    lines = []
    for row in found["runners"]:
        seconds, evaluations = row["seconds_to_target"], row["evaluations_to_target"]
        if seconds is None:
            lines.append((row["who"], "not reached", f"{row['evaluations'][-1]} tried", "", ""))
        else:
            lines.append(
                (row["who"], f"{seconds:.1f}", evaluations, _times(literal / seconds), _times(trimmed / seconds))
            )
    headings = (f"to a total of {found['target']:.3f}", "seconds", "evaluations", "x literal", "x trimmed")
    return table(headings, lines)


SECTIONS = {
    "peak": ("Matrix products: the measured peak", _peak),
    "tutorial": ("One evaluation, tutorial maths, VGG-16", _evaluations),
    "gatys": ("One evaluation, gatys, VGG-16", _evaluations),
    "growth": ("Time against pixels, gatys", _growth),
    "memory": ("Peak memory, gatys", _memory),
    "alexnet": ("AlexNet, five style layers", _alexnet),
    "race": ("Seconds to the old tutorial's final loss", _race),
}


def _milliseconds(row: dict) -> tuple[str, str]:
    median, least, most = (f"{1e3 * row[key]:.1f}" for key in ("median", "least", "most"))
    return median, f"{least} to {most}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def plot(found: dict) -> bytes:
    """A PNG of two panels: milliseconds an evaluation by size, and the old tutorial's total against seconds."""
    figure = new_figure(11, 4.2)
    speed, race = figure.subplots(1, 2)
    for who, (marker, dash, colour) in LOOKS.items():
        look = {"marker": marker, "linestyle": dash, "color": colour, "label": who, "linewidth": 1.8}
        rows = [row for row in found["tutorial"] if row["who"] == who]
        if rows:
            speed.plot([row["size"] for row in rows], [1e3 * row["median"] for row in rows], **look)
    sizes = sorted({row["size"] for row in found["tutorial"]})
    speed.set(xscale="log", yscale="log", xlabel="side, pixels", ylabel="milliseconds an evaluation")
    speed.set_xticks(sizes, [str(size) for size in sizes])
    speed.minorticks_off()
    for row in found["race"]["runners"]:
        marker, dash, colour = LOOKS[row["who"]]
        each = max(1, len(row["seconds"]) // 12)
        look = {"marker": marker, "linestyle": dash, "color": colour, "label": row["who"], "markevery": each}
        race.plot(row["seconds"], row["totals"], **look)
    race.axhline(found["race"]["target"], color="#888888", linewidth=0.8)
    race.set(yscale="log", xlabel="seconds", ylabel="the old tutorial's total")
    for axes in (speed, race):
        axes.grid(alpha=0.3)
        axes.legend()
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=120)
    return page.getvalue()
