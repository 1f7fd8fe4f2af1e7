"""The engine under the checks: call an answer with small inputs, compare, and name the mistake.

If something differs, it names the mistake whose formula gives just those results, in all cases; when none does, it says
what is odd about the result, and what it is of the right one: a multiple, a square, a transpose. A check never raises,
except when nbgrader marks: there an error means no points. What is asked, and which wrong answers are known, is in
`checks`, in English: it is translated here, when it is said.

The inputs are small and lie on the processor, wherever a lesson computes: so an answer gets the same words on every
machine, and one with numbers of its own, as in `torch.tensor([0.485, 0.456, 0.406])`, is right on all of them.
"""

import difflib
import dis
import functools
import html
import inspect
import itertools
import math
import os
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from style_helpers.course.errors import MEANINGS
from style_helpers.course.relations import relation
from style_helpers.language import _, sentences

TOLERANCE = 1e-4  # of the largest number; rounding in float32 stays far below, every mistake in the tables above
LOOKS = {  # passed: sign, kind of line, and a colour of the page's own theme; the word before it alone would do
    True: ("✓", "solid", "--jp-success-color1"),
    False: ("↻", "dashed", "--jp-warn-color1"),
    None: ("…", "dotted", "--jp-info-color1"),
}


@dataclass(frozen=True, repr=False)
class Feedback:
    """What a check says. passed: True, False, or None while the answer is not written yet; message: plain text."""

    passed: bool | None
    message: str

    @property
    def word(self) -> str:
        """The verdict, as it stands before the message."""
        return _("Right: ") if self.passed else _("Not yet: ") if self.passed is None else _("Look again: ")

    def __repr__(self) -> str:
        return f"{self.word}{self.message}"

    def _repr_html_(self) -> str:
        sign, line, colour = LOOKS[self.passed]
        text = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(self.message))
        return (
            f'<div role="status" style="border-left: 0.35em {line} var({colour}, currentColor); padding: 0.4em 0.8em; '
            'margin: 0.3em 0; color: var(--jp-content-font-color1, currentColor); overflow-wrap: anywhere">'
            f'<strong><span aria-hidden="true">{sign}</span> {self.word.rstrip()}</strong> {text}</div>'
        )


# Words in the reader's language


class Together(str):
    """Several phrases of a table in one, which are translated one by one."""

    def __new__(cls, *phrases: str):
        together = super().__new__(cls, " and ".join(phrases))
        together.phrases = phrases
        return together


def _spoken(phrase: str) -> str:
    return several(map(_, phrase.phrases)) if isinstance(phrase, Together) else _(phrase)


def several(phrases: Iterable[str]) -> str:
    """One or more in one breath: "`a` and `b`"."""
    return functools.reduce(lambda some, last: _("{some} and {last}", some=some, last=last), phrases)


# The engine: call, compare, name the mistake


@dataclass(frozen=True)
class Exercise:
    """What is asked, and what is known about it."""

    task: str
    right: Callable
    arguments: tuple[str, ...]  # names; none when the answer is a value and not a function
    mistakes: dict[tuple[str, str], Callable]  # (what it looks like, what to look at next): the wrong formula
    cases: dict[str, Callable[[], tuple]]  # inputs in words: a function that makes them anew, always the same
    look: str  # what to look at when the mistake is none of those
    praise: str
    gradient: bool  # whether the result will be minimised, so that its gradient must be right too
    by_hand: bool  # whether the formula itself is asked, so that autograd must not stand in for it


@dataclass(frozen=True)
class Run:
    """What one call did: its result or its error, and the names of the arguments that it changed."""

    value: object = None
    error: BaseException | None = None
    changed: tuple[str, ...] = ()


def exercise(mistakes: dict, *, cases: dict, look: str, praise: str, gradient: bool = False, by_hand: bool = False):
    """Turns a right solution, whose docstring is the task, into the function that judges a learner's answer."""

    def decorate(right: Callable) -> Callable[[object], Feedback]:
        names = tuple(inspect.signature(right).parameters)
        it = Exercise(right.__doc__, right, names, mistakes, cases, look, praise, gradient, by_hand)

        check = never_raising(lambda answer: _judge(it, answer), look)
        check.__name__ = check.__qualname__ = right.__name__
        check.__doc__, check.exercise = f"Judges an answer to the task: {right.__doc__}.", it
        return check

    return decorate


