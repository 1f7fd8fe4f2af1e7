"""The valley of two pixels on a plain page: its walks against torch's, and what mouse, fingers and keys do to it."""

import itertools
import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from style_helpers.fronts import FOLDER
from style_helpers.panels.race_toy import OPTIMISERS, ContourToy
from tests.browser.sight import contrast, over

WALKS = """async ([source, all]) => {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { valleyShape, valleyWalk } = await import(address);
    URL.revokeObjectURL(address);
    return all.map((each) => valleyWalk(valleyShape(each.lowest, each.steepest, each.condition), each));
}"""


@pytest.fixture
def valley(on_page):
    return on_page(ContourToy(), width=1000, height=800)


def track(page, name):
    return page.get_by_role("slider", name=name)


def map_of(page):
    return page.locator(".nst-valley-map")


def start_of(page):
    return track(page, "start, moved by")


def words(page):
    return page.locator(".nst-valley-words").inner_text()


def place(page, x, y):
    """Where on the page a point of the map is."""
    box = map_of(page).locator("> svg").bounding_box()
    return box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]


def told(page):
    return page.evaluate("saved")


def drawn(page):
    """The points of the walk as they are drawn, x1 and x2."""
    numbers = re.findall(r"[-\d.]+", page.locator(".nst-valley-line").first.get_attribute("d"))
    return np.array(numbers, float).reshape(-1, 2) * [1, -1] / 400 + [0, 1]


def loss(toy, point):
    away = np.array([[1, 1], [1, -1]]) / math.sqrt(2) @ (np.array(point) - toy.lowest)
    return float(toy.curvatures @ away**2 / 2)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_the_walks_are_those_of_torchs_own_optimisers(valley, optimiser):
    source = "\n".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in ("common", "valley"))
    random = np.random.default_rng(0)
    toys = [
        ContourToy(
            optimiser=optimiser,
            rate=10 ** random.uniform(-4, 0),
            condition=10 ** random.uniform(0, 3),
            steps=int(random.integers(0, 101)),
            start=list(random.uniform(0, 1, 2)),
        )
        for _ in range(60)
    ]
    walks = valley.evaluate(WALKS, [f"{source}\nexport {{ valleyShape, valleyWalk }};", [t.recorded() for t in toys]])
    for toy, walk in zip(toys, walks, strict=True):
        np.testing.assert_allclose(walk, toy.walk(), rtol=1e-6, atol=1e-6)


def test_the_start_is_dragged_and_the_walk_follows_before_it_is_let_go(valley):
    np.testing.assert_allclose(drawn(valley), ContourToy().walk(), atol=1e-4)
    valley.mouse.move(*place(valley, 0.2, 0.3))  # it may be put anywhere, and dragged on
    valley.mouse.down()
    for x, y in ((0.2, 0.3), (0.25, 0.6), (0.1, 0.85)):
        valley.mouse.move(*place(valley, x, y))
        np.testing.assert_allclose(drawn(valley)[0], [x, y], atol=0.003)
        start = valley.evaluate("document.querySelector('.nst-valley-start').getAttribute('aria-valuetext')")
        assert start.startswith(f"x1 {drawn(valley)[0][0]:.3g}, x2 ")
    np.testing.assert_allclose(drawn(valley), ContourToy(start=list(drawn(valley)[0])).walk(), atol=1e-4)
    assert told(valley) == []
    valley.mouse.up()
    assert told(valley) == [{"start": valley.evaluate("model.get('start')")}]  # Python hears of it once
    np.testing.assert_allclose(valley.evaluate("model.get('start')"), [0.1, 0.85], atol=0.003)
    valley.mouse.move(*place(valley, 0.1, 0.85))
    valley.mouse.down()
    valley.mouse.move(*place(valley, 1.5, -0.5))  # it stays on the map
    valley.mouse.up()
    assert valley.evaluate("model.get('start')") == [1, 0]


def test_arrow_keys_move_the_start_as_soon_as_it_was_touched(valley):
    valley.mouse.click(*place(valley, 0.5, 0.9))
    valley.evaluate("model.set('start', [0.5, 0.85])")
    for key, start in (
        ("ArrowLeft", [0.49, 0.85]),
        ("ArrowUp", [0.49, 0.86]),
        ("Shift+ArrowRight", [0.59, 0.86]),
        ("Shift+ArrowUp", [0.59, 0.96]),
        ("Shift+ArrowUp", [0.59, 1]),
        ("ArrowDown", [0.59, 0.99]),
    ):
        valley.keyboard.press(key)
        assert valley.evaluate("model.get('start')") == pytest.approx(start)
        assert start_of(valley).get_attribute("aria-valuetext") == f"x1 {start[0]:g}, x2 {start[1]:g}: zigzags"


