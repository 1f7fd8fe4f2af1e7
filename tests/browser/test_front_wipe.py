"""The wipe on a plain page, touched by mouse, fingers and keys."""

import base64
import io

import pytest
import traitlets
from PIL import Image

from style_helpers.fronts import Front
from style_helpers.panels.panel import as_png


class Wipe(Front, parts=("wipe",)):
    """The part alone; in the house it is in the film and in the comparisons."""

    before = traitlets.Bytes().tag(sync=True)
    after = traitlets.Bytes().tag(sync=True)
    before_name = traitlets.Unicode("photo").tag(sync=True)
    after_name = traitlets.Unicode("<b>painting").tag(sync=True)
    words = traitlets.Unicode("a red square and a blue one").tag(sync=True)
    share = traitlets.Int(50).tag(sync=True)
    width = traitlets.Int(300).tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


BEFORE, AFTER = (200, 40, 40), (40, 40, 200)


def square(colour):
    return Image.new("RGB", (60, 40), colour)


@pytest.fixture
def wipe(on_page):
    """A page with one wipe, red before and blue after, 300 pixels wide."""
    return on_page(Wipe(before=as_png(square(BEFORE)), after=as_png(square(AFTER))))


def view(page):
    return page.get_by_role("slider", name="a red square and a blue one")


def colour_at(page, x, y=0.8):
    """The colour on the screen at a place of the view, in parts of it."""
    screen = Image.open(io.BytesIO(view(page).screenshot())).convert("RGB")
    return screen.getpixel((round(x * (screen.width - 1)), round(y * (screen.height - 1))))


def drag(page, start, end):
    box = view(page).bounding_box()
    for step, x in enumerate((start, (start + end) / 2, end)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.8 * box["height"])
        if step == 0:
            page.mouse.down()
    page.mouse.up()


def test_the_picture_itself_is_dragged(wipe):
    assert (colour_at(wipe, 0.25), colour_at(wipe, 0.75)) == (BEFORE, AFTER)
    drag(wipe, 0.5, 0.9)
    assert colour_at(wipe, 0.75) == BEFORE
    assert wipe.evaluate("saved") == [{"share": 90}]  # Python hears of it once, at the end
    drag(wipe, 0.3, 0.1)  # it need not begin at the line
    assert colour_at(wipe, 0.25) == AFTER
    assert view(wipe).get_attribute("aria-valuetext") == "the left 10 %: photo"


def test_keys_move_the_line_and_enlarge_both(wipe):
    view(wipe).focus()
    for key, share in (("ArrowRight", 55), ("ArrowLeft", 50), ("End", 100), ("Home", 0), ("ArrowUp", 5)):
        wipe.keyboard.press(key)
        assert view(wipe).get_attribute("aria-valuenow") == str(share)
        assert wipe.evaluate("model.get('share')") == share
    wipe.keyboard.press("+")
    widths = [wipe.locator(f".nst-wipe-{name} img").bounding_box()["width"] for name in ("before", "after")]
    assert widths == pytest.approx([450, 450])
    assert wipe.get_by_text("1.5 times as large").is_visible()
    left = wipe.locator(".nst-wipe-after img").bounding_box()["x"]
    wipe.keyboard.press("Shift+ArrowRight")
    assert wipe.locator(".nst-wipe-after img").bounding_box()["x"] < left
    wipe.get_by_role("button", name="smaller").click()
    assert wipe.get_by_role("button", name="smaller").get_attribute("aria-disabled") == "true"
    assert wipe.locator(".nst-wipe-after img").bounding_box() == view(wipe).bounding_box()


def place(page, name="before"):
    return page.locator(f".nst-wipe-{name} img").bounding_box()


