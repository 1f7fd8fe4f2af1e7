"""A run in a file and back: picture, optimizer, settings and history, as numbers and JSON that nothing can execute."""

import json
import os
from dataclasses import asdict
from types import MappingProxyType

import safetensors
import safetensors.torch
from torch import Tensor

from style_helpers import files
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings
from style_helpers.transfer import Evaluation, Losses, Run, State, Step
from style_helpers.weights import digest

KIND = "style_helpers run 1"


def save(descent: Run, path: str | os.PathLike, overwrite: bool = False):
    """Keeps a run in a .safetensors file, whole or not at all, to `take_up` later. Raises FileError.

    Call it while no evaluation is under way: between two steps, in a pause, or at the end.
    """
    files.check(path, (".safetensors",), overwrite=overwrite)
    state = descent.state()
    tensors, numbers = {"picture": state.picture}, {}
    if state.best:
        tensors["best"] = state.best.picture
    for name, value in state.optimizer.items():
        _pack(f"optimizer.{name}", value, tensors, numbers)
    facts = {
        "settings": asdict(descent.settings),
        "pictures": _fingerprint(descent.objective),
        "optimizer": numbers,
        "best": state.best.evaluation if state.best else 0,
        "history": [[seen.scale, seen.seconds, dict(seen.losses.terms)] for seen in state.history],
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    about = {"kind": KIND, "digest": digest(tensors), "facts": json.dumps(facts)}
    files.write(path, safetensors.torch.save(tensors, about), overwrite)


def take_up(objective: StyleObjective, path: str | os.PathLike) -> Run:
    """Continues a saved run where it was left; `objective` must be made of the same pictures and network.

    The settings are the saved ones. On the same machine the numbers are those of a run that was never interrupted.
    Raises FileError for a file that is damaged or no saved run, ValueError when it belongs to other pictures.
    """
    tensors, facts = _read(path)
    if facts["pictures"] != _fingerprint(objective):
        raise ValueError(
            f"{files.quote(path)} was saved from other pictures or another network: give the ones that it began with."
        )
    settings = Settings(**{name: tuple(v) if isinstance(v, list) else v for name, v in facts["settings"].items()})
    history = tuple(
        Evaluation(number, scale, seconds, Losses(MappingProxyType(terms)))
        for number, (scale, seconds, terms) in enumerate(facts["history"], start=1)
    )
    device, best = objective.content.device, None
    if facts["best"]:
        seen = history[facts["best"] - 1]
        best = Step(seen.evaluation, seen.scale, seen.seconds, seen.losses, tensors["best"].to(device))
    optimizer = _unpack(tensors, facts["optimizer"], device)
    state = State(tensors["picture"].to(device), optimizer, best, history)
    return Run.from_state(objective.with_settings(settings), state)


def _read(path) -> tuple[dict[str, Tensor], dict]:
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


def _pack(name: str, value, tensors: dict[str, Tensor], numbers: dict):
    """One entry of an optimizer's state: a tensor, a list of tensors, or a number."""
    if isinstance(value, Tensor):
        tensors[name] = value
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            if entry is not None:
                tensors[f"{name}.{place:04}"] = entry
    elif value is not None:
        numbers[name] = value


def _unpack(tensors: dict[str, Tensor], numbers: dict, device) -> dict:
    """What `_pack` took apart; Adam's step counter stays on the CPU, where torch wants it."""
    state = {name.removeprefix("optimizer."): value for name, value in numbers.items()}
    for name in sorted(tensors):
        if name.startswith("optimizer."):
            key, _, place = name.removeprefix("optimizer.").partition(".")
            value = tensors[name] if key == "step" else tensors[name].to(device)
            if place:
                state.setdefault(key, []).append(value)
            else:
                state[key] = value
    state.pop("al", None)  # L-BFGS's scratch space
    return state


def _fingerprint(objective: StyleObjective) -> str:
    """Tells whether two objectives are about the same pictures and network."""
    pictures = {"content": objective.content} | {
        f"style {number}": style.picture for number, style in enumerate(objective.styles)
    }
    return f"{objective.pretrained.name} {digest({name: picture.cpu() for name, picture in pictures.items()})}"
