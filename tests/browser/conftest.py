"""A page of Chromium's with one front on it, as a website would have it: read from JSON, without a kernel."""

import importlib.util
import json
import os

import pytest

from style_helpers import fronts
from tests.browser import browser

HERE = browser.chromium() is not None and importlib.util.find_spec("playwright") is not None
# Loads a front and page.js, and gives the page `model`, `saved`, `listening` and `end`
START = """async ([source, style, page, recorded]) => {
    const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    const [front, { recordedModel }] = await Promise.all([load(source), load(page)]);
    const model = window.model = recordedModel(JSON.parse(recorded));
    Object.assign(window, { saved: [], listening: 0, lent: 0 });
    for (const [name, more] of [["on", 1], ["off", -1]]) {
        const real = model[name];
        model[name] = (...given) => { window.listening += more; real(...given) };
    }
    const set = model.set;
    let told = {};
    model.set = (name, value) => { told[name] = value; set(name, value) };
    model.save_changes = () => { window.saved.push(told); told = {} };
    for (const [name, more] of [["createObjectURL", 1], ["revokeObjectURL", -1]]) {
        const real = URL[name];
        URL[name] = (given) => { window.lent += more; return real(given) };
    }
    document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
    window.end = front.default.render({ model, el: document.body });
    await Promise.all([...document.images].map((each) => each.decode().catch(() => {})));
}"""


def pytest_collection_modifyitems(items):
    if HERE or os.environ.get("STYLE_HELPERS_BROWSER") == "required":
        return
    for item in items:
        if "on_page" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="Chromium and playwright are needed."))


@pytest.fixture(scope="session")
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
        page.set_content('<meta name="color-scheme" content="light dark">')
        modules = given._esm, given._css, fronts.page()
        page.evaluate(START, [*modules, json.dumps(given.recorded())])
        pages.append((page, complaints))
        return page

    yield show
    for page, complaints in pages:
        page.evaluate("window.end()")
        assert (page.evaluate("listening"), page.evaluate("lent")) == (0, 0)
        assert complaints == []
        page.close()
