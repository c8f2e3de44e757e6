"""The looks of Searing Spotlights before anything moves: floors, sprites, and the spans that make up a spotlight."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Atlas, Colour
from memorl.envs.drawing.raster import Shape, disc, gate, ring

from .options import MAX_RADIUS

_TILE = 12
_WHITE = (255, 255, 255)
_BLUE = (0, 0, 255)
_RED = (255, 0, 0)
_BLACK = (0, 0, 0)

CALM = 0
HURT = 1
PLAIN = 2
UNSEEN = 3
"""Floors: chessboards in blue and, in a spotlight, red; all white; all black."""


def _floors() -> NDArray[np.uint8]:
    tile = np.arange(SIZE) // _TILE
    even = (tile[:, None] + tile[None, :]) % 2 == 0
    colours: list[tuple[Colour, Colour]] = [(_WHITE, _BLUE), (_WHITE, _RED), (_WHITE, _WHITE), (_BLACK, _BLACK)]
    floors = [np.where(even[..., None], *pair).astype(np.uint8) for pair in colours]
    return np.stack(floors).reshape(4, SIZE, 3 * SIZE)


def _measure(shape: Callable[[int], Shape]) -> NDArray[np.uint8]:
    spans = np.zeros((1 + MAX_RADIUS, 2 * MAX_RADIUS), np.uint8)
    for radius in range(1, 1 + MAX_RADIUS):
        spans[radius, : 2 * radius] = shape(radius).sum(1) // 2
    return spans


# Compiled code takes arrays of a module as constants: what is copied from one cannot overlap what it is copied to, so
# that the loop becomes a call of memcpy.
FLOORS = _floors()
"""[CALM, HURT, PLAIN, UNSEEN][84][252]."""
SPANS = _measure(disc)
"""Half the height of each column of a disc, [radius][column]."""
EDGES = _measure(ring)
"""The part of it that is outline: the uppermost and the lowest pixels of the column, [radius][column]."""


def coin_radius(scale: float) -> int:
    """Return the radius of a coin, in pixels."""
    return int(10 * scale)


def add_coin(atlas: Atlas, scale: float) -> int:
    """Add a coin, origin at its centre; a thin outline fills it."""
    radius = coin_radius(scale)
    rim = ring(radius) if int(2 * scale) else disc(radius)
    return atlas.add([(disc(radius), (255, 255, 0)), (rim, (255, 165, 0))], (radius, radius))


def add_exit(atlas: Atlas, scale: float) -> int:
    """Add the exit, closed and then open, origin at its centre; return the number of the closed one."""
    size = int(20 * scale)
    body, outline = gate(size, int(10 * scale))
    edge = outline if int(2 * scale) else body
    closed = atlas.add([(body, (55, 55, 55)), (edge, _BLACK)], (size // 2, size // 2))
    atlas.add([(body, (48, 141, 70)), (edge, _BLACK)], (size // 2, size // 2))
    return closed
