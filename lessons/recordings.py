"""Record panels in use, for readers without a kernel: python lessons/recordings.py [--language zh] [contour gram ...]

Each front is put on a plain page in Chromium, with real pictures and a real run behind it, and touched as a learner
touches it; a picture is taken after each touch. They go to images/figures/panel-NAME.gif, each under 600 kB, and one of
them to panel-NAME.png, which the lessons show; in another language the .png alone, images/figures/<language>/. It needs
what the browser tests need: the extra `test`, and a Chromium on the path. The Studio's recording is made by
lessons/animation.py.
"""

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import translation
from PIL import Image

from style_helpers import images
from style_helpers.fronts import Front
from style_helpers.language import ENGLISH, VARIABLE, _

sys.path.append(str(Path(__file__).parents[1]))
from tests.browser import browser

FIGURES = images.FOLDER / "figures"
LARGEST = 600_000  # bytes
WIDTH = 900  # pixels of the page
SHOWN = 720  # of the recording
SHORT, LONG = 500, 1800  # milliseconds that a picture stays


def contour() -> Front:
    from style_helpers.panels.race_toy import ContourToy

    return ContourToy()


def touch_contour(page) -> Iterator[int]:
    yield LONG
    start = page.get_by_role("slider", name=_("start, moved by the four arrow keys"))
    yield from drag(page, start, [(-40, 60), (-120, 90), (-230, 60)])
    rate = page.get_by_role("slider", name=_("learning rate"))
    rate.focus()
    for presses in (4, 4, 3, 3):
        yield from keys(page, "ArrowRight", presses, 1)
    yield LONG
    for name in ("Adam", "L-BFGS", "gradient descent"):
        page.get_by_role("radio", name=_(name)).click()
        yield LONG


def gram() -> Front:
    from style_helpers.panels.gram import GramMicroscope

    return GramMicroscope().front


def touch_gram(page) -> Iterator[int]:
    yield LONG
    page.locator("[role=gridcell][tabindex='0']").focus()
    yield from keys(page, "ArrowDown", 4)
    yield from keys(page, "ArrowRight", 3)
    yield LONG
    painting = page.get_by_role("application")
    box = painting.bounding_box()
    yield from drag(page, painting, [(60, 40), (100, 60), (140, 90)], (0.15 * box["width"], 0.3 * box["height"]))
    yield LONG
    page.get_by_role("button", name=_("Shuffle the positions")).click()
    yield LONG


def features() -> Front:
    from style_helpers.panels.features import FeatureExplorer

    panel = FeatureExplorer()
    panel.record(*panel.layers)
    return panel.front


