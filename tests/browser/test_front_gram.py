"""The Gram microscope on a plain page, touched by mouse, fingers and keys, its numbers held against torch's."""

import re

import pytest
import torch
from PIL import Image

from style_helpers.losses import gram_matrix
from style_helpers.panels.gram import Microscope, packed
from style_helpers.panels.panel import as_jpeg

OF_ALL, SIZE = 40, (96, 128)
CHANNELS = [7, 31, 2, 19, 5, 11]

PATCHES, PATCH = 5, 32  # how many are framed, pixels a side


def strongest(firing, size):
    """(top, left) of the patches of a picture of (height, width) where a map (H, W) is largest and above 0.

    At most five, which overlap by less than half.
    """
    (height, width), (rows, columns), corners = size, firing.shape, []
    order = firing.flatten().argsort(descending=True)
    for place in order[: int((firing > 0).sum())].tolist():
        row, column = divmod(place, columns)
        top = min(max(round((row + 0.5) * height / rows - PATCH / 2), 0), height - PATCH)
        left = min(max(round((column + 0.5) * width / columns - PATCH / 2), 0), width - PATCH)
        if all(max(abs(top - other), abs(left - seen)) > PATCH / 2 for other, seen in corners):
            corners.append((top, left))
        if len(corners) == PATCHES:
            break
    return corners


