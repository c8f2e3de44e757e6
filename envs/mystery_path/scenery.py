"""The scenery of Mystery Path: grounds, tiles, the cross of a fall and the stamina bars."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Atlas

from .options import TILE
from .path_search import SIDE

_CROSS = 10
_GREY = (210, 210, 210)


class Scenery(NamedTuple):
    """The pictures that are drawn before the game starts, in arrays for compiled code, and numbers of sprites."""

    grounds: NDArray[np.uint8]
    """[0 black, 1 ice][84 + 12][252]: a tile more than a frame, to scroll by its offset."""
    origin: int
    """A blue tile, origin at its corner, as of the next three."""
    goal: int
    trodden: int
    sliver: int
    """A trodden tile of which just two columns are visible: pygame then draws its border over both."""
    cross: int
    """Origin at its centre."""
    bar: int
    """The first of 85 stamina bars by the height of their red part, origin at the corner."""
    path: int
    """A white tile of the ground truth, origin at its corner, as of the next one."""
    wall: int


def _grounds() -> NDArray[np.uint8]:
    grounds = np.zeros((2, SIZE + TILE, SIZE, 3), np.uint8)
    tile = np.empty((TILE, TILE, 3), np.uint8)
    tile[:] = _GREY
    tile[1:-1, 1:-1] = (125, 177, 250)
    grounds[1] = np.tile(tile, (SIDE + 1, SIDE, 1))
    return grounds.reshape(2, SIZE + TILE, 3 * SIZE)


def add_scenery(atlas: Atlas) -> Scenery:
    """Draw the grounds, the tiles, the cross and the stamina bars."""
    tile = np.ones((TILE, TILE), np.bool_)
    inner = np.zeros((TILE, TILE), np.bool_)
    inner[1:-1, 1:-1] = True
    across = np.arange(_CROSS)[:, None] - np.arange(_CROSS)
    falling = np.abs(across) <= 1
    cross = falling | falling[::-1]
    origin = atlas.add([(tile, (0, 0, 255))])
    goal = atlas.add([(tile, (0, 255, 0))])
    trodden = atlas.add([(tile, _GREY), (inner, (255, 255, 255))])
    sliver = atlas.add([(tile, _GREY)])
    fall = atlas.add([(cross, (255, 0, 0))], (_CROSS // 2, _CROSS // 2))
    bar = np.ones((4, SIZE), np.bool_)
    bars = [atlas.add([(bar, (0, 255, 0)), (bar & (np.arange(SIZE) < red), (255, 0, 0))]) for red in range(SIZE + 1)]
    path = atlas.add([(tile, (255, 255, 255))])
    wall = atlas.add([(tile, (255, 0, 0))])
    return Scenery(_grounds(), origin, goal, trodden, sliver, fall, bars[0], path, wall)
