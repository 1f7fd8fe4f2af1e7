"""The engine under the checks: call an answer with small inputs, compare, and name the mistake.

If something differs, it names the mistake whose formula gives just those results, in all cases; when none does, it says
what is odd about the result, and what it is of the right one: a multiple, a square, a transpose. A check never raises,
except when nbgrader marks: there an error means no points. What is asked, and which wrong answers are known, is in
`checks`.

The inputs are small and lie on the processor, wherever a lesson computes: so an answer gets the same words on every
machine, and one with numbers of its own, as in `torch.tensor([0.485, 0.456, 0.406])`, is right on all of them.
"""

import difflib
import dis
import html
import inspect
import itertools
import math
import os
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from style_helpers.course.relations import relation

TOLERANCE = 1e-4  # of the largest number; rounding in float32 stays far below, every mistake in the tables above
LOOKS = {  # passed: sign, word, kind of line, and a colour of the page's own theme; the word alone would do
    True: ("✓", "Right", "solid", "--jp-success-color1"),
    False: ("↻", "Look again", "dashed", "--jp-warn-color1"),
    None: ("…", "Not yet", "dotted", "--jp-info-color1"),
}


@dataclass(frozen=True, repr=False)
class Feedback:
    """What a check says. passed: True, False, or None while the answer is not written yet; message: plain text."""

    passed: bool | None
    message: str

    def __repr__(self) -> str:
        return f"{LOOKS[self.passed][1]}: {self.message}"

    def _repr_html_(self) -> str:
        sign, word, line, colour = LOOKS[self.passed]
        text = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(self.message))
        return (
            f'<div role="status" style="border-left: 0.35em {line} var({colour}, currentColor); padding: 0.4em 0.8em; '
            'margin: 0.3em 0; color: var(--jp-content-font-color1, currentColor); overflow-wrap: anywhere">'
            f'<strong><span aria-hidden="true">{sign}</span> {word}:</strong> {text}</div>'
        )


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
            feedback = Feedback(False, f"This answer cannot be judged: it gives {_told(error)}. {look}")
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
    call = answer if is_function else lambda *_: answer
    mine = [_run(it, call, make) for make in it.cases.values()]
    if any(_not_written(run) for run in mine):
        where = "`raise NotImplementedError(...)`" if is_function else "the three dots"
        return Feedback(None, f"Write your own code in place of {where} in the cell above. The task: {it.task}.")
    right = [_run(it, it.right, make) for make in it.cases.values()]
    agree = [_alike(*pair, strict=True) for pair in zip(mine, right, strict=True)]
    if all(agree):
        if it.gradient:
            problem = _gradient_problem(it, answer)
        else:
            problem = (_autograd_problem(it, answer) if it.by_hand else "") or _graph_problem(mine)
        return Feedback(not problem, problem or it.praise)
    for (looks, look_next), formula in it.mistakes.items():
        wrong = (_run(it, formula, make) for make in it.cases.values())
        if all(_alike(*pair, strict=False) for pair in zip(mine, wrong, strict=True)):
            return Feedback(False, f"This looks like {looks}. {look_next}.{_seen_in_code(answer)}")
    partly = {}
    for key, formula in it.mistakes.items() if len(right) > 3 else ():
        triples = zip(mine, (_run(it, formula, make) for make in it.cases.values()), right, strict=True)
        same = [_alike(a, b, strict=False) for a, b, c in triples if not _alike(b, c, strict=False)]
        partly[len(same) * all(same)] = key
    if max(partly, default=0) > 1:  # the mistake that shows most
        looks, look_next = partly[max(partly)]
        return Feedback(False, f"This looks like {looks}, and something else. {look_next}.{_seen_in_code(answer)}")
    first, words = agree.index(False), list(it.cases)
    place = f"It is right with {words[first - 1]}. But with {words[first]}: " if first else f"With {words[first]}: "
    results = [[_tensor_of_bytes(run.value) for run in runs] for runs in (mine, right)]
    look = relation(*results, [dict(zip(it.arguments, make(), strict=True)) for make in it.cases.values()]) or it.look
    oddity = _error_or_change(mine[first], answer) or _oddity(it, mine[first].value, right[first].value, look)
    message = f"{place if it.arguments else ''}{oddity}{_seen_in_code(answer)}"
    return Feedback(False, message[0].upper() + message[1:])


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
        return f"This is of type {type(answer).__name__}, not a function: give its name alone, as in `my_function`."
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions have none
        return ""
    try:
        signature.bind(*it.arguments)
    except TypeError:
        takes, given = ", ".join(signature.parameters), ", ".join(it.arguments)
        return f"Your function takes ({takes}), but it is called with ({given}): mend its `def` line."
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