def features(rows, columns, silent=True):
    """Maps (40, H, W), many places 0; the last of CHANNELS never fires with the one before, and only at the left."""
    generator = torch.Generator().manual_seed(1)
    maps = (torch.rand((OF_ALL, rows, columns), generator=generator) - 0.4).clamp(min=0)
    maps *= torch.linspace(0.2, 2, columns) ** torch.randn((OF_ALL, 1, 1), generator=generator)
    for loud, channel in enumerate(reversed(CHANNELS), start=5):
        maps[channel] *= loud
    maps[11, :, columns // 2 :] = 0
    maps[5][maps[11] > 0] = 0
    return maps


def front_of(maps):
    painting = Image.radial_gradient("L").resize((256, 192)).convert("RGB")
    gram = gram_matrix(maps[None])[0][CHANNELS][:, CHANNELS]
    front = Microscope(pair=[0, 1], empty="Nothing <i>yet")
    front.seen = packed(maps, gram, CHANNELS, SIZE, "relu2 of <b>wave.jpg")
    front.painting = as_jpeg(torch.tensor(list(painting.tobytes())).reshape(1, 192, 256, 3).permute(0, 3, 1, 2) / 255)
    return front


@pytest.fixture(scope="module")
def maps():
    return features(12, 16)


@pytest.fixture
def gram(on_page, maps):
    return on_page(front_of(maps), 900, 900)


def matrix_of(maps, box=(0, 0, None, None)):
    left, top, right, bottom = box
    return gram_matrix(maps[None, :, top:bottom, left:right].double())[0][CHANNELS][:, CHANNELS]


def whole_and(maps, box):
    """The cosine between the matrix of the whole and that of a part."""
    whole, part = matrix_of(maps), matrix_of(maps, box)
    return ((whole * part).sum() / whole.norm() / part.norm()).item()


def pair_text(page):
    return page.locator(".nst-gram-pair").inner_text().replace("\u2212", "-")


def assert_pair(page, maps, cell, box=(0, 0, None, None)):
    """The sentence of a cell, each of its numbers as torch has it, to the digits that are shown."""
    k, l = (CHANNELS[place] for place in cell)  # noqa: E741
    left, top, right, bottom = box
    true, text = matrix_of(maps, box), pair_text(page)
    value = true[cell[0], cell[1]].item()
    both = ((maps[k] * maps[l]) > 0)[top:bottom, left:right].double().mean().item()
    assert f"Channel {k} with itself" in text if k == l else f"Channels {k} and {l}:" in text
    assert float(re.search(r"G = ([\d.e-]+),", text)[1]) == pytest.approx(value, rel=5.2e-3)
    assert float(re.search(r", ([\d.]+) % of the largest", text)[1]) == pytest.approx(
        100 * value / true.max().item(), abs=0.51
    )
    if both:
        assert float(re.search(r"at ([\d.]+) % of the positions", text)[1]) == pytest.approx(100 * both, abs=0.51)
    else:
        assert "nowhere" in text
    assert ("of this part" in text or "in this part" in text) == (right is not None)


def field(page):
    return page.locator(".nst-gram-field")


def at(node, x, y):
    box = node.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def point_at(page, cell):
    page.mouse.move(*at(field(page), (cell[1] + 0.5) / len(CHANNELS), (cell[0] + 0.5) / len(CHANNELS)))


def painting(page):
    return page.get_by_role("application")


def drag(page, start, end):
    page.mouse.move(*at(painting(page), *start))
    page.mouse.down()
    page.mouse.move(*at(painting(page), *end), steps=4)
    page.mouse.up()


def canvas(page, place):
    """The numbers of a canvas, RGBA row after row."""
    script = """each => { const { width, height } = each;
        return [height, width, 4, ...each.getContext('2d').getImageData(0, 0, width, height).data] }"""
    rows, columns, four, *numbers = page.locator(place).evaluate(script)
    return torch.tensor(numbers).reshape(rows, columns, four)


def button(page, name):
    return page.get_by_role("button", name=name)


def said(page):
    return page.get_by_role("status").inner_text()


def test_every_cell_tells_its_numbers_when_pointed_at_and_a_click_keeps_it(gram, maps):
    assert_pair(gram, maps, (0, 1))
    for row in range(len(CHANNELS)):
        for column in range(len(CHANNELS)):
            point_at(gram, (row, column))
            assert_pair(gram, maps, (row, column))
    assert gram.evaluate("saved") == []
    gram.mouse.move(*at(painting(gram), 0.5, 0.5))
    assert_pair(gram, maps, (0, 1))  # pointing was a look only
    point_at(gram, (2, 4))
    gram.mouse.down()
    point_at(gram, (3, 1))
    gram.mouse.up()
    gram.mouse.move(*at(painting(gram), 0.5, 0.5))
    assert_pair(gram, maps, (3, 1))
    assert gram.evaluate("saved") == [{"pair": [3, 1]}]
    assert gram.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"


def test_the_matrix_and_the_maps_are_drawn_as_they_are(gram, maps):
    true = matrix_of(maps)
    greys = (255 * (true / true.max()).sqrt()).round()
    assert (canvas(gram, ".nst-gram-cells")[..., 0] - greys).abs().max() <= 1
    for place, values in enumerate((maps[7], maps[31], maps[7] * maps[31])):
        drawn = canvas(gram, f".nst-gram-maps figure:nth-child({place + 1}) canvas")[..., 0]
        assert (drawn - (255 * values / values.max()).round()).abs().max() <= 1


def test_the_painting_lights_up_where_both_fire_and_the_strongest_patches_are_framed(gram, maps):
    product = maps[7] * maps[31]
    shade = canvas(gram, ".nst-gram-shade")
    dimmed = 255 * 0.75 * (1 - (product / product.max()).sqrt())
    assert shade[..., :3].max() == 0
    assert (shade[..., 3] - dimmed).abs().max() <= 1
    corners = strongest(product, SIZE)
    assert len(corners) == 5
    view = painting(gram).bounding_box()
    for number, (top, left) in enumerate(corners, start=1):
        frame = gram.locator(".nst-gram-frame").filter(has_text=str(number)).bounding_box()
        assert (frame["x"] - view["x"]) / view["width"] == pytest.approx(left / SIZE[1], abs=2e-3)
        assert (frame["y"] - view["y"]) / view["height"] == pytest.approx(top / SIZE[0], abs=2e-3)
        assert frame["width"] / view["width"] == pytest.approx(32 / SIZE[1], abs=2e-3)
    words = gram.get_by_role("img", name="The painting where both fire most").get_attribute("aria-label")
    (top, left), places = corners[0], re.findall(r"([\d.]+) % across, ([\d.]+) % down", words)
    assert len(places) == 5
    assert [float(each) for each in places[0]] == pytest.approx([100 * (left + 16) / 128, 100 * (top + 16) / 96], abs=1)
    cut = canvas(gram, ".nst-gram-cuts figure:nth-child(1) canvas")
    pixel = Image.radial_gradient("L").resize((256, 192)).getpixel((2 * (left + 16), 2 * (top + 16)))
    assert cut[64, 64, 0].item() == pytest.approx(pixel, abs=12)  # the sent painting is twice as large, and a JPEG


def test_most_and_least_together(gram, maps):
    above = torch.triu_indices(6, 6, 1)
    for name, pick in (("Least together", torch.argmin), ("Most together", torch.argmax)):
        button(gram, name).click()
        cell = above[:, pick(matrix_of(maps)[above[0], above[1]])].tolist()
        assert gram.evaluate("model.get('pair')") == cell
        assert_pair(gram, maps, cell)
        assert said(gram) == pair_text(gram)
        if name == "Least together":
            assert cell == [4, 5]
            assert gram.locator(".nst-gram-frame").count() == 0
            assert not gram.locator(".nst-gram-cuts").is_visible()


def gains(maps, box):
    ratios = matrix_of(maps, box).diagonal() / matrix_of(maps).diagonal()
    return CHANNELS[ratios.argmax()], ratios.max().item(), CHANNELS[ratios.argmin()], ratios.min().item()


def assert_part(page, maps, box):
    """What is said of a part in places, against torch."""
    text = page.locator(".nst-gram-of-part").inner_text()
    left, top, right, bottom = box
    size, share, cosine = re.search(
        r"This part, (\d+ × \d+) positions or ([\d.]+) % .*matrices ([\d.]+)\)", text
    ).groups()
    assert size == f"{bottom - top} × {right - left}"
    places = maps.shape[1] * maps.shape[2]
    assert float(share) == pytest.approx(100 * (right - left) * (bottom - top) / places, abs=0.51)
    assert float(cosine) == pytest.approx(whole_and(maps, box), abs=6e-4)
    told = re.search(r"Most gained: channel (\d+), .* is ([\d.]+) times .* Least: channel (\d+), ([\d.]+) times", text)
    high, most, low, least = gains(maps, box)
    assert (int(told[1]), int(told[3])) == (high, low)
    assert [float(told[2]), float(told[4])] == pytest.approx([most, least], rel=0.052)
    return text


def test_a_part_is_dragged_moved_and_let_go(gram, maps):
    drag(gram, (0.26, 0.24), (0.74, 0.92))
    box = (4, 3, 12, 11)
    assert_pair(gram, maps, (0, 1), box)
    assert said(gram) in assert_part(gram, maps, box)
    true = matrix_of(maps, box)
    drawn = canvas(gram, ".nst-gram-cells")[..., 0]
    assert (drawn - (255 * (true / true.max()).sqrt()).round()).abs().max() <= 1
    assert canvas(gram, ".nst-gram-shade")[0, :, 3].min() == 191  # outside nothing is lit
    assert gram.evaluate("saved") == [{"part": [4 / 16, 3 / 12, 12 / 16, 11 / 12]}]  # once, at the end
    drag(gram, (0.5, 0.5), (0.69, 0.51))
    assert_part(gram, maps, (7, 3, 15, 11))
    point_at(gram, (2, 3))
    assert_pair(gram, maps, (2, 3), (7, 3, 15, 11))
    drag(gram, (0.9, 0.98), (0.6, 0.98))  # outside, at right: another, one place high at least
    assert_part(gram, maps, (10, 11, 14, 12))
    gram.mouse.click(*at(painting(gram), 0.2, 0.2))
    assert gram.evaluate("model.get('part')") == []
    assert said(gram) == "The whole painting again."
    assert_pair(gram, maps, (0, 1))


def test_a_part_in_which_a_channel_is_silent(gram, maps):
    drag(gram, (0.5, 0), (1, 1))
    assert "Least: channel 11, 0 times" in gram.locator(".nst-gram-of-part").inner_text()
    point_at(gram, (5, 5))
    assert "Channel 11 with itself: G = 0, 0 % of the largest. It fires nowhere in this part." in pair_text(gram)


def test_the_painting_by_keys(gram, maps):
    painting(gram).focus()
    gram.keyboard.press("ArrowRight")
    box = [6, 4, 10, 8]
    assert_part(gram, maps, box)
    for key, change in (("ArrowRight", (1, 0, 1, 0)), ("ArrowUp", (0, -1, 0, -1)), ("ArrowLeft", (-1, 0, -1, 0)),
                        ("ArrowDown", (0, 1, 0, 1)), ("Shift+ArrowRight", (0, 0, 1, 0)),
                        ("Shift+ArrowDown", (0, 0, 0, 1)), ("Shift+ArrowDown", (0, 0, 0, 1)),
                        ("Shift+ArrowLeft", (0, 0, -1, 0)), ("Shift+ArrowUp", (0, 0, 0, -1))):  # fmt: skip
        gram.keyboard.press(key)
        box = [was + more for was, more in zip(box, change, strict=True)]
        assert said(gram) in assert_part(gram, maps, box)
    for _ in range(20):
        gram.keyboard.press("ArrowRight")
    assert_part(gram, maps, (12, box[1], 16, box[3]))  # it stops at the edge, as wide as it was
    for _ in range(8):
        gram.keyboard.press("Shift+ArrowLeft")
    assert_part(gram, maps, (12, box[1], 13, box[3]))
    gram.keyboard.press("Escape")
    assert said(gram) == "The whole painting again."
    assert button(gram, "Whole painting").get_attribute("aria-disabled") == "true"
    gram.keyboard.press("Shift+ArrowDown")
    button(gram, "Whole painting").click()
    assert gram.evaluate("model.get('part')") == []


def test_the_matrix_by_keys_says_what_it_shows(gram, maps):
    assert gram.get_by_role("gridcell").count() == 36
    cell = [0, 1]
    gram.locator("[role=gridcell][tabindex='0']").focus()
    for key, where in (("ArrowDown", (1, 1)), ("ArrowRight", (1, 2)), ("ArrowLeft", (1, 1)), ("ArrowUp", (0, 1)),
                       ("ArrowUp", (0, 1)), ("End", (0, 5)), ("PageDown", (5, 5)), ("Home", (5, 0)),
                       ("PageUp", (0, 0))):  # fmt: skip
        gram.keyboard.press(key)
        cell = list(where)
        assert gram.evaluate("model.get('pair')") == cell
        assert_pair(gram, maps, cell)
        assert gram.evaluate("document.activeElement.getAttribute('aria-label')") == pair_text(gram)
        assert gram.locator("[role=gridcell][tabindex='0']").count() == 1
    true = matrix_of(maps)
    name = gram.get_by_role("gridcell", name="channels 31 and 2:").get_attribute("aria-label")
    assert float(re.search(r"([\d.]+) % of the largest", name)[1]) == pytest.approx(
        100 * (true[1, 2] / true.max()).item(), abs=0.51
    )
    assert gram.get_by_role("grid").get_attribute("aria-label").startswith("Gram matrix of relu2 of <b>wave.jpg")
    assert said(gram) == ""  # the cell says it


def numbers_of_shuffle(page):
    text = page.locator(".nst-gram-of-shuffle").inner_text()
    return [float(each) for each in re.search(r"in the matrix is ([\d.e-]+), .* number is ([\d.e-]+):", text).groups()]


def test_a_shuffle_scrambles_the_maps_and_leaves_the_matrix(gram, maps):
    def seen_now():
        return canvas(gram, ".nst-gram-maps figure:nth-child(1) canvas")[..., 0]

    first, cells, text = seen_now(), canvas(gram, ".nst-gram-cells"), pair_text(gram)
    button(gram, "Shuffle the positions").click()
    once = seen_now()
    assert not torch.equal(once, first)
    assert torch.equal(once.flatten().sort()[0], first.flatten().sort()[0])  # the same numbers
    assert torch.equal(canvas(gram, ".nst-gram-cells"), cells)
    assert pair_text(gram) == text
    apart, most = numbers_of_shuffle(gram)
    assert most == pytest.approx(matrix_of(maps).max().item(), rel=5.2e-3)
    assert 0 <= apart < 1e-14 * most
    assert "rounding" in said(gram)
    assert gram.get_by_role("img", name="at shuffled positions, which mean nothing here").is_visible()
    drag(gram, (0, 0), (0.5, 1))
    cosine = float(re.search(r"matrices ([\d.]+)\)", gram.locator(".nst-gram-of-part").inner_text())[1])
    assert cosine > 0.98 > 0.95 > whole_and(maps, (0, 0, 8, 12))  # now every part is like the whole
    button(gram, "Whole painting").click()
    button(gram, "Shuffle the positions").click()
    assert gram.evaluate("model.get('shuffled')") == 2
    assert not torch.equal(seen_now(), once)
    gram.evaluate("model.set('shuffled', 1)")
    assert torch.equal(seen_now(), once)  # an order has its number
    button(gram, "Restore").click()
    assert torch.equal(seen_now(), first)
    assert said(gram) == "Every position is back where it was."
    assert button(gram, "Restore").get_attribute("aria-disabled") == "true"


def test_all_maps_share_one_order(gram, maps):
    """Row 0 with itself and with row 1 are the same after a shuffle: each place has kept its numbers together."""
    button(gram, "Shuffle the positions").click()
    for cell in ((0, 0), (0, 1), (4, 5), (3, 2)):
        point_at(gram, cell)
        assert_pair(gram, maps, cell)


def test_a_part_of_many_places_begins_and_ends_at_places(on_page):
    many = features(95, 121)
    page = on_page(front_of(many), 900, 900)
    drag(page, (0.3, 0.3), (0.999, 0.999))
    left, top, right, bottom = page.evaluate("model.get('part')")
    assert (right, bottom) == (1, 1)
    box = [round(left * 121), round(top * 95), 121, 95]
    assert_part(page, many, box)
    assert_pair(page, many, (0, 1), box)
    page.evaluate("model.set('pair', [2, 3])")  # what comes from elsewhere leaves the part as it is
    assert_part(page, many, box)
    painting(page).focus()
    page.keyboard.press("ArrowLeft")
    assert_part(page, many, [box[0] - 6, box[1], 115, 95])


def test_fingers_look_along_the_matrix_drag_a_part_sideways_and_scroll_upwards(gram, maps):
    gram.set_viewport_size({"width": 360, "height": 500})
    session = gram.context.new_cdp_session(gram)

    def swipe(node, *places):
        for number, place in enumerate(places):
            x, y = at(node, *place)
            kind = "touchMove" if number else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(painting(gram), (0.1, 0.1), (0.3, 0.15), (0.5, 0.5), (0.5, 0.8))
    assert gram.evaluate("window.scrollY") == 0
    assert_part(gram, maps, (2, 1, 8, 10))
    before = gram.evaluate("saved.length")
    swipe(painting(gram), (0.9, 0.9), (0.9, 0.7), (0.9, 0.4), (0.9, 0.1))
    gram.wait_for_function("window.scrollY > 0")
    assert_part(gram, maps, (2, 1, 8, 10))
    assert gram.evaluate("saved.length") == before
    field(gram).scroll_into_view_if_needed()
    swipe(field(gram), (0.1, 0.55), (0.3, 0.55), (0.75, 0.58))
    assert gram.evaluate("model.get('pair')") == [3, 4]
    assert_pair(gram, maps, (3, 4), (2, 1, 8, 10))


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_narrow_page_in_both_themes(on_page, maps, dark):
    page = on_page(front_of(maps), 360, 700, dark)
    drag(page, (0.1, 0.1), (0.6, 0.6))
    button(page, "Shuffle the positions").click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for each in page.get_by_role("button").all():
        assert min(each.bounding_box()[side] for side in ("width", "height")) >= 44
    frames = page.locator(".nst-gram-frame, .nst-gram-part, .nst-gram-cell:not([hidden])")
    for frame in frames.all():  # white in black, on whatever is below
        looks = frame.evaluate("each => { const look = getComputedStyle(each); "
                               "return look.borderTopColor + look.outlineColor }")  # fmt: skip
        assert looks == "rgb(255, 255, 255)rgb(0, 0, 0)"
    ink = page.locator(".nst-gram-down").evaluate("each => getComputedStyle(each).color")
    assert ink == ("rgb(255, 255, 255)" if dark else "rgb(0, 0, 0)")


def test_another_layer_comes_while_it_is_dragged_and_before_one_there_is_nothing(on_page, maps):
    front = front_of(maps)
    sent, front.seen = front.seen, {}
    page = on_page(front)
    assert page.get_by_text("Nothing <i>yet").is_visible()
    assert not page.get_by_role("grid").is_visible()
    front.seen = sent
    full = on_page(front, 900, 900)
    full.mouse.move(*at(painting(full), 0.25, 0.25))
    full.mouse.down()
    full.mouse.move(*at(painting(full), 0.75, 0.75))
    full.evaluate("model.set('seen', { ...model.get('seen'), words: 'another' })")
    assert_part(full, maps, (4, 3, 12, 9))
    full.mouse.up()
    assert full.evaluate("model.get('part')") == [0.25, 0.25, 0.75, 0.75]
    assert full.get_by_role("grid", name="Gram matrix of a part of another").is_visible()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_silent_layer_and_few_channels(on_page, channels):
    front = Microscope(pair=[0, min(1, channels - 1)])
    silent = torch.zeros(channels, 4, 5)
    front.seen = packed(silent, gram_matrix(silent[None])[0], list(range(channels)), SIZE, "relu1 of dark.png")
    page = on_page(front)
    for name in ("Least together", "Most together", "Shuffle the positions"):
        button(page, name).click()
    painting(page).focus()
    page.keyboard.press("ArrowDown")
    assert "G = 0, 0 % of the largest" in pair_text(page)
    assert "NaN" not in page.locator("body").inner_text()
