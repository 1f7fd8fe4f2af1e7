"""Make the animation of the Studio that the README shows, and lesson 00's still of it: python lessons/animation.py

It opens the Studio in a real JupyterLab in Chromium, with the driver of the browser tests, takes a picture of the panel
before, during and after a run (a minute in all), and writes images/figures/studio.gif and, of the last moment,
images/figures/panel-studio.jpg. It needs what these tests need: the extra `test`, and a Chromium on the path.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from recordings import as_gif

from style_helpers import images

sys.path.append(str(Path(__file__).parents[1]))
from tests.browser import browser

TARGET = images.FOLDER / "figures" / "studio.gif"
STILL = images.FOLDER / "figures" / "panel-studio.jpg"
WIDTH = 760  # pixels
MOMENTS = (1, 4, 8, 13, 20, 30, 45, 65, 90)  # evaluations of which a picture is taken, or soon after
LOOK_AT_PHOTO = 50  # per cent of the width, at the end
CELL = """\
from style_helpers.panels.studio import Studio

studio = Studio()
studio
"""
PANEL = ".jp-OutputArea-output:has(.nst)"  # the output that the panel is in
SHOWN = """moment => {
    const found = /evaluation (\\d+) of/.exec(document.querySelector("PANEL").innerText);
    return found && Number(found[1]) >= moment && document.querySelector(".nst-wipe-after img[src]");
}""".replace("PANEL", PANEL)


def photograph(page: browser.Page) -> Image.Image:
    area = page.page.locator(PANEL).first.bounding_box()
    until = page.page.get_by_label("curves layer by layer").bounding_box()  # the curves below are left out
    area["height"] = until["y"] - area["y"] - 4
    shot = Image.open(io.BytesIO(page.page.screenshot(clip=area)))
    return shot.convert("RGB").resize((WIDTH, round(shot.height * WIDTH / shot.width)), Image.Resampling.LANCZOS)


def frames(page: browser.Page) -> list[tuple[Image.Image, int]]:
    """Pictures of the panel, each with how many milliseconds it stays."""
    page.run_all()
    page.page.locator(".jp-OutputArea-output img").first.wait_for()
    for name in ("Chelsea the cat", "Hokusai's Great Wave"):
        page.page.get_by_role("radio", name=name).first.click()
        page.page.get_by_role("radio", name=name, checked=True).first.wait_for()
    taken = [(photograph(page), 1500)]
    page.button("Run").click()
    for moment in MOMENTS:
        page.wait(SHOWN, moment)
        taken.append((photograph(page), 450))
    page.page.get_by_text("evaluations are done").wait_for()
    taken.append((photograph(page), 2000))
    wipe = page.page.locator("[role=slider][aria-valuetext*=photo]")
    wipe.focus()
    for _ in range(LOOK_AT_PHOTO // 5):
        page.page.keyboard.press("ArrowRight")
    page.page.locator(f"[aria-valuenow='{LOOK_AT_PHOTO}']").wait_for()
    taken.append((photograph(page), 2500))
    return taken


def main():
    if browser.chromium() is None:
        sys.exit("No Chromium was found on the path (on Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        browser.write_notebook(Path(place) / "studio.ipynb", CELL)
        with browser.jupyterlab(Path(place)) as lab, browser.browser() as chromium:
            window = chromium.new_page(viewport={"width": 1000, "height": 1400})
            taken = frames(browser.Page(window, lab, "studio.ipynb"))
    TARGET.write_bytes(as_gif(taken))
    taken[-1][0].save(STILL, quality=80, optimize=True)
    print(f"{TARGET}: {len(taken)} pictures, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
