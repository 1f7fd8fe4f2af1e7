"""What goes with the lessons: exercises checked, predictions, figures, the bug museum, the first cell's look.

`checks` has a check for each exercise; `predict` asks before a cell shows, `plots` has the figures.
"""

from style_helpers.course.prediction import predict as predict