def drag(page, name, shares):
    """Drags a track by mouse; gives the words and the model's values on the way, then lets go."""
    box, seen = track(page, name).bounding_box(), []
    for number, share in enumerate(shares):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        if number == 0:
            page.mouse.down()
        seen.append(words(page))
    page.mouse.up()
    return seen


def test_the_rate_is_dragged_past_the_bound_and_one_sees_it_diverge(valley):
    box, bound = track(valley, "learning rate").bounding_box(), valley.locator(".nst-valley-bound").bounding_box()
    share = (bound["x"] - box["x"]) / box["width"]
    assert 10 ** (4 * share - 4) == pytest.approx(2 / 60, rel=0.02)
    assert "0.0333" in valley.locator(".nst-valley-bound").inner_text()
    seen = drag(valley, "learning rate", [share - 0.2, share - 0.02, share + 0.02, 1])
    assert [each.split()[0] for each in seen] == ["Converges", "Zigzags", "Diverges", "Diverges"]
    assert "there we stop, before step 30" in seen[3]
    assert told(valley) == [{"rate": 1}]
    toy = ContourToy(rate=1)
    np.testing.assert_allclose(drawn(valley), [each for each in toy.walk() if abs(each).max() < 50], atol=1e-4)


def test_the_curve_of_the_rates_is_the_distance_that_each_of_them_leaves(valley):
    for optimiser in OPTIMISERS:
        valley.evaluate("name => model.set('optimiser', name)", optimiser)
        text = valley.locator(".nst-valley-curve").get_attribute("points")
        points = np.array([pair.split(",") for pair in text.split()], float)
        for x, height in points[::8]:
            toy = ContourToy(optimiser=optimiser, rate=float(np.clip(10 ** (x / 25 - 4), 1e-4, 1)))
            away = np.linalg.norm(toy.walk() - toy.lowest, axis=1)
            left = np.clip(away[-1] / away[0], 1e-4, 10)
            assert height == pytest.approx(96 - 92 * (math.log10(left) + 4) / 5, abs=0.02)


def test_condition_and_steps_are_dragged_and_shape_the_valley_and_the_walk(valley):
    drag(valley, "condition number", [0.4, 2 / 3])
    assert valley.evaluate("model.get('condition')") == pytest.approx(100, rel=0.02)
    ring = valley.locator(".nst-valley-level").last
    shape = [float(ring.get_attribute(name)) for name in ("rx", "ry")]
    toy = ContourToy(condition=valley.evaluate("model.get('condition')"))
    np.testing.assert_allclose(shape, 400 * np.sqrt(2 * toy.levels[0] / toy.curvatures), rtol=1e-6)
    drag(valley, "number of steps", [0.5, 0.07])
    assert (len(drawn(valley)), told(valley)[-1]) == (8, {"steps": 7})
    drag(valley, "number of steps", [0])
    assert len(drawn(valley)) == 1
    assert "After 0 steps" in words(valley)


@pytest.mark.parametrize(
    ("name", "trait", "keys"),
    [
        ("learning rate", "rate", {"ArrowRight": 0.0283, "Home": 1e-4, "PageUp": 1.58e-4, "ArrowDown": 1.51e-4}),
        ("condition number", "condition", {"ArrowUp": 11.5, "PageDown": 2.89, "Home": 1, "ArrowLeft": 1, "End": 1000}),
        ("number of steps", "steps", {"ArrowUp": 31, "ArrowLeft": 30, "PageUp": 40, "Home": 0, "End": 100}),
    ],
)  # fmt: skip
def test_keys_move_each_track_between_the_ends_that_python_allows(valley, name, trait, keys):
    at, known = track(valley, name), ContourToy.class_traits()[trait]
    assert [float(at.get_attribute(f"aria-value{end}")) for end in ("min", "max")] == [known.min, known.max]
    at.focus()
    for key, value in keys.items():
        valley.keyboard.press(key)
        assert valley.evaluate(f"model.get('{trait}')") == pytest.approx(value, rel=0.005)
        assert float(at.get_attribute("aria-valuenow")) == pytest.approx(value, rel=0.005)
    assert [list(each) for each in told(valley)] == [[trait]] * len(keys)


