"""Where to compute, in which number format, and the picture size that suits the place."""

import ctypes
import sys

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


def free_memory(device: torch.device) -> int:
    """Bytes that a run could take now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


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
