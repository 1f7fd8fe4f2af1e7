"""A run, moment by moment: a filmstrip under a wipe of the photograph and the picture. The front is fronts/film.js."""

from collections.abc import Sequence

import traitlets
from torch import Tensor

from style_helpers import images
from style_helpers.language import _
from style_helpers.panels.panel import as_jpeg, as_png
from style_helpers.panels.strip import Filmstrip, frame

SMALL = 96  # pixels on the longer side of a moment in the strip


class Film(Filmstrip, parts=("wipe", "strip", "film")):
    """The strip has small pictures; of the chosen moment the large one is shown under the photograph.

    before, before_name  the photograph; share: how much of the width shows it at first, 0 to 100
    words                both in words; empty: what is said while there is nothing
    """

    before = traitlets.Bytes().tag(sync=True)
    before_name = traitlets.Unicode().tag(sync=True)
    share = traitlets.Int(0, min=0, max=100).tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)

    def begin(self, photo: Tensor, name: str, words: str):
        """Another run, of which there is no moment yet. photo: (1, 3, H, W), 0 to 1."""
        with self.hold_sync():
            self.pictures, self.large, self.chosen = [], {}, 0
            self.before, self.before_name, self.words = as_png(photo), name, words

    def keep(self, moments: Sequence[tuple[int, Tensor]]):
        """The evaluations to walk through, with their pictures. Those that are here are not made or sent again."""
        here = {each["evaluation"]: each for each in self.pictures}
        if [number for number, _ in moments[: len(here)]] == list(here):
            for number, picture in moments[len(here) :]:
                self.add(_small(number, picture))
            return
        looked_at = self.pictures[min(self.chosen, len(self.pictures) - 1)]["evaluation"]
        numbers = [number for number, _ in moments]
        with self.hold_sync():  # who looks at a moment goes on looking at it, or at its neighbour
            self.pictures = [here.get(number) or _small(number, picture) for number, picture in moments]
            self.chosen = min(range(len(numbers)), key=lambda place: abs(numbers[place] - looked_at))

    @property
    def at_end(self) -> bool:
        return self.chosen >= len(self.pictures) - 1

    def show(self, number: int, evaluation: int, picture: Tensor):
        """That place of the strip, in full size; the last one may have gone on since."""
        with self.hold_sync():
            name = _("evaluation {evaluation}", evaluation=evaluation)
            self.large = {"number": number, "picture": as_png(picture), "name": name}
            self.chosen = number

    def record(self, moments: Sequence[tuple[int, Tensor]]):
        """All of them in full size, for a page without a kernel."""
        self.pictures, self.large = [_small(number, picture, max(picture.shape)) for number, picture in moments], {}


def _small(evaluation: int, picture: Tensor, side: int = SMALL) -> dict:
    small = images.to_pil(picture)
    small.thumbnail((side, side))
    name = _("evaluation {evaluation}", evaluation=evaluation)
    words = _("the picture at evaluation {evaluation}", evaluation=evaluation)
    return frame(as_jpeg(small), str(evaluation), name, words=words) | {"evaluation": evaluation}
