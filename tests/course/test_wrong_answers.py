"""What is said of wrong answers to every exercise. The tables, WRONG, stand with the other tests of each lesson."""

import pytest

from style_helpers.course import checks
from tests.course import (
    test_lesson_01,
    test_lesson_02,
    test_lesson_03,
    test_lesson_04,
    test_lesson_05,
    test_lesson_06,
    test_lesson_07,
    test_lesson_08,
    test_lesson_09,
    test_lesson_10,
)
from tests.course.answers import changed

WRITTEN = [row for lesson in (test_lesson_01, test_lesson_02, test_lesson_03, test_lesson_04) for row in lesson.WRONG]
FROM_05 = (test_lesson_05, test_lesson_06, test_lesson_07, test_lesson_08, test_lesson_09, test_lesson_10)
CHANGED = [  # of the lesson's own solution: pairs of texts, of which the second is put in place of the first
    (check, row) for lesson in FROM_05 for check, rows in lesson.WRONG.items() for row in rows
]


def assert_named(check, answer, words):
    said = getattr(checks, check)(answer)
    assert said.passed is False
    assert words in said.message


@pytest.mark.parametrize(("check", "answer", "words"), WRITTEN)
def test_an_answer_as_a_learner_writes_it_is_named(check, answer, words):
    assert_named(check, answer, words)


@pytest.mark.parametrize(("check", "row"), CHANGED)
def test_a_mistake_in_the_right_solution_is_named(check, row):
    words, *changes = row
    assert_named(check, changed(check, *changes), words)
