"""What goes with the lessons: exercises checked, predictions, the bug museum, the first cell's look.

`checks` has a check for each exercise; `predict` asks before a cell shows.
"""

from style_helpers.course.prediction import predict as predict
