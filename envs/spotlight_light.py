"""Light and darkness: drawing as far as a spotlight reaches, and what is left of the rest.

With opacity A in 0 .. 255 a byte d in the dark becomes d - floor(d A / 255); in a spotlight it stays. So the picture is
drawn once in the dark and then once more through each spotlight; at A = 255 the dark is black, whatever lies there, and
only the columns of the spotlights are work. On the black floor spotlights have a white outline that darkness covers the
scene with, too: d + floor((255 - d) A / 255).

A beam is (x, y, radius); one of radius 0 is no spotlight but daylight: everything is drawn.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Frame, Sprites, blit
from memorl.envs.compiled import Record, leaf
from memorl.envs.spotlight_scenery import EDGES, FLOORS, SPANS

Beam: TypeAlias = tuple[int, int, int]
DAYLIGHT = (0, 0, 0)


@leaf
def beam_of(env: Record, k: int) -> Beam:
    """Spotlight k as it was drawn last."""
    return np.int64(env.lit[k, 0]), np.int64(env.lit[k, 1]), np.int64(env.lit[k, 2])


@leaf
def columns_of(beam: Beam) -> tuple[int, int]:
    """First column of the picture that a beam reaches, and the one after its last."""
    x, _, radius = beam
    return max(0, x - radius), min(SIZE, x + radius)


@leaf
def rows_of(beam: Beam, column: int) -> tuple[int, int]:
    """First row that a beam reaches in a column that it reaches, and the one after its last; empty if low >= high."""
    x, y, radius = beam
    half = np.int64(SPANS[radius, column - x + radius])
    return max(0, y - half), min(SIZE, y + half)


@leaf
def blacken(frame: Frame) -> None:
    """Total darkness."""
    for x in range(SIZE):
        for b in range(3 * SIZE):
            frame[x, b] = 0


@leaf
def dim(frame: Frame, alpha: int) -> None:
    """Cover a frame [84][252] with darkness."""
    opacity = np.uint32(alpha)
    for x in range(SIZE):
        for b in range(3 * SIZE):
            frame[x, b] -= np.uint8(np.uint32(frame[x, b]) * opacity // np.uint32(255))


@leaf
def lay_floor(frame: Frame, floor: int, beam: Beam) -> None:
    """Copy one of the floors, as far as a beam reaches."""
    left, right = columns_of(beam) if beam[2] else (0, SIZE)
    for x in range(left, right):
        low, high = rows_of(beam, x) if beam[2] else (0, SIZE)
        if low < high:
            target, source = frame[x, 3 * low : 3 * high], FLOORS[floor, x, 3 * low : 3 * high]
            for b in range(len(target)):
                target[b] = source[b]


@leaf
def blit_lit(frame: Frame, sprites: Sprites, k: int, x: int, y: int, beam: Beam) -> None:
    """Draw sprite k with its origin at (x, y), as far as a beam reaches."""
    if beam[2] == 0:
        blit(frame, sprites, k, x, y)
        return
    first, columns, width = sprites.place[k, 0], sprites.place[k, 1], sprites.place[k, 2]
    left, top = x + sprites.place[k, 3], 3 * (y + sprites.place[k, 4])
    if top >= 3 * (beam[1] + beam[2]) or top + width <= 3 * (beam[1] - beam[2]):
        return
    low, high = columns_of(beam)
    for column in range(max(low, left), min(high, left + columns)):
        start, stop = rows_of(beam, column)
        start, stop = max(3 * start - top, 0), min(3 * stop - top, width)
        at = first + (column - left) * width
        for b in range(start, stop):
            frame[column, top + b] = (frame[column, top + b] & sprites.keep[at + b]) | sprites.paint[at + b]


@leaf
def _whiten(column: NDArray[np.uint8], low: int, high: int, alpha: int) -> None:
    for b in range(3 * max(0, low), 3 * min(SIZE, high)):
        column[b] += (255 - column[b]) * alpha // 255


@leaf
def outline(frame: Frame, beam: Beam, alpha: int) -> None:
    """Draw the outline of a spotlight: in each column the ends of its span."""
    x, y, radius = beam
    left, right = columns_of(beam)
    for column in range(left, right):
        half = np.int64(SPANS[radius, column - x + radius])
        edge = np.int64(EDGES[radius, column - x + radius])
        _whiten(frame[column], y - half, y - half + edge, alpha)
        _whiten(frame[column], y + half - edge, y + half, alpha)
