"""Fetching a file from an address, or from the package index that the user's pip knows: a mirror, a folder, its own."""

import ast
import base64
import contextlib
import hashlib
import html
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from concurrent import futures
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urljoin, urlsplit

import certifi
from tqdm import tqdm

from style_helpers.language import _

PipOptions = dict[str, str]  # options of pip, such as "index-url"
TIMEOUT = 20  # seconds without a single byte


def from_address(address: str) -> IO[bytes]:
    """A file that goes when it is closed, with what is at an address. Raises OSError."""
    print(_("Fetching {what}.", what=address), file=sys.stderr)
    return _download(address, _pip_settings())[0]


def from_index(package: str, name: str, sha256: str) -> IO[bytes]:
    """The same with an archive of a package, by its file name and its content: any place that pip knows will do."""
    print(_("Fetching {name} from the package index.", name=name), file=sys.stderr)
    settings, failures = _pip_settings(), []
    indexes = [settings.get("index-url") or _pips_own_index(), *settings.get("extra-index-url", "").split()]
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on", "t", "y"):
        indexes = []
    for place in [*settings.get("find-links", "").split(), *(f"{index.rstrip('/')}/{package}/" for index in indexes)]:
        try:
            file = _download(_offered(name, place, settings), settings)[0]
            if sha256_of(file) == sha256:
                return file
            file.close()
            failures.append(_("{place}: what it gave has a wrong SHA-256", place=_without_login(place)))
        except Exception as error:  # a page may hold anything
            failures.append(f"{_without_login(place)}: {reason(error)}")
    raise OSError(_("; ").join(failures) or _("pip is told to ask no index"))


def sha256_of(file: IO[bytes]) -> str:
    """Of the whole file, which then stands at its beginning."""
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return sha256


def reason(error: BaseException) -> str:
    """What an exception says, in one line and without its number."""
    error = getattr(error, "reason", error)  # what is inside a URLError
    said = str(getattr(error, "strerror", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _pip_settings() -> PipOptions:
    """What the user's pip is told by its files and by the environment; nothing where there is no pip."""
    command = [sys.executable, "-P", "-m", "pip", "config", "list"]
    listed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace").stdout
    lines = re.findall(r"^(global|download|:env:)\.(\S+?)=(.{3,})$", listed, re.MULTILINE)
    # An empty value, two quotes long, counts for nothing; of the others the last one counts
    order = ("global", "download", ":env:")
    return {key: ast.literal_eval(value) for section in order for where, key, value in lines if where == section}


def _pips_own_index() -> str:
    """The index that pip asks when it is told none."""
    ask = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    told = subprocess.run([sys.executable, "-P", "-c", ask], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if told.returncode:
        raise OSError(_("this Python has no pip, which knows the package index"))
    return told.stdout.strip()


def _offered(name: str, place: str, settings: PipOptions) -> str:
    """The address of a file that a folder, a page of links or a package index offers. Raises OSError."""
    if "://" not in place:
        place = Path(place).expanduser().absolute().as_uri()
    if place.startswith("file:"):
        place = place.rstrip("/") + "/"
        if os.path.isfile(urllib.request.url2pathname(urlsplit(place + name).path)):
            return place + name
        place += "index.html"
    page, base = _download(place, settings)
    with page:
        text = html.unescape(page.read().decode(errors="replace"))
    # In HTML and in JSON alike it stands in quotes; JSON has the bare name besides, which is shorter
    found = re.findall(rf"""["']([^"'\s]*{re.escape(name)}(?:[?#][^"'\s]*)?)["']""", text)
    if not found:
        raise FileNotFoundError(_("it does not offer {name}", name=name))
    link = urlsplit(urljoin(base, max(found, key=len)))
    # A password in the page's address is for the files of the same server too, and for no other
    same = (link.scheme, link.netloc) == urlsplit(_without_login(place))[:2]
    return link._replace(netloc=urlsplit(place).netloc).geturl() if same else link.geturl()


def _download(address: str, settings: PipOptions) -> tuple[IO[bytes], str]:
    """What is at an address, in a file without a name, and the address to which it was redirected.

    A thread of its own waits for the server, so that neither Ctrl-C nor the end of the program has to.
    """
    done: futures.Future = futures.Future()
    file = tempfile.TemporaryFile()  # noqa: SIM115  # for the caller; the system removes it, however the program ends
    try:
        threading.Thread(target=_copy, args=(address, settings, file, done), daemon=True).start()
        while futures.wait([done], timeout=0.1).not_done:
            if not threading.main_thread().is_alive():
                raise TimeoutError(_("the program has ended"))
        base = done.result()
        file.seek(0)
        return file, base
    except BaseException:
        file.close()  # which ends the thread; Ctrl-C may have left the future's lock behind, which nobody touches again
        raise


def _copy(address: str, settings: PipOptions, file: IO[bytes], done: futures.Future) -> None:
    try:
        with _open(address, settings) as reply:
            size = int(reply.headers["Content-Length"] or 0)
            with tqdm(total=size or None, unit="B", unit_scale=True, desc=_("Weights"), leave=False, delay=1) as bar:
                while not file.closed and (chunk := reply.read1(1 << 18)):
                    bar.update(file.write(chunk))
        if bar.n < size:
            raise ConnectionError(_("cut off after {came:.1f} of {size:.1f} MB", came=bar.n / 1e6, size=size / 1e6))
        done.set_result(reply.url)
    except Exception as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        with contextlib.suppress(futures.InvalidStateError):  # nobody waits any more
            done.set_exception(error)


def _open(address: str, settings: PipOptions):
    """Ask for an address as pip would: with its proxy, its certificates, and the password in the address."""
    login = urlsplit(address).netloc.rpartition("@")[0]
    request = urllib.request.Request(_without_login(address), headers={"User-Agent": "style-helpers"})
    if login:
        encoded = base64.b64encode(unquote(login if ":" in login else f"{login}:").encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {encoded}")
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # the Python that python.org offers for macOS comes without any
    if "cert" in settings:
        context.load_verify_locations(settings["cert"])
    if {request.host, urlsplit(address).hostname} & {*settings.get("trusted-host", "").split()}:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    proxies = dict.fromkeys(("http", "https"), settings["proxy"]) if "proxy" in settings else None
    handlers = urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT)


def _without_login(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
