"""Two pictures of one size, one over the other, and a line to drag between them. The front is fronts/wipe.js."""

import traitlets
from PIL import Image
from torch import Tensor

from style_helpers.fronts import Front
from style_helpers.panels.panel import as_png


class Wipe(Front, parts=("wipe",)):
    """The line is dragged, or moved with the arrow keys; + and - enlarge both pictures together.

    share  how much of the width shows the picture before, 0 to 100
    width  of the whole, pixels; on a narrower page it is as wide as that
    empty  what is said while there are no pictures
    """

    before = traitlets.Bytes().tag(sync=True)
    after = traitlets.Bytes().tag(sync=True)
    before_name = traitlets.Unicode().tag(sync=True)
    after_name = traitlets.Unicode().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    share = traitlets.Int(50, min=0, max=100).tag(sync=True)
    width = traitlets.Int(250).tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)

    def show(self, before: Tensor | Image.Image, after: Tensor | Image.Image, names: tuple[str, str], words: str):
        """Two pictures of the same shape, (1, 3, H, W) from 0 to 1 or Pillow's, their names, and both in words."""
        with self.hold_sync():  # one message
            self.before, self.after = as_png(before), as_png(after)
            (self.before_name, self.after_name), self.words = names, words

    def clear(self):
        """Shows nothing."""
        with self.hold_sync():
            self.before = self.after = b""
            self.words = ""
