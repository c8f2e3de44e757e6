"""Batches of infos in which each environment keeps its own value.

Gymnasium's batches take the type and the shape of the first environment that reports a key: 0.75 becomes 0 beside
another environment's 0, and a number beside another one's text is an error. Here a batch takes the type that holds the
values of all, which is `object` where there is no other.

Legend: N environments.
"""

import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

Infos: TypeAlias = dict[str, Any]
"""Batched infos: `infos[key]` [N, ...], arrays or dictionaries like this one, with a mask [N] at `infos["_" + key]`."""
Rows: TypeAlias = NDArray[np.bool_]

MAX_DEPTH = 32
"""Dictionaries in dictionaries that infos have at most."""

_ARRAYS = bool | int | float | complex | np.generic | np.ndarray


class InvalidReturn(ValueError):
    """An environment returned what no environment returns."""


def require_info(info: Any, name: str) -> None:
    """Raise InvalidReturn unless this is a dictionary whose dictionaries have an end."""
    if not isinstance(info, Mapping):
        raise InvalidReturn(f"{name} is {info!r}; it must be a dictionary")
    _require_depth(info, name, 0)


def _require_depth(info: Mapping[Any, Any], name: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidReturn(f"{name} are nested in more than {MAX_DEPTH} dictionaries, or contain themselves")
    for value in info.values():
        if isinstance(value, Mapping):
            _require_depth(value, name, depth + 1)


def keep_own_values(env: VectorEnv[Any, Any, Any]) -> None:
    """Let a batch, and those that it wraps, join the infos of its environments by `add_info`.

    Gymnasium's own batches, and a user's that builds its infos as they do, are covered. What such a batch returns
    otherwise stays as it is.
    """
    layer: Any = env
    while layer is not None:
        if type(layer)._add_info is VectorEnv._add_info:
            layer._add_info = functools.partial(_add_valid_info, num_envs=layer.num_envs)
        layer = vars(layer).get("env")


def _add_valid_info(infos: Infos, info: Any, n: int, num_envs: int) -> Infos:
    require_info(info, f"infos of env {n}")
    return add_info(infos, info, n, num_envs)


def add_info(infos: Infos, info: dict[Any, Any], n: int, num_envs: int) -> Infos:
    """Add the info of environment n to the batched infos of N environments, and return these."""
    for key, value in info.items():
        name = f"{key[1:]}_" if isinstance(key, str) and key.startswith("_") else key  # "_x" is the mask of "x"
        before = infos.get(name)
        if key == "final_obs":
            infos[name] = _as_objects(before, num_envs)
            infos[name][n] = value
        elif isinstance(value, dict) and isinstance(before, dict | None):
            infos[name] = add_info(before or {}, value, n, num_envs)
        else:
            infos[name] = _set_row(before, n, value, num_envs)
        infos.setdefault(f"_{name}", np.zeros(num_envs, np.bool_))[n] = True
    return infos


def select_rows(infos: Infos, rows: Rows) -> Infos:
    """Return the infos of some environments, without the keys that none of them has."""
    result: Infos = {}
    for key, value in infos.items():
        having = infos.get(f"_{key}")
        if having is not None and (having & rows).any():
            result[key] = select_rows(value, rows) if isinstance(value, dict) else value
            result[f"_{key}"] = having & rows
    return result


def merge_rows(one: Infos, other: Infos) -> Infos:
    """Return the infos of both; no environment has a key in both."""
    result = one | other
    for key in (key for key in one.keys() & other.keys() if f"_{key}" in other):
        mine, theirs = one[f"_{key}"], other[f"_{key}"]
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            result[key] = merge_rows(one[key], other[key])
        else:
            result[key] = one[key] if isinstance(one[key], dict) else np.array(one[key])
            for n in map(int, np.flatnonzero(theirs)):
                result[key] = _set_row(result[key], n, _row(other[key], n), len(theirs))
        result[f"_{key}"] = mine | theirs
    return result


def _set_row(batch: Any, n: int, value: Any, num_envs: int) -> Any:
    """Return the batch with a value in row n and its old values in the other rows; it may be a new array."""
    array = np.asarray(value) if isinstance(value, _ARRAYS) else None
    if array is None or array.dtype.kind == "O":
        batch = _as_objects(batch, num_envs)
    elif batch is None:
        batch = np.zeros((num_envs, *array.shape), array.dtype)
    elif not _is_objects(batch):
        dtype = _common_type(batch, array)
        batch = _as_objects(batch, num_envs) if dtype is None else batch.astype(dtype, copy=False)
    batch[n] = value
    return batch


def _common_type(batch: Any, array: NDArray[Any]) -> np.dtype[Any] | None:
    """Return the type that holds the batch and one more row; None if only `object` does."""
    if not isinstance(batch, np.ndarray) or batch.shape[1:] != array.shape:
        return None
    kinds = {batch.dtype.kind, array.dtype.kind}
    if batch.dtype != array.dtype and not (kinds <= set("biuf") or kinds == {"U"}):
        return None
    return np.result_type(batch.dtype, array.dtype)


def _is_objects(batch: Any) -> bool:
    return isinstance(batch, np.ndarray) and batch.dtype.kind == "O" and batch.ndim == 1


def _as_objects(batch: Any, num_envs: int) -> NDArray[Any]:
    """Return a batch as an array [N] that has the value of each environment, of any type."""
    if _is_objects(batch):
        return batch
    objects = np.full(num_envs, None, object)
    for n in range(num_envs) if batch is not None else ():
        objects[n] = _row(batch, n)
    return objects


def _row(batch: Any, n: int) -> Any:
    """Return the value of environment n in a batch."""
    if not isinstance(batch, dict):
        return batch[n]
    return {key: _row(values, n) for key, values in batch.items() if f"_{key}" in batch and batch[f"_{key}"][n]}
