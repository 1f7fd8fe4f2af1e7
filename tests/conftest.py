import os

import matplotlib
import pytest
import torch
from hypothesis import settings

matplotlib.use("agg")
os.environ.pop("STYLE_HELPERS_QUICK", None)  # only the tests of it and of the lessons are quick
settings.register_profile("ours", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("ours")


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", help="where the tests compute: cpu, cuda, mps or xpu")


@pytest.fixture(scope="session")
def device(request) -> torch.device:
    return torch.device(request.config.getoption("--device"))


@pytest.fixture(scope="session")
def vgg16():
    from style_helpers import networks

    return networks.load("vgg16")


@pytest.fixture(scope="session")
def alexnet():
    from style_helpers import networks

    return networks.load("alexnet")
