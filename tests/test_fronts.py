"""What all fronts share on the Python side; their modules are touched in tests/browser/test_front_*.py."""

import json

import pytest
import traitlets

from style_helpers import fronts, language
from style_helpers.fronts import Front
from style_helpers.panels.chart import Chart
from style_helpers.panels.film import Film
from style_helpers.panels.panel import Panel


class Everything(Front):
    one = traitlets.Bytes(b"\x00\xff").tag(sync=True)
    many = traitlets.List([{"picture": b"a", "number": 3}]).tag(sync=True)
    mine = traitlets.Unicode("stays in Python")


def test_recorded_it_goes_through_json_with_all_that_the_page_needs_and_nothing_else():
    recorded = Everything().recorded()
    assert json.loads(json.dumps(recorded)) == recorded
    shown = {"one": {"base64": "AP8="}, "many": [{"picture": {"base64": "YQ=="}, "number": 3}]}
    assert recorded == shown | {"translations": {}}


def test_recorded_it_keeps_the_language_that_it_was_recorded_in(monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")
    chart = Chart()
    assert chart.recorded()["translations"]["to the newest"] == "回到最新"
    monkeypatch.setenv(language.VARIABLE, "en")
    assert chart.recorded()["translations"]["to the newest"] == "回到最新"
    assert Chart().recorded()["translations"] == {}


def test_what_a_module_says_is_found_also_where_it_takes_several_lines():
    module = (
        """const one = _("one"); const two = _(\n  "two \\"and\\" " +\n    "three", { one });  made_("no"); _(name);"""
    )
    assert fronts.messages(module) == ["one", 'two "and" three']


def test_a_module_is_one_file_that_imports_nothing_and_renders_its_last_part():
    source = Film._esm
    assert "import " not in source.replace("important", "")
    assert source.rstrip().endswith("export default { render: (given) => begin(film, given) };")
    assert ".nst-wipe" in Film._css


@pytest.mark.parametrize("make", [Everything, Panel])
def test_what_a_cell_shows_leaves_a_sentence_in_front_of_it(make, monkeypatch):
    """How it is seen, and when: tests/browser/test_browser.py."""
    shown, widget = [], make()
    monkeypatch.setattr(fronts, "display", lambda data, **_: shown.append(data))
    widget._ipython_display_()
    assert [set(data) for data in shown] == [{"text/html"}, {"text/plain", "application/vnd.jupyter.widget-view+json"}]
    assert "run the cell again" in shown[0]["text/html"]
    assert shown[1]["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
