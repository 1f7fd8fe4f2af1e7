"""The chart and the pictures of its moments on a plain page: pointed at, dragged, touched, and moved by keys."""

import itertools
import re

import pytest
import torch

from style_helpers.panels.chart import Chart, Moments
from tests.browser.sight import contrast

TOTALS = {"falls": [1000 / number for number in range(1, 41)], "waits": [7.5] * 40, "ends": [300.0, 200.0, 100.0]}
WORDS = "three lines, each of its own kind"


def numbered(values):
    return list(enumerate(values, 1))


def lines_of(totals):
    return {name: numbered(values) for name, values in totals.items()}


@pytest.fixture
def chart(on_page):
    """A page with one chart of 40 evaluations."""
    front = Chart()
    front.show(lines_of(TOTALS), WORDS, until=40)
    return on_page(front, 700)


def stage(page):
    return page.get_by_role("slider", name=WORDS)


def place(page, evaluation, last=40):
    """Where on the screen the middle of the chart is over an evaluation, from 1 to the last."""
    box = stage(page).bounding_box()
    left, right = (float(page.locator(".nst-chart-grid").first.get_attribute(side)) for side in ("x1", "x2"))
    return box["x"] + left + (right - left) * (evaluation - 1) / (last - 1), box["y"] + 100


def told(page):
    """The legend: what is said of each line."""
    entries = page.locator(".nst-chart-entry")
    return {each.locator("span").inner_text(): each.locator("b").inner_text() for each in entries.all()}


def heading(page):
    return page.locator(".nst-heading").last.inner_text()


def texts(page, names):
    return page.locator(f".nst-chart-{names}").all_text_contents()


def is_ruled(page):
    return page.locator(".nst-chart-rule").evaluate("each => getComputedStyle(each).display") != "none"


def test_pointing_tells_each_lines_value_there_and_leaving_goes_back_to_the_newest(chart):
    assert heading(chart) == "evaluation 40 of 40"
    assert told(chart) == {"falls": "25", "waits": "7.5", "ends": "ended at 3"}
    for evaluation in (3, 7, 33):
        chart.mouse.move(*place(chart, evaluation))
        assert heading(chart) == f"evaluation {evaluation} of 40"
        falls = f"{1000 / evaluation:.3g}"
        assert told(chart) == {"falls": falls, "waits": "7.5", "ends": "100" if evaluation == 3 else "ended at 3"}
        said = stage(chart).get_attribute("aria-valuetext")
        assert said.startswith(f"evaluation {evaluation}: falls: {falls}; waits: 7.5; ends: ")
        assert is_ruled(chart)
    x, y = place(chart, 33)
    chart.mouse.move(x, y + 1000)
    assert heading(chart) == "evaluation 40 of 40"
    assert not is_ruled(chart)
    assert chart.evaluate("saved") == []


def test_pressed_or_dragged_to_the_cursor_stays_until_it_is_sent_to_the_newest(chart):
    chart.mouse.move(*place(chart, 5))
    chart.mouse.down()
    for evaluation in (10, 20, 12):
        chart.mouse.move(*place(chart, evaluation))
    chart.mouse.up()
    chart.mouse.move(5, 490)
    assert heading(chart) == "evaluation 12 of 40"
    assert is_ruled(chart)
    assert chart.evaluate("saved") == [{"at": 12}]  # Python hears of it once, at the end
    chart.get_by_role("button", name="to the newest").click()
    assert heading(chart) == "evaluation 40 of 40"
    assert chart.evaluate("saved.at(-1)") == {"at": 0}
    assert chart.evaluate("document.activeElement.getAttribute('role')") == "slider"
    assert not chart.get_by_role("button", name="to the newest").is_visible()


