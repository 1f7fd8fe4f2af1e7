"""The tug of war, driven as a browser would drive it, with a run and gradients whose answers are known."""

import functools
import re
import threading
import xml.etree.ElementTree as ElementTree
from types import MappingProxyType

import pytest
import torch

from style_helpers import transfer
from style_helpers.panels import tug
from style_helpers.panels.tug import MOMENTS, TugOfWar, coloured, kept_moments, way, who
from tests.panels.driving import Fake, click_at_once, idle, stopped_at


class Rope(Fake):
    """A run that changes nothing; the style pulls `across` and against the content, harder on the left half."""

    def __init__(self, fail_at=None, turn=0.0):
        super().__init__()
        self.fail_at, self.turn, self.made = fail_at, turn, []

    def __call__(self, content, style, settings):
        self.make()
        self.made.append((content, style, settings))
        return self.steps(content, settings.evaluations), self.pulls

    def steps(self, content, evaluations):
        for evaluation in range(1, evaluations + 1):
            if evaluation == self.fail_at:
                raise ValueError("The <rope> is torn.")
            self.evaluate()
            losses = transfer.Losses(MappingProxyType({"style a": 1.0}))
            self.evaluation = evaluation
            yield transfer.Step(evaluation, 64, 0.0, losses, content)

    def pulls(self, picture):
        red, green, _ = torch.eye(3)[:, None, :, None, None]
        ones = torch.ones_like(picture)
        ones[..., : picture.shape[-1] // 2] = 3
        content = 0 * picture if self.evaluation == 1 else red * torch.ones_like(picture)
        return content, (-red + self.turn * green) * ones


def small(rope, evaluations=20):
    panel = TugOfWar(rope)
    panel.size.value, panel.evaluations.value, panel.weight.value = 64, evaluations, 1.0
    return panel


def pulled(panel):
    panel.run_button.click()
    return idle(panel)


@pytest.fixture
def rope():
    return Rope()


@pytest.fixture
def panel(rope):
    made = small(rope)
    yield made
    made.stop()
    rope.let_all_end()
    made.wait()


def test_a_run_keeps_moments_and_shows_the_last(panel):
    pulled(panel)
    kept = [moment.evaluation for moment in panel.moments]
    assert kept == sorted(kept_moments(20))
    assert [label for label, _ in panel.moment.options] == [str(evaluation) for evaluation in kept]
    assert not panel.moment.disabled
    assert "Evaluation 20, style weight 1" in panel.words.value
    assert panel.progress.value == 1
    assert panel.time_left.value == "evaluation 20 of 20"
    assert f"{len(kept)} moments are kept" in panel.status.value
    assert panel.stop_button.disabled


@pytest.mark.parametrize("evaluations", [10, 40, 240])
def test_few_moments_are_kept_the_first_and_the_last_among_them(evaluations):
    kept = kept_moments(evaluations)
    assert {1, 2, 3, evaluations} <= kept
    assert len(kept) <= MOMENTS + 2
    assert max(kept) == evaluations


def test_every_choice_reaches_the_run(panel, rope):
    panel.content.label, panel.style_picture.label = "flower", "hokusai-poppies"
    panel.network.value, panel.size.value, panel.evaluations.value = "vgg16", 80, 10
    panel.weight.value = 10.0
    pulled(panel)
    content, style, settings = rope.made[0]
    assert min(content.shape[-2:]) == min(style.shape[-2:]) == 80
    assert (settings.network, settings.evaluations, settings.style_weight) == ("vgg16", 10, 10.0)
    assert settings.precision == "fp32"


def test_the_words_are_the_numbers(panel):
    pulled(panel)
    _, _, height, width = panel.moments[-1].picture.shape
    length = (height * width) ** 0.5
    assert f"the content gradient is {length:.3g} long, the style gradient {length * 5**0.5:.3g}" in panel.words.value
    assert "The style pulls 2.2 times as hard." in panel.words.value
    assert f"The style pulls harder at {width // 2 / width:.0%} of the pixels." in panel.words.value
    assert "they pull partly against each other" in panel.words.value  # -2 / sqrt(5) = -0.89
    assert "cosine is -0.89 (an angle of 153 degrees)" in panel.words.value


def test_the_weight_acts_at_once_on_the_length_and_not_on_the_angle(panel, rope):
    pulled(panel)
    before = panel.views["style pulls"].value
    panel.weight.value = 0.1
    assert panel.views["style pulls"].value != before
    assert "style weight 0.1" in panel.words.value
    assert "The content pulls 4.5 times as hard." in panel.words.value
    assert "cosine is -0.89" in panel.words.value
    assert "The run itself was made with style weight 1." in panel.words.value
    assert len(rope.made) == 1
    panel.weight.value = 1.0
    assert "The run itself" not in panel.words.value


def test_the_scrubber_goes_back_to_where_there_is_no_angle(panel):
    pulled(panel)
    panel.moment.value = 0
    assert "evaluation 1" in panel.views["picture"].value
    assert "The style pulls alone." in panel.words.value
    assert "there is no angle" in panel.words.value
    assert "at 0% of the pixels the two pull against" in panel.views["cosine of the angle"].value


def test_a_right_angle(panel, rope):
    rope.turn = 100.0
    assert "they pull about at a right angle" in pulled(panel).words.value


def test_maps_have_alt_texts_with_numbers(panel):
    pulled(panel)
    assert "at 100% of the pixels the two pull against each other" in panel.views["cosine of the angle"].value
    assert "from 1.0e+00 to 3.0e+00, 2.0e+00 in the mean" in panel.views["style pulls"].value
    for view in panel.views.values():
        assert re.search('alt="[^"]+"', view.value)
    scale = ElementTree.fromstring(panel.scale.value)
    assert "-1 against" in scale.attrib["aria-label"]
    assert ">+1 along</text>" in panel.scale.value


def test_colours_of_the_cosine():
    row = coloured(torch.tensor([[-1.0, 0.0, 1.0]]))
    assert [row.getpixel((column, 0)) for column in range(3)] == [tug.AGAINST, tug.ACROSS, tug.ALONG]


def test_towards_which_colour_each_pulls(panel):
    assert panel._more.layout.display == "none"
    panel.colours.value = True
    pulled(panel)
    assert panel._more.layout.display is None
    assert "it pulls red down" in panel.towards["content pulls towards"].value  # minus the gradient
    assert "it pulls red up" in panel.towards["style pulls towards"].value
    panel.colours.value = False
    assert panel._more.layout.display == "none"


@pytest.mark.parametrize(
    ("content", "style", "words"),
    [
        (0, 0, "Nobody pulls."),
        (1, 0, "The content pulls alone."),
        (1, 1.01, "Both pull about equally hard."),
        (1, 2, "The style pulls 2.0 times as hard."),
        (2000, 1, "The content pulls 2,000 times as hard."),
    ],
)
def test_who_pulls_harder(content, style, words):
    assert who(content, style) == words


@pytest.mark.parametrize(
    ("cosine", "words"),
    [
        (-0.95, "they pull against each other"),
        (-0.5, "they pull partly against each other"),
        (0.0, "they pull about at a right angle"),
        (0.5, "they pull partly the same way"),
        (1.0, "they pull the same way"),
    ],
)
def test_the_cosine_in_words(cosine, words):
    assert way(cosine) == words


def test_moving_controls_before_the_first_run_changes_nothing(panel):
    panel.weight.value = 10.0
    panel.colours.value = True
    assert panel.words.value == ""
    with pytest.raises(ValueError, match="press Run first"):
        panel.still()


def test_stop_ends_after_the_evaluation_and_the_moments_stay(panel, rope):
    stopped_at(panel, rope, panel.run_button, 4)
    assert "Stopped: 3 moments are kept." in panel.status.value
    assert len(panel.moment.options) == 3
    assert rope.evaluation == 4
    assert panel.stop_button.disabled
    panel.moment.value = 0
    assert "Evaluation 1," in panel.words.value


def test_while_the_next_run_is_made_the_moments_can_be_looked_at(panel, rope):
    pulled(panel)
    rope.may_be_made.clear()
    panel.run_button.click()
    panel.moment.value = 0
    assert "Evaluation 1," in panel.words.value


@pytest.mark.parametrize("fail_at", [1, 5])
def test_an_error_is_one_escaped_sentence_and_the_panel_stays_usable(fail_at):
    rope = Rope(fail_at=fail_at)
    panel = pulled(small(rope))
    assert 'role="alert"' in panel.status.value
    assert "The &lt;rope&gt; is torn." in panel.status.value
    assert panel.stop_button.disabled
    rope.fail_at = None
    assert "The run is over" in pulled(panel).status.value


def test_a_run_that_cannot_begin_is_one_sentence():
    def begin(*_):
        raise ValueError("There is no memory.")

    assert "There is no memory." in pulled(small(begin)).status.value


def test_handlers_may_come_on_any_thread_while_it_runs(panel, rope):
    rope.free = False
    panel.run_button.click()
    rope.reach(4)

    def move(weight):
        panel.weight.value = weight
        panel.moment.value = 0

    moves = [functools.partial(move, 10.0**power) for power in (-1, 0, 1, 2)]
    rope.free = True
    click_at_once([*moves, *(panel.stop_button.click, panel.run_button.click) * 3, rope.grant])
    panel.stop_button.click()
    idle(panel)
    assert 'role="alert"' not in panel.status.value


def test_many_runs_leave_no_thread(panel):
    pulled(panel)
    before = threading.active_count()
    for number in range(20):
        panel.run_button.click()
        if number % 2:
            panel.stop_button.click()
        idle(panel)
    assert threading.active_count() == before


def test_still(panel):
    still = pulled(panel).still()
    assert still.width > 400
    colours = still.convert("RGB").getcolors(256)
    assert len(colours) > 10


def test_unweighted_gradients_add_up_to_the_gradient_of_the_total(monkeypatch):
    from style_helpers.settings import Settings

    class Objective:
        def __init__(self, network, content, style, settings):
            self.content, self.settings, self.weight = content, settings, settings.style_weight

        def __call__(self, picture):
            return {"style a": self.weight * picture.square().sum(), "content b": picture.sum(), "pixel range": 0.0}

    monkeypatch.setattr(tug, "StyleObjective", Objective)
    monkeypatch.setattr(tug.networks, "load", lambda name: name)
    monkeypatch.setattr(tug.transfer, "Run", lambda objective: [])
    picture = torch.rand(1, 3, 4, 4)
    _, pulls = tug.begin(picture, picture, Settings.gatys(style_weight=7.0))
    of_content, of_style = pulls(picture)
    torch.testing.assert_close(of_content, torch.ones_like(picture))
    torch.testing.assert_close(of_style, 2 * picture)
    assert not picture.requires_grad
