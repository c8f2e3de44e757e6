"""Columns of the picture of Searing Spotlights as words of bits: spotlights, red floor, and the shapes of sprites.

A word is 64 rows of a column that begin at row `top`, row y in bit y - top.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Sprites
from memorl.envs.engine.episodes import Array
from memorl.envs.engine.jit import Record, jit

from .light import beam_of, columns_of, rows_of
from .scenery import FLOORS, HURT

WORD = 64
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

_SHAPE = np.dtype([*((name, np.int64) for name in ("left", "top", "columns", "rows")), ("bits", np.uint64, (WORD,))])


def silhouettes(sprites: Sprites) -> Array:
    """Return the box of each sprite, seen from its origin, and bits[column], with the first row of the box in bit 0."""
    shapes = np.zeros(len(sprites.place), _SHAPE)
    for shape, (first, columns, width, left, top) in zip(shapes, sprites.place.tolist(), strict=True):
        rows = width // 3
        visible = sprites.keep[first : first + columns * width : 3].reshape(columns, rows) == 0
        shape["left"] = left
        shape["top"] = top
        shape["columns"] = columns
        shape["rows"] = rows
        shape["bits"][:columns] = (visible * (1 << np.arange(rows, dtype=np.uint64))).sum(1)
    return shapes


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
    """Return what spotlight k shines on in a column."""
    left, right = columns_of(beam_of(env, k))
    if x < left or x >= right:
        return NONE
    low, high = rows_of(beam_of(env, k), x)
    return rows(low, high, top)


@jit
def shape(silhouette: Record, x: int, y: int, column: int, top: int) -> np.uint64:
    """Return where a thing at (x, y) shows in a column."""
    i = column - x - silhouette.left
    shift = y + silhouette.top - top
    if i < 0 or i >= silhouette.columns or shift <= -WORD or shift >= WORD:
        return NONE
    return silhouette.bits[i] << np.uint64(shift) if shift >= 0 else silhouette.bits[i] >> np.uint64(-shift)
