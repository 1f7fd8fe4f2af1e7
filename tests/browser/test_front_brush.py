"""A mask painted on a photograph on a plain page: by mouse, finger and keys."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from style_helpers.panels.brush import Brush

GREY = (120, 120, 120)
MASK = """() => {
    const given = model.get("mask");
    const bytes = new Uint8Array(given.buffer ?? given, given.byteOffset ?? 0, given.byteLength);
    return btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
}"""


@pytest.fixture
def front():
    made = Brush(purposes=["stays as it is", "gets a <b>second style"], unfolded=True)
    made.show(Image.new("RGB", (600, 400), GREY), "the photograph grey.jpg")
    return made


@pytest.fixture
def brush(front, on_page):
    return on_page(front, height=700)


def view(page):
    return page.get_by_role("application", name="paint on the photograph grey.jpg")


def mask(page, front):
    """(height, width), 0 to 255, as Python would have it; None when nothing is painted."""
    content = base64.b64decode(page.evaluate(MASK))
    return np.frombuffer(content, np.uint8).reshape(front.mask_size) if content else None


def at(page, front, x, y):
    painted = mask(page, front)
    return 0 if painted is None else int(painted[int(y * painted.shape[0]), int(x * painted.shape[1])])


def drag(page, *places):
    box = view(page).bounding_box()
    for number, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def tool(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_it_is_folded_away_until_somebody_wants_it(front, on_page):
    front.unfolded = False
    page = on_page(front)
    assert not page.locator(".nst-brush-view").is_visible()
    page.get_by_text("Paint a mask").click()
    assert page.locator(".nst-brush-view").is_visible()
    page.wait_for_function("saved.length")
    assert page.evaluate("saved") == [{"unfolded": True}]


def test_a_stroke_is_where_the_pointer_was_as_wide_as_the_brush_and_is_sent_once(brush, front):
    drag(brush, (0.2, 0.5), (0.4, 0.5), (0.6, 0.5))
    painted = mask(brush, front)
    assert painted.shape == (213, 320)
    wide = 0.12 * 320
    column, row = painted[:, 128] > 127, painted[106] > 127
    assert column.sum() == pytest.approx(wide, abs=2)
    assert row.sum() == pytest.approx(0.4 * 320 + wide, abs=3)  # round ends
    assert np.flatnonzero(row)[[0, -1]] == pytest.approx([0.2 * 320 - wide / 2, 0.6 * 320 + wide / 2], abs=2)
    assert brush.evaluate("saved.map(Object.keys)") == [["mask", "mask_of"]]
    share = round(100 * painted.mean() / 255)
    assert brush.get_by_text(f"{share} % of the photograph is painted over and stays as it is.").is_visible()


def test_the_mask_is_shown_as_stripes_of_black_and_white(brush):
    drag(brush, (0.5, 0.5), (0.52, 0.5))
    box = view(brush).bounding_box()
    brush.mouse.move(5, 5)  # the brush's ring away
    shot = np.asarray(Image.open(io.BytesIO(view(brush).screenshot())).convert("L"), int)
    middle = shot[int(box["height"] / 2) - 8 : int(box["height"] / 2) + 8, int(box["width"] / 2) - 8 :][:, :16]
    assert (middle.min(), middle.max()) == (pytest.approx(60, abs=15), pytest.approx(235, abs=15))
    assert shot[10, 10] == pytest.approx(120, abs=2)


def test_erase_undo_invert_and_clear(brush, front):
    drag(brush, (0.3, 0.5), (0.7, 0.5))
    tool(brush, "erase").click()
    assert tool(brush, "erase").get_attribute("aria-pressed") == "true"
    drag(brush, (0.5, 0.5), (0.51, 0.5))
    assert [at(brush, front, x, 0.5) for x in (0.3, 0.5, 0.7)] == [255, 0, 255]
    tool(brush, "undo").click()
    assert at(brush, front, 0.5, 0.5) == 255
    before = mask(brush, front)
    tool(brush, "invert").click()
    assert mask(brush, front) == pytest.approx(255 - before.astype(int), abs=1)
    tool(brush, "clear").click()
    assert mask(brush, front) is None
    assert brush.locator(".nst-brush-said").inner_text() == ""
    assert tool(brush, "clear").get_attribute("aria-disabled") == "true"
    for _ in range(3):
        tool(brush, "undo").click()
    assert mask(brush, front) is None
    assert tool(brush, "undo").get_attribute("aria-disabled") == "true"
    told = brush.evaluate("saved.length")
    tool(brush, "undo").click(force=True)
    assert brush.evaluate("saved.length") == told


def test_keys_do_all_that_the_mouse_does(brush, front):
    view(brush).focus()
    ring = brush.locator(".nst-brush-tip")
    assert ring.is_visible()
    for _ in range(4):
        brush.keyboard.press("ArrowLeft")  # a fortieth of the width each
    brush.keyboard.press("ArrowUp")
    assert brush.get_by_text("The cross is 40 % from the left and 46 % from the top, not painted over.").is_visible()
    brush.keyboard.press("Space")
    assert at(brush, front, 0.4, 0.46) == 255
    assert brush.get_by_text("46 % from the top, painted over.").is_visible()
    wide = ring.bounding_box()["width"]
    brush.keyboard.press("]")
    assert ring.bounding_box()["width"] == pytest.approx(wide * 1.5, abs=1)
    brush.keyboard.press("[")
    brush.keyboard.press("[")
    assert ring.bounding_box()["width"] == pytest.approx(wide * 8 / 12, abs=1)
    saved = brush.evaluate("saved.length")
    brush.keyboard.down("Shift")
    for _ in range(12):
        brush.keyboard.down("ArrowRight")  # held: it repeats
    brush.keyboard.up("ArrowRight")
    brush.keyboard.up("Shift")
    assert at(brush, front, 0.68, 0.46) == 255
    assert brush.evaluate("saved.length") == saved + 1  # one stroke
    brush.keyboard.press("u")
    assert (at(brush, front, 0.68, 0.46), at(brush, front, 0.4, 0.46)) == (0, 255)
    brush.keyboard.press("e")
    for _ in range(12):
        brush.keyboard.press("ArrowLeft")
    brush.keyboard.press("Space")
    assert at(brush, front, 0.4, 0.46) == 0
    brush.keyboard.press("i")
    assert at(brush, front, 0.4, 0.46) == 255


def test_a_key_held_when_the_focus_leaves_ends_its_stroke(brush, front):
    view(brush).focus()
    brush.keyboard.down("Space")
    assert brush.evaluate("saved.length") == 0
    tool(brush, "erase").focus()
    assert at(brush, front, 0.5, 0.5) == 255
    brush.keyboard.up("Space")
    assert brush.evaluate("saved.length") == 1


def test_a_finger_paints_and_what_the_browser_takes_away_is_no_stroke(brush, front):
    box = view(brush).bounding_box()
    brush.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    assert at(brush, front, 0.3, 0.5) == 255
    assert view(brush).evaluate("each => getComputedStyle(each).touchAction") == "pinch-zoom"
    before, saved = mask(brush, front), brush.evaluate("saved.length")
    brush.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    brush.mouse.down()
    view(brush).dispatch_event("pointercancel", {"pointerId": 1})
    brush.mouse.up()
    assert brush.evaluate("saved.length") == saved
    assert (mask(brush, front) == before).all()


def test_what_is_painted_over_may_have_another_fate(brush):
    drag(brush, (0.2, 0.5), (0.4, 0.5))
    assert brush.get_by_role("radio", name="stays as it is").is_checked()
    brush.get_by_role("radio", name="gets a <b>second style").check()
    assert brush.evaluate("saved.at(-1)") == {"purpose": 1}
    assert brush.get_by_text("is painted over and gets a <b>second style.").is_visible()


def test_it_shows_the_mask_that_it_is_given_and_begins_anew_with_another_photograph(front, on_page):
    half = np.zeros(front.mask_size, np.uint8)
    half[:, :160] = 255
    front.mask = half.tobytes()
    page = on_page(front, height=700)
    assert page.get_by_text("50 % of the photograph is painted over").is_visible()
    assert (mask(page, front) == half).all()
    drag(page, (0.8, 0.5), (0.9, 0.5))
    assert (mask(page, front)[:, :150] == 255).all()  # the stroke was added
    page.evaluate(
        "() => { model.set('mask', new Uint8Array()); model.set('photo', model.get('photo').buffer.slice()) }"
    )
    assert page.locator(".nst-brush-said").inner_text() == ""
    assert tool(page, "undo").get_attribute("aria-disabled") == "true"


def test_an_answer_comes_within_a_frame(brush):
    """Not a test of speed: that nothing waits for a timer, a frame or the kernel before the stripes are there."""
    changed = brush.evaluate("""() => {
        const view = document.querySelector(".nst-brush-view");
        const { left, top } = view.getBoundingClientRect();
        const layer = document.querySelector(".nst-brush-layer");
        const inked = () => layer.getContext("2d").getImageData(60, 60, 1, 1).data[3];
        const before = inked();
        view.setPointerCapture = () => {};
        const given = { pointerId: 7, button: 0, clientX: left + 60, clientY: top + 60, bubbles: true };
        view.dispatchEvent(new PointerEvent("pointerdown", given));
        const after = inked();
        view.dispatchEvent(new PointerEvent("pointerup", given));
        return [before, after > 0];
    }""")
    assert changed == [0, True]


@pytest.mark.parametrize("width", [360, 1000])
def test_it_fits_a_page_and_its_buttons_a_finger(front, on_page, width):
    page = on_page(front, width=width, height=900)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for button in page.get_by_role("button").all():
        assert min(button.bounding_box()[side] for side in ("width", "height")) >= 44
