"""Observations as dictionaries, whatever the space: a single array is the entry `ENTRY` of a dictionary.

Streams apply this once, so that rollouts, models and encoders handle nothing but dictionaries.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor


class InvalidStep(ValueError):
    """An environment returned what cannot be learned from."""


Observation = dict[str, Tensor]
"""Named entries, each [..., *its own shape] with the same leading shape (T, B)."""

ENTRY = "observation"  # name of the entry that holds an observation which is not a dictionary

ACTION_MASK = "action_mask"
"""Name of the entry that says which choices are legal, [..., C], bool; it reaches the policy and not the encoder."""


def as_entries(obs: Any) -> Mapping[str, Any]:
    """Return the entries of an observation."""
    return obs if isinstance(obs, Mapping) else {ENTRY: obs}


def flatten_entries(obs: Any) -> dict[str, Any]:
    """Return the entries of an observation whose parts may be nested; inner ones are named like "2" or "deck.0"."""
    if isinstance(obs, Mapping):
        named = list(obs.items())
    elif isinstance(obs, tuple):
        named = [(str(i), part) for i, part in enumerate(obs)]
    else:
        return {ENTRY: obs}
    flat: dict[str, Any] = {}
    for name, part in named:
        inner = flatten_entries(part) if isinstance(part, Mapping | tuple) else {"": part}
        flat |= {f"{name}.{key}" if key else str(name): entry for key, entry in inner.items()}
    return flat


def as_dict_space(space: spaces.Space) -> spaces.Dict:
    """Return the space of the entries of observations."""
    return space if isinstance(space, spaces.Dict) else spaces.Dict({ENTRY: space})


def has_only_values_of(space: spaces.Space, x: NDArray[Any]) -> bool:
    """Return whether the numbers [N, ...] of a discrete space are in it; those of another space may be any."""
    if isinstance(space, spaces.Discrete):
        return bool(((x >= space.start) & (x < space.start + space.n)).all())
    if isinstance(space, spaces.MultiDiscrete):
        return bool(((x >= space.start) & (x < space.start + space.nvec)).all())
    return True


def require_finite(arrays: Mapping[str, NDArray[Any]], steps: NDArray[np.int64]) -> None:
    """Raise InvalidStep for the first floating number that is not finite.

    Args:
        arrays: What N environments returned, by name, each [N, ...].
        steps: The number of the step in the episode of each environment, [N].
    """
    for name, x in arrays.items():
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            n = int((~np.isfinite(x)).reshape(len(x), -1).any(1).argmax())
            value = np.ravel(x[n])[~np.isfinite(np.ravel(x[n]))][0]
            raise InvalidStep(f"{name} of env {n} is {value} at step {steps[n]} of its episode; it must be finite")