def test_keys_move_the_cursor(chart):
    stage(chart).focus()
    chart.keyboard.press("ArrowLeft")
    assert is_ruled(chart)
    assert stage(chart).get_attribute("aria-valuenow") == "39"
    for key, evaluation in (("PageDown", 29), ("ArrowRight", 30), ("ArrowUp", 31), ("ArrowDown", 30), ("Home", 1)):
        chart.keyboard.press(key)
        assert stage(chart).get_attribute("aria-valuenow") == str(evaluation)
        assert chart.evaluate("model.get('at')") == evaluation
    assert told(chart)["falls"] == "1,000"
    chart.keyboard.press("End")
    assert chart.evaluate("model.get('at')") == 0
    assert [stage(chart).get_attribute(f"aria-value{end}") for end in ("min", "max", "now")] == ["1", "40", "40"]


def swipe(page, *places):
    session = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(places):
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_points_and_a_vertical_swipe_scrolls_the_page(chart):
    chart.touchscreen.tap(*place(chart, 8))
    assert chart.evaluate("model.get('at')") == 8
    swipe(chart, *(place(chart, evaluation) for evaluation in (10, 14, 18, 22)))
    assert chart.evaluate("model.get('at')") == 22
    chart.evaluate("document.body.append(Object.assign(document.createElement('p'), { style: 'height: 2000px' }))")
    x, y = place(chart, 30)
    swipe(chart, *((x, y - step) for step in range(0, 100, 10)))
    chart.wait_for_function("window.scrollY > 0")
    assert chart.evaluate("model.get('at')") == 22
    assert heading(chart) == "evaluation 22 of 40"


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.004, 3e6, ["0.01", "1", "100", "10,000", "1,000,000"]),
        (0.2, 70, ["1", "10", "100"]),
        (0.2, 9, ["0.2", "0.5", "1", "2", "5", "10"]),
        (12, 480, ["10", "20", "50", "100", "200", "500"]),
        (6.1, 9.9, ["6", "7", "8", "9", "10"]),
        (250, 250, ["100", "200", "300", "400"]),
        (3e8, 4e10, ["1 billion", "10 billion"]),
    ],
)
def test_the_axis_has_ordinary_numbers_whatever_is_seen(on_page, low, high, labels):
    front = Chart()
    front.show({"a": [(1, high), (2, low)]}, WORDS)
    page = on_page(front)
    assert texts(page, "left") == labels
    places = [float(each.get_attribute("y")) for each in page.locator(".nst-chart-left").all()]
    assert all(lower - upper > 16 for lower, upper in itertools.pairwise(places))  # none on another
    (d,) = [each.get_attribute("d") for each in page.locator("svg.nst-chart-svg .nst-chart-line").all()]
    heights = [float(y) for y in re.findall(r" ([\d.]+)", d)]
    top, bottom = (float(page.locator(".nst-chart-rule").get_attribute(side)) for side in ("y1", "y2"))
    assert all(top - 0.1 <= y <= bottom + 0.1 for y in heights)


def test_lines_differ_by_dash_and_marker_as_well_as_by_colour(on_page):
    front = Chart()
    front.show({f"line {number}": [(1, 2 + number), (2, 1)] for number in range(13)}, WORDS)
    page = on_page(front)
    keys = page.locator(".nst-chart-key").all()
    dashes, markers = (
        [key.locator(f".nst-chart-{name}").get_attribute(what) for key in keys]
        for name, what in (("line", "stroke-dasharray"), ("marker", "d"))
    )
    assert len(set(zip(dashes, markers, strict=True))) == 13
    assert len(set(dashes)) == 6
    drawn = [each.get_attribute("stroke-dasharray") for each in page.locator(".nst-chart-svg .nst-chart-line").all()]
    assert drawn == dashes


