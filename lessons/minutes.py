"""How long each lesson takes: python lessons/minutes.py

130 words of text and 15 lines of code a minute, 4 minutes for each degree of an exercise's difficulty, 3 for a panel.
Folded hints, solutions, comments and the first cell are not counted; a formula in a line counts as one word, one by
itself as fifteen. Counted so, the lessons' first edition comes to what its trial readers needed.

The core is what stands before the first section "Deeper: ...": nothing in it needs what follows.
"""

import re
from pathlib import Path

import jupytext
from build import ANSWER, DEEPER, DIFFICULTY, lessons, take_alt_texts

WORDS, LINES, DIFFICULTY_MINUTES, PANEL_MINUTES = 130, 15, 4, 3
STATED = re.compile(r"\*\*Time:\*\* (\d+) minutes(?:, and (\d+) for what is deeper)?")
UNREAD = re.compile(r"<!--.*?-->|<details>.*?</details>|!\[.*?\]\(.*?\)|(?<=\])\(.*?\)", re.DOTALL)
FORMULAS = ((re.compile(r"\$\$.*?\$\$", re.DOTALL), " word" * 15), (re.compile(r"\$[^$]+\$"), "word"))


def counted(lesson: Path) -> tuple[float, float]:
    """The minutes of a lesson's core and of its deeper sections."""
    cells = jupytext.read(lesson).cells
    take_alt_texts(cells)
    parts, deeper = [0.0, 0.0], False
    for cell in cells:
        if cell.cell_type == "code":
            parts[deeper] += of_code(cell.source)
            continue
        before, *after = DEEPER.split(cell.source)
        parts[deeper] += of_text(before)
        deeper = deeper or bool(after)
        parts[deeper] += of_text("".join(after))
    return parts[0], parts[1]


def of_text(source: str) -> float:
    text = UNREAD.sub(" ", source)
    exercises = sum(map(int, DIFFICULTY.findall(text)))
    for formula, words in FORMULAS:
        text = formula.sub(words, text)
    return len(text.split()) / WORDS + exercises * DIFFICULTY_MINUTES


def of_code(source: str) -> float:
    lines = [line for line in ANSWER.sub("", source).splitlines() if line.strip()]
    return len(lines) / LINES + ("from style_helpers.panels." in source) * PANEL_MINUTES


def stated(lesson: Path) -> tuple[int, int]:
    """What the lesson itself says: the minutes of its core and of its deeper sections, 0 where it has none."""
    core, deeper = STATED.search(lesson.read_text(encoding="utf-8")).groups()
    return int(core), int(deeper or 0)


if __name__ == "__main__":
    for each in lessons():
        (core, deeper), said = counted(each), stated(each)
        print(f"{each.stem:32} core {core:4.1f} (stated {said[0]}), deeper {deeper:4.1f} (stated {said[1]})")
