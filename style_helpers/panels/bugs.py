"""The bug switches: one mistake switched on, the right and the broken program at work side by side, and a quiz."""

import functools
import html
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import ipywidgets
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from style_helpers import images
from style_helpers.course import museum
from style_helpers.course.bugs import BUGS
from style_helpers.course.museum import Losses
from style_helpers.language import _, sentences
from style_helpers.panels.chart import Moments, term
from style_helpers.panels.panel import (
    NAMED,
    WRAP,
    Work,
    capital,
    colon,
    handler,
    readable,
    two_choices,
)
from style_helpers.panels.side_by_side import Descent, SideBySide
from style_helpers.settings import shortened

SIZE = 128  # pixels of the shorter side: with these and 60 evaluations the museum's symptoms were measured
EVALUATIONS = 60
NOISE = ("normal noise",)  # bugs that show only where the descent starts from noise
LOOK = {"style": NAMED, "layout": {"width": "340px", "max_width": "100%"}}


@dataclass
class Program(Descent):
    """One program on its way: its losses so far, and the work it does."""

    losses: list[Losses] = field(default_factory=list)
    operations: float = 0.0  # multiplications and additions so far

    def evaluate(self) -> tuple[Tensor, Losses] | RuntimeError:
        """What the broken program raises is shown to the learner, not raised again."""
        try:
            with FlopCounterMode(display=False) as counter:
                _number, picture, losses = next(self.steps)
        except RuntimeError as error:  # how torch reports these mistakes
            return error
        self.operations += counter.get_total_flops()
        return picture, losses

    def keep(self, evaluated: tuple[Tensor, Losses] | RuntimeError):
        if isinstance(evaluated, RuntimeError):
            self.note = museum.stopped(len(self.losses) + 1, evaluated)
            return
        picture, losses = evaluated
        self.losses.append(losses)
        if math.isfinite(losses.total):
            self.picture = picture
        else:
            self.note = museum.runaway(len(self.losses), losses.total)

    @property
    def millions(self) -> float:
        """Operations of one evaluation, on average, in millions."""
        return self.operations / 1e6 / max(1, len(self.losses))

    def says(self) -> str:
        """Where it stands, in words."""
        finite = [each.total for each in self.losses if math.isfinite(each.total)]
        if not finite:
            return self.note or _("has not begun.")
        went = _(
            "total {first} -> {last} in {evaluations} evaluations.",
            first=readable(finite[0]),
            last=readable(finite[-1]),
            evaluations=len(self.losses),
        )
        return sentences(went, self.note)


