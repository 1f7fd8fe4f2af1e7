"""Feedback on learners' exercise answers: `checks.gram_matrix(my_gram)` says what is right, or what to look at next.

One file a lesson. Each check is the right formula under a table of the usual wrong ones: what a wrong answer looks like
and what to look at next in one line, its formula in the next. `feedback` calls and compares; a check never raises.
All stands here in English, and `feedback` says it in the reader's language.
Inputs are small, with sides that all differ, so that no wrong formula is right by chance.
"""

from style_helpers.course.checks.lesson_01 import normalise, to_bytes, to_tensor
from style_helpers.course.checks.lesson_02 import receptive_field, relu_trap, tutorial_layers
from style_helpers.course.checks.lesson_03 import content_distance, content_gradient
from style_helpers.course.checks.lesson_04 import gram_matrix, style_distance, style_gradient
from style_helpers.course.checks.lesson_05 import adam_step, descent_step, outside_range
from style_helpers.course.checks.lesson_06 import total_loss, tutorial_weight
from style_helpers.course.checks.lesson_07 import luminance, masked_gram, share_seen
from style_helpers.course.checks.lesson_08 import mended_loop, picture_report, which_bug
from style_helpers.course.checks.lesson_09 import frame_width, instance_norm, training_loss
from style_helpers.course.checks.lesson_10 import mean_and_spread, nearest_distance, sorted_distance

__all__ = [
    "adam_step",
    "content_distance",
    "content_gradient",
    "descent_step",
    "frame_width",
    "gram_matrix",
    "instance_norm",
    "luminance",
    "masked_gram",
    "mean_and_spread",
    "mended_loop",
    "nearest_distance",
    "normalise",
    "outside_range",
    "picture_report",
    "receptive_field",
    "relu_trap",
    "share_seen",
    "sorted_distance",
    "style_distance",
    "style_gradient",
    "to_bytes",
    "to_tensor",
    "total_loss",
    "training_loss",
    "tutorial_layers",
    "tutorial_weight",
    "which_bug",
]
