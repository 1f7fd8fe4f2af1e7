"""How long each lesson computes on this machine, and its memory: its notebook, run once from top to bottom.

The exercises stay unwritten, as they are when a learner opens the notebook, and nobody reads: these are the seconds of
the computer alone.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from benchmarks.speed_report import table
from style_helpers.settings import QUICK

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
SAMPLES_EVERY = 0.1  # seconds


class LessonError(RuntimeError):
    """A lesson that is not there or did not run; the message is one sentence."""


def chosen(numbers: list[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks of lessons by their two figures, all of them where none is named. Raises LessonError."""
    by_number = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    unknown = [number for number in numbers if number not in by_number]
    if unknown:
        raise LessonError(f"There is no lesson {unknown[0]}; there are {', '.join(by_number)}.")
    return [by_number[number] for number in numbers or by_number]


def measure(notebooks: list[Path], quick: bool) -> Iterator[dict]:
    """One after the other, {"lesson", "seconds", "longest_cell", "longest_cell_begins", "memory"} (in bytes).

    "seconds" are those of all cells, imports included, without the start of the kernel. Raises LessonError.
    """
    for path in notebooks:
        clock = Clock()
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            client = NotebookClient(
                notebook,
                timeout=None,
                kernel_name="python3",
                resources={"metadata": {"path": folder}},
                on_cell_execute=clock.start,
                on_cell_executed=clock.stop,
            )
            clock.client = client
            try:
                client.execute(env=environment(quick))
            except (CellExecutionError, DeadKernelError) as error:
                where = f"cell {clock.last}" if clock.last is not None else "the start of the kernel"
                reason = str(error).strip().splitlines()[-1]
                raise LessonError(f"{path.name} did not run to its end; it stopped at {where}: {reason}") from error
            finally:
                clock.ended.set()
        longest = max(clock.seconds, key=clock.seconds.get)
        yield {
            "lesson": path.stem,
            "seconds": sum(clock.seconds.values()),
            "longest_cell": clock.seconds[longest],
            "longest_cell_begins": notebook.cells[longest].source.splitlines()[0],
            "memory": clock.memory,
        }


def environment(quick: bool) -> dict[str, str]:
    """Of the kernel: this one's, in quick mode or not, whatever it is here."""
    return {name: value for name, value in os.environ.items() if name != QUICK} | ({QUICK: "1"} if quick else {})


class Clock:
    """Seconds of each cell by its place in the notebook, and the most memory of the kernel, seen in samples."""

    def __init__(self):
        self.client: NotebookClient | None = None
        self.seconds: dict[int, float] = {}
        self.memory = 0
        self.ended = threading.Event()
        self.last: int | None = None
        self._began = 0.0

    def start(self, cell, cell_index: int):
        if self.last is None:
            process = psutil.Process(self.client.km.provisioner.pid)
            threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        self.last, self._began = cell_index, time.perf_counter()

    def stop(self, cell, cell_index: int, execute_reply):
        self.seconds[cell_index] = time.perf_counter() - self._began

    def _watch(self, kernel: psutil.Process):
        while not self.ended.wait(SAMPLES_EVERY):
            try:
                held = sum(each.memory_info().rss for each in (kernel, *kernel.children(recursive=True)))
            except psutil.Error:  # a process has ended meanwhile
                continue
            self.memory = max(self.memory, held)


def as_table(found: list[dict]) -> str:
    rows = [
        (
            one["lesson"],
            f"{one['seconds']:.0f}",
            f"{one['longest_cell']:.0f}",
            f"`{one['longest_cell_begins']}`",
            f"{one['memory'] / 1e9:.1f}",
        )
        for one in found
    ]
    return table(("lesson", "seconds", "longest cell, s", "which begins", "memory, GB"), rows)