def never_raising(judge: Callable[[object], Feedback], look: str) -> Callable[[object], Feedback | None]:
    """A check that tells what goes wrong, however strange the answer; `look` says what to look at then.

    nbgrader, which sets NBGRADER_EXECUTION, needs an error or nothing (it takes what it sees for points): only then an
    answer that is not right raises AssertionError.
    """

    def check(answer) -> Feedback | None:
        try:
            feedback = judge(answer)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the strangest objects fail as soon as one looks at them
            told = _("This answer cannot be judged: it gives {error}. {look}", error=_told(error), look=_(look))
            feedback = Feedback(False, told)
        if not os.environ.get("NBGRADER_EXECUTION"):
            return feedback
        if not feedback.passed:
            raise AssertionError(repr(feedback))
        return None

    return check


def _judge(it: Exercise, answer) -> Feedback:
    is_function = it.arguments and answer is not Ellipsis
    if is_function and (problem := _cannot_be_called(it, answer)):
        return Feedback(False, problem)
    call = answer if is_function else lambda *given: answer
    mine = [_run(it, call, make) for make in it.cases.values()]
    if any(_not_written(run) for run in mine):
        return Feedback(None, not_written(it.task, is_function))
    right = [_run(it, it.right, make) for make in it.cases.values()]
    agree = [_alike(*pair, strict=True) for pair in zip(mine, right, strict=True)]
    if all(agree):
        if it.gradient:
            problem = _gradient_problem(it, answer)
        else:
            problem = (_autograd_problem(it, answer) if it.by_hand else "") or _graph_problem(mine)
        return Feedback(not problem, problem or _(it.praise))
    for key, formula in it.mistakes.items():
        wrong = (_run(it, formula, make) for make in it.cases.values())
        if all(_alike(*pair, strict=False) for pair in zip(mine, wrong, strict=True)):
            looks, look_next = map(_spoken, key)
            told = _("This looks like {looks}. {look_next}.", looks=looks, look_next=look_next)
            return Feedback(False, sentences(told, *_seen_in_code(answer)))
    partly = {}
    for key, formula in it.mistakes.items() if len(right) > 3 else ():
        triples = zip(mine, (_run(it, formula, make) for make in it.cases.values()), right, strict=True)
        same = [_alike(a, b, strict=False) for a, b, c in triples if not _alike(b, c, strict=False)]
        partly[len(same) * all(same)] = key
    if max(partly, default=0) > 1:  # the mistake that shows most
        looks, look_next = map(_spoken, partly[max(partly)])
        told = _("This looks like {looks}, and something else. {look_next}.", looks=looks, look_next=look_next)
        return Feedback(False, sentences(told, *_seen_in_code(answer)))
    first = agree.index(False)
    results = [[_tensor_of_bytes(run.value) for run in runs] for runs in (mine, right)]
    given = [dict(zip(it.arguments, make(), strict=True)) for make in it.cases.values()]
    look = relation(*results, given) or _(it.look)
    oddity = _error_or_change(mine[first], answer) or _oddity(it, mine[first].value, right[first].value, look)
    message = sentences(_in_case(it, first, oddity), *_seen_in_code(answer))
    return Feedback(False, message[0].upper() + message[1:])


def not_written(task: str, is_function: bool) -> str:
    """What is said of an answer that nobody has begun yet."""
    if is_function:
        return _(
            "Write your own code in place of `raise NotImplementedError(...)` in the cell above. The task: {task}.",
            task=_(task),
        )
    return _("Write your own code in place of the three dots in the cell above. The task: {task}.", task=_(task))


def _in_case(it: Exercise, first: int, oddity: str) -> str:
    """An oddity with the first case that shows it."""
    if not it.arguments:
        return oddity
    cases = [*map(_, it.cases)]
    if not first:
        return _("With {case}: {oddity}", case=cases[first], oddity=oddity)
    before, case = cases[first - 1 : first + 1]
    return _("It is right with {before}. But with {case}: {oddity}", before=before, case=case, oddity=oddity)


