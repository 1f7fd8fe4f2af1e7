"""Every panel at its real work on a pretend GPU, a little of it: nothing meets on two devices, everything is shown."""

import pytest

from style_helpers.panels.before_after import BeforeAfter
from style_helpers.panels.bugs import BugSwitches
from style_helpers.panels.chart import Moments
from style_helpers.panels.features import FeatureExplorer
from style_helpers.panels.gram import GramMicroscope
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.panel import Panel, Picture
from style_helpers.panels.race import OptimiserRace
from style_helpers.panels.studio import Studio
from style_helpers.panels.tradeoff import TradeOffExplorer
from style_helpers.panels.tug import TugOfWar
from style_helpers.settings import QUICK
from tests.panels.driving import inside


@pytest.fixture(autouse=True)
def quick(pretend, monkeypatch):
    monkeypatch.setenv(QUICK, "1")
    complaints = []
    monkeypatch.setattr(Panel, "complain", lambda self, error: complaints.append(error))
    yield
    assert complaints == []


def ended(panel: Panel):
    """The panel when its work is done and its pictures are there."""
    panel.wait()
    shown = [view for view in inside(panel) if isinstance(view, Picture | Moments)]
    assert shown
    there = [bool(view.moments) if isinstance(view, Moments) else "<img" in view.value for view in shown]
    assert all(there), panel.status.value


def small(panel: Panel, **choices) -> Panel:
    for name, value in choices.items():
        getattr(panel, name).value = value
    return panel


def test_the_studio_paints_compares_and_saves(tmp_path):
    panel = small(Studio(folder=tmp_path), preset="fine", network="alexnet", size=64, evaluations=40, colours="matched")
    panel.run_button.click()
    panel.wait()
    assert panel.film.before.startswith(b"\x89PNG")
    panel.save_button.click()
    assert [path.name for path in tmp_path.iterdir()] == ["my-picture.png"]


def test_the_feature_explorer_looks():
    panel = FeatureExplorer()
    panel.front.layer = panel.front.asked = "conv4"
    assert list(panel.front.maps) == ["conv4"]


def test_the_gram_microscope_looks():
    panel = GramMicroscope()
    panel.layer.value = "relu4"
    assert "relu4" in panel.front.seen["words"]


def test_the_race_runs():
    panel = small(OptimiserRace(), network="alexnet", size=64, evaluations=10)
    panel.run_button.click()
    ended(panel)


def test_the_tug_of_war_sends_its_moments():
    panel = small(TugOfWar(), network="alexnet", size=64, evaluations=10)
    panel.run_button.click()
    panel.wait()
    assert len(panel.moments) >= 2
    assert panel.front.moment_1["picture"].startswith(b"\x89PNG")
    assert any(panel.front.moment_1["style"])


def test_the_bug_switches_run_both_programs():
    panel = small(BugSwitches(), bug="normal noise", evaluations=10)
    panel.run_button.click()
    ended(panel)


@pytest.mark.parametrize("make", [InversionByDepth, TradeOffExplorer, BeforeAfter])
def test_what_was_computed_beforehand_is_computed_now(make):
    panel = small(make(), evaluations=20)
    panel.run_button.click()
    ended(panel)
