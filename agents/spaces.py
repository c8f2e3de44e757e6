"""Convert spaces to plain containers and back, so that a checkpoint holds the spaces of its environment."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

MAX_NUMBERS = 1 << 26
"""The largest number of numbers in an observation or an action."""


def space_to_plain(space: spaces.Space) -> dict[str, Any]:
    """Return a space as dictionaries, lists, numbers and texts.

    Raises:
        ValueError: If the space, or a part of it, is of another kind than those of `space_from_plain`.
    """
    kind = type(space).__name__
    if isinstance(space, spaces.Dict):
        return {"kind": "Dict", "parts": {name: space_to_plain(part) for name, part in space.items()}}
    if isinstance(space, spaces.Tuple):
        return {"kind": "Tuple", "parts": [space_to_plain(part) for part in space]}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "MultiBinary", "shape": list(space.shape)}
    if isinstance(space, spaces.Box):
        bounds = {"low": _to_plain(space.low), "high": _to_plain(space.high)}
        return {"kind": "Box", **bounds, "shape": list(space.shape), "dtype": space.dtype.name}
    if isinstance(space, spaces.Discrete):
        return {"kind": "Discrete", "n": int(space.n), "start": int(space.start), "dtype": _name(space)}
    if isinstance(space, spaces.MultiDiscrete):
        return {"kind": "MultiDiscrete", "n": space.nvec.tolist(), "start": space.start.tolist(), "dtype": _name(space)}
    raise ValueError(f"a space is {kind}; it must be Box, Discrete, MultiDiscrete, MultiBinary, Tuple or Dict")


def space_from_plain(spec: Mapping[str, Any]) -> spaces.Space:
    """Return the space that `space_to_plain` wrote.

    Raises:
        ValueError: If it is not one.
    """
    try:
        return _read(spec)
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError, OverflowError, RecursionError) as error:
        text = " ".join(str(error).split())
        raise ValueError(f"a space cannot be read ({type(error).__name__}: {text})") from error


def _read(spec: Mapping[str, Any]) -> spaces.Space:
    kind = spec["kind"]
    if kind == "Dict":
        return spaces.Dict({str(name): _read(part) for name, part in spec["parts"].items()})
    if kind == "Tuple":
        return spaces.Tuple([_read(part) for part in spec["parts"]])
    if kind == "MultiBinary":
        return spaces.MultiBinary(spec["shape"])
    dtype: Any = np.dtype(spec["dtype"]).type
    if kind == "Box":
        shape = tuple(spec["shape"])
        if math.prod(shape) > MAX_NUMBERS:
            raise ValueError(f"shape is {shape}; it must have at most {MAX_NUMBERS} numbers")
        low, high = (np.broadcast_to(np.asarray(spec[name], dtype), shape) for name in ("low", "high"))
        return spaces.Box(low, high, shape, dtype)
    if kind == "Discrete":
        return spaces.Discrete(spec["n"], start=spec["start"])
    if kind == "MultiDiscrete":
        return spaces.MultiDiscrete(np.array(spec["n"]), dtype=dtype, start=np.array(spec["start"]))
    raise ValueError(f"the kind of a space is {kind!r}; it is not known")


def _to_plain(bounds: NDArray[Any]) -> Any:
    """Return one number if all bounds are equal, and nested lists otherwise."""
    return bounds.flat[0].item() if bounds.size and (bounds == bounds.flat[0]).all() else bounds.tolist()


def _name(space: spaces.Space) -> str:
    return np.dtype(space.dtype).name
