"""A question and its answer on a plain page: guessed by mouse and keys, and nothing told before the guess."""

import pytest

from style_helpers.course import predict

CHOICES = ("It stays <b>", "It changes", "It explodes")


@pytest.fixture
def question():
    return predict("What happens to G?", CHOICES)


def chosen(page):
    return page.get_by_role("radio", checked=True)


def test_a_click_is_the_guess_and_can_be_changed_until_it_is_answered(on_page, question):
    page = on_page(question)
    assert page.get_by_role("radiogroup", name="Predict first. What happens to G?").is_visible()
    assert chosen(page).count() == 0
    page.get_by_role("radio", name="It changes").click()
    page.get_by_role("radio", name="It stays <b>").click()
    assert chosen(page).inner_text() == "It stays <b>"
    page.evaluate("model.set('closed', true)")
    page.get_by_role("radio", name="It explodes").click(force=True)
    assert chosen(page).inner_text() == "It stays <b>"
    assert page.evaluate("saved") == [{"guess": "It changes"}, {"guess": "It stays <b>"}]


def test_arrow_keys_choose_and_tab_finds_one_place(on_page, question):
    page = on_page(question)
    page.keyboard.press("Tab")
    for key, expected in (("Space", 0), ("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 0), ("ArrowUp", 2)):
        page.keyboard.press(key)
        assert chosen(page).inner_text() == CHOICES[expected]
        assert chosen(page).evaluate("each => each === document.activeElement")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.role") != "radio"


def test_in_a_notebook_the_answer_stands_beside_the_guess(on_page, question):
    question.guess = CHOICES[1]
    answer = question.answer(CHOICES[0], "a < b")
    given = answer.recorded() | {"guess": answer.guess, "waits": False}  # as the live model has it
    page = on_page(answer, 360)
    page.evaluate("given => Object.entries(given).forEach(each => model.set(...each))", given)
    assert page.get_by_text("It stays <b> ← measured", exact=True).is_visible()
    assert page.get_by_text("It changes ← your guess", exact=True).is_visible()
    assert page.get_by_text("Measured: a < b").is_visible()
    assert page.get_by_text("Not as you predicted").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_on_a_page_the_answer_waits_for_the_guess(on_page, question):
    question.guess = CHOICES[1]  # of whoever recorded it, and not of the reader
    page = on_page(question.answer(CHOICES[1], "0.3"))
    assert page.get_by_text("Measured: 0.3").is_hidden()
    assert page.get_by_role("status").inner_text() == ""
    page.evaluate("""() => {
        document.nstGuesses.made.set("What happens to G?", "It changes");
        document.nstGuesses.heard.dispatchEvent(new Event("guess"));
    }""")
    assert page.get_by_text("It changes ← your guess and measured").is_visible()
    assert page.get_by_text("As you predicted.", exact=True).is_visible()
    assert page.get_by_role("status").inner_text() == "Measured: 0.3 As you predicted."  # it was there before


def test_who_will_not_guess_may_see_it_all_the_same(on_page, question):
    page = on_page(question.answer(CHOICES[1], "0.3"))
    page.get_by_role("button", name="Show the answer without a guess").click()
    assert page.get_by_text("It changes ← measured").is_visible()
    assert page.get_by_text("No guess this time").is_visible()


def test_in_a_notebook_only_python_knows_the_guess(on_page, question):
    answer = question.answer(CHOICES[1], "0.3")
    page = on_page(answer)
    page.evaluate("""() => {
        document.nstGuesses.made.set("What happens to G?", "It changes"); // of the cell's earlier run
        model.set("waits", false);
    }""")
    assert page.get_by_text("It changes ← measured", exact=True).is_visible()
    assert page.get_by_text("No guess this time").is_visible()
