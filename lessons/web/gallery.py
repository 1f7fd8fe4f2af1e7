"""The gallery: pictures with the code that made them."""

import html
import re

import nbformat
from nbformat import NotebookNode
from web.media import LAZY, Media

from style_helpers import images
from style_helpers.language import _
from style_helpers.panels.panel import capital, manner

PICTURES = (
    ("summer-palace", "hokusai-great-wave", "fine()"),
    ("flower", "hokusai-poppies", "fine()"),
    ("chelsea-the-cat", "kandinsky-composition-viii", "fine()"),
    ("astronaut", "cassatt-summertime", "nearest()"),
    ("summer-palace", "van-gogh-village-street-in-auvers", "fine(style_weight=60)"),
    ("chelsea-the-cat", "hokusai-great-wave", "nearest()"),
    ("flower", "van-gogh-village-street-in-auvers", "nearest()"),
    ("astronaut", "hiroshige-benzaiten-shrine-in-snow", "fine()"),
    ("summer-palace", "hiroshige-benzaiten-shrine-in-snow", "nearest()"),
    ("chelsea-the-cat", "cassatt-summertime", 'fine(colours="luminance")'),
    ("flower", "kandinsky-composition-viii", "fine(style_weight=60)"),
    ("astronaut", "van-gogh-village-street-in-auvers", "gatys()"),
)
CODE = """\
from style_helpers import images, transfer
from style_helpers.settings import Settings

content = images.load(images.CONTENT / "{}.jpg", size=256)
style = images.load(images.STYLE / "{}.jpg", size=256)
result = transfer.stylize(content, style, Settings.{})
images.show(result.picture)"""


def notebook(many: int) -> NotebookNode:
    """The first so many, a cell for each."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE.format(*each)) for each in PICTURES[:many]])


def page(run: NotebookNode, media: Media) -> str:
    """Markdown of the notebook that was run: each picture, and its code folded under it."""
    parts = []
    for cell in run.cells:
        content, style = re.findall(r'"([\w-]+)\.jpg"', cell.source)
        title = capital(manner(images.CONTENT / f"{content}.jpg", images.STYLE / f"{style}.jpg"))
        pages = (output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {}))
        picture = re.sub('alt="[^"]*"', f'alt="{html.escape(title)}"', media.figures("".join(pages)))
        make, code = _("{picture}: make this one", picture=title), f"```python\n{cell.source}\n```"
        parts.append(f"<div>{picture}\n\n<details><summary>{make}</summary>\n\n{code}\n\n</details></div>")
    parts[0] = parts[0].replace(LAZY, "", 1)  # it is seen at once
    title = _("Gallery")
    about = _(
        "The course's photographs in the manner of its artworks. Under each is the code that made it: copy it into a "
        "notebook, change what you like, and run it."
    )
    return "\n\n".join([f"# {title}", about, '<div class="gallery">', *parts, "</div>\n\n"])
