"""What the tests of the panels with bundled pictures share: a fake run, and a copy of what is bundled."""

import json
import threading
from types import MappingProxyType

import torch

from style_helpers import transfer
from style_helpers.panels.bundled import FOLDER, SIZE
from tests.panels.driving import wait


class FakeRun:
    """transfer.Run's manners: each evaluation waits until the test allows it, unless it may go on for ever."""

    def __init__(self, content, style, settings, free=True, fail_at=None):
        self.content, self.style, self.settings, self.fail_at = content, style, settings, fail_at
        self.evaluations, self.history, self.ended = settings.evaluations, [], ""
        self.stopped = threading.Event()
        self.allowed = threading.Semaphore(10**6 if free else 0)

    def __iter__(self):
        for evaluation in range(1, self.evaluations + 1):
            while not self.stopped.is_set() and not self.allowed.acquire(timeout=0.005):
                pass
            if self.stopped.is_set():
                self.ended = f"Stopped after {len(self.history)} of {self.evaluations} evaluations."
                return
            if evaluation == self.fail_at:
                raise ValueError("The <network> is tired.")
            losses = transfer.Losses(MappingProxyType({"style relu1_1": 2 / evaluation, "content relu4_2": 0.1}))
            picture = torch.full_like(self.content, evaluation / self.evaluations)
            self.history.append(transfer.Evaluation(evaluation, SIZE, evaluation / 10, losses))
            yield transfer.Step(evaluation, SIZE, evaluation / 10, losses, picture)
        self.ended = f"All {self.evaluations} evaluations are done."

    def stop(self):
        self.stopped.set()

    def seconds_left(self):
        return 3.0

    def result(self):
        return transfer.Result(torch.full_like(self.content, 0.25), tuple(self.history), self.ended)


class Runs(list):
    """Makes runs and keeps them; `free` and `fail_at` are of the next ones."""

    free, fail_at = True, None

    def begin(self, content, style, settings):
        self.append(FakeRun(content, style, settings, self.free, self.fail_at))
        return self[-1]


def computed(panel):
    panel.compute_button.click()
    wait(lambda: not panel.working)
    return panel


def copied_bundle(folder):
    for path in FOLDER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def index():
    return json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
