"""Checks of lesson 08: the bug museum."""

import difflib
import itertools
from functools import partial

import torch
from torch import Tensor

from style_helpers.course import museum
from style_helpers.course.feedback import (
    Feedback,
    Together,
    exercise,
    never_raising,
    not_written,
    several,
    unit,
)
from style_helpers.language import _, plural, sentences

# In the tables one line in words, one line of formula
# fmt: off


ASKED = {
    "shape": lambda x: x.ndim != 4 or x.shape[0] != 1,
    "channels": lambda x: x.ndim > 2 and x.shape[-3] != 3,
    "range": lambda x: x.min() < 0 or x.max() > 1,
}


def _report(x: Tensor, order: tuple[str, ...] = tuple(ASKED), **changed) -> str:
    """The first word whose question is answered with yes."""
    return next((word for word in order if (ASKED | changed)[word](x)), "fine")


@exercise(
    {
        ("a report that finds every picture fine", "Return a word inside each `if`"): partial(_report, order=()),
        ('a report without "shape"', "Ask for the dimensions first: `picture.ndim`"):
            partial(_report, order=("channels", "range")),
        ('a report without "channels"', "Ask for `picture.shape[1]`"): partial(_report, order=("shape", "range")),
        ('a report without "range"', "Ask for the smallest and the largest number"):
            partial(_report, order=("shape", "channels")),
        ("the range before the shape", "A tensor may be wrong in two ways: go from the outside to the inside"):
            partial(_report, order=("range", "shape", "channels")),
        ("the range before the channels", "A tensor may be wrong in two ways: go from the outside to the inside"):
            partial(_report, order=("shape", "range", "channels")),
        ("the channels before the shape", "Only with four dimensions is `shape[1]` the channels: ask for them first"):
            partial(_report, order=("channels", "shape", "range"), channels=lambda x: x.shape[1] != 3),
        ("the number of pictures after the channels", "It belongs to the shape: ask for it first"):
            lambda x: "shape" if x.ndim != 4 else _report(x, order=("channels", "shape", "range")),
        ("a word that a later `if` overwrites", "Return as soon as you know, or use `elif`"):
            partial(_report, order=("range", "channels", "shape"), channels=lambda x: x.ndim > 1 and x.shape[1] != 3),
        ("a picture without a batch dimension let through", "One picture is (1, 3, H, W): four dimensions"):
            partial(_report, shape=lambda x: x.ndim == 4 and x.shape[0] != 1),
        ("a first side of 1 taken for a batch", "Ask for `picture.ndim` too: a grey picture may be (1, H, W)"):
            partial(_report, shape=lambda x: x.shape[0] != 1, channels=lambda x: x.shape[1] != 3),
        ("two pictures let through", "Asked is one: `picture.shape[0]` is 1"):
            partial(_report, shape=lambda x: x.ndim != 4),
        ("three dimensions asked for", "One picture is (1, 3, H, W): four dimensions"):
            partial(_report, shape=lambda x: x.ndim != 3),
        ("three dimensions alone refused", "`picture.ndim != 4` refuses all but four"):
            partial(_report, shape=lambda x: x.ndim == 3, channels=lambda x: x.shape[1] != 3),
        ("an `and` between dimensions and batch", "One of them wrong is enough: `or`"):
            partial(_report, shape=lambda x: x.ndim != 4 and x.shape[0] != 1, channels=lambda x: x.shape[1] != 3),
        ("wrong channels called a wrong shape", "(1, any, H, W) is a good shape: ask for `shape[1]` after it"):
            partial(_report, shape=lambda x: x.ndim != 4 or x.shape[:2] != (1, 3)),
        ("a picture called fine before its shape is asked", 'Only behind all three questions it is "fine"'):
            lambda x: _report(x, order=("shape", "channels")) if ASKED["range"](x) and _report(x) != "range" else (
                _report(x, order=("range",))),
        ("every shape called wrong", "H and W may be any: ask for `picture.ndim` and `picture.shape[0]`"):
            lambda x: "shape",
        ("the question for the shape turned round", "(1, C, H, W) is right: ask whether it is something else"):
            partial(_report, shape=lambda x: x.ndim == 4 and x.shape[0] == 1, channels=lambda x: False),
        ("too many dimensions let through", "Four are right: `!= 4`, not `< 4`"):
            partial(_report, shape=lambda x: x.ndim < 4 or x.shape[0] != 1, channels=lambda x: x.shape[1] != 3),
        ("one and four channels alone refused", "Any number but 3 is wrong: `!= 3`"):
            partial(_report, channels=lambda x: x.shape[1] in (1, 4)),
        ("a grey picture let through", "Its shape is (1, 1, H, W): look at `picture.shape[1]`"):
            partial(_report, channels=lambda x: x.shape[1] not in (1, 3)),
        ("fewer than three channels let through", "Any number but 3 is wrong: `!= 3`"):
            partial(_report, channels=lambda x: x.shape[1] > 3),
        ("an alpha channel let through", "Its shape is (1, 4, H, W): three channels, not three or more"):
            partial(_report, channels=lambda x: x.shape[1] < 3),
        ("channels looked for at another place", "A tensor is (1, 3, H, W): the channels are `picture.shape[1]`"):
            partial(_report, channels=lambda x: x.shape[-1] != 3),
        ("channels looked for at the front", "That is the batch: the channels are `picture.shape[1]`"):
            partial(_report, shape=lambda x: x.ndim != 4, channels=lambda x: x.shape[0] != 3),
        ("the question for the channels turned round", "Three channels are right: `!= 3`"):
            partial(_report, channels=lambda x: x.ndim > 2 and x.shape[-3] == 3),
        ("bytes let through", "The largest number may be 1, not 255"): partial(_report, range=lambda x: x.min() < 0),
        ("a normalised picture let through", "It has numbers below 0"): partial(_report, range=lambda x: x.max() > 1),
        ("a picture down to -1 let through", "The smallest number may be 0"):
            partial(_report, range=lambda x: x.min() < -1 or x.max() > 1),
        ("the range of one channel alone", "Ask all numbers: `picture.min()`, `picture.max()`"):
            partial(_report, range=lambda x: x[:, 0].min() < 0 or x[:, 0].max() > 1),
        ("`<` and `>` exchanged", "Outside is below 0 or above 1"):
            partial(_report, range=lambda x: x.min() > 0 or x.max() < 1),
        ("an `and` between below 0 and above 1", "One of them is enough: `or`"):
            partial(_report, range=lambda x: x.min() < 0 and x.max() > 1),
        ("the largest number alone", "Ask the smallest one too: `picture.min() < 0`"):
            partial(_report, range=lambda x: x.max() < 0 or x.max() > 1),
        ("a range not asked of each number", "One number outside is enough: the smallest and the largest tell"):
            partial(_report, range=lambda x: (x < 0).all() or (x > 1).all()),
        ("the mean of the numbers", "One number outside is enough: ask the smallest and the largest"):
            partial(_report, range=lambda x: not 0 <= x.mean() <= 1),
        ("the question for the range turned round", 'Numbers from 0 to 1 are "fine"'):
            partial(_report, range=lambda x: x.min() >= 0 and x.max() <= 1),
        ("pure black or pure white refused", "0 and 1 themselves are fine: `<=`, not `<`"):
            partial(_report, range=lambda x: x.min() <= 0 or x.max() >= 1),
        ("pure white refused", "1 itself is fine: `>`, not `>=`"):
            partial(_report, range=lambda x: x.min() < 0 or x.max() >= 1),
        ("pure black refused", "0 itself is fine: `<`, not `<=`"):
            partial(_report, range=lambda x: x.min() <= 0 or x.max() > 1),
        ("words with a capital", "The four words have small letters"): lambda x: _report(x).capitalize(),
    },
    cases={
        "a good picture": lambda: (unit(1, 3, 4, 5),),
        "a good picture with black in it": lambda: ((unit(1, 3, 4, 5) - 0.5).relu(),),
        "a good picture with white in it": lambda: ((unit(1, 3, 4, 5) + 0.5).clamp(max=1),),
        "no batch dimension, (3, 4, 5)": lambda: (unit(3, 4, 5),),
        "a grey picture without a batch dimension, (1, 4, 5)": lambda: (unit(1, 4, 5),),
        "rows and columns alone, (4, 5)": lambda: (unit(4, 5),),
        "two pictures, (2, 3, 4, 5)": lambda: (unit(2, 3, 4, 5),),
        "two grey pictures, (2, 1, 4, 5)": lambda: (unit(2, 1, 4, 5),),
        "a grey picture, (1, 1, 4, 5)": lambda: (unit(1, 1, 4, 5),),
        "a picture with alpha, (1, 4, 4, 5)": lambda: (unit(1, 4, 4, 5),),
        "a picture with two channels, (1, 2, 4, 5)": lambda: (unit(1, 2, 4, 5),),
        "a film, (1, 3, 2, 4, 5)": lambda: (unit(1, 3, 2, 4, 5),),
        "a picture too blue": lambda: (unit(1, 3, 4, 5) + torch.tensor([0, 0, 1]).view(3, 1, 1),),
        "a picture far below 0": lambda: (unit(1, 3, 4, 5) - 2,),
        "bytes from 0 to 255": lambda: (255 * unit(1, 3, 4, 5).round(),),
        "a normalised picture": lambda: ((unit(1, 3, 4, 5) - 0.45) / 0.22,),
        "numbers from -0.5 to 0.5": lambda: (unit(1, 3, 4, 5) - 0.5,),
        "a normalised dark picture": lambda: ((unit(1, 3, 4, 5) - 2) / 4,),
        "bytes without a batch dimension, (3, 4, 5)": lambda: (255 * unit(3, 4, 5),),
        "grey bytes, (1, 1, 4, 5)": lambda: (255 * unit(1, 1, 4, 5),),
    },
    look='First the shape, then the channels, then the range. One of the words "shape", "channels", "range", "fine".',
    praise="Notice that these few lines find grey photos, alpha channels and bytes before the first evaluation.",
)
def picture_report(picture):
    """one word: "shape" if not (1, any, H, W), "channels" if not 3, "range" if not all in 0 to 1, else "fine\""""
    return _report(picture)


