"""The class folder: made, left half made, half copied, damaged and repaired, with a small project and small weights."""

import errno
import importlib.metadata
import json
import os
import re
import shutil
import sys
from collections import namedtuple
from datetime import datetime
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from style_helpers import __version__, files, language, weights
from style_helpers.classroom import class_folder
from tests.chinese import assert_chinese
from tests.test_start import wheel

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = class_folder.requirements
NOTEBOOK = {"cells": [{"cell_type": "code", "source": "1 + 1", "outputs": []}], "nbformat": 4}
FOR_LEARNERS = [
    "LICENSE", "README.md", "README.zh-CN.md", "constraints.txt", "environment.yml", "images/CREDITS.md",
    "images/content/Käse 画.jpg", "notebooks/00_first.ipynb", "notebooks/01_second.ipynb", "notebooks/zh/glossary.md",
    "pyproject.toml", "start.py", "style_helpers/__init__.py", "style_helpers/panels/panel.py",
]  # fmt: skip
NOT_FOR_LEARNERS = [
    ".git/config", "TEACHING.md", "TEACHING.zh-CN.md", "images/.DS_Store", "lessons/01_second.md",
    "notebooks/my notes.ipynb",
    "notebooks/.ipynb_checkpoints/01_second-checkpoint.ipynb", "notebooks/solutions/01_second.ipynb",
    "style_helpers/__pycache__/panel.cpython-311.pyc", "tests/test_one.py",
]  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A small project, and weights of a few bytes; no weights folder is named and no network is asked."""
    project = tmp_path / "project"
    for name in FOR_LEARNERS + NOT_FOR_LEARNERS:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(NOTEBOOK) if name.endswith(".ipynb") else f"This is {name}.\n", encoding="utf-8")
    for name in ("pyproject.toml", "constraints.txt", "start.py"):
        shutil.copy(ROOT / name, project / name)

    def fetch(name: str) -> weights.Found:
        path = tmp_path / "cache" / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(name.encode() * 50)
        return weights.Found(path, "a fake")

    monkeypatch.setattr(weights, "fetch", fetch)
    monkeypatch.setattr(class_folder, "ROOT", project)
    monkeypatch.setattr(class_folder, "requirements", lambda: ["proof==1.0"])  # the real ones take a second to find
    monkeypatch.setattr(os, "sync", lambda: None, raising=False)
    monkeypatch.delenv("STYLE_HELPERS_WEIGHTS", raising=False)
    return project


@pytest.fixture
def folder(project, tmp_path) -> Path:
    """A class folder that is whole."""
    folder = tmp_path / "class"
    class_folder.prepare(folder)
    return folder


def state(folder: Path) -> dict:
    """Every file with what is in it and when it was written, and every folder."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) if path.is_file() else None
        for name, path in paths.items()
    }


def contents(folder: Path) -> dict:
    return {name: seen and seen[0] for name, seen in state(folder).items() if name != "class.json"}


def said(folder: Path, thorough: bool = False) -> list[str]:
    """What is wrong with a class folder, each with what to do."""
    return [f"{found}; {advice}" for found, advice in class_folder.problems(folder, thorough)]


def names(folder: Path) -> list[str]:
    return sorted(name for name, seen in state(folder).items() if seen)


def refused(folder, error=class_folder.ClassroomError, **options) -> str:
    """The one sentence with which `prepare` refuses."""
    with pytest.raises(error) as caught:
        class_folder.prepare(folder, **options)
    said = str(caught.value)
    assert said.endswith((".", "。"))
    assert "\n" not in said
    return said


# What is in it


def test_learners_get_the_course_without_solutions_and_the_weights(folder):
    course = [f"course/{name}" for name in FOR_LEARNERS]
    shared = [f"weights/{name}.safetensors" for name in ("alexnet", "lpips-alexnet", "vgg16")]
    assert names(folder) == sorted([*course, *shared, "README.txt", "class.json", "requirements.txt"])
    for name in FOR_LEARNERS:
        assert (folder / "course" / name).read_bytes() == (class_folder.ROOT / name).read_bytes()