def test_while_it_grows_the_cursor_stays_and_so_does_what_is_focused_and_dragged(chart):
    stage(chart).focus()
    chart.keyboard.press("Home")
    chart.keyboard.press("ArrowRight")
    grow = """last => {
        const points = Array.from({ length: last }, (_, place) => [place + 1, 100 - place]);
        model.set('lines', [{ name: 'falls', points }]);
    }"""
    chart.evaluate("() => { window.before = document.querySelector('svg.nst-chart-svg') }")
    chart.evaluate(grow, 30)
    assert heading(chart) == "evaluation 2 of 40"
    assert told(chart) == {"falls": "99"}
    assert chart.evaluate("before === document.querySelector('svg.nst-chart-svg')")
    assert chart.evaluate("document.activeElement.getAttribute('role')") == "slider"
    chart.mouse.move(*place(chart, 6))
    chart.mouse.down()
    chart.mouse.move(*place(chart, 9))
    chart.evaluate(grow, 35)
    assert heading(chart) == "evaluation 9 of 40"
    chart.mouse.up()
    chart.keyboard.press("End")
    chart.mouse.move(5, 490)
    assert heading(chart) == "evaluation 35 of 40"
    chart.evaluate(grow, 36)
    assert heading(chart) == "evaluation 36 of 40"  # the newest is followed
    assert texts(chart, "under")[:-1] == ["1", "10", "20", "30", "40"]  # it grows into its width
    assert texts(chart, "under")[-1] == "evaluation"