def _run(it: Exercise, function: Callable, make: Callable[[], tuple]) -> Run:
    arguments = make()
    try:
        value = function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # even exit() in an answer must not end the lesson
        return Run(error=error)
    triples = zip(it.arguments, arguments, make(), strict=True)
    return Run(value, changed=tuple(name for name, now, before in triples if not _unchanged(now, before)))


def _unchanged(now, before) -> bool:
    if isinstance(before, Tensor):
        return now.shape == before.shape and now.dtype == before.dtype and torch.equal(now, before)
    if isinstance(before, dict):
        return now.keys() == before.keys() and all(_unchanged(now[key], before[key]) for key in before)
    return now.tobytes() == before.tobytes() if isinstance(before, Image.Image) else now == before


def _alike(mine: Run, other: Run, strict: bool) -> bool:
    return mine.error is None and mine.changed == other.changed and _same(mine.value, other.value, strict)


def _same(mine, right, strict: bool) -> bool:
    """Equal but for rounding; if strict, in the same number type too."""
    if isinstance(right, tuple):
        fits = isinstance(mine, tuple | list) and len(mine) == len(right)
        return fits and all(_same(*pair, strict) for pair in zip(mine, right, strict=True))
    if isinstance(right, str):
        return isinstance(mine, str) and mine == right
    if not isinstance(right, Tensor):
        kind = Integral if strict and isinstance(right, int) else Real
        return isinstance(mine, kind) and math.isclose(mine, right, rel_tol=1e-6)
    mine = _tensor_of_bytes(mine)
    if not isinstance(mine, Tensor) or (mine.shape, mine.device) != (right.shape, right.device) or mine.is_complex():
        return False
    if strict and mine.dtype != right.dtype:
        return False
    mine, right = mine.detach().double(), right.double()
    tolerance = TOLERANCE * right.nan_to_num(0, 0, 0).abs().max().item()
    return torch.allclose(mine, right, rtol=0, atol=tolerance, equal_nan=True)


def _tensor_of_bytes(mine):
    """Bytes for a picture file are as good in NumPy, which has no gradient to lose there."""
    is_bytes = isinstance(mine, np.ndarray) and mine.dtype == np.uint8
    return torch.from_numpy(mine.copy()) if is_bytes else mine


def _gradient(function: Callable, first: Tensor | dict[str, Tensor], *others) -> tuple[Tensor, ...] | None:
    """Of the result by the numbers of the first argument; None where no gradient comes back."""
    leaves = [tensor.requires_grad_() for tensor in (first.values() if isinstance(first, dict) else [first])]
    with torch.enable_grad():
        value = function(first, *others)
    if not value.requires_grad:
        return None
    direction = draw(*value.shape, seed=9)  # not the same for every number, so that a mix-up shows
    return torch.autograd.grad(value, leaves, direction, materialize_grads=True)


# What is odd about an answer, in words


def _cannot_be_called(it: Exercise, answer) -> str:
    if not callable(answer):
        kind = type(answer).__name__
        return _("This is of type {kind}, not a function: give its name alone, as in `my_function`.", kind=kind)
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions have none
        return ""
    try:
        signature.bind(*it.arguments)
    except TypeError:
        takes, given = ", ".join(signature.parameters), ", ".join(it.arguments)
        return _(
            "Your function takes ({takes}), but it is called with ({given}): mend its `def` line.",
            takes=takes,
            given=given,
        )
    return ""


def _not_written(run: Run) -> bool:
    if isinstance(run.error, NotImplementedError):  # torch raises it too, for number types that it cannot compute with
        return not re.search("implemented for|aten::", str(run.error))
    return any(part is Ellipsis for part in (run.value if isinstance(run.value, tuple | list) else [run.value]))


def _told(error: BaseException) -> str:
    try:
        text = _short(" ".join(str(error).split()), 200).rstrip(".")
    except Exception:  # an exception of the learner's own whose text fails
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _short(text: str, longest: int = 40) -> str:
    text = text.encode(errors="replace").decode()  # half a character cannot be sent to the page
    return text if len(text) <= longest else text[:longest] + "…"