def test_learners_get_every_module_and_picture_of_the_real_project_and_what_its_readme_points_at():
    got = {path.relative_to(ROOT).as_posix() for path in class_folder._course()}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "style_helpers").rglob("*.py")} <= got
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "images").rglob("*.jpg")} <= got
    assert not [name for name in got if "solutions" in name or name.startswith(("lessons/", "tests/"))]
    for readme in ("README.md", "README.zh-CN.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        links = set(re.findall(r"\]\(((?:images|notebooks)/[^)#]+|LICENSE)\)", text))
        assert len(links) > 10
        assert {link for link in links if "solutions" not in link} <= got


def test_the_readme_has_three_steps_and_no_folder_of_the_instructors(folder, tmp_path):
    lines = (folder / "README.txt").read_text(encoding="utf-8").splitlines()
    assert "Neural style transfer" in lines[0]
    assert [line[:2] for line in lines[1:4]] == ["1.", "2.", "3."]
    assert "Python 3.11, 3.12, 3.13 or 3.14 from python.org" in lines[1]
    assert "own disk" in lines[2]
    assert all(way in lines[3] for way in ("python start.py", "python3 start.py", "py start.py"))
    assert "Each laptop downloads its packages once" in lines[4]
    assert "STYLE_HELPERS_WEIGHTS" in lines[5]
    assert str(tmp_path) not in "".join(lines) + (folder / "class.json").read_text()


def test_the_manifest_knows_every_file(folder):
    manifest = class_folder.read_manifest(folder / "class.json")
    assert manifest.version == __version__
    assert datetime.fromisoformat(manifest.made).tzinfo
    assert sorted([*manifest.files, "class.json"]) == names(folder)
    for name, entry in manifest.files.items():
        assert entry == class_folder.Entry.of((folder / name).read_bytes()) == class_folder.Entry.of(folder / name)


def test_the_list_of_packages_is_what_start_would_install():
    lines = REQUIREMENTS()
    listed = {Requirement(line).name: Requirement(line) for line in lines if not line.startswith("#")}
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    direct = [Requirement(line).name for line in class_folder._project()["project"]["dependencies"]]
    further = ["ipykernel", "jupyter-server", "sympy", "webcolors"]  # the last by way of an extra of jsonschema
    assert {*direct, *further, "hatchling", "editables"} <= set(listed)
    assert "pytest" not in listed
    for name, requirement in listed.items():
        if name in ("hatchling", "editables"):
            assert not requirement.specifier
        else:
            assert str(requirement.specifier) == f"=={pins.get(name) or importlib.metadata.version(name)}"


def test_a_package_that_is_missing_here_is_named(project, tmp_path, monkeypatch):
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(text.replace('"numpy>=2.0"', '"no-such-package"'))
    monkeypatch.setattr(class_folder, "requirements", REQUIREMENTS)
    assert "no-such-package is not installed here" in refused(tmp_path / "class")


def test_another_network_is_added_and_stays(folder):
    for networks in (["vgg19"], []):
        class_folder.prepare(folder, networks)
        assert (folder / "weights/vgg19.safetensors").is_file()
    (folder / "weights/vgg19.safetensors").unlink()
    class_folder.prepare(folder)
    assert said(folder, thorough=True) == []
    assert (folder / "weights/vgg19.safetensors").is_file()


def test_a_notebook_that_was_run_here_is_named(project, tmp_path, capsys):
    ran = {"cells": [{"cell_type": "code", "source": "42", "outputs": [{"text": "42"}]}]}
    (project / "notebooks/01_second.ipynb").write_text(json.dumps(ran))
    class_folder.prepare(tmp_path / "class")
    assert "01_second.ipynb was run and saved here" in capsys.readouterr().err


# Again


def test_twice_in_a_row_copies_nothing(folder):
    before = state(folder)
    assert said(folder, thorough=True) == []
    assert "nothing was copied." in class_folder.prepare(folder)
    assert state(folder) == before


def test_only_what_changed_is_copied_and_a_lesson_under_a_new_name_replaces_the_old_one(folder, project):
    (folder / "course/notebooks/thoughts.txt").write_text("mine")
    (project / "style_helpers/panels/panel.py").write_text("New.\n")
    (project / "notebooks/01_second.ipynb").rename(project / "notebooks/01_better.ipynb")
    before = state(folder)
    assert " 2 of them copied now.\nIt holds no packages" in class_folder.prepare(folder)
    changed = {name for name, seen in state(folder).items() if seen != before.get(name)}
    assert changed == {"course/style_helpers/panels/panel.py", "course/notebooks/01_better.ipynb", "class.json"}
    assert before.keys() - state(folder).keys() == {"course/notebooks/01_second.ipynb"}


def test_a_name_that_leads_out_of_the_folder_is_not_believed(folder, tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    manifest = json.loads((folder / "class.json").read_text())
    manifest["files"]["course/../../victim.txt"] = vars(class_folder.Entry.of(victim))
    (folder / "class.json").write_text(json.dumps(manifest))
    assert len(said(folder)) == 1
    class_folder.prepare(folder)
    assert victim.read_text() == "mine"
    assert said(folder, thorough=True) == []


def test_what_learners_wrote_is_kept_beside_the_new_copy(folder, capsys):
    mine = json.dumps(NOTEBOOK | {"cells": [{"cell_type": "code", "source": "my answer"}]})
    (folder / "course/notebooks/01_second.ipynb").write_text(mine)
    (folder / "README.txt").write_text("Neural style transfer, step by step, version 0.1.0. Room 12, at nine.")
    assert len(said(folder)) == 1  # the README; to work in a notebook is no damage
    class_folder.prepare(folder)
    assert (folder / "course/notebooks/01_second-changed-1.ipynb").read_text() == mine
    assert json.loads((folder / "course/notebooks/01_second.ipynb").read_text()) == NOTEBOOK
    assert "Room 12" in (folder / "README-changed-1.txt").read_text()
    kept = "01_second.ipynb was changed in the class folder: that version is kept as 01_second-changed-1.ipynb"
    assert kept in capsys.readouterr().err


# Half copied, damaged, of another version


def flip(path: Path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "deleted": Path.unlink,
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "a bit flipped": flip,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_file_that_is_missing_or_damaged_is_named_and_mended(folder, damage):
    whole = contents(folder)
    for name in [name for name, seen in whole.items() if seen]:
        DAMAGES[damage](folder / name)
        (sentence,) = said(folder, thorough=True)
        assert sentence.startswith(f"the class folder {folder} has ")
        assert f" first {name}; copy the whole class folder again" in sentence
        assert (said(folder) == []) == (damage == "a bit flipped")
        assert " 1 of them copied now." in class_folder.prepare(folder)
        assert said(folder, thorough=True) == []
        for aside in folder.rglob("*-changed-1.*"):
            aside.unlink()  # a README that is not ours may be somebody's
        assert contents(folder) == whole


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        DAMAGES["cut short"],
        lambda path: path.write_bytes(b"\x00{}"),
        lambda path: path.write_text("[" * 100_000),
    ],
    ids=["gone", "cut short", "no JSON", "nested"],
)
def test_a_manifest_that_is_missing_or_damaged_is_named_and_written_again(folder, damage):
    whole = contents(folder)
    damage(folder / "class.json")
    state = "is missing" if damage is Path.unlink else "cannot be read"
    assert f"{folder} is not whole: class.json, which is written last, {state}; copy" in said(folder)[0]
    assert " 0 of them copied now." in class_folder.prepare(folder)
    assert said(folder, thorough=True) == []
    assert contents(folder) == whole


def test_several_files_are_counted_and_what_cannot_be_read_is_named(folder):
    shutil.rmtree(folder / "weights")
    flip(folder / "course/start.py")
    (folder / "course/README.md").unlink()
    (folder / "course/README.md").mkdir()
    assert len(said(folder)) == 2
    missing, damaged, unreadable = (next(each for each in said(folder, True) if f" {kind} files" in each)
        for kind in ("missing", "damaged", "unreadable" if os.name == "nt" else "cut short or changed"))  # fmt: skip
    total = len(names(folder)) - 1 + 4
    assert f"missing files: 3 of {total}, first weights/alexnet.safetensors" in missing
    assert f"damaged files: 1 of {total}, first course/start.py" in damaged
    assert "first course/README.md" in unreadable


def test_another_version_is_named(folder, monkeypatch):
    monkeypatch.setattr(class_folder, "__version__", "9.9")
    (sentence,) = said(folder)
    assert f"of version {__version__}, but this style_helpers is 9.9; copy its folder course again, or" in sentence
    class_folder.prepare(folder)
    assert said(folder) == []


# Which folder is in use


def test_the_class_folder_is_found_by_its_weights_and_by_its_course(folder, monkeypatch):
    assert class_folder.found() is None
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(folder / "course" / ".." / "weights"))
    assert class_folder.found() == folder
    with monkeypatch.context() as patch:
        patch.delenv("STYLE_HELPERS_WEIGHTS")
        patch.setattr(class_folder, "ROOT", folder / "course")
        assert class_folder.found() == folder
        (folder / "class.json").unlink()
        assert class_folder.found() == folder
    for name in ("README.txt", "course/start.py"):  # as when it was copied in another order
        assert class_folder.found() == folder
        (folder / name).unlink()
    assert class_folder.found() is None


def test_other_folders_are_not_taken_for_class_folders(project, tmp_path, monkeypatch):
    (tmp_path / "drive" / "weights").mkdir(parents=True)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "drive" / "weights"))
    assert class_folder.found() is None
    project.rename(tmp_path / "course")
    monkeypatch.setattr(class_folder, "ROOT", tmp_path / "course")
    (tmp_path / "class.json").write_text('{"what": "the timetable", "files": {}}')
    assert class_folder.found() is None


