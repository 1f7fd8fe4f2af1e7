"""The chooser's Python half; what the hand does to it is tested in a browser."""

import io

import pytest
import torch
from PIL import Image

from style_helpers import images
from style_helpers.panels.chooser import SMALL, Chooser


@pytest.fixture
def calls():
    return []


@pytest.fixture
def chooser(calls):
    return Chooser("content", images.CONTENT, lambda: calls.append(1))


def jpeg(width=400, height=300, **options):
    page = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(page, "JPEG", **options)
    return page.getvalue()


def offer(chooser, name, content):
    """As the browser's message has it."""
    chooser.set_state({"offered": memoryview(content), "offered_name": name})


def test_the_bundled_pictures_are_small_files(chooser):
    assert chooser.names == ["astronaut", "Chelsea the cat", "flower", "Summer Palace"]
    for content in chooser.thumbnails:
        assert Image.open(io.BytesIO(content)).size == SMALL
        assert len(content) < 20_000


def test_a_choice_is_told_loaded_and_written_down(chooser, calls):
    chooser.set_state({"chosen": 2, "wrong": ""})
    assert calls
    assert chooser.name == "flower.jpg"
    assert torch.equal(chooser.load(64), images.load(images.CONTENT / "flower.jpg", 64))
    assert chooser.as_code() == "images.CONTENT / 'flower.jpg'"
    assert Chooser("style", images.STYLE, lambda: None).as_code() == "images.STYLE / 'cassatt-summertime.jpg'"


def test_ones_own_is_chosen_and_stays_when_another_is(chooser, calls):
    exif = Image.Exif()
    exif[0x0112] = 6
    offer(chooser, "IMG_1234.jpg", jpeg(exif=exif))
    assert calls
    assert (chooser.own, chooser.chosen, chooser.name, chooser.wrong) == ("IMG_1234.jpg", 4, "IMG_1234.jpg", "")
    assert Image.open(io.BytesIO(chooser.own_thumbnail)).size == SMALL
    assert chooser.load(30).shape == (1, 3, 40, 30)  # upright
    assert chooser.as_code() == "'IMG_1234.jpg'"
    assert chooser.offered == b""  # looked at
    chooser.chosen = 0
    assert chooser.name == "astronaut.jpg"
    chooser.chosen = 4
    assert chooser.load(30).shape == (1, 3, 40, 30)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"this is no picture", "is not a picture that can be read here; use a JPEG"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (jpeg()[:200], "picture"),
        (jpeg(8, 8), "each side must have at least"),
    ],
)
def test_what_is_no_picture_gets_a_sentence_and_the_choice_stays(chooser, calls, content, words):
    offer(chooser, "<b>holiday.jpg", content)
    assert chooser.wrong.startswith("'<b>holiday.jpg' ")  # the front shows it as text
    assert words in chooser.wrong
    assert (chooser.name, calls, chooser.offered) == ("astronaut.jpg", [], b"")
    offer(chooser, "better.jpg", jpeg())
    assert (chooser.name, chooser.wrong) == ("better.jpg", "")


def test_the_bytes_are_not_sent_back(chooser, monkeypatch):
    sent = []
    monkeypatch.setattr(chooser, "_send", lambda message, buffers=None: sent.append((message, buffers)))
    content = jpeg()
    offer(chooser, "one.jpg", content)
    assert sent
    assert content not in [bytes(each) for _, buffers in sent for each in buffers or ()]
