"""What Python's and torch's error messages mean for an answer: `feedback` says it after the message itself."""

from style_helpers.language import _


def meanings() -> dict[str, str]:
    """By a pattern in an error's words, or in its type and the file that raised it, what it means."""
    return {
        "is not defined": _(
            "A function knows its arguments, what it makes, and what cells above made; text needs quotes."
        ),
        "local variable": _("This variable gets its value too late, or in a branch that was not taken."),
        "Boolean value of Tensor": _(
            "One yes or no is asked, as by `max` or `if`: take `clamp`, `torch.where` or `.all()`."
        ),
        "define __round__|step must be": _("Tensors have methods of their own for this: `.round()`, `.flip(...)`."),
        "_function|method'": _("Round brackets behind its name call a function: are they missing?"),
        "'torch.Size'": _("That is a list of sides: `.numel()` is the count of numbers."),
        "^KeyError": _("The dictionary has no such key: ask each for its own, as by `.items()`, and not from memory."),
        "'dict'": _("This is a whole dictionary: take its tensors one by one, as in `features[layer]`."),
        "NoneType": _("There stands None: no `return` in a function, or a `.grad` before the first `backward()`."),
        "unexpected keyword|required positional": _(
            "It takes other arguments than it is given: `help(...)` tells which."
        ),
        "^ValueError in losses.py": _("Is it the same layer, and of both the features, or of both the Gram?"),
        "not require grad": _(
            "`backward()` needs a total computed of a tensor with `requires_grad_()`, not in `no_grad()`."
        ),
        "second time": _(
            "Each `backward()` needs a total computed anew, from a picture that no earlier step has computed."
        ),
        "leaf": _(
            "Copy first, then `requires_grad_()`: an optimiser moves what nothing has computed, and you its `.data`."
        ),
        "iterable": _("Many things are asked here: a list in square brackets, or for a loop a `range(...)`."),
        "bitwise_|for [|&]": _("`|` and `&` bind tighter than `<` and `!=`: write `or` and `and`, or put parentheses."),
        r"^.{0,20}t\(\) expects": _("`t()` turns a single matrix: for a batch take `.transpose(1, 2)`."),
        "out of bounds": _("An index goes from 0 to the side less 1: take the sides from the argument's `shape`."),
        "'Tensor' and '(tuple|list)'|'(tuple|list)' and 'T|an index$|be Tensor, not": _(
            "Make a tensor: `torch.tensor(...)`."
        ),
        "size of tensor b|match the broadcast": _(
            "Sides are lined up from the right, and only a side of 1 is repeated."
        ),
        "size mismatch|mat1 and|of batch2|[Ee]xpected size|1D tensors|must be a matrix": _(
            "`@` needs as many columns on its left as rows on its right: which of the two must be transposed?"
        ),
        "invalid for input of size": _(
            "A `reshape` keeps the count of numbers: take the sides from the argument's `shape`."
        ),
        "view size is not compatible": _(
            "After `permute` numbers lie in another order: take `reshape` in place of `view`."
        ),
        "values to unpack": _("As many names are needed as parts come: of a dictionary pairs come by `.items()`."),
        "Dimension out of range|not match the length of|too many indices": _(
            "How many dimensions are there? `.shape` tells."
        ),
        "object is not callable": _("Round brackets call a function: is a `*` missing, or is this no function?"),
        "'(float|int)' object has": _("This is a plain number, as after `.item()`: it has no methods of a tensor."),
        "has no attribute": _("What stands before the dot has another type than this needs."),
        "Byte|'Long'|'Int'|output dtype|can't be cast": _("Whole numbers cannot do this: make them `.float()` first."),
        "to (Python )?[Ss]calar|only one element": _("`.item()`, `float()` and `int()` take one number alone."),
    }
