"""Memory Gym's path across 7 x 7 tiles: walls at random, then a search that is noisy on purpose.

Tile (x, y) has the number 7 x + y. The search is an A* whose steps cost a random 1..8. It takes the first open tile
that promises less than the oldest open one, or else the oldest. A tile that is reached again more cheaply changes its
predecessor but keeps its old cost. Hence paths that wind.

There always is a path. Only a chain of walls from border to border, diagonals included, could part two border tiles.
Inner and border walls never touch, so it would consist of border walls, and these can only cut off a corner; but a
start or end in a corner has no walls beside it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from memorl.envs.engine.jit import jit
from memorl.envs.engine.rng import Rng, integers

SIDE = 7
TILES = SIDE * SIDE

_UNSEEN = 0
_OPEN = 1
_SHUT = 2
_STEPS = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])


@jit
def _near(tile: int, other: int) -> bool:
    return abs(tile // SIDE - other // SIDE) + abs(tile % SIDE - other % SIDE) <= 1


@jit
def _touches_wall(walls: NDArray[np.int8], tile: int) -> bool:
    for x in range(max(0, tile // SIDE - 1), min(SIDE, tile // SIDE + 2)):
        for y in range(max(0, tile % SIDE - 1), min(SIDE, tile % SIDE + 2)):
            if walls[SIDE * x + y]:
                return True
    return False


@jit
def _draw_walls(rng: Rng, start: int, end: int, walls: NDArray[np.int8]) -> None:
    """Draw a third of the tiles in [1, 4] x [1, 4] as walls, then 4 or 8 border tiles far from all others."""
    walls[:] = 0
    for x in range(1, SIDE - 2):
        for y in range(1, SIDE - 2):
            walls[SIDE * x + y] = integers(rng, 0, 100) < 33
    free = np.empty(TILES, np.int64)
    count = 0
    for tile in range(TILES):
        inside = 0 < tile // SIDE < SIDE - 1 and 0 < tile % SIDE < SIDE - 1
        if not (inside or _near(tile, start) or _near(tile, end) or _touches_wall(walls, tile)):
            free[count] = tile
            count += 1
    for _ in range(4 + 4 * integers(rng, 0, 2)):
        if count > 0:
            k = integers(rng, 0, count)
            walls[free[k]] = True
            count -= 1
            for i in range(k, count):
                free[i] = free[i + 1]


@jit
def _search(rng: Rng, start: int, end: int, walls: NDArray[np.int8], before: NDArray[np.int64]) -> None:
    """Make `before` [TILES] lead from `end` back to `start`."""
    waiting = np.empty(TILES, np.int64)
    count = 1
    place = np.full(TILES, _UNSEEN)
    cost = np.zeros(TILES, np.int64)
    promise = np.zeros(TILES)
    waiting[0] = start
    while True:
        k = 0
        for i in range(1, count):
            if promise[waiting[i]] < promise[waiting[0]]:
                k = i
                break
        tile = waiting[k]
        if tile == end:
            return
        count -= 1
        for i in range(k, count):
            waiting[i] = waiting[i + 1]
        place[tile] = _SHUT
        for step in range(4):
            x = tile // SIDE + _STEPS[step, 0]
            y = tile % SIDE + _STEPS[step, 1]
            other = SIDE * x + y
            if not (0 <= x < SIDE and 0 <= y < SIDE) or walls[other] or place[other] == _SHUT:
                continue
            total = cost[tile] + integers(rng, 1, 9)
            if place[other] == _UNSEEN:
                place[other] = _OPEN
                waiting[count] = other
                count += 1
                cost[other] = total
                away_x = x - end // SIDE
                away_y = y - end % SIDE
                promise[other] = total + math.sqrt(away_x * away_x + away_y * away_y)
                before[other] = tile
            elif total < cost[other]:
                before[other] = tile


@jit
def find_path(rng: Rng, start: int, end: int, path: NDArray[np.int64], walls: NDArray[np.int8]) -> int:
    """Draw a path between two tiles of opposite sides, and the walls around it; return the number of its tiles.

    The tiles go from start to end into `path` [TILES], and the walls, 1 for each, into `walls` [TILES].
    """
    before = np.zeros(TILES, np.int64)
    _draw_walls(rng, start, end, walls)
    _search(rng, start, end, walls, before)
    tile = end
    length = 1
    while tile != start:
        tile = before[tile]
        length += 1
    tile = end
    for k in range(length):
        path[length - 1 - k] = tile
        tile = before[tile]
    return length