def test_the_optimiser_is_one_group_of_radio_buttons(valley):
    group = valley.get_by_role("radiogroup", name="optimiser").get_by_role("radio")
    group.nth(0).focus()
    for key, name in (("ArrowRight", "Adam"), ("ArrowDown", "L-BFGS"), ("ArrowRight", "gradient descent")):
        valley.keyboard.press(key)
        assert valley.evaluate("[model.get('optimiser'), document.activeElement.textContent]") == [name, name]
        assert [each.get_attribute("aria-checked") for each in group.all()].count("true") == 1
        assert [each.get_attribute("tabindex") for each in group.all()].count("0") == 1
        np.testing.assert_allclose(drawn(valley), ContourToy(optimiser=name).walk(), atol=1e-4)
    group.nth(2).click()
    rate = track(valley, "learning rate")
    assert (rate.get_attribute("aria-disabled"), rate.get_attribute("aria-valuetext")) == (
        "true",
        "L-BFGS needs no rate",
    )
    rate.focus()
    valley.keyboard.press("End")
    drag(valley, "learning rate", [0.1, 0.9])
    assert valley.evaluate("model.get('rate')") == 0.027
    group.nth(1).click()
    assert "gradient descent’s bound" in valley.locator(".nst-valley-bound").inner_text()
    assert rate.get_attribute("aria-disabled") == "false"


def test_pointing_at_a_point_of_the_walk_tells_its_step_place_and_loss(valley):
    toy, tip = ContourToy(), valley.locator(".nst-valley-tip")
    assert not tip.is_visible()
    for step in (1, 2, 3):
        x, y = toy.walk()[step]
        valley.mouse.move(*place(valley, x + 0.01, y))
        assert tip.inner_text().split("\n") == [
            f"step {step}", f"x1 {x:.3g}, x2 {y:.3g}", f"loss {loss(toy, (x, y)):.3g}",
        ]  # fmt: skip
    valley.mouse.move(*place(valley, 0.1, 0.1))
    assert not tip.is_visible()
    valley.mouse.move(*place(valley, x, y))
    assert tip.is_visible()
    valley.mouse.move(900, 700)
    assert not tip.is_visible()


def test_keys_go_from_point_to_point(valley):
    valley.evaluate("model.set('rate', 0.037)")
    toy, point = ContourToy(rate=0.037), track(valley, "points of the walk")
    point.focus()
    for key, step in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowUp", 2),
        ("ArrowLeft", 1),
        ("End", 30),
        ("ArrowRight", 30),
    ):
        valley.keyboard.press(key)
        x, y = toy.walk()[step]
        what = "the start" if not step else f"step {step}, outside the map" if step == 30 else f"step {step}"
        said = f"{what}: x1 {x:.3g}, x2 {y:.3g}, loss {loss(toy, (x, y)):.3g}"
        assert point.get_attribute("aria-valuetext") == said.replace("e+0", "e")
        assert valley.locator(".nst-valley-tip").is_visible()
    valley.evaluate("model.set('steps', 4)")  # the walk becomes shorter under it
    assert (point.get_attribute("aria-valuenow"), point.get_attribute("aria-valuemax")) == ("4", "4")
    point.blur()
    assert not valley.locator(".nst-valley-tip").is_visible()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rate": 0.003}, ["Converges slowly", "The rate 0.003 is no more than half of the bound 2/λmax = 2/60 = ",
                           "0.982 of the error along the valley and 0.820 of it across"]),
        ({"rate": 0.016}, ["Converges slowly", "0.904 of the error"]),
        ({"rate": 0.016, "condition": 2}, ["Converges quickly", "0.520 of the error along"]),
        ({"rate": 0.016, "condition": 1}, ["Converges quickly", "each step leaves 0.040 of the error."]),
        ({}, ["Zigzags", "below the bound", "0.838 of the error along the valley and −0.620 of it across"]),
        ({"rate": 2 / 60}, ["Neither nearer nor further", "−1.000 of it across"]),
        ({"rate": 0.037}, ["Diverges", "above the bound", "−1.220 of it across, so it jumps further each time"]),
        ({"rate": 0.037, "start": [0.65, 0.7]}, ["Diverges", "This start lies on the bottom of the valley"]),
        ({"start": [0.45, 0.5]}, ["Stays", "The start is the lowest point, where the gradient is 0."]),
        ({"optimiser": "Adam", "steps": 0}, ["At the start", "No step is taken yet."]),
        ({"optimiser": "Adam", "rate": 0.01}, ["On its way", "about as long as the rate, 0.01, whatever the slope"]),
        ({"optimiser": "Adam", "rate": 1.0, "steps": 1}, ["Further away than the start", "crossed the bottom"]),
        ({"optimiser": "L-BFGS", "condition": 1000.0}, ["Converges", "found the curvatures by itself"]),
    ],
)  # fmt: skip
def test_the_words_say_what_the_walk_does_and_why(on_page, given, expected):
    toy = ContourToy(**given)
    page = on_page(toy, width=1000)
    said, points = words(page), toy.walk()
    assert said.startswith(expected[0])
    for each in expected[1:]:
        assert each in said
    if expected[0] != "Stays":
        apart, first = (float(f"{np.linalg.norm(points[i] - toy.lowest):.2g}") for i in (-1, 0))
        found = re.search(r"After (\d+) steps? it is (\S+) from the lowest point; the start was (\S+) away", said)
        assert [float(each) for each in found.groups()] == pytest.approx([toy.steps, apart, first], abs=1e-9)
    outside = int(((points < 0) | (points > 1)).any(axis=1).sum())
    assert (f" {outside} of its points" in said) == (outside > 0)


