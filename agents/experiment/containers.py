"""Checks of the values that were read from a file, which a stranger may have written.

Only plain containers, numbers, texts and dense tensors pass, and no more of them than a run can have.

`torch.load(weights_only=True)` runs no code, but what it returns can still contain itself, be nested without end, or
hold tensors that share one number among 2^34 rows. Nothing else looks into it before this has.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

MAX_DEPTH = 32
MAX_VALUES = 1_000_000
MAX_TEXT = 100_000
"""The largest number of characters of a text."""
MAX_BITS = 1024
"""The largest number of bits of a whole number."""

CONTAINERS = (dict, OrderedDict, list, tuple)
VALUES = (type(None), bool, int, float, str)
TENSORS = (Tensor, nn.Parameter)
DTYPES = {
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
}  # fmt: skip


def require_plain_containers(content: Any) -> None:
    """Raise ValueError unless the content is plain containers, numbers, texts and dense tensors, and not too many."""
    waiting = [("it", content, 0)]
    count = 0
    while waiting:
        place, value, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count + len(waiting) > MAX_VALUES:
            raise ValueError("it is nested too deeply, or holds too many values")
        if isinstance(value, Tensor):
            _require_dense(place, value)
        elif type(value) in (dict, OrderedDict):
            for key, part in value.items():
                _require_value(f"a key of {place}", key)
                waiting.append((_inside(place, key), part, depth + 1))
        elif type(value) in CONTAINERS:
            waiting += [(f"{place}[{i}]", part, depth + 1) for i, part in enumerate(value)]
        else:
            _require_value(place, value)


def require_finite(place: str, value: Any) -> None:
    """Raise ValueError if the value, or a part of it, is a float or a tensor that is not finite."""
    if isinstance(value, dict):
        for key, part in value.items():
            require_finite(_inside(place, key), part)
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            require_finite(f"{place}[{i}]", part)
    elif isinstance(value, Tensor):
        if not value.isfinite().all():
            raise ValueError(f"{place} has numbers that are not finite")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place} is {value}; it must be finite")


def _require_value(place: str, value: Any) -> None:
    """Raise ValueError unless the value is a number, a text, a flag or None, and not unreasonably large."""
    if type(value) not in VALUES:
        raise ValueError(f"{place} is a {type(value).__name__}; it must be a plain value")
    too_large = len(value) > MAX_TEXT if isinstance(value, str) else False
    if too_large or (isinstance(value, int) and value.bit_length() > MAX_BITS):
        raise ValueError(f"{place} is too large a {type(value).__name__}")


def _require_dense(place: str, tensor: Tensor) -> None:
    """Raise ValueError unless a tensor is dense, of an ordinary type, and has memory for each of its numbers."""
    if type(tensor) not in TENSORS or tensor.layout != torch.strided or tensor.dtype not in DTYPES:
        found = f"{tensor.layout} tensor of {tensor.dtype}".replace("torch.", "")
        raise ValueError(f"{place} is a {found}; it must be a dense one of real numbers")
    if tensor.is_meta or tensor.is_neg() or tensor.untyped_storage().nbytes() < tensor.nbytes:
        raise ValueError(f"{place} has shape {tuple(tensor.shape)} and holds fewer numbers")


def map_values(function: Callable[[Any], Any], value: Any) -> Any:
    """Return plain containers with `function` of every value in its place; tuples become lists."""
    if isinstance(value, Mapping):
        return {key: map_values(function, part) for key, part in value.items()}
    return [map_values(function, part) for part in value] if isinstance(value, list | tuple) else function(value)


def compact(content: Any) -> Any:
    """Return the content with tensors that share no memory and take no more memory than their numbers need."""
    return map_values(_compact_value, content)


def _compact_value(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value.detach() if value.untyped_storage().nbytes() == value.nbytes else value.detach().clone()


def _inside(place: str, key: Any) -> str:
    return str(key) if place == "it" else f"{place}.{key}"
