"""Make the pictures that stand in lessons and README: python lessons/figures.py [maps | stills [NN ...]]

maps    images/figures/where-NN.png: the chain from picture to gradient, with one lesson's part outlined
stills  images/figures/lesson-NN.jpg: each lesson is run from top to bottom (some ten minutes in all), and the picture
        under its cell with the tag "still" is kept, for readers who have no kernel; NN: of these lessons only
"""

import base64
import io
import re
import sys

import nbformat
from build import NOTEBOOKS, build, lessons
from nbclient import NotebookClient
from PIL import Image

from style_helpers import files, images

FIGURES = images.FOLDER / "figures"
LARGEST = 150_000  # bytes of a picture in the repository

# Where each part stands (its middle, in inches), and what it is called
PARTS = {
    "picture": (0.9, 1.5, "the picture\n$x$: pixels"),
    "network": (2.75, 1.5, "a trained\nnetwork"),
    "features": (4.45, 1.5, "features\n$F$"),
    "content": (6.35, 2.3, "content\ndistance"),
    "style": (6.35, 0.7, "Gram matrix,\nstyle distance"),
    "sum": (8.4, 1.5, "weighted\nsum"),
}
CHAIN = (
    ("picture", "network"),
    ("network", "features"),
    ("features", "content"),
    ("features", "style"),
    ("content", "sum"),
    ("style", "sum"),
)
LESSON_PARTS = {
    "01": {"picture"},
    "02": {"network", "features"},
    "03": {"content"},
    "04": {"style"},
    "05": {"gradient"},
    "06": {"sum"},
    "07": {"picture", "network", "style", "sum"},
    "08": {*PARTS, "gradient"},
    "09": {"picture", "gradient"},
    "10": {"style"},
}

WAY_BACK = "gradient: change the pixels a little, again and again"
WAY_ON = "gradient: on into the network that painted, whose numbers change"  # lesson 09


def course_map(lesson: str):
    """The chain with the parts of one lesson outlined and named."""
    here = LESSON_PARTS[lesson]
    figure = images.new_figure(9.4, 3.5)
    axes = figure.subplots()
    axes.set(xlim=(0, 9.4), ylim=(-0.7, 2.8))
    axes.set_axis_off()
    boxes = {
        name: axes.text(x, y, text, ha="center", va="center", fontsize=11, bbox=_box(name in here), linespacing=1.3)
        for name, (x, y, text) in PARTS.items()
    }
    for start, end in CHAIN:
        edge = {"patchA": boxes[start].get_bbox_patch(), "color": "#555555", "linewidth": 1.2}
        _arrow(axes, boxes[start].get_position(), boxes[end], edge)
    _way_back(axes, boxes["picture"], "gradient" in here, WAY_ON if lesson == "09" else WAY_BACK)
    x, y = (4.6, -1.1) if "gradient" in here else PARTS[min(here, key=lambda part: PARTS[part][0])][:2]
    axes.text(x, y + 0.52, f"lesson {lesson}: here", ha="center", fontsize=11, weight="bold", color="#0072B2")
    return figure


def _box(here: bool) -> dict:
    style = {"facecolor": "#E8F1F8", "edgecolor": "#0072B2", "linewidth": 3.5}
    plain = {"facecolor": "white", "edgecolor": "#767676", "linewidth": 1}
    return {"boxstyle": "round,pad=0.5"} | (style if here else plain)


def _arrow(axes, start: tuple[float, float], end, look: dict):
    """From a point to the edge of a box."""
    edge = {"arrowstyle": "-|>", "patchB": end.get_bbox_patch(), "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end.get_position(), start, arrowprops=edge | look)


def _way_back(axes, picture, here: bool, words: str):
    """From the sum back to the picture: the gradient changes the pixels."""
    look = {"color": "#0072B2", "linewidth": 3.5} if here else {"color": "#555555", "linewidth": 1.2}
    axes.plot([8.4, 8.4, 0.9], [1.5, -0.35, -0.35], zorder=1, **look)  # it begins behind the box of the sum
    _arrow(axes, (0.9, -0.37), picture, look)
    plain = {"facecolor": "white", "edgecolor": "none"}
    axes.text(4.6, -0.35, words, ha="center", va="center", fontsize=11, bbox=plain)


def make_maps():
    for lesson in LESSON_PARTS:
        page = io.BytesIO()
        course_map(lesson).savefig(page, format="png", dpi=80)
        _keep(f"where-{lesson}.png", page.getvalue())


def make_stills(numbers: list[str]):
    for lesson in lessons():
        notebook = nbformat.reads(build(lesson), as_version=4)
        if any(map(_is_still, notebook.cells)) and (not numbers or lesson.stem[:2] in numbers):
            NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": NOTEBOOKS}}).execute()
            (cell,) = filter(_is_still, notebook.cells)
            _keep(f"lesson-{lesson.stem[:2]}.jpg", _as_jpeg(_picture_under(cell)))


def _is_still(cell) -> bool:
    return "still" in cell.metadata.get("tags", [])


def _picture_under(cell) -> Image.Image:
    (page,) = (output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {}))
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", page)[1]))).convert("RGB")


def _as_jpeg(picture: Image.Image) -> bytes:
    """As good as fits into the repository's limit."""
    for quality in (90, 80, 70, 60, 50):
        page = io.BytesIO()
        picture.save(page, "JPEG", quality=quality, optimize=True)
        if page.tell() <= LARGEST:
            break
    return page.getvalue()


def _keep(name: str, content: bytes):
    print(f"{name}: {len(content) / 1000:.0f} kB")
    files.write(FIGURES / name, content, overwrite=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            make_maps()
            make_stills([])
        case ["maps"]:
            make_maps()
        case ["stills", *numbers]:
            make_stills(numbers)
        case other:
            sys.exit(f"Say maps, stills, stills and lesson numbers, or nothing for all, not {' '.join(other)}.")
