"""The bug switches, with programs that compute nothing real; a few tests let the museum's own programs run."""

import html
import math
import re

import ipywidgets
import numpy as np
import pytest
import torch

from style_helpers import images
from style_helpers.course import museum
from style_helpers.course.bugs import BUGS, Bug
from style_helpers.course.museum import Losses
from style_helpers.panels import bugs as panels_bugs
from style_helpers.panels.bugs import EVALUATIONS, SIZE, BugSwitches, Program, compared
from tests.panels.driving import Fake, idle, inside
from tests.panels.test_chart import ats, points


class FakeMuseum(Fake):
    """museum.watch's manners, and a bug of one's own."""

    def __init__(self):
        super().__init__()
        self.asked, self.evaluations = [], []
        self.fail_with, self.breaks_at, self.totals, self.shape = None, None, None, None

    def watch(self, content, style, bug=None, evaluations=60, network="alexnet", start="content"):
        self.asked.append((content, style, bug, evaluations, network, start))
        return self._steps(content, bug, evaluations)

    def _steps(self, content, bug, evaluations):
        self.make()
        for evaluation in range(1, evaluations + 1):
            self.evaluate()
            if bug is not None and evaluation == self.breaks_at:
                raise self.fail_with
            total = self.totals[evaluation - 1] if bug and self.totals else 10.0 / evaluation
            self.evaluations.append(bug)
            picture = torch.full_like(content, evaluation / evaluations * (0.5 if bug else 1.0))
            if bug and self.shape:
                picture = torch.zeros(self.shape)
            yield evaluation, picture, Losses(total, 0.25 * total, 0.75 * total)

    def try_test(self, bug, broken):
        self.make()
        return f"failed: <{bug}>" if broken else "passed"


@pytest.fixture
def fake():
    return FakeMuseum()


@pytest.fixture
def panel(fake):
    made = BugSwitches(fake.watch, fake.try_test, choose=lambda names: names[-1])
    made.evaluations.value = 10
    yield made
    made.stop()
    fake.let_all_end()
    made.wait()


def ran(panel):
    panel.run_button.click()
    return idle(panel)


def text(*views):
    return html.unescape(" ".join(view.value for view in views))


# One bug switched on


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_shows_its_label_at_once(panel, bug):
    panel.bug.value = bug
    label = html.unescape(panel.label.value)
    for part in (bug, BUGS[bug].mistake, BUGS[bug].wrong, BUGS[bug].right, BUGS[bug].symptom, BUGS[bug].test.strip()):
        assert part in label
    assert not panel.working
    assert panel._answering.layout.display == "none"


def test_both_programs_run_on_the_same_two_pictures_one_evaluation_each_in_turn(panel, fake):
    panel.bug.value = "swapped channels"
    panel.content.label, panel.style_choice.label = "flower", "Hokusai's Poppies"
    ran(panel)
    assert [each[2:] for each in fake.asked] == [
        (None, 10, "alexnet", "content"),
        ("swapped channels", 10, "alexnet", "content"),
    ]
    for content, style, *_ in fake.asked:
        assert torch.equal(content, images.load(images.CONTENT / "flower.jpg", SIZE))
        assert torch.equal(style, images.load(images.STYLE / "hokusai-poppies.jpg", SIZE))
    assert fake.evaluations == [None, "swapped channels"] * 10
    assert "All evaluations are done." in panel.status.value
    assert panel.stop_button.disabled
    assert panel.progress.value == 1


def test_noise_is_compared_with_noise(panel, fake):
    panel.bug.value = "normal noise"
    ran(panel)
    assert [each[5] for each in fake.asked] == ["noise", "noise"]


def test_pictures_and_curves_say_what_came(panel, fake):
    fake.totals = [20.0, *[2000.0] * 9]
    ran(panel)
    right, broken = "the right program: total 10 -> 1", "the broken program: total 20 -> 2,000"
    assert panel.chart.words.lower() == f"{right} in 10 evaluations. {broken} in 10 evaluations."
    assert panel.chart.notes == ["", ""]
    assert "differ by 0.5 on average" in panel.observed.value
    assert ats(panel.chart) == list(range(1, 11))
    for kind, share in (("total", 1), ("content", 0.25), ("style", 0.75)):
        totals = [[number, np.float32(share * 10 / number)] for number in range(1, 11)]
        assert points(panel.chart, "the right program", kind) == totals
        assert points(panel.chart, "the broken program", kind)[:2] == [[1, 20 * share], [2, 2000 * share]]


