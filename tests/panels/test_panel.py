"""What all panels share: whose place a panel takes, errors, threads, memory, and how numbers are written."""

import gc
import re
import threading
import weakref

import ipywidgets
import pytest
import torch

from style_helpers.panels import panel as shared
from style_helpers.panels.panel import Panel, Thinned, readable
from tests.panels.cases import RUNS, each_run, each_work
from tests.panels.driving import TIRED, click_at_once, idle, inside, wait


class Small(Panel):
    def __init__(self):
        super().__init__()
        self.children = [self.bar, self.status]

    def work(self):
        self.started, self.ended = [], []
        self.start(self._wait, "It begins.")

    def _wait(self, work):
        with work.page():
            work.made("It works.")
        self.started.append(True)
        work.stopping.wait(300)
        self.ended.append(True)


@pytest.fixture
def cell(monkeypatch):
    """Says that a cell runs, and which run of it."""
    running = [None, None]
    monkeypatch.setattr(shared, "_cell", lambda: tuple(running))
    return lambda *ids: running.__setitem__(slice(None), ids)


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


def test_two_in_one_cell_both_work_until_it_makes_another(cell):
    cell("a", "1")
    pair = at_work(), at_work()
    assert all(panel.working for panel in pair)
    cell("a", "2")
    Panel()  # of another kind
    for panel in pair:
        wait(lambda panel=panel: panel.ended)
        assert not panel.working


@pytest.fixture
def case(made, tmp_path):
    built = made(tmp_path)
    yield built
    built.end()


def kept():
    """All that may pile up: threads, widgets, tensors, and what else Python keeps."""
    gc.collect()
    found = gc.get_objects()
    tensors = sum(type(each) is torch.Tensor for each in found)
    return threading.active_count(), len(ipywidgets.widgets.widget._instances), tensors, len(found)


@each_run
def test_a_hundred_starts_and_stops_keep_nothing(case):
    def cycle():
        case.press()
        idle(case.panel)  # to its end
        case.press()
        case.panel.stop_button.click()
        idle(case.panel)
        case.forget()

    for _ in range(3):
        cycle()

    def grown():
        before = kept()
        for _ in range(50):
            cycle()
        return [now - then for now, then in zip(kept(), before, strict=True)]

    # Less than one for each. What is kept is kept each time; what others' threads make meanwhile comes once
    tries = [grown()]
    while max(tries[-1]) >= 50 and len(tries) < 3:
        tries.append(grown())
    assert max(tries[-1]) < 50, tries


@each_run
def test_a_cell_run_a_hundred_times_keeps_one_panel(made, tmp_path, cell):
    """Each time its panel is at work when the next one takes its place."""
    cell("cell", "first")
    case, panels = made(tmp_path), weakref.WeakSet()

    def run(number):
        cell("cell", str(number))
        case.panel = case.again()
        panels.add(case.panel)
        case.press()

    for number in range(3):
        run(number)
    idle(case.panel)
    case.forget()
    *before, objects = kept()
    for number in range(100, 200):
        run(number)
    idle(case.panel)
    case.forget()
    *after, more = kept()
    assert all(now <= then for now, then in zip(after, before, strict=True))
    assert more < objects + 100
    assert len(panels) == 1


@each_work
def test_handlers_may_come_on_any_thread_and_none_is_left(case):
    """JupyterLab 4 delivers widget messages on the main shell or on a subshell's thread, perhaps two at a time."""
    before = threading.active_count()

    def choose():
        for control in inside(case.panel):
            if isinstance(control, ipywidgets.Dropdown) and not control.disabled:
                control.index = (control.index + 1) % len(control.options)

    click_at_once([choose, *[case.press, case.panel.stop_button.click] * 4])
    case.panel.stop_button.click()
    idle(case.panel)
    assert threading.active_count() == before
    assert 'role="alert"' not in case.panel.status.value


@each_work
@pytest.mark.parametrize("where", ["before the first evaluation", "in the third"])
def test_an_error_is_one_escaped_sentence_and_the_panel_stays_usable(case, where):
    case.fake.cannot_be_made = TIRED if where.startswith("before") or case.button == "test_button" else ""
    case.fake.fail_at = 3
    case.press()
    idle(case.panel)
    assert re.search(r'role="alert"><b>Please look:</b> .*The &lt;network&gt; is tired\.<', case.panel.status.value)
    assert case.panel.stop_button.disabled
    case.fake.cannot_be_made, case.fake.fail_at = "", None
    case.press()
    assert 'role="alert"' not in idle(case.panel).status.value


def test_every_panel_that_runs_is_tested_here(tmp_path):
    def kinds(panel):
        for each in panel.__subclasses__():
            yield from kinds(each) if each.__subclasses__() else [each]

    ours = {each for each in kinds(Panel) if each.__module__.startswith("style_helpers")}
    without_run = {"FeatureExplorer", "GramMicroscope", "OnePass"}
    assert {type(made(tmp_path).panel) for made in RUNS} == {each for each in ours if each.__name__ not in without_run}


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
