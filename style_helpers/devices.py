"""Where to compute, in which number format, and the picture size that suits the place.

`choose` is the one place that decides: `images.load` and `networks.load` ask it, and all that follows stays on the
device of the picture it is given.
"""

import ctypes
import math
import os
import platform
import re
import sys
import time
from functools import lru_cache
from pathlib import Path

import psutil
import torch
import torch.nn.functional as F

from style_helpers import _limits
from style_helpers.language import _, plural
from style_helpers.settings import SettingsError

VARIABLE = "STYLE_HELPERS_DEVICE"  # environment variable: the device when nobody names one

# Else cuDNN's convolutions round float32 to TF32, which has 10 binary digits: fewer than the lessons' comparisons and
# differences of near numbers need. GPUs that have it have bfloat16 too, which "auto" takes for speed.
torch.backends.cudnn.allow_tf32 = False


def choose(device: str | torch.device | None = None) -> torch.device:
    """The device that is named; else the one of the variable STYLE_HELPERS_DEVICE; else the best of this machine.

    A torch.device is taken as it is. Names are "cuda", "mps", "xpu", "cpu", one of several such as "cuda:1", and
    "auto", which names none. Raises SettingsError for a name that is not known or a device that this machine lacks.
    """
    if isinstance(device, torch.device):
        return device
    name, asked = (device, "device") if device not in (None, "auto") else (os.environ.get(VARIABLE), VARIABLE)
    present = available()
    if name in (None, "", "auto"):
        return torch.device(present[0])
    kind, colon, number = str(name).partition(":")
    if kind not in _PRESENT or (colon and not re.fullmatch("0|[1-9][0-9]{0,2}", number)):
        known = ", ".join(_PRESENT)
        raise SettingsError(
            _("{name} {value!r} is not known: choose one of auto, {known}.", name=asked, value=name, known=known)
        )
    if kind not in present or int(number or 0) >= _count(kind):
        here = ", ".join(present)
        raise SettingsError(
            _("{name} {value!r} is not on this machine: choose one of auto, {here}.", name=asked, value=name, here=here)
        )
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


def in_words(device: torch.device) -> str:
    """Where that is, for a sentence: "the GPU Tesla T4", "the GPU of this Mac", "the processor with 2 threads"."""
    if device.type in ("cuda", "xpu"):
        return _("the GPU {name}", name=getattr(torch, device.type).get_device_name(device))
    if device.type == "mps":
        return _("the GPU of this Mac")
    threads = torch.get_num_threads()
    return plural("the processor with {number} thread", "the processor with {number} threads", threads)


def default_size(preset: str = "gatys", device: str | torch.device | None = None) -> int:
    """Shorter side in pixels when nobody says: 512 with a GPU and 128 without for the old tutorial, 256 else."""
    if choose(device).type != "cpu":
        return 512
    return 128 if preset == "tutorial" else 256


# Number formats


def number_format(precision: str, device: torch.device) -> torch.dtype:
    """The format of the convolutions for `Settings.precision`: "fp32", "bf16", or "auto".

    "auto" is bfloat16 where that is quicker, else float32.
    """
    if precision == "fp32":
        return torch.float32
    if precision == "bf16" or has_fast_bfloat16(device):
        return torch.bfloat16
    return torch.float32


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are quicker than in float32 there.

    NVIDIA: from the Ampere generation on. Intel GPUs: where they have matrix engines. x86: with AMX or AVX512-BF16.
    Arm: where it has bf16 and a short measurement agrees, because some of torch's libraries use it there and some do
    not. Elsewhere bfloat16 is emulated. Not on a Mac's GPU, whose arithmetic is no wider in 16 bits than in 32.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type == "xpu":
        return torch.xpu.get_device_capability(device)["has_subgroup_matrix_multiply_accumulate"]
    if device.type != "cpu":
        return False
    found = torch.cpu.get_capabilities()
    if platform.machine().lower() in ("aarch64", "arm64"):
        return found.get("bf16", False) and _measured_gain() > 1.3
    return found.get("amx_bf16", False) or found.get("avx512_bf16", False)


@lru_cache(maxsize=1)
def _measured_gain() -> float:
    """How many times quicker a convolution as VGG's is on this processor in bfloat16 than in float32."""
    return _seconds(torch.float32) / _seconds(torch.bfloat16)


def _seconds(number_format: torch.dtype) -> float:
    """The best of three, without one that warms up."""
    picture, kernels = (
        torch.ones(shape, dtype=number_format).to(memory_format=torch.channels_last)
        for shape in ((1, 64, 48, 48), (64, 64, 3, 3))
    )
    F.conv2d(picture, kernels)
    times = []
    for _try in range(3):
        began = time.perf_counter()
        F.conv2d(picture, kernels)
        times.append(time.perf_counter() - began)
    return min(times)


# Memory and processor cores


def free_memory(device: torch.device, root: Path = Path("/")) -> int:
    """Bytes that a run could take now: of the GPU's own memory, or of this machine's within every limit set on us.

    What torch keeps of freed memory to use it again counts as free. `root` is where /proc and /sys are looked for.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] + _kept(torch.cuda, device)
    if device.type == "xpu":
        try:
            return torch.xpu.mem_get_info(device)[0] + _kept(torch.xpu, device)
        except RuntimeError:  # some of Intel's GPUs do not tell
            return torch.xpu.get_device_properties(device).total_memory - torch.xpu.memory_allocated(device)
    left = max(0, min([psutil.virtual_memory().available, *_limits.memory_left(root)]) + kept_freed_memory())
    if device.type == "mps":  # a part of the machine's memory, which other programs use too
        allocated = torch.mps.current_allocated_memory()
        kept = torch.mps.driver_allocated_memory() - allocated
        return max(0, min(torch.mps.recommended_max_memory() - allocated, left + kept))
    return left


def _kept(module, device: torch.device) -> int:
    return module.memory_reserved(device) - module.memory_allocated(device)


_OUT_OF_MEMORY = re.compile(
    "out of memory"  # "MPS backend out of memory", "CUDA error: out of memory"
    "|can't allocate memory|not enough memory"  # DefaultCPUAllocator: Linux and macOS, Windows
    "|OUT_OF_DEVICE_MEMORY|OUT_OF_HOST_MEMORY"  # XPU
    "|ALLOC_FAILED"  # CUDA's libraries
    "|invalid buffer size",  # MPS, of one that no Mac could give
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says, in the words of Python, of a GPU or of torch's CPU allocator, that memory is used up."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(_OUT_OF_MEMORY.search(str(error)))


def processors(root: Path = Path("/")) -> int:
    """How many processor cores this process may keep busy, with a container's or JupyterHub's limit; at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min([allowed, *_limits.shares_of_processors(root)])))


class _MallocInfo(ctypes.Structure):
    """What the GNU C library tells of its memory: mallinfo2 of malloc.h."""

    NAMES = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES]


def kept_freed_memory() -> int:
    """Bytes that were freed and that the C library still holds, to give them out again; 0 where it does not tell."""
    if not sys.platform.startswith("linux"):
        return 0
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return 0
    library.mallinfo2.restype = _MallocInfo
    return library.mallinfo2().fordblks


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
