"""What wrong results are of the right ones, in words: a multiple, a square, a transpose, a scramble.

This serves every exercise, whether or not somebody thought of the mistake: "it is W times the expected one" finds a
division by C H where C H W was asked.
"""

import itertools
import math
import re
from collections.abc import Callable
from numbers import Real

import torch
from torch import Tensor

from style_helpers.language import _

TOLERANCE = 1e-4  # of the largest number, as in `feedback`
ORDERS = [order for sides in (2, 3, 4) for order in itertools.permutations(range(sides)) if order != (*range(sides),)]
RELATIONS = [  # in words, what stands in their {places}, and what is made of the right result x for one shaped as mine
    ("the expected one", {}, lambda x, mine: x),
    ("the expected one, squared", {}, lambda x, mine: x.square()),
    ("the expected one, its root taken", {}, lambda x, mine: x.sqrt()),
    ("the expected one, without its signs", {}, lambda x, mine: x.abs()),
    ("the expected one, with 0 in some of its places", {}, lambda x, mine: x.reshape(mine.shape) * (mine != 0)),
    ("the expected one, arranged in that shape", {}, lambda x, mine: x.reshape(mine.shape)),
    ("the expected one, averaged", {}, lambda x, mine: x.mean()),
    ("the expected one, added up", {}, lambda x, mine: x.sum()),
    *(
        ("the expected one, averaged over dimension {d}", {"d": d}, lambda x, mine, d=d: x.mean(d).reshape(mine.shape))
        for d in range(4)
    ),
    *(
        ("the expected one, added up over dimension {d}", {"d": d}, lambda x, mine, d=d: x.sum(d).reshape(mine.shape))
        for d in range(4)
    ),
    *(
        ("the expected one, turned by `permute{o}`", {"o": order}, lambda x, mine, order=order: x.permute(order))
        for order in ORDERS
    ),
    *(
        (
            "the expected one, scrambled as by `permute{o}` and a `reshape`",
            {"o": order},
            lambda x, mine, order=order: x.permute(order).reshape(mine.shape),
        )
        for order in ORDERS
    ),
]
ANOTHER = "another"  # in place of a factor: there is one, but in each case another
SIDES = "BCHW"
POWERS = sorted(itertools.product((0, 1, -1), range(-3, 4), range(-2, 3), range(-2, 3)), key=lambda p: sum(map(abs, p)))
PLAIN = (0.25, 0.5, 1, 2, 4)  # numbers that stand beside sides, in a factor that is no chance


def relation(mine: list, right: list, given: list[dict]) -> str:
    """One sentence, the shortest that is true, if in all cases mine come from the right ones in the same way; else "".

    mine, right: results, one for each case: numbers, tensors, or tuples of them. given: the function's arguments by
    their names; where the first is of shape (B, C, H, W), a factor is told in these letters.
    """
    if len(right) < 2:
        return ""
    if isinstance(right[0], tuple):
        whole = all(isinstance(value, tuple | list) and len(value) == len(right[0]) for value in mine)
        parts = zip(zip(*mine, strict=True), zip(*right, strict=True), strict=True) if whole else ()
        said = [relation([*a], [*b], given) for a, b in parts]  # from the last: often the first is made of the others
        number = next((number for number in reversed(range(len(said))) if said[number]), None)
        return "" if number is None else _("Part {number}: {sentence}", number=number + 1, sentence=said[number])
    mine, right = [_numbers(value) for value in mine], [_numbers(value) for value in right]
    if any(value is None for value in mine + right):
        return ""
    if all(value.shape == mine[0].shape and torch.equal(value, mine[0]) for value in mine):
        return _("It is the same in all cases: does what your function gets reach its result?")
    if not any(value.dim() for value in mine + right):
        more = [(a - b).item() for a, b in zip(mine, right, strict=True)]
        if more[0] and all(_close(one, more[0]) for one in more):
            if more[0] > 0:
                return _("In all cases it is {amount:.4g} too large.", amount=more[0])
            return _("In all cases it is {amount:.4g} too small.", amount=-more[0])
    firsts = (next(iter(each.values()), None) for each in given)
    sizes = [x.shape if isinstance(x, Tensor) and x.dim() == 4 else (1, 1, 1, 1) for x in firsts]
    found = []
    for words, values, change in RELATIONS:
        try:
            times = _times(mine, [change(b, a) for a, b in zip(mine, right, strict=True)], sizes)
        except (RuntimeError, IndexError):  # that cannot be made of it
            continue
        if times == "" and words == RELATIONS[0][0]:
            return ""  # the numbers are right, and something else is wrong
        if times is not None:
            found.append((times, words, values))
    shortest = min(found, key=lambda each: len(_told(*each, str.format)), default=None)  # in English: same in all
    return _told(*shortest, _) if shortest else next(filter(None, map(_added_up, mine, right, given)), "")


