"""Lesson 08: what its text states, and what the check of its last exercise says."""

from pathlib import Path

import jupytext
import pytest
import torch
from PIL import Image

from style_helpers import images, networks
from style_helpers.course import checks, museum
from style_helpers.course.checks import lesson_08

LESSON = Path(__file__).resolve().parents[2] / "lessons" / "08_bug_museum.md"
TEXT = LESSON.read_text(encoding="utf-8")
KEY = museum.MYSTERIES


# The diagnosis


def said(diagnosis) -> str:
    feedback = checks.which_bug(diagnosis)
    assert feedback.passed is False
    return feedback.message


@pytest.mark.parametrize("open_yet", [..., {}, dict.fromkeys(KEY, ...)])
def test_a_diagnosis_not_written_yet_is_no_mistake(open_yet):
    assert repr(checks.which_bug(open_yet)).startswith("Not yet: ")


@pytest.mark.parametrize("letter", KEY)
@pytest.mark.parametrize("bug", museum.BUGS)
def test_each_wrong_name_hears_what_speaks_against_it_and_where_to_look_and_not_the_answer(letter, bug):
    if bug != KEY[letter]:
        message = said(KEY | {letter: bug})
        others = " and ".join(other for other in KEY if other != letter)
        assert message.startswith(f"{others} are right. {letter}: not `{bug}`. With that, one sees this: ")
        assert museum.BUGS[bug].symptom in message
        assert lesson_08.CLUES[KEY[letter]] in message
        assert KEY[letter] not in message


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        ("grey photo", "of type str, not a dict"),
        (KEY | {"F": "grey photo"}, "There is no exhibit 'F': the letters are A, B, C, D, E."),
        (KEY | {"A": "grey foto"}, "A: no label bears the name 'grey foto'; did you mean `grey photo`?"),
        (KEY | {"A": "?"}, "take one from `list(museum.BUGS)`."),
        (KEY | {"A": 3}, "A: no label bears the name 3; take one"),
        ({"A": KEY["A"]}, "A is right. B: not named yet."),
        (KEY | {"B": ...}, "A and C and D and E are right. B: not named yet."),
        ({"A": "\ud800"}, "A: no label bears the name '?'"),
    ],
)
def test_an_odd_diagnosis_is_told(diagnosis, words):
    assert words in said(diagnosis).replace("\\ud800", "?")


def test_all_five_are_right():
    assert checks.which_bug(dict(KEY)).passed


def test_nbgrader_gets_an_error_or_silence(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert checks.which_bug(dict(KEY)) is None
    with pytest.raises(AssertionError, match="Not yet: Write your own code"):
        checks.which_bug(...)


def test_the_learner_may_interrupt():
    class Slow(dict):
        def get(self, *arguments):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks.which_bug(Slow(A="grey photo"))


def test_there_is_a_clue_for_each_mystery():
    assert set(lesson_08.CLUES) == set(KEY.values())


# The text


def test_every_bug_is_in_the_lesson():
    assert "twenty mistakes" in TEXT
    assert len(museum.BUGS) == 20
    missing = [name for name in museum.BUGS if f'"{name}"' not in TEXT]
    assert missing == []


def test_the_table_of_suspects_names_all_but_the_one_that_the_text_excepts():
    table, rest = TEXT.split("## What to check first")[1].split("No number of a run betrays the twentieth")
    missing = {name for name in museum.BUGS if name not in table.replace("`", "")}
    assert missing == {"clamp in the closure"}
    assert rest.startswith(", *clamp in the closure*")


def cell(*words: str) -> str:
    (source,) = (
        cell.source
        for cell in jupytext.read(LESSON).cells
        if cell.cell_type == "code" and all(word in cell.source for word in words)
    )
    return source


def test_the_broken_loop_is_broken_as_the_text_says(capsys):
    names = {}
    exec(cell("def broken_loop"), names)
    feedback = checks.mended_loop(names["broken_loop"])
    assert feedback.passed is False
    assert "changes its argument `picture`" in feedback.message


def test_the_transparent_ground_turns_black_or_stays_white():
    names = {"images": images}
    exec(cell("logo.convert"), names)
    assert names["logo"].convert("RGB").getpixel((0, 0)) == (0, 0, 0)
    assert torch.equal(images.from_pil(names["logo"])[0, :, 0, 0], torch.ones(3))
    assert isinstance(names["logo"], Image.Image)


def test_the_seed_throws_away_71_percent():
    into, side, work = 3, 224, {}
    for block, widths in enumerate(networks.VGG_BLOCKS["vgg19"], start=1):
        for number, channels in enumerate(widths, start=1):
            work[f"conv{block}_{number}"] = 9 * into * channels * side**2
            into = channels
        side //= 2
    names = list(work)
    used = sum(work[name] for name in names[: names.index("conv3_1") + 1])
    assert round(100 * (1 - used / sum(work.values()))) == 71
    assert "71 %" in TEXT
