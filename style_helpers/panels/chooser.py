"""Pictures to choose from by clicking them, the last perhaps one's own. The front is fronts/chooser.js."""

import functools
from collections.abc import Callable
from pathlib import Path

import traitlets
from PIL import Image, ImageOps
from torch import Tensor

from style_helpers import images
from style_helpers.files import quote
from style_helpers.fronts import Front
from style_helpers.language import _
from style_helpers.panels.panel import as_jpeg, pictures_of

SMALL = (216, 162)  # pixels of a thumbnail: a place of the row has half of that, and many screens two pixels for one


class Chooser(Front, parts=("chooser",)):
    """The bundled pictures of one folder, and one's own when there is one.

    kind                  what they are, in words: "content", "style"
    names, thumbnails     of the bundled ones; a thumbnail is a JPEG file
    chosen                which one, from 0; len(names) is one's own
    own, own_thumbnail    the name of one's own picture, and what is shown of it
    offered, offered_name a file that the browser sends. Checked here, it becomes one's own, or the reason for `wrong`
    wrong                 one sentence: why a file cannot be taken
    """

    kind = traitlets.Unicode().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    thumbnails = traitlets.List(traitlets.Bytes()).tag(sync=True)
    chosen = traitlets.Int(0, min=0).tag(sync=True)
    own = traitlets.Unicode().tag(sync=True)
    own_thumbnail = traitlets.Bytes().tag(sync=True)
    offered = traitlets.Bytes().tag(
        sync=True, echo_update=False, from_json=lambda given, _: memoryview(given).tobytes()
    )
    offered_name = traitlets.Unicode().tag(sync=True)
    wrong = traitlets.Unicode().tag(sync=True)

    def __init__(self, kind: str, folder: Path, changed: Callable):
        """changed: called when another picture is chosen."""
        paths = pictures_of(folder)
        super().__init__(kind=kind, names=list(paths), thumbnails=[_bundled(path) for path in paths.values()])
        self._paths, self._own = list(paths.values()), b""
        self.observe(self._look_at_offer, "offered")
        self.observe(lambda change: changed(), ["chosen", "own", "own_thumbnail"])

    def _look_at_offer(self, change):
        content, name = change["new"], self.offered_name
        if not content:
            return
        try:
            small = _thumbnail(images.open_picture(content))
        except images.PictureError as error:
            self.wrong = str(error).replace(_("The given picture"), quote(name), 1)
        else:
            self._own = content
            with self.hold_sync():
                self.own, self.own_thumbnail, self.chosen, self.wrong = name, small, len(self.names), ""
        self.offered = b""  # the browser sees that it was looked at, and may offer the same file again

    @property
    def is_own(self) -> bool:
        return self.chosen == len(self.names)

    @property
    def name(self) -> str:
        """The file name of the chosen picture."""
        return self.own if self.is_own else self._paths[self.chosen].name

    @property
    def source(self) -> Path | bytes:
        """What `images.load` and `images.open_picture` take."""
        return self._own if self.is_own else self._paths[self.chosen]

    def load(self, size: int) -> Tensor:
        return images.load(self.source, size)

    def as_code(self) -> str:
        """How the picture is named in Python; one's own is a file beside the notebook."""
        if self.is_own:
            return repr(self.name)
        return f"images.{'CONTENT' if self.source.parent == images.CONTENT else 'STYLE'} / {self.name!r}"


def _thumbnail(picture: Image.Image) -> bytes:
    return as_jpeg(ImageOps.fit(picture, SMALL))


@functools.cache
def _bundled(path: Path) -> bytes:
    return _thumbnail(images.open_picture(path))
