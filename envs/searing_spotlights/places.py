"""Places for figure, coins and exit, drawn uniformly among the cells that are not blocked; and the rewards at these.

`cells` is an array [84][85]: row y holds which cells of the picture's row y are taken, and last how many are free.
Cells are counted row by row.
"""

import math

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.rng import integers

Cells = NDArray[np.uint8]
WIDE = 28
NARROW = 21
"""Radii that are blocked around a place: the figure's and an endless coin's, and the others'."""

_EDGE = 7
_REACH = np.array([[math.isqrt(max(0, r * r - d * d - 1)) for d in range(WIDE)] for r in range(WIDE + 1)])
"""The reach to the sides of a disc of a radius, without its rim, at a distance from its middle row."""


@jit
def clear(cells: Cells) -> None:
    """Free every cell."""
    for y in range(SIZE):
        for x in range(SIZE):
            cells[y, x] = 0
        cells[y, SIZE] = SIZE


@jit
def new_cells() -> Cells:
    """Return cells that are all free."""
    cells = np.empty((SIZE, SIZE + 1), np.uint8)
    clear(cells)
    return cells


@jit
def block(cells: Cells, x: int, y: int, radius: int) -> None:
    """Take the cells nearer than `radius` to (x, y)."""
    for row in range(max(0, y - radius + 1), min(SIZE, y + radius)):
        reach = _REACH[radius, abs(row - y)]
        line = cells[row, max(0, x - reach) : min(SIZE, x + reach + 1)]
        taken = 0
        for i in range(len(line)):
            taken += line[i]
            line[i] = 1
        cells[row, SIZE] -= len(line) - taken


@jit
def place(env: Record, cells: Cells, radius: int) -> tuple[int, int]:
    """Draw a free cell, block what is around it, and shift it by 2 or 3 pixels on each axis."""
    free = 0
    for row in range(SIZE):
        free += cells[row, SIZE]
    if free == 0:
        clear(cells)
        free = SIZE * SIZE
    left = integers(env.rng, 0, free)
    x = 0
    y = 0
    while left >= cells[y, SIZE]:
        left -= np.int64(cells[y, SIZE])
        y += 1
    while cells[y, x] or left > 0:
        left -= np.int64(1 - cells[y, x])
        x += 1
    block(cells, x, y, radius)
    x += integers(env.rng, 2, 4)
    y += integers(env.rng, 2, 4)
    return x, y


@jit
def inside(at: int) -> int:
    """Keep a coordinate of a coin or exit away from the edge."""
    return min(max(at, _EDGE), SIZE - _EDGE)


@jit
def add_coin(env: Record, cells: Cells, radius: int) -> None:
    """Place one more coin."""
    x, y = place(env, cells, radius)
    env.coins[env.coin_count, 0] = inside(x)
    env.coins[env.coin_count, 1] = inside(y)
    env.coin_count += 1


@jit
def take_coins(env: Record, params: Record) -> float:
    """Take every coin in reach, but skip the coin after a taken one, as the original does."""
    reward = 0.0
    reach = params.coin_radius + params.radius
    k = 0
    while k < env.coin_count:
        across = env.coins[k, 0] - env.x
        down = env.coins[k, 1] - env.y
        if across * across + down * down <= reach * reach:
            reward += params.reward_coin
            env.num_taken += 1
            env.coin_count -= 1
            for i in range(k, env.coin_count):
                env.coins[i, 0] = env.coins[i + 1, 0]
                env.coins[i, 1] = env.coins[i + 1, 1]
        k += 1
    return reward


@jit
def endless_coin(env: Record, params: Record) -> float:
    """Replace the coin when it is taken."""
    if not params.coin_enabled:
        return 0.0
    x = env.coins[0, 0]
    y = env.coins[0, 1]
    reward = take_coins(env, params)
    if env.coin_count == 0:
        env.coin_t = 0
        cells = new_cells()
        block(cells, x, y, WIDE)
        add_coin(env, cells, WIDE)
    return reward


@jit
def leave(env: Record, params: Record) -> float:
    """Without an exit the last coin ends the episode, if there were any coins."""
    if env.coin_count > 0:
        return 0.0
    reward = 0.0
    out = env.num_taken > 0
    if params.use_exit:
        env.exit_open = 1
        across = env.exit_x - env.x
        down = env.exit_y - env.y
        out = math.sqrt(across * across + down * down) <= params.exit_radius + params.radius
        reward = params.reward_exit if out else 0.0
    if out and env.phase != ENDED:
        env.phase = ENDED
        env.success = 1
    return reward
