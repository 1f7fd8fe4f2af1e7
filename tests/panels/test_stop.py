"""Stop, Run again and the cell run again, on every panel that computes: none of them may wait for what is under way.

How soon Stop is obeyed is counted in evaluations: the one under way ends, and no other begins.
"""

import pytest

from style_helpers.objective import StyleObjective
from style_helpers.panels.before_after import BeforeAfter
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.race import OptimiserRace
from style_helpers.panels.studio import Studio
from style_helpers.panels.tradeoff import TradeOffExplorer
from style_helpers.panels.tug import TugOfWar
from tests.panels import cases
from tests.panels.cases import each_run, each_work
from tests.panels.driving import click_at_once, idle, inside, wait


@pytest.fixture
def being_made(made, tmp_path):
    case = made(tmp_path)
    case.fake.may_be_made.clear()
    case.press()
    wait(lambda: case.fake.making)
    yield case
    case.end()


def page(panel):
    """All that can be seen but the status line."""
    return [each.get_state() for each in inside(panel) if each is not panel.status]


@each_work
@pytest.mark.parametrize("reason", ["", "The network cannot be had."])
def test_stop_lets_go_at_once_of_what_is_being_made(being_made, made, reason):
    panel, fake = being_made.panel, being_made.fake
    assert not panel.stop_button.disabled
    click_at_once([panel.stop_button.click])  # it comes back, and what is made is still being made
    assert fake.making == 1
    assert not panel.working
    assert panel.stop_button.disabled
    assert "Stopped while it was being prepared." in panel.status.value
    seen = page(panel), panel.status.value
    fake.cannot_be_made = reason
    fake.may_be_made.set()
    panel.wait()
    assert fake.began == 1
    assert fake.evaluated <= (made is cases.bugs)  # there the first evaluation loads the network
    assert (page(panel), panel.status.value) == seen


@each_work
def test_run_after_stop_waits_in_the_background_for_what_was_let_go(being_made):
    panel, fake = being_made.panel, being_made.fake
    click_at_once([panel.stop_button.click])
    click_at_once([being_made.press])
    assert panel.working
    with pytest.raises(AssertionError, match="it never happened"):
        wait(lambda: fake.began > 1, seconds=0.1)
    fake.may_be_made.set()
    idle(panel)
    assert fake.began > 1
    assert fake.most_at_once == 1
    assert 'role="alert"' not in panel.status.value
    assert "Stop" not in panel.status.value


@each_work
def test_stop_and_run_in_any_order_leave_one_at_work(being_made):
    """What waits for its turn is let go at once too."""
    panel, fake = being_made.panel, being_made.fake
    click_at_once([panel.stop_button.click, being_made.press] * 10)
    click_at_once([panel.stop_button.click])
    assert not panel.working
    fake.may_be_made.set()
    idle(panel)
    assert fake.began == fake.most_at_once == 1


@each_work
def test_the_cell_run_again_lets_go_of_the_earlier_and_waits_for_it_in_the_background(being_made):
    panel, fake, newer = being_made.panel, being_made.fake, []
    click_at_once([lambda: newer.append(being_made.again())])
    assert not panel.working
    click_at_once([lambda: being_made.press(newer[0])])
    assert fake.making == 1
    fake.may_be_made.set()
    idle(newer[0])
    assert fake.most_at_once == 1
    assert fake.began > 1
    assert "Stopped while it was being prepared." in panel.status.value


@pytest.fixture
def evaluating(made, tmp_path):
    """A panel whose run was made and is at work."""
    case = made(tmp_path)
    case.fake.free = False
    case.press()
    case.fake.reach(4)  # three are done, or one of each of two or three programs
    yield case
    case.end()


@each_run
def test_stop_comes_back_before_the_evaluation_ends_and_no_other_begins(evaluating):
    panel, fake = evaluating.panel, evaluating.fake
    click_at_once([panel.stop_button.click])
    assert "Stopping: the evaluation under way is the last." in panel.status.value
    assert panel.stop_button.disabled
    assert panel.working
    fake.let_all_end()
    idle(panel)
    assert fake.evaluated == 4
    assert "Stopped" in panel.status.value
    assert not panel.run_button.disabled


@each_run
def test_run_again_ends_the_first_run_and_what_it_still_computes_is_not_seen(evaluating):
    panel, fake = evaluating.panel, evaluating.fake
    click_at_once([evaluating.press])
    first = panel._work._before
    seen = page(panel)
    fake.grant()  # the evaluation that was under way
    first.join()
    assert page(panel) == seen
    assert "Stopp" not in panel.status.value
    fake.let_all_end()
    idle(panel)
    assert fake.most_at_once == 1
    assert 'role="alert"' not in panel.status.value
    assert "Stop" not in panel.status.value


@each_run
def test_the_cell_run_again_stops_the_earlier_run(evaluating):
    newer = []
    click_at_once([lambda: newer.append(evaluating.again())])
    evaluating.fake.let_all_end()
    idle(evaluating.panel)
    assert evaluating.fake.evaluated == 4
    assert "Stopped" in evaluating.panel.status.value
    assert not newer[0].working


def test_stop_between_two_pictures_lets_go_of_the_second(tmp_path):
    case = cases.before_after(tmp_path)
    case.fake.free = False
    case.press()
    wait(lambda: len(case.fake) == 1)
    case.fake.may_be_made.clear()
    case.fake.grant(20)
    wait(lambda: case.fake.making)
    click_at_once([case.panel.stop_button.click])
    assert "Stopped while it was being prepared." in case.panel.status.value
    assert "<img" in case.panel.live_picture.value
    case.end()
    assert len(case.fake) == 2
    assert case.fake.evaluated == 20


@pytest.mark.parametrize("pressed_in", [0, 1, 2, 3])
@pytest.mark.parametrize("make", [Studio, InversionByDepth, TradeOffExplorer, BeforeAfter, OptimiserRace, TugOfWar])
def test_no_real_evaluation_begins_after_stop(make, pressed_in, monkeypatch):
    """pressed_in: which call of the real objective; 0 for before them, while the targets are computed."""
    calls, prepared, init, forward = [], [], StyleObjective.__init__, StyleObjective.forward

    def counted_init(self, *given, **named):
        init(self, *given, **named)
        prepared.append(self)
        if pressed_in == 0 and len(prepared) == 1:
            click_at_once([panel.stop_button.click])

    def counted_forward(self, picture):
        calls.append(picture)
        if len(calls) == pressed_in:
            click_at_once([panel.stop_button.click])
        return forward(self, picture)

    monkeypatch.setattr(StyleObjective, "__init__", counted_init)
    monkeypatch.setattr(StyleObjective, "forward", counted_forward)
    panel = make()
    for name, value in {"network": "alexnet", "size": 64, "evaluations": 20}.items():
        if hasattr(panel, name):
            getattr(panel, name).value = value
    panel.run_button.click()
    idle(panel)
    assert prepared
    assert len(calls) == pressed_in
    assert "Stopped" in panel.status.value