def _bowl(x: Tensor) -> Tensor:
    steep = torch.linspace(0.5, 20, x.numel()).view(x.shape)
    return (steep * (x - 0.4).square()).mean()


def _outside(x: Tensor) -> Tensor:
    first = x[..., 0].clone()  # so that a loop that computes its total once goes wrong without an error
    return (x - 2).square().mean() + first.square().sum()


FAULTS = {  # of the lesson's broken loop, and one that is only half mended: what it looks like, what to look at next
    "copy": ("a loop that changes the caller's picture", "Work on a copy: `picture.clone()`"),
    "new": ("an optimiser made anew at each step", "Make it once, before the loop, so that it remembers"),
    "clear": ("gradients that add up", "Call `optimizer.zero_grad()` before `backward()`, with its parentheses"),
    "never": ("no clamping", "After each step bring the pixels back to 0 to 1: `picture.data.clamp_(0, 1)`"),
    "end": ("one clamping, at the end", "Clamp after each step, inside the loop"),
}
BEGIN = {  # what to look at next where others come after this one
    "copy": "Begin with the first: Work on a copy: `picture.clone()`",
    "new": "Begin with the first: Make it once, before the loop, so that it remembers",
    "clear": "Begin with the first: Call `optimizer.zero_grad()` before `backward()`, with its parentheses",
}