ERRORS = {  # a pattern in an error's words: what it means
    "is not defined": "A function knows its arguments, what it makes, and what cells above made; text needs quotes.",
    "local variable": "This variable gets its value too late, or in a branch that was not taken.",
    "Boolean value of Tensor": "One yes or no is asked, as by `max` or `if`: take `clamp`, `torch.where` or `.all()`.",
    "define __round__|step must be": "Tensors have methods of their own for this: `.round()`, `.flip(...)`.",
    "_function|method'": "Round brackets behind its name call a function: are they missing?",
    "'torch.Size'": "That is a list of sides: `.numel()` is the count of numbers.",
    "^KeyError": "The dictionary has no such key: ask each for its own, as by `.items()`, and not from memory.",
    "'dict'": "This is a whole dictionary: take its tensors one by one, as in `features[layer]`.",
    "NoneType": "There stands None: no `return` in a function, or a `.grad` before the first `backward()`.",
    "unexpected keyword|required positional": "It takes other arguments than it is given: `help(...)` tells which.",
    "Content is compared|matrix of .* channels": "Is it the same layer, and of both the features, or of both the Gram?",
    "not require grad": "`backward()` needs a total computed of a tensor with `requires_grad_()`, not in `no_grad()`.",
    "second time": "Each `backward()` needs a total computed anew, from a picture that no earlier step has computed.",
    "leaf": "Copy first, then `requires_grad_()`: an optimiser moves what nothing has computed, and you its `.data`.",
    "iterable": "Many things are asked here: a list in square brackets, or for a loop a `range(...)`.",
    "bitwise_|for [|&]": "`|` and `&` bind tighter than `<` and `!=`: write `or` and `and`, or put parentheses.",
    r"^.{0,20}t\(\) expects": "`t()` turns a single matrix: for a batch take `.transpose(1, 2)`.",
    "out of bounds": "An index goes from 0 to the side less 1: take the sides from the argument's `shape`.",
    "'Tensor' and '(tuple|list)'|'(tuple|list)' and 'T|an index$|be Tensor, not": "Make a tensor: `torch.tensor(...)`.",
    "size of tensor b|match the broadcast": "Sides are lined up from the right, and only a side of 1 is repeated.",
    "size mismatch|mat1 and|of batch2|[Ee]xpected size|1D tensors|must be a matrix": "`@` needs as many columns on its "
    "left as rows on its right: which of the two must be transposed?",
    "invalid for input of size": "A `reshape` keeps the count of numbers: take the sides from the argument's `shape`.",
    "view size is not compatible": "After `permute` numbers lie in another order: take `reshape` in place of `view`.",
    "values to unpack": "As many names are needed as parts come: of a dictionary pairs come by `.items()`.",
    "Dimension out of range|not match the length of|too many indices": "How many dimensions are there? `.shape` tells.",
    "object is not callable": "Round brackets call a function: is a `*` missing, or is this no function?",
    "'(float|int)' object has": "This is a plain number, as after `.item()`: it has no methods of a tensor.",
    "has no attribute": "What stands before the dot has another type than this needs.",
    "Byte|'Long'|'Int'|output dtype|can't be cast": "Whole numbers cannot do this: make them `.float()` first.",
    "to (Python )?[Ss]calar|only one element": "`.item()`, `float()` and `int()` take one number alone.",
}


