"""A pretend GPU for machines without one: torch's device "pretend", in Python, on which everything gives real results.

Its tensors hold their numbers in a tensor of the processor that nobody else sees. What a GPU refuses is refused: to
compute with a tensor or a generator of the processor, and to hand numbers to NumPy without `.cpu()`. Two refusals are
of Apple's GPUs: float64, and adaptive pooling to sizes that do not divide. Gradients work. `register` makes the device
known to torch and to `devices`, for the rest of the process.
"""

from functools import lru_cache

import torch
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretend"
aten = torch.ops.aten
COPIES = {aten.copy_, aten._to_copy}  # from and to the processor
LOOK_UPS = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}  # places may lie on the processor
POOLINGS = {aten._adaptive_avg_pool2d, aten.adaptive_avg_pool2d}
FACTORIES = (  # what makes a tensor of nothing
    *("empty.memory_format", "empty_strided", "full", "zeros", "ones", "scalar_tensor", "eye", "eye.m", "linspace"),
    *("rand", "randn", "randint", "randint.low", "randperm", "arange", "arange.start", "arange.start_step"),
)


class PretendTensor(torch.Tensor):
    """Shape, strides and number type of `held`, a tensor of the processor, under the name of the pretend device."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held):
        if held.dtype == torch.float64 and held.dim() > 0:  # torch's own Python numbers have none
            raise TypeError(f"The device {NAME!r} has no float64, as Apple's GPUs have none.")
        about = {"dtype": held.dtype, "device": torch.device(NAME, 0), "storage_offset": held.storage_offset()}
        tensor = torch.Tensor._make_wrapper_subclass(cls, held.shape, strides=held.stride(), **about)
        tensor.held = held
        return tensor

    # What torch does for its own class only
    def tolist(self):
        return self.cpu().tolist()

    def __format__(self, layout):
        return format(self.item() if self.dim() == 0 else self.cpu(), layout)

    def __repr__(self, **_):
        return f"{self.cpu()!r} on {NAME}"

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        packet, kwargs = function.overloadpacket, dict(kwargs or {})
        if packet not in COPIES:
            _refuse_the_processors((args[0], *args[2:]) if packet in LOOK_UPS else args, kwargs)
        if packet in POOLINGS and any(side % into for side, into in zip(args[0].shape[-2:], args[1], strict=True)):
            raise RuntimeError(f"The device {NAME!r} pools to sizes that divide only, as Apple's GPUs do.")
        to = kwargs.get("device") or NAME
        if "device" in kwargs:
            kwargs["device"] = "cpu"
        ours = {id(x.held): x for x in tree_flatten((args, kwargs))[0] if isinstance(x, PretendTensor)}
        result = function(*tree_map(_held, args), **tree_map(_held, kwargs))
        if torch.device(to).type == "cpu":
            return result

        def pretended(x):  # what was changed in place stays the tensor that was given
            return ours[id(x)] if id(x) in ours else PretendTensor(x) if isinstance(x, torch.Tensor) else x

        return tree_map(pretended, result)


def _held(value):
    return value.held if isinstance(value, PretendTensor) else value


def _refuse_the_processors(args, kwargs):
    for given in tree_flatten((args, kwargs))[0]:
        is_other = isinstance(given, torch.Tensor) and not isinstance(given, PretendTensor) and given.dim() > 0
        if is_other or isinstance(given, torch.Generator):
            raise RuntimeError(f"Expected everything on the same device, but found at least two, {NAME}:0 and cpu!")


def _made(name):
    """The factory of that name, for the pretend device."""
    packet, _, overload = name.partition(".")
    function = getattr(getattr(aten, packet), overload or "default")

    def make(*args, **kwargs):
        _refuse_the_processors((), kwargs)
        return PretendTensor(function(*args, **kwargs | {"device": "cpu", "pin_memory": False}))

    return make


def _copy(source, target, non_blocking=False):
    _held(target).copy_(_held(source))
    return target


@lru_cache(maxsize=1)
def register() -> torch.library.Library:
    """Makes the device known to torch, for the rest of the process. `devices` is not told."""
    _setup_privateuseone_for_python_backend(NAME)
    library = torch.library.Library("aten", "IMPL")  # its entries end with its last reference, which the cache has
    for name in FACTORIES:
        library.impl(name, _made(name), "PrivateUse1")
    library.impl("_copy_from", _copy, "PrivateUse1")  # behind torch.tensor(numbers, device=...)
    return library
