"""The spaces of gymnax as those of Gymnasium."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from gymnasium import spaces

NO_BOUND = float(np.finfo(np.float32).max)
"""Bounds of spaces from this number on are no bounds."""


def find_device(where: str, platform: str) -> jax.Device:
    """Return the first device of a platform; ValueError if there is none."""
    try:
        return jax.devices(platform)[0]
    except RuntimeError:
        known = sorted({device.platform for device in [*jax.devices(), *jax.devices("cpu")]})
        raise ValueError(f"{where} is {platform!r}; JAX has {', '.join(known)}") from None


def to_gymnasium(name: str, space: Any, shown: Any = None) -> spaces.Space[Any]:
    """Return the Gymnasium space of a space of gymnax, which is known by the name of its class.

    Args:
        name: Its name, for messages.
        space: The space.
        shown: The observations of a batch, or their shapes and types: a Box of whole numbers whose observations are
            floats becomes one of floats.

    Raises:
        ValueError: If there is none, or the observations have another shape.
    """
    kind = type(space).__name__
    if kind in ("Dict", "Tuple"):
        items = space.spaces.items() if kind == "Dict" else enumerate(space.spaces)
        parts = {key: to_gymnasium(f"{name}.{key}", part, shown and shown[key]) for key, part in items}
        named = {str(key): part for key, part in parts.items()}
        return spaces.Dict(named) if kind == "Dict" else spaces.Tuple(parts.values())
    if shown is not None and tuple(shown.shape[1:]) != tuple(space.shape):
        raise ValueError(f"{name} has shape {tuple(space.shape)}; what is shown has {tuple(shown.shape[1:])}")
    if kind == "Discrete":
        return spaces.Discrete(int(space.n))
    if kind != "Box":
        raise ValueError(f"{name} is a {kind}; it must be a Box, Discrete, Dict or Tuple of gymnax")
    types = [np.dtype(space.dtype), *([] if shown is None else [np.dtype(shown.dtype)])]
    dtype = types[0] if all(dtype.kind in "biu" for dtype in types) else np.dtype(np.float32)
    low, high = (np.broadcast_to(np.asarray(bound, np.float64), space.shape) for bound in (space.low, space.high))
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        low, high = np.clip(low, limits.min, limits.max), np.clip(high, limits.min, limits.max)
    else:  # the largest number stands for no bound
        low, high = (np.where(np.abs(x) >= NO_BOUND, np.copysign(np.inf, x), x) for x in (low, high))
    return spaces.Box(low.astype(dtype), high.astype(dtype), tuple(space.shape), dtype.type)


def map_space(function: Callable[[spaces.Space[Any], Any], Any], space: spaces.Space[Any], x: Any) -> Any:
    """Return an observation with each part replaced by `function(its space, the part)`."""
    if isinstance(space, spaces.Dict):
        return {key: map_space(function, part, x[key]) for key, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(map_space(function, part, value) for part, value in zip(space, x, strict=True))
    return function(space, x)
