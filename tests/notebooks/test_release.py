"""What an instructor gives out and marks: nbgrader's own tools accept it, and no answer is in what learners get."""

import re
import sys
from pathlib import Path

import nbconvert.filters
import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import ClearSolutions
from nbgrader.validator import Validator
from traitlets.config import Config

from style_helpers import language
from tests.chinese import assert_chinese

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lessons"))
import build  # noqa: E402  (lessons/ is no package: authors run its programs)
import release  # noqa: E402

LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))
WHOLE = release.course()
COURSE = {name: nbformat.reads(text, 4) for name, text in WHOLE.items() if name.endswith(".ipynb")}
NOTEBOOKS = {
    str(path.relative_to(ROOT)): nbformat.read(path, 4)
    for folder in (build.NOTEBOOKS, build.SOLUTIONS)
    for path in sorted(folder.glob("[0-9]*.ipynb"))
}
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)


def of(lesson: Path, kind: str) -> nbformat.NotebookNode:
    return COURSE[f"{kind}/lesson-{lesson.stem[:2]}/{lesson.stem}.ipynb"]


def exercises(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if build.is_exercise(cell)]


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def config() -> Config:
    """What nbgrader reads in nbgrader_config.py."""
    settings = Config()
    exec(release.CONFIG, {"get_config": lambda: settings})
    return settings


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    monkeypatch.setenv("STYLE_HELPERS_QUICK", "0")  # the configuration sets it; only what is set here is undone
    monkeypatch.delenv("STYLE_HELPERS_QUICK")


@pytest.mark.parametrize("name", [*NOTEBOOKS, *COURSE])
def test_nbgrader_accepts_every_notebook_as_it_is(name):
    notebook = (NOTEBOOKS | COURSE)[name]
    MetadataValidator().validate_nb(notebook)
    for number, cell in enumerate(notebook.cells):
        marks = cell.metadata.get("nbgrader")
        assert bool(marks and marks.solution) == build.is_exercise(cell)
        if marks and marks.solution:
            check = notebook.cells[number + 1]
            assert check.metadata.nbgrader.grade
            assert check.metadata.nbgrader.locked
            assert check.metadata.nbgrader.grade_id == f"{marks.grade_id}_check"
            assert check.source.splitlines()[-1].startswith(f"checks.{marks.grade_id}(")


@each_lesson
def test_an_exercise_gives_as_many_points_as_it_is_difficult(lesson):
    before = lesson.read_text(encoding="utf-8").split('```python tags=["exercise"]')[:-1]
    expected = [int(re.findall(r"Difficulty: (\d) of 3", text)[-1]) for text in before]
    marks = [cell.metadata.nbgrader for cell in of(lesson, "release").cells if "nbgrader" in cell.metadata]
    assert [each.points for each in marks if each.grade] == expected


@each_lesson
def test_no_answer_is_anywhere_in_what_learners_get(lesson):
    notebook, written = of(lesson, "release"), lesson.read_text(encoding="utf-8")
    text = plain("\n".join(cell.source for cell in notebook.cells))
    taught = plain(build.ANSWER.sub("", written))  # the lesson itself may say later what was asked
    for _, answer in build.ANSWER.findall(written):
        assert text.count(plain(answer)) == taught.count(plain(answer))
    assert "Solution</summary>" not in text
    assert "SOLUTION" not in text
    assert all(release.STUB in source for source in exercises(notebook))
    assert text.count("<summary>Hint 3</summary>") == taught.count("<summary>Hint 3</summary>")  # the hints stay


@each_lesson
def test_nbgrader_makes_the_same_exercises_from_the_source(lesson, config):
    source = of(lesson, "source")
    assert all(release.STUB not in text for text in exercises(source))
    generated, _ = ClearSolutions(config=config).preprocess(nbformat.from_dict(source), {})
    assert [cell.source.rstrip("\n") for cell in generated.cells] == [
        cell.source for cell in of(lesson, "release").cells
    ]