# Stopped in the middle


def stop_after(monkeypatch, count: int, error: BaseException):
    """Lets `files.write` work `count` times and then fail."""
    write, calls = files.write, []

    def write_or_stop(*arguments, **options):
        if len(calls) == count:
            raise error
        calls.append(arguments)
        return write(*arguments, **options)

    monkeypatch.setattr(files, "write", write_or_stop)


def stopped_after(count: int, folder: Path):
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, count, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            class_folder.prepare(folder)


@pytest.mark.parametrize("count", range(21))
def test_a_start_that_was_stopped_is_taken_up_again(project, tmp_path, count):
    folder = tmp_path / "class"
    stopped_after(count, folder)
    assert not (folder / "class.json").exists()
    assert said(folder)
    assert [name for name in names(folder) if name.endswith(".part")] == []
    copied = max(0, count - 1)  # the first thing written is the mark
    assert f" {19 - copied} of them copied now." in class_folder.prepare(folder)
    assert said(folder, thorough=True) == []
    assert not (folder / "class.json.unfinished").exists()


def test_an_update_that_was_stopped_forgets_nothing(folder, project):
    (project / "notebooks/00_first.ipynb").unlink()
    (project / "start.py").write_text("New.\n")
    stopped_after(2, folder)
    assert "is missing" in class_folder.problems(folder)[0][0]
    class_folder.prepare(folder)
    assert said(folder, thorough=True) == []
    assert not (folder / "course/notebooks/00_first.ipynb").exists()


