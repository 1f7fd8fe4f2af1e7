"""What the figures were measured on: the machine, its matrix products, its memory."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch

from style_helpers import devices

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
PEAK_SIDE = 2048  # of the two square matrices whose product is the measured peak


def facts(device: torch.device) -> dict:
    """The machine in words and numbers."""
    return {
        "processor": processor(),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "fast_bfloat16": devices.has_fast_bfloat16(device),
    }


def processor() -> str:
    """The name that the processor gives itself."""
    listing = Path("/proc/cpuinfo")  # Linux; platform.processor() is empty there
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def precisions(device: torch.device) -> tuple[str, ...]:
    """The number formats that are worth measuring here."""
    return ("fp32", "bf16") if devices.has_fast_bfloat16(device) else ("fp32",)


def product(precision: str, side: int, device: torch.device) -> Callable[[], None]:
    """A function that multiplies two square matrices once: 2 side^3 floating-point operations."""
    left, right = (torch.randn(side, side, device=device).to(DTYPES[precision]) for _ in range(2))
    into = torch.empty_like(left)

    def multiply():
        torch.mm(left, right, out=into)

    return multiply


def paired(turns: dict[str, Callable[[], None]], repeats: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of each function, called in turn, A B C A B C ..., so that a slow minute is slow for all of them.

    The first round, in which memory is allocated and kernels are chosen, is not counted.
    """
    seconds = {name: [] for name in turns}
    for round_number in range(repeats + 1):
        for name, turn in turns.items():
            began = time.perf_counter()
            turn()
            wait_for(device)
            if round_number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def peaks(device: torch.device, side: int, repeats: int) -> dict[str, float]:
    """Measured operations a second of a matrix product, by number format."""
    seconds = paired({name: product(name, side, device) for name in precisions(device)}, repeats, device)
    return {name: 2 * side**3 / statistics.median(values) for name, values in seconds.items()}


def wait_for(device: torch.device):
    """Until a GPU has done what it was given."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


def most_memory(device: torch.device) -> int:
    """The most bytes that this process has held so far: of a GPU's memory if it uses one, else of the machine's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # on Linux getrusage also counts the parent that this process was forked from
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
