"""Coins and exit: their places, and the rewards of the figure that reaches them."""

import math

from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.jit import Record, jit

from .places import WIDE, Cells, block, inside, new_cells, place


@jit
def add_coin(env: Record, cells: Cells, radius: int) -> None:
    """Place one more coin."""
    x, y = place(env, cells, radius)
    env.coins[env.coin_count, 0] = inside(x)
    env.coins[env.coin_count, 1] = inside(y)
    env.coin_count += 1


@jit
def take_coins(env: Record, params: Record) -> float:
    """Take every coin in reach, but pass over the one that follows one taken, as the original does."""
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
