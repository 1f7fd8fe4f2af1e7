"""Content against style: pictures that stand on a plane where their numbers put them. The front is fronts/plane.js."""

import traitlets

from style_helpers.fronts import Front


class Plane(Front, parts=("strip", "plane")):
    """One moves along the line of points by dragging or with the arrow keys, and the large picture follows.

    points  of `strip.frame`, each with x, its LPIPS to the photo, and y, its style distance to the painting
    now     the same for what was computed just now: crosses, which no line joins
    chosen  the number of the one that is shown large, in both lists, one after the other
    beside  frames of the photo and the painting
    width   of the large picture, pixels
    hint    what to try, under the plane
    """

    points = traitlets.List(traitlets.Dict()).tag(sync=True)
    now = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Int(0, min=0).tag(sync=True)
    beside = traitlets.List(traitlets.Dict()).tag(sync=True)
    width = traitlets.Int(320).tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