def test_a_program_that_stops_shows_its_message_and_the_other_goes_on(panel, fake):
    fake.breaks_at, fake.fail_with = 1, RuntimeError("The size of <tensor> a (4) must match. Long story.")
    ran(panel)
    note = "Evaluation 1 stops with RuntimeError: The size of <tensor> a (4) must match."
    assert panel.chart.notes == ["", note]
    assert f"The broken program: {note}" in panel.chart.words
    assert [len(each["pictures"][1]) > 0 for each in panel.chart.moments] == [True] + [False] * 9  # its photo
    assert len(fake.evaluations) == 10
    assert "All evaluations are done." in panel.status.value
    assert points(panel.chart, "the broken program", "total") == []


def test_an_error_halfway_keeps_what_came_before(panel, fake):
    fake.breaks_at, fake.fail_with = 4, RuntimeError("second time")
    ran(panel)
    assert "in 3 evaluations. Evaluation 4 stops with RuntimeError: second time." in panel.chart.words
    assert [len(each["pictures"][1]) > 0 for each in panel.chart.moments] == [True] * 3 + [False] * 7
    assert fake.evaluations.count(None) == 10


def test_a_total_that_is_no_number_ends_the_program_with_its_last_finite_picture(panel, fake):
    fake.totals = [5.0, 500.0, float("nan"), *[1.0] * 7]
    ran(panel)
    assert "total 5 -> 500 in 3 evaluations. Evaluation 3 gives a total of nan." in panel.chart.words
    assert panel.chart.notes[1].startswith("Evaluation 3 gives a total of nan.")
    assert fake.evaluations.count("grey photo") == 3
    assert torch.equal(panel.programs[1].picture, torch.full_like(panel.programs[1].picture, 0.1))
    assert math.isnan(points(panel.chart, "the broken program", "total")[2][1])


def test_pictures_of_another_size_are_compared_by_their_size(panel, fake):
    fake.shape = (1, 3, 50, 50)
    ran(panel)
    assert "the broken one 50 x 50 pixels" in panel.observed.value


def program(value, operations=0.0):
    return Program("p", iter(()), torch.full((1, 3, 2, 2), value), losses=[Losses(1, 1, 1)] * 2, operations=operations)


def test_what_is_compared_in_words():
    assert compared(program(0.5), program(0.5)) == "The two pictures are the same, number for number."
    more = compared(program(0.5, 2e8), program(0.5, 2.82e8))
    assert more.endswith("Work of one evaluation: 100 million operations, the broken program 41 % more.")
    assert compared(program(0.5, 2e8), program(0.25, 2e8)).endswith("the broken program as much.")
    assert compared(program(0.5, 2e8), program(0.25, 1e8)).endswith("the broken program 50 % less.")


def test_another_bug_lets_go_of_what_runs(panel, fake):
    fake.free = False
    panel.run_button.click()
    fake.reach(4)
    panel.bug.value = "0 to 255"
    assert not panel.working
    fake.grant()
    panel.wait()
    assert len(fake.evaluations) == 4
    assert panel.chart.lines == panel.chart.moments == []
    assert "Choose a bug and press Run" in panel.status.value


def test_another_bug_ends_the_run_and_clears_what_was_seen(panel, fake):
    ran(panel)
    panel.bug.value = "0 to 255"
    assert panel.chart.lines == panel.chart.moments == []
    assert panel.observed.value == ""


def test_the_test_is_run_on_both_programs(panel):
    panel.bug.value = "no zero_grad"
    panel.test_button.click()
    idle(panel)
    assert text(panel.status).endswith(
        "The test for no zero_grad, on the broken program: failed: <no zero_grad>; on the right program: passed.</div>"
    )
    assert "<no" not in panel.status.value
    assert panel.stop_button.disabled


def test_a_label_is_escaped(panel, monkeypatch):
    monkeypatch.setitem(BUGS, "grey photo", Bug("grey photo", *["<script>"] * 5))
    panel.bug.value = "0 to 255"
    panel.bug.value = "grey photo"
    assert panel.label.value.count("&lt;script&gt;") == 5
    assert "<script>" not in panel.label.value


# The quiz


