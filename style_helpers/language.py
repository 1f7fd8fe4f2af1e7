"""The reader's language: `_` says a sentence in it, `plural` one that counts, `sentences` several.

Sentences stand in English where they are said, whole, with {names} for what changes. Their translations are gettext's:
locale/<language>/LC_MESSAGES/style_helpers.po, and compiled beside it .mo, both kept in step by lessons/translation.py.
The environment variable STYLE_HELPERS_LANGUAGE names the language; a notebook's first cell sets it to its own. A
sentence that has no translation stays English.
"""

import functools
import gettext
import os
from pathlib import Path

VARIABLE = "STYLE_HELPERS_LANGUAGE"
ENGLISH = "en"  # what all is written in: it has no catalogue
LOCALE = Path(__file__).with_name("locale")


def chosen() -> str:
    """The code of the reader's language, such as "en" or "zh"."""
    return os.environ.get(VARIABLE) or ENGLISH


def _(message: str, /, **values) -> str:
    """The message in the reader's language, with values in the places of its {names}."""
    said = _translations(chosen()).gettext(message) if message else ""
    return said.format(**values) if values else said


def plural(one: str, many: str, number: int, /, **values) -> str:
    """`one` or `many` as the language counts, for {number} things: plural("{number} file", "{number} files", 3)."""
    return _translations(chosen()).ngettext(one, many, number).format(number=number, **values)


def sentences(*said: str) -> str:
    """One after the other, without the empty ones; not every language has a space between them."""
    all_said = [each for each in said if each]
    return functools.reduce(lambda one, other: _("{one} {other}", one=one, other=other), all_said or [""])


@functools.cache
def _translations(language: str) -> gettext.NullTranslations:
    return gettext.translation("style_helpers", LOCALE, [language], fallback=True)
