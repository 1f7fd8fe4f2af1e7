"""A class in our JupyterHub: N learners log in at once, start their servers, and run a whole lesson, all at once.

The hub is the one of hub/jupyterhub_config.py, on a free port and with folders of its own that are removed afterwards.
The learners are real logins, real servers and real kernels; only the browser is missing. Linux only: memory is the
proportional set size, in which a page that five processes share counts a fifth for each.
"""

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
import websocket

from style_helpers import weights
from style_helpers.settings import QUICK

ROOT = Path(__file__).resolve().parents[1]
SAMPLES_EVERY = 2  # seconds: reading the memory of a class is itself some work

CONFIG = """\
load_subconfig({shipped!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_port = {ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.Spawner.environment["OMP_NUM_THREADS"] = "{plan.threads}"
c.Spawner.environment[{quick!r}] = "{plan.quick:d}"
c.JupyterHub.active_server_limit = {plan.students}
"""


class HubError(Exception):
    """The hub could not be started; the message is one sentence: what failed and what to do."""


@dataclass(frozen=True)
class Plan:
    """How many learners, which lesson, threads of each kernel, quick mode or not, and the seconds that it may take."""

    students: int = 8
    lesson: str = "06"
    threads: int = 1
    quick: bool = False
    limit: float = 600


def measure(plan: Plan) -> dict:
    """{"students": one dictionary each, "memory": gigabytes at the peak}. Raises HubError, weights.WeightsError."""
    lesson = next(iter((ROOT / "notebooks").glob(f"{plan.lesson}_*.ipynb")), None)
    if lesson is None:
        raise HubError(f"There is no lesson {plan.lesson!r} in notebooks: 06, for example, is one.")
    signal.signal(signal.SIGTERM, stop)
    end = time.monotonic() + plan.limit
    # The room is left last: when a run is stopped, it is the end of the hub that ends its learners
    with (
        ThreadPoolExecutor(plan.students) as room,
        running_hub(plan) as (process, address, password),
        watched(process) as seen,
    ):
        names = [f"student{number}" for number in range(1, plan.students + 1)]
        found = list(room.map(lambda name: attend(address, name, password, lesson, end), names))
    for student in found:
        student["gigabytes"] = round(seen["learners"].get(student["name"], 0) / 1e9, 3)
    memory = {key: round(seen[key] / 1e9, 3) for key in ("hub", "together")}
    return {"students": found, "memory": memory}


def stop(number, frame):
    """As Ctrl-C, so that no server is left behind; a second signal must not disturb the end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


# ---- the hub ----


@contextlib.contextmanager
def running_hub(plan: Plan) -> Iterator[tuple[psutil.Process, str, str]]:
    """The hub's process, its address and the class's password; everything ends and is removed with the block."""
    proxy = shutil.which("configurable-http-proxy")
    if proxy is None or importlib.util.find_spec("jupyterhub") is None:
        raise HubError("JupyterHub is not here: pip install jupyterhub, and npm install -g configurable-http-proxy.")
    with tempfile.TemporaryDirectory(prefix="style-helpers-hub-") as folder:
        ports, password, log = free_ports(3), secrets.token_hex(8), Path(folder) / "hub.log"
        shipped = str(ROOT / "hub" / "jupyterhub_config.py")
        config = Path(folder) / "config.py"
        config.write_text(CONFIG.format(shipped=shipped, ports=ports, proxy=proxy, plan=plan, quick=QUICK))
        environment = os.environ | {
            "STYLE_HELPERS_HUB_PASSWORD": password,
            "STYLE_HELPERS_WEIGHTS": str(weights.fetch("vgg16").path.parent),
            "STYLE_HELPERS_CLASS": folder,
        }
        command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
        with open(log, "wb") as file:
            process = psutil.Popen(
                command, env=environment, cwd=folder, stdout=file, stderr=file, start_new_session=True
            )
        try:
            address = f"http://127.0.0.1:{ports[0]}"
            wait_until_up(f"{address}/hub/health", process, log)
            yield process, address, password
        finally:
            end_hub(process)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def wait_until_up(url: str, process: psutil.Process, log: Path):
    for _ in range(240):
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(url, timeout=10).ok:
                return
        if process.poll() is not None:
            break
        time.sleep(0.25)
    last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    raise HubError(f"JupyterHub did not start: {last}")


def end_hub(process: psutil.Process):
    """The hub, which ends its servers and its proxy, and whatever is left of them."""
    family = [process, *process.children(recursive=True)]
    process.terminate()
    _, left = psutil.wait_procs(family, timeout=20)
    for one in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(left, timeout=5)


# ---- one learner ----


def attend(address: str, name: str, password: str, lesson: Path, end: float) -> dict:
    """Log in, wait for the server, run the lesson. Times in seconds; "failure" is None or one sentence."""
    found = {"name": name, "server_up": None, "lesson": None, "cells": 0, "of": 0, "failure": None}
    try:
        began = time.monotonic()
        token = log_in(address, name, password)
        server = wait_for_server(address, name, token, end)
        found["server_up"] = round(time.monotonic() - began, 1)
        began = time.monotonic()
        for found["cells"], found["of"] in run_lesson(server, token, lesson, end):
            found["lesson"] = round(time.monotonic() - began, 1)
    except (requests.RequestException, websocket.WebSocketException, OSError, LessonError) as error:
        found["failure"] = str(error) or type(error).__name__
    return found


class LessonError(Exception):
    """The lesson did not run to its end; the message says where it stopped and why."""


def log_in(address: str, name: str, password: str) -> str:
    """As a browser does, with the form, which also starts the server; then a token for the rest."""
    browser = requests.Session()
    browser.get(f"{address}/hub/login", timeout=60)
    form = {"username": name, "password": password, "_xsrf": browser.cookies["_xsrf"]}
    browser.post(f"{address}/hub/login?next=/hub/spawn", data=form, timeout=60)
    headers = {"X-XSRFToken": next(cookie.value for cookie in browser.cookies if cookie.name == "_xsrf")}
    answer = browser.post(f"{address}/hub/api/users/{name}/tokens", json={}, headers=headers, timeout=60)
    if not answer.ok:
        raise LessonError(f"The hub gave {name} no token: {answer.status_code} {answer.text[:200]}")
    return answer.json()["token"]


def wait_for_server(address: str, name: str, token: str, end: float) -> str:
    """The address of the learner's server, once it answers."""
    while time.monotonic() < end:
        answer = requests.get(f"{address}/hub/api/users/{name}", headers=authorised(token), timeout=60)
        server = answer.json().get("servers", {}).get("", {})
        if server.get("ready"):
            return address + server["url"].rstrip("/")
        time.sleep(0.25)
    raise LessonError(f"The server of {name} was not up in time.")


