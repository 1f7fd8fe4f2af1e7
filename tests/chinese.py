"""Whether a text is Chinese: for tests of what is said in that language."""

import os
import re

# What stays as it is in every language: code and quoted names, paths, commands, names of networks and of programs
SAME = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\"|[\w.~-]*[/\\][^\s，；：。）]*|py(?:thon3?)? start\.py[ a-zA-Z]*|python -m [ \w-]*|"
    r"jupyter [ \w=-]*|Running Terminals and Kernels|LPIPS for AlexNet|"
    + "|".join(map(os.strerror, (1, 2, 13, 20, 36)))
)


def assert_chinese(text: str) -> str:
    """It has Chinese letters, full-width marks between them, and no two English words side by side."""
    left = SAME.sub(" ", text)
    assert re.search("[一-鿿]", left), text
    assert re.findall(r"[A-Za-z]{2,} [a-z]{2,}\b", left) == [], text
    assert re.findall(r"[一-鿿][,;:!?]|[,;:!?][一-鿿]|\{\w*\}", left) == [], text
    return text
