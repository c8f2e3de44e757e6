"""Coins and exit: how they are placed, taken and reached."""

import math

from memorl.envs.compiled import Record, leaf
from memorl.envs.episodes import ENDED
from memorl.envs.spotlight_places import WIDE, Cells, block, clear, inside, place


@leaf
def add_coin(env: Record, cells: Cells, radius: int) -> None:
    """Place one more coin."""
    x, y = place(env, cells, radius)
    env.coins[env.coin_count, 0], env.coins[env.coin_count, 1] = inside(x), inside(y)
    env.coin_count += 1


@leaf
def coins(env: Record, rules: Record) -> float:
    """Take every coin in reach, but pass over the one that follows one taken, as the original does."""
    reward = 0.0
    reach = rules.coin_radius + rules.radius
    k = 0
    while k < env.coin_count:
        across, down = env.coins[k, 0] - env.x, env.coins[k, 1] - env.y
        if across * across + down * down <= reach * reach:
            reward += rules.reward_coin
            env.taken += 1
            env.coin_count -= 1
            for i in range(k, env.coin_count):
                env.coins[i, 0], env.coins[i, 1] = env.coins[i + 1, 0], env.coins[i + 1, 1]
        k += 1
    return reward


@leaf
def endless_coin(env: Record, rules: Record, cells: Cells) -> float:
    """Replace the coin when it is taken."""
    if not rules.coin_enabled:
        return 0.0
    x, y = env.coins[0, 0], env.coins[0, 1]
    reward = coins(env, rules)
    if env.coin_count == 0:
        env.coin_t = 0
        clear(cells)
        block(cells, x, y, WIDE)
        add_coin(env, cells, WIDE)
    return reward


@leaf
def leave(env: Record, rules: Record) -> float:
    """Without an exit the last coin ends the episode, if there were any coins."""
    if env.coin_count > 0:
        return 0.0
    reward = 0.0
    out = env.taken > 0
    if rules.use_exit:
        env.open = 1
        across, down = env.exit_x - env.x, env.exit_y - env.y
        out = math.sqrt(across * across + down * down) <= rules.exit_radius + rules.radius
        reward = rules.reward_exit if out else 0.0
    if out and env.phase != ENDED:
        env.phase = ENDED
        env.success = 1
    return reward