class BugSwitches(SideBySide):
    """A list of bugs with a switch on one of them; both programs run on the same two pictures, with AlexNet.

    With the quiz ticked a random bug is run, and the learner says which it is.

    watch    what runs a program: `museum.watch`'s manners are expected
    try_test what runs a bug's test: `museum.try_test`'s manners
    choose   takes one of several names at random
    """

    def __init__(
        self,
        watch: Callable = museum.watch,
        try_test: Callable = museum.try_test,
        choose: Callable[[Sequence[str]], str] = random.choice,
    ):
        super().__init__(tooltip=_("Run both programs"))
        self._watch, self._try_test, self._choose = watch, try_test, choose
        self.programs: list[Program] = []
        self._shown_bug: str | None = None  # what was run last
        self._hidden = False
        self._make_controls()
        self.chart = Moments(up=_("weighted"), width=300)
        self.label, self.verdict, self.observed = (ipywidgets.HTML() for which in range(3))
        self._answering = ipywidgets.HBox([self.answer, self.check_button, self.tell_button], layout=WRAP)
        self.children = [
            ipywidgets.HBox([self.bug, self.quiz], layout=WRAP),
            ipywidgets.HBox([self.content, self.style_choice, self.evaluations], layout=WRAP),
            ipywidgets.HBox([self.bar, self.test_button], layout=WRAP),
            self.status, self._answering, self.verdict, self.chart, self.observed, self.label,
        ]  # fmt: skip
        self._bug_chosen()

    def _make_controls(self):
        named = [(_(name), name) for name in BUGS]
        self.bug = ipywidgets.Dropdown(options=named, description=_("bug switched on"), **LOOK)
        self.quiz = ipywidgets.Checkbox(False, description=_("hide the name: which bug is this?"), indent=False)
        self.content, self.style_choice = two_choices(**LOOK)
        self.evaluations = ipywidgets.IntSlider(
            EVALUATIONS, 10, 120, 10, description=_("evaluations of each"), continuous_update=False, **LOOK
        )
        self.test_button = _button(_("Run its test"), _("Try the test on both programs"), self._test_pressed)
        self.answer = ipywidgets.Dropdown(options=named, description=_("my diagnosis"), **LOOK)
        self.check_button = _button(_("Check"), _("Is the diagnosis right?"), self._check_pressed, "primary")
        self.tell_button = _button(_("Tell me"), _("Give up, and see which bug it is"), self._tell_pressed)
        for control in (self.bug, self.quiz):
            control.observe(self._bug_chosen, "value")

    # What the controls do

    @handler
    def _bug_chosen(self):
        """Another bug, or the quiz begun or left: what was run before belongs to neither."""
        ended = _("The run before is let go.") if self.working else ""
        self.let_go()
        self.progress.value, self.time_left.value = 0, ""
        self.bug.layout.display = "none" if self.quiz.value else None  # its name would be another bug's
        self._begin(None)
        hint = _("Choose a bug and press Run; or tick the quiz, press Run, and find out which one it is.")
        self.say(sentences(ended, hint))

    @handler
    def _run_pressed(self):
        others = [name for name in BUGS if name != self._shown_bug]
        bug = self._choose(others) if self.quiz.value else self.bug.value
        content, style = (images.load(each.value, SIZE) for each in (self.content, self.style_choice))
        start, evaluations = "noise" if bug in NOISE else "content", self.evaluations.value
        programs = [
            Program(name, self._watch(content, style, switched, evaluations, "alexnet", start), content)
            for name, switched in ((_("the right program"), None), (_("the broken program"), bug))
        ]
        do = functools.partial(self._run, programs=programs, evaluations=shortened(evaluations))
        self.start(do, _("Preparing: AlexNet looks at the two pictures."))
        self._begin(bug)

    def _begin(self, bug: str | None):
        """Nothing is to be seen yet but the label of the bug, run or chosen, unless the quiz hides it."""
        self.programs, self._shown_bug, self._hidden = [], bug, self.quiz.value
        self.chart.clear()
        self.verdict.value = self.observed.value = ""
        self.label.value = "" if self._hidden else _label(bug or self.bug.value)
        self._let_answer()

    @handler
    def _test_pressed(self):
        bug = self._shown_bug or self.bug.value
        self.start(lambda work: self._test(work, bug), _("The test runs on both programs."))

    @handler
    def _check_pressed(self):
        answer, bug = self.answer.value, self._shown_bug
        if answer == bug:
            self._reveal(_("Solved."), sentences(_("Right: {bug}.", bug=_(bug)), *_evidence(bug)))
            return
        not_this = _("Not {bug}: with that bug you would see this.", bug=_(answer))
        evidence = sentences(not_this, BUGS[answer].symptom, _("Compare, and try again."))
        self._give_verdict(_("Not yet."), evidence)

    @handler
    def _tell_pressed(self):
        bug = self._shown_bug
        self._reveal(_("The answer."), sentences(_("It was {bug}.", bug=_(bug)), *_evidence(bug)))

    def _reveal(self, heading: str, sentence: str):
        self._hidden = False
        self._give_verdict(heading, sentence)
        self.say(_("Run again for another bug, or switch the quiz off."))
        self.label.value = _label(self._shown_bug)
        self._let_answer()

    def _give_verdict(self, heading: str, sentence: str):
        said = sentences(f"<b>{heading}</b>", html.escape(sentence))
        self.verdict.value = f'<div role="status">{said}</div>'

    def _let_answer(self):
        """In the quiz answers are possible once something was run, and the test only when the name is known."""
        answering = self._hidden and self._shown_bug is not None
        for control in (self.answer, self.check_button, self.tell_button):
            control.disabled = not answering
        self._answering.layout.display = "" if self.quiz.value else "none"
        self.test_button.disabled = self.working or self._hidden

    def set_working(self, working: bool):
        super().set_working(working)
        self.test_button.disabled = working or self._hidden

    # In the background

    def _run(self, work: Work, programs: list[Program], evaluations: int):
        with work.page():
            self.programs = programs
        said = _("Both programs run, one evaluation each in turn.")
        ended = self.take_turns(work, programs, evaluations, said)
        with work.page():
            asks = self._hidden and not work.stopping.is_set()
            self.say(_("Which bug is this? Choose your diagnosis and press Check.") if asks else ended)

    def _test(self, work: Work, bug: str):
        """It cannot be stopped on its way; asked to, the panel lets it go."""
        results = []
        for broken in (True, False):
            results.append(self._try_test(bug, broken))
            work.look()
        with work.page():
            self.say(
                _(
                    "The test for {bug}, on the broken program: {broken}; on the right program: {right}.",
                    bug=_(bug),
                    broken=results[0],
                    right=results[1],
                )
            )

    # What is to be seen

    def show(self, programs: Sequence[Program], evaluations: int):
        self.observed.value = f"<p>{html.escape(compared(*programs))}</p>"
        lines = {
            (term(name), program.name): [(number, getattr(each, name)) for number, each in enumerate(program.losses, 1)]
            for name in Losses._fields
            for program in programs
        }
        words = sentences(*(colon(capital(program.name), program.says()) for program in programs))
        self.chart.show(lines, words, until=evaluations, notes=[program.note for program in programs])


