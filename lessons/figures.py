"""Make the pictures that stand in lessons and README: python lessons/figures.py [maps | stills [NN ...]]

maps    images/figures/where-NN.png: the chain from picture to gradient, with one lesson's part outlined; in another
        language in a folder of its own, images/figures/<language>/where-NN.png
stills  images/figures/lesson-NN.jpg: each lesson is run from top to bottom (some ten minutes in all), and the picture
        under its cell with the tag "still" is kept, for readers who have no kernel; NN: of these lessons only
"""

import base64
import io
import re
import sys
from pathlib import Path

import maps
import nbformat
import translation
from build import NOTEBOOKS, build, lessons
from nbclient import NotebookClient
from PIL import Image

from style_helpers import files, images
from style_helpers.course import letters

FIGURES = images.FOLDER / "figures"
LARGEST = 150_000  # bytes of a picture in the repository


def make_maps():
    for language in translation.languages():
        letters.lend(language)
        folder, words = translation.folder(FIGURES, language), translation.words(language, "build")
        for lesson in maps.LESSON_PARTS:
            page = io.BytesIO()
            maps.course_map(lesson, words).savefig(page, format="png", dpi=80)
            _keep(folder / f"where-{lesson}.png", page.getvalue())


def make_stills(numbers: list[str]):
    for lesson in lessons():
        notebook = nbformat.reads(build(lesson), as_version=4)
        if any(map(_is_still, notebook.cells)) and (not numbers or lesson.stem[:2] in numbers):
            NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": NOTEBOOKS}}).execute()
            (cell,) = filter(_is_still, notebook.cells)
            _keep(FIGURES / f"lesson-{lesson.stem[:2]}.jpg", _as_jpeg(_picture_under(cell)))


def _is_still(cell) -> bool:
    return "still" in cell.metadata.get("tags", [])


def _picture_under(cell) -> Image.Image:
    (page,) = (output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {}))
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", page)[1]))).convert("RGB")


def _as_jpeg(picture: Image.Image) -> bytes:
    """As good as fits into the repository's limit."""
    for quality in (90, 80, 70, 60, 50):
        page = io.BytesIO()
        picture.save(page, "JPEG", quality=quality, optimize=True)
        if page.tell() <= LARGEST:
            break
    return page.getvalue()


def _keep(path: Path, content: bytes):
    print(f"{path.relative_to(FIGURES)}: {len(content) / 1000:.0f} kB")
    path.parent.mkdir(exist_ok=True)
    files.write(path, content, overwrite=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            make_maps()
            make_stills([])
        case ["maps"]:
            make_maps()
        case ["stills", *numbers]:
            make_stills(numbers)
        case other:
            sys.exit(f"Say maps, stills, stills and lesson numbers, or nothing for all, not {' '.join(other)}.")
