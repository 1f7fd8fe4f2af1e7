"""TEACHING.md agrees with the lessons, the checks and the command line: an instructor has no time to find out."""

import ast
import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from style_helpers import __main__ as command_line
from style_helpers.classroom import class_folder
from style_helpers.course import checks, museum

ROOT = Path(__file__).resolve().parents[2]
TEACHING = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
# What is in a class folder, as its README calls it, and what release and marking make
OF_THE_CLASS_FOLDER = {class_folder.README, class_folder.COURSE, class_folder.WEIGHTS, class_folder.MANIFEST}
MADE = {"source", "release", "solutions", "nbgrader_config.py", "grades.csv"}


def section(start: str, text: str = TEACHING) -> str:
    """From a heading to the next one of its level or above."""
    level = start.split()[0]
    after = text.split(f"\n{start}", 1)[1]
    return re.split(rf"\n#{{2,{len(level)}}} ", after)[0]


def about(lesson: Path) -> str:
    return section(f"### Lesson {lesson.stem[:2]}:")


def rows(text: str) -> list[list[str]]:
    """The cells of all rows of all tables, without their headings."""
    lines = text.splitlines()
    tables = [place for place, line in enumerate(lines) if re.fullmatch(r"\|([ :-]+\|)+", line)]
    found = []
    for place in tables:
        for line in lines[place + 1 :]:
            if not line.startswith("|"):
                break
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def cells_of(lesson: Path) -> list[str]:
    return re.findall(r"^```python.*?\n(.*?)^```", lesson.read_text(encoding="utf-8"), re.M | re.S)


def predictions(lesson: Path) -> list[str]:
    """The questions of a lesson's predictions."""
    calls = (node for cell in cells_of(lesson) for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call))
    return [call.args[0].value for call in calls if isinstance(call.func, ast.Name) and call.func.id == "predict"]


def strings(lesson: Path) -> set[str]:
    nodes = (node for cell in cells_of(lesson) for node in ast.walk(ast.parse(cell)))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def exercises(lesson: Path) -> dict[str, int]:
    """The difficulty of each exercise that has a check, by the check's name."""
    text = lesson.read_text(encoding="utf-8")
    parts = re.split(r"^### Exercise", text, flags=re.MULTILINE)[1:]
    found = {}
    for part in parts:
        for name in re.findall(r"^checks\.(\w+)\(", part, flags=re.MULTILINE):
            found[name] = int(re.search(r"Difficulty: (\d) of 3", part)[1])
    return found


# The lessons


