"""Tools of the pictures of the ground truth, which are drawn in plain numpy, one env at a time.

Memory Gym's `debug_rgb_array` shows what is hidden from the agent, drawn as the agent's picture is and then enlarged
four times. A picture here is uint8 [84][84][3], indexed [x][y][channel].
"""

import numpy as np
from numpy.typing import NDArray

from .canvas import SIZE, Sprites

Picture = NDArray[np.uint8]


def picture_of(frame: NDArray[np.uint8]) -> Picture:
    """Return a copy of a frame [84][252] to draw on."""
    return frame.reshape(SIZE, SIZE, 3).copy()


def stamp(picture: Picture, sprites: Sprites, k: int, x: int, y: int) -> None:
    """Draw sprite k with its origin at (x, y); what falls outside is cut off."""
    first, columns, width, left, top = sprites.place[k]
    area = np.s_[first : first + columns * width]
    keep, paint = (part[area].reshape(columns, -1, 3) for part in (sprites.keep, sprites.paint))
    left = x + left
    top = y + top
    inside = np.s_[max(0, -left) : max(0, SIZE - left), max(0, -top) : max(0, SIZE - top)]
    target = picture[max(0, left) : max(0, left + columns), max(0, top) : max(0, top + keep.shape[1])]
    target[:] = (target & keep[inside]) | paint[inside]


def fill_tile(picture: Picture, x: int, y: int, side: int, colour: tuple[int, int, int]) -> None:
    """Fill a square whose upper left corner is (x, y)."""
    picture[max(0, x) : max(0, x + side), max(0, y) : max(0, y + side)] = colour
