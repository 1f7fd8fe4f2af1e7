"""The bug switches: one mistake switched on, the right and the broken program at work side by side, and a quiz."""

import html
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import ipywidgets
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from style_helpers import images
from style_helpers.course import museum
from style_helpers.course.bugs import BUGS
from style_helpers.course.museum import Losses
from style_helpers.panels.chart import Moments
from style_helpers.panels.panel import Panel, Work, handler, picture_choices, readable
from style_helpers.settings import shortened

SIZE = 128  # pixels of the shorter side: with these and 60 evaluations the museum's symptoms were measured
EVALUATIONS = 60
RIGHT, BROKEN = "the right program", "the broken program"
NOISE = ("normal noise",)  # bugs that show only where the descent starts from noise
WIDE = {"description_width": "initial"}
WRAP = {"flex_flow": "row wrap", "align_items": "flex-start"}
HINT = "Choose a bug and press Run; or tick the quiz, press Run, and find out which one it is."
Steps = Iterator[tuple[int, Tensor, Losses]]


@dataclass
class Program:
    """One program on its way: its picture, its losses so far, the work it does, and why it ended early if it did."""

    name: str
    steps: Steps
    picture: Tensor
    losses: list[Losses] = field(default_factory=list)
    operations: float = 0.0  # multiplications and additions so far
    note: str = ""
    ended: bool = False

    def advance(self):
        """One evaluation. What the broken program raises is shown to the learner, not raised again."""
        try:
            with FlopCounterMode(display=False) as counter:
                _, picture, losses = next(self.steps)
        except StopIteration:
            self.ended = True
            return
        except RuntimeError as error:  # how torch reports these mistakes
            self.note = museum.stopped(len(self.losses) + 1, error)
            self.ended = True
            return
        self.operations += counter.get_total_flops()
        self.losses.append(losses)
        if math.isfinite(losses.total):
            self.picture = picture
        else:
            self.note = museum.runaway(len(self.losses), losses.total)
            self.ended = True

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


class BugSwitches(Panel):
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
        look = {"style": WIDE, "layout": {"width": "340px", "max_width": "100%"}}
        self.bug = ipywidgets.Dropdown(options=list(BUGS), description="bug switched on", **look)
        self.quiz = ipywidgets.Checkbox(False, description="hide the name: which bug is this?", indent=False)
        self.content, self.style_choice = picture_choices(**look)
        self.evaluations = ipywidgets.IntSlider(
            EVALUATIONS, 10, 120, 10, description="evaluations of each", continuous_update=False, **look
        )
        self.test_button = _button("Run its test", "Try the test on both programs", self._test_pressed)
        self.answer = ipywidgets.Dropdown(options=list(BUGS), description="my diagnosis", **look)
        self.check_button = _button("Check", "Is the diagnosis right?", self._check_pressed, "primary")
        self.tell_button = _button("Tell me", "Give up, and see which bug it is", self._tell_pressed)
        for control in (self.bug, self.quiz):
            control.observe(self._bug_chosen, "value")

    # What the controls do

    @handler
    def _bug_chosen(self):
        """Another bug, or the quiz begun or left: what was run before belongs to neither."""
        self.let_go()
        self.programs, self._shown_bug, self._hidden = [], None, self.quiz.value
        self._clear()
        self.bug.layout.display = "none" if self.quiz.value else None  # its name would be another bug's
        self._let_answer()
        self.say(HINT)
        if not self.quiz.value:
            self.label.value = _label(self.bug.value)

    @handler
    def _run_pressed(self):
        others = [name for name in BUGS if name != self._shown_bug]
        bug = self._choose(others) if self.quiz.value else self.bug.value
        content, style = (images.load(each.value, SIZE) for each in (self.content, self.style_choice))
        start, evaluations = "noise" if bug in NOISE else "content", self.evaluations.value
        self._shown_bug, self._hidden = bug, self.quiz.value
        programs = [
            Program(name, self._watch(content, style, switched, evaluations, "alexnet", start), content)
            for name, switched in ((RIGHT, None), (BROKEN, bug))
        ]
        self.start(lambda work: self._run(work, programs, shortened(evaluations)))
        self.programs = []
        self._clear()
        if not self._hidden:
            self.label.value = _label(bug)
        self._let_answer()
        self.say("Preparing: AlexNet looks at the two pictures.")

    @handler
    def _test_pressed(self):
        bug = self._shown_bug or self.bug.value
        self.start(lambda work: self._test(work, bug))
        self.say("The test runs on both programs.")

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
        """Both programs in turn, one evaluation each, until neither goes on."""
        try:
            stopped = False
            while not stopped and not all(program.ended for program in programs):
                stopped = not self._round(work, programs)
                with work.page():
                    if work.may_show():
                        self._show(programs, evaluations)
        finally:
            with work.page():
                self._show(programs, evaluations)
                self.chart.end()
                for program in programs:
                    program.steps = iter(())  # the optimisers' memories are let go
        solved = "Which bug is this? Choose your diagnosis and press Check." if self._hidden else "Done."
        with work.page():
            self.say("Stopped." if stopped else solved)

    def _round(self, work: Work, programs: list[Program]) -> bool:
        """One evaluation of each that goes on; False when asked to stop. In the first the networks are loaded too."""
        for program in programs:
            if work.stopping.is_set():
                return False
            if not program.ended:
                program.advance()
        with work.page():
            if work.making:
                work.making, self.programs = False, programs
                self.say("Both programs run, one evaluation each in turn.")
            self._remember(programs)
        return True

    def _test(self, work: Work, bug: str):
        """It cannot be stopped on its way; asked to, the panel lets it go."""
        results = []
        for broken, name in ((True, BROKEN), (False, RIGHT)):
            results.append(f"on {name}: {self._try_test(bug, broken)}")
            work.look()
        with work.page():
            self.say(f"The test for {bug}, {'; '.join(results)}.")

    # What is to be seen

    def _clear(self):
        self.chart.clear()
        for view in (self.label, self.verdict, self.observed):
            view.value = ""
        self.clear_progress()

    def _show(self, programs: Sequence[Program], evaluations: int):
        done = max(len(program.losses) for program in programs)
        self.show_progress(done, evaluations, each=" of each")
        if all(program.ended for program in programs):
            self.progress.value = 1
        self.observed.value = f"<p>{html.escape(compared(*programs))}</p>"
        lines = {
            (name, program.name): [(number, getattr(each, name)) for number, each in enumerate(program.losses, 1)]
            for name in Losses._fields
            for program in programs
        }
        words = " ".join(f"{program.name[0].upper()}{program.name[1:]}: {program.says()}" for program in programs)
        self.chart.show(lines, words, until=evaluations, notes=[program.note for program in programs])

    def _remember(self, programs: Sequence[Program]):
        """The pictures of this evaluation; of a program that ended before it, the last one stays."""
        done = max(1, *(len(program.losses) for program in programs))
        if not all(program.ended for program in programs) or done == 1:
            self.chart.remember(done, [None if program.ended and done > 1 else program.picture for program in programs])


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
