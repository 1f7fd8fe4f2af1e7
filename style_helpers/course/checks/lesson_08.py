"""Checks of lesson 08: the bug museum."""

import difflib
import math

import torch
from torch import Tensor

from style_helpers.course import museum
from style_helpers.course.feedback import Feedback, exercise, never_raising, unit

# In the tables one line in words, one line of formula
# fmt: off


def _report(x, dimensions=True, fewer=True, more=True, lowest=0.0, highest=1.0, edge=True, batch=True) -> str:
    if (dimensions and x.ndim != 4) or (batch and x.ndim == 4 and x.shape[0] != 1):
        return "shape"
    channels = x.shape[-3] if x.ndim > 2 else 3
    if (fewer and channels < 3) or (more and channels > 3):
        return "channels"
    smallest, largest = x.min().item(), x.max().item()
    inside = smallest >= lowest and largest <= highest if edge else smallest > lowest and largest < highest
    return "fine" if inside else "range"


@exercise(
    {
        ("a report that finds every picture fine", "Return a word inside each `if`"): lambda x: "fine",
        ("a picture without a batch dimension let through", "One picture is (1, 3, H, W): four dimensions"):
            lambda x: _report(x, dimensions=False),
        ("a grey picture let through", "Its shape is (1, 1, H, W): look at `picture.shape[1]`"):
            lambda x: _report(x, fewer=False),
        ("an alpha channel let through", "Its shape is (1, 4, H, W): three channels, not three or more"):
            lambda x: _report(x, more=False),
        ("two pictures let through", "Asked is one: `picture.shape[0]` is 1"): lambda x: _report(x, batch=False),
        ("bytes let through", "The largest number may be 1, not 255"): lambda x: _report(x, highest=255.0),
        ("a normalised picture let through", "It has numbers below 0"): lambda x: _report(x, lowest=-math.inf),
        ("pure black or pure white refused", "0 and 1 themselves are fine: `<=`, not `<`"):
            lambda x: _report(x, edge=False),
    },
    cases={
        "a good picture": lambda: (unit(1, 3, 4, 5),),
        "a good picture with black and white in it": lambda: (unit(1, 3, 4, 5).round(),),
        "no batch dimension, (3, 4, 5)": lambda: (unit(3, 4, 5),),
        "rows and columns alone, (4, 5)": lambda: (unit(4, 5),),
        "two pictures, (2, 3, 4, 5)": lambda: (unit(2, 3, 4, 5),),
        "a grey picture, (1, 1, 4, 5)": lambda: (unit(1, 1, 4, 5),),
        "a picture with alpha, (1, 4, 4, 5)": lambda: (unit(1, 4, 4, 5),),
        "bytes from 0 to 255": lambda: (255 * unit(1, 3, 4, 5),),
        "a normalised picture": lambda: ((unit(1, 3, 4, 5) - 0.45) / 0.22,),
        "a normalised dark picture": lambda: ((unit(1, 3, 4, 5) - 2) / 4,),
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
    return (x - 2).square().mean() + x[..., 0].square().sum()


def _loop(picture, total_of, steps, new=False, clear=True, clamp="each", copy=True, method=torch.optim.Adam) -> Tensor:
    start = picture
    x = (picture.clone() if copy else picture.detach()).requires_grad_()
    optimizer = method([x], lr=0.05)
    for _ in range(steps):
        if new:
            optimizer = method([x], lr=0.05)
        if clear:
            optimizer.zero_grad()
        total_of(x).backward()
        optimizer.step()
        if clamp == "each":
            x.data.clamp_(0, 1)
    if clamp == "start":
        return start.clone()
    return x.detach().clamp(0, 1) if clamp == "end" else x.detach()


@exercise(
    {
        ("an optimiser made anew at each step", "Make it once, before the loop, so that it remembers"):
            lambda p, f, n: _loop(p, f, n, new=True),
        ("gradients that add up", "Call `optimizer.zero_grad()` before `backward()`"):
            lambda p, f, n: _loop(p, f, n, clear=False),
        ("both, a new optimiser at each step and gradients that add up", "Take them one after the other"):
            lambda p, f, n: _loop(p, f, n, new=True, clear=False),
        ("no clamping", "After each step, bring the pixels back to 0 to 1, outside the graph"):
            lambda p, f, n: _loop(p, f, n, clamp="never"),
        ("one clamping, at the end", "Clamp after each step, inside the loop"):
            lambda p, f, n: _loop(p, f, n, clamp="end"),
        ("a loop that changes the caller's picture", "Work on a copy: `picture.clone()`"):
            lambda p, f, n: _loop(p, f, n, copy=False),
        ("the picture given back as it was", "Return the copy that was optimised"):
            lambda p, f, n: _loop(p, f, n, clamp="start"),
        ("one step too many", "`range(steps)` is already as many as asked for"): lambda p, f, n: _loop(p, f, n + 1),
        ("one step too few", "`range(steps)` is as many as asked for"): lambda p, f, n: _loop(p, f, n - 1),
        ("plain gradient descent", "Asked is Adam"): lambda p, f, n: _loop(p, f, n, method=torch.optim.SGD),
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
    letters = tuple(museum.MYSTERIES)
    if diagnosis is ...:
        task = "a dict from each letter to a name, such as {'A': 'grey photo', 'B': ...}"
        return Feedback(None, f"Write your own code in place of the three dots in the cell above. The task: {task}.")
    if not isinstance(diagnosis, dict):
        return Feedback(False, f"This is of type {type(diagnosis).__name__}, not a dict such as {{'A': 'grey photo'}}.")
    if unknown := [key for key in diagnosis if key not in letters]:
        return Feedback(False, f"There is no exhibit {_shown(unknown[0])}: the letters are {', '.join(letters)}.")
    verdicts = {letter: _verdict(letter, diagnosis.get(letter, ...)) for letter in letters}
    wrong = [f"{letter}: {verdict}" for letter, verdict in verdicts.items() if verdict]
    right = [letter for letter in letters if not verdicts[letter]]
    if not wrong:
        return Feedback(
            True, "All five. Notice that no picture alone was enough: you needed totals, lengths and notes beside it."
        )
    found = f"{' and '.join(right)} {'is' if len(right) == 1 else 'are'} right. " if right else ""
    open_yet = all(diagnosis.get(letter, ...) is ... for letter in letters)
    return Feedback(None if open_yet else False, found + " ".join(wrong))


def _verdict(letter: str, guess) -> str:
    """What speaks against a guess and where to look; empty for a right one."""
    bug = museum.MYSTERIES[letter]
    if guess is ...:
        return f"not named yet. {CLUES[bug]}"
    if not isinstance(guess, str) or guess not in museum.BUGS:
        near = difflib.get_close_matches(guess, museum.BUGS, 1) if isinstance(guess, str) else []
        meant = f"did you mean `{near[0]}`?" if near else "take one from `list(museum.BUGS)`."
        return f"no label bears the name {_shown(guess)}; {meant}"
    if guess == bug:
        return ""
    return f"not `{guess}`. With that, one sees this: {museum.BUGS[guess].symptom} {CLUES[bug]}"


def _shown(thing) -> str:
    return repr(thing)[:40].encode(errors="replace").decode()


which_bug = never_raising(_judge, "Give a dict of names, such as {'A': 'grey photo'}.")
which_bug.__name__ = "which_bug"
which_bug.__doc__ = 'Judges an answer to the task: a dict from each letter, "A" to "E", to its bug in `museum.BUGS`.'