def _error_or_change(run: Run, answer) -> str:
    if run.error is not None:
        return _stopped(run.error, answer)
    if not run.changed:
        return ""
    return _(
        "your function changes its argument {names}, which the caller still needs: make a new tensor, without `-=` and "
        "without operations whose names end in `_`.",
        names=several(f"`{name}`" for name in run.changed),
    )


def _stopped(error: BaseException, answer) -> str:
    code = getattr(inspect.unwrap(getattr(answer, "forward", answer)), "__code__", None)
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if code and line.filename == code.co_filename]
    told = _told(error)
    if own and own[-1].line:
        line, code_there = own[-1].lineno, _short(own[-1].line, 100)
        said = _("your function stops in line {line}, `{code}`, with {error}.", line=line, code=code_there, error=told)
    else:
        said = _("your function stops with {error}.", error=told)
    known = [*(code.co_varnames if code else ()), *dir(getattr(error, "obj", None))]
    if near := difflib.get_close_matches(getattr(error, "name", None) or "", known, 1, 0.75):
        return sentences(said, _("Is `{name}` meant?", name=near[0]))
    told += f"\n{type(error).__name__} in {os.path.basename(lines[-1].filename)}" if lines else ""
    meant = (_(each.words) for each in MEANINGS if re.search(each.test, told, re.MULTILINE))
    return sentences(said, next(meant, ""))


def _seen_in_code(answer) -> list[str]:
    """Names what no result shows: a power that is none, a method not called, an argument not used, a global."""
    if not inspect.isfunction(answer):
        return []
    code, steps, found = answer.__code__, list(dis.get_instructions(answer)), []
    if any(step.opname == "BINARY_OP" and step.argrepr == "^" for step in steps):
        found.append(_("Your function computes with `^`: a power is written `**` in Python."))
    for step, following in itertools.pairwise(steps):
        if step.opname == "LOAD_ATTR" and following.opname == "POP_TOP":
            found.append(_("Your function names `{name}` but does not call it: write `{name}()`.", name=step.argval))
    used = re.findall(r"\w+", " ".join(step.argrepr for step in steps if step.opname != "STORE_FAST"))
    if unused := [f"`{name}`" for name in code.co_varnames[: code.co_argcount] if name not in used]:
        found.append(_("Your function never uses {names}.", names=several(unused)))
    names = dict.fromkeys(step.argval for step in steps if step.opname == "LOAD_GLOBAL")
    kinds = Tensor | np.ndarray | Image.Image | Integral | dict
    if others := [f"`{name}`" for name in names if isinstance(answer.__globals__.get(name), kinds)]:
        reads = _(
            "Your function reads {names} from another cell: should that come from its arguments?", names=several(others)
        )
        found.append(reads)
    return found


def _oddity(it: Exercise, mine, right, look: str, name: str = "") -> str:
    """The first thing about a result that differs from the right one."""
    name = name or _("your result")
    if mine is None:
        if it.arguments:
            return _("{name} is None: is `return` missing?", name=name)
        return _("{name} is None. {look}", name=name, look=look)
    if isinstance(right, tuple):
        if problem := _no_parts(mine, right, look, name):
            return problem
        number = [_same(*pair, strict=True) for pair in zip(mine, right, strict=True)].index(False)
        part = _("part {number} of {name}", number=number + 1, name=name)
        return _oddity(it, mine[number], right[number], look, part)
    if isinstance(right, Tensor):
        mine = _tensor_of_bytes(mine)
        return _no_tensor(mine, name) or _oddity_of_tensor(mine, right, look, name)
    if isinstance(right, str):
        return _oddity_of_text(it, mine, right, look, name)
    return _oddity_of_number(it, mine, right, look, name)


def _no_parts(mine, right: tuple, look: str, name: str) -> str:
    asked = len(right)
    if not isinstance(mine, tuple | list):
        return _(
            "{name} is one {kind}, but {asked} are asked, with commas between them. {look}",
            name=name,
            kind=type(mine).__name__,
            asked=asked,
            look=look,
        )
    if len(mine) == asked:
        return ""
    return _(
        "{name} has {parts} parts, but {asked} are asked, with commas between them. {look}",
        name=name,
        parts=len(mine),
        asked=asked,
        look=look,
    )


