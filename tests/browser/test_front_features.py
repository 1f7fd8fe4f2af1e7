"""The feature explorer on a plain page, touched by mouse, fingers and keys, with maps of AlexNet's shapes."""

import re

import pytest
import torch

from style_helpers import networks
from style_helpers.panels import features
from style_helpers.panels.features import FeatureExplorer
from tests.browser.sight import contrast

SIZE = (224, 336)
ROWS = {"1": (55, 83), "2": (27, 41), "3": (13, 20), "4": (13, 20), "5": (13, 20)}
POOLED = {"1": (27, 41), "2": (13, 20), "5": (6, 9)}
RECORDED = ("conv2", "relu2", "pool5", "relu3")


def look(network, picture):
    """24 channels; channel 20 is the strongest everywhere, channel 0 never fires."""
    found, values = {}, None
    for place, name in enumerate(networks.layer_names(network)):
        shape = (POOLED if name.startswith("pool") else ROWS)[name[4:]]
        if name.startswith("relu"):
            values = values.clamp(min=0)
        else:
            values = torch.randn((24, *shape), generator=torch.Generator().manual_seed(place))
            values[20] += 30
            values[0] -= 9
            values = values.clamp(min=0) if name.startswith("pool") else values
        found[name] = values[None]
    return found


@pytest.fixture(scope="module")
def panel():
    made = FeatureExplorer(look)
    made.record(*RECORDED)
    return made


@pytest.fixture
def page(on_page, panel):
    return on_page(panel.front, 1000, 900)


def photo(page):
    return page.get_by_role("slider", name="chelsea-the-cat.jpg; arrow keys move the unit")


def strip(page):
    return page.get_by_role("slider", name="channels of the unit")


def tiles(page):
    return page.locator(".nst-features-tile:visible")


def bar(page, name):
    return page.get_by_role("radio", name=re.compile(rf"^{name}:"))


def go(page, where, down, across):
    box = where.bounding_box()
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])


def seen(page):
    """The frame on the photo, in pixels of the photo: left, top, right, bottom."""
    box, whole = page.locator(".nst-features-field").bounding_box(), photo(page).bounding_box()
    left, top = ((box[key] - whole[key]) / whole["width"] * SIZE[1] for key in "xy")
    return [
        left,
        top,
        *(start + box[key] / whole["width"] * SIZE[1] for start, key in ((left, "width"), (top, "height"))),
    ]


def unit(layer, down, across):
    """Row and column of the unit at a place, and what it sees, as Python finds them."""
    field, (rows, columns) = features.fields("alexnet")[layer], (POOLED if layer[0] == "p" else ROWS)[layer[4:]]
    row, column = field.nearest(down * SIZE[0], rows), field.nearest(across * SIZE[1], columns)
    (top, bottom), (left, right) = field.seen(row, SIZE[0]), field.seen(column, SIZE[1])
    return row, column, [left, top, right, bottom]


def said(page, words):
    page.get_by_text(words, exact=False).first.wait_for()


@pytest.mark.parametrize("layer", ["relu2", "pool5"])
def test_the_unit_under_the_pointer_shows_what_it_sees_and_a_click_keeps_it(page, layer):
    bar(page, layer).click()
    for place in ((0.31, 0.62), (0.02, 0.98)):
        row, column, box = unit(layer, *place)
        go(page, photo(page), *place)
        said(page, f"Row {row}, column {column} of each map.")
        assert seen(page) == pytest.approx(box, abs=0.1)
    side, (left, top, right, bottom) = features.fields("alexnet")[layer].side, box
    said(page, f"It sees {side} × {side} pixels, {bottom - top} × {right - left} of them on the photo.")
    go(page, page.locator("body"), 0.999, 0.999)
    assert seen(page) == pytest.approx(unit(layer, 0.38, 0.39)[2], abs=0.1)
    before = len(page.evaluate("saved"))
    go(page, photo(page), 0.31, 0.62)
    page.mouse.down()
    go(page, photo(page), 0.71, 0.22)
    page.mouse.up()
    (told,) = page.evaluate("saved")[before:]
    assert told["at"] == pytest.approx([0.71, 0.22], abs=0.005)
    go(page, page.locator("body"), 0.999, 0.999)
    assert seen(page) == pytest.approx(unit(layer, 0.71, 0.22)[2], abs=0.1)


