"""The course as a website that needs nothing: python lessons/website.py FOLDER [NN ...]

Runs every lesson in every language as learners run it (some half an hour the first time; STYLE_HELPERS_QUICK=1 is for a
trial), records its panels, and lets Sphinx make pages of it, with slides and a gallery. NN: of these lessons only.
The folder works under any address, and from a memory stick by a double click on its index.html: nothing is fetched.

What a lesson gave is kept in the user's folder for caches, until the lesson or style_helpers is changed.
"""

import argparse
import hashlib
import importlib
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import nbformat
from babel import Locale
from build import LESSONS, build, lessons
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from options import a_folder
from slides import WIDGET, core, slides
from sphinx.cmd.build import main as sphinx

ROOT = LESSONS.parent
sys.path.append(str(ROOT))

from web import gallery, recorded  # noqa: E402
from web.bundle import bundle  # noqa: E402
from web.media import DOTS, Media  # noqa: E402
from web.pages import FOLDERS, Pages, of_package, search_hint, site_name  # noqa: E402

from benchmarks.machine import processor  # noqa: E402
from style_helpers import devices, files, fronts, networks, panels  # noqa: E402
from style_helpers.language import ENGLISH, VARIABLE  # noqa: E402
from style_helpers.settings import QUICK, shortened  # noqa: E402
from style_helpers.weights import cache_folder  # noqa: E402

LOOK = LESSONS / "web" / "look"
ALWAYS = ("gallery", "lessons", "measured", "reference", "search")  # pages of every language
MARK, OURS = ".nojekyll", "Made by lessons/website.py, which may replace this folder."
START = f"import sys; sys.path.append({str(LESSONS)!r}); from web import recorded; recorded.begin()"


# What is run


def run(notebook: NotebookNode, name: str) -> NotebookNode:
    """A notebook with its outputs, from the cache where it is run already; "made" in its metadata says how."""
    name = f"quick-{name}" if shortened(1000) < 1000 else name
    kept = cache_folder() / "website" / f"{name}-{fingerprint(notebook)}.ipynb"
    if not kept.exists():
        print(f"{name} runs ...", flush=True)
        began = time.monotonic()
        first = nbformat.v4.new_code_cell(START)
        notebook.cells.insert(0, first)
        with tempfile.TemporaryDirectory() as folder:
            sharp = Path(folder) / "matplotlibrc"
            sharp.write_text(f"savefig.dpi: {DOTS}\n")
            where = {"metadata": {"path": folder}}
            client = NotebookClient(notebook, timeout=3600, resources=where, store_widget_state=False)
            client.extra_arguments = ["--IPKernelApp.log_level=ERROR"]
            client.execute(env=os.environ | {"MATPLOTLIBRC": str(sharp)})
        notebook.cells.remove(first)
        notebook.metadata["made"] = made(round(time.monotonic() - began))
        kept.parent.mkdir(parents=True, exist_ok=True)
        for earlier in kept.parent.glob(f"{name}-*.ipynb"):
            earlier.unlink()
        files.write(kept, nbformat.writes(notebook).encode())
    return nbformat.read(kept, as_version=4)


