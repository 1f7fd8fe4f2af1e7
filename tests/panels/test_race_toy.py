"""The Python half of the two pixels; what the hand does to them is tested in a browser."""

import json

import numpy as np
import pytest
import traitlets

from style_helpers.panels.race_toy import DIRECTIONS, FAR, ContourToy


def parts(toy):
    """How far each point of its walk is from the lowest one, along the valley and across it, (steps + 1, 2)."""
    return (toy.walk() - toy.lowest) @ DIRECTIONS.T


@pytest.mark.parametrize("rate", [0.003, 0.027, 0.037])
def test_gradient_descent_leaves_of_each_part_what_its_curvature_says(rate):
    toy = ContourToy(rate=rate, condition=20, steps=12, start=[0.2, 0.7])
    left = (1 - rate * toy.curvatures) ** np.arange(13)[:, None]
    np.testing.assert_allclose(parts(toy), left * parts(toy)[0], rtol=1e-9)


def test_the_bound_is_where_the_walk_across_stops_shrinking():
    for factor, shrinks in ((0.99, True), (1.01, False)):
        across = abs(parts(ContourToy(rate=factor * ContourToy().bound, steps=100))[:, 1])
        assert (across[-1] < across[0]) == shrinks


def test_adam_moves_by_its_rate_and_lbfgs_arrives_in_the_narrowest_valley_without_one():
    first = np.diff(ContourToy(optimiser="Adam", rate=0.05, steps=1).walk(), axis=0)
    np.testing.assert_allclose(abs(first), 0.05, rtol=1e-6)
    walks = [ContourToy(optimiser="L-BFGS", condition=1000, rate=rate).walk() for rate in (1e-4, 1)]
    np.testing.assert_array_equal(*walks)
    np.testing.assert_allclose(walks[0][-1], ContourToy().lowest, atol=1e-6)


def test_a_walk_that_leaves_for_good_ends_early():
    toy = ContourToy(rate=1, steps=100)
    assert len(toy.walk()) < 10
    assert abs(toy.walk()[-2]).max() < FAR < abs(toy.walk()[-1]).max()
    assert len(ContourToy(steps=0).walk()) == 1


@pytest.mark.parametrize(
    "given", [{"rate": 0}, {"condition": 0.5}, {"steps": 101}, {"start": [0.5, 1.2]}, {"optimiser": "Newton"}]
)
def test_what_the_map_and_the_tracks_cannot_show_is_refused(given):
    with pytest.raises(traitlets.TraitError):
        ContourToy(**given)


def test_a_page_gets_all_that_it_shows_and_where_its_button_leads_back_to():
    toy = ContourToy(rate=0.01)
    toy.rate, toy.start = 0.02, [0.1, 0.2]
    recorded = json.loads(json.dumps(toy.recorded()))
    assert (recorded["rate"], recorded["start"], recorded["lowest"]) == (0.02, [0.1, 0.2], [0.45, 0.5])
    assert recorded["at_first"] == {
        "optimiser": "gradient descent", "rate": 0.01, "condition": 10, "steps": 30, "start": [0.9, 0.65],
    }  # fmt: skip