def _error_or_change(run: Run, answer) -> str:
    if run.error is not None:
        code = getattr(inspect.unwrap(getattr(answer, "forward", answer)), "__code__", None)
        lines = traceback.extract_tb(run.error.__traceback__)
        own = [line for line in lines if code and line.filename == code.co_filename]
        where = f" in line {own[-1].lineno}, `{_short(own[-1].line, 100)}`," if own and own[-1].line else ""
        told = _told(run.error)
        meaning = next((f" {words}" for pattern, words in ERRORS.items() if re.search(pattern, told)), "")
        known = [*(code.co_varnames if code else ()), *dir(getattr(run.error, "obj", None))]
        near = difflib.get_close_matches(getattr(run.error, "name", None) or "", known, 1, 0.75)
        return f"your function stops{where} with {told}.{f' Is `{near[0]}` meant?' if near else meaning}"
    names = " and ".join(f"`{name}`" for name in run.changed)
    remedy = "make a new tensor, without `-=` and without operations whose names end in `_`"
    return names and f"your function changes its argument {names}, which the caller still needs: {remedy}."


def _seen_in_code(answer) -> str:
    """Names what no result shows: a power that is none, a method not called, an argument not used, a global."""
    if not inspect.isfunction(answer):
        return ""
    code, steps, found = answer.__code__, list(dis.get_instructions(answer)), ""
    if any(step.opname == "BINARY_OP" and step.argrepr == "^" for step in steps):
        found += " Your function computes with `^`: a power is written `**` in Python."
    for step, following in itertools.pairwise(steps):
        if step.opname == "LOAD_ATTR" and following.opname == "POP_TOP":
            found += f" Your function names `{step.argval}` but does not call it: write `{step.argval}()`."
    used = re.findall(r"\w+", " ".join(step.argrepr for step in steps if step.opname != "STORE_FAST"))
    if unused := [f"`{name}`" for name in code.co_varnames[: code.co_argcount] if name not in used]:
        found += f" Your function never uses {' and '.join(unused)}."
    names = dict.fromkeys(step.argval for step in steps if step.opname == "LOAD_GLOBAL")
    kinds = Tensor | np.ndarray | Image.Image | Integral | dict
    if others := [f"`{name}`" for name in names if isinstance(answer.__globals__.get(name), kinds)]:
        found += f" Your function reads {' and '.join(others)} from another cell: should that come from its arguments?"
    return found


def _oddity(it: Exercise, mine, right, look: str, name: str = "your result") -> str:
    """The first thing about a result that differs from the right one."""
    if mine is None:
        return f"{name} is None: is `return` missing?" if it.arguments else f"{name} is None. {look}"
    if isinstance(right, tuple):
        if not isinstance(mine, tuple | list) or len(mine) != len(right):
            what = f"has {len(mine)} parts" if isinstance(mine, tuple | list) else f"is one {type(mine).__name__}"
            return f"{name} {what}, but {len(right)} are asked, with commas between them. {look}"
        number = [_same(*pair, strict=True) for pair in zip(mine, right, strict=True)].index(False)
        return _oddity(it, mine[number], right[number], look, f"part {number + 1} of {name}")
    if isinstance(right, Tensor):
        mine = _tensor_of_bytes(mine)
        return _no_tensor(mine, name) or _oddity_of_tensor(mine, right, look, name)
    kind, asked = (str, "text in quotes") if isinstance(right, str) else (Real, "a number")
    if not isinstance(mine, kind) or isinstance(mine, bool):
        return f"{name} is of type {type(mine).__name__}, but {asked} is asked. {look}"
    if isinstance(right, str) and re.sub(r"\W|_", "", mine).lower() == re.sub(r"\W|_", "", right).lower():
        return f"{name} is {_short(repr(mine))}: only its spelling is wrong, small letters and signs count. {look}"
    if _same(mine, right, strict=False):
        return f"{name} has the right value, but the type {type(mine).__name__}: give a whole number, `int`."
    expected = repr(right) if it.arguments else "something else"
    return f"{name} is {_short(repr(mine))}, but {expected} is expected. {look}"


def _no_tensor(mine, name: str) -> str:
    if isinstance(mine, np.ndarray):
        return f"{name} is a NumPy array, but a tensor is asked: NumPy keeps no gradient, stay with torch."
    if isinstance(mine, Real):
        kind = f"a Python number ({type(mine).__name__})"
        cut = "`.item()` and `float()` cut the gradient, and so do counts"
        return f"{name} is {kind}, but a tensor is asked: {cut if mine else 'nothing was added to this 0'}."
    if isinstance(mine, tuple | list):
        return f"{name} has {len(mine)} parts, but one tensor is asked."
    return "" if isinstance(mine, Tensor) else f"{name} is of type {type(mine).__name__}, but a tensor is asked."


