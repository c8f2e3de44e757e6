"""Checks of arguments; every error names the argument, its value and what is allowed."""

import math
from collections.abc import Mapping
from typing import Any, get_args

from torch import Tensor

MAX_LAYERS = 1024


def require_positive(**values: float | None) -> None:
    """Raise ValueError for the first value that is not above zero or not finite; None passes."""
    for name, value in values.items():
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}; it must be positive")


def require_at_least(minimum: float, **values: float | None) -> None:
    """Raise ValueError for the first value that is below the minimum or not finite; None passes."""
    for name, value in values.items():
        if value is not None and not minimum <= value < math.inf:
            raise ValueError(f"{name} is {value}; it must be at least {minimum}")


def require_between(minimum: float, maximum: float, **values: float | None) -> None:
    """Raise ValueError for the first value that is not from the minimum to the maximum; None passes."""
    for name, value in values.items():
        if value is not None and not minimum <= value <= maximum:
            raise ValueError(f"{name} is {value}; it must be from {minimum:,} to {maximum:,}")


def require_finite(**values: float) -> None:
    """Raise ValueError for the first value that is not finite."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}; it must be finite")


def require_choice(choices: Any, **values: str) -> None:
    """Raise ValueError for the first value that is not one of the choices of a `Literal`."""
    for name, value in values.items():
        if value not in get_args(choices):
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(get_args(choices))}")


def require_shape(shape: tuple[int, ...], **values: Tensor) -> None:
    """Raise ValueError for the first tensor of another shape."""
    for name, value in values.items():
        if value.shape != shape:
            raise ValueError(f"{name} has shape {tuple(value.shape)}; it must be {shape}")


def require_tensors(name: str, state: Any) -> None:
    """Raise ValueError unless this is a dictionary of tensors."""
    if not isinstance(state, Mapping):
        raise ValueError(
            f"{name} is {_in_words(state)}; it must be a dictionary of tensors, as the call before returned"
        )
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise ValueError(f"{name}[{key!r}] is {_in_words(value)}; it must be a tensor, as the call before returned")


def _in_words(value: Any) -> str:
    return repr(value) if isinstance(value, str | float | int) else f"a {type(value).__name__}"
