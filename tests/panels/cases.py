"""Every panel that computes, with the fake that it works with: what must be true of all is tested on each of these."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from style_helpers.panels.before_after import MEASURED, BeforeAfter
from style_helpers.panels.bugs import BugSwitches
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.panel import Panel
from style_helpers.panels.studio import Studio
from style_helpers.panels.tradeoff import TradeOffExplorer
from tests.panels import test_bugs, test_inversion, test_race, test_tradeoff, test_tug
from tests.panels.driving import Fake
from tests.panels.fake_runs import Runs


@dataclass
class Case:
    """A panel, how another is made, and the button that sets it to work."""

    fake: Fake
    build: Callable[[], Panel]
    button: str = "run_button"

    def __post_init__(self):
        self.panel = self.again()

    def again(self) -> Panel:
        panel = self.build()
        panel.evaluations.value = 20
        return panel

    def press(self, panel: Panel | None = None):
        getattr(panel or self.panel, self.button).click()

    def forget(self):
        """What the fake noted."""
        for noted in (self.fake, *vars(self.fake).values()):
            if isinstance(noted, list):
                noted.clear()

    def end(self):
        self.panel.stop()
        self.fake.let_all_end()
        self.panel.wait()


def studio(folder):
    runs = Runs()
    return Case(runs, lambda: Studio(runs.begin, folder))


def inversion(_):
    runs = Runs()
    return Case(runs, lambda: InversionByDepth(runs.begin, test_inversion.fake_measure))


def trade_off(_):
    runs = Runs()
    return Case(runs, lambda: TradeOffExplorer(runs.begin, test_tradeoff.fake_measure))


def before_after(_):
    runs = Runs()
    return Case(runs, lambda: BeforeAfter(runs.begin, lambda *_: dict.fromkeys(MEASURED, 0.5)))


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


RUNS = (studio, inversion, trade_off, before_after, race, tug, bugs)
each_run = pytest.mark.parametrize("made", RUNS, ids=lambda made: made.__name__)
each_work = pytest.mark.parametrize("made", [*RUNS, bug_test], ids=lambda made: made.__name__)
