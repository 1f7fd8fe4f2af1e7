"""Figures in another language show every letter: none is an empty box, and nothing warns of one."""

import io
import logging
import sys
import unicodedata
from pathlib import Path

import matplotlib
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager

from style_helpers import images
from style_helpers.course import letters

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lessons"))
import font
import translation


@pytest.fixture
def without_a_system_s_own(monkeypatch):
    monkeypatch.setattr(letters, "SYSTEMS", ())
    with matplotlib.rc_context():
        yield


def test_every_letter_of_every_catalogue_is_there():
    there = {chr(code) for code in TTFont(letters.FILE).getBestCmap()}
    theirs = {chr(code) for code in TTFont(font_manager.findfont("DejaVu Sans")).getBestCmap()}
    assert len(there) > 1000
    lacking = {letter for letter in font.letters() - there - theirs if unicodedata.category(letter) != "So"}
    assert lacking == set()
    assert translation.translated()


@pytest.mark.parametrize(("title", "lacking"), [("格拉姆矩阵：relu4_2，−1\n$G$", 0), ("矩阵 $G$", 2)])
def test_a_figure_says_them_but_beside_a_formula(title, lacking, without_a_system_s_own, caplog):
    letters.lend("zh")
    letters.lend("zh")  # a first cell that is run again
    figure = images.new_figure(2, 2)
    figure.subplots().set_title(title)
    with caplog.at_level(logging.WARNING):
        figure.savefig(io.BytesIO())  # warnings are errors, but in formulas matplotlib only logs them
    assert len({each for each in caplog.messages if "does not have a glyph" in each}) == lacking
    assert letters.FAMILY in matplotlib.rcParams["font.family"]


def test_its_license_travels_with_it():
    assert "SIL OPEN FONT LICENSE" in letters.FILE.with_suffix(".txt").read_text(encoding="utf-8")
