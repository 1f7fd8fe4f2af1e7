"""The letters of the other languages in figures: python lessons/font.py NotoSansCJK-Regular.ttc

Writes style_helpers/course/letters.otf, the letters of all catalogues, the lessons' and the package's, out of Noto Sans
CJK SC (SIL Open Font License, letters.txt beside it), for systems that have no font with them.
"""

import sys
from pathlib import Path

import translation
from fontTools import subset
from fontTools.ttLib import TTCollection

from style_helpers.course import letters as ours
from style_helpers.language import LOCALE

FAMILY = "Noto Sans CJK SC"


def letters() -> set[str]:
    """Every character that a catalogue has."""
    lessons = (path for each in translation.translated() for path in (translation.LESSONS / each).glob("*.po"))
    texts = [path.read_text(encoding="utf-8") for path in (*lessons, *LOCALE.glob("*/LC_MESSAGES/*.po"))]
    return {letter for text in texts for letter in text if letter.isprintable()}


def main(collection: Path):
    font = next(font for font in TTCollection(collection).fonts if font["name"].getDebugName(1) == FAMILY)
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 3, 4, 6, 13, 14])
    smaller = subset.Subsetter(options)
    smaller.populate(text="".join(letters()))
    smaller.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):  # another name than the system's, as it has fewer letters
            record.string = ours.FAMILY if record.nameID != 6 else ours.FAMILY.replace(" ", "")
    font.save(ours.FILE)
    print(f"{len(letters())} letters, {ours.FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