def _loop(picture, total_of, steps, faults=(), limits=(0, 1), method=torch.optim.Adam, lr=0.05) -> Tensor:
    place = {"never", "end", "before", "between"} & set(faults) or {"after"}
    x = (picture.detach() if "copy" in faults else picture.clone()).requires_grad_()
    optimizer = method([x], lr=lr)
    for _step in range(steps):
        if "before" in place:
            x.data.clamp_(*limits)
        if "new" in faults:
            optimizer = method([x], lr=lr)
        if "clear" not in faults:
            optimizer.zero_grad()
        total_of(x).backward()
        if "between" in place:
            x.data.clamp_(*limits)
        optimizer.step()
        if "after" in place:
            x.data.clamp_(*limits)
    return x.detach().clamp(*limits) if "end" in place else x.detach()


def _straight(picture, total_of):
    """A total whose slope is everywhere what it is at the picture."""
    (gradient,) = torch.autograd.grad(total_of(x := picture.clone().requires_grad_()), x)
    return lambda x: (x * gradient).sum()


def _with_faults() -> dict:
    """The broken loop with one to three of its faults still in it.

    Where gradients add up one cannot see whether the clamping is at the end.
    """
    table = {}
    for faults in itertools.chain(*(itertools.combinations(FAULTS, count) for count in (1, 2, 3))):
        if "end" not in faults or not {"never", "clear"} & set(faults):
            look_next = BEGIN[faults[0]] if len(faults) > 1 else FAULTS[faults[0]][1]
            looks = Together(*(FAULTS[fault][0] for fault in faults))
            table[looks, look_next] = partial(_loop, faults=faults)
    return table


