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
    """An environment returned a step that a model cannot learn from."""


Observation = dict[str, Tensor]
"""Named entries, each [..., *its own shape] with the same leading shape (T, B)."""

ENTRY = "observation"  # name of the entry that holds an observation which is not a dictionary

ACTION_MASK = "action_mask"
"""Name of the entry that says which choices are legal, [..., C], bool; it reaches the policy and not the encoder."""


LARGEST = np.finfo(np.float32).max
"""The largest number of float32, the type that every number is converted to."""


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


def require_space(name: str, space: Any) -> None:
    """Raise ValueError unless this is a space."""
    if not isinstance(space, spaces.Space):
        raise ValueError(f"{name} is {space!r}; it must be a space of gymnasium")


def require_numbers(name: str, space: spaces.Space) -> None:
    """Raise ValueError if the observations of a space hold no number."""
    if 0 in (space.shape or ()):
        raise ValueError(f"{name} is {space}, which is empty; it must hold at least one number")


def find_outside(space: spaces.Space | None, x: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return which numbers [N, ...] are not in a discrete space; None if all are, as in any other space."""
    if not isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        return None
    count = space.n if isinstance(space, spaces.Discrete) else space.nvec
    outside = (x < space.start) | (x >= space.start + count)
    return outside if outside.any() else None


def require_valid(
    arrays: Mapping[str, NDArray[Any]], known: Mapping[str, spaces.Space], steps: NDArray[np.int64] | None = None
) -> None:
    """Raise InvalidStep for the first number that is not finite in float32, or not in its discrete space.

    Args:
        arrays: What N environments returned, by name, each [N, ...].
        known: The spaces of entries by name; one that has none, such as a reward, may have any finite number.
        steps: The number of the step in the episode of each environment, [N], for the message.
    """
    for name, x in arrays.items():
        space = known.get(name)
        if (outside := find_outside(space, x)) is not None:
            raise _invalid(name, x, outside, f"it must be in {space}", steps)
        if x.dtype.kind != "f":
            continue
        if not (finite := np.isfinite(x)).all():
            raise _invalid(name, x, ~finite, "it must be finite", steps)
        if x.dtype.itemsize > LARGEST.itemsize and (beyond := np.abs(x) > LARGEST).any():
            raise _invalid(name, x, beyond, f"it must be finite in float32, at most {LARGEST:.2g}", steps)


def _invalid(
    name: str, x: NDArray[Any], wrong: NDArray[np.bool_], allowed: str, steps: NDArray[np.int64] | None
) -> InvalidStep:
    """Return the error that names the first wrong number."""
    n = int(wrong.reshape(len(x), -1).any(1).argmax())
    value = x[n][wrong[n]].flat[0] if x.ndim > 1 else x[n]
    when = "" if steps is None else f" at step {steps[n]} of its episode"
    return InvalidStep(f"{name} of env {n} is {value}{when}; {allowed}")
