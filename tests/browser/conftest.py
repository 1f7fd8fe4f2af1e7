"""A page of Chromium's with one front on it, as a website would have it: read from JSON, without a kernel."""

import importlib.util
import os

import pytest

from style_helpers import fronts
from tests.browser import browser

HERE = browser.chromium() is not None and importlib.util.find_spec("playwright") is not None


def pytest_collection_modifyitems(items):
    if HERE or os.environ.get("STYLE_HELPERS_BROWSER") == "required":
        return
    for item in items:
        if "one_chromium" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="Chromium and playwright are needed."))


@pytest.fixture(scope="module")  # its own loop must be gone where another file has one
def one_chromium():
    assert HERE
    with browser.browser() as running:
        yield running


@pytest.fixture
def on_page(one_chromium):
    """Puts a front on an empty page of so many pixels and gives the page. It may not complain, and must clean up."""
    pages = []

    def show(given: fronts.Front, width: int = 360, height: int = 500, dark: bool = False):
        scheme = "dark" if dark else "light"
        page = one_chromium.new_page(viewport={"width": width, "height": height}, has_touch=True, color_scheme=scheme)
        complaints = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        browser.show_front(page, given)
        pages.append((page, complaints))
        return page

    yield show
    for page, complaints in pages:
        page.evaluate("window.end()")
        assert (page.evaluate("listening"), page.evaluate("lent")) == (0, 0)
        assert complaints == []
        page.close()