def fingerprint(notebook: NotebookNode) -> str:
    """Of all that its outputs depend on."""
    texts = [os.environ.get(QUICK, ""), *(cell.source for cell in notebook.cells if cell.cell_type == "code")]
    package = (path for path in (ROOT / "style_helpers").rglob("*") if path.suffix in (".py", ".js", ".mo", ".json"))
    paths = [LESSONS / "web" / "recorded.py", *sorted(package), *sorted((ROOT / "images").glob("*/*.jpg"))]
    return hashlib.sha256("\0".join(texts).encode() + b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def made(seconds: int) -> dict:
    """When, from what and on what something was run."""
    return {
        "date": date.today().isoformat(),
        "commit": git("describe", "--always") or "?",
        "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
        "seconds": seconds,
        "network": networks.choose()[0].upper().replace("VGG", "VGG-"),
        "processor": processor(),
        "cores": devices.processors(),
        "quick": shortened(1000) < 1000,
    }


def git(*command: str) -> str:
    """What git says of the project; "" where there is none."""
    try:
        return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def repository() -> str:
    """The project's address on GitHub, of the workflow or of the clone that this is; "" where there is none."""
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"https://github.com/{name}"
    found = re.search(r"github\.com[:/](.+?)(\.git)?$", git("remote", "get-url", "origin"))
    return f"https://github.com/{found[1]}" if found else ""


def readmes(language: str) -> list[Path]:
    """README.md, or such as README.zh-CN.md."""
    return [*ROOT.glob("README.md" if language == ENGLISH else f"README.{language}*.md")]


def door() -> str:
    """The page at the site's own address: it leads on to the reader's language."""
    links = "".join(
        f'<p><a href="{each}/index.html" lang="{each}">{Locale(each).get_language_name()}</a></p>\n' for each in FOLDERS
    )
    return (LOOK / "door.html").read_text(encoding="utf-8").replace("LINKS", links)


def all_fronts() -> tuple[str, str]:
    for module in pkgutil.iter_modules(panels.__path__, "style_helpers.panels."):
        importlib.import_module(module.name)
    return fronts.script()


# What is made of it


class Site:
    """Writes the website into a new folder: one folder for each language, and what they share beside them."""

    def __init__(self, folder: Path, chosen: list[Path]):
        self.folder, self.chosen, self.media = folder, chosen, Media(folder / "media")
        self.repository = repository()

    def write(self):
        for language in FOLDERS:
            os.environ[VARIABLE] = language  # what slides and panels say
            self.pages(language)
            for lesson in self.chosen:
                self.slides(lesson, language)
                target = self.folder / FOLDERS[language]
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / FOLDERS[language] / f"{lesson.stem}.ipynb", target)
        (self.folder / "index.html").write_text(door(), encoding="utf-8")
        (self.folder / MARK).write_text(OURS)  # GitHub Pages asks for this file: else it leaves out what begins with _

    def lesson(self, lesson: Path, language: str) -> NotebookNode:
        """A lesson in a language, run."""
        path = ROOT / FOLDERS[language] / f"{lesson.stem}.ipynb"
        return run(nbformat.read(path, as_version=4), f"{language}-{lesson.stem}")

    def files(self, language: str) -> dict[Path, str]:
        """The page of each file of the project that has one in this language."""
        notebooks, (readme,) = ROOT / FOLDERS[language], readmes(language)
        found = {notebooks / f"{lesson.stem}.ipynb": f"{lesson.stem}.ipynb" for lesson in self.chosen}
        found |= {path: path.name for path in sorted(notebooks.glob("*.md"))}
        teaching, credits = (readme.name.replace("README", name) for name in ("TEACHING", "CREDITS"))
        return found | {readme: "index.md", ROOT / teaching: "teaching.md", ROOT / "images" / credits: "credits.md"}

    def pages(self, language: str):
        """Lets Sphinx make the pages of a language. Raises ValueError when it warns of anything."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder)
            shutil.copytree(LOOK, source, dirs_exist_ok=True)
            script, style = all_fronts()
            (source / "_static" / "fronts.js").write_text(script, encoding="utf-8")
            (source / "_static" / "fronts.css").write_text(style, encoding="utf-8")
            for name, text in self.sources(language).items():
                (source / name).write_text(text, encoding="utf-8")
            (source / "site.json").write_text(json.dumps(self.settings(language)), encoding="utf-8")
            made = source / "made" / language
            if sphinx(["-q", "-W", "--keep-going", "-d", f"{folder}/.doctrees", folder, str(made)]):
                raise ValueError(f"Sphinx could not make the pages of {language}: see above what it says.")
            bundle(made)
            unread = shutil.ignore_patterns("*.map", "*.ipynb", "*.md", ".buildinfo", "vendor", "webpack-macros.html")
            shutil.copytree(made, self.folder / language, ignore=unread)

    def settings(self, language: str) -> dict:
        """What web/look/conf.py has to know."""
        others = {}
        for other in FOLDERS.keys() - {language}:
            shared = [*(Path(name).stem for name in self.files(other).values()), *ALWAYS]
            others[other] = {"name": Locale(other).get_language_name(), "pages": shared}
        return {
            "language": language,
            "others": others,
            "name": site_name(),
            "search": search_hint(),
            "repository": self.repository,
            "path": [str(LESSONS), str(ROOT)],
        }

    def sources(self, language: str) -> dict[str, str]:
        """The text of each of Sphinx's files by its name."""
        known = self.files(language)
        pages = Pages(self.media, language, known, self.repository)
        written = {}
        for lesson in self.chosen:
            page = pages.lesson(self.lesson(lesson, language), ROOT / FOLDERS[language] / f"{lesson.stem}.ipynb")
            written[f"{lesson.stem}.ipynb"] = nbformat.writes(page)
        for path, name in known.items():
            text = path.read_text(encoding="utf-8")
            if name in written:
                continue
            if name == "index.md":
                readme = of_package(text) if language == ENGLISH else {}
                written |= {part: pages.markdown(made, ROOT) for part, made in (pages.of_readme(text) | readme).items()}
            else:
                written[name] = pages.markdown(text, path.parent)
        many = len(gallery.PICTURES) if self.chosen == lessons() else 1
        painted = run(gallery.notebook(many), f"gallery-{many}")
        return written | {"gallery.md": gallery.page(painted, self.media) + pages.made(painted)}

    def slides(self, lesson: Path, language: str):
        """From what a lesson gave already."""
        notebook = self.lesson(lesson, language)
        notebook.cells = core(notebook)
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                if recorded.MIME in output.get("data", {}):
                    records = output.data.pop(recorded.MIME)
                    output.data[WIDGET] = [part for record in records for part in record["parts"]]
        english = core(nbformat.reads(build(lesson), as_version=4))
        target = self.folder / "slides" / language / f"{lesson.stem}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.media.slides(slides(notebook, english)), encoding="utf-8")