def compared(right: Program, broken: Program) -> str:
    """How far the two pictures and the work of both are apart, in words."""
    work = _work(right.millions, broken.millions) if right.millions and broken.millions else ""
    return sentences(_apart(right.picture, broken.picture), work)


def _apart(right: Tensor, broken: Tensor) -> str:
    if right.shape != broken.shape:
        sizes = [_("{wide} x {high} pixels", wide=each.shape[-1], high=each.shape[-2]) for each in (right, broken)]
        return _("The right picture has {right}, the broken one {broken}.", right=sizes[0], broken=sizes[1])
    if bool((right == broken).all()):
        return _("The two pictures are the same, number for number.")
    apart = (right - broken).abs().mean().item()
    return _("The two pictures differ by {apart:.2g} on average, where black and white differ by 1.", apart=apart)


def _work(right: float, broken: float) -> str:
    """Millions of operations of one evaluation of each, compared."""
    share = 100 * (broken / right - 1)
    more = _("as much")
    if abs(share) >= 0.5:
        more = _("{share:.0f} % more", share=share) if share > 0 else _("{share:.0f} % less", share=-share)
    return _(
        "Work of one evaluation: {right:.0f} million operations, the broken program {more}.", right=right, more=more
    )


def _evidence(bug: str) -> tuple[str, str]:
    """The mistake, and what shows it."""
    return BUGS[bug].mistake, _("The evidence: {symptom}", symptom=BUGS[bug].symptom)


def _button(text: str, tooltip: str, act: Callable, style: str = "") -> ipywidgets.Button:
    button = ipywidgets.Button(description=text, tooltip=tooltip, button_style=style, layout={"width": "110px"})
    button.on_click(act)
    return button


def _label(name: str) -> str:
    """The exhibit's label: the mistake, both lines of code, the symptom, and the test that would have caught it."""
    bug = BUGS[name]
    mistake, wrong, right, symptom, test = map(
        html.escape, (bug.mistake, bug.wrong, bug.right, bug.symptom, bug.test.strip())
    )
    pre = '<pre tabindex="0" style="margin: 0 0 6px; white-space: pre-wrap">'
    title = _("<b>{name}:</b> {mistake}", name=html.escape(_(name)), mistake=mistake)
    seen = _("<b>The symptom:</b> {symptom}", symptom=symptom)
    of_wrong, of_right, of_test = _("Wrong:"), _("Right:"), _("The test that would have caught it")
    return (
        f'<div style="line-height: 1.4; max-width: 800px">{title}<br>'
        f"{of_wrong}{pre}{wrong}</pre>{of_right}{pre}{right}</pre>{seen}"
        f"<details><summary>{of_test}</summary>{pre}{test}</pre></details></div>"
    )
