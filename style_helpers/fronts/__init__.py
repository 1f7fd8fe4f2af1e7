"""A front is the part of a panel that is touched: an ES module and its style, the same in a notebook and on a page.

Here lies a function `name({ model, el })` in each .js file, without a build step; `common.js` stands before them.
In a notebook its model is the widget's; on a page without a kernel `page` makes one of what `recorded` gives.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import anywidget
import traitlets
from IPython.display import display

from style_helpers.language import _

FOLDER = Path(__file__).parent
LITERAL = r'"(?:[^"\\\n]|\\.)+"'
SAID = re.compile(rf"\b_\(\s*({LITERAL}(?:\s*\+\s*{LITERAL})*)")  # what a module says, in the reader's language
# This sentence stands in front of what a cell shows, and is seen when that is not there any more: after its kernel has
# ended and the page was loaded again, when the cell that made it was run again, where there are no widgets at all, and
# when a busy JupyterLab brings back only some of them after a reload.
ABSENT = """
<p class="nst-absent">{said}</p>
<style>
.jp-OutputArea-child:has(.nst-absent):has(+ .jp-OutputArea-child .nst),
.jp-OutputArea-child:has(.nst-absent) + .jp-OutputArea-child > .jupyter-widgets:not(:has(*)) {{ display: none }}
</style>
"""


class Displayed:
    """A widget that leaves a sentence in its cell where it cannot be shown."""

    def _ipython_display_(self):
        shown = self._repr_mimebundle_()
        data, about = shown if isinstance(shown, tuple) else (shown, {})
        said = _("Nothing to be seen here? If its kernel goes on, reload the page; if not, run the cell again.")
        display({"text/html": ABSENT.format(said=said)}, raw=True)
        display(data, metadata=about, raw=True)


class Front(Displayed, anywidget.AnyWidget):
    """`class Wipe(Front, parts=("wipe",))`: the last of the parts is rendered, those before it are what it uses.

    translations    what its module says with `_`, in the reader's language, by the English; {} for English
    """

    translations = traitlets.Dict().tag(sync=True)

    @traitlets.default("translations")
    def _translated(self):
        return {english: said for english in messages(str(self._esm)) if (said := _(english)) != english}

    def __init_subclass__(cls, parts: tuple[str, ...] = ()):
        if parts:
            cls._parts = parts
            last = f"export default {{ render: (given) => begin({parts[-1]}, given) }};\n"
            cls._esm = "\n".join([*(_read(f"{name}.js") for name in ("common", *parts)), last])
            styles = (name for name in ("common", *parts) if (FOLDER / f"{name}.css").exists())
            cls._css = "\n".join(_read(f"{name}.css") for name in styles)
        super().__init_subclass__()

    def recorded(self) -> dict:
        """What the front shows now, ready for JSON: its traits by name, bytes as {"base64": text}."""
        others = {*anywidget.AnyWidget.class_trait_names(), "_esm", "_css", "_anywidget_id"}
        return {name: _plain(getattr(self, name)) for name in self.trait_names(sync=True) if name not in others}


def page() -> str:
    """The module for pages without a kernel: `mount(element, front, recorded)` shows a front with what was recorded."""
    return _read("common.js") + _read("page.js")


def script() -> tuple[str, str]:
    """All fronts that were imported as one script, and their style, for pages that a browser opens from a disk.

    There it loads no module. The script gives the page `nst.mount`, as of `page`, and `nst.fronts` by their classes.
    """
    classes = [*_with_parts(Front)]
    names = [*dict.fromkeys(name for each in classes for name in each._parts)]
    fronts = "".join(f"{each.__name__}: {{ render: (given) => begin({each._parts[-1]}, given) }}, " for each in classes)
    inside = "\n".join([page().replace("\nexport ", "\n"), *(_read(f"{name}.js") for name in names)])
    styles = (name for name in ("common", *names) if (FOLDER / f"{name}.css").exists())
    text = f"window.nst = (() => {{\n{inside}\nreturn {{ mount, fronts: {{ {fronts}}} }};\n}})();\n"
    return text, "\n".join(_read(f"{name}.css") for name in styles)


def _with_parts(front: type[Front]) -> Iterator[type[Front]]:
    for each in front.__subclasses__():
        if "_parts" in vars(each):
            yield each
        yield from _with_parts(each)


def messages(module: str) -> list[str]:
    """What a module says in the reader's language, in English: the strings in `_("...")`, or in `_("..." + "...")`."""
    return ["".join(map(json.loads, re.findall(LITERAL, said))) for said in SAID.findall(module)]


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _plain(value):
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value
