"""Predict, run, explain: a question before the cell that answers it, and the guess laid over what was measured."""

import html
from collections.abc import Sequence

import traitlets

from style_helpers.fronts import Front
from style_helpers.language import _


def predict(question: str, choices: Sequence[str]) -> "Prediction":
    """A question with its choices: make it the last expression of a cell, and ask it for the `answer` later.

    choices: two texts or more, all different. Raises ValueError for others.
    """
    choices = (choices,) if isinstance(choices, str) else tuple(choices)
    all_texts = all(isinstance(each, str) for each in (question, *choices))
    if not all_texts or len(choices) < 2 or len(set(choices)) < len(choices):
        raise ValueError(
            _(
                "A prediction needs a question and two different choices or more, all texts, not {choices!r}.",
                choices=choices,
            )
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
            known = ", ".join(self.choices)
            raise ValueError(_("The answer {choice!r} is not among the choices {known}.", choice=choice, known=known))
        self.closed = True
        given = {"question": self.question, "choices": self.choices, "guess": self.guess}
        return Answer(**given, measured=choice, evidence=evidence)

    def recorded(self) -> dict:
        """On a page nobody has guessed yet."""
        return super().recorded() | {"guess": None, "closed": False}

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        return _with(self, {"text/plain": repr(self)}, **kwargs)

    def __repr__(self) -> str:
        asked = _("Predict first. {question}", question=self.question)
        return "\n".join([asked, *(f"  ( ) {choice}" for choice in self.choices)])


class Answer(Front, parts=("prediction", "answer")):
    """The choices, with a word at the one that was guessed and at the one that was measured."""

    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    guess = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    measured = traitlets.Unicode().tag(sync=True)
    evidence = traitlets.Unicode().tag(sync=True)
    verdicts = traitlets.Dict().tag(sync=True)
    waits = traitlets.Bool(False).tag(sync=True)

    @traitlets.default("verdicts")
    def _verdicts(self) -> dict[str, str]:
        return {
            "none": _("No guess this time. A guess before the answer, even a wrong one, makes it easier to remember."),
            "right": _("As you predicted."),
            "other": _("Not as you predicted: what made you expect the other? That is the place to think again."),
        }

    def recorded(self) -> dict:
        """On a page it waits for the reader's own guess."""
        return super().recorded() | {"guess": None, "waits": True}

    @property
    def verdict(self) -> str:
        return self.verdicts["none" if self.guess is None else "right" if self.guess == self.measured else "other"]

    def _marked(self) -> list[tuple[str, str]]:
        """Each choice, and what stands beside it."""
        both, guess, measured = _("your guess and measured"), _("your guess"), _("measured")
        said = {(True, True): both, (True, False): guess, (False, True): measured}
        return [(choice, said.get((choice == self.guess, choice == self.measured), "")) for choice in self.choices]

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        return _with(self, {"text/plain": repr(self), "text/html": self._repr_html_()}, **kwargs)

    def _repr_html_(self) -> str:
        """Where widgets are not shown."""
        rows = [
            f"<li><b>{html.escape(choice)}</b> &larr; {said}</li>" if said else f"<li>{html.escape(choice)}</li>"
            for choice, said in self._marked()
        ]
        evidence = f"<p>{html.escape(self._measured())}</p>" if self.evidence else ""
        return f'<div role="status"><ul>{"".join(rows)}</ul>{evidence}<p>{self.verdict}</p></div>'

    def __repr__(self) -> str:
        rows = [f"  {choice}{f'  <- {said}' if said else ''}" for choice, said in self._marked()]
        return "\n".join([*rows, self._measured() if self.evidence else "", self.verdict])

    def _measured(self) -> str:
        return _("Measured: {evidence}", evidence=self.evidence)


def _with(front: Front, plain: dict, **kwargs) -> tuple[dict, dict]:
    """A front for the page, and for where there are no widgets what says the same: its own text would be cut off."""
    data, about = Front._repr_mimebundle_(front, **kwargs)
    return data | plain, about
