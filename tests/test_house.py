"""The house as the README draws it: each module imports only from those above it, and no science imports a room."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "style_helpers"
ROOMS = ["classroom", "fronts", "course", "panels"]  # each may import from those before it
PRIVATE = {"_gradients": {"losses", "networks"}, "_limits": {"devices"}}  # who alone may import them


def imported(path: Path) -> set[str]:
    """The modules and rooms of style_helpers that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "style_helpers":
            inside = node.module.split(".")[1:2]
            found |= set(inside or (alias.name for alias in node.names))
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("style_helpers.")}
    return found - {"__version__", "COMMAND"}


def listed() -> list[str]:
    """The science in the README's order."""
    table = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("| module | its one job |")[2].partition("\n\n")[0]
    )
    return re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)


def test_the_readme_lists_every_module_and_room():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert set(listed()) == modules - PRIVATE.keys()
    assert PRIVATE.keys() <= modules
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()} == set(ROOMS)


@pytest.mark.parametrize("module", listed())
def test_the_science_imports_only_from_above(module):
    above = set(listed()[: listed().index(module)])
    private = {name for name, users in PRIVATE.items() if module in users}
    assert imported(PACKAGE / f"{module}.py") <= above | private


@pytest.mark.parametrize("private", PRIVATE)
def test_what_is_private_imports_nothing_of_ours_and_nobody_else_imports_it(private):
    assert imported(PACKAGE / f"{private}.py") == set()
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "lessons").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]:
        assert private not in imported(path) or path.stem in PRIVATE[private], path


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_the_science_and_the_rooms_before_it(room):
    allowed = {*listed(), *ROOMS[: ROOMS.index(room) + 1]}
    for path in (PACKAGE / room).rglob("*.py"):
        assert imported(path) <= allowed, path
