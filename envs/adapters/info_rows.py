"""Gymnasium's batched infos by row: `infos[key]` [N, ...] and `infos["_" + key]` [N], which rows have it.

Values may be dictionaries of the same kind.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Infos: TypeAlias = dict[str, Any]
Rows: TypeAlias = NDArray[np.bool_]


def select_rows(infos: Infos, rows: Rows) -> Infos:
    """Return the infos of some rows, without the keys that none of them has."""
    result: Infos = {}
    for key, value in infos.items():
        having = infos.get(f"_{key}")
        if not key.startswith("_") and having is not None and (having & rows).any():
            result[key] = select_rows(value, rows) if isinstance(value, dict) else value
            result[f"_{key}"] = having & rows
    return result


def merge_rows(one: Infos, other: Infos) -> Infos:
    """Return the infos of both; no row is in both."""
    result = one | other
    for key in (key for key in one.keys() & other.keys() if not key.startswith("_")):
        theirs = other[f"_{key}"]
        result[f"_{key}"] = one[f"_{key}"] | theirs
        if isinstance(one[key], dict):
            result[key] = merge_rows(one[key], other[key])
        else:
            result[key] = np.where(theirs.reshape(-1, *[1] * (np.ndim(one[key]) - 1)), other[key], one[key])
    return result


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
