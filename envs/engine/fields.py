"""The fields of a record: what an env keeps between steps, declared once with the bounds of a loaded value.

A checkpoint comes from anywhere, and compiled code does not look where it writes: a loaded value that lies outside its
field's bounds is refused, so that compiled code stays inside its arrays.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Bound: TypeAlias = Any
"""A number, an array that broadcasts against the field, or a function of the state and params of every env, [N]."""


class Field(NamedTuple):
    """One field of a record.

    Args:
        name: Its name.
        dtype: The type of its values.
        low: The lowest value that a loaded state may hold; None where it is not checked.
        high: The highest value that a loaded state may hold.
        shape: The shape of an array inside the record.
    """

    name: str
    dtype: Any = np.int64
    low: Bound = None
    high: Bound = None
    shape: tuple[int, ...] = ()

    def bounds(self, state: Array, params: Array) -> tuple[Array, Array] | None:
        """Return the lowest and the highest value; `params` [N] are the current params of each env."""
        if self.low is None:
            return None
        low, high = (bound(state, params) if callable(bound) else bound for bound in (self.low, self.high))
        return low, high


def fields(names: str, dtype: Any = np.int64, low: Bound = None, high: Bound = None) -> list[Field]:
    """Return one field for each name; all have the same type and bounds."""
    return [Field(name, dtype, low, high) for name in names.split()]


LAST_FIELD = "_end"
"""The last field of every record, which holds nothing: for Numba a record is a subtype of one that it begins with."""


def record_dtype(record: Iterable[Field]) -> np.dtype[Any]:
    """Return the structured type of a record; none begins with the whole of another."""
    return np.dtype([*((field.name, field.dtype, field.shape) for field in record), (LAST_FIELD, np.int8)], align=True)


def check_bounds(state: Array, params: Array, record: Iterable[Field]) -> None:
    """Raise ValueError unless every value of the state lies within the bounds of its field, both included."""
    for field in record:
        bounds = field.bounds(state, params)
        if bounds is None:
            continue
        values, low, high = np.broadcast_arrays(state[field.name], *bounds)
        for place in zip(*np.nonzero(~((low <= values) & (values <= high))), strict=True):
            allowed = f"it must be from {low[place]} to {high[place]}"
            raise ValueError(f"state.{field.name} is {values[place]} in env {place[0]}; {allowed}")
