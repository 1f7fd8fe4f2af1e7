"""The optimiser race, driven as a browser would drive it; it minimises a small quadratic."""

import html
import itertools
import math

import numpy as np
import pytest
import torch

from style_helpers.panels.race import OptimiserRace, Racer
from tests.panels.driving import Fake, idle, stopped_at
from tests.panels.test_chart import ats, points


class Quadratic(Fake):
    """curvature / 2 x (picture - 0.25)^2, summed."""

    def __init__(self, curvature=10.0):
        super().__init__()
        self.curvature, self.made = curvature, []

    def __call__(self, content, style, settings):
        self.make()
        self.made.append((content, style, settings))
        return self.terms

    def terms(self, picture):
        self.evaluate()
        return {"style a": self.curvature / 2 * (picture - 0.25).square().sum(), "content b": 0 * picture.sum()}


def small(wish, evaluations=10):
    race = OptimiserRace(wish)
    race.size.value, race.evaluations.value = 64, evaluations
    return race


def raced(race):
    race.run_button.click()
    return idle(race)


@pytest.fixture
def wish():
    return Quadratic()


@pytest.fixture
def race(wish):
    made = small(wish)
    yield made
    made.stop()
    wish.let_all_end()
    made.wait()


def test_all_three_get_the_same_number_of_evaluations_from_the_same_start(race, wish):
    raced(race)
    assert wish.evaluated == 30
    assert [len(racer.totals) for racer in race.racers] == [10, 10, 10]
    assert len({racer.totals[0] for racer in race.racers}) == 1
    assert race.progress.value == 1
    assert race.time_left.value == "evaluation 10 of 10 of each"
    assert "All evaluations are done." in race.status.value
    assert race.stop_button.disabled


def test_gradient_descent_is_the_formula_of_the_lesson(race):
    race.rate.value = 0.01
    totals = raced(race).racers[0].totals
    for before, after in itertools.pairwise(totals):
        assert after / before == pytest.approx((1 - 0.01 * 10) ** 2, rel=1e-3)


def test_adam_moves_by_its_rate_and_lbfgs_needs_none(race, wish):
    race.adam_rate.value = 0.05
    race.evaluations.value = 5
    _, adam, lbfgs = raced(race).racers
    start = wish.made[0][0]
    moved = (adam.picture - start).abs()  # after four moves, each at most about 0.05
    assert 0.1 < moved.max() < 0.25
    assert lbfgs.totals[-1] < 1e-4 * lbfgs.totals[0]  # on a sphere the second pair already knows everything


def test_every_choice_reaches_the_race(race, wish):
    race.content.label, race.style_picture.label = "flower", "Hokusai's Poppies"
    race.network.value, race.start_from.value, race.size.value = "vgg16", "noise", 80
    race.rate.value, race.adam_rate.value = 0.01, 0.1
    raced(race)
    content, style, settings = wish.made[0]
    assert min(content.shape[-2:]) == min(style.shape[-2:]) == 80
    assert (settings.network, settings.start) == ("vgg16", "noise")
    assert [racer.name for racer in race.racers] == ["gradient descent, 0.01", "Adam, 0.1", "L-BFGS"]
    noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(settings.seed))
    assert race.racers[0].totals[0] == pytest.approx(5 * (noise - 0.25).square().sum().item(), rel=1e-4)


def test_words_tell_who_is_ahead_and_with_what(race):
    raced(race)
    best = min(race.racers, key=lambda racer: racer.totals[-1])
    assert f"After 10 evaluations each, {best.name} is ahead with a total of {best.totals[-1]:.3g}" in race.words()
    assert html.escape(race.words()) in race.status.value


def test_a_change_of_the_lead_is_told(race):
    race.racers = [Racer("a", iter(()), torch.zeros(1)), Racer("b", iter(()), torch.zeros(1))]
    for evaluation, totals in enumerate(((9.0, 9.0), (5.0, 6.0), (4.0, 3.0), (3.0, 2.0)), 1):
        for racer, total in zip(race.racers, totals, strict=True):
            racer.keep((total, racer.picture))
        race.passed(evaluation)
    assert "B took the lead at evaluation 3, from a." in race.words()


def test_a_rate_that_diverges_is_told_and_the_others_go_on():
    race = small(Quadratic(1e6), 20)
    race.rate.value = 1.0
    raced(race)
    broken = len(race.racers[0].totals) + 1
    assert 2 < broken < 10
    assert race.racers[0].picture.isfinite().all()
    sentence = f"Gradient descent, 1 left the finite numbers at evaluation {broken}: a smaller rate helps."
    assert sentence in race.status.value
    assert race.chart.notes == [f"left at evaluation {broken}", "", ""]
    assert [len(racer.totals) for racer in race.racers[1:]] == [20, 20]
    assert "is ahead" in race.words()
    assert "gradient descent, 1 is ahead" not in race.words()
    assert race.chart.up == "total (cut off at 10 times the start)"
    assert race.chart.ceiling == pytest.approx(10 * race.racers[0].totals[0])
    assert len(points(race.chart, race.racers[0].name)) == broken - 1
    for moment in race.chart.moments:  # its last finite picture stays
        assert [len(each) > 0 for each in moment["pictures"]] == [moment["at"] < broken, True, True]


def test_when_nobody_is_left_the_race_ends(wish):
    race = small(lambda *_: lambda picture: {"style a": picture.sum() * math.nan}, 20)
    raced(race)
    assert "Nobody is left." in race.status.value
    assert race.status.value.count("at evaluation 1:") == 3


def test_one_that_climbs_is_told(race):
    race.rate.value = 10**-0.6  # 1 - 0.25 x 10 = -1.5: each step away
    assert "Gradient descent, 0.25 stands higher than it began" in raced(race).words()


def test_each_evaluation_has_its_totals_and_its_pictures_and_the_chart_has_words(race):
    raced(race)
    for racer in race.racers:
        expected = [[number, np.float32(total)] for number, total in enumerate(racer.totals, 1)]
        assert points(race.chart, racer.name) == expected
    assert ats(race.chart) == list(range(1, 11))
    assert all(len(moment["pictures"]) == 3 for moment in race.chart.moments)
    assert race.chart.words == f"Totals. {race.words()}"
    assert (race.chart.until, race.chart.leader, race.chart.up) == (10, "ahead", "total")


def test_the_start_is_seen_before_the_first_evaluation(race, wish):
    wish.may_be_made.clear()
    race.run_button.click()
    assert [line["name"] for line in race.chart.lines] == ["gradient descent, 0.03", "Adam, 0.02", "L-BFGS"]
    ((at, pictures),) = (each.values() for each in race.chart.fresh)
    assert (at, len(set(pictures))) == (0, 1)
    assert "The start" in race.chart.words


def test_stop_keeps_whole_rounds(race, wish):
    stopped_at(race, wish, race.run_button, 8)  # the second evaluation of the third round
    assert wish.evaluated == 8
    assert [len(racer.totals) for racer in race.racers] == [2, 2, 2]
    assert "Stopped. After 2 evaluations" in race.status.value
