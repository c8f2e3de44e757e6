"""Structured arrays as a flat dict of plain numeric arrays, and back: what a checkpoint of an env holds.

Keys are `table.field`. Unsigned words travel as int64 and flags as uint8 of the same bits, which every tensor library
can store. A checkpoint comes from anywhere, and compiled code does not look where it writes: nothing is taken over that
does not fit or lies out of bounds.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bounds: TypeAlias = Mapping[str, tuple[Any, Any]]
"""Lowest and highest value of a field: numbers, or arrays that broadcast against the field."""

_CARRIERS: dict[str, type] = {"u": np.int64, "b": np.uint8}


def views(tables: Mapping[str, Array]) -> dict[str, Array]:
    """Every field of every table, sharing its memory."""
    fields = {f"{key}.{name}": table[name] for key, table in tables.items() for name in table.dtype.names or ()}
    return {key: field.view(_CARRIERS.get(field.dtype.kind, field.dtype)) for key, field in fields.items()}


def check_fit(own: Mapping[str, Array], other: Mapping[str, Array]) -> None:
    """ValueError unless `other` has the keys, types and shapes of `own`."""
    if own.keys() != other.keys():
        raise ValueError(f"state of another kind of env: {sorted(own.keys() ^ other.keys())} are not in both")
    for key, field in own.items():
        if field.shape != other[key].shape or field.dtype != other[key].dtype:
            raise ValueError(f"{key} is {other[key].dtype} {other[key].shape}, not {field.dtype} {field.shape}")
        if field.dtype == _CARRIERS["b"] and (other[key] > 1).any():
            raise ValueError(f"{key} holds {other[key].max()}; a flag is 0 or 1")


def check_bounds(table: str, fields: Mapping[str, Array] | Array, bounds: Bounds) -> None:
    """ValueError unless every value of the fields of a table lies within its bounds, both included."""
    for name, (low, high) in bounds.items():
        values, low, high = np.broadcast_arrays(fields[name], low, high)
        for place in zip(*np.nonzero(~((low <= values) & (values <= high))), strict=True):
            raise ValueError(f"{table}.{name} is {values[place]} in env {place[0]}: give {low[place]} to {high[place]}")
