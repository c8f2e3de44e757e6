"""Observations of a batch, an array [N, ...] or a dictionary of them, and its infos."""

from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Dict, Space

from .fields import Array

Observation: TypeAlias = Any
Infos: TypeAlias = dict[str, Any]

_NO_PIXELS = np.empty((0, 0, 0), np.uint8)
_NO_VECTORS = np.empty((0, 0), np.float32)


def allocate(space: Space[Any], num_envs: int) -> Observation:
    """Return arrays for the observations of a batch; `space` is that of one env."""
    if space.shape is None and isinstance(space, Dict):
        return {key: allocate(part, num_envs) for key, part in space.items()}
    return np.empty((num_envs, *(space.shape or ())), space.dtype)


def arrays_of(observation: Observation) -> list[Array]:
    """Return the arrays of an observation."""
    return list(observation.values()) if isinstance(observation, dict) else [observation]


def pixels_and_vectors(observation: Observation) -> tuple[Array, Array]:
    """Return the pictures as [N][x][y and channel], and the vectors [N][V]; an array is empty if the env has none."""
    if isinstance(observation, np.ndarray) and observation.ndim < 4:
        return _NO_PIXELS, observation.reshape(len(observation), -1)
    pixels = _NO_PIXELS
    vectors = _NO_VECTORS
    for array in arrays_of(observation):
        if array.ndim == 4:
            pixels = array.reshape(*array.shape[:2], -1)
        else:
            vectors = array.reshape(len(array), -1)
    return pixels, vectors


def row_of(observation: Observation, n: int) -> Observation:
    """Return the observation of one env, which shares the memory of the batch's."""
    return {key: value[n] for key, value in observation.items()} if isinstance(observation, dict) else observation[n]


def info_of_row(infos: Infos, n: int) -> Infos:
    """Return the info of one row: numbers as Python's own, vectors as arrays."""
    result = {}
    for key, value in infos.items():
        if not key.startswith("_") and f"_{key}" in infos and infos[f"_{key}"][n]:
            if isinstance(value, dict):
                result[key] = info_of_row(value, n)
            else:
                result[key] = value[n].item() if isinstance(value[n], np.generic) else value[n]
    return result
