"""Fetching from a real local server, from folders, and as the real pip is told."""

import _thread
import contextlib
import gzip
import hashlib
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import textwrap
import threading
import venv
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from style_helpers import downloads

NAME = "a_net-1.0.tar.gz"
BODY = bytes(range(256)) * 40
LINK = f'<!DOCTYPE html><a href="../../files/{NAME}">{NAME}</a>'
NOWHERE = "http://127.0.0.1:9"  # the port named "discard": nothing listens there
# For 127.0.0.1, signed by itself, made for this test and used nowhere else
CERTIFICATE = (
    "MIIBYjCCAQigAwIBAgIBATAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDAR0ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAPMQ0w"
    "CwYDVQQDDAR0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdYZjyfSh3QkLE/58c+ud7XaSicsLftTppqQD4l1AQOvPI2QUZOvIYRDBl6rN"
    "YeTQUiSuYL3dJfSl/MObesntq6NTMFEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAoQwDwYDVR0RBAgwBocEfwAAATAdBgNVHQ4EFgQU"
    "m8rJ+ZeArzG3D/NzHswT5RhvL3YwCgYIKoZIzj0EAwIDSAAwRQIhAPa3rtRhUprL41EQsLELEJColmrM3MoeA8RUiuzvnVOuAiA6CywJHfRCQ+w5"
    "CEbANzTqW2GTUXla2Q2/FiaoRo+Ikg=="
)
KEY = (
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBlU/kf8xwrYzlHVqo5aAhuMR2XFnImLvnDjHgOhv+6WhRANCAAR1hmPJ9KHdCQsT"
    "/nxz653tdpKJywt+1OmmpAPiXUBA688jZBRk68hhEMGXqs1h5NBSJK5gvd0l9KX8w5t6ye2r"
)


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives what a test puts into `pages`: text, bytes, or a function that gets the request's handler."""

    def do_GET(self):
        page = self.server.pages.get(self.path)
        self.server.asked[self.path] = self.headers.get("Authorization")
        if page is None:
            self.send_error(404)
        elif callable(page):
            page(self)
        else:
            self.answer(page.encode() if isinstance(page, str) else page)

    def answer(self, body, length=None, **headers):
        self.send_response(200)
        for name, value in {"Content-Length": str(length or len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may be gone
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.asked, server.closing = {}, {}, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server():
    with serving() as server:
        server.pages |= {"/simple/a-net/": LINK, f"/files/{NAME}": BODY, "/page": f"<a href='/files/{NAME}#sha256=0'>"}
        server.pages["/moved/a-net/"] = lambda handler: redirect(handler, "/simple/a-net/")
        yield server


def redirect(handler, address):
    handler.send_response(301)
    handler.send_header("Location", address)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """No settings of pip or of a proxy; a folder for temporary files, in which nothing may stay."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    yield tmp_path
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def told(monkeypatch):
    """Stands for what pip is told; two tests ask the real one."""
    settings = {}
    monkeypatch.setattr(downloads, "_pip_settings", lambda: settings)
    return settings


def from_index(known=BODY):
    with downloads.from_index("a-net", NAME, hashlib.sha256(known).hexdigest()) as file:
        return file.read()


# ---- one address ----


def test_a_file_comes_whole_and_is_announced_on_stderr(server, told, capsys):
    with downloads.from_address(f"{server.url}/files/{NAME}") as file:
        assert file.read() == BODY
    assert capsys.readouterr() == ("", f"Fetching {server.url}/files/{NAME}.\n")


def silent(handler):
    handler.answer(b"a", length=1000)
    handler.server.closing.wait()


def reset(handler):
    handler.answer(b"a" * 100, length=1000)
    handler.connection.close()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (lambda handler: handler.answer(BODY[:5000], length=len(BODY)), "cut off after 0.0 of 0.0 MB"),
        (reset, ""),
        (lambda handler: handler.send_error(404, "Not Found"), "Not Found"),
        (lambda handler: handler.send_error(503, "Busy"), "Busy"),
        (lambda handler: handler.wfile.write(b"what?\r\n\r\n"), "what"),
        (lambda handler: redirect(handler, "file:///secret"), "not allowed"),
        (silent, "timed out"),
    ],
    ids=["cut off", "reset", "not found", "busy", "no http", "lured", "silent"],
)
def test_a_failed_download_has_a_reason(server, told, monkeypatch, page, words):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    server.pages["/file"] = page
    with pytest.raises(Exception) as caught:  # noqa: PT011  # every kind gets its words from reason()
        downloads.from_address(f"{server.url}/file")
    assert words in downloads.reason(caught.value)
    assert downloads.reason(caught.value).splitlines() == [downloads.reason(caught.value)]


@pytest.fixture
def ctrl_c():
    """It does what it does in a terminal, also where whoever started the tests in the background switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield _thread.interrupt_main
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_download(server, told, ctrl_c):
    hung_up = threading.Event()

    def page(handler):
        handler.answer(b"a", length=10**9)
        ctrl_c()
        try:
            while not handler.server.closing.wait(0.01):
                handler.wfile.write(b"a")
        except OSError:
            hung_up.set()

    server.pages["/file"] = page
    with pytest.raises(KeyboardInterrupt):
        downloads.from_address(f"{server.url}/file")
    assert hung_up.wait(60)


def test_the_end_of_the_program_waits_for_no_silent_server(server):
    server.pages["/file"] = silent
    code = (
        "import threading; from style_helpers import downloads; downloads.TIMEOUT = 10**6\n"
        f"threading.Thread(target=downloads._download, args=('{server.url}/file', {{}})).start()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    assert "the program has ended" in done.stderr


# ---- the places that pip knows ----


@pytest.mark.parametrize(
    "settings",
    [
        {"index-url": "{url}/simple"},
        {"index-url": "{url}/simple/"},
        {"index-url": "{url}/moved"},
        {"index-url": NOWHERE, "extra-index-url": f"{NOWHERE}/a\n{{url}}/simple"},
        {"index-url": "http://index.invalid/simple", "proxy": "{url}"},
        {"find-links": "{url}/page", "index-url": NOWHERE},
        {"find-links": "{folder}/nothing {folder}/files", "no-index": "True"},
        {"find-links": "{uri}/files", "index-url": NOWHERE},
        {"index-url": "{uri}/simple"},
        {"index-url": "{folder}/simple"},
        {"trusted-host": "127.0.0.1"},
    ],
    ids=lambda settings: " ".join(settings.values()),
)
def test_every_kind_of_place(server, told, folder, monkeypatch, settings):
    monkeypatch.setattr(downloads, "_pips_own_index", lambda: f"{server.url}/simple")
    server.pages["http://index.invalid/simple/a-net/"] = LINK
    server.pages[f"http://index.invalid/files/{NAME}"] = BODY
    for name, content in {"simple/a-net/index.html": LINK.encode(), f"files/{NAME}": BODY}.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    places = {"url": server.url, "folder": folder, "uri": folder.as_uri()}
    told |= {key: value.format(**places) for key, value in settings.items()}
    assert from_index() == BODY


@pytest.mark.parametrize(
    "page",
    [
        f"<A HREF='/files/{NAME}#sha256=00'>{NAME}</A>",
        f'<a href="a_net-0.9.tar.gz">0.9</a> <a class="x" href="%(url)s/files/{NAME}?a=1&amp;b=2">{NAME}</a>',
        json.dumps({"name": "a-net", "files": [{"filename": NAME, "url": f"../../files/{NAME}", "hashes": {}}]}),
        json.dumps({"files": [{"url": f"%(url)s/files/{NAME}", "filename": NAME}]}, indent=1),
    ],
    ids=["single quotes", "absolute", "json", "json absolute"],
)
def test_every_kind_of_page(server, told, page):
    server.pages[f"/files/{NAME}?a=1&b=2"] = BODY
    server.pages["/simple/a-net/"] = page.replace("%(url)s", server.url)
    told["index-url"] = f"{server.url}/simple"
    assert from_index() == BODY


def test_a_server_that_calls_an_archive_a_compressed_page(server, told):
    body = gzip.compress(BODY)
    server.pages[f"/files/{NAME}"] = lambda handler: handler.answer(body, **{"Content-Encoding": "gzip"})
    told["index-url"] = f"{server.url}/simple"
    assert from_index(body) == body


@pytest.mark.parametrize(
    ("path", "page", "words"),
    [
        (f"/files/{NAME}", BODY + b"0", "what it gave has a wrong SHA-256"),
        (f"/files/{NAME}", "<html>Please log in to the campus network</html>", "what it gave has a wrong SHA-256"),
        (f"/files/{NAME}", lambda handler: handler.send_error(404, "Not Found"), "Not Found"),
        ("/simple/a-net/", "<html>Please log in to the campus network</html>", f"it does not offer {NAME}"),
        ("/simple/a-net/", b"\xff\x00{", f"it does not offer {NAME}"),
        ("/simple/a-net/", f'<a href="http://[/{NAME}">', "Invalid IPv6 URL"),
        ("/simple/a-net/", f'<a href="odd://x/{NAME}">', "unknown url type: odd"),
    ],
)
def test_a_place_that_gives_something_else_is_named_and_the_next_is_asked(server, told, folder, path, page, words):
    server.pages[path] = page
    told["index-url"] = f"{server.url}/simple"
    with pytest.raises(OSError, match=f"^{server.url}/simple/a-net/: {re.escape(words)}$"):
        from_index()
    (folder / NAME).write_bytes(BODY)
    told["extra-index-url"] = (folder / "no index").as_uri()
    told["find-links"] = f"{server.url}/page {folder}"
    assert from_index() == BODY
    told |= {"find-links": "", "no-index": "1"}
    with pytest.raises(OSError, match=r"^pip is told to ask no index$"):
        from_index()


def test_a_password_is_for_its_own_server_and_for_nobodys_eyes(server, told):
    with serving() as other:
        login = server.url.replace("//", "//me:s%40fe@")
        basic = f"Basic {b64encode(b'me:s@fe').decode()}"
        told["index-url"] = f"{login}/simple"
        server.pages["/simple/a-net/"] = f'<a href="{server.url}/files/{NAME}">'
        assert from_index() == BODY
        assert server.asked == {"/simple/a-net/": basic, f"/files/{NAME}": basic}
        other.pages[f"/files/{NAME}"] = BODY
        server.pages["/simple/a-net/"] = f'<a href="{other.url}/files/{NAME}">'
        assert from_index() == BODY
        server.pages["/simple/a-net/"] = lambda handler: redirect(handler, f"{other.url}/elsewhere/")
        other.pages["/elsewhere/"] = LINK.replace("../../", "../")
        assert from_index() == BODY
        assert other.asked == {f"/files/{NAME}": None, "/elsewhere/": None}
        other.pages.clear()
        with pytest.raises(OSError, match="Not Found") as caught:
            from_index()
        assert "s%40fe" not in str(caught.value)


def test_certificates_as_pip_is_told(server, told, folder):
    key = f"-----BEGIN PRIVATE KEY-----\n{textwrap.fill(KEY, 64)}\n-----END PRIVATE KEY-----\n"
    (folder / "both.pem").write_text(ssl.DER_cert_to_PEM_cert(b64decode(CERTIFICATE)) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    told["index-url"] = f"https://127.0.0.1:{server.server_port}/simple"
    with pytest.raises(OSError, match="certificate verify failed"):
        from_index()
    for setting in {"cert": str(folder / "both.pem")}, {"trusted-host": f"a 127.0.0.1:{server.server_port}"}:
        told |= setting
        assert from_index() == BODY
        del told[next(iter(setting))]


# ---- the real pip ----


def test_pip_s_file_and_the_environment_above_it(server, folder, monkeypatch):
    (folder / "pip.conf").write_text(f"[global]\nindex-url = {server.url}/simple\n[download]\nproxy = http://a b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(folder / "pip.conf"))
    assert downloads._pip_settings()["proxy"] == "http://a b"
    monkeypatch.setenv("PIP_PROXY", "")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "it's.here")
    told = downloads._pip_settings()
    assert (told["index-url"], told["trusted-host"]) == (f"{server.url}/simple", "it's.here")
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/moved")
    assert downloads._pip_settings()["index-url"] == f"{server.url}/moved"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert from_index() == BODY


def test_without_pip_one_sentence_says_so(folder, monkeypatch):
    venv.create(folder / "bare", with_pip=False)
    python = Path("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    monkeypatch.setattr(sys, "executable", str(folder / "bare" / python))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    with pytest.raises(OSError, match="this Python has no pip"):
        from_index()


def test_pip_knows_its_own_index():
    assert downloads._pips_own_index().startswith("https://")