def _told(times: str, words: str, values: dict, say: Callable) -> str:
    """The sentence of a relation. say: `_`, or `str.format` for English."""
    what = say(words, **values)
    if not times:
        return say("In all cases it is {what}.", what=what)
    sentence = "In all cases it is {times} times {what}."
    if times == ANOTHER:
        sentence = "In all cases it is a multiple, each time another, of {what}: look at what you divide by."
    elif re.search("[A-Z]", times):
        sentence = "In all cases it is {times} times {what}: look at what you divide by."
    return say(sentence, times=times, what=what)


def _added_up(mine: Tensor, right: Tensor, given: dict) -> str:
    """How one wrong result is added up of arguments and their squares, if it is."""
    terms = {name: x.flatten().double() for name, x in given.items() if isinstance(x, Tensor) and x.shape == mine.shape}
    terms |= {f"{name}^2": x.square() for name, x in terms.items()}
    if not 2 < len(terms) + 2 < mine.numel() or mine.shape != right.shape or torch.allclose(mine, right):
        return ""
    basis, mine = torch.stack([*terms.values()], dim=1), mine.reshape(-1, 1)
    weights = torch.linalg.lstsq(basis, mine, driver="gelsd").solution
    sums = [f"{weight.item():.3g} {name}" for weight, name in zip(weights, terms, strict=True) if abs(weight) > 1e-5]
    exact = (basis @ weights - mine).abs().max() < 1e-6 * mine.abs().max()
    return _("It is {sum}.", sum=" + ".join(sums).replace("+ -", "- ")) if exact else ""


def _numbers(value) -> Tensor | None:
    value = torch.tensor(value) if isinstance(value, Real) else value
    if not isinstance(value, Tensor) or value.device.type != "cpu" or value.is_sparse or value.is_complex():
        return None
    return value.detach().double() if value.numel() and value.isfinite().all() else None


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE)


def _times(mine: list[Tensor], right: list[Tensor], sizes: list) -> str | None:
    """The factor between them in all cases, such as "3 W / H"; empty for 1, `ANOTHER`, or None if there is none."""
    factors = []
    for a, b in zip(mine, right, strict=True):
        factor = ((a * b).sum() / b.square().sum()).item() if a.shape == b.shape else 0
        if not factor or not torch.allclose(a, factor * b, rtol=0, atol=TOLERANCE * a.abs().max().item()):
            return None
        factors.append(factor)
    for powers in POWERS:
        rest = [k / math.prod(map(pow, sides, powers)) for k, sides in zip(factors, sizes, strict=True)]
        plain = not any(powers) or any(_close(abs(rest[0]), number) for number in PLAIN)
        if plain and all(_close(one, rest[0]) for one in rest):
            pairs = list(zip(SIDES, powers, strict=True))
            above = [f"{rest[0]:.4g}"] * (f"{rest[0]:.4g}" != "1")
            above += [side + f"^{power}" * (power > 1) for side, power in pairs if power > 0]
            below = [f" / {side}" + f"^{-power}" * (power < -1) for side, power in pairs if power < 0]
            return f"{' '.join(above) or '1'}{''.join(below)}" if above or below else ""
    return None if mine[0].numel() == 1 else ANOTHER
