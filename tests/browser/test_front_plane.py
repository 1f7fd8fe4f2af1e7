"""The trade-off plane on a plain page, touched by mouse, fingers and keys."""

import io

import pytest
from PIL import Image

from style_helpers.panels.plane import Plane
from style_helpers.panels.strip import frame
from style_helpers.panels.tradeoff import WEIGHTS, TradeOffExplorer
from tests.browser.sight import contrast
from tests.panels.fake_runs import index

PLACES = [(0.06, 0.9), (0.25, 0.75), (0.37, 0.64), (0.45, 0.56), (0.47, 0.56)]
COLOURS = [(200, 40, 40), (40, 160, 40), (40, 40, 200), (180, 180, 40), (40, 160, 160), (160, 40, 160)]


def point(number, x, y, colour):
    page = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(page, "PNG")
    words = f"picture {number} at {x} and {y}"
    return frame(page.getvalue(), str(number), f"Picture {number}", [f"LPIPS {x}"], words) | {"x": x, "y": y}


def points():
    return [point(number, *place, COLOURS[number]) for number, place in enumerate(PLACES)]


@pytest.fixture
def plane(on_page):
    """A page with a plane of five pictures, the third chosen, and one that was computed now."""
    front = Plane(points=points(), now=[point(5, 0.41, 0.5, COLOURS[5])], chosen=2, hint="Drag <i>along")
    return on_page(front, width=900, height=700)


def chosen(page):
    assert page.locator("[role=radio][tabindex='0']").count() == 1
    return page.get_by_role("radio").evaluate_all("each => each.findIndex(it => it.ariaChecked === 'true')")


def colour_shown(page):
    screen = Image.open(io.BytesIO(page.locator(".nst-strip-large .nst-picture").screenshot())).convert("RGB")
    return screen.getpixel((20, 20))


def dots(page):
    """The middles of the points of the line, on the screen."""
    box = "all => all.map(each => each.getBoundingClientRect()).map(it => [it.x + it.width / 2, it.y + it.height / 2])"
    return page.locator(".nst-plane-point").evaluate_all(box)


def test_points_stand_where_their_numbers_say_joined_by_a_line(plane):
    places = dots(plane)
    assert len(places) == len(PLACES)
    (x0, y0), (x1, y1) = places[0], places[2]
    across, up = (x1 - x0) / (0.37 - 0.06), (y1 - y0) / (0.9 - 0.64)
    assert min(across, up) > 0  # farther from the photo to the right, nearer to the painting below
    for (x, y), (lpips, distance) in zip(places, PLACES, strict=True):
        assert x == pytest.approx(x0 + across * (lpips - 0.06), abs=1)
        assert y == pytest.approx(y0 + up * (0.9 - distance), abs=1)
    assert plane.locator(".nst-plane-line").get_attribute("points").count(",") == len(PLACES)
    assert plane.locator(".nst-plane-cross").count() == 1
    origin = plane.locator(".nst-plane-axis").bounding_box()
    assert x0 - 0.06 * across == pytest.approx(origin["x"], abs=2)
    for words in ("nearer to the photo", "nearer to the painting", "Drag <i>along"):
        assert plane.get_by_text(words).is_visible()


def test_one_moves_along_the_line_and_the_large_picture_follows(plane):
    assert colour_shown(plane) == COLOURS[2]
    places = dots(plane)
    plane.mouse.move(*places[2])
    plane.mouse.down()
    for number in (1, 0, 1, 3, 4):
        plane.mouse.move(*places[number])
        assert (chosen(plane), colour_shown(plane)) == (number, COLOURS[number])
        assert plane.get_by_role("img", name=f"picture {number} at").is_visible()
        ring = plane.locator(".nst-plane-ring").bounding_box()
        assert ring["x"] + ring["width"] / 2 == pytest.approx(places[number][0], abs=1)
    assert plane.evaluate("saved") == []
    plane.mouse.up()
    assert plane.evaluate("saved") == [{"chosen": 4}]


def test_each_picture_is_clicked_itself(plane):
    for number in range(6):
        plane.get_by_role("radio", name=f"picture {number} at").click()
        assert (chosen(plane), colour_shown(plane)) == (number, COLOURS[number])


