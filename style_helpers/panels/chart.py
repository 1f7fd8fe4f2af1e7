"""Curves that can be pointed at, alone or with the pictures of each moment: fronts/chart.js and fronts/moments.js."""

from array import array
from collections.abc import Iterable, Mapping, Sequence

import traitlets
from torch import Tensor

from style_helpers.fronts import Front
from style_helpers.language import _
from style_helpers.panels.panel import Thinned, as_jpeg

MOMENTS = 32  # of a run whose pictures are kept: of 60 evaluations each second, the first and the last
Points = Iterable[tuple[float, float]]  # (evaluation, value)


class Chart(Front, parts=("chart",)):
    """Pointing, dragging or the arrow keys move a cursor, and the legend tells each line's value there.

    The height is logarithmic: what is not above 0 is a gap in the line, and the legend tells it all the same.

    across, up  what the axes measure
    at          the evaluation that is pointed at; 0 for the newest
    until       the evaluation that will be reached, so that the lines grow into their chart; 0 if nobody knows
    ceiling     lines are cut off above it, and the legend tells how high they are; 0 for nowhere
    kind        which kind of line is seen, where there are several
    leader      what is said of the lowest line; "" for nothing
    words       the chart in words
    """

    lines = traitlets.List().tag(sync=True)
    across = traitlets.Unicode().tag(sync=True)
    up = traitlets.Unicode().tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)
    until = traitlets.Int(0).tag(sync=True)
    ceiling = traitlets.Float(0.0).tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    leader = traitlets.Unicode().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)

    @traitlets.default("across")
    def _usually_across(self) -> str:
        return _("evaluation")

    @traitlets.default("up")
    def _usually_up(self) -> str:
        return _("weighted loss")

    def show(self, lines: Mapping[str | tuple[str, str], Points], words: str, **traits):
        """All lines in one message. Their names, or (kind, name), each kind with the same names; the chart in words."""
        with self.hold_sync():
            self.lines, self.words = [_line(name, points) for name, points in lines.items()], words
            for name, value in traits.items():
                setattr(self, name, value)

    def clear(self):
        """Shows nothing."""
        self.show({}, "", at=0)


class Moments(Chart, parts=("chart", "moments")):
    """Over the chart, the picture of each line at the moment that is pointed at.

    The front holds them, so it needs no kernel to show an earlier moment. While a run grows it is sent what is fresh,
    at the end all that is kept: at most 32 moments, the first and the last among them. A page that is opened in
    between gets all that is kept by then.

    notes  for each line what is said at its end
    width  of each picture at most, pixels
    """

    run = traitlets.Int(0).tag(sync=True)
    moments = traitlets.List().tag(sync=True)
    fresh = traitlets.List().tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    width = traitlets.Int(250).tag(sync=True)
    _sent = 0

    def begin(self, names: Iterable[str], words: str, pictures: Sequence[Tensor] = (), **traits):
        """Another run; what was kept is let go. pictures: of each line before the first evaluation, if any."""
        kept, self._sent = Thinned(MOMENTS, lambda each: each["at"]), 0
        start = [_moment(0, pictures)] if pictures else []
        fixed = {"at": 0, "run": self.run + 1, "moments": kept, "fresh": start, "notes": []}
        super().show(dict.fromkeys(names, ()), words, **fixed, **traits)

    def clear(self):
        self.begin((), "")

    def remember(self, at: int, pictures: Sequence[Tensor | None]):
        """The pictures of an evaluation, by line; None for a line that ended. Nothing is sent: the list grows."""
        self.moments.add(_moment(at, pictures))

    def show(self, lines: Mapping[str | tuple[str, str], Points], words: str, **traits):
        fresh = [each for each in self.moments if each["at"] > self._sent]
        self._sent = self.moments[-1]["at"] if self.moments else 0
        super().show(lines, words, fresh=fresh, **traits)

    def end(self):
        """The run is at its end: what was kept only until the next one came goes, on the page too."""
        self.fresh = []
        self.send_state("moments")


def term(name: str) -> str:
    """What a term of the loss is called beside its curve: "total", "style relu1_1"."""
    called = {
        "total": _("total"),
        "content": _("content"),
        "style": _("style"),
        "total variation": _("total variation"),
        "pixel range": _("pixel range"),
    }
    kind, space, layer = name.partition(" ")
    return called.get(name) or f"{called.get(kind, kind)}{space}{layer}"


def _line(name: str | tuple[str, str], points: Points) -> dict:
    kind, name = name if isinstance(name, tuple) else ("", name)
    return {"name": name, "kind": kind, "points": array("f", [each for point in points for each in point]).tobytes()}


def _moment(at: int, pictures: Sequence[Tensor | None]) -> dict:
    return {"at": at, "pictures": [b"" if each is None else as_jpeg(each) for each in pictures]}
