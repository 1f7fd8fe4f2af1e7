"""A real JupyterLab in a real browser, for tests and for pictures.

with jupyterlab(folder) as lab, browser() as chromium:
    page = Page(chromium.new_page(), lab, "notebook.ipynb")
    page.run_all()
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat

from style_helpers import fronts

TOKEN = "tests"
SECONDS = 300  # how long anything may take at most; generous, for slow and busy machines
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--no-proxy-server", "--disable-dev-shm-usage",
)  # fmt: skip
SETTINGS = {  # of JupyterLab: no questions in the way, nothing asked of the internet
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
READY = f"""() => {{
    const session = window.jupyterapp && {NOTEBOOK} && {NOTEBOOK}.sessionContext;
    const kernel = session && session.isReady && session.session && session.session.kernel;
    return Boolean(kernel) && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}}"""
COUNTS = f"""() => {NOTEBOOK}.content.widgets.map(cell => cell.model)
    .filter(model => model.type === 'code' && model.sharedModel.getSource().trim())
    .map(model => [model.executionCount, model.executionState,
        model.outputs.toJSON().some(output => output.output_type === 'error')])"""
ASK = f"""async code => {{
    const asked = {NOTEBOOK}.sessionContext.session.kernel.requestExecute({{code, store_history: false}});
    let said = '';
    asked.onIOPub = message => {{
        if (message.header.msg_type === 'stream') said += message.content.text;
        if (message.header.msg_type === 'error') said += message.content.ename + ': ' + message.content.evalue;
    }};
    await asked.done;
    return said;
}}"""


def chromium() -> str | None:
    """Debian's Chromium or another on the path: the browser that Playwright would fetch is not needed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Lab:
    """A running JupyterLab: its address, and its settings, which a page reads when it is opened."""

    def __init__(self, folder: Path):
        self.folder, self._hidden = folder, folder / ".lab"
        self.address, self._server = "", None

    def set(self, plugin: str, **values):
        """Sets what JupyterLab's Settings Editor would, such as `set("@jupyterlab/apputils-extension:themes", ...)`."""
        package, name = plugin.split(":")
        file = self._hidden / "settings" / package / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def start(self):
        """The server chooses a free port itself and writes it down. Raises RuntimeError with what it said."""
        for plugin, values in SETTINGS.items():
            self.set(plugin, **values)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
        command += ["--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", "--LabApp.news_url=None"]
        command += [f"--ServerApp.root_dir={self.folder}", "--LabApp.expose_app_in_browser=True"]
        command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        with open(self._hidden / "log.txt", "wb") as log:
            self._server = subprocess.Popen(command, env=self._surroundings(), stdout=log, stderr=log)
        end = time.monotonic() + SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("JupyterLab did not start:\n" + (self._hidden / "log.txt").read_text()[-2000:])
            time.sleep(0.1)

    def _surroundings(self) -> dict[str, str]:
        """Folders of its own, so that the user's settings neither help nor suffer."""
        own = {
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
        project = str(Path(__file__).parents[2])
        paths = [project, *filter(None, [os.environ.get("PYTHONPATH")])]
        others |= {"PYTHONPATH": os.pathsep.join(paths), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        return others | {name: str(self._hidden / place) for name, place in own.items()}

    def _answers(self) -> bool:
        for file in (self._hidden / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(OSError, ValueError):
                self.address = f"http://127.0.0.1:{json.loads(file.read_text())['port']}"
                direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                return direct.open(f"{self.address}/api?token={TOKEN}", timeout=30).status == 200
        return False

    def stop(self):
        if self._server is None:
            return
        self._server.terminate()  # its kernels end with it
        try:
            self._server.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[Lab]:
    """A JupyterLab in a folder, with settings of its own in the hidden folder .lab there."""
    lab = Lab(Path(folder).resolve())
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


@contextlib.contextmanager
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)
        try:
            yield running
        finally:
            running.close()


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


def show_front(page, front: fronts.Front):
    """A front on an empty page of Playwright's, as a website would have it: read from JSON, without a kernel."""
    page.set_content('<meta name="color-scheme" content="light dark">')
    page.evaluate(START, [front._esm, front._css, fronts.page(), json.dumps(front.recorded())])


class Page:
    """A notebook open in the browser. What the console and the network complained about is in `complaints`."""

    def __init__(self, page, lab: Lab, notebook: str, dark: bool = False):
        self.page, self.complaints = page, []
        page.set_default_timeout(1000 * SECONDS)
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url} {request.failure}"))
        page.on("response", lambda got: got.status >= 400 and self.complaints.append(f"{got.status}: {got.url}"))
        lab.set("@jupyterlab/apputils-extension:themes", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        workspace = Path(notebook).stem  # of its own: another's tabs would be opened too
        page.goto(f"{lab.address}/lab/workspaces/{workspace}/tree/{notebook}?token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function(READY)
        page.evaluate("window.jupyterapp.shell.collapseLeft(), 0")
        page.wait_for_selector(f"body[data-jp-theme-light='{str(not dark).lower()}']", state="attached")

    def run_all(self, seconds: float = 2 * SECONDS):
        """Runs every cell and waits until none is running. Raises RuntimeError for a cell that fails, TimeoutError."""
        self._run("notebook:run-all-cells", seconds)

    def run_cell(self, number: int, seconds: float = 2 * SECONDS):
        """Runs one cell, the first is 0, and waits for its end."""
        self.page.evaluate(f"number => {{ {NOTEBOOK}.content.activeCellIndex = number; }}", number)
        self._run("notebook:run-cell", seconds, number)

    def _run(self, command: str, seconds: float, number: int | None = None):
        """A command that came before the kernel was ready does nothing: it is given again when nothing began."""
        self.page.wait_for_function(READY)
        chosen = slice(None) if number is None else slice(number, number + 1)
        before = self.page.evaluate(COUNTS)[chosen]
        end, again = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            now = self.page.evaluate(COUNTS)[chosen]
            ended = [new for old, new in zip(before, now, strict=True) if new[0] != old[0] and new[1] == "idle"]
            if any(failed for _, _, failed in ended):
                raise RuntimeError(f"A cell failed: {self.errors()}")
            if len(ended) == len(before):
                return
            if now == before and time.monotonic() > again:
                again = time.monotonic() + 30
                self.page.evaluate(f"window.jupyterapp.commands.execute('{command}').catch(() => null), 0")
            self.page.wait_for_timeout(50)
        raise TimeoutError(f"The cells did not end: {now}, {self.errors()}")

    def close(self):
        """Closes the notebook, and ends its kernel."""
        self.page.evaluate(f"{NOTEBOOK}.sessionContext.shutdown()")
        self.page.close()

    def ask(self, code: str) -> str:
        """Runs code in the notebook's kernel, outside its cells; gives what it printed."""
        return self.page.evaluate(ASK, code).strip()

    def wait(self, condition: str, argument=None):
        """Waits until JavaScript is true on the page."""
        self.page.wait_for_function(condition, arg=argument)

    def button(self, name: str):
        return self.page.locator("button.jupyter-button").filter(has_text=re.compile(rf"^\W*{re.escape(name)}")).first

    def control(self, name: str):
        """The whole row of a control, its label included."""
        return self.page.locator(f".widget-inline-hbox:has(.widget-label:text-is('{name}'))").first

    def handle(self, name: str):
        """What is dragged, or moved by arrow keys, of the slider of this name."""
        return self.control(name).locator("[role=slider]")

    def value(self, name: str) -> str:
        return self.control(name).locator(".widget-readout").inner_text()

    def drag(self, name: str, share: float):
        """Drags a slider by mouse to a share of its length, 0 to 1."""
        handle, length = self.handle(name), self.control(name).locator(".noUi-base")
        handle.scroll_into_view_if_needed()
        here, whole = handle.bounding_box(), length.bounding_box()
        mouse = self.page.mouse
        mouse.move(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
        mouse.down()
        mouse.move(whole["x"] + share * whole["width"], here["y"] + here["height"] / 2, steps=8)
        mouse.up()

    def errors(self) -> list[str]:
        """What cells printed to stderr or raised."""
        kinds = ("stderr", "error")
        query = ", ".join(f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in kinds)
        return self.page.eval_on_selector_all(query, "all => all.map(e => e.textContent.slice(0, 500))")


def write_notebook(path: Path, *cells: str):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
