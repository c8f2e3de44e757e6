"""The rules of Searing Spotlights, compiled: one function an event.

In a step the figure moves, the light dims, spotlights appear, move and hurt, coins are picked up, and then the exit is
tried: one may take the last coin and leave in the same step. The bar shows action and reward one step late, so the
record keeps what is shown (`bar_*`) beside what comes next (`next_*`).
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import walk
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import choose
from memorl.envs.engine.rng import integers

from .beams import add_spot, move_spots
from .options import TOP
from .places import NARROW, WIDE, add_coin, block, clear, endless_coin, inside, leave, new_cells, place, take_coins
from .view import HEALTH


@jit
def start(env: Record, params: Record) -> None:
    """Place figure, spotlights, coins and exit of a new episode."""
    cells = new_cells()
    env.facing = integers(env.rng, 0, 8)
    if params.sample_agent_position:
        env.x, env.y = place(env, cells, WIDE)
    else:
        env.x = SIZE // 2
        env.y = SIZE // 2
        block(cells, SIZE // 2, SIZE // 2, NARROW)
    env.spot_count = 0
    env.spawn_timer = 0
    env.spawned = 0
    for _ in range(params.initial_spawns):
        add_spot(env, params)
    env.coin_count = 0
    if params.endless:
        clear(cells)
        if params.coin_enabled:
            add_coin(env, cells, WIDE)
    else:
        for _ in range(choose(env.rng, params.num_coins)):
            add_coin(env, cells, NARROW)
        if params.use_exit:
            x, y = place(env, cells, NARROW)
            env.exit_x = inside(x)
            env.exit_y = inside(y)
    env.alpha = 0 if params.light_dim_off_duration > 0 else params.light_threshold
    env.health = params.agent_health
    env.bar_across = 0
    env.bar_down = 0
    env.next_across = 0
    env.next_down = 0
    env.red_width = 0
    env.coin_t = 0
    env.num_taken = 0
    env.exit_open = 0
    env.success = 0
    env.is_hurt = 0
    env.bar_reward = 0
    env.next_reward = 0


@jit
def _spotlights(env: Record, params: Record) -> float:
    env.spawn_timer += 1
    if env.spawn_timer >= params.interval and (params.endless or env.spawned < params.num_spawns):
        add_spot(env, params)
        env.spawned += 1
        env.spawn_timer = 0
    hit = move_spots(env, params)
    env.is_hurt = np.int64(hit and params.visual_feedback)
    reward = 0.0
    if hit:
        env.health -= params.spot_damage
        reward += params.reward_inside_spotlight
        lost = min(1 - env.health / params.agent_health, SIZE / HEALTH)
        env.red_width = max(env.red_width, int(HEALTH * lost))
    else:
        reward += params.reward_outside_spotlight
    if env.health <= 0:
        env.phase = ENDED
        reward += params.reward_death
    return reward


@jit
def advance(env: Record, params: Record, action: NDArray[np.int64]) -> float:
    """Play one step and return its reward."""
    walk(env, action, params.straight, params.diagonal)
    env.x = max(min(env.x, SIZE - params.radius), params.radius)
    env.y = max(min(env.y, SIZE - params.radius), TOP + params.radius)
    env.bar_across = env.next_across
    env.bar_down = env.next_down
    env.next_across = action[0]
    env.next_down = action[1]
    if env.alpha <= params.light_threshold:
        if params.light_dim_off_duration > 0:
            env.alpha = min(255, env.alpha + 255 // params.light_dim_off_duration)
        else:
            env.alpha = params.light_threshold
    reward = 0.0
    reward += _spotlights(env, params)
    if params.endless:
        reward += endless_coin(env, params)
        env.coin_t += 1
        if env.coin_t == params.steps_per_coin and params.coin_enabled:
            env.phase = ENDED
    else:
        reward += take_coins(env, params)
        reward += leave(env, params)
    if env.length + 1 == params.max_steps:
        env.phase = ENDED
    env.bar_reward = env.next_reward
    env.next_reward = np.int64(reward > 0)
    return reward


@jit
def report(env: Record, params: Record) -> None:
    """Write the values of the infos."""
    env.agent_health = env.health / params.agent_health
    total = env.num_taken + env.coin_count
    if params.endless:
        env.coins_collected = env.num_taken
    else:
        env.coins_collected = env.num_taken / total if total > 0 else np.nan
    env.ground_truth[0] = env.x / SIZE
    env.ground_truth[1] = env.y / SIZE
    for axis in range(2):
        env.ground_truth[2 + axis] = env.coins[0, axis] / SIZE if env.coin_count > 0 else 0.0
