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
from style_helpers.panels.chart import Moments
from style_helpers.panels.panel import NAMED, WRAP, Work, handler, readable, two_choices
from style_helpers.panels.side_by_side import Descent, SideBySide
from style_helpers.settings import shortened

SIZE = 128  # pixels of the shorter side: with these and 60 evaluations the museum's symptoms were measured
EVALUATIONS = 60
RIGHT, BROKEN = "the right program", "the broken program"
NOISE = ("normal noise",)  # bugs that show only where the descent starts from noise
LOOK = {"style": NAMED, "layout": {"width": "340px", "max_width": "100%"}}
HINT = "Choose a bug and press Run; or tick the quiz, press Run, and find out which one it is."


@dataclass
class Program(Descent):
    """One program on its way: its losses so far, and the work it does."""

    losses: list[Losses] = field(default_factory=list)
    operations: float = 0.0  # multiplications and additions so far

    def evaluate(self) -> tuple[Tensor, Losses] | RuntimeError:
        """What the broken program raises is shown to the learner, not raised again."""
        try:
            with FlopCounterMode(display=False) as counter:
                _, picture, losses = next(self.steps)
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
        parts = []
        if finite:
            parts = [f"total {readable(finite[0])} -> {readable(finite[-1])} in {len(self.losses)} evaluations."]
        return " ".join(filter(None, [*parts, self.note])) or "has not begun."


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
        super().__init__(tooltip="Run both programs")
        self._watch, self._try_test, self._choose = watch, try_test, choose
        self.programs: list[Program] = []
        self._shown_bug: str | None = None  # what was run last
        self._hidden = False
        self._make_controls()
        self.chart = Moments(up="weighted", width=300)
        self.label, self.verdict, self.observed = (ipywidgets.HTML() for _ in range(3))
        self._answering = ipywidgets.HBox([self.answer, self.check_button, self.tell_button], layout=WRAP)
        self.children = [
            ipywidgets.HBox([self.bug, self.quiz], layout=WRAP),
            ipywidgets.HBox([self.content, self.style_choice, self.evaluations], layout=WRAP),
            ipywidgets.HBox([self.bar, self.test_button], layout=WRAP),
            self.status, self._answering, self.verdict, self.chart, self.observed, self.label,
        ]  # fmt: skip
        self._bug_chosen()

    def _make_controls(self):
        self.bug = ipywidgets.Dropdown(options=list(BUGS), description="bug switched on", **LOOK)
        self.quiz = ipywidgets.Checkbox(False, description="hide the name: which bug is this?", indent=False)
        self.content, self.style_choice = two_choices(**LOOK)
        self.evaluations = ipywidgets.IntSlider(
            EVALUATIONS, 10, 120, 10, description="evaluations of each", continuous_update=False, **LOOK
        )
        self.test_button = _button("Run its test", "Try the test on both programs", self._test_pressed)
        self.answer = ipywidgets.Dropdown(options=list(BUGS), description="my diagnosis", **LOOK)
        self.check_button = _button("Check", "Is the diagnosis right?", self._check_pressed, "primary")
        self.tell_button = _button("Tell me", "Give up, and see which bug it is", self._tell_pressed)
        for control in (self.bug, self.quiz):
            control.observe(self._bug_chosen, "value")

    # What the controls do

    @handler
    def _bug_chosen(self):
        """Another bug, or the quiz begun or left: what was run before belongs to neither."""
        ended = "The run before is let go. " if self.working else ""
        self.let_go()
        self.progress.value, self.time_left.value = 0, ""
        self.bug.layout.display = "none" if self.quiz.value else None  # its name would be another bug's
        self._begin(None)
        self.say(ended + HINT)

    @handler
    def _run_pressed(self):
        others = [name for name in BUGS if name != self._shown_bug]
        bug = self._choose(others) if self.quiz.value else self.bug.value
        content, style = (images.load(each.value, SIZE) for each in (self.content, self.style_choice))
        start, evaluations = "noise" if bug in NOISE else "content", self.evaluations.value
        programs = [
            Program(name, self._watch(content, style, switched, evaluations, "alexnet", start), content)
            for name, switched in ((RIGHT, None), (BROKEN, bug))
        ]
        do = functools.partial(self._run, programs=programs, evaluations=shortened(evaluations))
        self.start(do, "Preparing: AlexNet looks at the two pictures.")
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
        self.start(lambda work: self._test(work, bug), "The test runs on both programs.")

    @handler
    def _check_pressed(self):
        answer, bug = self.answer.value, self._shown_bug
        if answer == bug:
            self._reveal("Solved.", f"Right: {bug}. {BUGS[bug].mistake} The evidence: {BUGS[bug].symptom}")
            return
        evidence = f"Not {answer}: with that bug you would see this. {BUGS[answer].symptom} Compare, and try again."
        self._give_verdict("Not yet.", evidence)

    @handler
    def _tell_pressed(self):
        bug = BUGS[self._shown_bug]
        self._reveal("The answer.", f"It was {bug.name}. {bug.mistake} The evidence: {bug.symptom}")

    def _reveal(self, heading: str, sentence: str):
        self._hidden = False
        self._give_verdict(heading, sentence)
        self.say("Run again for another bug, or switch the quiz off.")
        self.label.value = _label(self._shown_bug)
        self._let_answer()

    def _give_verdict(self, heading: str, sentence: str):
        self.verdict.value = f'<div role="status"><b>{heading}</b> {html.escape(sentence)}</div>'

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
        ended = self.take_turns(work, programs, evaluations, "Both programs run, one evaluation each in turn.")
        with work.page():
            asks = self._hidden and ended != "Stopped."
            self.say("Which bug is this? Choose your diagnosis and press Check." if asks else ended)

    def _test(self, work: Work, bug: str):
        """It cannot be stopped on its way; asked to, the panel lets it go."""
        results = []
        for broken, name in ((True, BROKEN), (False, RIGHT)):
            results.append(f"on {name}: {self._try_test(bug, broken)}")
            work.look()
        with work.page():
            self.say(f"The test for {bug}, {'; '.join(results)}.")

    # What is to be seen

    def show(self, programs: Sequence[Program], evaluations: int):
        self.observed.value = f"<p>{html.escape(compared(*programs))}</p>"
        lines = {
            (name, program.name): [(number, getattr(each, name)) for number, each in enumerate(program.losses, 1)]
            for name in Losses._fields
            for program in programs
        }
        words = " ".join(f"{program.name[0].upper()}{program.name[1:]}: {program.says()}" for program in programs)
        self.chart.show(lines, words, until=evaluations, notes=[program.note for program in programs])


