"""Darkness: a black picture over the scene, holes in it where spotlights shine, as opaque as the light is dimmed.

With opacity A in 0 .. 255 a byte d in the dark becomes d - floor(d A / 255); in a spotlight it stays. On the black
floor spotlights have a white outline that darkness covers the scene with, too: d + floor((255 - d) A / 255).
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Frame
from memorl.envs.compiled import Record, leaf

LIT, OUTLINE = 255, 1


@leaf
def _disc(light: Frame, spans: NDArray[np.int64], x: int, y: int, radius: int) -> None:
    for column in range(max(0, radius - x), min(2 * radius, SIZE + radius - x)):
        half = spans[radius, column]
        low, high = max(0, y - half), min(SIZE, y + half)
        if low < high:
            target = light[x - radius + column, 3 * low : 3 * high]
            for b in range(len(target)):
                target[b] = LIT


@leaf
def _mark(light: Frame, x: int, y: int) -> None:
    if 0 <= x < SIZE and 0 <= y < SIZE:
        light[x, 3 * y : 3 * y + 3] = OUTLINE


@leaf
def _outline(light: Frame, x: int, y: int, radius: int) -> None:
    """The circle of `raster.ring`, directly."""
    error, near, far = 1 - radius, 0, radius
    while near < far:
        if error >= 0:
            far -= 1
            error -= 2 * far
        near += 1
        error += 2 * near + 1
        for a, b in ((near, far), (far, near)):
            _mark(light, x + a - 1, y + b - 1)
            _mark(light, x + a - 1, y - b)
            _mark(light, x - a, y + b - 1)
            _mark(light, x - a, y - b)


@leaf
def shine(env: Record, light: Frame, spans: NDArray[np.int64], outlined: bool) -> None:
    """Draw where the spotlights shine."""
    for column in range(SIZE):
        for b in range(3 * SIZE):
            light[column, b] = 0
    for k in range(env.lit_count):
        x, y, radius = np.int64(env.lit[k, 0]), np.int64(env.lit[k, 1]), np.int64(env.lit[k, 2])
        _disc(light, spans, x, y, radius)
        if outlined:
            _outline(light, x, y, radius)


@leaf
def darken(frame: Frame, light: Frame, alpha: int, outlined: bool) -> None:
    """Cover a frame [84][252] with darkness."""
    opacity = np.uint32(alpha)
    for x in range(SIZE):
        source, target = light[x], frame[x]
        if outlined:
            for b in range(3 * SIZE):
                if source[b] == OUTLINE:
                    target[b] += (255 - target[b]) * alpha // 255
                elif source[b] == 0:
                    target[b] -= target[b] * alpha // 255
        elif alpha == 255:
            for b in range(3 * SIZE):
                target[b] &= source[b]
        else:
            for b in range(3 * SIZE):
                byte = np.uint32(target[b])
                loss = np.uint8(byte * opacity // np.uint32(255))
                target[b] -= loss & ~source[b]