@each_lesson
def test_every_lesson_has_its_section_under_its_own_title(lesson):
    title = re.search(r"^# (.*)$", lesson.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    assert f"\n### {title}\n" in TEACHING
    for part in ("**The idea:**", "| misconception |", "*Discussion.*", "*Show live:*"):
        assert part in about(lesson), part


@each_lesson
def test_every_lesson_names_two_to_four_misconceptions_each_with_a_question(lesson):
    table = re.search(r"\| misconception .*?\n\n", about(lesson), flags=re.DOTALL)[0]
    assert 2 <= len(rows(table)) <= 4
    assert all("?" in question or question.startswith('"') for _, question in rows(table))


@each_lesson
def test_every_prediction_is_answered_with_one_of_its_choices(lesson):
    answers = {row[0]: row[1] for row in rows(about(lesson)) if row[1].startswith("**")}
    assert list(answers) == predictions(lesson)
    for question, answer in answers.items():
        choice = re.match(r"\*\*(.*?)\*\*", answer)[1]
        assert choice in strings(lesson), question
        assert len(answer) > len(choice) + 10, f"{question}: no evidence"


@each_lesson
def test_every_exercise_has_its_points_answer_and_usual_mistakes(lesson):
    listed = {}
    for first, answer, mistakes in (row for row in rows(about(lesson)) if len(row) == 3):
        if check := re.search(r"`checks\.(\w+)`, (\d)", first):
            listed[check[1]] = int(check[2])
            assert answer
            judge = getattr(checks, check[1])
            known = [words for words, _ in judge.exercise.mistakes] if hasattr(judge, "exercise") else museum.BUGS
            for quoted in re.findall(r'"([^"]+)"', mistakes):
                assert any(words.startswith(quoted) for words in known), (check[1], quoted)
    assert listed == exercises(lesson)


def test_the_points_of_the_marking_scheme_are_those_of_the_exercises():
    by_lesson = {lesson.stem[:2]: sum(exercises(lesson).values()) for lesson in LESSONS if exercises(lesson)}
    table = {row[0]: row[1] for row in rows(section("## Marking")) if re.fullmatch(r"\d\d|all", row[0])}
    assert {lesson: int(points) for lesson, points in table.items() if lesson != "all"} == by_lesson
    assert int(table["all"]) == sum(by_lesson.values())


# The plans


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return 60 * int(hours) + int(rest)


@pytest.mark.parametrize("length", [50, 90])
def test_the_minutes_of_a_plan_add_up(length):
    plan = rows(section(f"### Plan: {length} minutes"))
    assert sum(int(row[1]) for row in plan) == length
    assert minutes(plan[0][0]) == 0
    for before, after in pairwise(plan):
        assert minutes(after[0]) == minutes(before[0]) + int(before[1]), after


def test_each_of_the_six_sessions_has_ninety_minutes():
    plan = rows(section("### Plan: a week of six sessions"))
    sessions = {}
    for session, length, *_ in plan:
        sessions[int(session)] = sessions.get(int(session), 0) + int(length)
    assert sessions == dict.fromkeys(range(1, 7), 90)


def test_what_a_plan_calls_by_its_name_stands_in_a_lesson():
    everything = "\n".join(lesson.read_text(encoding="utf-8") for lesson in LESSONS)
    buttons = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "style_helpers" / "panels").glob("*.py"))
    for row in rows(section("## Plans")):
        for quoted in re.findall(r'"([^"]+)"', " ".join(row)):
            assert quoted.strip(",.") in everything + buttons, quoted


def test_the_table_of_times_has_every_lesson():
    table = {row[0]: row for row in rows(section("## How long the computer works"))}
    assert {lesson.stem[:2] for lesson in LESSONS} <= {name[:2] for name in table}


# What can be typed, and what is pointed at


def code() -> list[str]:
    blocks = re.findall(r"^```\w*\n(.*?)^```", TEACHING, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", TEACHING, flags=re.MULTILINE | re.DOTALL))
    return [line.strip() for block in blocks for line in block.splitlines()] + inline


def arguments(line: str, start: str) -> list[str]:
    return line.removeprefix(start).split("#")[0].split()


def test_every_command_can_be_typed():
    parsers = {
        "python -m style_helpers ": command_line.build_parser(),
        "python -m benchmarks ": benchmarks.build_parser(),
    }
    typed = 0
    for line in code():
        for program, parser in parsers.items():
            if line.startswith(f"python -m {program} "):
                parser.parse_args(arguments(line, f"python -m {program}"))
                typed += 1
        if line.startswith("python start.py"):
            start_module().understand(arguments(line, "python start.py"))
            typed += 1
        if script := re.match(r"python (\S+/\S+\.py)", line):
            assert (ROOT / script[1]).is_file(), line
            typed += 1
    assert typed >= 8


def start_module():
    specification = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_file_that_is_named_exists():
    named = {
        line for line in code() if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(md|py|txt|json|csv|jpg|png|gif)", line)
    }
    assert len(named) >= 15
    for path in named:
        exists = (ROOT / path).exists() or path.rstrip("/").split("/")[0] in OF_THE_CLASS_FOLDER | MADE
        assert exists, path


def test_every_environment_variable_is_one_that_the_project_reads():
    code_files = [*(ROOT / "style_helpers").rglob("*.py"), *(ROOT / "hub").glob("*.py"), ROOT / "start.py"]
    read = "".join(path.read_text(encoding="utf-8") for path in code_files)
    for name in set(re.findall(r"\bSTYLE_HELPERS_\w+", TEACHING)):
        assert f'"{name}"' in read, name


def test_links_resolve():
    titles = re.findall(r"^#+ (.*)$", TEACHING, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", TEACHING):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("http"):
            assert (ROOT / target.split("#")[0]).exists(), target


def test_it_is_short_enough_to_be_read_on_a_sunday_evening():
    words = len(re.sub(r"[|#*`-]+", " ", TEACHING).split())
    assert words < 8000  # about fifteen printed pages with their tables
