"""What Sphinx makes pages of, in one language: run notebooks and the project's Markdown."""

import base64
import html
import pkgutil
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import translation
from nbformat import NotebookNode
from web.media import LAZY, Media
from web.recorded import MIME

from style_helpers.language import ENGLISH, _, sentences

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "style_helpers"
FOLDERS = {each: translation.folder(Path("notebooks"), each).as_posix() for each in translation.languages()}
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:)([^)\s#]+)(#[^)\s]*)?\)")
OTHER = re.compile(r"^\[[^\]]+\]\([^)]+\.md\)\n+", re.MULTILINE)  # to another language, as every page has it
STILL = re.compile(r"<details><summary>[^<]*</summary>\s*!\[[^\]]*\]\(attachment:(?:panel-|studio)[^)]*\)\s*</details>")


@dataclass
class Pages:
    """language: one of FOLDERS, which `_` speaks; known: the page of each file that has one; repository: or ""."""

    media: Media
    language: str
    known: dict[Path, str]
    repository: str

    def lesson(self, run: NotebookNode, path: Path) -> NotebookNode:
        """The page of a lesson that was run. path: of its notebook in the project."""
        cells = [
            self._text(cell, path.parent) if cell.cell_type == "markdown" else self._code(cell)
            for cell in run.cells
            if "first-cell" not in cell.metadata.get("tags", [])
        ]
        cells[0].source = cells[0].source.replace(LAZY, "", 1)  # it is seen at once
        cells.insert(1, nbformat.v4.new_markdown_cell(self._how_to_run(path)))
        cells.append(nbformat.v4.new_markdown_cell(self.made(run)))
        return nbformat.v4.new_notebook(cells=cells, metadata=run.metadata)

    def of_readme(self, text: str) -> dict[str, str]:
        """The README's sections: what it is and how to start; the lessons; how fast and how good it is."""
        opening, *sections = re.split(r"\n(?=## )", text)
        (table,) = (each for each in sections if "00_first_picture" in each and each.count("\n| ") > 5)
        (measured,) = (each for each in sections if "benchmarks speed" in each)
        rows = re.search(r"(?:^\|.*\|$\n?)+", table, flags=re.MULTILINE)[0]  # the first table's
        lessons = [name for name in self.known.values() if name.endswith(".ipynb")]
        opening = re.sub(r"!\[.*\)\n", lambda picture: f"{picture[0]}\n{_begin(lessons[0])}\n", opening, count=1)
        further = [name for name in self.known.values() if name not in (*lessons, "index.md", "teaching.md")]
        reference, package, elsewhere = _("Reference"), ["api"], ""
        if self.language != ENGLISH:  # its docstrings are English
            package, words = [], _("The package, in English")
            elsewhere = f'\n\n<a href="../en/api.html">{words}</a>\n'
        return {
            "index.md": f"{opening}\n\n{sections[0]}\n\n{sections[1]}\n\n"
            + _toctree("lessons", "gallery", "teaching", "reference", *package, hidden=True),
            "lessons.md": "\n".join([table.partition("\n")[0][1:], "", rows, _toctree(*lessons, hidden=True)]),
            "reference.md": f"# {reference}\n\n" + _toctree("measured", *further) + elsewhere,
            "measured.md": measured[1:],
        }

    def markdown(self, text: str, folder: Path, attachments: dict | None = None) -> str:
        """Markdown of a file in that folder, as Sphinx takes it."""
        text = OTHER.sub("", STILL.sub("", text))
        text = PICTURE.sub(lambda found: self._picture(found, folder, attachments or {}), text)
        return LINK.sub(lambda found: self._link(found, folder), text)

    def _picture(self, found: re.Match, folder: Path, attachments: dict) -> str:
        alt, address = " ".join(found[1].split()), found[2]
        if address.startswith("attachment:"):
            (data,) = attachments[address.removeprefix("attachment:")].values()
            return self.media.figure(base64.b64decode(data), alt)
        return self.media.figure((folder / address).read_bytes(), alt)

    def _link(self, found: re.Match, folder: Path) -> str:
        """To the page of a file, or to the file where the project lives; where that is unknown, its words alone."""
        label, address, place = found.groups(default="")
        path = (folder / address).resolve()
        if path in self.known:
            return f"[{label}]({self.known[path]}{place})"
        if not path.exists():
            return found[0]
        return (
            f"[{label}]({self.repository}/blob/main/{path.relative_to(ROOT).as_posix()}{place})"
            if self.repository
            else label
        )

    def _text(self, cell: NotebookNode, folder: Path) -> NotebookNode:
        return nbformat.v4.new_markdown_cell(self.markdown(cell.source, folder, cell.get("attachments")))

    def _code(self, cell: NotebookNode) -> NotebookNode:
        outputs = [shown for output in cell.outputs if (shown := self._output(output))]
        return nbformat.v4.new_code_cell(cell.source, outputs=outputs)

    def _output(self, output: NotebookNode) -> NotebookNode | None:
        """None for progress bars, which are over."""
        if output.output_type == "stream":
            return output if output.name == "stdout" else None
        data = output.data
        if MIME in data:
            page = self.media.panel(data[MIME])
        elif "text/html" in data:
            page = self.media.figures(data["text/html"])
        else:
            return output if set(data) == {"text/plain"} else None
        return nbformat.v4.new_output("display_data", data={"text/html": page})

    def _how_to_run(self, path: Path) -> str:
        notebook = path.relative_to(ROOT).as_posix()
        clone = f"git clone {self.repository}\ncd {self.repository.rpartition('/')[2]}\n" if self.repository else ""
        places = {
            _("the notebook alone"): f"../{notebook}",
            _("slides of this lesson"): f"../slides/{self.language}/{path.stem}.html",
        }
        if self.repository:
            where = self.repository.removeprefix("https://github.com/")
            places["Binder"] = f"https://mybinder.org/v2/gh/{where}/main?urlpath=lab/tree/{notebook}"
            places["Colab"] = f"https://colab.research.google.com/github/{where}/blob/main/{notebook}"
        links = ", ".join(f'<a href="{address}">{name}</a>' for name, address in places.items())
        summary, further = _("Run this lesson"), _("Or take: {links}", links=links)
        command = _("With Python 3.11 or later, type this into a terminal. It installs all, and opens JupyterLab:")
        return (
            f'<details class="run"><summary>{summary}</summary>\n\n{command}\n\n'
            f"```\n{clone}python start.py\n```\n\n<p>{further}</p>\n\n</details>"
        )

    def made(self, run: NotebookNode) -> str:
        """When, from what and on what something was run."""
        made = run.metadata["made"]
        said = _(
            "What this page shows was made on {date} from commit {commit}, in {seconds} seconds, with {network} on "
            "{cores} cores of {processor}.",
            **made,
        )
        changed = _("The project had been changed since that commit.") if made["changed"] else ""
        quick = _("It was made in quick mode: every run did a twentieth of its evaluations.") if made["quick"] else ""
        return f"<p class='made'>{html.escape(sentences(said, changed, quick))}</p>"


def _begin(first: str) -> str:
    """Where a reader begins, on the first page: the first lesson, and all of them."""
    number, page = first[:2], first.partition(".")[0]
    begin, lessons = _("Begin with lesson {number}", number=number), _("All lessons")
    return f'<p class="begin"><a href="{page}.html">{begin}</a><a href="lessons.html">{lessons}</a></p>\n'


def site_name() -> str:
    """Of the site, short enough for a telephone."""
    return _("Style transfer")


def search_hint() -> str:
    """What stands in the empty field of the search."""
    return _("Search the course ...")


def of_package(readme: str) -> dict[str, str]:
    """The pages of style_helpers: one for each module of the science and for each room, in the README's order."""
    house = readme.partition("\n## The house")[2]
    jobs = re.findall(r"^\| `(\w+/?)` \| (.+) \|$", house, flags=re.MULTILINE)
    paths = {name: PACKAGE / (name if name.endswith("/") else f"{name}.py") for name, _job in jobs}
    jobs = {name.rstrip("/"): job for name, job in jobs if paths[name].exists()}
    rows = [f"| [`{name}`](api_{name}.md) | {job} |" for name, job in jobs.items()]
    table = ["# style_helpers", "", "| module or room | what is in it |", "|---|---|", *rows, ""]
    written = {"api.md": "\n".join([*table, _toctree(*(f"api_{name}" for name in jobs), hidden=True)])}
    for name in jobs:
        inside = [f"{name}.{each.name}" for each in pkgutil.iter_modules([PACKAGE / name])]
        modules = "\n".join(f".. automodule:: style_helpers.{each}\n   :members:\n" for each in [name, *inside])
        written[f"api_{name}.md"] = f"# {name}\n\n```{{eval-rst}}\n{modules}```\n"
    return written


def _toctree(*names: str, hidden: bool = False) -> str:
    options = ":hidden:\n" if hidden else ":maxdepth: 1\n"
    return "\n".join(["```{toctree}", options, *(name.partition(".")[0] for name in names), "```"])
