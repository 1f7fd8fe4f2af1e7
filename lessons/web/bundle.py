"""Fewer and smaller files for a browser's first view: one sheet of what the pages use, and scripts that wait."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import tinycss2

SHEET = re.compile(r'\s*<link[^>]*rel="stylesheet"[^>]*>')
ADDRESS = re.compile(r'href="([^"?]+)')
OPTIONS = re.compile(r'<script src="(_static/documentation_options\.js)[^"]*"></script>')
UNUSED = re.compile(r'\s*<(link rel="preload"|script [^>]*src="[^"]*/fontawesome\.js)[^>]*>(</script>)?')
FRONTS = re.compile(r'\s*<script [^>]*src="_static/fronts\.js[^>]*></script>')
SCRIPT = re.compile(r'<script src="')
IMPORT = re.compile(r'@import "([^"]+)";')
ALL = "_static/all.css"


def bundle(folder: Path):
    """Changes the pages that Sphinx wrote into a folder."""
    pages = {path: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    for icons in (folder / "_static" / "scripts").glob("fontawesome*"):  # ours are drawn in icons.css
        icons.unlink()
    scripts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.js") if path.name != "searchindex.js"]
    used = set(re.findall(r"[\w-]+", "\n".join([*pages.values(), *scripts])))
    sheets = dict.fromkeys(ADDRESS.search(link)[1] for page in pages.values() for link in SHEET.findall(page))
    whole = "\n".join(_read(folder / sheet) for sheet in sheets)
    rules = tinycss2.parse_stylesheet(whole, skip_comments=True, skip_whitespace=True)
    (folder / ALL).write_text("".join(_used(rules, used)), encoding="utf-8")
    for sheet in sheets:
        (folder / sheet).unlink()
    options = (folder / "_static" / "documentation_options.js").read_text(encoding="utf-8")
    for path, page in pages.items():
        page = SHEET.sub("", UNUSED.sub("", page))
        page = page.replace("</title>", f'</title>\n    <link rel="stylesheet" href="{ALL}">', 1)
        if "nst-mount" not in page:
            page = FRONTS.sub("", page)
        if path.name != "search.html":  # where the scripts are what is waited for
            page = OPTIONS.sub(lambda _: f"<script>{options}</script>", page)
            page = SCRIPT.sub('<script defer src="', page)
        path.write_text(page, encoding="utf-8")


def _read(sheet: Path) -> str:
    text = IMPORT.sub(lambda found: _read((sheet.parent / found[1]).resolve()), sheet.read_text(encoding="utf-8"))
    return re.sub(r"url\((['\"]?)\.\./", r"url(\1", text)  # the one sheet lies in _static itself


def _used(rules: list, used: set[str]) -> Iterator[str]:
    """The rules with a selector whose classes and ids are all used; the icons' fonts are not."""
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [part for part in _selectors(rule.prelude) if _names(part) <= used]
            if selectors:
                yield f"{','.join(map(tinycss2.serialize, selectors)).strip()}{{{tinycss2.serialize(rule.content)}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if kept := "".join(_used(inside, used)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{kept}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword != "font-face":
            yield rule.serialize()


def _selectors(tokens: list) -> list[list]:
    parts = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _names(selector: list) -> set[str]:
    """The classes and ids that must be there.

    What stands in :not(...), :is(...) and so on is not looked at; nor are the classes of fronts, named in parts there.
    """
    pairs = pairwise(selector)
    classes = {after.value for token, after in pairs if token == "." and after.type == "ident"}
    ids = {token.value for token in selector if token.type == "hash"}
    return {name for name in classes | ids if not name.startswith("nst-")}
