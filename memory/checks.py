"""Checks of arguments; every error names the argument, its value and what is allowed."""

import math
from typing import Any, get_args

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