def test_a_pinch_on_a_trackpad_enlarges_where_the_pointer_is_and_the_wheel_alone_scrolls(wipe):
    wipe.evaluate("document.body.append(Object.assign(document.createElement('p'), { style: 'height: 2000px' }))")
    box = view(wipe).bounding_box()
    at = {"x": box["x"] + 0.7 * box["width"], "y": box["y"] + 0.3 * box["height"]}
    wipe.mouse.move(at["x"], at["y"])
    wipe.keyboard.down("Control")
    for _ in range(2):
        wipe.mouse.wheel(0, -200)
    wipe.keyboard.up("Control")
    wide = "document.querySelector('.nst-wipe-before img').getBoundingClientRect().width > 600"
    wipe.wait_for_function(wide)
    for name in ("before", "after"):
        now = place(wipe, name)
        assert (at["x"] - now["x"]) / now["width"] == pytest.approx(0.7, abs=0.01)
        assert (at["y"] - now["y"]) / now["height"] == pytest.approx(0.3, abs=0.01)
    drag(wipe, 0.9, 0.8)  # enlarged, the picture is dragged; near the line, the line
    assert place(wipe)["x"] == pytest.approx(now["x"] - 30, abs=2)
    assert view(wipe).get_attribute("aria-valuenow") == "50"
    drag(wipe, 0.5, 0.6)
    assert view(wipe).get_attribute("aria-valuenow") == "60"
    wipe.mouse.move(at["x"], at["y"])
    wipe.mouse.wheel(0, 300)
    wipe.wait_for_function("window.scrollY > 0")


def test_two_fingers_enlarge_and_leave_the_line_where_it_was(wipe):
    box, session = view(wipe).bounding_box(), wipe.context.new_cdp_session(wipe)

    def touch(kind, *places):
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + 0.5 * box["height"], "id": number}
            for number, x in enumerate(places)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.4)
    touch("touchStart", 0.4, 0.6)
    for half in (0.15, 0.2):
        touch("touchMove", 0.5 - half, 0.5 + half)
    touch("touchEnd", 0.3)
    touch("touchMove", 0.1)  # the finger that stays moves the picture
    touch("touchEnd")
    assert place(wipe)["width"] == pytest.approx(600, rel=0.15)
    assert view(wipe).get_attribute("aria-valuenow") == "50"
    assert wipe.evaluate("saved") == []


def test_the_browsers_own_keys_are_left_to_it_and_ours_are_kept_from_the_page(wipe):
    wipe.evaluate("() => { window.heard = []; document.addEventListener('keydown', each => heard.push(each.key)) }")
    view(wipe).focus()
    for key in ("Alt+ArrowLeft", "Control+Home", "ArrowRight", "x"):
        wipe.keyboard.press(key)
    assert wipe.evaluate("heard") == ["Alt", "ArrowLeft", "Control", "Home", "x"]
    assert view(wipe).get_attribute("aria-valuenow") == "55"


def test_what_comes_while_it_is_dragged_does_not_move_the_line(wipe):
    box = view(wipe).bounding_box()
    wipe.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 20)
    wipe.mouse.down()
    wipe.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 20)
    wipe.evaluate("() => { model.set('share', 20); model.set('after', model.get('before')) }")
    assert view(wipe).get_attribute("aria-valuenow") == "70"
    wipe.mouse.up()
    assert wipe.evaluate("model.get('share')") == 70


def test_addresses_of_pictures_are_given_back(wipe):
    assert wipe.evaluate("lent") == 2
    wipe.evaluate("model.set('after', new DataView(model.get('before').buffer.slice()))")
    assert wipe.evaluate("lent") == 2


def test_it_follows_the_model_and_shows_nothing_without_pictures(wipe):
    wipe.evaluate("model.set('share', 20)")
    assert view(wipe).get_attribute("aria-valuenow") == "20"
    wipe.evaluate("() => { const it = model.get('before'); model.set('before', model.get('after')); "
                  "model.set('after', it) }")  # fmt: skip
    wipe.wait_for_function("[...document.images].every(each => each.complete)")
    assert (colour_at(wipe, 0.1), colour_at(wipe, 0.75)) == (AFTER, BEFORE)
    wipe.evaluate("() => { model.set('empty', 'Nothing <i>yet'); model.set('after', new Uint8Array()) }")
    assert not wipe.locator(".nst-wipe").is_visible()
    assert wipe.get_by_text("Nothing <i>yet").is_visible()
    page = io.BytesIO()
    square(BEFORE).save(page, "PNG")
    picture = f"data:image/png;base64,{base64.b64encode(page.getvalue()).decode()}"  # a website may have addresses
    wipe.evaluate("each => { model.set('before', each); model.set('after', each) }", picture)
    wipe.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth)")
    assert (colour_at(wipe, 0.1), colour_at(wipe, 0.75)) == (BEFORE, BEFORE)


def test_it_fits_a_narrow_page_and_follows_its_model(wipe):
    wipe.set_viewport_size({"width": 200, "height": 400})
    assert wipe.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert min(wipe.get_by_role("button", name="larger").bounding_box()[side] for side in ("width", "height")) >= 44
    assert wipe.evaluate("listening") > 0  # `on_page` sees that they are let go
