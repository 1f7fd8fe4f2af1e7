"""The strip on a plain page, touched by mouse, fingers and keys."""

import io
import json

import pytest
from PIL import Image

from style_helpers.panels.inversion import LAYERS, PARTS, InversionByDepth
from style_helpers.panels.strip import Filmstrip, frame
from tests.browser.sight import contrast
from tests.panels.fake_runs import index

COLOURS = [(200, 40, 40), (40, 160, 40), (40, 40, 200), (180, 180, 40)]


def picture(colour, size=(60, 40)):
    page = io.BytesIO()
    Image.new("RGB", size, colour).save(page, "PNG")
    return page.getvalue()


def moment(number, colour):
    name = f"Moment {number} with a name that is much longer than its thumbnail is wide"
    return frame(picture(colour), f"moment {number}", name, [f"<b>total {number}"], f"a square, number {number}")


@pytest.fixture
def strip(on_page):
    """A page with a strip of four squares, the second chosen."""
    return on_page(Filmstrip(pictures=list(map(moment, range(4), COLOURS)), chosen=1, width=200))


def row(page):
    return page.get_by_role("radiogroup", name="pictures")


def chosen(page):
    """The number of the radio button that is checked and in the order of the Tab key: only one may be."""
    marked = "each => each.findIndex(it => it.ariaChecked === 'true' && it.tabIndex === 0)"
    assert page.locator("[role=radio][tabindex='0']").count() == 1
    return page.get_by_role("radio").evaluate_all(marked)


def colour_shown(page):
    screen = Image.open(io.BytesIO(page.locator(".nst-strip-large .nst-picture").screenshot())).convert("RGB")
    return screen.getpixel((20, 20))


def at(page, x):
    box = row(page).bounding_box()
    return box["x"] + x * box["width"], box["y"] + 20


def test_a_click_chooses_and_the_caption_says_all(strip):
    assert colour_shown(strip) == COLOURS[1]
    strip.get_by_role("radio", name="number 3").click()
    assert (chosen(strip), colour_shown(strip)) == (3, COLOURS[3])
    assert strip.get_by_text("Moment 3 with a name that is much longer than its thumbnail is wide").is_visible()
    assert strip.get_by_text("<b>total 3").is_visible()
    assert strip.get_by_role("img", name="a square, number 3").is_visible()
    assert strip.evaluate("saved") == [{"chosen": 3}]


def test_a_drag_along_the_row_shows_each_at_once_and_is_told_once(strip):
    strip.mouse.move(*at(strip, 0.4))
    strip.mouse.down()
    seen = []
    for x in (0.6, 0.9, 0.1, 0.6):
        strip.mouse.move(*at(strip, x))
        seen.append((chosen(strip), colour_shown(strip)))
    assert seen == [(number, COLOURS[number]) for number in (2, 3, 0, 2)]
    strip.evaluate("model.set('chosen', 3)")  # what comes meanwhile does not move it
    assert chosen(strip) == 2
    assert strip.evaluate("saved") == []
    strip.mouse.up()
    assert [each["chosen"] for each in strip.evaluate("saved")] == [2]
    strip.keyboard.press("ArrowLeft")  # goes on where the drag ended
    assert chosen(strip) == 1


def test_arrow_keys_walk_and_a_key_held_down_is_told_once(strip):
    strip.keyboard.press("Tab")  # the button that enlarges
    strip.keyboard.press("Tab")
    for key, number in (("ArrowRight", 2), ("ArrowUp", 1), ("End", 3), ("ArrowDown", 3), ("Home", 0)):
        strip.keyboard.press(key)
        assert chosen(strip) == number
        assert strip.evaluate("document.activeElement.getAttribute('aria-label')") == f"a square, number {number}"
    assert strip.evaluate("saved.map(each => each.chosen)") == [2, 1, 3, 0]
    for _ in range(3):
        strip.keyboard.down("ArrowRight")
    assert (chosen(strip), strip.evaluate("saved.length")) == (3, 4)
    strip.keyboard.up("ArrowRight")
    assert strip.evaluate("saved.map(each => each.chosen)") == [2, 1, 3, 0, 3]


def test_a_screen_readers_click_chooses(strip):
    strip.get_by_role("radio", name="number 0").evaluate("each => each.click()")
    assert (chosen(strip), strip.evaluate("saved")) == (0, [{"chosen": 0}])


def test_a_finger_drags_along_the_row_and_one_that_scrolls_chooses_nothing(strip):
    session = strip.context.new_cdp_session(strip)

    def touch(kind, *place):
        points = [{"x": place[0], "y": place[1]}] if place else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", *at(strip, 0.1))
    for x in (0.3, 0.6, 0.9):
        touch("touchMove", *at(strip, x))
    touch("touchEnd")
    assert (chosen(strip), strip.evaluate("saved")) == (3, [{"chosen": 3}])
    strip.evaluate("document.body.append(Object.assign(document.createElement('p'), { style: 'height: 2000px' }))")
    x, y = at(strip, 0.1)
    touch("touchStart", x, y)
    for step in range(1, 8):
        touch("touchMove", x, y - 20 * step)
    touch("touchEnd")
    strip.wait_for_function("window.scrollY > 0")
    assert (chosen(strip), strip.evaluate("saved.length")) == (3, 1)