def compared(right: Program, broken: Program) -> str:
    """How far the two pictures and the work of both are apart, in words."""
    sizes = [f"{each.picture.shape[-1]} x {each.picture.shape[-2]} pixels" for each in (right, broken)]
    if right.picture.shape != broken.picture.shape:
        sentence = f"The right picture has {sizes[0]}, the broken one {sizes[1]}."
    else:
        apart = (right.picture - broken.picture).abs().mean().item()
        same = bool((right.picture == broken.picture).all())
        sentence = (
            "The two pictures are the same, number for number."
            if same
            else f"The two pictures differ by {apart:.2g} on average, where black and white differ by 1."
        )
    if right.millions and broken.millions:
        share = 100 * (broken.millions / right.millions - 1)
        more = f"{abs(share):.0f} % {'more' if share > 0 else 'less'}" if abs(share) >= 0.5 else "as much"
        sentence += f" Work of one evaluation: {right.millions:.0f} million operations, the broken program {more}."
    return sentence


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
    return (
        f'<div style="line-height: 1.4; max-width: 800px"><b>{html.escape(name)}:</b> {mistake}<br>'
        f"Wrong:{pre}{wrong}</pre>Right:{pre}{right}</pre><b>The symptom:</b> {symptom}"
        f"<details><summary>The test that would have caught it</summary>{pre}{test}</pre></details></div>"
    )
