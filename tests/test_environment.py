"""pyproject.toml, constraints.txt, environment.yml and start.py name the same packages, versions and Pythons."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.test_start import load_start

ROOT = Path(__file__).resolve().parent.parent
PIP_ONLY = {"playwright"}  # not on conda-forge; the browser tests are skipped in a conda environment
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
OPTIONAL = PROJECT["optional-dependencies"]
LINES = [*PROJECT["dependencies"], *(line for lines in OPTIONAL.values() for line in lines)]
REQUIREMENTS = [Requirement(line) for line in LINES if not line.startswith("style-helpers[")]
CONSTRAINTS = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINS = dict(line.split("==") for line in CONSTRAINTS)
CONDA_LINES = [line for line in CONDA["dependencies"] if isinstance(line, str)]


def test_constraints_are_exact_sorted_and_without_repeats():
    assert [line for line in CONSTRAINTS if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    names = [line.split("==")[0] for line in CONSTRAINTS]
    assert names == sorted(set(names))
    assert names == [canonicalize_name(name) for name in names]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_each_dependency_has_a_pin_that_it_allows(requirement):
    name = canonicalize_name(requirement.name)
    assert name in PINS, f"constraints.txt has no pin for {name}"
    assert requirement.specifier.contains(PINS[name]), f"pyproject.toml asks for {requirement}, pinned is {PINS[name]}"


def test_pytorch_and_torchvision_are_a_pair_cuda_is_left_to_them_and_other_systems_are_thought_of():
    # torchvision 0.x.y is made for PyTorch 2.(x - 15).y
    torch, vision = (tuple(int(part) for part in PINS[name].split(".")) for name in ("torch", "torchvision"))
    assert torch[0] == 2
    assert (vision[0], vision[1] - 15, vision[2]) == (0, torch[1], torch[2])
    assert [name for name in PINS if name.startswith(("nvidia-", "cuda-", "triton"))] == []
    assert {"appnope", "colorama", "pywinpty", "pexpect", "setuptools"} <= set(PINS)


def test_conda_has_the_same_packages_in_the_same_versions():
    expected = {
        CONDA_NAMES.get(name, name): PINS[name]
        for name in (canonicalize_name(requirement.name) for requirement in REQUIREMENTS)
        if name not in PIP_ONLY
    }
    assert dict(line.split("==") for line in CONDA_LINES if "==" in line) == expected
    others = {re.split("[<>= ]", line)[0] for line in CONDA_LINES if "==" not in line}
    assert others == {"python", "pip"}


def test_conda_takes_packages_of_one_origin_and_with_pip_the_project_alone():
    assert [line["pip"] for line in CONDA["dependencies"] if isinstance(line, dict)] == [["--editable ."]]
    assert (CONDA["name"], CONDA["channels"]) == (PROJECT["name"], ["conda-forge", "nodefaults"])


def test_the_same_pythons_everywhere():
    pythons = SpecifierSet(PROJECT["requires-python"])
    (conda,) = [SpecifierSet(line.removeprefix("python")) for line in CONDA_LINES if line.startswith("python>")]
    assert conda == pythons
    start = load_start()
    minors = [minor for minor in range(40) if f"3.{minor}.0" in pythons]
    assert ((3, minors[0]), (3, minors[-1])) == (start.OLDEST, start.NEWEST)


def test_start_knows_the_extras_and_each_has_all_that_those_before_it_have():
    start = load_start()
    assert ["", *(f"[{name}]" for name in OPTIONAL)] == start.EXTRAS
    assert set(start.COMMANDS.values()) <= set(start.EXTRAS)
    for before, after in pairwise(OPTIONAL):
        assert f"style-helpers[{before}]" in OPTIONAL[after]
