"""Sphinx's settings for the pages of one language; lessons/website.py puts this file beside them, with site.json."""

import json
import re
import sys
from itertools import chain, pairwise
from pathlib import Path

site = json.loads((Path(__file__).parent / "site.json").read_text(encoding="utf-8"))
sys.path += site["path"]

from docutils import nodes  # noqa: E402
from slides import mathml  # noqa: E402
from sphinx.search import SearchEnglish  # noqa: E402

language, project = {"zh": "zh_CN"}.get(site["language"], site["language"]), site["name"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton"]
templates_path, html_static_path = ["_templates"], ["_static"]
html_copy_source = html_show_sourcelink = html_use_index = html_domain_indices = False
html_theme = "pydata_sphinx_theme"
html_favicon = "_static/icon.svg"
html_title, html_last_updated_fmt = project, None
html_js_files = [("fronts.js", {"defer": "defer"}), ("site.js", {"defer": "defer"})]
html_css_files = ["fronts.css", "icons.css", "site.css"]
html_context = {"others": site["others"], "default_mode": "auto"}
html_theme_options = {
    "logo": {"text": project},
    "search_bar_text": site["search"],
    "github_url": site["repository"],
    "back_to_top_button": False,
    "navbar_start": ["navbar-logo"],
    "navbar_persistent": ["search-button", "language"],
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_nav_level": 1,
    "navigation_depth": 1,
    "header_links_before_dropdown": 6,
}
html_sidebars = {"**": ["sidebar-nav-bs"], **{name: [] for name in ("index", "gallery", "teaching", "search")}}

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
nb_execution_mode = "off"
nb_merge_streams = True  # a bar and what is printed beside it come as one
MARK = re.compile(r"(?<!\*)(\*\w+\*)(?!\*)|[*_|\\]")  # of reST; in a docstring only *a word* is meant so
add_module_names = autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
html_math_renderer = "mathml"


class ByPairs(SearchEnglish):
    """Chinese is found by its pairs of neighbouring characters: a browser cannot cut a question into words."""

    lang = "zh"
    js_splitter_code = r"""
function splitQuery(query) {
  const found = [];
  for (const part of query.match(/[\u4e00-\u9fff]+|\w+/g) ?? []) {
    if (/\w/.test(part) || part.length === 1) found.push(part);
    else for (let end = 2; end !== part.length + 1; end += 1) found.push(part.slice(end - 2, end));
  }
  return found;
}
"""

    def split(self, text: str) -> list[str]:
        parts = re.findall(r"[\u4e00-\u9fff]+|[a-zA-Z0-9_]+", text)
        pairs = ([part] if part.isascii() or len(part) == 1 else map("".join, pairwise(part)) for part in parts)
        return [*chain.from_iterable(pairs)]


def show_formula(display: bool):
    def visit(self, node):
        self.body.append(mathml(node.astext(), display))
        raise nodes.SkipNode

    return visit, None


def read_docstring(app, what, name, object_, options, lines):
    """Our docstrings are plain text: paragraphs with `code` in them, and columns of names and what they mean."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    lines[:] = [*"\n\n".join(map(as_rst, paragraphs)).split("\n"), ""]


def as_rst(paragraph: str) -> str:
    rows = paragraph.split("\n")
    beside = re.search(r"^(\S.*? {2,})\S", paragraph, flags=re.MULTILINE)
    column = len(beside[1]) if beside else 0
    if column and all(row[column - 1 : column] == " " for row in rows):
        return "\n".join(
            f"``{row[:column].strip()}``" * (row[0] != " ") + f"\n   {plain(row[column:])}" for row in rows
        )
    if column or paragraph.startswith(" "):
        return "::\n\n" + "\n".join(f"   {row}" for row in rows)
    return plain(paragraph)


def plain(text: str) -> str:
    parts = re.split(r"`+([^`]+)`+", text)
    parts[::2] = [MARK.sub(lambda found: found[0] if found[1] else f"\\{found[0]}", part) for part in parts[::2]]
    parts[1::2] = [rf"\ ``{part}``\ " for part in parts[1::2]]
    return "".join(parts)


def setup(app):
    app.add_search_language(ByPairs)
    app.add_html_math_renderer("mathml", show_formula(False), show_formula(True))
    app.connect("autodoc-process-docstring", read_docstring)