def may_replace(folder: Path) -> bool:
    mark = folder / MARK
    return not folder.exists() or not any(folder.iterdir()) or (mark.is_file() and mark.read_text() == OURS)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the course's website, which needs no network.")
    parser.add_argument("folder", metavar="FOLDER", type=a_folder, help="a new one, or one that this made before")
    parser.add_argument("lessons", metavar="NN", nargs="*", help="such as 04 05 (default: all)")
    options = parser.parse_args(arguments)
    found = {lesson.stem[:2]: lesson for lesson in lessons()}
    if unknown := [number for number in options.lessons if number not in found]:
        parser.error(f"there is no lesson {unknown[0]!r}, there are {' '.join(found)}")
    if not may_replace(options.folder):
        parser.error(f"{files.quote(options.folder)} has other files: give the name of a new folder")
    parent = options.folder.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as beside:
            site = Site(Path(beside) / "site", [found[number] for number in options.lessons or found])
            site.write()
            if options.folder.exists():
                shutil.rmtree(options.folder)
            (Path(beside) / "site").rename(options.folder)
    except KeyboardInterrupt:
        print("Stopped: the lessons that were run need not run again.", file=sys.stderr)
        return 130
    except CellExecutionError as error:
        print(f"A lesson stops with {error.ename}: {error.evalue}", file=sys.stderr)
        return 1
    except DeadKernelError:
        said = "A lesson's kernel ended by itself, as it does when memory runs out."
        print(said, "The lessons that were run need not run again.", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    print(f"{options.folder}: {size / 1e6:.0f} MB. Open {options.folder / 'index.html'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
