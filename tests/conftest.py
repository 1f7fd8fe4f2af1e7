import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two tests run at a time; read when torch is imported

import matplotlib
import pytest
import torch
from hypothesis import settings

from style_helpers import devices
from tests import pretend_device

matplotlib.use("agg")
os.environ.pop("STYLE_HELPERS_QUICK", None)  # only the tests of it and of the lessons are quick
os.environ.pop("STYLE_HELPERS_LANGUAGE", None)  # only the tests of other languages speak one
settings.register_profile("ours", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("ours")


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", help="where the tests compute: cpu, cuda, mps, xpu or pretend")


def pytest_configure(config):
    os.environ["STYLE_HELPERS_DEVICE"] = config.getoption("--device")
    pretend_device.register()  # now: torch's first backward pass counts the kinds of device once and for all
    if config.getoption("--device") == pretend_device.NAME:
        devices._PRESENT[pretend_device.NAME] = lambda: True


def pytest_collection_modifyitems(items):
    """The files that take minutes come first, so that none is left for one worker alone at the end."""
    items.sort(key=lambda item: item.path.stem not in ("test_commands", "test_benchmarks", "test_notebooks"))


@pytest.fixture(scope="session")
def device(request) -> torch.device:
    return torch.device(request.config.getoption("--device"))


@pytest.fixture
def pretend(monkeypatch) -> torch.device:
    """A GPU that every machine has: pictures and networks go to it."""
    monkeypatch.setitem(devices._PRESENT, pretend_device.NAME, lambda: True)
    monkeypatch.setenv(devices.VARIABLE, pretend_device.NAME)
    return torch.device(pretend_device.NAME, 0)


@pytest.fixture(scope="session")
def vgg16():
    from style_helpers import networks

    return networks.load("vgg16")


@pytest.fixture(scope="session")
def alexnet():
    from style_helpers import networks

    return networks.load("alexnet")
