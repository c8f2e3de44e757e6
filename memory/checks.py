"""Checks of the arguments of memories: each raises ValueError naming the argument, its value and what is allowed."""

import math


def require_positive(**sizes: float) -> None:
    """Raise ValueError naming the first argument that is not above zero."""
    for name, value in sizes.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value}; it must be positive")


def require_not_negative(**figures: float) -> None:
    """Raise ValueError naming the first argument that is below zero."""
    for name, value in figures.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} is {value}; it must be at least 0")


def require_finite(**figures: float) -> None:
    """Raise ValueError naming the first argument that is no finite number."""
    for name, value in figures.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}; it must be finite")


def require_heads(hidden_size: int, heads: int) -> None:
    """Raise ValueError unless the units can be shared out among the heads."""
    require_positive(hidden_size=hidden_size, heads=heads)
    if hidden_size % heads:
        raise ValueError(f"hidden_size is {hidden_size} and heads is {heads}; heads must divide hidden_size")


def require_ring(r_min: float, r_max: float) -> None:
    """Raise ValueError unless 0 <= r_min <= r_max <= 1."""
    if not 0 <= r_min <= r_max <= 1:
        raise ValueError(f"r_min is {r_min} and r_max is {r_max}; it must be 0 <= r_min <= r_max <= 1")
