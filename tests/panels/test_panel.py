"""What all panels share: whose place a panel takes, and how its numbers are written."""

import gc
import weakref

import ipywidgets
import pytest

from style_helpers.panels import panel as shared
from style_helpers.panels.panel import Panel, Thinned, readable
from tests.panels.driving import inside, wait


class Small(Panel):
    def __init__(self):
        super().__init__()
        self.children = [self.bar, self.status]

    def work(self):
        self.started, self.ended = [], []
        self.start(self._wait)

    def _wait(self, work):
        with work.page():
            work.making = False
        self.started.append(True)
        work.stopping.wait(300)
        self.ended.append(True)


@pytest.fixture
def cell(monkeypatch):
    """Says that a cell runs, and which run of it."""
    return lambda *ids: monkeypatch.setattr(shared, "_cell", lambda: ids)


def at_work():
    panel = Small()
    panel.work()
    wait(lambda: panel.started)
    return panel


def test_the_cell_run_again_ends_and_frees_its_own_panel_and_no_other(cell):
    cell("a", "1")
    first = at_work()
    cell("b", "2")
    other = at_work()
    cell("a", "3")
    widgets = {each.model_id for each in inside(first)}
    again = Small()
    wait(lambda: first.ended)
    assert not first.working
    assert other.working
    assert not widgets & set(ipywidgets.widgets.widget._instances)
    assert {each.model_id for each in inside(again)} <= set(ipywidgets.widgets.widget._instances)
    other.stop()
    other.wait()


def test_two_of_a_kind_in_one_cell_both_work(cell):
    cell("a", "1")
    pair = at_work(), at_work()
    assert all(panel.working for panel in pair)
    cell("a", "2")
    Small()
    for panel in pair:
        wait(lambda panel=panel: panel.ended)
        assert not panel.working


def test_a_cell_run_a_hundred_times_keeps_one_panel(cell):
    kept = weakref.WeakSet()
    before = len(ipywidgets.widgets.widget._instances)
    for run in range(100):
        cell("a", str(run))
        panel = Small()
        kept.add(panel)
        if run == 0:
            each = len(ipywidgets.widgets.widget._instances) - before
    del panel
    gc.collect()
    assert len(kept) == 1
    assert len(ipywidgets.widgets.widget._instances) - before == each


def test_run_cannot_be_pressed_while_it_works_and_stop_only_then(cell):
    cell(None, None)
    panel = at_work()
    assert (panel.run_button.disabled, panel.stop_button.disabled) == (True, False)
    assert "nst-working" in panel._dom_classes
    panel.stop_button.click()
    panel.wait()
    wait(lambda: not panel.working)
    assert (panel.run_button.disabled, panel.stop_button.disabled) == (False, True)
    assert "nst-working" not in panel._dom_classes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1000.4, "1,000"), (1234567.0, "1,230,000"), (0.012345, "0.0123"), (-2.5, "-2.5"),
        (3.84e12, "3.84e12"), (1e-9, "1.00e-9"), (float("inf"), "inf"), (1e7, "1.00e7"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_people_write_it(value, text):
    assert readable(value) == text


@pytest.mark.parametrize("most", [6, 60])
def test_of_a_long_run_the_first_the_newest_and_evenly_those_between_are_kept(most):
    kept = Thinned(most, lambda number: number)
    for number in range(1, 300):
        kept.add(number)
        assert (kept[0], kept[-1]) == (1, number)
        assert len(kept) <= most
        lasting = kept.lasting
        assert set(kept) - set(lasting) <= {number}
        assert len({one - other for one, other in zip(lasting[1:], lasting, strict=False)}) <= 1
        assert len(kept) >= min(number, most // 2)
