"""The words for the lessons' figures, and that a shell lends them to the cells they belong to."""

import re

from IPython.core.interactiveshell import InteractiveShell

from style_helpers import images
from style_helpers.course import alt_texts

SHOW = "from style_helpers import images\npages = [images.new_figure(1, 1)._repr_html_() for _ in range(2)]"


def words_of(shell, source: str) -> list[str]:
    assert shell.run_cell(source, store_history=True).success
    return [re.search('alt="(.*?)"', page)[1] for page in shell.user_ns["pages"]]


def test_a_cell_is_lent_its_own_words_and_a_changed_one_or_the_next_none(monkeypatch):
    monkeypatch.setattr(alt_texts, "read", lambda: {alt_texts.key(SHOW, "en"): ["the first", "the second"]})
    monkeypatch.setattr(images, "ALT_TEXTS", [])
    shell = InteractiveShell()
    for _ in range(2):  # the first cell of a notebook may be run again
        alt_texts.follow(shell, "en")
    nothing = ["A picture without a title"] * 2
    assert words_of(shell, SHOW) == ["the first", "the second"]
    assert words_of(shell, f"{SHOW}\n") == ["the first", "the second"]
    assert words_of(shell, f"{SHOW}  # changed") == nothing
    assert words_of(shell, "pages = [images.new_figure(1, 1)._repr_html_()] * 2") == nothing


def test_words_left_over_by_one_cell_do_not_come_to_the_next(monkeypatch):
    one = SHOW.replace("range(2)", "range(1)")
    monkeypatch.setattr(alt_texts, "read", lambda: {alt_texts.key(one, "en"): ["the first", "never shown"]})
    monkeypatch.setattr(images, "ALT_TEXTS", [])
    shell = InteractiveShell()
    alt_texts.follow(shell, "en")
    assert words_of(shell, one) == ["the first"]
    assert words_of(shell, SHOW) == ["A picture without a title"] * 2


def test_the_words_of_all_lessons_are_known_by_their_cells():
    texts = alt_texts.read()
    assert len(texts) > 50
    assert all(re.fullmatch("[0-9a-f]{16}", cell) and all(words) for cell, words in texts.items())
