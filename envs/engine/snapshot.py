"""Structured arrays as a flat dictionary of plain numeric arrays, and back: what a checkpoint of an env holds.

Keys are `table.field`. Unsigned words travel as int64 and flags as uint8 of the same bits, which every tensor library
can store.
"""

from collections.abc import Mapping

import numpy as np

from .fields import Array

_CARRIERS: dict[str, type] = {"u": np.int64, "b": np.uint8}


def views(tables: Mapping[str, Array]) -> dict[str, Array]:
    """Return every field of every table, sharing its memory."""
    fields = {f"{key}.{name}": table[name] for key, table in tables.items() for name in table.dtype.names or ()}
    return {key: field.view(_CARRIERS.get(field.dtype.kind, field.dtype)) for key, field in fields.items()}


def check_fit(own: Mapping[str, Array], other: Mapping[str, Array]) -> None:
    """Raise ValueError unless `other` has the keys, types and shapes of `own`."""
    if own.keys() != other.keys():
        raise ValueError(f"state of another kind of env: {sorted(own.keys() ^ other.keys())} are not in both")
    for key, field in own.items():
        if field.shape != other[key].shape or field.dtype != other[key].dtype:
            kind = f"{other[key].dtype} {other[key].shape}"
            raise ValueError(f"{key} is {kind}; it must be {field.dtype} {field.shape}")
        if field.dtype == _CARRIERS["b"] and (other[key] > 1).any():
            raise ValueError(f"{key} is {other[key].max()}; it must be 0 or 1")
