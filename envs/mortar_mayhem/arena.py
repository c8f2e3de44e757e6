"""The sprites of Mortar Mayhem: arenas of tiles and pictures of commands.

An arena of size s is s x s tiles of 14 pixels in the middle of the frame. Tile (i, j) has its centre at
(low + 14 i + 7, low + 14 j + 7) with low = 42 - 7 s. The flat number of a tile is i s + j.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Atlas, Colour
from memorl.envs.drawing.raster import Shape, disc, rotate
from memorl.envs.engine.jit import jit

TILE = 14
MAX_ARENA = 6
NAMES = ("right", "down", "left", "up", "stay", "right_down", "right_up", "left_down", "left_up")
MOVES = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]])
"""Tiles that each command goes, [9, 2], in the order in which commands are drawn at random."""
SLOT_ORDER = ("stay", "right", "left", "up", "down", "right_down", "right_up", "left_down", "left_up")
"""The commands in the order of the act-only variants' command vector."""
COMMAND_CORNER = 31

_ANGLES = (0, 270, 180, 90, None, 315, 45, 225, 135)
_WHITE = (255, 255, 255)
_CALM: tuple[Colour, Colour] = ((21, 43, 77), (29, 60, 107))
_EXPLODED: tuple[Colour, Colour] = ((81, 18, 26), (112, 24, 36))


@jit
def low_edge(size: int) -> int:
    """Return where an arena of size x size tiles begins, on both axes."""
    return SIZE // 2 - size * TILE // 2


class Scenery(NamedTuple):
    """The pictures that are drawn before the game starts, in arrays for compiled code."""

    floors: NDArray[np.uint8]
    """Frames without figure or command: [arena size][0 calm, 1 exploded][84][252]."""
    safe: int
    """Number of the sprite of a calm tile, origin at its corner."""
    commands: int
    """Number of the sprite of the first command, origin at the corner of its picture."""
    target: int
    """Number of the sprite of the ground truth: a green ring around a tile, origin at its corner."""


def _floors() -> NDArray[np.uint8]:
    floors = np.zeros((1 + MAX_ARENA, 2, SIZE, SIZE, 3), np.uint8)
    tile = np.empty((TILE, TILE, 3), np.uint8)
    for exploded, colours in enumerate((_CALM, _EXPLODED)):
        tile[:] = colours[1]
        tile[1:-1, 1:-1] = colours[0]
        for size in range(1 + MAX_ARENA):
            low = SIZE // 2 - size * TILE // 2
            high = SIZE // 2 + size * TILE // 2
            floors[size, exploded, low:high, low:high] = np.tile(tile, (size, size, 1))
    return floors.reshape(1 + MAX_ARENA, 2, SIZE, 3 * SIZE)


def _arrow() -> Shape:
    """Points right: a shaft of width 2 and two diagonal strokes, each two pixels high, to its head."""
    picture = np.zeros((22, 22), np.bool_)
    picture[:22, 10] = True
    picture[:21, 11] = True
    for step in range(11):
        picture[10 + step : 12 + step, [step, 20 - step]] = True
    return picture


def _ring() -> Shape:
    """Stay: a ring of radius 10 with a bar across."""
    offset = np.arange(22) - 9.5
    distance = offset[:, None] ** 2 + offset[None, :] ** 2
    picture = (distance > 61) & (distance < 97)
    picture[:20, 9:11] = True
    return picture


def add_scenery(atlas: Atlas) -> Scenery:
    """Draw floors, the safe tile and the nine commands."""
    calm = np.ones((TILE, TILE), np.bool_)
    inner = calm.copy()
    inner[[0, -1]] = inner[:, [0, -1]] = False
    safe = atlas.add([(calm, _CALM[1]), (inner, _CALM[0])])
    pictures = [_ring() if angle is None else rotate(_arrow(), angle) for angle in _ANGLES]
    numbers = [atlas.add([(picture, _WHITE)]) for picture in pictures]
    ring = disc(TILE // 2)
    ring[2:-2, 2:-2] &= ~disc(TILE // 2 - 2)
    return Scenery(_floors(), safe, numbers[0], atlas.add([(ring, (0, 255, 0))]))
