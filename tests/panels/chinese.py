"""Which words of a text in Chinese are left in English: all but names of layers, networks, files, presets, methods."""

import re

from style_helpers.course.bugs import BUGS
from style_helpers.panels.bundled import COMMAND
from style_helpers.settings import NETWORKS, PRESETS

LAYERS = r"\b(?:conv|relu|pool)\d(?:_\d)?\b"
FILES = r"'?[\w<>-]+\.(?:jpg|png|json|py)\b"
CODE = r"Settings\.\w+(?:\(.*\))?"
METHODS = {
    "Adam", "BFGS", "Gatys", "LPIPS", "ReLU", "Wasserstein", "AlexNet", "VGG", "Python", "JPEG", "PNG", "Shift",
    "Escape", "https", "localhost", "max", "ii",  # of λmax, G_ii
}  # fmt: skip
OURS = {word for name in (*NETWORKS, *PRESETS, "conv relu pool") for word in re.findall(r"[A-Za-z]{2,}", name)}


def english(text: str) -> list[str]:
    """The words of two letters or more that are no names."""
    text = text.replace(COMMAND, " ")
    for names in (CODE, FILES, LAYERS):
        text = re.sub(names, " ", text)
    for name in sorted(BUGS, key=len, reverse=True):
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in METHODS | OURS]
