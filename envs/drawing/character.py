"""The little figure all games share: eight sprites, and the three ways it moves.

Its facing is an index, the angle divided by 45: 0 up, 1 left-up, 2 left, ... 7 right-up. The sprite is a body with two
hands; hand centres are rotated in doubles and cut to whole pixels, which makes the sprites slightly asymmetric.
"""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from memorl.envs.engine.fields import fields
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import Number

from .canvas import Atlas
from .raster import Shape, disc, rotate_vector

SCALE = 0.25
SPEED = 12.0 * SCALE
SCALES = Number(0.1, 1 / 3)
"""Sizes that can be drawn; from 1/3 on the outline of the hands would no longer cover them."""

_BODY = (250, 204, 153)
_HAND = (50, 50, 50)
_MARGIN = 14
_DIAGONAL = 1 / math.sqrt(2)

# Facing by horizontal and vertical direction, each none, minus, plus.
_FACINGS = np.array([[-1, 0, 4], [2, 1, 3], [6, 7, 5]])


def radius(scale: float) -> int:
    """Return how far the figure keeps from walls, in pixels."""
    return int(25 * scale)


def sprite_size(scale: float) -> int:
    """Return width and height of a sprite, in pixels; its origin is at half of it, rounded down."""
    return 2 * radius(scale) + int(10 * scale) + _MARGIN


def add_character(atlas: Atlas, scale: float) -> int:
    """Add the eight sprites, origin at the body's centre; return the number of the first, which faces up."""
    hand = int(10 * scale)
    size = sprite_size(scale)
    centre = size // 2
    out = int(18 * scale)
    up = int(12 * scale) + _MARGIN // 2 - centre

    def placed(shape: Shape, x: float, y: float) -> Shape:
        picture = np.zeros((size, size), np.bool_)
        half = len(shape) // 2
        picture[int(x) - half : int(x) + half, int(y) - half : int(y) + half] = shape
        return picture

    numbers = []
    for facing in range(8):
        layers = [(placed(disc(radius(scale)), centre, centre), _BODY)]
        for side in (-out, out):
            x, y = rotate_vector(side, up, 360 - 45 * facing)
            layers.append((placed(disc(hand), x + centre, y + centre), _HAND))
        numbers.append(atlas.add(layers, (centre, centre)))
    return numbers[0]


class Figures:
    """The sprites of the figure, drawn once for each size; `number` returns the first one of a size."""

    PARAMS = fields("figure radius straight diagonal")
    """Fields of the params: number of the first sprite, distance kept from walls, and the strides."""

    def __init__(self, atlas: Atlas) -> None:
        self.number: Callable[[float], int] = cache(partial(add_character, atlas))

    def derive(self, row: Record, scale: float) -> None:
        """Fill the fields of one row of the params."""
        row["figure"] = self.number(scale)
        row["radius"] = radius(scale)
        row["straight"] = int(row["agent_speed"])
        row["diagonal"] = int(_DIAGONAL * row["agent_speed"])


@jit
def walk(env: Record, action: NDArray[np.int64], straight: int, diagonal: int) -> None:
    """Move by an action [2]: horizontal (0 stay, 1 left, 2 right) and vertical (0 stay, 1 up, 2 down)."""
    across = action[0]
    down = action[1]
    stride = straight if across == 0 or down == 0 else diagonal
    env.x += stride * (np.int64(across == 2) - np.int64(across == 1))
    env.y += stride * (np.int64(down == 2) - np.int64(down == 1))
    if across != 0 or down != 0:
        env.facing = _FACINGS[across, down]


@jit
def keep_inside(env: Record, low: int, high: int, margin: int) -> None:
    """Push the centre back into [low + margin, high - margin] on both axes; the low wall has the last word."""
    env.x = max(min(env.x, high - margin), low + margin)
    env.y = max(min(env.y, high - margin), low + margin)


@jit
def _nearest(value: float) -> int:
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


@jit
def _through(value: float, low: int, high: int, margin: float) -> int:
    pixel = _nearest(value)
    if pixel > high + margin:
        return _nearest(low - margin)
    if pixel < low - margin:
        return _nearest(high + margin)
    return pixel


@jit
def walk_through(env: Record, action: NDArray[np.int64], speed: float, low: int, high: int, margin: float) -> None:
    """Move by an action [2] as `walk`; more than `margin` outside [low, high] is as much outside on the other side.

    Strides are not cut to whole pixels here; their ends are rounded, halves away from zero.
    """
    across = action[0]
    down = action[1]
    stride = speed if across == 0 or down == 0 else _DIAGONAL * speed
    env.x = _through(env.x + stride * (np.int64(across == 2) - np.int64(across == 1)), low, high, margin)
    env.y = _through(env.y + stride * (np.int64(down == 2) - np.int64(down == 1)), low, high, margin)
    if across != 0 or down != 0:
        env.facing = _FACINGS[across, down]


@jit
def walk_grid(env: Record, action: int, tile: int, low: int, high: int) -> None:
    """Move by an action 0 stay, 1 turn left, 2 turn right, 3 go one tile forward unless that leaves [low, high)."""
    if action == 1:
        env.facing = (env.facing + 2) % 8
    elif action == 2:
        env.facing = (env.facing + 6) % 8
    elif action == 3:
        x = env.x + tile * (np.int64(env.facing == 6) - np.int64(env.facing == 2))
        y = env.y + tile * (np.int64(env.facing == 4) - np.int64(env.facing == 0))
        if low <= x < high and low <= y < high:
            env.x = x
            env.y = y
