"""Checks of arguments; every error names the argument, its value and what is allowed."""

import math


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


def require_fraction(**values: float) -> None:
    """Raise ValueError for the first value that does not lie between 0 and 1."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
