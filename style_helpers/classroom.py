"""For the person who teaches: the doctor, which looks at a machine and says what to do."""

import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import dataclass

import psutil
import torch

from style_helpers import devices, networks, weights

PACKAGES = ("torch", "torchvision", "numpy", "pillow", "matplotlib", "jupyterlab", "ipywidgets", "safetensors", "tqdm")
MEMORY_GB = 3  # free, for `gatys` at 256 pixels with JupyterLab and a browser beside it
DISK_GB = 0.2  # free in the folder of the weights


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and what to do when it is not good."""

    topic: str
    found: str
    advice: str = ""

    @property
    def good(self) -> bool:
        return not self.advice

    def __str__(self):
        mark, advice = ("ok  ", "") if self.good else ("MEND", f" -> {self.advice}")
        return f"{mark}  {self.topic}: {self.found}{advice}"


def examine() -> list[Finding]:
    """Everything a learner's machine needs for the course, each with what to do if it is missing. Fetches nothing."""
    return [
        _python(),
        _packages(),
        _device(),
        _memory(),
        _disk(),
        *(_weights(name) for name in ("vgg16", "alexnet")),
        Finding("network taken", networks.choose()[1]),
    ]


def _python() -> Finding:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("Python", found, "" if good else "use Python 3.11, 3.12 or 3.13")


def _packages() -> Finding:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return Finding("packages", f"{name} is missing", "run python start.py, which installs everything")
    return Finding("packages", ", ".join(f"{name} {version}" for name, version in versions.items()))


def _device() -> Finding:
    device = devices.choose()
    convolutions = "bfloat16" if devices.has_fast_bfloat16(device) else "float32"
    return Finding("device", f"{device}, {torch.get_num_threads()} threads, convolutions in {convolutions}")


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 1e9
    advice = "" if free >= MEMORY_GB else f"close other programs: {MEMORY_GB} GB are needed at 256 pixels"
    return Finding("memory", f"{free:.1f} GB free", advice)


def _disk() -> Finding:
    folder = weights.cache_folder()
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if not os.access(folder, os.W_OK):
        return Finding("disk", f"{folder} cannot be written", "set XDG_CACHE_HOME to a folder of yours")
    return Finding("disk", f"{free:.1f} GB free", "" if free >= DISK_GB else f"free {DISK_GB} GB for the weights")


def _weights(name: str) -> Finding:
    found = weights.find(name)
    if found is None:
        return Finding(f"weights of {name}", "not on this computer", "run python -m style_helpers prepare")
    try:
        weights.verify(name)
    except weights.WeightsError:
        return Finding(f"weights of {name}", f"{found.path} is damaged", "run python -m style_helpers prepare")
    return Finding(f"weights of {name}", f"sound, from {found.source}")