def test_a_click_enlarges_to_the_width_of_the_page_and_back(strip):
    strip.set_viewport_size({"width": 900, "height": 700})
    large, button = strip.locator(".nst-strip-large .nst-picture"), strip.get_by_role("button", name="larger")

    def width():
        return large.bounding_box()["width"]

    strip.evaluate("() => { window.heard = []; document.addEventListener('keydown', each => heard.push(each.key)) }")
    assert width() == 200
    for there, back in (
        (large.click, large.click),
        (button.click, button.click),
        (large.click, lambda: strip.keyboard.press("Escape")),
        (lambda: button.press("Enter"), lambda: button.press("Escape")),
    ):
        there()
        assert width() == 900 - 16  # the page without its margin
        assert button.get_attribute("aria-pressed") == "true"
        back()
        assert (width(), button.get_attribute("aria-pressed")) == (200, "false")
    strip.keyboard.press("Escape")  # there is nothing to take back: it is the page's
    assert strip.evaluate("heard").count("Escape") == 1
    assert min(button.bounding_box()[side] for side in ("width", "height")) >= 44


def test_one_more_comes_alone_and_nothing_that_is_there_is_made_again(strip):
    strip.evaluate("() => { window.first = document.querySelector('[role=radio]'); window.was = lent }")
    for number in (4, 5):
        more = json.dumps(Filmstrip(newest=moment(number, COLOURS[0]) | {"number": number}).recorded()["newest"])
        strip.evaluate(ADD, more)
    assert strip.get_by_role("radio").count() == 6
    assert strip.evaluate("first === document.querySelector('[role=radio]') && lent === was + 2")
    assert chosen(strip) == 1
    assert strip.evaluate("saved") == []  # the list is not sent back
    strip.get_by_role("radio", name="number 5").click()
    assert colour_shown(strip) == COLOURS[0]


ADD = """text => {
    const { picture, ...others } = JSON.parse(text);
    const bytes = Uint8Array.from(atob(picture.base64), letter => letter.charCodeAt(0));
    model.set('newest', { ...others, picture: new DataView(bytes.buffer) });
}"""


def test_a_page_that_missed_one_asks_for_all(strip):
    more = json.dumps(Filmstrip(newest=moment(7, COLOURS[0]) | {"number": 7}).recorded()["newest"])
    strip.evaluate(ADD, more)
    assert strip.get_by_role("radio").count() == 4
    assert strip.evaluate("saved.map(each => each.have)") == [4]


def test_the_large_picture_on_demand_takes_the_small_ones_place_when_it_is_the_chosen_ones(strip):
    grey = frame(picture((128, 128, 128)), "", "")["picture"]
    large = Filmstrip(large={"number": 2, "picture": grey}).recorded()["large"]["picture"]["base64"]
    strip.evaluate(
        "text => model.set('large', { number: 2, picture: Uint8Array.from(atob(text), each => each.charCodeAt(0)) })",
        large,
    )
    assert colour_shown(strip) == COLOURS[1]  # it is not of this one
    strip.get_by_role("radio", name="number 2").click()
    strip.wait_for_function("[...document.images].every(each => each.complete)")
    assert colour_shown(strip) == (128, 128, 128)
    strip.keyboard.press("ArrowRight")
    assert colour_shown(strip) == COLOURS[3]


def test_another_list_takes_the_place_of_the_first_and_a_missing_picture_says_so(on_page):
    gone = frame(b"", "second", "The second", words="it is not here")
    page = on_page(Filmstrip(pictures=[moment(0, COLOURS[0]), gone], beside=[moment(9, COLOURS[3])], chosen=1))
    assert page.locator(".nst-strip-large").get_by_text("it is not here").is_visible()
    assert not page.locator(".nst-strip-large img").is_visible()
    assert page.get_by_role("img", name="number 9").is_visible()
    page.evaluate("model.set('pictures', model.get('pictures').slice(0, 1))")
    assert (page.get_by_role("radio").count(), chosen(page), colour_shown(page)) == (1, 0, COLOURS[0])
    page.evaluate("() => { model.set('pictures', []); model.set('beside', []) }")
    assert not page.locator(".nst-strip-large").is_visible()
    assert page.evaluate("lent") == 0


def test_sixty_fit_a_narrow_page_each_can_be_reached_and_no_label_wraps(on_page):
    page = on_page(Filmstrip(pictures=[moment(number, COLOURS[number % 4]) for number in range(60)], width=400))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for number in (0, 17, 59):
        page.mouse.click(*at(page, (number + 0.5) / 60))
        assert chosen(page) == number
    assert row(page).bounding_box()["height"] >= 44
    page.evaluate("model.set('pictures', model.get('pictures').slice(0, 5))")
    heights = page.locator(".nst-strip-label").evaluate_all("all => all.map(each => each.offsetHeight)")
    assert max(heights) < 30  # one line
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("dark", [False, True])
def test_the_frame_of_the_chosen_one_stands_out_in_both_themes(on_page, dark):
    page = on_page(Filmstrip(pictures=list(map(moment, range(4), COLOURS))), dark=dark)
    frame_colour = page.locator("[aria-checked=true] img").evaluate("each => getComputedStyle(each).outlineColor")
    rgb = [int(each) / 255 for each in frame_colour.removeprefix("rgb(").removesuffix(")").split(", ")]
    screen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    ground = [each / 255 for each in screen.getpixel((2, 2))]
    assert contrast(rgb, ground) >= 3


def test_the_panel_of_lesson_03_answers_without_a_kernel(on_page):
    page = on_page(InversionByDepth().strip, width=800)
    for each in index()["inversion"]["pictures"][: len(LAYERS)]:
        page.get_by_role("radio", name=f"at {each['layer']}").click()
        caption = page.locator(".nst-strip-large figcaption").inner_text()
        assert f"LPIPS {each['LPIPS']:.2f}" in caption
        assert all(f"{name} {each[name]:.2f}" in caption for name in PARTS)
    assert page.get_by_role("img", name="The photo: Summer Palace").is_visible()
