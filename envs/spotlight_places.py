"""Places for figure, coins and exit: drawn uniformly among the cells of the picture that are not blocked.

`taken` is a scratch mask [84][84], indexed [y][x]; cells are counted row by row.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE
from memorl.envs.compiled import Record, leaf
from memorl.envs.random import integers

Taken = NDArray[np.bool_]
WIDE, NARROW = 28, 21
"""Radii that are blocked around a place: the figure's and an endless coin's, and the others'."""

_EDGE = 7


@leaf
def clear(taken: Taken) -> None:
    """Free every cell."""
    for y in range(SIZE):
        for x in range(SIZE):
            taken[y, x] = False


@leaf
def block(taken: Taken, x: int, y: int, radius: int) -> None:
    """Take the cells nearer than `radius` to (x, y)."""
    for row in range(max(0, y - radius), min(SIZE, y + radius)):
        for column in range(max(0, x - radius), min(SIZE, x + radius)):
            if (column - x) ** 2 + (row - y) ** 2 < radius * radius:
                taken[row, column] = True


@leaf
def place(env: Record, taken: Taken, radius: int) -> tuple[int, int]:
    """Draw a free cell, block what is around it, and shift it by 2 or 3 pixels on each axis."""
    free = 0
    for y in range(SIZE):
        for x in range(SIZE):
            free += not taken[y, x]
    if free == 0:
        clear(taken)
        free = SIZE * SIZE
    left = integers(env.stream, 0, free)
    y = 0
    x = 0
    while taken[y, x] or left > 0:
        left -= not taken[y, x]
        x += 1
        if x == SIZE:
            x = 0
            y += 1
    block(taken, x, y, radius)
    x += integers(env.stream, 2, 4)
    y += integers(env.stream, 2, 4)
    return x, y


@leaf
def inside(at: int) -> int:
    """Keep a coordinate of a coin or exit away from the edge."""
    return min(max(at, _EDGE), SIZE - _EDGE)
