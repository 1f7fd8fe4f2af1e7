"""The map of the course that stands at the head of each lesson: the chain from picture to gradient."""

from translation import Words

from style_helpers import images

# Where each part stands (its middle, in inches), and what it is called
PARTS = {
    "picture": (0.9, 1.5, "the picture\n$x$: pixels"),
    "network": (2.75, 1.5, "a trained\nnetwork"),
    "features": (4.45, 1.5, "features\n$F$"),
    "content": (6.35, 2.3, "content\ndistance"),
    "style": (6.35, 0.7, "Gram matrix,\nstyle distance"),
    "sum": (8.4, 1.5, "weighted\nsum"),
}
PAINTERS_PARTS = {  # lesson 09
    "photograph": (0.9, 2.5, "a photograph\n$p$"),
    "picture": (0.9, 1.5, "the painter's\npicture\n$f_\\theta(p)$"),
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
HERE = "lesson {lesson}: here"


def messages() -> list[str]:
    """All that is to be translated."""
    parts = [*PARTS.values(), *PAINTERS_PARTS.values()]
    return [*(text for _, _, text in parts), WAY_BACK, WAY_ON, HERE]


def course_map(lesson: str, words: Words):
    """The chain with the parts of one lesson outlined and named, in a figure."""
    here, parts, chain, back = LESSON_PARTS[lesson], PARTS, CHAIN, WAY_BACK
    if lesson == "09":
        parts, chain, back = PARTS | PAINTERS_PARTS, (("photograph", "picture"), *CHAIN), WAY_ON
    figure = images.new_figure(9.4, 3.5)
    axes = figure.subplots()
    axes.set(xlim=(0, 9.4), ylim=(-0.7, 2.8))
    axes.set_axis_off()
    look = {"ha": "center", "va": "center", "fontsize": 11, "linespacing": 1.3}
    boxes = {}
    for name, (x, y, text) in parts.items():
        boxes[name] = axes.text(x, y, words(text), bbox=_box(name in here), **look)
    for start, end in chain:
        edge = {"patchA": boxes[start].get_bbox_patch(), "color": "#555555", "linewidth": 1.2}
        _arrow(axes, boxes[start].get_position(), boxes[end], edge)
    _way_back(axes, boxes["picture"], "gradient" in here, words(back))
    x, y = (4.6, -1.1) if "gradient" in here else PARTS[min(here, key=lambda part: PARTS[part][0])][:2]
    said = words(HERE).format(lesson=lesson)
    weight = "bold" if said.isascii() else "normal"  # the course's other letters have one weight
    axes.text(x, y + 0.52, said, ha="center", fontsize=11, weight=weight, color="#0072B2")
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
