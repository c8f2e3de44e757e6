"""Light and darkness: drawing as far as spotlights reach, and dimming the rest.

With opacity A in 0 .. 255 a byte d in the dark becomes d - floor(d A / 255); in a spotlight it stays. So the picture is
drawn once in the dark and once more as far as spotlights reach; at A = 255 the dark is black, and only the columns of
the spotlights are work. On the black floor spotlights have a white outline, d + floor((255 - d) A / 255); a later
spotlight shines on the outlines of earlier ones.

A beam is the (x, y, radius) of a spotlight.
"""

from typing import Any, TypeAlias

import numpy as np

from memorl.envs.drawing.canvas import SIZE, Frame, Sprites, placed
from memorl.envs.engine.jit import Record, jit

from .scenery import EDGES, FLOORS, SPANS

Beam: TypeAlias = tuple[Any, Any, Any]
"""Column, row and radius; signed words, since unsigned ones would make floats of the sums."""


@jit
def beam_of(env: Record, k: int) -> Beam:
    """Return spotlight k as it was drawn last."""
    return np.int64(env.lit[k, 0]), np.int64(env.lit[k, 1]), np.int64(env.lit[k, 2])


@jit
def columns_of(beam: Beam) -> tuple[int, int]:
    """Return the first column of the picture that a beam reaches, and the one after its last."""
    x, _, radius = beam
    return max(0, x - radius), min(SIZE, x + radius)


@jit
def rows_of(beam: Beam, column: int) -> tuple[int, int]:
    """Return the first row that a beam reaches in one of its columns and the row after its last; equal for none."""
    x, y, radius = beam
    half: Any = np.int64(SPANS[radius, column - x + radius])
    return max(0, y - half), min(SIZE, y + half)


@jit
def blacken(frame: Frame) -> None:
    """Cover a frame with total darkness."""
    for x in range(SIZE):
        for b in range(3 * SIZE):
            frame[x, b] = 0


@jit
def dim(frame: Frame, alpha: int) -> None:
    """Cover a frame [84][252] with darkness; numbers of 16 bits, else it is not vectorised and five times slower."""
    opacity = np.uint16(alpha)
    for x in range(SIZE):
        column = frame[x]
        for b in range(3 * SIZE):
            product = np.uint16(np.uint16(column[b]) * opacity)
            column[b] -= np.uint8(product // np.uint16(255))


@jit
def lay_floor(env: Record, frame: Frame, floor: int) -> None:
    """Copy one of the floors, as far as it is lit."""
    for k in range(env.lit_count):
        beam = beam_of(env, k)
        left, right = columns_of(beam)
        for x in range(left, right):
            low, high = rows_of(beam, x)
            if low < high:
                target = frame[x, 3 * low : 3 * high]
                source = FLOORS[floor, x, 3 * low : 3 * high]
                for b in range(len(target)):
                    target[b] = source[b]


@jit
def blit_lit(env: Record, frame: Frame, sprites: Sprites, k: int, x: int, y: int) -> None:
    """Draw sprite k with its origin at (x, y), as far as it is lit."""
    first, columns, width, left, top = placed(sprites, k, x, y)
    for spot in range(env.lit_count):
        beam = beam_of(env, spot)
        low, high = columns_of(beam)
        if top >= 3 * (beam[1] + beam[2]) or top + width <= 3 * (beam[1] - beam[2]):
            continue
        for column in range(max(low, left), min(high, left + columns)):
            lowest, highest = rows_of(beam, column)
            start = max(3 * lowest - top, 0)
            stop = min(3 * highest - top, width)
            if start < stop:
                at = first + (column - left) * width
                target = frame[column, top + start : top + stop]
                keep = sprites.keep[at + start : at + stop]
                paint = sprites.paint[at + start : at + stop]
                for b in range(len(target)):
                    target[b] = (target[b] & keep[b]) | paint[b]


@jit
def _is_lit(env: Record, first: int, x: int, y: int) -> bool:
    for k in range(first, env.lit_count):
        left, right = columns_of(beam_of(env, k))
        if left <= x < right:
            low, high = rows_of(beam_of(env, k), x)
            if low <= y < high:
                return True
    return False


@jit
def _whiten(env: Record, frame: Frame, k: int, x: int, low: int, high: int) -> None:
    for y in range(max(0, low), min(SIZE, high)):
        if not _is_lit(env, k + 1, x, y):
            for b in range(3 * y, 3 * y + 3):
                frame[x, b] += (255 - frame[x, b]) * env.alpha // 255


@jit
def outline(env: Record, frame: Frame) -> None:
    """Draw the outlines of the spotlights: in each column the ends of the span."""
    for k in range(env.lit_count):
        x, y, radius = beam_of(env, k)
        left, right = columns_of((x, y, radius))
        for column in range(left, right):
            half: Any = np.int64(SPANS[radius, column - x + radius])
            edge = np.int64(EDGES[radius, column - x + radius])
            _whiten(env, frame, k, column, y - half, y - half + edge)
            _whiten(env, frame, k, column, y + half - edge, y + half)
