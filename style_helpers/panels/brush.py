"""A mask, painted on the photograph with pointer, finger, pen or keys. The front is fronts/brush.js."""

import torch
import traitlets
from PIL import Image
from torch import Tensor

from style_helpers.fronts import Front
from style_helpers.images import fit
from style_helpers.panels.panel import as_jpeg

LONGEST = 320  # points on the longer side of a mask: a stroke travels as some 70 kB, and its edge is soft in a run
PHOTO = 640  # pixels on the longer side of the photograph that is painted on


class Brush(Front, parts=("brush",)):
    """photo      a JPEG file; words: what it shows
    mask          a byte for each point, row by row, 0 (not here) to 255 (here); no bytes: nothing is painted
    mask_size     its height and width, which follow from the photograph's
    number, mask_of   of the photograph that is shown, and of the one that the mask was painted on
    purposes      what may become of what is painted, each in words, and `purpose`, which of them
    unfolded      whether it is open
    """

    photo = traitlets.Bytes().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    mask = traitlets.Bytes().tag(sync=True, echo_update=False, from_json=lambda given, _: memoryview(given).tobytes())
    mask_of = traitlets.Int(0).tag(sync=True)
    number = traitlets.Int(0).tag(sync=True)
    mask_size = traitlets.List(traitlets.Int()).tag(sync=True)
    purposes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    purpose = traitlets.Int(0, min=0).tag(sync=True)
    unfolded = traitlets.Bool(False).tag(sync=True)

    def show(self, photo: Image.Image, words: str):
        """Another photograph, on which nothing is painted yet."""
        scale = LONGEST / max(photo.size)
        size = [max(1, round(scale * side)) for side in reversed(photo.size)]
        photo = photo.copy()
        photo.thumbnail((PHOTO, PHOTO))
        with self.hold_sync():  # one message
            self.mask, self.number, self.mask_of = b"", self.number + 1, self.number + 1
            self.photo, self.words, self.mask_size = as_jpeg(photo), words, size

    @property
    def is_painted(self) -> bool:
        """A stroke may still come that was painted on the photograph before."""
        fits = self.mask_of == self.number and len(self.mask) == self.mask_size[0] * self.mask_size[1]
        return fits and any(self.mask)

    def painted(self, height: int, width: int) -> Tensor | None:
        """The mask as (1, 1, height, width), 0 to 1 in steps of 1/255 as a file keeps it; None when none is painted."""
        if not self.is_painted:
            return None
        mask = torch.frombuffer(bytearray(self.mask), dtype=torch.uint8).view(1, 1, *self.mask_size)
        return fit(mask.float(), height, width).round() / 255
