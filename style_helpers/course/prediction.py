"""Predict, run, explain: a question before the cell that answers it, and the guess laid over what was measured."""

import html
from collections.abc import Sequence

import traitlets

from style_helpers.fronts import Front

VERDICTS = {
    "none": "No guess this time. A guess before the answer, even a wrong one, makes it easier to remember.",
    "right": "As you predicted.",
    "other": "Not as you predicted: what made you expect the other? That is the place to think again.",
}


def predict(question: str, choices: Sequence[str]) -> "Prediction":
    """A question with its choices: make it the last expression of a cell, and ask it for the `answer` later.

    choices: two texts or more, all different. Raises ValueError for others.
    """
    choices = (choices,) if isinstance(choices, str) else tuple(choices)
    all_texts = all(isinstance(each, str) for each in (question, *choices))
    if not all_texts or len(choices) < 2 or len(set(choices)) < len(choices):
        raise ValueError(
            f"A prediction needs a question and two different choices or more, all texts, not {choices!r}."
        )
    return Prediction(question=question, choices=list(choices))


class Prediction(Front, parts=("prediction",)):
    """The question with its choices; in plain text where there are no widgets.

    guess   the choice that the learner made, None before; setting it is the same as clicking
    closed  it was answered, and the guess stays as it is
    """

    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    guess = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    closed = traitlets.Bool(False).tag(sync=True)

    def answer(self, choice: str, evidence: str = "") -> "Answer":
        """The guess laid over the answer: the last expression of the cell after the measurement.

        choice: the one that the measurement showed. evidence: one sentence, such as the number measured. From now on
        the guess stays as it is. Raises ValueError for a choice that was not offered.
        """
        if choice not in self.choices:
            raise ValueError(f"The answer {choice!r} is not among the choices {', '.join(self.choices)}.")
        self.closed = True
        given = {"question": self.question, "choices": self.choices, "guess": self.guess}
        return Answer(**given, measured=choice, evidence=evidence)

    def recorded(self) -> dict:
        """On a page nobody has guessed yet."""
        return super().recorded() | {"guess": None, "closed": False}

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        return _with(self, {"text/plain": repr(self)}, **kwargs)

    def __repr__(self) -> str:
        return "\n".join([f"Predict first. {self.question}", *(f"  ( ) {choice}" for choice in self.choices)])


class Answer(Front, parts=("prediction", "answer")):
    """The choices, with a word at the one that was guessed and at the one that was measured."""

    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    guess = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    measured = traitlets.Unicode().tag(sync=True)
    evidence = traitlets.Unicode().tag(sync=True)
    verdicts = traitlets.Dict(VERDICTS).tag(sync=True)
    waits = traitlets.Bool(False).tag(sync=True)

    def recorded(self) -> dict:
        """On a page it waits for the reader's own guess."""
        return super().recorded() | {"guess": None, "waits": True}

    @property
    def verdict(self) -> str:
        return VERDICTS["none" if self.guess is None else "right" if self.guess == self.measured else "other"]

    def _marked(self) -> list[tuple[str, str]]:
        """Each choice, and what stands beside it."""
        marks = [(choice, [choice == self.guess and "your guess", choice == self.measured and "measured"])
                 for choice in self.choices]  # fmt: skip
        return [(choice, " and ".join(filter(None, said))) for choice, said in marks]

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        return _with(self, {"text/plain": repr(self), "text/html": self._repr_html_()}, **kwargs)

    def _repr_html_(self) -> str:
        """Where widgets are not shown."""
        rows = [
            f"<li><b>{html.escape(choice)}</b> &larr; {said}</li>" if said else f"<li>{html.escape(choice)}</li>"
            for choice, said in self._marked()
        ]
        evidence = f"<p>Measured: {html.escape(self.evidence)}</p>" if self.evidence else ""
        return f'<div role="status"><ul>{"".join(rows)}</ul>{evidence}<p>{self.verdict}</p></div>'

    def __repr__(self) -> str:
        rows = [f"  {choice}{f'  <- {said}' if said else ''}" for choice, said in self._marked()]
        return "\n".join([*rows, f"Measured: {self.evidence}" if self.evidence else "", self.verdict])


def _with(front: Front, plain: dict, **kwargs) -> tuple[dict, dict]:
    """A front for the page, and for where there are no widgets what says the same: its own text would be cut off."""
    data, about = Front._repr_mimebundle_(front, **kwargs)
    return data | plain, about