def test_arrow_keys_move_the_unit_by_one(page):
    row, column, _ = unit("relu2", 0.38, 0.39)
    photo(page).focus()
    for key, down, across in (
        ("ArrowRight", 0, 1),
        ("ArrowDown", 1, 0),
        ("Shift+ArrowLeft", 0, -5),
        ("ArrowUp", -1, 0),
    ):
        page.keyboard.press(key)
        row, column = row + down, column + across
        heard = photo(page).get_attribute("aria-valuetext")
        assert heard.startswith(f"row {row}, column {column}. It sees 51 × 51 pixels. Strongest: channel 20 (")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowUp")
        page.keyboard.press("Shift+ArrowRight")
    assert photo(page).get_attribute("aria-valuetext").startswith("row 0, column 40.")
    assert photo(page).get_attribute("aria-valuenow") == "40"


def test_a_finger_picks_a_unit_and_a_swipe_is_the_pages(page):
    box = photo(page).bounding_box()
    page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"])
    row, column, _ = unit("relu2", 0.6, 0.7)
    said(page, f"Row {row}, column {column} of each map.")
    assert len(page.evaluate("saved")) == 1
    for node in (photo(page), strip(page)):
        assert node.evaluate("node => getComputedStyle(node).touchAction") == "pan-y"


def column_of(panel, layer, row, column):
    return panel._features[layer][0, :, row, column]


