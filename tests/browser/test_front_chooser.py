"""The row of pictures on a plain page: clicked, walked by keys, and a picture of one's own in all its ways."""

import base64
import io

import pytest
from PIL import Image

from style_helpers import images
from style_helpers.panels.chooser import Chooser

OFFER = """async ([how, files]) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    for (const [name, type, text] of files) data.items.add(new File([bytes(text)], name, { type }));
    const where = how === "paste" ? document.activeElement : document.querySelector(".nst-chooser");
    const kinds = how === "paste" ? ["paste"] : ["dragenter", "dragover", "drop"];
    for (const kind of kinds) {
        const given = { bubbles: true, cancelable: true, clipboardData: data, dataTransfer: data };
        where.dispatchEvent(how === "paste" ? new ClipboardEvent(kind, given) : new DragEvent(kind, given));
        if (kind === "dragover") window.marked = getComputedStyle(where).borderTopColor;
    }
}"""
SENT = """async () => {
    const bytes = model.get("offered");
    const letters = Array.from(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength),
        (each) => String.fromCharCode(each));
    return btoa(letters.join(""));
}"""


def file(width=60, height=40, kind="JPEG", colour="red", **options):
    page = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(page, kind, **options)
    return page.getvalue()


@pytest.fixture
def front():
    return Chooser("style", images.STYLE, lambda: None)


@pytest.fixture
def row(front, on_page):
    return on_page(front)


def offer(page, how, *files):
    page.evaluate(OFFER, [how, [(name, kind, base64.b64encode(content).decode()) for name, kind, content in files]])


def sent(page, name):
    """What came for Python under this name."""
    page.wait_for_function(
        "name => model.get('offered').byteLength > 0 && model.get('offered_name') === name", arg=name
    )
    return base64.b64decode(page.evaluate(SENT))


def chosen(page):
    (one,) = [each for each in page.get_by_role("radio").all() if each.get_attribute("aria-checked") == "true"]
    return one


def test_the_picture_itself_is_clicked(row, front):
    assert [each.get_attribute("aria-label") for each in row.get_by_role("radio").all()] == front.names
    assert chosen(row).get_attribute("aria-label") == "Cassatt's Summertime"
    row.get_by_role("radio", name="Hokusai's Great Wave").locator("img").click(force=True)
    assert chosen(row).get_attribute("aria-label") == "Hokusai's Great Wave"
    assert row.evaluate("saved") == [{"chosen": 2, "wrong": ""}]
    assert row.locator(".nst-chooser-now").inner_text() == "Hokusai's Great Wave"  # the whole name, above
    marks = [each.is_visible() for each in row.locator(".nst-chooser-mark").all()]
    assert marks == [False, False, True, False, False, False]  # told by more than colour


def test_arrow_keys_walk_round_and_tab_goes_past(row, front):
    chosen(row).focus()
    for key, place in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowLeft", 1), ("Home", 0), ("ArrowUp", 5), ("End", 5)):
        row.keyboard.press(key)
        assert row.evaluate("model.get('chosen')") == place
        assert row.evaluate("document.activeElement.getAttribute('aria-label')") == front.names[place]
    row.keyboard.press("ArrowRight")
    assert row.evaluate("model.get('chosen')") == 0
    row.keyboard.press("Tab")
    assert row.evaluate("document.activeElement.textContent").endswith("your own")
    assert (
        row.evaluate("[...document.querySelectorAll('[role=radio]')].filter(each => each.tabIndex === 0).length") == 1
    )


def test_a_file_is_chosen_and_a_small_one_is_sent_as_it_is(row):
    content = file()
    with row.expect_file_chooser() as window:
        row.get_by_role("button", name="your own").click()
    window.value.set_files({"name": "lake.jpg", "mimeType": "image/jpeg", "buffer": content})
    assert sent(row, "lake.jpg") == content


def test_a_finger_may_take_one_with_the_camera(row):
    assert row.evaluate("matchMedia('(any-pointer: coarse)').matches")  # the fixture's page has a touch screen
    with row.expect_file_chooser() as window:
        row.get_by_role("button", name="camera").tap()
    assert window.value.element.get_attribute("capture") == "environment"
    window.value.set_files({"name": "now.jpg", "mimeType": "image/jpeg", "buffer": file()})
    assert sent(row, "now.jpg") == file()


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(row, how):
    chosen(row).focus()
    offer(row, how, ("one.png", "image/png", file(kind="PNG")))
    assert sent(row, "one.png") == file(kind="PNG")
    if how == "drop":
        assert "rgba(0, 0, 0, 0)" not in row.evaluate("marked")  # the frame says that it can be dropped here


