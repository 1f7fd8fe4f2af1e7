"""Letters for the figures of notebooks that are not in English."""

from pathlib import Path

import matplotlib
from matplotlib import font_manager

from style_helpers.language import ENGLISH

FAMILY, FILE = "NST Letters", Path(__file__).with_name("letters.otf")  # made by lessons/font.py
# What a system may have; the course's own letters are no more than its lessons need, not what a learner may write
SYSTEMS = ("Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei")


def lend(language: str):
    """From now on figures can say words of this language, letter by letter from here where their own font has none.

    English, which needs nothing else, leaves them as they are.
    Not in a line with a formula, which matplotlib draws in one font alone: there a formula needs a line of its own.
    """
    if language == ENGLISH:
        return
    if FAMILY not in font_manager.get_font_names():
        font_manager.fontManager.addfont(FILE)
    here = [name for name in SYSTEMS if name in font_manager.get_font_names()]
    matplotlib.rcParams["font.family"] = ["sans-serif", *here[:1], FAMILY]
