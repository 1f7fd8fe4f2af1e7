"""Lesson 08: what its text states, and what is said of wrong answers."""

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
        (
            KEY | {"F": "grey photo"},
            "There is no exhibit 'F': the letters are A, B, C, D, E. A and B and C and D and E are right.",
        ),
        ({"a": "grey photo", "A": "grey photo"}, "E. A: not `grey photo`. With that, one sees this: "),
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


# The other exercises


SHAPE, RANGE = "picture.ndim != 4 or picture.shape[0] != 1", "picture.min() < 0 or picture.max() > 1"
OPTIMIZER = "optimizer = torch.optim.Adam([picture], lr=0.05)\n"
STEP, CLAMP = "optimizer.step()\n", "        picture.data.clamp_(0, 1)\n"
CLEAR = "        optimizer.zero_grad()\n"
NEW = ("    " + OPTIMIZER, "", "range(steps):\n", f"range(steps):\n        {OPTIMIZER}")
WRONG = {
    "picture_report": [
        (
            "the range before the shape",
            "    if picture.ndim",
            f'    if {RANGE}:\n        return "range"\n    if picture.ndim',
        ),
        (
            "the range before the channels",
            "    if picture.shape",
            f'    if {RANGE}:\n        return "range"\n    if picture.shape',
        ),
        (
            "the channels before the shape",
            "    if picture.ndim",
            '    if picture.shape[1] != 3:\n        return "channels"\n    if picture.ndim',
        ),
        ("a first side of 1 taken for a batch", "picture.ndim != 4 or ", ""),
        ("two pictures let through", " or picture.shape[0] != 1", ""),
        ("three dimensions asked for", SHAPE, "picture.ndim != 3", "picture.shape[1]", "picture.shape[-3]"),
        ("wrong channels called a wrong shape", "picture.shape[0] != 1", "picture.shape[:2] != (1, 3)"),
        ("every shape called wrong", SHAPE, "picture.shape != (1, 3, 224, 224)"),
        (
            "the question for the shape turned round",
            SHAPE,
            "picture.ndim == 4 and picture.shape[0] == 1",
            "picture.shape[1] != 3",
            "False",
        ),
        ("too many dimensions let through", "picture.ndim != 4", "picture.ndim < 4"),
        ("one and four channels alone refused", "picture.shape[1] != 3", "picture.shape[1] in (1, 4)"),
        (
            "called fine before its shape is asked",
            "    if picture.ndim",
            '    if picture.min() >= 0 and picture.max() <= 1:\n        return "fine"\n    if picture.ndim',
        ),
        ("the range of one channel alone", RANGE, "picture[0, 0].min() < 0 or picture[0, 0].max() > 1"),
        ("the largest number alone", "picture.min()", "picture.max()"),
        (
            "a normalised picture let through, and something else",
            SHAPE,
            "picture.ndim != 4",
            "picture.min() < 0 or ",
            "",
        ),
        (
            "an `and` between dimensions and batch, and something else",
            "4 or",
            "4 and",
            RANGE,
            "not 0 <= picture.min() <= 1",
        ),
        ("As many names are needed", "    if picture.ndim", "    b, c, h, w = picture.shape\n    if picture.ndim"),
        ("a grey picture let through", "picture.shape[1] != 3", "picture.shape[1] not in (1, 3)"),
        ("an alpha channel let through", "picture.shape[1] != 3", "picture.shape[1] < 3"),
        ("channels looked for at another place", "picture.shape[1] != 3", "picture.shape[-1] != 3"),
        ("channels looked for at the front", " or picture.shape[0] != 1", "", "picture.shape[1]", "picture.shape[0]"),
        ("bytes let through", "picture.max() > 1", "picture.max() > 255"),
        ("a normalised picture let through", "picture.min() < 0 or ", ""),
        ("a picture down to -1 let through", RANGE, "picture.abs().max() > 1"),
        ("an `and` between", "0 or picture.max", "0 and picture.max"),
        ("a range not asked of each number", RANGE, "(picture < 0).all() or (picture > 1).all()"),
        ("the mean of the numbers", RANGE, "not 0 <= picture.mean() <= 1"),
        ("the question for the range turned round", RANGE, "picture.min() >= 0 and picture.max() <= 1"),
        ("pure black or pure white refused", "< 0", "<= 0", "> 1", ">= 1"),
        ("pure white refused", "> 1", ">= 1"),
        ('a report without "range"', RANGE, "False"),
        ('a report without "channels"', "picture.shape[1] != 3", "False"),
        (
            "a word that a later `if` overwrites",
            "return",
            "word =",
            'word = "fine"',
            "return word",
            "    if picture.ndim",
            '    word = "fine"\n    if picture.ndim',
            "picture.shape[1]",
            "picture.ndim > 1 and picture.shape[1]",
        ),
        ("is `return` missing", '    return "fine"', "    picture"),
        ("is 'ok', but 'fine' is expected", '"fine"', '"ok"'),
        ("text needs quotes", '"fine"', "fine"),
        (
            "words with a capital",
            '"shape"',
            '"Shape"',
            '"channels"',
            '"Channels"',
            '"range"',
            '"Range"',
            '"fine"',
            '"Fine"',
        ),
        ("One yes or no is asked", RANGE, "picture < 0 or picture > 1"),
        ("write `or` and `and`", RANGE, "picture.min() < 0 | picture.max() > 1"),
    ],
    "mended_loop": [
        ("an optimiser made anew", *NEW),
        ("gradients that add up", "zero_grad()", "zero_grad"),
        ("no clamping", CLAMP, ""),
        ("no clamping", "picture.data.clamp_(0, 1)", "picture.clamp(0, 1)"),
        ("one clamping, at the end", CLAMP, "", ".detach()", ".detach().clamp(0, 1)"),
        ("a loop that changes the caller's picture", "picture.clone()", "picture.detach()"),
        ("an optimiser made anew at each step and no clamping", *NEW, CLAMP, ""),
        ("gradients that add up and no clamping", CLEAR, "", CLAMP, ""),
        ("changes the caller's picture and an optimiser made anew", *NEW, ".clone()", ""),
        (
            "a picture that never moved",
            CLEAR,
            "",
            f"        {STEP}",
            f"{CLEAR}        {STEP}",
        ),
        ("a picture that never moved", f"        {STEP}", ""),
        (
            "a picture that never moved",
            "return picture.detach()",
            "return start",
            "    picture = ",
            "    start = picture\n    picture = ",
        ),
        ("a clamp before the gradient", CLAMP, "", "        optimizer.zero", f"{CLAMP}        optimizer.zero"),
        ("a clamp between", CLAMP, "", f"        {STEP}", f"{CLAMP}        {STEP}"),
        ("one step too many", "range(steps)", "range(steps + 1)"),
        ("one step too few", "range(steps)", "range(1, steps)"),
        ("a single step", "    return", "        return"),
        ("does not call it: write `backward()`", "backward()", "backward"),
        (
            "a total computed once",
            "    for",
            "    total = total_of(picture)\n    for",
            "total_of(picture).backward()",
            "total.backward(retain_graph=True)",
        ),
        (
            "needs a total computed anew",
            "    for",
            "    total = total_of(picture)\n    for",
            "total_of(picture).b",
            "total.b",
        ),
        ("a total of clamped pixels", CLAMP, "", "total_of(picture)", "total_of(picture.clamp(0, 1))"),
        ("a start at black", "picture.clone()", "torch.zeros_like(picture)"),
        ("momentum in place of Adam", "Adam([picture], lr=0.05)", "SGD([picture], lr=0.05, momentum=0.9)"),
        ("Copy first, then `requires_grad_()`", "picture.clone().requires_grad_()", "picture.requires_grad_().clone()"),
        ("a list in square brackets", "[picture]", "picture"),
        ("a `range(...)`", "range(steps)", "steps"),
        ("a tensor with `requires_grad_()`", ".requires_grad_()", ""),
        ("There stands None", "optimizer.zero_grad()", "picture.grad.zero_()"),
        ("Is `Adam` meant?", "optim.Adam", "optim.adam"),
        ("This is a plain number", "total_of(picture).backward", "total_of(picture).item().backward"),
        ("a clamp at 0 alone", "clamp_(0, 1)", "clamp_(min=0)"),
        ("a clamp at 0 alone", "clamp_(0, 1)", "clamp_(0, 255)"),
        ("plain gradient descent", "Adam(", "SGD("),
        ("AdamW", "Adam(", "AdamW("),
        ("a learning rate of 0.02", "0.05", "0.02"),
        ("a learning rate of 0.001", ", lr=0.05", ""),
        ("steps upwards", "total_of(picture)", "(-total_of(picture))"),
        ("give back `.detach()`", ".detach()", ""),
        ("a leaf Variable", "picture.data.clamp_", "picture.clamp_"),
        (
            "everything was added up to one number",
            "total_of(picture).backward",
            "total = total_of(picture)\n        total.backward",
            "picture.detach()",
            "total.detach()",
        ),
    ],
}


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