def run_lesson(server: str, token: str, lesson: Path, end: float) -> Iterator[tuple[int, int]]:
    """Runs the code cells in a new kernel, as JupyterLab's "Run All" does. Yields how many of how many are done.

    `server` is the address of any Jupyter server, `end` in seconds of time.monotonic(). Raises LessonError.
    """
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    path = f"course/{lesson.name}"
    session = {"path": path, "name": lesson.name, "type": "notebook", "kernel": {"name": "python3"}}
    answer = requests.post(f"{server}/api/sessions", json=session, headers=authorised(token), timeout=120)
    answer.raise_for_status()
    kernel = answer.json()["kernel"]["id"]
    channels = f"{server.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
    with contextlib.closing(websocket.create_connection(channels, header=authorised(token), timeout=60)) as wire:
        for done, source in enumerate(code, start=1):
            run_cell(wire, source, f"Cell {done} of {len(code)}", end)
            yield done, len(code)


def run_cell(wire: websocket.WebSocket, source: str, which: str, end: float):
    """Returns when the kernel has answered and is idle again. Raises LessonError."""
    number, waiting_for = secrets.token_hex(8), {"reply", "idle"}
    header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number, "version": "5.3"}
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    wire.send(json.dumps(request))
    while waiting_for:
        wire.settimeout(max(0.1, end - time.monotonic()))
        try:
            message = json.loads(wire.recv())
        except websocket.WebSocketTimeoutException:
            raise LessonError(f"{which} was still at work when the time was over.") from None
        kind, said = message["header"]["msg_type"], message["content"]
        if kind == "status" and said["execution_state"] in ("restarting", "dead"):
            raise LessonError(f"{which} ended the kernel: it died, most likely for want of memory.")
        if message["parent_header"].get("msg_id") != number:
            continue  # of a widget's thread, or of the cell before
        if kind == "execute_reply":
            waiting_for.discard("reply")
            if said["status"] != "ok":
                raise LessonError(f"{which} failed with {said.get('ename')}: {said.get('evalue')}")
        elif kind == "status" and said["execution_state"] == "idle":
            waiting_for.discard("idle")


def authorised(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"}


# ---- memory ----


@contextlib.contextmanager
def watched(hub: psutil.Process) -> Iterator[dict]:
    """The most bytes at a time of each learner ("learners"), of the hub with its proxy, and of all of them together."""
    seen, over = {"learners": {}, "hub": 0, "together": 0}, threading.Event()

    def watch():
        while not over.wait(SAMPLES_EVERY):
            now = bytes_by_learner(hub)
            seen["together"] = max(seen["together"], sum(now.values()))
            seen["hub"] = max(seen["hub"], now.pop("", 0))
            for name, held in now.items():
                seen["learners"][name] = max(seen["learners"].get(name, 0), held)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def bytes_by_learner(hub: psutil.Process) -> dict[str, int]:
    """Of the hub's family, by the learner's name; "" for the hub and its proxy."""
    held = {}
    for process in [hub, *hub.children(recursive=True)]:
        with contextlib.suppress(psutil.Error, OSError):  # it ended meanwhile
            name = process.environ().get("JUPYTERHUB_USER", "")
            held[name] = held.get(name, 0) + proportional_set_size(process.pid)
    return held


def proportional_set_size(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


# ---- the report ----


def as_table(plan: Plan, found: dict) -> str:
    """What a README needs of a run, in a few lines of Markdown."""
    students, memory = found["students"], found["memory"]
    whole = [student for student in students if student["failure"] is None]
    rows = [("learners", len(students)), ("lesson ran to its end", len(whole))]
    for key, words in (("server_up", "seconds until a server is up"), ("lesson", "seconds for the lesson")):
        values = [student[key] for student in whole]
        if values:
            rows.append((f"{words}, median (slowest)", f"{statistics.median(values):.0f} ({max(values):.0f})"))
    rows.append(("GB of one learner at the peak", f"{max(student['gigabytes'] for student in students):.2f}"))
    rows.append(("GB of hub and proxy; of all together", f"{memory['hub']:.2f}; {memory['together']:.2f}"))
    for student in students:
        if student["failure"]:
            rows.append((f"{student['name']}, {student['cells']} cells done", student["failure"]))
    title = f"lesson {plan.lesson}, {plan.threads} threads each{', quick mode' if plan.quick else ''}"
    return "\n".join([f"| {title} | |", "|---|--:|", *(f"| {what} | {value} |" for what, value in rows)])
