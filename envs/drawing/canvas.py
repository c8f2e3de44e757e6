"""Draw frames from sprites: every sprite is rasterised once, and a frame is one copy and a few masked writes.

A frame is uint8 [84][84][3], indexed [x][y][channel] as `pygame.surfarray` does, seen here as [84][252]: a column x is
252 bytes in a row. A sprite stores two bytes for each byte of its bounding box, `keep` and `paint`:

    frame <- (frame & keep) | paint

with keep = 0 and paint = colour where the sprite shows, keep = 255 and paint = 0 elsewhere. It has no branch, so that
a column is a few vector instructions.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memorl.envs.engine.jit import jit

from .raster import Shape

SIZE = 84
Frame = NDArray[np.uint8]
Colour = tuple[int, int, int]


class Sprites(NamedTuple):
    """An atlas in arrays for compiled code: sprite k is place[k] = (first byte, columns, bytes a column, x, y)."""

    place: NDArray[np.int64]
    keep: NDArray[np.uint8]
    paint: NDArray[np.uint8]


class Scene(NamedTuple):
    """The sprites of a game and its own scenery, in arrays for compiled code."""

    scenery: Any
    """The arrays and the numbers of sprites of one game alone, made before it starts."""
    sprites: Sprites


class Atlas:
    """Collects sprites and numbers them in the order of arrival."""

    def __init__(self) -> None:
        self._place: list[tuple[int, int, int, int, int]] = []
        self._keep: list[NDArray[np.uint8]] = []
        self._paint: list[NDArray[np.uint8]] = []

    def add(self, layers: list[tuple[Shape, Colour]], origin: tuple[int, int] = (0, 0)) -> int:
        """Stack equally large shapes, last on top; `origin` is the point of them that `blit` puts at its (x, y)."""
        visible = np.logical_or.reduce([shape for shape, _ in layers])
        picture = np.zeros((*visible.shape, 3), np.uint8)
        for shape, colour in layers:
            picture[shape] = colour
        columns = np.flatnonzero(visible.any(1))
        rows = np.flatnonzero(visible.any(0))
        box = np.s_[columns[0] : columns[-1] + 1, rows[0] : rows[-1] + 1]
        keep = np.where(visible[box][..., None], 0, 255).repeat(3, axis=2).astype(np.uint8)
        first = sum(part.size for part in self._keep)
        corner = int(columns[0]) - origin[0], int(rows[0]) - origin[1]
        self._place.append((first, len(keep), keep[0].size, *corner))
        self._keep.append(keep.ravel())
        self._paint.append(picture[box].ravel())
        return len(self._place) - 1

    def sprites(self) -> Sprites:
        """Return everything added so far."""
        return Sprites(np.array(self._place, np.int64), np.concatenate(self._keep), np.concatenate(self._paint))


@jit
def copy(frame: Frame, picture: Frame) -> None:
    """Replace a whole frame [84][252]; written out because numba's slice assignment is ten times slower."""
    for x in range(SIZE):
        for b in range(3 * SIZE):
            frame[x, b] = picture[x, b]


@jit
def placed(sprites: Sprites, k: int, x: int, y: int) -> tuple[int, int, int, int, int]:
    """Return first byte, columns, bytes a column, first column and first byte of a column of sprite k at (x, y)."""
    place = sprites.place[k]
    return place[0], place[1], place[2], x + place[3], 3 * (y + place[4])


@jit
def shows(sprites: Sprites, k: int, x: int, y: int) -> bool:
    """Return True if any pixel of sprite k with its origin at (x, y) lies inside a frame."""
    first, columns, width, left, top = placed(sprites, k, x, y)
    start = max(0, -top)
    stop = min(width, 3 * SIZE - top)
    for column in range(max(0, -left), min(columns, SIZE - left)):
        at = first + column * width
        for b in range(start, stop):
            if sprites.keep[at + b] == 0:
                return True
    return False


@jit
def blit(frame: Frame, sprites: Sprites, k: int, x: int, y: int) -> None:
    """Draw sprite k with its origin at (x, y) into a frame [84][252]; what falls outside is cut off."""
    first, columns, width, left, top = placed(sprites, k, x, y)
    start = max(0, -top)
    stop = min(width, 3 * SIZE - top)
    if stop <= start:
        return
    for column in range(max(0, -left), min(columns, SIZE - left)):
        at = first + column * width
        target = frame[left + column, top + start : top + stop]
        keep = sprites.keep[at + start : at + stop]
        paint = sprites.paint[at + start : at + stop]
        for b in range(stop - start):
            target[b] = (target[b] & keep[b]) | paint[b]
