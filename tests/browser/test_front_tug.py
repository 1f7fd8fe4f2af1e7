"""The tug of war's front on a plain page, its numbers against torch's."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers.panels.tug import Moment, Tug
from tests.browser.sight import EYES, contrast, nearest

HIGH, WIDE, RAN_WITH = 40, 60, 2.0
AGAINST, ACROSS, ALONG = (230, 97, 1), (247, 247, 247), (94, 60, 153)  # orange, pale, purple: cosine -1, 0, +1


def coloured(cosines):
    """(H, W), -1 to 1, as a picture: orange for against, pale for across, purple for along."""
    values = cosines.clamp(-1, 1).numpy()[..., None]
    ends = np.where(values < 0, np.array(AGAINST), np.array(ALONG))
    return Image.fromarray((np.array(ACROSS) + abs(values) * (ends - np.array(ACROSS))).round().astype(np.uint8))


def moments():
    """No content at first, as from the photograph; then gradients of all strengths, rather against each other."""
    generator = torch.Generator().manual_seed(1)
    strength = 10.0 ** (-3 * torch.rand(1, 1, HIGH, WIDE, generator=generator) - 1)
    content = strength * torch.randn(1, 3, HIGH, WIDE, generator=generator)
    style = -content + strength * torch.randn(1, 3, HIGH, WIDE, generator=generator)
    picture = torch.rand(1, 3, HIGH, WIDE, generator=generator)
    content[0, :, 5, 7], style[0, :, 5, 7] = torch.tensor([0.01, 0, 0]), torch.tensor([-0.01, -0.01, -0.01])
    return [
        Moment(1, picture, 0 * content, style),
        Moment(4, picture.flip(-1), 0.1 * content, style.flip(1)),
        Moment(20, picture.flip(-2), content, style),
    ]


@pytest.fixture
def front():
    made = Tug(weight=RAN_WITH)
    made.clear(RAN_WITH)
    for slot, moment in enumerate(moments()):
        made.add(slot, moment)
    return made


@pytest.fixture
def page(on_page, front):
    return on_page(front, 1000, 800)


def view(page):
    return page.get_by_role("slider", name="place in the picture")


def slider(page, name):
    return page.get_by_role("slider", name=name)


def over(page, column, row):
    """Where a pixel is on the screen."""
    box = view(page).bounding_box()
    return box["x"] + (column + 0.5) / WIDE * box["width"], box["y"] + (row + 0.5) / HIGH * box["height"]


def expected(moment, weight, column=None, row=None):
    """Lengths of content, style and sum, and the angle in degrees: of a pixel, or of the whole picture."""
    pulls = [moment.content, weight * moment.style]
    if column is not None:
        pulls = [pull[..., row, column] for pull in pulls]
    content, style = (pull.flatten().double() for pull in pulls)
    cosine = torch.cosine_similarity(content, style, dim=0).clamp(-1, 1).item()
    return content.norm(), style.norm(), (content + style).norm(), math.degrees(math.acos(cosine)), cosine


def table(page):
    """The lengths that the table beside the picture shows."""
    return [float(each) for each in page.locator(".nst-tug-length").all_inner_texts()]


def same_place(page, moment, weight, column, row):
    *lengths, angle, _ = expected(moment, weight, column, row)
    assert table(page) == pytest.approx(
        [float(length) for length in lengths], rel=0.07
    )  # two digits, and 1 % of packing
    assert float(page.locator(".nst-tug-angle").text_content().rstrip("°")) == pytest.approx(angle, abs=2)


def test_one_hovers_over_the_picture_and_the_dial_shows_that_pixel(page):
    for column, row in ((7, 5), (0, 0), (WIDE - 1, HIGH - 1), (33, 21)):
        page.mouse.move(*over(page, column, row))
        same_place(page, moments()[-1], RAN_WITH, column, row)
    assert page.evaluate("saved") == []
    page.mouse.move(5, 790)
    same_place(page, moments()[-1], RAN_WITH, WIDE // 2, HIGH // 2)  # the place that is kept


def test_the_arrows_are_as_long_as_the_scale_says_and_at_the_true_angle(page):
    page.mouse.move(*over(page, 7, 5))
    heads = {}
    for name in ("content", "style", "sum"):
        path = page.locator(f".nst-tug-dial .nst-tug-of-{name} .nst-tug-head").get_attribute("d")
        x, y = map(float, path.split("L")[1].split())
        heads[name] = math.hypot(x - 170, 164 - y), math.degrees(math.atan2(164 - y, x - 170))
    lengths, angle = expected(moments()[-1], RAN_WITH, 7, 5)[:3], expected(moments()[-1], RAN_WITH, 7, 5)[3]
    decade = (148 - 28) / 4
    for name, length in zip(("style", "sum"), lengths[1:], strict=True):
        apart = decade * math.log10(length / lengths[0])
        assert heads[name][0] - heads["content"][0] == pytest.approx(apart, abs=0.4)
    assert heads["content"][1] == pytest.approx(0)
    assert heads["style"][1] == pytest.approx(angle, abs=1)
    # the sum of an arrow of 0.01 along the axis and one of 0.02 x sqrt(3) at that angle
    style = [0.02 * math.sqrt(3) * turn(math.radians(angle)) for turn in (math.cos, math.sin)]
    assert heads["sum"][1] == pytest.approx(math.degrees(math.atan2(style[1], 0.01 + style[0])), abs=1)


def test_towards_which_colour_each_pulls_is_said_and_shown(page):
    page.mouse.move(*over(page, 7, 5))  # minus the gradients: less red; brighter
    words = page.locator(".nst-tug-table td:last-child").all_inner_texts()
    assert words[-3:] == ["darker and more turquoise", "brighter", "brighter"]
    shades = page.eval_on_selector_all(".nst-tug-swatch", "all => all.map(each => getComputedStyle(each).background)")
    assert ["rgb(0, 128, 128)" in shades[0], "rgb(255, 255, 255)" in shades[1]] == [True, True]


def test_a_click_keeps_a_place_and_arrow_keys_move_it(page):
    page.mouse.click(*over(page, 10, 8))
    assert page.evaluate("saved.length") == 1
    page.mouse.move(*over(page, 40, 30))
    page.mouse.move(5, 790)
    same_place(page, moments()[-1], RAN_WITH, 10, 8)
    column, row = 10, 8
    moves = {"ArrowRight": (1, 0), "ArrowDown": (0, 1), "ArrowLeft": (-1, 0), "ArrowUp": (0, -1)}
    moves |= {"Shift+ArrowRight": (10, 0), "PageDown": (0, 10), "Home": (-20, 0)}
    view(page).focus()
    for key, (right, down) in moves.items():
        page.keyboard.press(key)
        column, row = column + right, row + down
        assert view(page).get_attribute("aria-valuenow") == str(row * WIDE + max(0, column))
    same_place(page, moments()[-1], RAN_WITH, 0, row)
    said = view(page).get_attribute("aria-valuetext")
    assert said.startswith(f"row {row + 1}, column 1: content ")
    assert "degrees apart; sum " in said
    assert page.evaluate("model.get('spot')") == pytest.approx([0.5 / WIDE, (row + 0.5) / HIGH])


def test_a_finger_drags_the_place_and_a_swipe_that_scrolls_leaves_it(page):
    session = page.context.new_cdp_session(page)

    def touch(kind, *at):
        points = [dict(zip("xy", over(page, *at), strict=True))] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 10, 10)
    for column in (20, 30, 45):
        touch("touchMove", column, 12)
    touch("touchEnd")
    page.wait_for_function("saved.length === 1")
    same_place(page, moments()[-1], RAN_WITH, 45, 12)
    page.evaluate("document.body.append(Object.assign(document.createElement('p'), { style: 'height: 3000px' }))")
    page.evaluate(
        "() => { window.given = []; for (const name of ['pointerdown', 'pointercancel']) "
        "document.querySelector('.nst-tug-view').addEventListener(name, () => given.push(name)) }"
    )
    touch("touchStart", 30, 35)
    for row in (25, 15, 5):
        touch("touchMove", 30, row)
    page.wait_for_function("given.includes('pointercancel')")
    touch("touchEnd")
    same_place(page, moments()[-1], RAN_WITH, 45, 12)
    assert page.evaluate("saved.length") == 1


def drag(page, name, *shares):
    """Drags the thumb of a track through shares of its way."""
    box = slider(page, name).bounding_box()
    for number, share in enumerate(shares):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def test_the_weight_acts_at_once_on_the_length_and_not_on_the_angle(page):
    page.mouse.click(*over(page, 33, 21))
    page.mouse.move(5, 790)
    page.evaluate("saved.length = 0")
    angle = page.locator(".nst-tug-angle").text_content()
    content = table(page)[0]
    drag(page, "style weight", 0.46, 0.6, 0.8)
    assert page.evaluate("saved") == [{"weight": 100}]  # Python hears of it once, at the end
    assert page.locator(".nst-tug-angle").text_content() == angle
    assert table(page)[0] == content
    same_place(page, moments()[-1], 100, 33, 21)
    assert "The run was made with style weight 2." in page.locator(".nst-tug-right").inner_text()
    slider(page, "style weight").focus()
    for key, weight in (("Home", 0.01), ("PageUp", 0.1), ("ArrowRight", 0.126), ("End", 1000), ("ArrowDown", 794)):
        page.keyboard.press(key)
        assert page.evaluate("model.get('weight')") == pytest.approx(weight)
    drag(page, "style weight", 0.9, 0.461)  # close to the run's own weight it is exactly that
    assert page.evaluate("model.get('weight')") == RAN_WITH
    assert "The run was made" not in page.locator(".nst-tug-right").inner_text()


@pytest.mark.parametrize("weight", [0.01, 0.5, RAN_WITH, 30.0])
@pytest.mark.parametrize("number", [1, 2])
def test_the_words_are_the_numbers_of_torch(on_page, front, weight, number):
    front.weight, front.at = weight, number
    page = on_page(front, 1000, 800)
    moment = moments()[number]
    content, style, both, angle, cosine = expected(moment, weight)
    harder = (weight * moment.style.norm(dim=1) > moment.content.norm(dim=1)).float().mean().item()
    first, second = page.locator(".nst-tug-words").all_inner_texts()[:2]
    harder_one = "style" if style > content else "content"
    times = max(style, content) / min(style, content)
    stated = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
    assert first.startswith(f"The {harder_one} pulls {stated} times as hard over the whole picture: ")
    said = [float(each.rstrip(".,")) for each in first.split(": ")[1].split() if each[0].isdigit()]
    assert said[:3] == pytest.approx([float(each) for each in (content, style, both)], rel=0.005)
    assert said[3] == pytest.approx(100 * harder, abs=0.6)
    assert f"{angle:.0f} degrees (cosine {cosine:.2f})" in second
    way = "about at a right angle" if abs(cosine) < 0.3 else "partly against each other"
    assert second.endswith(f"they pull {way}.")


@pytest.mark.parametrize(
    ("content", "style", "words"),
    [
        ((0, 0, 0), (0, 0, 0), "Nobody pulls over the whole picture"),
        ((1, 0, 0), (0, 0, 0), "The content pulls alone over"),
        ((1, 0, 0), (0, 1.01, 0), "Both pull about equally hard"),
        ((2000, 0, 0), (-1, 0, 0), "The content pulls 2,000 times as hard"),
        ((1, 0, 0), (-3, 0.1, 0), "they pull against each other"),
        ((1, 0, 0), (0.5, 0.8, 0), "they pull partly the same way"),
        ((1, 0, 0), (1, 0.1, 0), "they pull the same way"),
        ((1, 0, 0), (0, 1, 0), "90 degrees (cosine 0.00): they pull about at a right angle"),
        ((0, 0, 0), (0, 1, 0), "no angle"),
    ],
)
def test_who_pulls_and_which_way(on_page, content, style, words):
    front = Tug(weight=1.0)
    front.clear(1.0)
    pulls = [
        torch.tensor(each, dtype=torch.float32)[None, :, None, None].expand(1, 3, 8, 12) for each in (content, style)
    ]
    front.add(0, Moment(3, torch.rand(1, 3, 8, 12), *pulls))
    page = on_page(front)
    assert words in " ".join(page.locator(".nst-tug-words").all_inner_texts())
    assert "NaN" not in page.locator(".nst-tug").inner_html()


def pixels(page):
    """What lies over the picture, (H, W, 3) as a picture."""
    address = page.evaluate("document.querySelector('.nst-tug-field').toDataURL()")
    response = page.evaluate("async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())]", address)
    return Image.open(io.BytesIO(bytes(response))).convert("RGB")


def choose(page, name):
    page.get_by_role("radio", name=name).click()


def worst(one, other):
    """The largest difference of two pictures at 98 of 100 numbers: packing turns small angles a little."""
    apart = torch.tensor(list(one.tobytes())) - torch.tensor(list(other.tobytes()))
    return apart.abs().float().quantile(0.98).item()


def test_the_cosine_is_laid_over_the_picture_in_colours_and_little_pairs(page):
    assert not page.locator(".nst-tug-field").is_visible()
    choose(page, "angle")
    moment = moments()[-1]
    cosines = torch.cosine_similarity(moment.content, moment.style, dim=1)[0]
    assert worst(pixels(page), coloured(cosines)) <= 3
    against, along = ((cosines * sign > 0.5).float().mean().item() for sign in (-1, 1))
    legend = page.locator(".nst-tug-legend").inner_text()
    numbers = [int(each) for each in legend.replace("%", "").split() if each.isdigit()]
    assert numbers == pytest.approx([100 * against, 100 * along], abs=0.8)
    pairs = page.locator("path.nst-tug-mark.nst-tug-pairs").first.get_attribute("d").split("M")[1:]
    assert len(pairs) == (WIDE // 4) * (HIGH // 4)
    x, y, arm = 2.0, 2.0, 0.38 * 4  # the first square: its 16 pixels as one long arrow
    angle = math.radians(expected(Moment(0, None, moment.content[..., :4, :4], moment.style[..., :4, :4]), 1)[3])
    end = [float(each) for each in pairs[0].split("L")[1].split()]
    assert end == pytest.approx([x + arm * math.cos(angle), y - arm * math.sin(angle)], abs=0.05)


def test_the_lengths_are_laid_over_it_and_only_the_styles_follows_the_weight(page):
    moment = moments()[-1]
    lengths = {"content's pull": moment.content.norm(dim=1)[0], "style's pull": RAN_WITH * moment.style.norm(dim=1)[0]}
    white = max(each.quantile(0.99).item() for each in lengths.values())
    before = {}
    for name, each in lengths.items():
        choose(page, name)
        grey = (255 * each / white).clamp(0, 255).round().to(torch.uint8)
        before[name] = pixels(page)
        assert worst(before[name], Image.fromarray(grey.numpy()).convert("RGB")) <= 6
    assert f"{white:.2g} and more" in page.locator(".nst-tug-legend").inner_text()
    mean = before["style's pull"].resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))[0]
    slider(page, "style weight").focus()
    page.keyboard.press("PageDown")
    tenth = pixels(page)
    assert tenth.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))[0] * 5 < mean
    choose(page, "content's pull")
    assert pixels(page).tobytes() == before["content's pull"].tobytes()


def test_fields_are_one_stop_for_the_tab_key_and_are_told_once(page):
    choose(page, "picture")
    for key, name in (
        ("ArrowRight", "angle"),
        ("ArrowRight", "content's pull"),
        ("ArrowLeft", "angle"),
        ("ArrowUp", "picture"),
    ):
        page.keyboard.press(key)
        radio = page.get_by_role("radio", name=name)
        assert radio.get_attribute("aria-checked") == "true"
        assert radio.evaluate("each => each === document.activeElement")
        assert page.locator("[role=radio][tabindex='0']").count() == 1
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("status").inner_text().startswith("angle: against at ")
    told = page.get_by_role("status").inner_text()
    drag(page, "moment of the run", 1, 0.5)
    assert page.get_by_role("status").inner_text() == told  # silent while something is dragged


def test_the_moments_are_scrubbed_back_to_where_there_is_no_angle(page):
    drag(page, "moment of the run", 1, 0.5, 0)
    assert page.evaluate("saved") == [{"at": 0}]
    assert "evaluation 1" in page.locator(".nst-tug-left").inner_text()
    assert view(page).get_attribute("aria-label") == "place in the picture at evaluation 1"
    assert page.locator(".nst-tug-angle").text_content() == "no angle"
    assert slider(page, "moment").get_attribute("aria-valuetext") == "evaluation 1: The style pulls alone, no angle"
    assert page.locator("img:visible").count() == 1
    slider(page, "moment").focus()
    page.keyboard.press("ArrowRight")
    assert "evaluation 4" in slider(page, "moment").get_attribute("aria-valuetext")
    page.keyboard.press("End")
    assert page.evaluate("model.get('at')") == -1  # the last, and what is still to come


def test_new_moments_are_followed_unless_an_earlier_one_was_chosen_and_a_new_run_begins_with_none(page):
    add = "evaluation => model.set(`moment_${evaluation - 21}`, { ...model.get('moment_2'), evaluation })"
    page.evaluate(add, 24)
    assert "evaluation 24" in slider(page, "moment").get_attribute("aria-valuetext")
    slider(page, "moment").focus()
    page.keyboard.press("Home")
    page.evaluate(add, 25)
    assert "evaluation 1:" in slider(page, "moment").get_attribute("aria-valuetext")
    assert page.evaluate("lent") == 5
    page.evaluate("() => { for (let slot = 0; slot < 16; slot++) model.set(`moment_${slot}`, {}) }")
    assert page.get_by_text("Nothing pulls yet").is_visible()
    assert not view(page).is_visible()
    assert page.evaluate("lent") == 0


def test_what_comes_while_the_weight_is_dragged_does_not_move_it(page):
    box = slider(page, "style weight").bounding_box()
    page.mouse.move(box["x"] + 0.46 * box["width"], box["y"] + 22)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 22)
    page.evaluate("model.set('moment_3', { ...model.get('moment_2'), evaluation: 24 })")
    assert slider(page, "style weight").get_attribute("aria-valuetext").startswith("100: ")
    page.mouse.up()
    assert page.evaluate("model.get('weight')") == 100


def test_the_lens_shows_the_pixels_around_the_place(page):
    page.mouse.move(*over(page, 20, 10))
    shown = page.evaluate(
        "[...document.querySelector('.nst-tug-lens').getContext('2d').getImageData(4, 4, 1, 1).data].slice(0, 3)"
    )
    exact = moments()[-1].picture[0, :, 10, 20] * 255
    assert shown == pytest.approx(exact.tolist(), abs=1)


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_narrow_page_and_can_be_seen_in_both_themes(on_page, front, dark):
    page = on_page(front, 360, 700, dark)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for each in page.locator("button, [role=slider]").all():
        assert min(each.bounding_box()[side] for side in ("width", "height")) >= 44
    colours = "each => { const rgb = getComputedStyle(each); return [rgb.stroke, rgb.color] }"
    for name in ("content", "style", "sum"):
        stroke, _ = page.locator(f".nst-tug-key.nst-tug-of-{name} .nst-tug-line").evaluate(colours)
        colour = [int(each) / 255 for each in stroke.removeprefix("rgb(").rstrip(")").split(",")]
        ground = (0.07, 0.07, 0.07) if dark else (1, 1, 1)
        assert contrast(colour, ground) >= 3


@pytest.mark.parametrize("eye", EYES)
def test_against_and_along_are_told_apart_by_every_eye(eye):
    assert nearest([[part / 255 for part in each] for each in (AGAINST, ACROSS, ALONG)], eye) > 40
