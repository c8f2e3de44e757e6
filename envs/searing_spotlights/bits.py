"""Columns of the picture of Searing Spotlights as words of bits: spotlights, red floor, and silhouettes of sprites.

A word is 64 rows of a column that begin at row `top`, row y in bit y - top.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.jit import Record, jit

from .light import beam_of, columns_of, rows_of
from .scenery import FLOORS, HURT, WORD

Word: TypeAlias = np.uint64
NONE = np.uint64(0)
_ONE = np.uint64(1)
_BELOW = np.array([2**rows - 1 for rows in range(WORD + 1)], np.uint64)
TOPS = 0, SIZE - WORD
"""Words that begin there hold a whole column."""


def _red() -> NDArray[np.uint64]:
    red = FLOORS[HURT][:, 1::3] == 0
    columns = [sum(1 << y for y in np.flatnonzero(column).tolist()) for column in red]
    return np.array([[column >> top & 2**WORD - 1 for top in TOPS] for column in columns], np.uint64)


RED = _red()
"""Red pixels of the floor of a step that hurts, [column][word]."""


@jit
def bit(k: int) -> np.uint64:
    """Return bit k alone."""
    return _ONE << np.uint64(k)


@jit
def rows(low: int, high: int, top: int) -> np.uint64:
    """Return rows low .. high-1."""
    return _BELOW[min(max(high - top, 0), WORD)] & ~_BELOW[min(max(low - top, 0), WORD)]


@jit
def beam(env: Record, k: int, x: int, top: int) -> np.uint64:
    """Return the pixels of a column that spotlight k shines on."""
    left, right = columns_of(beam_of(env, k))
    if x < left or x >= right:
        return NONE
    low, high = rows_of(beam_of(env, k), x)
    return rows(low, high, top)


@jit
def shape(silhouette: Record, x: int, y: int, column: int, top: int) -> np.uint64:
    """Return the pixels of a column that a thing at (x, y) covers."""
    i = column - x - silhouette.left
    shift = y + silhouette.top - top
    if i < 0 or i >= silhouette.columns or shift <= -WORD or shift >= WORD:
        return NONE
    return silhouette.bits[i] << np.uint64(shift) if shift >= 0 else silhouette.bits[i] >> np.uint64(-shift)
