"""The parts of a row of numbers of all gates, for loops that Numba compiles; they share its memory."""

from numba import njit


@njit
def halves(x):  # type: ignore[no-untyped-def]
    """Return the two equal parts of a row."""
    N = len(x) // 2
    return x[:N], x[N:]


@njit
def thirds(x):  # type: ignore[no-untyped-def]
    """Return the three equal parts of a row."""
    N = len(x) // 3
    return x[:N], x[N : 2 * N], x[2 * N :]


@njit
def quarters(x):  # type: ignore[no-untyped-def]
    """Return the four equal parts of a row."""
    N = len(x) // 4
    return x[:N], x[N : 2 * N], x[2 * N : 3 * N], x[3 * N :]