def test_what_a_killed_program_left_is_swept_away(project, tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / ".0123456789abcdef.part").write_text("half")
    (folder / "course").mkdir()
    (folder / "course" / ".fedcba9876543210.part").write_text("half")
    (folder / "class.json.unfinished").write_bytes(class_folder.Manifest().to_bytes())
    class_folder.prepare(folder)
    assert [path for path in folder.rglob("*") if path.suffix in (".part", ".unfinished")] == []


def test_a_copy_that_arrives_damaged_is_not_declared_whole(project, tmp_path, monkeypatch):
    write = files.write

    def write_badly(path, content, overwrite=False):
        return write(path, content[:-1] + b"?" if path.name == "vgg16.safetensors" else content, overwrite)

    monkeypatch.setattr(files, "write", write_badly)
    assert "vgg16.safetensors' arrived damaged" in refused(tmp_path / "class")
    assert not (tmp_path / "class/class.json").exists()


# Folders that cannot be taken


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("thesis", ("thesis' holds other things, not a class folder: give a new one, such as", "thesis/class'")),
        ("school", ("holds other things",)),
        ("notes.txt", ("notes.txt' is a file: give the name of a folder",)),
        ("no drive/class", ("There is no folder", "no drive' for 'class': make it first")),
        *((f"project/{name}", ("lie in one another: choose a folder beside the project",))
          for name in (".", "..", "class", "images/class", "../project/class", "../link")),
    ],
)  # fmt: skip
def test_a_place_that_is_not_for_a_class_folder_is_left_alone(project, tmp_path, place, words):
    for name, text in (("thesis/thesis.txt", "years of work"), ("notes.txt", "mine"), ("school/class.json", TIMETABLE)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "link").symlink_to(project / "images", target_is_directory=True)
    before = state(tmp_path)
    sentence = refused(tmp_path / place)
    for word in words:
        assert word in sentence
    cache = [name for name in state(tmp_path) if name.startswith("cache")]
    assert {name: seen for name, seen in state(tmp_path).items() if name not in cache} == before


TIMETABLE = '{"what": "the timetable", "version": "1", "made": "", "files": {}}'


