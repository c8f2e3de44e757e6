"""The spotlights: where they start, how they cross the picture, and whom they hit.

A spotlight of radius r starts on the circle of radius R + r around the middle, R half the picture's diagonal, at angle
a; at time t in [0, 1] it is at lerp(S, lerp(T, O, t), t), with S, T, O the points of that circle at a, at
a + 180 + d1 and at a + 180 + d1 + d2. It is out of sight at its start and its end.

`env.spots` holds a row a spotlight: radius, speed, t, then S, T, O (x, y each). `env.lit` holds what was drawn last:
whole x, y and the radius.
"""

import math

import numpy as np

from memorl.envs.canvas import SIZE
from memorl.envs.compiled import Record, leaf
from memorl.envs.options import Field
from memorl.envs.random import integers, uniform
from memorl.envs.snapshot import Bounds
from memorl.envs.spotlight_options import MAX_RADIUS, MAX_SPOTS

_RADIUS, _SPEED, _TIME, _START, _TARGET, _OFFSET, _COLUMNS = 0, 1, 2, 3, 5, 7, 9

BEAMS: list[Field] = [
    ("spots", np.float64, (MAX_SPOTS, _COLUMNS)),
    ("lit", np.int16, (MAX_SPOTS, 3)),
    *((name, np.int64) for name in ("spot_count", "lit_count", "spawn_timer", "spawned")),
]

_HALF_DIAGONAL = math.sqrt(SIZE**2 + SIZE**2) / 2
_MIDDLE = SIZE // 2
_FAR = 4 * SIZE
BEAM_BOUNDS: Bounds = {
    "spots": ([[0, 0, 0, *[-_FAR] * 6]], [[MAX_RADIUS, 2, 1, *[_FAR] * 6]]),
    "lit": ([[-_FAR, -_FAR, 0]], [[_FAR, _FAR, MAX_RADIUS]]),
    "spot_count": (0, MAX_SPOTS),
    "lit_count": (0, MAX_SPOTS),
    "spawn_timer": (0, 2**62),
    "spawned": (0, 2**62),
}


def _directions() -> np.ndarray:
    """Unit vectors at 0 .. 720 degrees, rounded as the original rounds them: exact at quarter turns only."""
    table = []
    for degrees in range(721):
        radians = math.fmod(degrees * math.pi / 180, 2 * math.pi)
        exact = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][degrees // 90 % 4]
        table.append(exact if degrees % 90 == 0 else (math.cos(radians), math.sin(radians)))
    return np.array(table)


_DIRECTIONS = _directions()


@leaf
def add_spot(env: Record, rules: Record) -> None:
    """Draw a new spotlight at random."""
    radius = integers(env.stream, rules.least, rules.beyond)
    speed = uniform(env.stream, rules.spot_min_speed, rules.spot_max_speed)
    start = integers(env.stream, 0, 360)
    target = start + 180 + integers(env.stream, -45, 45)
    offset = target + integers(env.stream, -135, 135)
    if env.spot_count == MAX_SPOTS:
        return
    spot = env.spots[env.spot_count]
    env.spot_count += 1
    spot[_RADIUS], spot[_SPEED], spot[_TIME] = radius, speed, 0.0
    for axis in range(2):
        spot[_START + axis] = _MIDDLE + _DIRECTIONS[start, axis] * (_HALF_DIAGONAL + radius)
        spot[_TARGET + axis] = _MIDDLE + _DIRECTIONS[target, axis] * (_HALF_DIAGONAL + radius)
        spot[_OFFSET + axis] = _MIDDLE + _DIRECTIONS[offset, axis] * (_HALF_DIAGONAL + radius)


@leaf
def _remove(env: Record, k: int) -> None:
    env.spot_count -= 1
    for i in range(k, env.spot_count):
        for column in range(_COLUMNS):
            env.spots[i, column] = env.spots[i + 1, column]


@leaf
def move_spots(env: Record, rules: Record) -> bool:
    """Draw and move every spotlight; whether one of them touches the figure.

    A spotlight that is through is taken from the list in passing, so that the next one is passed over: for this step
    it is neither drawn nor moved nor felt.
    """
    hit = False
    env.lit_count = 0
    k = 0
    while k < env.spot_count:
        spot = env.spots[k]
        if spot[_TIME] >= 1.0:
            _remove(env, k)
        else:
            t = spot[_TIME]
            x = spot[_TARGET] * (1 - t) + spot[_OFFSET] * t
            y = spot[_TARGET + 1] * (1 - t) + spot[_OFFSET + 1] * t
            x = spot[_START] * (1 - t) + x * t
            y = spot[_START + 1] * (1 - t) + y * t
            lit = env.lit[env.lit_count]
            env.lit_count += 1
            lit[0], lit[1], lit[2] = np.int64(x), np.int64(y), np.int64(spot[_RADIUS])
            spot[_TIME] = min(t + spot[_SPEED], 1.0)
            across, down = x - env.x, y - env.y
            if math.sqrt(across * across + down * down) <= spot[_RADIUS] + rules.radius:
                hit = True
        k += 1
    return hit
