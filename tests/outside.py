"""What style_helpers can do where the rest of the project is not: python -P outside.py, in any other folder.

.github/workflows/wheel.yml runs it in an environment that has nothing but the wheel, test_open_project.py on the files
that the wheel has. It needs the weights of VGG-16 and AlexNet, and ends with an AssertionError or a line that says what
was used.
"""

import gettext
import importlib
import importlib.metadata
import pkgutil
import tempfile
from pathlib import Path

import style_helpers
from style_helpers import __main__ as command_line
from style_helpers import images, language, losses, painter
from style_helpers.course import checks, letters
from style_helpers.panels import race_toy, wall
from style_helpers.panels.panel import Panel

HERE = Path(style_helpers.__file__).resolve().parent


def look_around():
    assert not (HERE.parent / "start.py").exists(), f"{HERE} lies in a checkout, where everything is found anyway"
    assert importlib.metadata.version("style-helpers") == style_helpers.__version__
    assert style_helpers.COMMAND == "python -m style_helpers"
    for module in pkgutil.walk_packages(style_helpers.__path__, "style_helpers."):
        importlib.import_module(module.name)
    letters.lend("zh")
    assert gettext.find("style_helpers", language.LOCALE, ["zh"])


def open_all_pictures() -> int:
    pictures = [*images.CONTENT.iterdir(), *images.STYLE.iterdir()]
    assert pictures
    for path in pictures:
        assert path.is_relative_to(HERE)
        images.open_picture(path)
    assert (images.FOLDER / "CREDITS.md").is_file()
    return len(pictures)


def build_all_panels() -> int:
    """Each with its modules and, where it has some, all that was computed beforehand."""
    kinds = leaves(Panel)
    for kind in kinds:
        panel = kind()
        panel.wait()
        assert "Please look" not in panel.status.value, panel.status.value
    walls = [wall.Wall(number) for number in range(len(wall.PAIRS))]
    assert not any(each.problem for each in walls)
    return len([*kinds, *walls, race_toy.ContourToy()])


def leaves(kind: type) -> list[type]:
    return [leaf for each in kind.__subclasses__() for leaf in leaves(each)] or [kind]


def paint(folder: Path):
    """By the command line, and by the network that lesson 09 opens."""
    photograph, painting = sorted(images.CONTENT.iterdir())[0], sorted(images.STYLE.iterdir())[0]
    few = ["--network", "alexnet", "--size", "64", "--evaluations", "3"]
    assert command_line.main(["stylize", str(photograph), str(painting), str(folder / "out.png"), *few]) == 0
    assert images.load(folder / "out.png").shape[-2] == 64
    painter.Painter.load(painter.READY)


def main():
    look_around()
    pictures, panels = open_all_pictures(), build_all_panels()
    assert checks.gram_matrix(losses.gram_matrix).passed
    with tempfile.TemporaryDirectory() as folder:
        paint(Path(folder))
    print(f"{HERE}: {pictures} pictures opened, {panels} panels built, one picture painted.")


if __name__ == "__main__":
    main()