SUBMISSION = [
    ("gram_matrix", "def my_gram(x):\n    rows = x.flatten(2)\n    return rows @ rows.mT / x[0].numel()", "my_gram"),
    ("relu_trap", "def my_relu(x):\n    return x.clamp_(min=0)", "my_relu"),
    ("tutorial_layers", f"my_layers = ...\n{release.STUB}", "my_layers"),
    ("normalise", f"def my_normalise(x):\n    {release.STUB}", "my_normalise"),
]


def test_nbgraders_validation_says_what_the_check_says(tmp_path, config):
    """A right answer, a wrong one, and two that are not written, with their checks, through a real kernel."""
    cells = [nbformat.v4.new_code_cell("from style_helpers.course import checks")]
    for name, answer, mine in SUBMISSION:
        own, check = build.MARKS | {"grade_id": name, "solution": True}, build.MARKS | {"grade_id": f"{name}_check"}
        check |= {"grade": True, "locked": True, "points": 2}
        cells.append(nbformat.v4.new_code_cell(answer, metadata={"nbgrader": own}))
        cells.append(nbformat.v4.new_code_cell(f"checks.{name}({mine})", metadata={"nbgrader": check}))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": build.KERNEL})
    nbformat.write(notebook, tmp_path / "submission.ipynb")
    failed = Validator(config=config).validate(str(tmp_path / "submission.ipynb"))["failed"]
    assert [each["source"].split("(")[0] for each in failed] == [
        "checks.relu_trap",
        "checks.tutorial_layers",
        "checks.normalise",
    ]
    wrong, *unwritten = (nbconvert.filters.strip_ansi(each["raw_error"]) for each in failed)
    assert "AssertionError: Look again: " in wrong
    assert "a ReLU in place" in wrong
    assert all("AssertionError: Not yet: Write your own code" in each for each in unwritten)


def test_what_is_no_folder_is_refused_in_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for name in ("", str(tmp_path / "file")):
        with pytest.raises(SystemExit):
            release.main([name])
        assert f"'{name}' is no folder: give the name of one, or a new name" in capsys.readouterr().err


def test_the_course_folder_is_written_once_and_replaced_only_by_force(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(release, "course", lambda _: WHOLE)  # to make it takes seconds
    folder = tmp_path / "course"
    assert release.main([str(folder)]) == 0
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == set(WHOLE)
    mine = folder / "nbgrader_config.py"
    mine.write_text("mine")
    gone = next(folder.glob("release/lesson-01/*"))
    gone.unlink()
    capsys.readouterr()
    assert release.main([str(folder)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert mine.read_text() == "mine"
    assert not gone.exists()  # refused before anything was written
    assert release.main([str(folder), "--force"]) == 0
    assert mine.read_text() == release.CONFIG
    assert gone.exists()


def test_in_chinese_the_marks_the_stub_and_the_settings_agree():
    chinese = release.course("zh")
    assert set(chinese) == set(WHOLE)
    assert "在这里写你的代码" in chinese["nbgrader_config.py"]
    for path, text in chinese.items():
        english = WHOLE[path]
        if path.startswith("release/"):
            assert "your code here" not in text
            assert text.count("在这里写你的代码") == english.count("your code here")
            assert "BEGIN SOLUTION" not in text
        assert text.count("### BEGIN SOLUTION") == english.count("### BEGIN SOLUTION")


def test_what_it_says_is_in_the_language_that_is_asked_for(tmp_path, capsys, monkeypatch):
    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setenv(language.VARIABLE, "en")  # and is again afterwards
    monkeypatch.setattr(release, "course", lambda _: {"note.txt": "mine"})
    chinese = [str(tmp_path / "course"), "--language", "zh"]
    assert [release.main(chinese), release.main(chinese)] == [0, 1]
    monkeypatch.setattr(release, "course", stopped)
    assert release.main(chinese) == 130
    monkeypatch.setenv(language.VARIABLE, "zh")
    with pytest.raises(SystemExit):
        release.main([release.__file__])
    said = capsys.readouterr()
    for line in [*said.out.splitlines(), *said.err.splitlines()]:
        assert_chinese(line)