def _oddity_of_text(it: Exercise, mine, right: str, look: str, name: str) -> str:
    kind = type(mine).__name__
    if not isinstance(mine, str):
        return _("{name} is of type {kind}, but text in quotes is asked. {look}", name=name, kind=kind, look=look)
    if re.sub(r"\W|_", "", mine).lower() == re.sub(r"\W|_", "", right).lower():
        return _(
            "{name} is {mine}: only its spelling is wrong, small letters and signs count. {look}",
            name=name,
            mine=_short(repr(mine)),
            look=look,
        )
    return _other_than_expected(it, mine, right, look, name)


def _oddity_of_number(it: Exercise, mine, right: Real, look: str, name: str) -> str:
    kind = type(mine).__name__
    if not isinstance(mine, Real) or isinstance(mine, bool):
        return _("{name} is of type {kind}, but a number is asked. {look}", name=name, kind=kind, look=look)
    if _same(mine, right, strict=False):
        return _("{name} has the right value, but the type {kind}: give a whole number, `int`.", name=name, kind=kind)
    return _other_than_expected(it, mine, right, look, name)


def _other_than_expected(it: Exercise, mine, right, look: str, name: str) -> str:
    mine = _short(repr(mine))
    if not it.arguments:  # the answer itself must not be told
        return _("{name} is {mine}, but something else is expected. {look}", name=name, mine=mine, look=look)
    right = repr(right)
    return _("{name} is {mine}, but {right} is expected. {look}", name=name, mine=mine, right=right, look=look)


def _no_tensor(mine, name: str) -> str:
    kind = type(mine).__name__
    if isinstance(mine, np.ndarray):
        return _("{name} is a NumPy array, but a tensor is asked: NumPy keeps no gradient, stay with torch.", name=name)
    if isinstance(mine, np.generic):
        return _(
            "{name} is a NumPy number, but a tensor is asked: NumPy keeps no gradient, stay with torch.", name=name
        )
    if isinstance(mine, Real) and mine:
        return _(
            "{name} is a Python number ({kind}), but a tensor is asked: `.item()` and `float()` cut the gradient, and "
            "so do counts.",
            name=name,
            kind=kind,
        )
    if isinstance(mine, Real):
        return _(
            "{name} is a Python number ({kind}), but a tensor is asked: nothing was added to this 0.",
            name=name,
            kind=kind,
        )
    if isinstance(mine, tuple | list):
        return _("{name} has {parts} parts, but one tensor is asked.", name=name, parts=len(mine))
    if not isinstance(mine, Tensor):
        return _("{name} is of type {kind}, but a tensor is asked.", name=name, kind=kind)
    return ""


def _oddity_of_tensor(mine: Tensor, right: Tensor, look: str, name: str) -> str:
    if mine.shape != right.shape:
        return _oddity_of_shape(mine, right, look, name)
    if mine.device != right.device:
        return _(
            "{name} is on the device {mine}, but the arguments are on {right}: stay there.",
            name=name,
            mine=mine.device,
            right=right.device,
        )
    if odd := int((~mine.isfinite()).sum()):
        return _(
            "{name} holds {odd} of {all} numbers that are NaN or infinite: look for a division by 0 or the root of a "
            "negative number. {look}",
            name=name,
            odd=odd,
            all=mine.numel(),
            look=look,
        )
    types = {"name": name, "mine": mine.dtype, "right": right.dtype}
    if mine.dtype != right.dtype and (mine.is_floating_point() or _same(mine, right, strict=False)):
        return _("{name} holds {mine}, but {right} is asked: `.to({right})` changes it.", **types)
    if mine.dtype != right.dtype:
        return _("{name} holds {mine}, but {right} is asked, and other numbers too. {look}", **types, look=look)
    worst = int((mine.detach().double() - right.double()).abs().argmax())
    index = [int(part) for part in np.unravel_index(worst, tuple(right.shape))]
    numbers = {"mine": mine.flatten()[worst].item(), "right": right.flatten()[worst].item()}
    if not index:
        return _("{name} is {mine:.5g}, but {right:.5g} is expected. {look}", name=name, **numbers, look=look)
    return _(
        "{name} differs most at {index}: there it is {mine:.5g}, but {right:.5g} is expected. {look}",
        name=name,
        index=index,
        **numbers,
        look=look,
    )


