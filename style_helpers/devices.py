"""Where to compute, in which number format, and the picture size that suits the place."""

import contextlib
import ctypes
import math
import os
import sys
from pathlib import Path

import psutil
import torch

from style_helpers.settings import SettingsError


def choose(name: str = "auto") -> torch.device:
    """The device of that name: "cuda", "mps", "xpu", "cpu", one of several such as "cuda:1", or "auto" for the best.

    Raises SettingsError for a name that is not known or a device that this machine lacks.
    """
    present = available()
    if name == "auto":
        return torch.device(present[0])
    kind, _, number = str(name).partition(":")
    if kind not in _PRESENT or (number and not number.isdecimal()):
        raise SettingsError(f"device {name!r} is not known: choose one of auto, {', '.join(_PRESENT)}.")
    if kind not in present or int(number or 0) >= _count(kind):
        raise SettingsError(f"device {name!r} is not on this machine: choose one of auto, {', '.join(present)}.")
    return torch.device(name)


_PRESENT = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "xpu": torch.xpu.is_available,
    "cpu": lambda: True,
}


def available() -> list[str]:
    """The kinds of device on this machine, the quickest first."""
    return [kind for kind, is_present in _PRESENT.items() if is_present()]


def _count(kind: str) -> int:
    return {"cuda": torch.cuda.device_count, "xpu": torch.xpu.device_count}.get(kind, lambda: 1)()


def number_format(precision: str, device: torch.device) -> torch.dtype:
    """The format of the convolutions for `Settings.precision`: "fp32", "bf16", or "auto".

    "auto" is bfloat16 where the processor multiplies matrices of it: x86 with AMX or AVX512-BF16, Arm with bf16,
    NVIDIA from the Ampere generation on. Elsewhere bfloat16 is emulated and slow, so "auto" stays with float32. In
    float32, cuDNN's convolutions take TF32 by themselves where a GPU has it, and matrix products do not: torch's own
    defaults, and what Gram matrices need.
    """
    if precision == "fp32":
        return torch.float32
    if precision == "bf16" or has_fast_bfloat16(device):
        return torch.bfloat16
    return torch.float32


def has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type == "cpu":
        found = torch.cpu.get_capabilities()
        return any(found.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return False


def free_memory(device: torch.device, root: Path = Path("/")) -> int:
    """Bytes that a run could take now: of the GPU's own memory, or of this machine's within every limit set on us.

    A container's or a batch system's limit is its control group's (Linux); JupyterHub's is the variable MEM_LIMIT.
    `root` is where /proc and /sys are looked for.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    left = [psutil.virtual_memory().available, *_left_in_control_groups(root), *_left_at_the_hub()]
    return max(0, min(left))


def processors(root: Path = Path("/")) -> int:
    """How many processor cores this process may keep busy, with a container's or JupyterHub's limit; at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [float(allowed)]
    with contextlib.suppress(KeyError, ValueError):
        limits.append(float(os.environ["CPU_LIMIT"]))
    for folder in _control_groups(root, "cpu"):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text().split()  # "max 100000" where there is no limit
            limits.append(int(quota) / int(period))
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            limits += [quota / period] if quota > 0 else []
    return max(1, math.ceil(min(limits)))


def _left_in_control_groups(root: Path) -> list[int]:
    """For each limit on our control group and on those above it: the limit less what is used, in bytes."""
    left = []
    for folder in _control_groups(root, "memory"):
        for limit, used, idle in (
            ("memory.max", "memory.current", "inactive_file"),  # version 2
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # version 1
        ):
            with contextlib.suppress(OSError, ValueError):  # another version, or "max": no limit
                numbers = [int((folder / name).read_text()) for name in (limit, used)]
                kept = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                left.append(numbers[0] - numbers[1] + int(kept.get(idle, 0)))  # files in memory give way
    return left


def _control_groups(root: Path, controller: str) -> list[Path]:
    """The folders of our control group and of all above it, for version 2 and for one controller of version 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return []
    folders = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", controller) or controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / controllers
            group = top / path.strip("/")
            # Inside a container the path may be the host's, of which only the top is seen here
            folders += [folder for folder in (group, *group.parents) if folder.is_relative_to(top) and folder.is_dir()]
    return folders


def _left_at_the_hub() -> list[int]:
    """MEM_LIMIT less what the learner's server and all that it started hold: not every JupyterHub enforces it."""
    limit = os.environ.get("MEM_LIMIT", "")
    if not limit.isdecimal():
        return []
    with contextlib.suppress(psutil.Error):
        top = psutil.Process()
        for parent in top.parents():
            with contextlib.suppress(psutil.Error):  # of another user: the hub itself
                top = parent if parent.environ().get("MEM_LIMIT") == limit else top
        return [int(limit) - sum(_held(each) for each in (top, *top.children(recursive=True)))]
    return [int(limit)]


def _held(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:  # it has just ended
        return 0


def keep_freed_memory():
    """Ask the C library to keep what is freed for the next evaluation, where it is the GNU one (most Linux).

    Otherwise it returns each large feature map to the system, which then has to clear the pages again: measured at 512
    pixels in bfloat16, an evaluation took up to twice as long.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        trim_threshold, mmap_threshold = -1, -3  # the names are those of malloc.h
        library.mallopt(mmap_threshold, 2**30)
        library.mallopt(trim_threshold, 2**31 - 1)


def default_size(preset: str, device: torch.device) -> int:
    """Shorter side in pixels when nobody says: 512 with a GPU and 128 without for the seed tutorial, 256 else."""
    if device.type != "cpu":
        return 512
    return 128 if preset == "tutorial" else 256