def test_every_corner_is_drawn_and_worded_with_finite_numbers(valley):
    corners = itertools.product(OPTIMISERS, (1e-4, 1), (1, 1000), (0, 1, 100), ([0, 0], [1, 0], [0.45, 0.5]))
    names = ("optimiser", "rate", "condition", "steps", "start")
    for page in valley.evaluate(
        """([names, corners]) => corners.map((corner) => {
            names.forEach((name, i) => model.set(name, corner[i]));
            return document.querySelector('.nst').outerHTML;
        })""",
        [names, list(corners)],
    ):
        assert not re.search(r"NaN|Infinity|undefined|null", page)


def test_the_button_leads_back_to_how_it_was_at_first(on_page):
    page = on_page(ContourToy(rate=0.01, start=[0.2, 0.9]))
    page.evaluate("() => { model.set('rate', 0.5); model.set('start', [0.3, 0.3]); model.set('steps', 3) }")
    page.get_by_role("radio", name="Adam").click()
    page.get_by_role("button", name="back to the start").click()
    first = page.evaluate("model.get('at_first')")
    assert told(page)[-1] == first
    assert (first["rate"], first["start"], first["optimiser"]) == (0.01, [0.2, 0.9], "gradient descent")
    np.testing.assert_allclose(drawn(page), ContourToy(rate=0.01, start=[0.2, 0.9]).walk(), atol=1e-4)


class Finger:
    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)

    def go(self, *places):
        for number, (x, y) in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": 0}]})
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_drags_the_start_in_both_directions_and_elsewhere_scrolls_the_page(on_page):
    page = on_page(ContourToy(), width=360, height=600)
    finger, (x, y) = Finger(page), place(page, 0.9, 0.65)
    finger.go((x + 8, y + 8), (x + 8, y - 30), (x - 100, y + 60))  # beside its middle
    page.wait_for_function(f"Math.abs(model.get('start')[0] - {0.9 - 108 / 294}) < 0.02")
    assert page.evaluate("model.get('start')[1]") == pytest.approx(0.65 - 52 / 294, abs=0.02)
    assert page.evaluate("window.scrollY") == 0
    start = page.evaluate("model.get('start')")
    x, y = place(page, 0.1, 0.2)
    finger.go((x, y), (x, y - 20), (x, y - 80), (x, y - 150))
    still = "const y = scrollY; return new Promise((say) => setTimeout(() => say(y > 0 && y === scrollY), 300))"
    page.wait_for_function(f"() => {{ {still} }}")  # the page has scrolled, and stands
    assert page.evaluate("model.get('start')") == start
    page.evaluate("window.scrollTo(0, 0)")
    finger.go(place(page, 0.2, 0.7))  # a tap
    page.wait_for_function("model.get('start')[1] > 0.6")
    np.testing.assert_allclose(page.evaluate("model.get('start')"), [0.2, 0.7], atol=0.01)


def test_a_tap_on_a_point_of_the_walk_tells_it(on_page):
    page = on_page(ContourToy(), width=360, height=900)
    Finger(page).go(place(page, *ContourToy().walk()[1]))
    expect(page.locator(".nst-valley-tip")).to_contain_text("step 1")
    expect(page.locator(".nst-valley-tip")).to_be_visible()
    assert told(page) == []
    page.keyboard.press("ArrowRight")
    expect(page.locator(".nst-valley-tip")).to_contain_text("step 2")


