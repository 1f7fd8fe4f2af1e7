"""The Python half of the chart and of the pictures over it; how they are touched: tests/browser/test_front_chart.py."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers.panels.chart import MOMENTS, Chart, Moments

LINES = {"a<b": [(1, 10.0), (2, 0.1)], "zero": [(1, 0.0), (2, math.nan)], "none": []}


def points(front, name, kind=""):
    """What was sent for a line: [[x, y], ...]."""
    (line,) = [each for each in front.lines if (each["name"], each["kind"]) == (name, kind)]
    return np.frombuffer(line["points"], np.float32).reshape(-1, 2).tolist()


def flat(value):
    return torch.full((1, 3, 8, 12), value)


def ats(front):
    return [each["at"] for each in front.moments]


@pytest.fixture
def sent(monkeypatch):
    """The traits of each message, in order."""
    messages = []
    monkeypatch.setattr(
        Chart, "send_state", lambda self, key=None: messages.append({key} if isinstance(key, str) else set(key))
    )
    return messages


def test_lines_go_in_one_message_with_all_that_belongs_to_them(sent):
    chart = Chart()
    sent.clear()
    chart.show(LINES, "two lines, and one without points", until=20)
    assert sent == [{"lines", "words", "until"}]
    assert points(chart, "a<b") == [[1, 10], [2, np.float32(0.1)]]
    assert points(chart, "zero")[0] == [1, 0]
    assert math.isnan(points(chart, "zero")[1][1])
    assert points(chart, "none") == []


def test_lines_may_be_of_several_kinds():
    chart = Chart()
    chart.show({("total", "a"): [(1, 3)], ("style", "a"): [(1, 2)]}, "the line a, total and style")
    assert (points(chart, "a", "total"), points(chart, "a", "style")) == ([[1, 3]], [[1, 2]])


def test_cleared_it_has_no_lines_and_points_at_the_newest():
    chart = Chart()
    chart.show(LINES, "two lines, and one without points", at=2)
    chart.clear()
    assert (chart.lines, chart.words, chart.at) == ([], "", 0)


@pytest.mark.parametrize(("evaluations", "every"), [(5, 1), (32, 1), (60, 2), (200, 8)])
def test_a_long_run_keeps_few_pictures_the_first_and_the_last(evaluations, every):
    moments = Moments()
    moments.begin(["a"], "one line")
    for at in range(1, evaluations + 1):
        moments.remember(at, [flat(at / evaluations)])
    moments.end()
    kept = ats(moments)
    assert kept == sorted({*range(1, evaluations + 1, every), evaluations})
    assert len(kept) <= MOMENTS
    for at, moment in zip(kept, moments.moments, strict=True):
        (picture,) = moment["pictures"]
        assert np.asarray(Image.open(io.BytesIO(picture))).mean() == pytest.approx(255 * at / evaluations, abs=2)


def test_while_it_grows_only_what_is_new_is_sent_and_at_the_end_everything(sent):
    moments = Moments()
    moments.begin(["a", "b"], "two lines before they begin", [flat(0.5)] * 2, until=3)
    (start,) = moments.fresh
    assert start["at"] == 0
    assert all(picture.startswith(b"\xff\xd8") for picture in start["pictures"])
    came = []
    for at in range(1, 4):
        moments.remember(at, [flat(0.1 * at), None if at > 1 else flat(0.9)])
        if at > 1:  # two evaluations may come between two messages
            moments.show({"a": [(1, 1)], "b": [(1, 1)]}, "two lines on their way")
            came.append([each["at"] for each in moments.fresh])
    assert came == [[1, 2], [3]]
    assert ats(moments) == [1, 2, 3]  # for a page that is opened now
    sent.clear()
    moments.end()
    assert sent == [{"fresh"}, {"moments"}]
    assert ats(moments) == [1, 2, 3]
    assert [len(each["pictures"][1]) > 0 for each in moments.moments] == [True, False, False]


def test_another_run_keeps_nothing_of_the_one_before():
    moments = Moments()
    for _ in range(2):
        before = moments.run
        moments.begin(["a"], "one line")
        moments.remember(1, [flat(0.5)])
        moments.show({"a": [(1, 1)]}, "one line", notes=["ended"], at=1)
        moments.end()
        assert ats(moments) == [1]
        assert moments.run == before + 1
    moments.clear()
    assert (moments.lines, moments.moments, moments.notes, moments.at) == ([], [], [], 0)
