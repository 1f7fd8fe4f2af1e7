"""Predict, run, explain: a question before the cell that answers it, and the guess laid over what was measured."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets


def predict(question: str, choices: Sequence[str]) -> "Prediction":
    """A question with its choices: make it the last expression of a cell, and ask it for the `answer` later.

    choices: two or more, all different. Raises ValueError for others.
    """
    return Prediction(question, choices)


class Prediction(ipywidgets.VBox):
    """The question with radio buttons; in plain text where there are no widgets.

    `guess` is the choice that the learner made, None before; setting it is the same as clicking.
    """

    def __init__(self, question: str, choices: Sequence[str]):
        choices = tuple(choices)
        if len(choices) < 2 or len(set(choices)) < len(choices):
            raise ValueError(f"A prediction needs two different choices or more, not {choices!r}.")
        self.question, self.choices = question, choices
        asked = ipywidgets.HTML(f"<b>Predict first.</b> {html.escape(question)}")
        self._buttons = ipywidgets.RadioButtons(
            options=choices,
            value=None,
            description="My guess:",  # a screen reader says it with each choice
            layout={"width": "max-content", "max_width": "100%"},
        )
        super().__init__([asked, self._buttons])

    @property
    def guess(self) -> str | None:
        return self._buttons.value

    @guess.setter
    def guess(self, choice: str | None):
        self._buttons.value = choice

    def answer(self, choice: str, evidence: str = "") -> "Answer":
        """The guess laid over the answer: the last expression of the cell after the measurement.

        choice: the one that the measurement showed. evidence: one sentence, such as the number measured. From now on
        the buttons keep the guess as it is. Raises ValueError for a choice that was not offered.
        """
        if choice not in self.choices:
            raise ValueError(f"The answer {choice!r} is not among the choices {', '.join(self.choices)}.")
        self._buttons.disabled = True
        return Answer(self.choices, self.guess, choice, evidence)

    def _repr_mimebundle_(self, **kwargs) -> dict:
        # ipywidgets cuts the plain text off after 110 characters
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": repr(self)}

    def __repr__(self) -> str:
        return "\n".join([f"Predict first. {self.question}", *(f"  ( ) {choice}" for choice in self.choices)])


@dataclass(frozen=True)
class Answer:
    """The choices, with a word at the one that was guessed and at the one that was measured."""

    choices: tuple[str, ...]
    guess: str | None
    measured: str
    evidence: str

    @property
    def verdict(self) -> str:
        if self.guess is None:
            return "No guess this time. A guess before the answer, even a wrong one, makes it easier to remember."
        if self.guess == self.measured:
            return "As you predicted."
        return "Not as you predicted: what made you expect the other? That is the place to think again."

    def marks(self, choice: str) -> list[str]:
        found = ["your guess"] if choice == self.guess else []
        return found + (["measured"] if choice == self.measured else [])

    def _repr_html_(self) -> str:
        rows = []
        for choice in self.choices:
            marks = self.marks(choice)
            shown = f"<b>{html.escape(choice)}</b>" if marks else html.escape(choice)
            rows.append(f"<li>{shown}{' &larr; ' + ' and '.join(marks) if marks else ''}</li>")
        evidence = f"<p>Measured: {html.escape(self.evidence)}</p>" if self.evidence else ""
        return (
            '<div role="status" style="border-left: 4px solid #0072B2; padding: 0 1em; max-width: 60em">'
            f"<ul>{''.join(rows)}</ul>{evidence}<p>{self.verdict}</p></div>"
        )

    def __repr__(self) -> str:
        rows = [f"  {choice}" + "".join(f"  <- {mark}" for mark in self.marks(choice)) for choice in self.choices]
        return "\n".join([*rows, f"Measured: {self.evidence}" if self.evidence else "", self.verdict])
