"""Stop, Run again and the cell run again, on every panel that computes: none of them may wait for what is under way."""

from dataclasses import dataclass

import pytest

from style_helpers.panels.before_after import MEASURED, BeforeAfter
from style_helpers.panels.bugs import BugSwitches
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.studio import Studio
from tests.panels import test_bugs, test_inversion, test_race, test_tug
from tests.panels.driving import Fake, click_at_once, idle, inside, wait
from tests.panels.fake_runs import Runs


@dataclass
class Case:
    """A panel with the fake that it works with, and how to make and start one."""

    fake: Fake
    build: object
    button: str = "run_button"

    def __post_init__(self):
        self.panel = self.again()

    def again(self):
        panel = self.build()
        if hasattr(panel, "evaluations"):
            panel.evaluations.value = 20
        return panel

    def press(self, panel=None):
        getattr(panel or self.panel, self.button).click()


def studio(folder):
    runs = Runs()
    return Case(runs, lambda: Studio(runs.begin, folder))


def inversion(_):
    runs = Runs()
    return Case(runs, lambda: InversionByDepth(runs.begin, test_inversion.fake_measure), "run_button")


def before_after(_):
    runs = Runs()
    measure = lambda *_: dict.fromkeys(MEASURED, 0.5)  # noqa: E731
    return Case(runs, lambda: BeforeAfter(runs.begin, measure), "run_button")


def race(_):
    wish = test_race.Quadratic()
    return Case(wish, lambda: test_race.small(wish))


def tug(_):
    rope = test_tug.Rope()
    return Case(rope, lambda: test_tug.small(rope))


def bugs(_):
    fake = test_bugs.FakeMuseum()
    return Case(fake, lambda: BugSwitches(fake.watch, fake.try_test))


def bug_test(_):
    fake = test_bugs.FakeMuseum()
    return Case(fake, lambda: BugSwitches(fake.watch, fake.try_test), "test_button")


RUNS = [studio, inversion, before_after, race, tug, bugs]


@pytest.fixture(params=[*RUNS, bug_test], ids=lambda build: build.__name__)
def case(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    made.panel.stop()
    made.fake.let_all_end()
    made.panel.wait()


@pytest.fixture
def being_made(case):
    case.fake.may_be_made.clear()
    case.press()
    wait(lambda: case.fake.making)
    return case


def page(panel):
    """All that can be seen but the status line."""
    return [each.get_state() for each in inside(panel) if each is not panel.status]


@pytest.mark.parametrize("reason", ["", "The network cannot be had."])
def test_stop_lets_go_at_once_of_what_is_being_made(being_made, reason):
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
    assert (page(panel), panel.status.value) == seen


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


def test_stop_and_run_in_any_order_leave_one_at_work(being_made):
    panel, fake = being_made.panel, being_made.fake
    click_at_once([panel.stop_button.click, being_made.press] * 10)
    click_at_once([panel.stop_button.click])
    assert not panel.working
    fake.may_be_made.set()
    idle(panel)
    assert fake.began == fake.most_at_once == 1


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


@pytest.fixture(params=RUNS, ids=lambda build: build.__name__)
def evaluating(request, tmp_path):
    """A panel whose run was made and is at work."""
    made = request.param(tmp_path)
    made.fake.free = False
    made.press()
    made.fake.reach(4)  # three are done, or one of each of two or three programs
    yield made
    made.panel.stop()
    made.fake.let_all_end()
    made.panel.wait()


def test_stop_comes_back_before_the_evaluation_ends(evaluating):
    panel = evaluating.panel
    click_at_once([panel.stop_button.click])
    assert "Stopping: the evaluation under way is the last." in panel.status.value
    assert panel.stop_button.disabled
    assert panel.working
    evaluating.fake.grant()
    idle(panel)
    assert "Stopped" in panel.status.value


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


def test_the_cell_run_again_stops_the_earlier_run(evaluating):
    newer = []
    click_at_once([lambda: newer.append(evaluating.again())])
    evaluating.fake.grant()
    idle(evaluating.panel)
    assert "Stopped" in evaluating.panel.status.value
    assert not newer[0].working


def test_stop_between_two_pictures_lets_go_of_the_second(tmp_path):
    case = before_after(tmp_path)
    case.panel.factor.value = 2
    case.fake.free = False
    case.press()
    wait(lambda: len(case.fake) == 1)
    case.fake.may_be_made.clear()
    case.fake.grant(20)
    wait(lambda: case.fake.making)
    click_at_once([case.panel.stop_button.click])
    assert "Stopped while it was being prepared." in case.panel.status.value
    assert "<img" in case.panel.live_picture.value
    case.fake.let_all_end()
    case.panel.wait()
    assert len(case.fake) == 2
    assert not case.fake[1].history
