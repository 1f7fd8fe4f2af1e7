"""The wall: one photograph by four ideas of what style is, hung in order before anything is told or measured of them.

The pictures were computed beforehand: `python start.py python lessons/precompute.py wall`. The front is fronts/wall.js.
"""

from pathlib import Path

import traitlets
from torch import Tensor

from style_helpers import images, metrics
from style_helpers.fronts import Front
from style_helpers.language import _
from style_helpers.panels.bundled import COMMAND, FOLDER, Bundle, BundleError
from style_helpers.panels.panel import capital, manner
from style_helpers.settings import PAPER, Settings

STATISTICS = ("wasserstein", "nearest", "gram", "mean_covariance")
PAIRS = (
    (images.CONTENT / "astronaut.jpg", images.STYLE / "van-gogh-village-street-in-auvers.jpg"),
    (images.CONTENT / "chelsea-the-cat.jpg", images.STYLE / "kandinsky-composition-viii.jpg"),
)
# A to D of each pair: no order that a table of the lesson has, and no letter twice for the same idea
HUNG = (STATISTICS, ("mean_covariance", "gram", "wasserstein", "nearest"))
EVALUATIONS = 60
MEASURED = ("LPIPS", "style distance", "to style", "restlessness")


def names() -> dict[str, str]:
    """What each statistic is called."""
    return {
        "wasserstein": _("sliced Wasserstein"),
        "nearest": _("nearest neighbours"),
        "gram": _("Gram matrix"),
        "mean_covariance": _("mean and covariance"),
    }


def judges() -> dict[str, tuple[str, str]]:
    """What each judge is called, and what it asks for first, by the number that it measures."""
    return {
        "LPIPS": ("LPIPS", _("nearest to the photo")),
        "style distance": (_("style distance"), _("nearest to the artwork by Gram matrices")),
        "to style": (_("to style"), _("nearest to the artwork by neighbours")),
        "restlessness": (_("restlessness"), _("calmest where the photo is calm")),
    }


def settings(statistic: str) -> Settings:
    """Those of lesson 10: everything the same but the statistic, and each begins with gradients of the same length."""
    return Settings.fine(
        network="vgg16",
        content_layers=("relu4_2",),
        style_layers=PAPER[:4],
        statistic=statistic,
        style_weight=8.0,
        shares=(0.4, 0.3, 0.3),
        evaluations=EVALUATIONS,
    )


def measure(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """What the judges say, for an eye that did not take part, AlexNet: the smaller, the better."""
    return {
        "LPIPS": metrics.lpips(picture, content),
        "style distance": metrics.style_distance_to(picture, style),
        "to style": metrics.nearest_neighbours(picture, style)[0],
        "restlessness": metrics.restlessness(picture, content, style),
    }


class Wall(Front, parts=("wipe", "wall")):
    """One compares two of the pictures under a wipe, hangs one after the other, and then hears what the judges say.

    number    of the pair of photo and artwork in `PAIRS`, 0 or 1; ValueError where it is another
    folder    where the pictures computed beforehand lie

    pictures  {"picture": JPEG, "name": its statistic, "words": for those who listen, "numbers": of each judge}
    judges    {"name", "words": what it asks for}
    pair      the numbers of the two that are compared
    order     the numbers of those that hang, the best first; when all hang, names and numbers are told
    about     which photo in which manner; problem: one sentence, when pictures are missing
    """

    pictures = traitlets.List(traitlets.Dict()).tag(sync=True)
    judges = traitlets.List(traitlets.Dict()).tag(sync=True)
    pair = traitlets.List(traitlets.Int(), [0, 1]).tag(sync=True)
    order = traitlets.List(traitlets.Int()).tag(sync=True)
    about = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)

    def __init__(self, number: int = 0, folder: Path = FOLDER):
        if number not in range(len(PAIRS)):
            raise ValueError(
                _("Wall({number}) has no pictures: give the number of a photograph, 0 or 1.", number=repr(number))
            )
        content, style = PAIRS[number]
        bundle, words = Bundle("wall", MEASURED, folder), manner(content, style)
        about = _("{manner}, by {number} ideas of what style is.", manner=words, number=len(STATISTICS))
        asked = [{"name": name, "words": asks} for name, asks in judges().values()]
        super().__init__(judges=asked, about=capital(about))
        try:
            self.pictures = [
                _picture(bundle, words, content=content.name, style=style.name, statistic=statistic)
                for statistic in HUNG[number]
            ]
        except BundleError:
            self.problem = _(
                "The pictures are missing or damaged: run {command} in the project's folder to make them again.",
                command=COMMAND,
            )

    def recorded(self) -> dict:
        """On a page nobody has hung anything yet."""
        return super().recorded() | {"pair": [0, 1], "order": []}


def _picture(bundle: Bundle, words: str, **which) -> dict:
    found, called = bundle.find(**which), judges()
    numbers = {called[judge][0]: number for judge, number in found.numbers.items()}
    return {"picture": found.jpeg, "name": names()[which["statistic"]], "words": words, "numbers": numbers}