def test_a_finger_moves_a_track_sideways_and_scrolls_over_it(on_page):
    page = on_page(ContourToy(), width=360, height=600)
    finger, box = Finger(page), track(page, "learning rate").bounding_box()
    at = lambda share: (box["x"] + share * box["width"], box["y"] + 40)  # noqa: E731
    finger.go(at(0.2), at(0.4), at(0.5))
    assert page.evaluate("model.get('rate')") == pytest.approx(0.01, rel=0.05)
    (x, y), before = at(0.9), page.evaluate("model.get('rate')")
    finger.go((x, y), (x, y - 20), (x, y - 90), (x, y - 160))
    page.wait_for_function("window.scrollY > 0")
    assert page.evaluate("model.get('rate')") == before


def test_who_listens_hears_the_words_once_when_the_hand_has_come_to_rest(valley):
    heard = valley.get_by_role("status")
    assert heard.inner_text() == ""  # the words themselves can be read; what is said is what a hand has changed
    valley.evaluate(
        """() => { window.spoken = []; new MutationObserver(() => window.spoken.push(1)).observe(
            document.querySelector('[role=status]'), { childList: true, characterData: true, subtree: true }) }"""
    )
    valley.clock.install()
    drag(valley, "learning rate", [0.4, 0.5, 0.7, 0.72, 0.74])
    assert valley.evaluate("spoken") == []
    valley.clock.run_for(800)
    assert valley.evaluate("spoken") == [1]
    assert heard.inner_text().startswith("Diverges. The rate")
    assert "Diverges" not in valley.get_by_role("img").get_attribute("aria-label")
    assert valley.locator("[aria-live], [role=status], [role=alert]").count() == 1


def test_what_comes_while_the_start_is_held_does_not_move_it(valley):
    valley.mouse.move(*place(valley, 0.3, 0.3))
    valley.mouse.down()
    valley.evaluate("model.set('start', [0.8, 0.8])")
    np.testing.assert_allclose(drawn(valley)[0], [0.3, 0.3], atol=0.003)
    valley.mouse.up()
    valley.evaluate("model.set('start', [0.8, 0.8])")
    np.testing.assert_allclose(drawn(valley)[0], [0.8, 0.8], atol=1e-4)


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_page_holds_it_and_every_target_is_large_enough(on_page, dark):
    page = on_page(ContourToy(start=[1, 0]), width=360, height=800, dark=dark)
    for optimiser in OPTIMISERS:
        page.evaluate("name => model.set('optimiser', name)", optimiser)
        for start in ([0, 0], [1, 1], [1, 0]):
            page.evaluate("start => model.set('start', start)", start)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (optimiser, start)
    targets = [*page.get_by_role("radio").all(), *page.get_by_role("button").all(), start_of(page)]
    for each in [*targets, *(track(page, name) for name in ("learning rate", "condition", "number of"))]:
        assert min(each.bounding_box()[side] for side in ("width", "height")) >= 44


COLOURS = """() => {
    const ground = document.body.appendChild(document.createElement("div"));
    ground.style.background = "Canvas";
    const rgb = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255);
    const look = (name) => getComputedStyle(document.querySelector(name));
    const found = {
        ground: rgb(getComputedStyle(ground).backgroundColor), text: rgb(look(".nst").color),
        walk: rgb(look(".nst-valley-line").stroke), level: rgb(look(".nst-valley-level").stroke),
        opacity: Number(look(".nst-valley-level").strokeOpacity),
    };
    ground.remove();
    return found;
}"""


@pytest.mark.parametrize("dark", [False, True])
def test_its_lines_stand_out_in_both_themes_and_take_the_systems_colours_where_they_are_forced(on_page, dark):
    page = on_page(ContourToy(), dark=dark)
    look = page.evaluate(COLOURS)
    ground = look["ground"]
    assert contrast(look["text"], ground) >= 4.5
    assert contrast(look["walk"], ground) >= 3
    assert contrast(over(look["level"], ground, look["opacity"]), ground) >= 3
    page.emulate_media(forced_colors="active")
    forced = page.evaluate(COLOURS)
    assert forced["walk"] != look["walk"]
    assert contrast(forced["walk"], forced["ground"]) >= 3