def told(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("layer", ["relu2", "conv2"])
def test_the_column_of_channels_tells_numbers_and_the_strongest(page, panel, layer):
    if layer == "conv2":
        page.get_by_role("button", name="before the ReLU").click()
    values = column_of(panel, layer, *unit(layer, 0.38, 0.39)[:2])
    said(page, f"{(values > 0).sum()} of 24 are above 0.")
    heard = page.locator("p", has_text="Strongest: channel 20").inner_text()
    best = re.findall(r"(\d+) \((\S+?)\)", heard)
    assert [int(channel) for channel, _ in best] == values.argsort(descending=True)[:3].tolist()
    for channel, value in best:
        assert told(value) == pytest.approx(values[int(channel)].item(), rel=0.06, abs=0.05)
    path = page.locator(".nst-features-values").get_attribute("d")
    assert path.count("M") == (values != 0).sum()
    for channel in (3, 20):
        go(page, strip(page), 0.5, (channel + 0.5) / 24)
        said(page, f"Channel {channel}: ")
        (value,) = re.findall(rf"^Channel {channel}: (\S+)\. ", strip(page).get_attribute("aria-valuetext"))
        assert told(value) == pytest.approx(values[channel].item(), rel=0.06, abs=0.05)
        assert page.locator(".nst-features-veil").is_visible()
    go(page, page.locator("body"), 0.999, 0.999)
    assert page.get_by_text("Channel 20:").count() == 0
    assert not page.locator(".nst-features-veil").is_visible()


def test_keys_walk_through_the_channels_and_enlarge_one_that_is_not_among_the_maps(page, panel):
    shown = panel.front.maps["relu2"]["channels"][:12]
    strip(page).focus()
    for key, channel in (
        ("ArrowRight", 0),
        ("ArrowRight", 1),
        ("PageUp", 11),
        ("End", 23),
        ("ArrowLeft", 22),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert strip(page).get_attribute("aria-valuetext").startswith(f"Channel {channel}: ")
        assert strip(page).get_attribute("aria-valuenow") == str(channel)
    assert 0 not in shown
    page.keyboard.press("Enter")
    assert tiles(page).count() == 1
    assert tiles(page).get_attribute("aria-label") == "channel 0: 0 at the unit; 100 % of it is 0"
    page.keyboard.press("Escape")
    assert tiles(page).count() == 12


PIXELS = """node => {
    const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height);
    return [node.height, node.width, Array.from(data)];
}"""


def pixels(canvas):
    height, width, data = canvas.evaluate(PIXELS)
    return torch.tensor(data).view(height, width, 4)


def test_a_map_under_the_pointer_is_what_the_photo_is_seen_through(page, panel):
    maps = panel.front.maps["pool5"]
    bar(page, "pool5").click()
    tiles(page).nth(1).hover()
    byte = torch.frombuffer(bytearray(maps["values"]), dtype=torch.uint8).view(24, 6, 9)[1]
    veil = page.locator(".nst-features-veil")
    assert veil.evaluate("node => [node.width, node.height]") == [336, 224]
    for down, across in ((0, 0), (100, 140), (223, 335), (60, 301)):
        row, column, _ = unit("pool5", (down + 0.5) / 224, (across + 0.5) / 336)
        hidden = veil.evaluate(f"node => node.getContext('2d').getImageData({across}, {down}, 1, 1).data[3]")
        assert hidden == pytest.approx(255 * (1 - (byte[row, column].item() / 255) ** (1 / 2.2)), abs=0.51)
    go(page, page.locator("body"), 0.999, 0.999)
    assert not veil.is_visible()
    bar(page, "pool5").focus()
    page.keyboard.press("Tab")  # past the button, which has nothing to do here, the photo and its channels
    for _ in range(3):
        page.keyboard.press("Tab")
    assert tiles(page).nth(0).evaluate("node => node === document.activeElement")
    assert veil.is_visible()
    page.keyboard.press("Shift+Tab")
    assert not veil.is_visible()


def test_a_map_is_grey_and_when_signed_mid_grey_is_0(page, panel):
    page.get_by_role("button", name="before the ReLU").click()
    said(page, "Mid-grey is 0")
    maps = panel.front.maps["conv2"]
    byte = torch.frombuffer(bytearray(maps["values"]), dtype=torch.uint8).view(24, 27, 41).int()
    drawn = pixels(page.locator(".nst-features-map").nth(2))
    for colour in range(3):
        assert torch.equal(drawn[..., colour], byte[2])
    assert torch.equal((byte[2] > 128), panel._features["conv2"][0, maps["channels"][2]] > 0)


def test_a_click_enlarges_a_map_and_another_or_escape_puts_it_back(page):
    small = tiles(page).nth(4).bounding_box()["width"]
    for close in (lambda: tiles(page).first.click(), lambda: page.keyboard.press("Escape")):
        tiles(page).nth(4).click()
        assert tiles(page).count() == 1
        assert tiles(page).get_attribute("aria-pressed") == "true"
        assert tiles(page).bounding_box()["width"] > 3 * small
        go(page, page.locator("body"), 0.999, 0.999)
        assert page.locator(".nst-features-veil").is_visible()
        close()
        assert tiles(page).count() == 12
        assert tiles(page).nth(4).bounding_box()["width"] == small
    page.keyboard.press("Escape")
    assert tiles(page).count() == 12


def test_arrow_keys_walk_over_the_maps_small_and_large(page):
    names = [tiles(page).nth(number).get_attribute("aria-label") for number in range(12)]
    tiles(page).nth(0).focus()
    for key, number in (("ArrowRight", 1), ("ArrowDown", 5), ("ArrowUp", 1), ("ArrowLeft", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == names[number]
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    assert [tiles(page).count(), tiles(page).get_attribute("aria-label")] == [1, names[1]]
    page.keyboard.press("Enter")
    assert tiles(page).count() == 12
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == names[1]


def test_the_network_is_bars_as_high_as_its_maps_have_rows(page):
    heights = {
        name: bar(page, name).locator(".nst-features-bar").bounding_box()["height"]
        for name in ("relu1", "pool1", "relu2", "pool2", "relu3", "pool5")
    }
    rows = {name: (POOLED if name[0] == "p" else ROWS)[name[4:]][0] for name in heights}
    for name, height in heights.items():
        assert height == pytest.approx(56 * rows[name] / 55, abs=0.1)
    assert page.get_by_role("radio").count() == 8
    grounds = {
        round(page.locator(".nst-features-bar").nth(n).evaluate("n => n.getBoundingClientRect().bottom"))
        for n in range(8)
    }
    assert len(grounds) == 1


def test_a_layer_is_picked_by_its_bar_or_by_keys_and_what_is_absent_is_passed_over(page):
    assert bar(page, "relu2").get_attribute("aria-checked") == "true"
    assert page.get_by_role("radio", checked=True).count() == 1
    for name in ("relu1", "pool1", "relu4"):
        assert bar(page, name).get_attribute("aria-disabled") == "true"
        assert bar(page, name).get_attribute("aria-label").endswith("absent: it needs a kernel")
        assert bar(page, name).get_by_text("absent").is_visible()
        bar(page, name).click(force=True)
    assert page.evaluate("saved") == []
    bar(page, "relu3").click()
    said(page, "relu3 of AlexNet: 24 maps of 13 × 20.")
    for key, name in (("ArrowRight", "pool5"), ("ArrowRight", "relu2"), ("ArrowLeft", "pool5"), ("Home", "relu2")):
        page.keyboard.press(key)
        said(page, f"{name} of AlexNet")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(f"{name}: 24 maps")
    assert page.evaluate("saved").pop() == {"layer": "relu2"}
    assert page.locator("[aria-live], [role=status]").count() == 1


def test_the_toggle_shows_the_same_channels_before_the_relu(page, panel):
    toggle = page.get_by_role("button", name="before the ReLU")
    channels = page.locator(".nst-features-title .nst-heading:visible").all_inner_texts()
    share = panel.front.maps["relu2"]["none"]
    said(page, f"{100 * share:.1f} % of its numbers are 0: before the ReLU they were not above 0.")
    toggle.click()
    said(page, f"{100 * share:.1f} % of its numbers are not above 0: its ReLU will make them 0.")
    assert toggle.get_attribute("aria-pressed") == "true"
    assert page.locator(".nst-features-title .nst-heading:visible").all_inner_texts() == channels
    assert bar(page, "conv2").get_attribute("aria-checked") == "true"
    bar(page, "relu3").click()  # whose convolution is not recorded
    assert (toggle.get_attribute("aria-pressed"), toggle.get_attribute("aria-disabled")) == ("false", "true")
    toggle.click(force=True)
    assert page.evaluate("model.get('layer')") == "relu3"


RECEIVE = """sent => {
    const view = (letters) => new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
    const [values, scales] = ["values", "scales"].map((name) => view(atob(sent[name].base64)));
    model.set("maps", { relu4: { ...sent, values, scales } });
    model.save_changes();
}"""


def test_with_a_kernel_a_layer_is_asked_for_once(page, panel):
    page.evaluate("() => { model.set('live', true); model.save_changes() }")
    assert bar(page, "relu4").get_attribute("aria-disabled") == "false"
    assert not page.get_by_text("absent").first.is_visible()
    page.evaluate("() => { saved.length = 0 }")
    bar(page, "relu4").click()
    assert {key: value for told in page.evaluate("saved") for key, value in told.items()} == {
        "layer": "relu4",
        "asked": "relu4",
    }
    assert page.locator("[aria-busy=true]").count() == 1
    said(page, "relu2 of AlexNet")  # until it is there
    panel.record("relu4")
    try:
        sent = panel.front.recorded()["maps"]["relu4"]
    finally:
        panel.record(*RECORDED)
    page.evaluate(RECEIVE, sent)
    said(page, "relu4 of AlexNet: 24 maps of 13 × 20.")
    assert page.locator("[aria-busy=true]").count() == 0
    page.evaluate("() => { saved.length = 0 }")
    bar(page, "relu2").click()  # it has come before
    said(page, "relu2 of AlexNet")
    assert page.evaluate("saved") == [{"layer": "relu2"}]
    page.evaluate("model.set('photo_name', 'another.jpg')")
    assert page.locator("[aria-busy=true]").count() == 1  # what has come was another photo's


def test_it_says_how_large_the_photo_is_to_the_network(page):
    said(page, "AlexNet looks at 224 × 336 pixels, made so small that answers come at once.")


@pytest.mark.parametrize("width", [360, 1400])
def test_it_fits_narrow_and_wide_pages_and_hands(on_page, panel, width):
    page = on_page(panel.front, width, 800, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for each in (*page.get_by_role("radio").all(), *tiles(page).all(), *page.get_by_role("slider").all()):
        assert min(each.bounding_box()[side] for side in ("width", "height")) >= 44
    drawn = page.locator(".nst-features-values").evaluate("node => getComputedStyle(node).fill")
    ink = [int(number) / 255 for number in re.findall(r"\d+", drawn)[:3]]
    assert contrast(ink, [18 / 255] * 3) > 4.5  # Chromium's dark page


def test_without_a_look_it_says_so_and_many_channels_take_more_lines(on_page, panel):
    page = on_page(features.FeatureFront())
    assert page.get_by_text("The network has not looked yet.").is_visible()
    assert not page.get_by_role("radiogroup").is_visible()
    wide = FeatureExplorer(lambda *given: {name: maps.repeat(1, 10, 1, 1) for name, maps in look(*given).items()})
    page = on_page(wide.front, 360, 800)
    assert strip(page).bounding_box()["height"] == 2 * 44  # 240 channels on 344 pixels
    go(page, strip(page), 0.75, 0.001)
    said(page, "Channel 120: ")
