"""Structured arrays as a flat dict of plain numeric arrays, and back: what a checkpoint of an env holds.

Keys are `table.field`. Unsigned words travel as int64 and flags as uint8 of the same bits, which every tensor library
can store.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
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