def test_an_empty_folder_is_taken_and_a_link_to_one_is_followed(project, tmp_path):
    (tmp_path / "drive").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "drive", target_is_directory=True)
    assert "is ready" in class_folder.prepare(tmp_path / "link")
    assert said(tmp_path / "drive", thorough=True) == []


def test_links_inside_lead_nothing_out(folder, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/start.py").write_bytes((folder / "course/start.py").read_bytes())
    (folder / "course/start.py").unlink()
    (folder / "course/start.py").symlink_to(tmp_path / "work/start.py")
    class_folder.prepare(folder)
    assert not (folder / "course/start.py").is_symlink()  # a linked file is replaced by a real one
    shutil.rmtree(folder / "course")
    (tmp_path / "work/start.py").write_text("mine")
    (folder / "course").symlink_to(tmp_path / "work", target_is_directory=True)
    assert "is a link to elsewhere: remove it" in refused(folder)
    assert contents(tmp_path / "work") == {"start.py": b"mine"}


@pytest.mark.parametrize("where", ["class", "class/course"])
def test_a_place_that_cannot_be_written_is_one_sentence(project, tmp_path, monkeypatch, where):
    mkdir = Path.mkdir

    def refuse(path, *arguments, **options):
        if path == tmp_path / where:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert f"{where}' cannot be read or written (Permission denied): mend that first." in refused(tmp_path / "class")
    assert not (tmp_path / "class/class.json").exists()


def test_a_file_that_cannot_be_written_is_one_sentence(project, tmp_path, monkeypatch):
    stop_after(monkeypatch, 3, files.FileError("'x' cannot be written into the folder 'y': Permission denied."))
    assert "Permission denied" in refused(tmp_path / "class", files.FileError)
    assert not (tmp_path / "class/class.json").exists()


def test_a_full_disk_is_seen_beforehand(folder, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 100))
    assert "has 0.00 GB free" in refused(tmp_path / "another")
    assert not (tmp_path / "another").exists()
    assert "nothing was copied." in class_folder.prepare(folder)  # which needs no room


def test_a_source_that_cannot_be_read_is_one_sentence(project, tmp_path, monkeypatch):
    def refuse(source):
        raise PermissionError(errno.EACCES, "Permission denied", str(source))

    monkeypatch.setattr(class_folder.Entry, "of", refuse)
    assert f"'{project / 'start.py'}' cannot be read or written (Permission denied)" in refused(tmp_path / "class")
    assert not (tmp_path / "class").exists()


@pytest.mark.parametrize("missing", ["start.py", "notebooks"])
def test_half_a_project_is_named(project, tmp_path, missing):
    path = project / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert f"{path} is missing" in refused(tmp_path / "class")


# In Chinese


def test_a_class_folder_in_chinese(folder, monkeypatch, capsys):
    def assert_told(thorough=False):
        told = class_folder.problems(folder, thorough)
        assert told
        for found, advice in told:
            assert_chinese(found)
            assert_chinese(advice)

    monkeypatch.setenv(language.VARIABLE, "zh")
    assert_chinese(class_folder.prepare(folder))
    for text in ((folder / "README.txt").read_text(encoding="utf-8"), *map(class_folder._readme, (True, False))):
        for line in text.splitlines():
            assert_chinese(line.removeprefix(class_folder.TITLE))
    assert_chinese(class_folder.prepare(folder))
    (folder / "README.txt").write_text("mine")
    for damage in DAMAGES.values():
        damage(folder / "course/start.py")
        assert_told(thorough=True)
        class_folder.prepare(folder)
    kept = "班级文件夹里的 README.txt 有人改过：改过的那份存成了 README-changed-1.txt。\n"
    assert kept in capsys.readouterr().err  # behind the bar
    monkeypatch.setattr(class_folder, "__version__", "9.9")
    assert_told()
    for text in ("no JSON", ""):
        (folder / "class.json").write_text(text)
        assert_told()
    (folder / "class.json").unlink()
    assert_told()
    assert class_folder.is_ours(folder)  # by its README