def test_arrow_keys_walk_to_the_crosses_too(plane):
    plane.get_by_role("radio", name="picture 2 at").focus()
    for key, number in (("ArrowRight", 3), ("ArrowLeft", 2), ("Home", 0), ("End", 5)):
        plane.keyboard.press(key)
        assert chosen(plane) == number
        assert plane.evaluate("document.activeElement.getAttribute('aria-label')").startswith(f"picture {number} at")
    assert plane.evaluate("saved.map(each => each.chosen)") == [3, 2, 0, 5]


def test_a_finger_moves_along_the_line(plane):
    session, places = plane.context.new_cdp_session(plane), dots(plane)
    for kind, number in (("touchStart", 2), ("touchMove", 1), ("touchMove", 0)):
        (x, y) = places[number]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert (chosen(plane), plane.evaluate("saved")) == (0, [{"chosen": 0}])


@pytest.mark.parametrize("width", [360, 1400])
def test_pictures_lie_free_inside_the_plane_at_every_width(plane, width):
    plane.set_viewport_size({"width": width, "height": 700})
    plane.wait_for_timeout(100)
    assert plane.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    field = plane.locator(".nst-plane-field").bounding_box()
    boxes = [each.bounding_box() for each in plane.get_by_role("radio").all()]
    for number, one in enumerate(boxes):
        assert field["x"] <= one["x"]
        assert one["x"] + one["width"] <= field["x"] + field["width"] + 1
        assert one["width"] / one["height"] == pytest.approx(1.5, abs=0.05)
        for other in boxes[number + 1 :]:
            apart = max(
                abs(one["x"] - other["x"]) - max(one["width"], other["width"]),
                abs(one["y"] - other["y"]) - max(one["height"], other["height"]),
            )
            assert apart >= 0


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_drawn_stands_out_in_both_themes(on_page, dark):
    page = on_page(Plane(points=points(), now=[point(5, 0.41, 0.5, COLOURS[5])]), width=600, dark=dark)
    screen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    ground = [each / 255 for each in screen.getpixel((2, screen.height - 2))]
    for name, what, least in (
        ("line", "stroke", 3), ("axis", "stroke", 3), ("point", "fill", 3), ("cross", "stroke", 3),
        ("words", "fill", 4.5),
    ):  # fmt: skip
        drawn = page.locator(f".nst-plane-{name}").first.evaluate(f"each => getComputedStyle(each).{what}")
        rgb = [int(each) / 255 for each in drawn.removeprefix("rgb(").removesuffix(")").split(", ")]
        assert contrast(rgb, ground) >= least, name


def test_another_pair_takes_its_place_and_one_without_pictures_has_none(plane):
    plane.evaluate("() => { model.set('now', []); model.set('points', model.get('points').slice(0, 2)) }")
    assert (plane.get_by_role("radio").count(), chosen(plane)) == (2, 1)
    plane.evaluate("model.set('points', [])")
    assert not plane.locator(".nst-strip-large").is_visible()
    assert plane.get_by_text("nearer to the photo").is_visible()
    assert plane.evaluate("lent") == 0


def test_a_click_enlarges_to_the_width_of_the_page(plane):
    large = plane.locator(".nst-strip-large .nst-picture")
    large.click()
    assert large.bounding_box()["width"] == plane.evaluate("document.documentElement.clientWidth") - 16  # its margin
    plane.keyboard.press("Escape")


def test_the_panel_of_lesson_06_answers_without_a_kernel(on_page):
    page = on_page(TradeOffExplorer().plane, width=900)
    for each in index()["tradeoff"]["pictures"][: len(WEIGHTS)]:
        page.get_by_role("radio", name=f"style weight {each['weight']:g}:").click()
        caption = page.locator(".nst-strip-large figcaption").inner_text()
        assert f"Style weight {each['weight']:g}" in caption
        assert f"LPIPS {each['LPIPS']:.2f}" in caption
        assert f"style distance {each['style distance']:.2f}" in caption
    for name in ("The photo: Summer Palace", "The painting: Hokusai's Great Wave"):
        assert page.get_by_role("img", name=name).is_visible()
