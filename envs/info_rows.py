"""Gymnasium's batched infos by row: `infos[key]` [N, ...] and `infos["_" + key]` [N], which rows have it.

Values may be dictionaries of the same kind.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Infos: TypeAlias = dict[str, Any]
Rows: TypeAlias = NDArray[np.bool_]


def masked(infos: Infos, rows: Rows) -> Infos:
    """What infos say of some rows; keys that none of them has are left out."""
    told: Infos = {}
    for key, value in infos.items():
        having = infos.get(f"_{key}")
        if not key.startswith("_") and having is not None and (having & rows).any():
            told[key], told[f"_{key}"] = masked(value, rows) if isinstance(value, dict) else value, having & rows
    return told


def merged(one: Infos, other: Infos) -> Infos:
    """The infos of both; no row is in both."""
    told = one | other
    for key in (key for key in one.keys() & other.keys() if not key.startswith("_")):
        mine, theirs = one[f"_{key}"], other[f"_{key}"]
        told[f"_{key}"] = mine | theirs
        if isinstance(one[key], dict):
            told[key] = merged(one[key], other[key])
        else:
            told[key] = np.where(theirs.reshape(-1, *[1] * (np.ndim(one[key]) - 1)), other[key], one[key])
    return told


def of_row(infos: Infos, n: int) -> Infos:
    """The info of one row: numbers as Python's own, vectors as arrays."""
    told = {}
    for key, value in infos.items():
        if not key.startswith("_") and f"_{key}" in infos and infos[f"_{key}"][n]:
            if isinstance(value, dict):
                told[key] = of_row(value, n)
            else:
                told[key] = value[n].item() if isinstance(value[n], np.generic) else value[n]
    return told