def everything(panel):
    return text(*(each for each in inside(panel) if isinstance(each, ipywidgets.HTML | ipywidgets.Label)))


def test_the_quiz_does_not_tell_the_name(panel, fake):
    panel.quiz.value = True
    assert panel.bug.layout.display == "none"
    assert panel.check_button.disabled  # there is nothing to answer yet
    ran(panel)
    hidden = [*BUGS][-1]
    assert fake.asked[-1][2] == hidden
    shown = everything(panel) + str(panel.chart.recorded())
    for secret in (hidden, BUGS[hidden].mistake, BUGS[hidden].symptom, BUGS[hidden].wrong):
        assert secret not in shown
    assert not panel.check_button.disabled
    assert panel.test_button.disabled  # its sentence would tell
    assert panel._answering.layout.display == ""


def test_a_wrong_diagnosis_gets_evidence_and_not_the_answer(panel):
    panel.quiz.value = True
    ran(panel)
    panel.answer.value = "0 to 255"
    panel.check_button.click()
    verdict = text(panel.verdict)
    assert "Not 0 to 255: with that bug you would see this." in verdict
    assert BUGS["0 to 255"].symptom in verdict
    assert [*BUGS][-1] not in everything(panel)
    assert not panel.check_button.disabled


def test_the_right_diagnosis_shows_the_label(panel):
    panel.quiz.value = True
    ran(panel)
    hidden = panel.answer.value = [*BUGS][-1]
    panel.check_button.click()
    assert f"Right: {hidden}. {BUGS[hidden].mistake} The evidence: {BUGS[hidden].symptom}" in text(panel.verdict)
    assert BUGS[hidden].test.strip() in text(panel.label)
    assert panel.check_button.disabled
    assert not panel.test_button.disabled
    panel.test_button.click()
    idle(panel)
    assert f"The test for {hidden}" in panel.status.value


def test_giving_up_tells_it(panel):
    panel.quiz.value = True
    ran(panel)
    panel.tell_button.click()
    assert f"It was {[*BUGS][-1]}." in text(panel.verdict)
    assert panel.tell_button.disabled


def test_the_next_question_is_another_bug(fake):
    offered = []

    def choose(names):
        offered.append(list(names))
        return names[0]

    panel = BugSwitches(fake.watch, fake.try_test, choose)
    panel.evaluations.value = 10
    panel.quiz.value = True
    ran(panel)
    ran(panel)
    first, second, *_ = BUGS
    assert [fake.asked[1][2], fake.asked[3][2]] == [first, second]
    assert offered[0] == list(BUGS)
    assert first not in offered[1]


def test_leaving_the_quiz_shows_the_chosen_bug_again(panel):
    panel.quiz.value = True
    ran(panel)
    panel.quiz.value = False
    assert panel.bug.layout.display is None
    assert "grey photo" in panel.label.value
    assert panel.chart.lines == []
    assert panel.verdict.value == ""


# With the museum's own programs


def short(bug, evaluations=10):
    panel = BugSwitches()
    panel.bug.value, panel.evaluations.value = bug, evaluations
    return ran(panel)


def test_the_alpha_channel_for_real():
    panel = short("alpha channel")
    assert "Evaluation 1 stops with RuntimeError: The size of tensor a (4) must match" in panel.chart.notes[1]
    assert len(points(panel.chart, "the right program", "total")) == 10
    assert "All evaluations are done." in panel.status.value


def test_work_that_nobody_sees_is_counted_for_real():
    panel = short("trainable weights")
    assert "The two pictures are the same, number for number." in panel.observed.value
    assert re.search(r"the broken program [34]\d % more", panel.observed.value)


def test_the_panel_runs_what_an_exhibit_runs():
    panel = short("weight squared")
    content, style = (images.load(each.value, SIZE) for each in (panel.content, panel.style_choice))
    exhibit = museum.exhibit(content, style, "weight squared", 10)
    assert [each.total for each in panel.programs[1].losses] == pytest.approx(exhibit.totals, rel=1e-3)
    assert panel.programs[1].millions == pytest.approx(exhibit.work)


def test_the_usual_run_is_that_of_the_museums_symptoms():
    assert (BugSwitches().evaluations.value, SIZE, EVALUATIONS) == (60, 128, 60)
    assert set(panels_bugs.NOISE) <= set(BUGS)
