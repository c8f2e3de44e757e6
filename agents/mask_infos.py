"""The masks in the infos of a batch, at the top or inside of other entries.

Gymnasium's batches have a dictionary of arrays for the dictionaries of all environments, with flags [N] of those that
have an entry, or an array [N] of each environment's own.

Legend: N environments.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .mask_parts import nest
from .observations import ACTION_MASK

Found = tuple[tuple[Any, ...], Any]
"""The names of the entries that a mask is in, and the mask."""

MAX_DEPTH = 16
"""Dictionaries in dictionaries in which a mask is looked for; infos may contain themselves."""

OF_THE_PAST = ("final_info", "final_obs", "final_observation")
"""Entries that speak of the episode before."""


def holds_mask(infos: Mapping[Any, Any]) -> bool:
    """Return whether the infos of a batch, or of one environment, hold a mask."""
    if ACTION_MASK in infos:
        return True
    return any(_holds_inner(value, 1) for key, value in infos.items() if key not in OF_THE_PAST)


def mask_of_env(infos: Mapping[Any, Any], n: int, num_envs: int) -> Any:
    """Return the mask of environment n in the infos of N; None where it has none.

    Raises:
        ValueError: If there are other than N masks.
    """
    return _joined(_in_batch(infos, n, num_envs, ()))


def mask_of_info(info: Mapping[Any, Any]) -> Any:
    """Return the mask in the infos of one environment; None where it has none."""
    return _joined(_in_info(info, ()))


def _joined(found: Iterable[Found]) -> Any:
    """Return one mask: the one at the top, the only one, or several with the names of the entries that they are in."""
    masks = dict(found)
    if () in masks:
        return masks[()]
    if len(masks) < 2:
        return next(iter(masks.values()), None)
    return nest({".".join(map(str, path)): mask for path, mask in masks.items()})


def _in_batch(infos: Mapping[Any, Any], n: int, num_envs: int, path: tuple[Any, ...]) -> Iterator[Found]:
    for key, value in infos.items():
        flags = infos.get(f"_{key}")
        if flags is not None and not flags[n]:
            continue
        if key == ACTION_MASK:
            yield path, _row(value, n, num_envs)
        elif key in OF_THE_PAST or len(path) == MAX_DEPTH:
            continue
        elif isinstance(value, Mapping):
            yield from _in_batch(value, n, num_envs, (*path, key))
        elif _is_of_objects(value) and isinstance(value[n], Mapping):
            yield from _in_info(value[n], (*path, key))


def _in_info(info: Mapping[Any, Any], path: tuple[Any, ...]) -> Iterator[Found]:
    for key, value in info.items():
        if key == ACTION_MASK:
            yield path, value
        elif key not in OF_THE_PAST and isinstance(value, Mapping) and len(path) < MAX_DEPTH:
            yield from _in_info(value, (*path, key))


def _holds_inner(value: Any, depth: int) -> bool:
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return ACTION_MASK in value or any(_holds_inner(part, depth + 1) for part in value.values())
    return _is_of_objects(value) and any(isinstance(part, Mapping) and _holds_inner(part, depth + 1) for part in value)


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.ndim == 1


def _row(batch: Any, n: int, num_envs: int) -> Any:
    """Return the mask of environment n from a batch, or from a dictionary of batches with flags [N] of who has each."""
    if isinstance(batch, Mapping):
        flags = [f"_{name}" for name in batch if f"_{name}" in batch]
        names = [name for name in batch if name not in flags and (f"_{name}" not in flags or batch[f"_{name}"][n])]
        return {name: _row(batch[name], n, num_envs) for name in names}
    if (len(batch) if isinstance(batch, list | tuple) else np.shape(batch)[:1]) not in (num_envs, (num_envs,)):
        raise ValueError(f"infos['{ACTION_MASK}'] must have a mask for each of {num_envs} environments")
    return batch[n]