@exercise(
    {
        **_with_faults(),
        ("a picture that never moved", "Give the copy to Adam, call `backward()`, and return the copy. Clear the "
         "gradients before: between `backward()` and `step()` they are lost"): lambda p, f, n: p.clone(),
        ("one step too many", "`range(steps)` is already as many as asked for"): lambda p, f, n: _loop(p, f, n + 1),
        ("twice as many steps", "One `step()` in each round of the loop, `range(steps)`"):
            lambda p, f, n: _loop(p, f, 2 * n),
        ("one step too few", "`range(steps)` is as many as asked for, and `backward()` comes before `step()`"):
            lambda p, f, n: _loop(p, f, n - 1),
        ("a single step", "Return behind the loop; and a new `picture` made inside it is unknown to the optimiser"):
            lambda p, f, n: _loop(p, f, 1),
        ("a clamp before the gradient", "The last step is not clamped: put it after `step()`"):
            partial(_loop, faults=("before",)),
        ("a clamp between `backward()` and `step()`", "The last step is not clamped: put it after `step()`"):
            partial(_loop, faults=("between",)),
        ("a total computed once, before the loop", "Compute it anew at each step"):
            lambda p, f, n: _loop(p, _straight(p, f), n),
        ("a total of clamped pixels, which themselves are not", "Clamp the picture itself, after each step"):
            lambda p, f, n: _loop(p, lambda x: f(x.clamp(0, 1)), n, ("never",)),
        ("a start at black", "Begin with a copy of the picture: `picture.clone()`"):
            lambda p, f, n: _loop(torch.zeros_like(p), f, n),
        ("momentum in place of Adam", "Asked is Adam"): partial(_loop, method=partial(torch.optim.SGD, momentum=0.9)),
        ("a clamp at 0 alone", "Clamp at 1 too: `clamp_(0, 1)`"): partial(_loop, limits=(0, None)),
        ("a clamp at 1 alone", "Clamp at 0 too: `clamp_(0, 1)`"): partial(_loop, limits=(None, 1)),
        ("plain gradient descent", "Asked is Adam"): partial(_loop, method=torch.optim.SGD),
        ("AdamW, which also draws all pixels towards 0", "Asked is Adam"): partial(_loop, method=torch.optim.AdamW),
        ("steps upwards", "Leave out `maximize`, and the minus before the total"):
            lambda p, f, n: _loop(p, lambda x: -f(x), n),
        ("a learning rate of 0.001", "Keep `lr=0.05`"): partial(_loop, lr=0.001),
        ("a learning rate of 0.005", "Keep `lr=0.05`"): partial(_loop, lr=0.005),
        ("a learning rate of 0.01", "Keep `lr=0.05`"): partial(_loop, lr=0.01),
        ("a learning rate of 0.02", "Keep `lr=0.05`"): partial(_loop, lr=0.02),
        ("a learning rate of 0.03", "Keep `lr=0.05`"): partial(_loop, lr=0.03),
        ("a learning rate of 0.1", "Keep `lr=0.05`"): partial(_loop, lr=0.1),
        ("a learning rate of 0.2", "Keep `lr=0.05`"): partial(_loop, lr=0.2),
        ("a learning rate of 0.5", "Keep `lr=0.05`"): partial(_loop, lr=0.5),
        ("a learning rate of 1", "Keep `lr=0.05`"): partial(_loop, lr=1),
        ("RMSprop", "Asked is Adam"): partial(_loop, method=torch.optim.RMSprop),
        ("Adagrad", "Asked is Adam"): partial(_loop, method=torch.optim.Adagrad),
    },
    cases={
        "a bowl inside 0 to 1": lambda: (unit(1, 3, 4, 5), _bowl, 12),
        "a total that pulls out of 0 to 1": lambda: (unit(1, 3, 4, 5, seed=1), _outside, 20),
    },
    look="A copy with a gradient, Adam with lr=0.05 made once; in the loop zero_grad, backward, step, clamp.",
    praise="Notice that none of the four mistakes stopped the program.",
)
def mended_loop(picture, total_of, steps):
    """the picture after `steps` steps of Adam, lr=0.05, on total_of(picture), clamped to 0 to 1 after each step"""
    return _loop(picture, total_of, steps)


