"""What Python's and torch's error messages mean for an answer: `feedback` says it after the message itself.

What is said here stands in English, and is translated where it is spoken.
"""

from typing import NamedTuple


class Meaning(NamedTuple):
    words: str
    test: str  # a pattern in an error's words, or in its type and the file that raised it


MEANINGS = (  # the first that fits is said
    Meaning(
        "A function knows its arguments, what it makes, and what cells above made; text needs quotes.",
        test="is not defined",
    ),
    Meaning("This variable gets its value too late, or in a branch that was not taken.", test="local variable"),
    Meaning(
        "One yes or no is asked, as by `max` or `if`: take `clamp`, `torch.where` or `.all()`.",
        test="Boolean value of Tensor",
    ),
    Meaning(
        "Tensors have methods of their own for this: `.round()`, `.flip(...)`.", test="define __round__|step must be"
    ),
    Meaning("Round brackets behind its name call a function: are they missing?", test="_function|method'"),
    Meaning(
        "`sort`, `max` and `min` along a `dim` give values and indices: take `.values`.",
        test=r"return_types\.(sort|max|min|median)",
    ),
    Meaning("That is a list of sides: `.numel()` is the count of numbers.", test="'torch.Size'"),
    Meaning(
        "The dictionary has no such key: ask each for its own, as by `.items()`, and not from memory.", test="^KeyError"
    ),
    Meaning("This is a whole dictionary: take its tensors one by one, as in `features[layer]`.", test="'dict'"),
    Meaning(
        "There stands None: no `return` in a function, or a `.grad` before the first `backward()`.", test="NoneType"
    ),
    Meaning(
        "It takes other arguments than it is given: `help(...)` tells which.",
        test="unexpected keyword|required positional",
    ),
    Meaning(
        "Compare like with like: the same layer, and the features of both or the Gram matrices of both.",
        test="^ValueError in losses.py",
    ),
    Meaning(
        "`backward()` needs a total computed of a tensor with `requires_grad_()`, not in `no_grad()`.",
        test="not require grad",
    ),
    Meaning(
        "Each `backward()` needs a total computed anew, from a picture that no earlier step has computed.",
        test="second time",
    ),
    Meaning(
        "Copy first, then `requires_grad_()`: an optimiser moves what nothing has computed, and you its `.data`.",
        test="leaf",
    ),
    Meaning("Many things are asked here: a list in square brackets, or for a loop a `range(...)`.", test="iterable"),
    Meaning(
        "`|` and `&` bind tighter than `<` and `!=`: write `or` and `and`, or put parentheses.",
        test="bitwise_|for [|&]",
    ),
    Meaning("`t()` turns a single matrix: for a batch take `.transpose(1, 2)`.", test="^.{0,20}t\\(\\) expects"),
    Meaning(
        "An index goes from 0 to the side less 1: take the sides from the argument's `shape`.", test="out of bounds"
    ),
    Meaning(
        "Make a tensor: `torch.tensor(...)`.",
        test="'Tensor' and '(tuple|list)'|'(tuple|list)' and 'T|an index$|be Tensor, not",
    ),
    Meaning(
        "Sides are lined up from the right, and only a side of 1 is repeated; `keepdim=True` keeps it.",
        test="size of tensor b|match the broadcast",
    ),
    Meaning(
        "`@` needs as many columns on its left as rows on its right: which of the two must be transposed?",
        test="size mismatch|mat1 and|of batch2|[Ee]xpected size|1D tensors|must be a matrix",
    ),
    Meaning(
        "A `reshape` keeps the count of numbers: take the sides from the argument's `shape`.",
        test="invalid for input of size",
    ),
    Meaning(
        "After `permute` numbers lie in another order: take `reshape` in place of `view`.",
        test="view size is not compatible",
    ),
    Meaning(
        "As many names are needed as parts come: of a dictionary pairs come by `.items()`.", test="values to unpack"
    ),
    Meaning(
        "How many dimensions are there? `.shape` tells.",
        test="Dimension out of range|not match the length of|too many indices",
    ),
    Meaning("Round brackets call a function: is a `*` missing, or is this no function?", test="object is not callable"),
    Meaning(
        "This is a plain number, as after `.item()`: it has no methods of a tensor.", test="'(float|int)' object has"
    ),
    Meaning("What stands before the dot has another type than this needs.", test="has no attribute"),
    Meaning(
        "Whole numbers cannot do this: make them `.float()` first.", test="Byte|'Long'|'Int'|output dtype|can't be cast"
    ),
    Meaning("`.item()`, `float()` and `int()` take one number alone.", test="to (Python )?[Ss]calar|only one element"),
)
