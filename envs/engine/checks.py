"""Checks of the arguments of constructors, `reset` and `step`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete, Space
from numpy.typing import NDArray

from .fields import Array
from .jit import compile_loop
from .options import Flag, Integer, Option, encode

BATCH: dict[str, Option] = {"num_envs": Integer(1, 2**31), "threads": Integer(1, 1024), "copy": Flag()}
DEFAULTS = {"num_envs": 1, "threads": 1, "copy": True}
"""The kinds and the defaults of the arguments that every environment has besides its options."""
_LEVELS: dict[str, Option] = {"levels.start": Integer(0, 2**62), "levels.count": Integer(1, 2**32 - 1)}


def level_range(levels: Mapping[str, int] | None) -> NDArray[np.int64]:
    """Return the first level and the number of levels, [2]; zeros without levels."""
    if levels is None:
        return np.zeros(2, np.int64)
    if not isinstance(levels, Mapping) or levels.keys() != {"start", "count"}:
        raise ValueError(f"levels is {levels!r}; it must be {{'start': first level, 'count': number of levels}}")
    named = encode(_LEVELS, {f"levels.{key}": value for key, value in levels.items()})
    return np.array([named["levels.start"], named["levels.count"]], np.int64)


def check_render_mode(render_mode: str | None, metadata: Mapping[str, Any]) -> None:
    """Raise ValueError unless the metadata of an env has a render mode."""
    render_modes = [None, *metadata["render_modes"]]
    if render_mode not in render_modes:
        raise ValueError(f"render_mode is {render_mode!r}; it must be one of {render_modes}")


def seeds_per_env(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    """Return a seed for each env: s, s + 1, ... for a number s, the entries of a list, or None for every env."""
    if isinstance(seed, int | np.integer):
        seeds: list[Any] = [int(seed) + i for i in range(num_envs)]
    elif isinstance(seed, Sequence | np.ndarray):
        seeds = [int(number) if isinstance(number, np.integer) else number for number in seed]
    else:
        seeds = [seed] * num_envs
    if len(seeds) != num_envs or not all(s is None or (isinstance(s, int) and s >= 0) for s in seeds):
        raise ValueError(f"seed is {seed!r}; it must be a whole number >= 0, or {num_envs} of them")
    return seeds


def reset_rows(mask: Any, num_envs: int, has_observed: bool) -> NDArray[np.bool_]:
    """Return the rows of a reset, bool [N]: those of `reset_mask`, or all without one."""
    if mask is None:
        return np.ones(num_envs, np.bool_)
    allowed = f"it must be bool ({num_envs},) with one True or more"
    try:
        rows = np.asarray(mask)
    except ValueError:
        raise ValueError(f"reset_mask is ragged; {allowed}") from None
    if rows.shape != (num_envs,) or rows.dtype != np.bool_ or not rows.any():
        raise ValueError(f"reset_mask is {rows.dtype} {rows.shape} with {np.count_nonzero(rows)} True; {allowed}")
    if not has_observed and not rows.all():
        raise ValueError("reset_mask must be all True before the first reset or step, and right after a load")
    return rows


def count_choices(space: Space[Any]) -> NDArray[np.uint64]:
    """Return the number of actions of each axis; 0 for the numbers of a Box."""
    if isinstance(space, Box):
        return np.zeros(math.prod(space.shape), np.uint64)
    counts: Any = space.n if isinstance(space, Discrete) else cast(MultiDiscrete, space).nvec
    return np.asarray(counts, np.uint64).reshape(-1)


def _check_choices(rows: NDArray[np.int64], choices: NDArray[np.uint64]) -> bool:
    for i in range(len(rows)):
        for k in range(len(choices)):
            if np.uint64(rows[i, k]) >= choices[k]:
                return False
    return True


_are_choices = compile_loop(_check_choices)


def action_rows(actions: Any, batch_space: Any, space: Space[Any], choices: NDArray[np.uint64]) -> Array:
    """Return actions as [N, axes], int64 from 0, or the numbers of a Box.

    Args:
        actions: What `step` was given.
        batch_space: The space of the actions of all envs.
        space: The space of the action of one env.
        choices: What `count_choices` says of it.
    """
    array = np.asarray(actions)
    is_box = isinstance(space, Box)
    if array.shape != batch_space.shape or array.dtype.kind not in ("iuf" if is_box else "iu"):
        raise ValueError(f"actions are {array.dtype} {array.shape}; they must be in {batch_space}")
    rows = np.asarray(array, space.dtype if is_box else np.int64, order="C").reshape(-1, len(choices))
    if not is_box and _are_choices(rows, choices):  # at once, as NumPy takes as long for this as a task for its step
        return rows
    allowed = np.isfinite(rows) if is_box else rows.view(np.uint64) < choices
    if not allowed.all():
        i = int((~allowed).any(1).argmax())
        named = "finite" if is_box else f"in {space}"
        raise ValueError(f"action of env {i} is {rows[i].tolist()}; it must be {named}")
    return rows
