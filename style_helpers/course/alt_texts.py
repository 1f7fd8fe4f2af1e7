"""What each figure of the lessons shows, in words, for those who listen to the page.

The words are kept out of the code that learners read, where they would give a prediction away: authors write them below
a cell in lessons/*.md, and lessons/build.py gathers them in alt_texts.json, by what is in the cell. So a cell that a
learner has changed, and whose figure may show something else, has none; then the figure tells its titles and axes.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from style_helpers import images
from style_helpers.language import ENGLISH

TEXTS = Path(__file__).with_name("alt_texts.json")
_language = ENGLISH  # of the notebook whose kernel this is


def key(source: str, language: str) -> str:
    """What a cell is known by: 16 hexadecimal figures. Other languages have other words for the same code."""
    return hashlib.sha256(f"{language}{source.strip()}".encode()).hexdigest()[:16]


@cache
def read() -> dict[str, list[str]]:
    """The words for each figure of a cell, in their order, by the cell's `key`."""
    by_lesson = json.loads(TEXTS.read_text(encoding="utf-8"))
    return {cell: texts for cells in by_lesson.values() for cell, texts in cells.items()}


def follow(shell, language: str) -> None:
    """From now on lends the figures of each cell that this IPython shell runs their words, in the notebook's language.

    Twice is as good as once.
    """
    global _language
    _language = language
    shell.events.register("pre_run_cell", _begin_cell)


def _begin_cell(info):
    images.ALT_TEXTS[:] = read().get(key(info.raw_cell or "", _language), [])
