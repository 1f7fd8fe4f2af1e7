"""Code that would fail on a GPU only: what NumPy and matplotlib are given must come back to the processor first."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = sorted((ROOT / "style_helpers").rglob("*.py")) + sorted((ROOT / "lessons").glob("*.py"))
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))

TAKERS = {"asarray", "array", "imshow", "plot", "contour", "hist", "bar", "scatter", "fromarray"}  # they read memory
HOME = {"cpu", "to_pil", "tolist", "item", "numpy"}  # after these, the numbers are in the processor's memory
OF_TENSORS = {"permute", "detach", "clamp", "norm", "mean", "square", "sqrt", "flatten", "squeeze"}
MADE_HERE = {"linspace", "tensor", "from_numpy", "zeros", "ones", "arange"}  # torch's, without a device


def mistakes(source: str) -> list[str]:
    """The calls that hand on a tensor which may lie on a GPU."""
    module = ast.parse(source)
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    beside = ast.Module([node for node in module.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], [])
    found = []
    for scope in (*functions, beside):
        set_once = {
            node.targets[0].id: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        calls = (node for node in ast.walk(scope) if isinstance(node, ast.Call))
        found += [ast.unparse(call) for call in calls if _is_mistake(call, set_once)]
    return found


def _is_mistake(call: ast.Call, set_once: dict) -> bool:
    name = _name(call)
    if name == "numpy":
        given = _resolved(call.func.value, set_once)
        return _name(given) != "cpu" and not _called(given) & MADE_HERE
    if name not in TAKERS:
        return False
    given = [_called(_resolved(argument, set_once)) for argument in call.args]
    return any(names & OF_TENSORS and not names & (HOME | MADE_HERE) for names in given)


def _resolved(node: ast.expr, set_once: dict) -> ast.expr:
    """What a name stands for."""
    return set_once.get(node.id, node) if isinstance(node, ast.Name) else node


def _called(node: ast.expr) -> set[str]:
    return {_name(each) for each in ast.walk(node)}


def _name(node: ast.expr) -> str:
    """Of the function that a call calls."""
    return getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""


def cells(lesson: Path) -> list[str]:
    return re.findall(r"^```python.*?\n(.*?)^```", lesson.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: path.stem)
def test_the_package_brings_numbers_home_before_numpy_and_matplotlib_read_them(path):
    assert mistakes(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_the_lessons_bring_numbers_home_before_numpy_and_matplotlib_read_them(lesson):
    assert len(cells(lesson)) > 10
    assert [found for cell in cells(lesson) for found in mistakes(cell)] == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("x.numpy()", 1),
        ("x[0].permute(1, 2, 0).numpy()", 1),
        ("x.cpu()[0].numpy()", 1),  # right, but not seen at a glance: `.cpu()` stands before `.numpy()`
        ("x[0].cpu().numpy()", 0),
        ("torch.linspace(0, 1, 5).numpy()", 0),
        ("np.asarray(x.detach())", 1),
        ("np.array(picture)", 0),
        ("axes.imshow(x[0].permute(1, 2, 0))", 1),
        ("def f(x):\n    shown = x[0].mean(0)\n    axes.imshow(shown)", 1),
        ("axes.imshow(images.to_pil(x.clamp(0, 1)))", 0),
        ("axes.plot(range(3), x.norm(dim=1).tolist())", 0),
        ("axes.contour(x, y, loss.square().T)", 1),
    ],
)
def test_the_search_finds_what_is_wrong(source, wrong):
    assert len(set(mistakes(source))) == wrong
