"""The fronts of panels on a plain page, on a model as a website would read it from JSON, without a kernel.

They need Chromium and playwright, as test_browser.py does.
"""

import base64
import importlib.util
import io
import os

import pytest
from PIL import Image

from style_helpers.panels.wipe import FRONT
from tests.browser import browser

HERE = browser.chromium() is not None and importlib.util.find_spec("playwright") is not None
if not HERE and os.environ.get("STYLE_HELPERS_BROWSER") != "required":
    pytest.skip("Chromium and playwright are needed.", allow_module_level=True)

START = """async ([source, style, given]) => {
    const listeners = {}, values = { ...given };
    for (const [name, value] of Object.entries(values))  // bytes come as base64
        if (value && value.bytes) values[name] = Uint8Array.from(atob(value.bytes), each => each.charCodeAt(0));
    const call = name => (listeners[name] || []).forEach(each => each());
    window.saved = [];
    window.model = {
        get: name => values[name],
        set: (name, value) => { values[name] = value; call(`change:${name}`) },
        save_changes: () => window.saved.push(values.share),
        on: (name, act) => (listeners[name] ||= []).push(act),
        off: (name, act) => { listeners[name] = listeners[name].filter(each => each !== act) },
    };
    window.listening = () => Object.values(listeners).flat().length;
    document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
    const front = await import(`data:text/javascript;base64,${source}`);
    window.end = front.default.render({ model: window.model, el: document.body });
    await Promise.all([...document.images].map(each => each.decode().catch(() => {})));
}"""
BEFORE, AFTER = (200, 40, 40), (40, 40, 200)


def png(colour):
    page = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(page, "PNG")
    return {"bytes": base64.b64encode(page.getvalue()).decode()}


@pytest.fixture(scope="module")
def chromium():
    assert HERE
    with browser.browser() as running:
        yield running


@pytest.fixture
def wipe(chromium):
    """A page with one wipe, red before and blue after, 300 pixels wide."""
    page = chromium.new_page(viewport={"width": 360, "height": 500})
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    source, style = ((FRONT / name).read_text() for name in ("wipe.js", "wipe.css"))
    names = {"before_name": "photo", "after_name": "<b>painting", "words": "a red square and a blue one", "empty": ""}
    model = {"before": png(BEFORE), "after": png(AFTER), "share": 50, "width": 300} | names
    page.evaluate(START, [base64.b64encode(source.encode()).decode(), style, model])
    yield page
    assert complaints == []
    page.close()


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
    assert wipe.evaluate("window.saved") == [90]  # Python hears of it once, at the end
    drag(wipe, 0.3, 0.1)  # it need not begin at the line
    assert colour_at(wipe, 0.25) == AFTER
    assert view(wipe).get_attribute("aria-valuetext") == "the left 10 % photo, the rest <b>painting"


def test_keys_move_the_line_and_enlarge_both(wipe):
    view(wipe).focus()
    for key, share in (("ArrowRight", 55), ("ArrowLeft", 50), ("End", 100), ("Home", 0), ("ArrowUp", 5)):
        wipe.keyboard.press(key)
        assert view(wipe).get_attribute("aria-valuenow") == str(share)
        assert wipe.evaluate("model.get('share')") == share
    wipe.keyboard.press("+")
    widths = [wipe.locator(f".style-helpers-wipe-{name} img").bounding_box()["width"] for name in ("before", "after")]
    assert widths == pytest.approx([450, 450])
    assert wipe.get_by_text("1.5 times as large").is_visible()
    left = wipe.locator(".style-helpers-wipe-after img").bounding_box()["x"]
    wipe.keyboard.press("Shift+ArrowRight")
    assert wipe.locator(".style-helpers-wipe-after img").bounding_box()["x"] < left
    wipe.get_by_role("button", name="smaller").click()
    assert wipe.get_by_role("button", name="smaller").is_disabled()
    assert wipe.locator(".style-helpers-wipe-after img").bounding_box() == view(wipe).bounding_box()


def test_the_wheel_enlarges_where_the_pointer_is_and_leaves_the_page_to_scroll_before(wipe):
    box = view(wipe).bounding_box()
    picture = wipe.locator(".style-helpers-wipe-before img")
    wipe.mouse.move(box["x"], box["y"])
    wipe.mouse.wheel(0, -200)
    assert picture.bounding_box()["width"] == pytest.approx(300)
    view(wipe).focus()
    wipe.mouse.wheel(0, -200)
    wipe.wait_for_function(
        "document.querySelector('.style-helpers-wipe-before img').getBoundingClientRect().width > 400"
    )
    assert (picture.bounding_box()["x"], picture.bounding_box()["y"]) == pytest.approx((box["x"], box["y"]))
    drag(wipe, 0.9, 0.7)  # enlarged, the picture is dragged; near the line, the line
    assert picture.bounding_box()["x"] == pytest.approx(box["x"] - 60, abs=2)
    assert view(wipe).get_attribute("aria-valuenow") == "50"
    drag(wipe, 0.5, 0.6)
    assert view(wipe).get_attribute("aria-valuenow") == "60"


def test_it_follows_the_model_and_shows_nothing_without_pictures(wipe):
    wipe.evaluate("model.set('share', 20)")
    assert view(wipe).get_attribute("aria-valuenow") == "20"
    wipe.evaluate("() => { const it = model.get('before'); model.set('before', model.get('after')); "
                  "model.set('after', it) }")  # fmt: skip
    wipe.wait_for_function("[...document.images].every(each => each.complete)")
    assert (colour_at(wipe, 0.1), colour_at(wipe, 0.75)) == (AFTER, BEFORE)
    wipe.evaluate("() => { model.set('empty', 'Nothing <i>yet'); model.set('after', new Uint8Array()) }")
    assert not wipe.locator(".style-helpers-wipe").is_visible()
    assert wipe.get_by_text("Nothing <i>yet").is_visible()
    wipe.evaluate("model.set('after', '')")


def test_it_fits_a_narrow_page_and_lets_go_of_its_model(wipe):
    wipe.set_viewport_size({"width": 200, "height": 400})
    assert wipe.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert min(wipe.get_by_role("button", name="larger").bounding_box()[side] for side in ("width", "height")) >= 44
    assert wipe.evaluate("listening()") > 0
    wipe.evaluate("end()")
    assert wipe.evaluate("listening()") == 0
