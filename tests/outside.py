"""What style_helpers can do where the rest of the project is not: python -P outside.py, in any other folder.

.github/workflows/wheel.yml runs it in an environment that has nothing but the wheel, test_open_project.py on the files
that the wheel has. It needs the weights of VGG-16 and AlexNet, and ends with an AssertionError or a line that says what
was used.
"""

import importlib
import importlib.metadata
import pkgutil
import tempfile
from pathlib import Path

import style_helpers
from style_helpers import __main__ as command_line
from style_helpers import images, losses, painter
from style_helpers.course import checks, letters
from style_helpers.panels import before_after, bugs, features, gram, inversion, race, race_toy, studio, tradeoff, tug, wall
from style_helpers.panels.panel import Panel

HERE = Path(style_helpers.__file__).resolve().parent
PANELS = (
    before_after.BeforeAfter, bugs.BugSwitches, features.FeatureExplorer, gram.GramMicroscope,
    inversion.InversionByDepth, race.OptimiserRace, race_toy.ContourToy, studio.Studio, tradeoff.TradeOffExplorer,
    tug.TugOfWar,
)  # fmt: skip


def look_around():
    assert not (HERE.parent / "start.py").exists(), f"{HERE} lies in a checkout, where everything is found anyway"
    assert importlib.metadata.version("style-helpers") == style_helpers.__version__
    assert style_helpers.COMMAND == "python -m style_helpers"
    for module in pkgutil.walk_packages(style_helpers.__path__, "style_helpers."):
        importlib.import_module(module.name)


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
    for make in PANELS:
        panel = make()
        if isinstance(panel, Panel):  # the others are fronts alone, and compute nothing
            panel.wait()
            assert "Please look" not in panel.status.value, panel.status.value
    for number in range(len(wall.PAIRS)):
        assert not wall.Wall(number).problem
    return len(PANELS) + 1


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
    letters.lend()
    assert checks.gram_matrix(losses.gram_matrix).passed
    with tempfile.TemporaryDirectory() as folder:
        paint(Path(folder))
    print(f"{HERE}: {pictures} pictures opened, {panels} panels built, one picture painted.")


if __name__ == "__main__":
    main()
