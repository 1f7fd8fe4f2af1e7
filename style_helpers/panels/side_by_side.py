"""What the race and the bug switches share: several descents in turn, one evaluation each, and their pictures."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from style_helpers.language import _
from style_helpers.panels.chart import Moments
from style_helpers.panels.panel import Panel, Work


@dataclass
class Descent:
    """One of them on its way.

    steps    one evaluation at a time; what each of them gives is for `keep`
    picture  of the last evaluation whose total was a finite number; until then the one to begin with
    note     why it ended before its time, if it did
    """

    name: str
    steps: Iterator
    picture: Tensor
    note: str = ""

    def evaluate(self) -> object:
        """Does the next evaluation."""
        return next(self.steps)

    def keep(self, evaluated: object):
        """Takes what `evaluate` gave; sets `note` when it cannot go on."""
        raise NotImplementedError


class SideBySide(Panel):
    """A panel whose descents do the same number of evaluations, in turn, so that each moment can be compared."""

    chart: Moments

    def show(self, descents: Sequence[Descent], evaluations: int):
        """Curves, and what else is told of the descents as they stand."""
        raise NotImplementedError

    def passed(self, evaluation: int):
        """A round is over: for what a panel notes at each."""

    # In the background

    def take_turns(self, work: Work, descents: Sequence[Descent], evaluations: int, said: str) -> str:
        """Goes on until all is done, nobody is left, or Stop is pressed; says which. said: after the first round."""
        done, began = 0, 0.0
        try:
            while done < evaluations and not all(each.note for each in descents):
                if not self._round(work, descents):
                    return _("Stopped.")
                done += 1
                with work.page():
                    if done == 1:  # until now networks were loaded too
                        began = time.perf_counter()
                        work.made(said)
                    self._remember(done, descents)
                    self.passed(done)
                    if work.may_show():
                        left = (time.perf_counter() - began) / (done - 1) * (evaluations - done) if done > 1 else None
                        self.show_progress(done, evaluations, left, of_each=True)
                        self.show(descents, evaluations)
        finally:
            with work.page():
                self.show_progress(done, evaluations, of_each=True)
                self.show(descents, evaluations)
                self.chart.end()
                for each in descents:
                    each.steps = iter(())  # the optimisers' memories are let go
        return _("All evaluations are done.") if done == evaluations else _("Nobody is left.")

    def _round(self, work: Work, descents: Sequence[Descent]) -> bool:
        """One evaluation of each that goes on; False, and nothing is kept, when asked to stop."""
        came = []
        for each in descents:
            if work.stopping.is_set():
                return False
            if not each.note:
                came.append((each, each.evaluate()))
        for each, evaluated in came:
            each.keep(evaluated)
        return True

    def _remember(self, done: int, descents: Sequence[Descent]):
        """The pictures of this round, without those that ended; after the first round the ones they began with."""
        if done == 1 or not all(each.note for each in descents):
            self.chart.remember(done, [None if each.note and done > 1 else each.picture for each in descents])
