"""The website's pictures and records: each is one file, named by what is in it, and both languages share it."""

import base64
import hashlib
import html
import io
import json
import re
from functools import cache
from pathlib import Path

from PIL import Image

from style_helpers.language import _

FOLDER = "../media/"  # as every page of a language sees it
WIDEST, NARROW = 1600, 720  # pixels of a picture's file, and of the one for telephones
SHARP = 1.5  # pixels of a figure's file for one of the page: DOTS an inch in place of matplotlib's 100
DOTS = 150
LARGEST_EXACT = 2**16  # pixels of a picture that a panel enlarges: they are kept exactly
FEW_COLOURS = 2**11  # with no more, a picture is a drawing
LAZY = ' loading="lazy" decoding="async"'
INSIDE = 12_000  # characters of a record that stands in the page itself
SHARED = 20_000  # characters of what has a file of its own, since other records or slides have it too
INLINE = re.compile(r'<img alt="([^"]*)" (?:style="[^"]*" )?src="data:image/\w+;base64,([^"]+)">')
DATA = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
PROGRAM = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


class Media:
    """Writes into a folder. Its methods give what a page has in their place: HTML."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self._webp = cache(self._webp)  # what is shared is made once

    def figure(self, content: bytes, alt: str) -> str:
        """A picture's file as an <img>, with a second one for narrow pages where it is large."""
        address, width, height = self._webp(content, WIDEST)
        more = ""
        if width > 1.2 * NARROW:
            small, *_ = self._webp(content, NARROW)
            more = f' srcset="{small} {NARROW}w, {address} {width}w" sizes="(max-width: 780px) 94vw, 760px"'
        size = f'width="{round(width / SHARP)}" height="{round(height / SHARP)}"'
        return f'<img class="dark-light" alt="{html.escape(alt)}" src="{address}"{more} {size}{LAZY}>'

    def figures(self, page: str) -> str:
        """HTML whose pictures are inside it, with their files in place of them."""
        return INLINE.sub(lambda found: self.figure(base64.b64decode(found[2]), html.unescape(found[1])), page)

    def slides(self, page: str) -> str:
        """The page of a lesson's slides, one folder further down, with files in place of the pictures and programs."""
        page = DATA.sub(lambda found: f"../{self._webp(base64.b64decode(found[1]), WIDEST)[0]}", page)
        return PROGRAM.sub(lambda found: found[0] if len(found[2]) < SHARED else self._beside(*found.groups()), page)

    def _beside(self, tag: str, text: str) -> str:
        """A script or a style that stood in a page of slides, and in all others, as a file."""
        if tag == "script":
            return f'<script src="../{FOLDER}{self._file(text, "js")}"></script>'
        return f'<link rel="stylesheet" href="../{FOLDER}{self._file(text, "css")}">'

    def panel(self, records: list[dict]) -> str:
        """Where site.js puts a panel: what of `recorded.records` is small stands there, the rest is fetched in time."""
        texts = [json.dumps(self._light(each["parts"]), ensure_ascii=False) for each in records]
        if len(texts) == 1 and len(texts[0]) < INSIDE and '{"shared": ' not in texts[0]:
            inside = texts[0].replace("<", "\\u003c")
            return f'<div class="nst-mount"><script type="application/json">{inside}</script></div>'
        labels = [html.escape(each["label"]) for each in records]
        options = "".join(
            f'<option value="{self._script(text)}">{label}</option>' for text, label in zip(texts, labels, strict=True)
        )
        label, wait = _("Recorded:"), _("The panel comes when you scroll to it. It needs JavaScript.")
        chosen = f'<label>{label} <select autocomplete="off">{options}</select></label>'
        lost, again = _("This recording did not come: its file is missing, or the network is gone."), _("Try again")
        says = f'data-lost="{html.escape(lost)}" data-again="{html.escape(again)}"'
        return f'<div class="nst-mount nst-panel" {says}>{chosen}<div class="nst-stage">{wait}</div></div>'

    def _script(self, text: str) -> str:
        """JSON as a script, which a browser takes from a disk too: its name."""
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        (self.folder / f"{name}.js").write_text(f'nst.here("{name}", {text});\n', encoding="utf-8")
        return name

    def _file(self, text: str, ending: str) -> str:
        """The name of a file with a text in it."""
        name = f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.{ending}"
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def _light(self, value):
        """A record with addresses in place of its pictures' bytes, and as HTML with files."""
        if isinstance(value, list):
            return [self._light(each) for each in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"html"}:
            return {"html": self.figures(value["html"])}
        content = base64.b64decode(value["base64"]) if set(value) == {"base64"} else b""
        if content.startswith((b"\xff\xd8\xff", b"\x89PNG")):
            return self._webp(content, WIDEST)[0]
        if len(value.get("base64", "")) > SHARED:
            return {"shared": self._script(json.dumps(value))}
        return {name: self._light(each) for name, each in value.items()}

    def _webp(self, content: bytes, widest: int) -> tuple[str, int, int]:
        """The address of a picture as a file, at most so wide, its width and its height."""
        picture = Image.open(io.BytesIO(content))
        exact = picture.format == "PNG" and picture.width * picture.height <= LARGEST_EXACT
        picture = picture.convert("RGB")
        if picture.width > widest:
            size = (widest, round(picture.height * widest / picture.width))
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        exact = exact or picture.getcolors(FEW_COLOURS) is not None
        page = io.BytesIO()
        picture.save(page, "WEBP", quality=78, method=5, lossless=exact)
        name = hashlib.sha256(page.getvalue()).hexdigest()[:16] + ".webp"
        (self.folder / name).write_bytes(page.getvalue())
        return FOLDER + name, *picture.size
