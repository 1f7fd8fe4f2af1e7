"""Pictures, one of them large, and a row of small ones to walk through like a film. The front is fronts/strip.js.

strip = Filmstrip(width=300)
strip.pictures = [frame(jpeg, "relu1_1", "Rebuilt from relu1_1", ["LPIPS 0.01"], "the tower rebuilt from relu1_1")]
"""

from collections.abc import Sequence

import traitlets

from style_helpers.fronts import Front


def frame(picture: bytes, label: str, name: str, lines: Sequence[str] = (), words: str = "") -> dict:
    """A picture's file, a short label that fits under a thumbnail, and its caption; words: for those who listen."""
    return {"picture": picture, "label": label, "name": name, "lines": list(lines), "words": words or name}


class Filmstrip(Front, parts=("strip",)):
    """One clicks on a small picture, drags along them or walks with the arrow keys; a click enlarges the large one.

    pictures  of `frame`; all is sent once. `add` sends one more alone
    chosen    the number of the one that is shown large; told once at the end of a drag
    large     {"number": ..., "picture": ...}: where `pictures` are only small, an observer of `chosen` sets this to the
              same picture in full size; until it comes, the small one is shown
    beside    frames of what stays beside the large one, to compare
    width     of the large picture, pixels
    """

    pictures = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Int(0, min=0).tag(sync=True)
    large = traitlets.Dict().tag(sync=True)
    beside = traitlets.List(traitlets.Dict()).tag(sync=True)
    width = traitlets.Int(300).tag(sync=True)
    newest = traitlets.Dict().tag(sync=True)
    have = traitlets.Int(-1).tag(sync=True)  # a page that missed some says how many it has

    def add(self, new: dict):
        """One more frame at the end. The list grows in place, which sends nothing; the front does the same there."""
        self.pictures.append(new)
        self.newest = new | {"number": len(self.pictures) - 1}

    @traitlets.observe("have")
    def _send_all(self, _):
        if 0 <= self.have < len(self.pictures):
            self.send_state("pictures")
        self.have = -1
