"""What Searing Spotlights looks like before anything moves: floors, sprites, and the spans that make up a spotlight."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Atlas, Colour
from memorl.envs.raster import disc, gate, ring
from memorl.envs.spotlight_options import MAX_RADIUS

_TILE = 12
_WHITE, _BLUE, _RED, _BLACK = (255, 255, 255), (0, 0, 255), (255, 0, 0), (0, 0, 0)
_COIN, _RIM = (255, 255, 0), (255, 165, 0)
_CLOSED, _OPEN = (55, 55, 55), (48, 141, 70)

CALM, HURT, PLAIN, UNSEEN = range(4)
"""Floors: chessboards in blue and, in a spotlight, red; all white; all black."""


class Scenery(NamedTuple):
    """Everything drawn before the game starts, as compiled code takes it."""

    floors: NDArray[np.uint8]
    """[CALM, HURT, PLAIN, UNSEEN][84][252]."""
    spans: NDArray[np.int64]
    """Half the height of each column of a disc, [radius][column]."""


class Scratch(NamedTuple):
    """Working memory of the compiled code, the same for all envs."""

    light: NDArray[np.uint8]
    """[84][252]: 255 in a spotlight, 0 in the dark, 1 on the outline of a spotlight."""
    cells: NDArray[np.uint8]
    """[84][85], see `spotlight_places`."""
    labels: NDArray[np.uint8]
    """[84][84], see `spotlight_symbols`."""
    cover: NDArray[np.uint8]
    """[84][84]: how many spotlights shine there."""


def scenery() -> Scenery:
    """Draw the floors and measure the discs."""
    tile = np.arange(SIZE) // _TILE
    even = (tile[:, None] + tile[None, :]) % 2 == 0
    colours: list[tuple[Colour, Colour]] = [(_WHITE, _BLUE), (_WHITE, _RED), (_WHITE, _WHITE), (_BLACK, _BLACK)]
    floors = [np.where(even[..., None], *pair).astype(np.uint8) for pair in colours]
    spans = np.zeros((1 + MAX_RADIUS, 2 * MAX_RADIUS), np.int64)
    for radius in range(1, 1 + MAX_RADIUS):
        spans[radius, : 2 * radius] = disc(radius).sum(1) // 2
    return Scenery(np.stack(floors).reshape(4, SIZE, 3 * SIZE), spans)


def scratch() -> Scratch:
    """Fresh working memory."""
    light, cells = np.zeros((SIZE, 3 * SIZE), np.uint8), np.zeros((SIZE, SIZE + 1), np.uint8)
    return Scratch(light, cells, np.zeros((SIZE, SIZE), np.uint8), np.zeros((SIZE, SIZE), np.uint8))


def coin_radius(scale: float) -> int:
    """How large a coin is, in pixels."""
    return int(10 * scale)


def add_coin(atlas: Atlas, scale: float) -> int:
    """Add a coin, origin at its centre; a thin outline fills it."""
    radius = coin_radius(scale)
    rim = ring(radius) if int(2 * scale) else disc(radius)
    return atlas.add([(disc(radius), _COIN), (rim, _RIM)], (radius, radius))


def add_exit(atlas: Atlas, scale: float) -> int:
    """Add the exit, closed and then open, origin at its centre; the number of the closed one."""
    size = int(20 * scale)
    body, outline = gate(size, int(10 * scale))
    edge = outline if int(2 * scale) else body
    closed, _ = (atlas.add([(body, colour), (edge, _BLACK)], (size // 2, size // 2)) for colour in (_CLOSED, _OPEN))
    return closed
