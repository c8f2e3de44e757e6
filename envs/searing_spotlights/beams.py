"""The spotlights: their start, their way across the picture, and the figure that they hit.

A spotlight of radius r starts on the circle of radius R + r around the middle, R half the picture's diagonal, at angle
a; at time t in [0, 1] it is at lerp(S, lerp(T, O, t), t), with S, T, O the points of that circle at a, at
a + 180 + d1 and at a + 180 + d1 + d2. It is out of sight at its start and its end.

`env.spots` holds a row a spotlight: radius, speed, t, then S, T, O (x, y each). `env.lit` holds what was drawn last:
whole x, y and the radius.
"""

import math

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.rng import integers, uniform

from .options import MAX_SPOTS, SPOT_COLUMNS

_RADIUS = 0
_SPEED = 1
_TIME = 2
_START = 3
_TARGET = 5
_OFFSET = 7

_HALF_DIAGONAL = math.sqrt(SIZE**2 + SIZE**2) / 2
_MIDDLE = SIZE // 2


def _directions() -> np.ndarray:
    """Return unit vectors at 0 .. 720 degrees, rounded as the original rounds them: exact at quarter turns only."""
    table = []
    for degrees in range(721):
        radians = math.fmod(degrees * math.pi / 180, 2 * math.pi)
        exact = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][degrees // 90 % 4]
        table.append(exact if degrees % 90 == 0 else (math.cos(radians), math.sin(radians)))
    return np.array(table)


_DIRECTIONS = _directions()


@jit
def add_spot(env: Record, params: Record) -> None:
    """Draw a new spotlight at random."""
    radius = integers(env.rng, params.least, params.beyond)
    speed = uniform(env.rng, params.spot_min_speed, params.spot_max_speed)
    start = integers(env.rng, 0, 360)
    target = start + 180 + integers(env.rng, -45, 45)
    offset = target + integers(env.rng, -135, 135)
    if env.spot_count == MAX_SPOTS:
        return
    spot = env.spots[env.spot_count]
    env.spot_count += 1
    spot[_RADIUS] = radius
    spot[_SPEED] = speed
    spot[_TIME] = 0.0
    for axis in range(2):
        spot[_START + axis] = _MIDDLE + _DIRECTIONS[start, axis] * (_HALF_DIAGONAL + radius)
        spot[_TARGET + axis] = _MIDDLE + _DIRECTIONS[target, axis] * (_HALF_DIAGONAL + radius)
        spot[_OFFSET + axis] = _MIDDLE + _DIRECTIONS[offset, axis] * (_HALF_DIAGONAL + radius)


@jit
def move_spots(env: Record, params: Record) -> bool:
    """Draw and move every spotlight; return True if one of them touches the figure.

    A spotlight that is through is taken from the list in passing, so that the next one is passed over: for this step
    it is neither drawn nor moved nor felt.
    """
    hit = False
    env.lit_count = 0
    k = 0
    while k < env.spot_count:
        spot = env.spots[k]
        if spot[_TIME] >= 1.0:
            env.spot_count -= 1
            for i in range(k, env.spot_count):
                for column in range(SPOT_COLUMNS):
                    env.spots[i, column] = env.spots[i + 1, column]
        else:
            t = spot[_TIME]
            x = spot[_TARGET] * (1 - t) + spot[_OFFSET] * t
            y = spot[_TARGET + 1] * (1 - t) + spot[_OFFSET + 1] * t
            x = spot[_START] * (1 - t) + x * t
            y = spot[_START + 1] * (1 - t) + y * t
            lit = env.lit[env.lit_count]
            env.lit_count += 1
            lit[0] = np.int64(x)
            lit[1] = np.int64(y)
            lit[2] = np.int64(spot[_RADIUS])
            spot[_TIME] = min(t + spot[_SPEED], 1.0)
            across = x - env.x
            down = y - env.y
            if math.sqrt(across * across + down * down) <= spot[_RADIUS] + params.radius:
                hit = True
        k += 1
    return hit
