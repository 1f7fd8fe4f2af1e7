"""What strangers meet: workflows, forms, the citation, how to contribute, and the package without its project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from style_helpers import __version__
from tests.test_start import load_start

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
each_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def steps(path: Path) -> list[dict]:
    return [step for job in jobs(path).values() for step in job["steps"]]


# Workflows


def test_there_is_a_workflow_for_each_promise():
    assert [path.stem for path in WORKFLOWS] == ["nightly", "site", "tests", "wheel"]


@each_workflow
def test_a_workflow_may_do_little_ends_in_time_and_runs_what_nobody_can_exchange(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert "group" in workflow["concurrency"]
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 120
        assert name == "publish" or "permissions" not in job
        assert not job["runs-on"].endswith("-latest")
    for used in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8")):
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_one_action_has_one_version():
    used = {line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))}
    assert len({line.partition("@")[0] for line in used}) == len(used)


def assert_start_can_run(line: str):
    """What follows `python start.py` is one of its commands, and the program that it runs is there."""
    command, *further = shlex.split(line) or ["lab"]
    assert command in load_start().COMMANDS, line
    if command == "python" and further[0] != "-m":
        assert (ROOT / further[0]).is_file(), line


@each_workflow
def test_the_projects_programs_that_a_workflow_runs_are_there(path):
    for step in steps(path):
        for line in step.get("run", "").splitlines():
            if line.startswith("python start.py"):
                assert_start_can_run(line.removeprefix("python start.py"))
            for program in re.findall(r"\$GITHUB_WORKSPACE/([\w./-]+)", line):
                assert (ROOT / program).is_file()


def test_the_tests_run_on_three_systems_with_every_python_that_is_admitted():
    (job,) = jobs(ROOT / ".github/workflows/tests.yml").values()
    admitted = SpecifierSet(PROJECT["project"]["requires-python"])
    pythons = [f"3.{minor}" for minor in range(40) if f"3.{minor}.0" in admitted]
    assert job["strategy"]["matrix"]["python"] == pythons
    assert [name.split("-")[0] for name in job["strategy"]["matrix"]["system"]] == ["ubuntu", "macos", "windows"]
    assert job["steps"][-1] == {"run": "python start.py test"}
    (newest,) = jobs(ROOT / ".github/workflows/nightly.yml").values()
    assert newest["strategy"]["matrix"]["python"] == [pythons[0], pythons[-1]]


def test_nightly_takes_no_pins_and_writes_nothing():
    text = (ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8")
    commands = "\n".join(step.get("run", "") for step in steps(ROOT / ".github/workflows/nightly.yml"))
    assert "constraint" not in commands
    assert "start.py" not in commands  # it installs by constraints.txt
    assert "write" not in text


# What is asked of those who report something


@each_form
def test_a_form_has_what_github_wants_and_asks_for_little(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(form) == {"name", "description", "labels", "body"}
    assert all(form.values())
    ids = [element["id"] for element in form["body"]]
    assert len(set(ids)) == len(ids) <= 4
    for element in form["body"]:
        assert set(element) <= {"type", "id", "attributes", "validations"}
        assert element["type"] in ("input", "textarea", "dropdown")
        assert element["attributes"]["label"]
        assert (element["type"] == "dropdown") == ("options" in element["attributes"])
    assert any(element.get("validations", {}).get("required") for element in form["body"])


def test_forms_have_names_of_their_own_and_a_way_around_them():
    names = [yaml.safe_load(path.read_text(encoding="utf-8"))["name"] for path in FORMS]
    assert len(set(names)) == len(names) == 3
    others = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text(encoding="utf-8"))
    assert others == {"blank_issues_enabled": True}


def test_the_form_for_lessons_lists_them_all():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/2-lesson.yml").read_text(encoding="utf-8"))
    lessons = sorted((ROOT / "lessons").glob("[0-9]*.md"))
    titles = [re.search(r"^# Lesson (.*)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1] for path in lessons]
    assert form["body"][0]["attributes"]["options"][:-1] == titles


# The version, and what is said of the project


def test_the_version_stands_in_one_place_and_the_others_follow():
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "style_helpers/__init__.py"}
    assert CITATION["version"] == __version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(__version__)} - \S", changes, flags=re.MULTILINE)


def test_the_citation_says_what_the_project_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert CITATION["cff-version"] == "1.2.0"
    assert readme.startswith(f"# {CITATION['title']}\n")
    assert CITATION["license"] == PROJECT["project"]["license"]
    assert CITATION["authors"] == [{"name": f"The contributors to {CITATION['title']}"}]
    (paper,) = CITATION["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Gatys", "Ecker", "Bethge"]
    assert (paper["year"], paper["doi"]) == (2016, "10.1109/CVPR.2016.265")


# How to contribute


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md"])
def test_links_resolve(page):
    for target in re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            assert (ROOT / path).exists(), target
            headings = re.findall(r"^#+ (.*)", (ROOT / path).read_text("utf-8"), flags=re.MULTILINE) if anchor else []
            assert not anchor or anchor in [heading.lower().replace(" ", "-") for heading in headings], target
    assert "(CONTRIBUTING.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_file_and_command_that_contributors_are_told_of_is_there():
    code = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", CONTRIBUTING, flags=re.DOTALL))
    paths = {
        line for line in code if re.fullmatch(r"[\w.-]+(/[\w.-]*)+|[\w-]+\.(py|md|txt|toml|yml|cff)", line)
        and not re.search(r"NN|\bname\b|_name\.|\.venv|/ja/", line)
    }  # fmt: skip
    assert len(paths) >= 15
    for path in paths:
        assert (ROOT / path).exists(), path
    commands = re.findall(r"python start\.py ([^`\n]*)", CONTRIBUTING)
    assert len(commands) >= 8
    for line in commands:
        assert_start_can_run(line)


def test_hooks_run_what_the_tests_run_and_only_what_is_installed():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    assert {hook["entry"] for hook in repository["hooks"]} == {
        "python -m ruff check .",
        "python -m ruff format --check .",
        "python lessons/build.py --check",
    }
    assert all(hook["pass_filenames"] is False for hook in repository["hooks"])


# The package without its project


@pytest.fixture
def installed(tmp_path) -> Path:
    """A folder with the files that the wheel has, where it has them, as pyproject.toml says."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    ours = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in ours.split("\0")[:-1]:
        if any(name == one or name.startswith(f"{one}/") for one in wheel["only-include"]):
            first, _, rest = name.partition("/")
            target = tmp_path / "site-packages" / wheel["sources"].get(first, first) / rest
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    return tmp_path / "site-packages"


def test_outside_of_a_checkout_all_pictures_panels_and_commands_are_there(installed, tmp_path):
    """.github/workflows/wheel.yml does the same with the wheel itself, in an environment that has nothing else."""
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-W", "error", ROOT / "tests" / "outside.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert f"{installed / 'style_helpers'}: " in done.stdout
    assert sum(path.stat().st_size for path in installed.rglob("*")) < 8e6  # what everybody downloads
