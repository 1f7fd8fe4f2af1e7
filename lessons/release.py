"""The lessons as assignments: python start.py release FOLDER

Writes nbgrader's own course layout: source/lesson-04/ has the notebook with the answers between their marks, which
nbgrader needs; release/lesson-04/ has what learners get, with no answer anywhere; nbgrader_config.py has the settings.
solutions/ has the solved notebooks for instructors, and is nothing of nbgrader's. Give learners release/ and no more.

Files that exist are not replaced, except with --force.
"""

import sys

import options
from build import ANSWER, YOUR_CODE, answer_names, build, is_exercise, lessons, solve
from translation import words

from style_helpers import files
from style_helpers.language import ENGLISH, _

STUB = 'raise NotImplementedError("your code here")'  # the checks know it: nobody has written an answer yet
CONFIG = """\
# nbgrader's settings for this course, as `python start.py release` wrote them. Change what you like.
import os

os.environ.setdefault("STYLE_HELPERS_QUICK", "1")  # marking needs no long runs: a twentieth of the evaluations will do
c = get_config()
c.CourseDirectory.course_id = "style-transfer"
c.ClearSolutions.code_stub = {"python": STUB}
c.Execute.timeout = 300  # seconds for a cell; nbgrader's own 30 are not enough on a slow machine
""".replace("STUB", repr(STUB))


def keep_marked(cells: list):
    """For nbgrader: the answers stay, between their marks. A value keeps its name outside of them, with three dots."""
    for cell in cells:
        if is_exercise(cell):
            cell.source = ANSWER.sub(lambda answer: answer_names(answer) + answer[0], cell.source).rstrip("\n")


def clear(cells: list):
    """For learners: no answers, neither in the cells nor folded away. The same cells as nbgrader makes."""
    for cell in cells:
        if is_exercise(cell):
            stub = lambda answer: f"{answer_names(answer)}{answer[1]}{STUB}\n"  # noqa: E731
            cell.source = ANSWER.sub(stub, cell.source).rstrip("\n")


def course(language: str = ENGLISH) -> dict[str, str]:
    """All files of the course folder: the text of each by its path in it."""
    written = {"nbgrader_config.py": CONFIG.replace(YOUR_CODE, words(language, "build")(YOUR_CODE))}
    for lesson in lessons():
        assignment = f"lesson-{lesson.stem[:2]}/{lesson.stem}.ipynb"
        written[f"source/{assignment}"] = build(lesson, keep_marked, language)
        written[f"release/{assignment}"] = build(lesson, clear, language)
        written[f"solutions/{lesson.stem}.ipynb"] = build(lesson, solve, language)
    return written


def main(arguments: list[str] | None = None) -> int:
    parser = options.parser("release", _("Write the lessons as assignments, in nbgrader's course layout."))
    where = _("the course folder, made if it is not there")
    parser.add_argument("folder", metavar="FOLDER", type=options.a_folder, help=where)
    asked = options.read(parser, arguments)
    try:
        written = {asked.folder / name: text for name, text in course(asked.language).items()}
        for path in written:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.check(path, (path.suffix,), overwrite=asked.force)  # all of them before the first is written
        for path, text in written.items():
            files.write(path, text.encode(), asked.force)
    except KeyboardInterrupt:
        print(_("Stopped: the same command with --force goes on."), file=sys.stderr)
        return 130
    except (OSError, ValueError) as error:
        print(files.printable(error), file=sys.stderr)
        return 1
    folder, number = files.printable(asked.folder), len(written)
    print(_("{folder}: {number} files. To mark with nbgrader, see TEACHING.md.", folder=folder, number=number))
    return 0


if __name__ == "__main__":
    sys.exit(main())
