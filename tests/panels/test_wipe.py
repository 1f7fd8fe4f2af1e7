"""The wipe's Python half; what the hand does to it is tested in a browser."""

import io

import pytest
import torch
from PIL import Image

from style_helpers.images import to_pil
from style_helpers.panels.wipe import Wipe


@pytest.fixture
def pair():
    return torch.rand(2, 1, 3, 8, 12, generator=torch.Generator().manual_seed(0)).unbind()


def test_it_sends_both_pictures_exactly_and_in_one_message(pair, monkeypatch):
    wipe, sent = Wipe(), []
    monkeypatch.setattr(wipe, "send_state", lambda key=None: sent.append(set(key)))
    wipe.show(pair[0], to_pil(pair[1]), ("photo", "painting"), "a photo and a painting")
    assert [sorted(keys) for keys in sent] == [["after", "after_name", "before", "before_name", "words"]]
    for given, png in zip(pair, (wipe.before, wipe.after), strict=True):
        assert Image.open(io.BytesIO(png)).tobytes() == to_pil(given).tobytes()
    wipe.show(pair[0], pair[0], ("photo", "painting"), "a photo and a painting")
    assert sorted(sent[-1]) == ["after"]  # what stays is not sent again


def test_cleared_it_has_no_pictures_and_keeps_its_line(pair):
    wipe = Wipe(share=30)
    wipe.show(*pair, ("photo", "painting"), "a photo and a painting")
    wipe.clear()
    assert (wipe.before, wipe.after, wipe.words, wipe.share) == (b"", b"", "", 30)