# fmt: on


CLUES = {  # where to look in an exhibit with this bug, without its name
    "new optimiser each step": "Set the picture beside the photograph, and the last total beside the first: how much "
    "of the way did it go?",
    "weight squared": "The picture tells little here. Divide its first style loss by that of the right program. Do you "
    "know this number?",
    "in-place ReLU": "Look at the first number of the content loss. The descent begins at the photograph: how "
    "far is that from itself?",
    "steps are closures": "Picture and curve are healthy. Count the points of the curve: how many were asked for?",
    "no zero_grad": "Read the note, and look at the totals just before the end: which way do they go, while the "
    "program believes that it descends?",
}


def _judge(diagnosis) -> Feedback:
    """Judges an answer to the task: a dict from each letter, "A" to "E", to its bug in `museum.BUGS`."""
    letters = tuple(museum.MYSTERIES)
    if diagnosis is ...:
        task = "a dict from each letter to a name, such as {'A': 'grey photo', 'B': ...}"
        return Feedback(None, not_written(task, is_function=False))
    if not isinstance(diagnosis, dict):
        kind = type(diagnosis).__name__
        return Feedback(False, _("This is of type {kind}, not a dict such as {{'A': 'grey photo'}}.", kind=kind))
    unknown = [key for key in diagnosis if key not in letters]
    verdicts = {letter: _verdict(letter, diagnosis.get(letter, ...)) for letter in letters}
    right = [letter for letter in letters if not verdicts[letter]]
    if len(right) == len(letters) and not unknown:
        return Feedback(
            True,
            _("All five. Notice that no picture alone was enough: you needed totals, lengths and notes beside it."),
        )
    said = [_("{letter}: {verdict}", letter=letter, verdict=verdict) for letter, verdict in verdicts.items() if verdict]
    if right:
        are = plural("{letters} is right.", "{letters} are right.", len(right), letters=several(right))
        said = [are, *said]
    if unknown:
        name, known = _shown(unknown[0]), ", ".join(letters)
        said = [_("There is no exhibit {name}: the letters are {letters}.", name=name, letters=known), *said]
    open_yet = not unknown and all(diagnosis.get(letter, ...) is ... for letter in letters)
    return Feedback(None if open_yet else False, sentences(*said))


def _verdict(letter: str, guess) -> str:
    """What speaks against a guess and where to look; empty for a right one."""
    bug = museum.MYSTERIES[letter]
    clue = _(CLUES[bug])
    if guess is ...:
        return _("not named yet. {clue}", clue=clue)
    if not isinstance(guess, str) or guess not in museum.BUGS:
        name = _shown(guess)
        if near := difflib.get_close_matches(guess, museum.BUGS, 1) if isinstance(guess, str) else []:
            return _("no label bears the name {name}; did you mean `{near}`?", name=name, near=near[0])
        return _("no label bears the name {name}; take one from `list(museum.BUGS)`.", name=name)
    if guess == bug:
        return ""
    symptom = museum.BUGS[guess].symptom
    return _("not `{guess}`. With that, one sees this: {symptom} {clue}", guess=guess, symptom=symptom, clue=clue)


def _shown(thing) -> str:
    return repr(thing)[:40].encode(errors="replace").decode()


which_bug = never_raising(_judge, "Give a dict of names, such as {'A': 'grey photo'}.")
which_bug.__name__, which_bug.__doc__ = "which_bug", _judge.__doc__
