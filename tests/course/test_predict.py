"""The guess is kept, laid over the answer, and told in words."""

import pytest

from style_helpers.course import predict

CHOICES = ("It stays the same", "It changes")


@pytest.fixture
def question():
    return predict("What happens to G?", CHOICES)


def test_nothing_is_chosen_for_the_learner(question):
    assert question.guess is None
    assert question.choices == list(CHOICES)


def test_a_guess_stays_with_its_answer(question):
    question.guess = CHOICES[1]
    assert not question.closed
    answer = question.answer(CHOICES[0])
    assert (answer.guess, answer.measured) == (CHOICES[1], CHOICES[0])
    assert question.closed


@pytest.mark.parametrize(
    ("guess", "beginning"), [(None, "No guess"), (CHOICES[0], "As you predicted"), (CHOICES[1], "Not as you predicted")]
)
def test_the_verdict_is_told_in_words(question, guess, beginning):
    question.guess = guess
    answer = question.answer(CHOICES[0], "the difference is 1e-7")
    for text in (repr(answer), answer._repr_html_()):
        assert beginning in text
        assert "the difference is 1e-7" in text
        assert text.count("measured") == 1
        assert text.count("your guess") == (guess is not None)


def test_both_marks_stand_at_one_choice(question):
    question.guess = CHOICES[0]
    assert "<b>It stays the same</b> &larr; your guess and measured" in question.answer(CHOICES[0])._repr_html_()


def test_the_plain_text_has_the_question_and_every_choice(question):
    question = predict("What happens to G? " * 9, CHOICES)
    lines = ["Predict first. " + "What happens to G? " * 9, *(f"  ( ) {each}" for each in CHOICES)]
    page, _ = question._repr_mimebundle_()
    assert page["text/plain"].splitlines() == lines
    assert "application/vnd.jupyter.widget-view+json" in page


def test_text_is_escaped():
    question = predict("Is a < b?", ["<i>yes</i>", "no"])
    shown = question.answer("<i>yes</i>", "<script>")._repr_html_()
    assert "<i>" not in shown
    assert "<script>" not in shown


@pytest.mark.parametrize("choices", [[], ["one"], ["same", "same"], "yes", ["a", 1], [["a"], ["b"]]])
def test_a_question_needs_a_choice(choices):
    with pytest.raises(ValueError, match="a question and two different choices"):
        predict("Which?", choices)


def test_a_question_is_a_text():
    with pytest.raises(ValueError, match="a question and two"):
        predict(None, CHOICES)


def test_an_answer_that_was_not_offered_is_refused(question):
    with pytest.raises(ValueError, match="'It explodes' is not among the choices"):
        question.answer("It explodes")


def test_recorded_for_a_page_nobody_has_guessed_yet(question):
    question.guess = CHOICES[1]
    answer = question.answer(CHOICES[0])
    assert (question.recorded()["guess"], question.recorded()["closed"]) == (None, False)
    assert (answer.recorded()["guess"], answer.recorded()["waits"]) == (None, True)
