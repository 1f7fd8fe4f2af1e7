"""Tensors and facts in one file and back: how a run is kept. Numbers and JSON only, nothing that could be executed."""

import json
import os

import safetensors
import safetensors.torch
from torch import Tensor

from style_helpers import files
from style_helpers.weights import digest

KIND = "style_helpers run 1"


def write(path: str | os.PathLike, tensors: dict[str, Tensor], facts: dict, overwrite: bool = False):
    """Writes both to a .safetensors file, whole or not at all. `facts` is what JSON can hold. Raises FileError."""
    files.check(path, (".safetensors",), overwrite=overwrite)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    about = {"kind": KIND, "digest": digest(tensors), "facts": json.dumps(facts)}
    files.write(path, safetensors.torch.save(tensors, about), overwrite)


def read(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict]:
    """The tensors, on the CPU, and the facts that `write` put there. Raises FileError for anything else or damaged."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is not a dict
    except FileNotFoundError as error:
        raise files.FileError(f"There is no saved run {files.quote(path)}; check the spelling.") from error
    except (OSError, safetensors.SafetensorError) as error:
        raise files.FileError(f"{files.quote(path)} is not a saved run, or is damaged; start the run anew.") from error
    if about.get("kind") != KIND or about.get("digest") != digest(tensors):
        raise files.FileError(f"{files.quote(path)} is not a saved run, or is damaged; start the run anew.")
    return tensors, json.loads(about["facts"])
