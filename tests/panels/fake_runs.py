"""What the tests of the panels that begin a run share: a fake run, and a copy of what is bundled."""

import json
import threading
from types import MappingProxyType

import torch

from style_helpers import transfer
from style_helpers.panels.bundled import FOLDER, SIZE
from tests.panels.driving import Fake, idle


class FakeRun:
    """transfer.Run's manners: it is stopped after the evaluation under way."""

    def __init__(self, content, style, settings, evaluate=lambda: None):
        self.content, self.style, self.settings = content, style, settings
        self.evaluations, self.history, self.ended = settings.evaluations, [], ""
        self.stopped, self.evaluate = threading.Event(), evaluate
        self.changes, self.calls = {}, []

    def __iter__(self):
        for evaluation in range(1, self.evaluations + 1):
            self.evaluate()
            losses = transfer.Losses(MappingProxyType({"style relu1_1": 2 / evaluation, "content relu4_2": 0.1}))
            picture = torch.full_like(self.content, evaluation / self.evaluations)
            self.history.append(transfer.Evaluation(evaluation, SIZE, evaluation / 10, losses))
            yield transfer.Step(evaluation, SIZE, evaluation / 10, losses, picture)
            if self.stopped.is_set():
                self.ended = f"Stopped after {evaluation} of {self.evaluations} evaluations."
                return
        self.ended = f"All {self.evaluations} evaluations are done."

    def stop(self):
        self.stopped.set()

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def change(self, **weights):
        self.changes |= weights

    def seconds_left(self):
        return 3.0

    def result(self):
        return transfer.Result(torch.full_like(self.content, 0.25), tuple(self.history), self.ended)


class Runs(Fake, list):
    """Makes runs and keeps them."""

    def begin(self, content, style, settings, keep=None):
        self.make()
        self.append(FakeRun(content, style, settings, self.evaluate))
        self[-1].keep = keep
        return self[-1]


def computed(panel):
    panel.run_button.click()
    return idle(panel)


def copied_bundle(folder):
    for path in FOLDER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def index():
    return json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