def test_refusals_in_chinese(project, tmp_path, monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/thesis.txt").touch()
    for place in ("notes.txt", "thesis", "no drive/class", "project/class"):
        assert_chinese(refused(tmp_path / place).removesuffix("。"))
    monkeypatch.setattr(class_folder, "requirements", REQUIREMENTS)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\n[project]\nrequires-python = ">=3.11"\ndependencies = ["no-such-package"]\n'
    )
    assert_chinese(refused(tmp_path / "class"))
    (project / "start.py").unlink()
    assert_chinese(refused(tmp_path / "class"))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 0))
    with pytest.raises(class_folder.ClassroomError) as full:
        class_folder._check_space(tmp_path, 10**9, False)
    assert_chinese(str(full.value))


# The packages themselves


@pytest.fixture
def packages(project, tmp_path, monkeypatch) -> Path:
    """A project that needs one small package, and a folder of wheels in place of a package index."""
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["builder"]\n[project]\nrequires-python = ">=3.11"\ndependencies = ["proof>=1"]\n'
    )
    for name, requires in (("proof", "Requires-Dist: deeper\n"), ("deeper", ""), ("builder", ""), ("editables", "")):
        wheel(tmp_path / "index", name, "1.0", requires=requires)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", (tmp_path / "index").as_uri())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(class_folder, "WHEELS_GB", {"cpu": 0, "cuda": 0})
    monkeypatch.setattr(
        class_folder, "_start", lambda: namedtuple("Start", "LINUX wants_cpu_build")(True, lambda: False)
    )
    return tmp_path / "index"


def test_wheels_are_fetched_with_all_that_they_need_stay_and_are_mended(packages, tmp_path, capfd):
    folder = tmp_path / "class"
    class_folder.prepare(folder, wheels=True)
    assert "about 0 GB" in capfd.readouterr().out
    got = {path.name.partition("-")[0] for path in (folder / "wheels").iterdir()}
    assert got == {"proof", "deeper", "builder", "editables"}
    assert len([name for name in class_folder.read_manifest(folder / "class.json").files if "wheels/" in name]) == 4
    assert "nothing was copied." in class_folder.prepare(folder)
    (folder / "wheels/deeper-1.0-py3-none-any.whl").unlink()
    assert "wheels/deeper-1.0" in said(folder)[0]
    assert "is not whole (deeper-1.0-py3-none-any.whl): give --wheels too, or delete that folder" in refused(folder)
    class_folder.prepare(folder, wheels=True)
    assert said(folder, thorough=True) == []
    shutil.rmtree(folder / "wheels")  # by a learner who has installed them
    assert said(folder, thorough=True) == []
    class_folder.prepare(folder)
    assert said(folder, thorough=True) == []


def test_a_download_that_fails_leaves_an_unfinished_folder(packages, tmp_path):
    hidden = packages.rename(tmp_path / "elsewhere")
    packages.mkdir()
    assert "pip could not fetch all packages" in refused(tmp_path / "class", wheels=True)
    assert class_folder.problems(tmp_path / "class")
    shutil.copytree(hidden, packages, dirs_exist_ok=True)
    shutil.copytree(hidden, tmp_path / "class/wheels", dirs_exist_ok=True)  # as if some had arrived
    assert "wheels' is not whole" in refused(tmp_path / "class")
    class_folder.prepare(tmp_path / "class", wheels=True)
    assert class_folder.problems(tmp_path / "class") == []


def test_pytorch_for_the_processor_comes_alone_from_its_own_index(packages, monkeypatch, tmp_path):
    (tmp_path / "project/pyproject.toml").write_text(
        '[build-system]\nrequires = []\n[project]\nrequires-python = ">=3.11"\n'
        'dependencies = ["torch>=2", "torchvision", "numpy"]\n'
    )
    start = namedtuple("Start", "LINUX wants_cpu_build CPU_INDEX")(True, lambda: True, "https://example.org/cpu")
    monkeypatch.setattr(class_folder, "_start", lambda: start)
    calls = []
    monkeypatch.setattr(class_folder.subprocess, "call", lambda command: calls.append(command) or 0)
    class_folder.prepare(tmp_path / "class", wheels=True)
    alone, rest = calls
    assert alone[:4] == [sys.executable, "-m", "pip", "download"]
    assert alone[-5:] == ["--no-deps", "--index-url", "https://example.org/cpu", "torch>=2", "torchvision"]
    assert rest[-4:] == ["torch>=2", "torchvision", "numpy", "editables"]
    assert "--no-deps" not in rest


def test_start_is_asked_which_build_suits():
    start = class_folder._start()
    assert start.CPU_INDEX.startswith("https://")
    assert callable(start.wants_cpu_build)