def test_one_of_several_kinds_is_seen(on_page):
    front = Chart()
    kinds = {("total", "a"): [(1, 30), (2, 20)], ("style", "a"): [(1, 5), (2, 4)], ("content", "a"): [(1, 0), (2, 9)]}
    front.show(kinds, WORDS, up="weighted")
    page = on_page(front)
    radios = page.get_by_role("radio")
    assert radios.all_text_contents() == ["total", "style", "content"]
    assert told(page) == {"a": "20"}
    radios.nth(1).click()
    assert told(page) == {"a": "4"}
    assert page.get_by_text("style, weighted").is_visible()
    assert page.evaluate("saved") == [{"kind": "style"}]
    page.keyboard.press("ArrowRight")
    assert told(page) == {"a": "9"}
    assert "evaluation 2, content: a: 9" in stage(page).get_attribute("aria-valuetext")
    assert [each.get_attribute("aria-checked") for each in radios.all()] == ["false", "false", "true"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert [each.get_attribute("tabindex") for each in radios.all()] == ["-1", "-1", "0"]
    assert page.evaluate("document.activeElement.textContent") == "content"
    stage(page).focus()
    page.keyboard.press("Home")
    assert told(page) == {"a": "0"}  # which the axis cannot show


def test_a_line_that_is_cut_off_still_tells_how_high_it_is_and_the_lowest_is_named(on_page):
    front = Chart()
    front.show({"a": [(1, 4), (2, 1e9), (3, 1e30)], "b": [(1, 4), (2, 2), (3, 1)]}, WORDS, ceiling=40, leader="ahead")
    page = on_page(front)
    assert told(page) == {"a": "1E30", "b": "1, ahead"}
    assert texts(page, "left")[-1] == "50"
    stage(page).focus()
    page.keyboard.press("ArrowLeft")
    assert told(page) == {"a": "1 billion", "b": "2, ahead"}
    page.keyboard.press("ArrowLeft")
    assert told(page) == {"a": "4", "b": "4"}  # at the first nobody is


def test_what_cannot_be_drawn_is_a_gap_and_is_told(on_page):
    front = Chart()
    nothing = float("nan"), float("inf")
    front.show({"<b>gap": numbered([5, *nothing, 2, 1]), "zero": numbered([0] * 5), "none": []}, WORDS)
    page = on_page(front)
    gap, zero, none = (each.get_attribute("d") for each in page.locator(".nst-chart-svg .nst-chart-line").all())
    assert (len(re.findall("M", gap)), len(re.findall("L", gap)), zero, none) == (2, 1, "", "")
    assert not re.search("NaN|Infinity", page.content())
    assert told(page) == {"<b>gap": "1", "zero": "0", "none": "no value"}
    stage(page).focus()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    assert told(page)["<b>gap"] == "no finite number"
    assert not page.get_by_text("Nothing above 0").is_visible()
    page.evaluate("model.set('lines', [{ name: 'zero', points: [[1, 0], [2, 0]] }])")
    assert page.get_by_text("Nothing above 0").is_visible()
    page.evaluate("model.set('lines', [])")
    assert not page.locator(".nst-chart").is_visible()


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_its_page_and_is_seen_in_both_themes(on_page, width, dark):
    front = Chart()
    kinds = {(kind, name): numbered(TOTALS[name]) for kind in ("total", "content", "style") for name in TOTALS}
    front.show(kinds, WORDS, at=5)
    page = on_page(front, width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for button in [*page.get_by_role("radio").all(), page.get_by_role("button", name="to the newest")]:
        assert min(button.bounding_box()[side] for side in ("width", "height")) >= 44
    ground = (18 / 255,) * 3 if dark else (1.0,) * 3
    for node, what, least in ((".nst-chart-line", "stroke", 3), (".nst-chart-text", "fill", 4.5)):
        for each in page.locator(f".nst-chart-svg {node}").all():
            colour = each.evaluate(f"each => getComputedStyle(each).{what}")
            assert contrast([int(part) / 255 for part in re.findall(r"\d+", colour)[:3]], ground) >= least
    page.set_viewport_size({"width": 320, "height": 500})
    page.wait_for_function("document.querySelector('svg.nst-chart-svg').getBoundingClientRect().right < 320")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# The pictures of each moment


def flat(value):
    return torch.full((1, 3, 20, 30), value)


def grey(page, number):
    """The brightness of what is seen of a line, 0 to 1."""
    return page.evaluate(
        "number => document.querySelectorAll('canvas')[number].getContext('2d').getImageData(9, 9, 1, 1).data[0] / 255",
        number,
    )


def ready(page, number, value):
    page.wait_for_function(
        """([number, value]) => {
            const canvas = document.querySelectorAll('canvas')[number];
            return Math.abs(canvas.getContext('2d').getImageData(9, 9, 1, 1).data[0] / 255 - value) < 0.02;
        }""",
        arg=[number, value],
    )


def ran(evaluations=20, ended=4):
    """A run of two lines: pictures of the first grow brighter, the second ends at evaluation 4."""
    front = Moments(leader="ahead")
    front.begin(["grows", "ends"], WORDS, [flat(0.0)] * 2, until=evaluations)
    values = {"grows": [100 / number for number in range(1, evaluations + 1)], "ends": [50.0] * ended}
    for at in range(1, evaluations + 1):
        front.remember(at, [flat(at / evaluations), flat(0.1 * at) if at <= ended else None])
    front.show(lines_of(values), WORDS, notes=["", "left at evaluation 5"])
    return front


@pytest.fixture
def recorded(on_page):
    """A page with a run at its end, as a page without a kernel has it."""
    front = ran()
    front.end()
    page = on_page(front)
    ready(page, 0, 1.0)
    ready(page, 1, 0.4)
    return page


def whens(page):
    return page.locator(".nst-moments-when").all_text_contents()


def test_pointing_at_the_curves_shows_the_pictures_of_that_moment(recorded):
    # nobody is left to be ahead of
    assert recorded.get_by_role("img", name="grows, evaluation 20, 5", exact=True).is_visible()
    assert recorded.get_by_role("img", name="ends, evaluation 4, ended at 4, left at evaluation 5").is_visible()
    for evaluation in (2, 12, 3):
        recorded.mouse.move(*place(recorded, evaluation, last=20))
        assert grey(recorded, 0) == pytest.approx(evaluation / 20, abs=0.02)  # at once, without waiting
        assert whens(recorded) == [f"evaluation {evaluation}", f"evaluation {min(evaluation, 4)}"]
    assert grey(recorded, 1) == pytest.approx(0.3, abs=0.02)
    assert recorded.get_by_role("img", name="grows, evaluation 3, 33.3, ahead").is_visible()
    assert recorded.get_by_role("img", name="ends, evaluation 3, 50").is_visible()
    assert not recorded.get_by_text("left at evaluation 5").is_visible()
    stage(recorded).focus()
    recorded.keyboard.press("Home")
    recorded.mouse.move(5, 490)
    assert (grey(recorded, 0), grey(recorded, 1)) == pytest.approx((0.05, 0.1), abs=0.02)


def test_the_nearest_moment_that_was_kept_is_shown_and_named(on_page):
    front = ran(100, 100)
    front.end()
    page = on_page(front, 700)
    ready(page, 0, 1.0)
    page.mouse.move(*place(page, 4, last=100))
    assert heading(page) == "evaluation 4 of 100"
    assert whens(page) == ["evaluation 5", "evaluation 5"]
    assert page.get_by_role("img", name="grows, evaluation 5, 25").is_visible()


JPEG = """value => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 30, height: 20 });
    const context = canvas.getContext('2d');
    context.fillStyle = `rgb(${255 * value} ${255 * value} ${255 * value})`;
    context.fillRect(0, 0, 30, 20);
    return new Promise(done => canvas.toBlob(async blob => done(await blob.arrayBuffer()), 'image/jpeg'));
}"""


def test_while_it_grows_what_comes_is_gathered_and_another_run_lets_it_go(on_page):
    front = Moments()
    front.begin(["grows"], WORDS, [flat(0.0)], until=5)
    page = on_page(front)
    page.get_by_text("the start").wait_for()
    assert page.get_by_role("img", name="grows, the start").is_visible()
    assert not stage(page).is_visible()
    for at in (1, 2, 3):
        page.evaluate(
            f"""async ([at, value]) => {{
            const picture = new Uint8Array(await ({JPEG})(value));
            model.set('fresh', [{{ at, pictures: [picture] }}]);
            model.set('lines', [{{ name: 'grows', points: [[1, 9], [2, 8], [3, 7]].slice(0, at) }}]);
        }}""",
            [at, 0.2 * at],
        )
        ready(page, 0, 0.2 * at)
    stage(page).focus()
    page.keyboard.press("Home")
    assert grey(page, 0) == pytest.approx(0.2, abs=0.02)
    page.evaluate(
        "() => { model.set('fresh', []); model.set('moments', []); model.set('run', 99); model.set('lines', []) }"
    )
    assert page.locator("canvas").count() == 0
    page.evaluate("model.set('lines', [{ name: 'grows', points: [[1, 9], [2, 8]] }])")
    assert whens(page) == [""]


def test_damaged_pictures_and_those_of_another_shape_do_no_harm(on_page):
    front = Moments()
    front.begin(["a", "b"], WORDS)
    front.remember(1, [flat(0.5), torch.zeros(1, 3, 40, 10)])
    front.show({"a": [(1, 1)], "b": [(1, 2)]}, WORDS)
    front.end()
    front.moments = [{"at": 1, "pictures": [b"no picture", front.moments[0]["pictures"][1]]}]
    page = on_page(front)
    page.wait_for_function("document.querySelectorAll('canvas')[1].height === 40")
    assert whens(page) == ["", "evaluation 1"]


@pytest.mark.parametrize("many", [2, 3])
def test_the_pictures_stay_beside_each_other_over_their_curves_on_a_narrow_page(on_page, many):
    front = Moments()
    names = ["gradient descent, 0.03", "Adam, 0.02", "L-BFGS"][:many]
    front.begin(names, WORDS, until=60)
    front.remember(1, [torch.full((1, 3, 200, 300), 0.5)] * many)  # wider than their columns
    front.show({name: [(1, 1234567)] for name in names}, WORDS, notes=["left at evaluation 2", "", ""][:many])
    front.end()
    page = on_page(front)
    ready(page, many - 1, 0.5)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    boxes = [each.bounding_box() for each in page.locator("canvas").all()]
    assert len({box["y"] for box in boxes}) == 1
    assert [box["width"] for box in boxes] == pytest.approx([boxes[0]["width"]] * many, abs=0.1)
    assert boxes[-1]["y"] + boxes[-1]["height"] < stage(page).bounding_box()["y"]
    assert all(one["x"] + one["width"] < other["x"] for one, other in itertools.pairwise(boxes))
    assert boxes[-1]["x"] + boxes[-1]["width"] <= 360