def _oddity_of_shape(mine: Tensor, right: Tensor, look: str, name: str) -> str:
    shapes = {"mine": tuple(mine.shape), "right": tuple(right.shape)}
    if meaning := _meaning(mine, right):
        return _(
            "{name} has shape {mine}, but {right} is expected: {meaning}. {look}",
            name=name,
            **shapes,
            meaning=meaning,
            look=look,
        )
    return _("{name} has shape {mine}, but {right} is expected. {look}", name=name, **shapes, look=look)


def _meaning(mine: Tensor, right: Tensor) -> str:
    """What a wrong shape may come from."""
    if not right.shape and mine.numel() > 1:
        means = [name for name in ("mean", "sum") if _same(getattr(mine.double(), name)(), right.double(), strict=True)]
        return _("`.{method}()` is missing", method=means[0]) if means else _("one number is asked for all together")
    if not mine.shape:
        return _("everything was added up to one number")
    if [side for side in mine.shape if side != 1] == [side for side in right.shape if side != 1]:
        if mine.dim() < right.dim():
            return _("a dimension of 1 is missing")
        return _("a dimension of 1 is too many, or at another place")
    if sorted(mine.shape) == sorted(right.shape):
        return _("the same sides in another order")
    return _("as many numbers, in another arrangement") if mine.numel() == right.numel() else ""


CUTTERS = {"detach": ".detach()", "item": ".item()", "data": ".data", "no_grad": "torch.no_grad()", "numpy": ".numpy()"}


def _gradient_problem(it: Exercise, answer) -> str:
    """Empty if a right value also brings back the right gradient."""
    for make in it.cases.values():
        run = _run(it, lambda *arguments: _gradient(answer, *arguments), make)
        if run.error is not None:
            problem = _error_or_change(run, answer)
            return _("The value is right. But when its gradient is asked, {problem}", problem=problem)
        if run.value is None:
            return _("The value is right, but it is cut from the gradient: {remedy}.", remedy=_uncut(answer))
        if not all(each.isfinite().all() for each in run.value):
            return _(
                "The value is right, but its gradient holds NaN or infinity: the slope of a root is infinite at 0, so "
                "add a small number before the root."
            )
        if not _same(run.value, _gradient(it.right, *make()), strict=True):
            return _("The value is right, but its gradient is not: a part is cut off: {remedy}.", remedy=_uncut(answer))
    return ""


def _uncut(answer) -> str:
    """What to leave out so that a gradient comes back."""
    names = getattr(getattr(inspect.unwrap(answer), "__code__", None), "co_names", ())
    if found := [f"`{words}`" for name, words in CUTTERS.items() if name in names]:
        return _("leave out {calls}", calls=several(found))
    return _("look for `.detach()`, `.item()`, `float()`, `.data` or `torch.no_grad()`")


def _autograd_problem(it: Exercise, answer) -> str:
    """Empty if the answer comes without autograd: in inference mode there is none, but for `torch.func.grad`."""
    with torch.inference_mode():
        run = _run(it, answer, next(iter(it.cases.values())))
    names = getattr(getattr(inspect.unwrap(answer), "__code__", None), "co_names", ())
    if run.error is None and "grad" not in names:
        return ""
    return _("The numbers are right, but autograd found them. Here the formula is asked. {look}", look=_(it.look))


def _graph_problem(mine: list[Run]) -> str:
    """Empty if no right result hangs on a graph, where none is asked."""
    tied = any(isinstance(run.value, Tensor) and run.value.requires_grad for run in mine)
    if not tied:
        return ""
    return _("The numbers are right, but they still hang on their graph: give back `.detach()` of them.")


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 0.3


def unit(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