def test_a_paste_is_taken_where_the_pointer_is_and_nowhere_else(row):
    row.evaluate("document.body.append(document.createElement('textarea'))")
    row.locator("textarea").focus()
    row.mouse.move(180, 490)
    offer(row, "paste", ("one.png", "image/png", file(kind="PNG")))
    row.wait_for_timeout(200)
    assert row.evaluate("saved") == []
    row.get_by_role("radio").first.hover()
    offer(row, "paste", ("one.png", "image/png", file(kind="PNG")))
    assert sent(row, "one.png") == file(kind="PNG")


def test_a_large_photo_is_made_smaller_and_stays_upright(row, tmp_path):
    """Twelve megapixels, lying on its side as a phone's does; EXIF says so. The left half is red, so above is red."""
    photo, exif = Image.new("RGB", (4000, 3000), "blue"), Image.Exif()
    photo.paste("red", (0, 0, 2000, 3000))
    exif[0x0112] = 6
    photo.save(tmp_path / "IMG_1234.jpg", exif=exif)
    row.locator("input[data-place=file]").set_input_files(tmp_path / "IMG_1234.jpg")
    content = sent(row, "IMG_1234.jpg")
    assert len(content) < 4e6
    made = images.open_picture(content)
    assert made.size == (1536, 2048)
    assert made.getpixel((768, 100))[0] > 200
    assert made.getpixel((768, 1900))[2] > 200
    row.evaluate("model.set('offered', new Uint8Array())")  # as Python does when it has looked
    assert row.get_by_text("IMG_1234.jpg: 3000 x 4000 pixels, used at 1536 x 2048.").is_visible()


def test_a_png_of_many_bytes_becomes_a_jpeg_over_white(row, tmp_path):
    noise = Image.merge("RGBA", [Image.effect_noise((1300, 1300), 200)] * 3 + [Image.new("L", (1300, 1300), 0)])
    noise.save(tmp_path / "clear.png", compress_level=0)
    assert (tmp_path / "clear.png").stat().st_size > 4e6
    row.locator("input[data-place=file]").set_input_files(tmp_path / "clear.png")
    made = images.open_picture(sent(row, "clear.png"))
    assert made.size == (1300, 1300)
    assert made.getextrema() == ((255, 255),) * 3


def test_what_the_browser_cannot_open_goes_to_python_unless_it_is_too_large(row):
    offer(row, "drop", ("<b>letter.jpg", "image/jpeg", b"this is no picture"))
    assert sent(row, "<b>letter.jpg") == b"this is no picture"
    big = {"name": "<b>film.jpg", "mimeType": "image/jpeg", "buffer": bytes(8_000_001)}
    row.locator("input[data-place=file]").set_input_files(big)
    row.get_by_text("Please look: '<b>film.jpg' is no picture that this browser can open").wait_for()
    assert row.evaluate("model.get('offered_name')") == "<b>letter.jpg"  # that one was not sent
    row.get_by_role("radio").first.click()
    assert row.locator(".nst-chooser-said").inner_text() == ""


def test_a_drop_without_a_file_gets_a_sentence(row):
    offer(row, "drop")
    assert row.get_by_text("what was dropped is no file").is_visible()
    assert row.evaluate("saved") == []


def test_ones_own_stands_among_the_others(front, on_page):
    front.set_state({"offered": file(), "offered_name": "a day at the lake.jpg"})
    front.set_state({"offered": b"<html>", "offered_name": "<i>page.jpg"})
    page = on_page(front)
    assert chosen(page).get_attribute("aria-label") == "your own: a day at the lake.jpg"
    assert page.get_by_text("Please look: '<i>page.jpg' is a web page").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("model.get('chosen')") == len(front.names)
    page.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth)")


@pytest.mark.parametrize("width", [360, 1000])
def test_names_take_two_lines_at_most_and_nothing_scrolls_sideways(front, on_page, width):
    page = on_page(front, width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    one, *more = sorted({each.bounding_box()["height"] for each in page.locator(".nst-chooser-name").all()})
    assert all(height < 2.1 * one for height in more)
    for tile in page.get_by_role("radio").all():
        assert min(tile.bounding_box()[side] for side in ("width", "height")) >= 44


def test_nobody_listens_when_it_is_gone(row):
    chosen(row).focus()
    row.evaluate("() => { window.end(); window.end = () => {} }")
    offer(row, "paste", ("one.png", "image/png", file(kind="PNG")))
    row.wait_for_timeout(200)
    assert row.evaluate("saved") == []