def _oddity_of_tensor(mine: Tensor, right: Tensor, look: str, name: str) -> str:
    if mine.shape != right.shape:
        meaning = _meaning(mine, right)
        return f"{name} has shape {tuple(mine.shape)}, but {tuple(right.shape)} is expected{meaning}. {look}"
    if mine.device != right.device:
        return f"{name} is on the device {mine.device}, but the arguments are on {right.device}: stay there."
    if odd := int((~mine.isfinite()).sum()):
        usual = "look for a division by 0 or the root of a negative number"
        return f"{name} holds {odd} of {mine.numel()} numbers that are NaN or infinite: {usual}. {look}"
    if mine.dtype != right.dtype:
        alike = mine.is_floating_point() or _same(mine, right, strict=False)
        remedy = f": `.to({right.dtype})` changes it." if alike else f", and other numbers too. {look}"
        return f"{name} holds {mine.dtype}, but {right.dtype} is asked{remedy}"
    worst = int((mine.detach().double() - right.double()).abs().argmax())
    index = [int(part) for part in np.unravel_index(worst, tuple(right.shape))]
    at = f" differs most at {index}: there it" if index else ""
    theirs, expected = mine.flatten()[worst].item(), right.flatten()[worst].item()
    return f"{name}{at} is {theirs:.5g}, but {expected:.5g} is expected. {look}"


def _meaning(mine: Tensor, right: Tensor) -> str:
    """What a wrong shape may come from."""
    if not right.shape and mine.numel() > 1:
        means = [name for name in ("mean", "sum") if _same(getattr(mine.double(), name)(), right.double(), strict=True)]
        return f": `.{means[0]}()` is missing" if means else ": one number is asked for all together"
    if not mine.shape:
        return ": everything was added up to one number"
    if [side for side in mine.shape if side != 1] == [side for side in right.shape if side != 1]:
        return f": a dimension of 1 is {'missing' if mine.dim() < right.dim() else 'too many, or at another place'}"
    if sorted(mine.shape) == sorted(right.shape):
        return ": the same sides in another order"
    return ": as many numbers, in another arrangement" if mine.numel() == right.numel() else ""


CUTTERS = {"detach": ".detach()", "item": ".item()", "data": ".data", "no_grad": "torch.no_grad()", "numpy": ".numpy()"}


def _gradient_problem(it: Exercise, answer) -> str:
    """Empty if a right value also brings back the right gradient."""
    for make in it.cases.values():
        run = _run(it, lambda *arguments: _gradient(answer, *arguments), make)
        if run.error is not None:
            return f"The value is right. But when its gradient is asked, {_error_or_change(run, answer)}"
        if run.value is None or not _same(run.value, _gradient(it.right, *make()), strict=True):
            what = "it is cut from the gradient" if run.value is None else "its gradient is not: a part is cut off"
            names = getattr(getattr(inspect.unwrap(answer), "__code__", None), "co_names", ())
            found = " and ".join(f"`{words}`" for name, words in CUTTERS.items() if name in names)
            usual = "look for `.detach()`, `.item()`, `float()`, `.data` or `torch.no_grad()`"
            return f"The value is right, but {what}: {f'leave out {found}' if found else usual}."
    return ""


def _autograd_problem(it: Exercise, answer) -> str:
    """Empty if the answer comes without autograd: in inference mode there is none, but for `torch.func.grad`."""
    with torch.inference_mode():
        run = _run(it, answer, next(iter(it.cases.values())))
    names = getattr(getattr(inspect.unwrap(answer), "__code__", None), "co_names", ())
    if run.error is None and "grad" not in names:
        return ""
    return f"The numbers are right, but autograd found them. Here the formula is asked. {it.look}"


def _graph_problem(mine: list[Run]) -> str:
    """Empty if no right result hangs on a graph, where none is asked."""
    tied = any(isinstance(run.value, Tensor) and run.value.requires_grad for run in mine)
    return "The numbers are right, but they still hang on their graph: give back `.detach()` of them." if tied else ""


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 0.3


def unit(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