def touch_features(page) -> Iterator[int]:
    yield LONG
    photo = page.get_by_role("slider", name=said("{photo}; arrow keys move the unit"))
    box = photo.bounding_box()
    for x, y in ((0.45, 0.4), (0.55, 0.42), (0.66, 0.45), (0.6, 0.62)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        yield SHORT
    page.mouse.click(box["x"] + 0.66 * box["width"], box["y"] + 0.45 * box["height"])
    tiles = page.locator(".nst-features-tile:visible")
    for number in (0, 3, 5):
        tiles.nth(number).hover()
        yield LONG
    for name in ("relu4", "relu1"):
        page.get_by_role("radio", name=re.compile(rf"^{name}\W")).click()
        yield LONG


def inversion() -> Front:
    from style_helpers.panels.inversion import InversionByDepth

    return InversionByDepth().strip


def touch_strip(page) -> Iterator[int]:
    page.get_by_role("radio").first.focus()
    page.keyboard.press("Home")
    yield LONG
    for _step in range(4):
        page.keyboard.press("ArrowRight")
        yield LONG


def tradeoff() -> Front:
    from style_helpers.panels.tradeoff import TradeOffExplorer

    return TradeOffExplorer().plane


def race() -> Front:
    from style_helpers.panels.race import OptimiserRace

    return ran(OptimiserRace()).chart


def touch_chart(page) -> Iterator[int]:
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Home")
    yield LONG
    yield from keys(page, "ArrowRight", 9, 6)
    page.keyboard.press("End")
    yield LONG


def tug() -> Front:
    from style_helpers.panels.tug import TugOfWar

    return ran(TugOfWar()).front


def touch_tug(page) -> Iterator[int]:
    place = page.get_by_role("slider", name=said("place in the picture at evaluation {evaluation}"))
    box = place.bounding_box()
    for x, y in ((0.3, 0.3), (0.35, 0.45), (0.4, 0.6), (0.7, 0.8), (0.8, 0.3)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        yield SHORT * 2
    page.get_by_role("slider", name=_("style weight")).focus()
    yield from keys(page, "ArrowRight", 4, 3)
    page.get_by_role("radio", name=_("angle")).click()
    yield LONG


def before_after() -> Front:
    from style_helpers.panels.before_after import BeforeAfter

    return BeforeAfter().view


def touch_compare(page) -> Iterator[int]:
    yield LONG
    wipe = page.get_by_role("slider").first
    wipe.focus()
    yield from keys(page, "ArrowLeft", 4, 2)
    yield from keys(page, "ArrowRight", 4, 2)
    for number in (2, 4, 7, 8):
        page.get_by_role("radio").nth(number).click()
        yield LONG


def bugs() -> Front:
    from style_helpers.panels.bugs import BugSwitches

    panel = BugSwitches()
    panel.bug.value = "weight squared"
    return ran(panel).chart


def wall() -> Front:
    from style_helpers.panels.wall import Wall

    return Wall()


def movie() -> Front:
    from style_helpers.panels.one_pass import OnePass

    panel = OnePass()
    panel.record()
    return panel.movie


def touch_movie(page) -> Iterator[int]:
    yield LONG
    page.get_by_role("slider", name=_("frame")).focus()
    yield from keys(page, "ArrowRight", 11, 2)
    yield LONG


def touch_wall(page) -> Iterator[int]:
    yield LONG
    for letter in "CD":
        press(page, "{word}.", word=letter)
        yield LONG
    wipe = page.get_by_role("slider", name=said("A wipe from {before}, at the left, to {after}"))
    wipe.focus()
    yield from keys(page, "ArrowRight", 3, 2)
    for letter in "CD":
        press(page, "Hang {letter} as number {place}", letter=letter)
        yield SHORT
    press(page, "{word}.", word="A")
    yield SHORT
    press(page, "Hang {letter} as number {place}", letter="A")  # and the last one by itself
    yield LONG


# What makes each, what touches it, and which of its pictures the lesson shows
PANELS: dict[str, tuple[Callable[[], Front], Callable, int]] = {
    "contour": (contour, touch_contour, 0),
    "gram": (gram, touch_gram, 0),
    "features": (features, touch_features, 0),
    "inversion": (inversion, touch_strip, 3),
    "tradeoff": (tradeoff, touch_strip, 3),
    "race": (race, touch_chart, -1),
    "tug": (tug, touch_tug, 0),
    "before-after": (before_after, touch_compare, -2),
    "bugs": (bugs, touch_chart, -1),
    "one-pass": (movie, touch_movie, -1),
    "wall": (wall, touch_wall, -1),
}


def ran(panel):
    """The panel when its run is over."""
    panel.run_button.click()
    panel.wait()
    return panel


def said(message: str, **values: str) -> re.Pattern:
    """A message in the reader's language, with anything in the places that have no value."""
    whole = re.escape(_(message))
    return re.compile(re.sub(r"\\{(\w+)\\}", lambda place: values.get(place[1], ".*"), whole))


def press(page, message: str, **values: str):
    page.get_by_role("button", name=said(message, **values)).click()


def keys(page, key: str, times: int, each: int = 1) -> Iterator[int]:
    for _time in range(times):
        for _press in range(each):
            page.keyboard.press(key)
        yield SHORT


def drag(page, node, ways, start=None) -> Iterator[int]:
    """From the middle of a node, or from `start` in it, by so many pixels each."""
    box = node.bounding_box()
    x, y = start or (box["width"] / 2, box["height"] / 2)
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for across, down in ways:
        page.mouse.move(box["x"] + x + across, box["y"] + y + down, steps=4)
        yield SHORT
    page.mouse.up()


def record(page, front: Front, touch: Callable) -> list[tuple[Image.Image, int]]:
    browser.show_front(page, front)
    taken = []
    for stays in touch(page):
        page.wait_for_timeout(100)  # pictures are decoded
        shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        taken.append((shot, stays))
    return [
        (shot.resize((SHOWN, round(shot.height * SHOWN / WIDTH)), Image.Resampling.LANCZOS), stays)
        for shot, stays in taken
    ]


def as_gif(taken: list[tuple[Image.Image, int]]) -> bytes:
    """Pictures of one width with their milliseconds, on white, in one palette of as many colours as fit.

    Raises ValueError when it stays too large.
    """
    pictures, stays = zip(*taken, strict=True)
    width, height = pictures[0].width, max(picture.height for picture in pictures)
    sheet = Image.new("RGB", (width, height * len(pictures)), "white")
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (0, place * height))
    pictures = [sheet.crop((0, top, width, top + height)) for top in range(0, sheet.height, height)]
    for colours in (255, 128, 64, 32):
        palette, page = sheet.quantize(colours, Image.Quantize.FASTOCTREE), io.BytesIO()
        flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
        flat[0].save(page, "GIF", save_all=True, append_images=flat[1:], duration=list(stays), loop=0, optimize=True)
        if page.tell() < LARGEST:
            return page.getvalue()
    raise ValueError(f"The recording has {page.tell():,} bytes, more than {LARGEST:,}: take fewer pictures.")


def main(arguments: list[str] | None = None):
    parser = argparse.ArgumentParser(description="Record panels in use, for readers without a kernel.")
    parser.add_argument("panels", metavar="PANEL", nargs="*", help=f"of {', '.join(PANELS)} (default: all)")
    parser.add_argument("--language", choices=translation.languages(), default=ENGLISH)
    options = parser.parse_args(arguments)
    if unknown := set(options.panels) - set(PANELS):
        parser.error(f"there is no panel {unknown.pop()!r}")
    if browser.chromium() is None:
        sys.exit("No Chromium was found on the path (on Debian: apt-get install chromium).")
    os.environ[VARIABLE] = options.language
    english = options.language == ENGLISH
    folder = translation.folder(FIGURES, options.language)
    for name in options.panels or PANELS:
        make, touch, still = PANELS[name]
        front = make()
        with browser.browser() as chromium:
            taken = record(chromium.new_page(viewport={"width": WIDTH, "height": 300}), front, touch)
        if english:
            (folder / f"panel-{name}.gif").write_bytes(as_gif(taken))
        picture, _stays = taken[still]
        target = folder / f"panel-{name}.png"
        picture.quantize(96, dither=Image.Dither.NONE).save(target, optimize=True)
        print(f"{target.name}: {len(taken)} pictures, {target.stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
