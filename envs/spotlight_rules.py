"""The rules of Searing Spotlights, compiled: one function an event, and the loop over envs that calls them.

In a step the figure moves, the light dims, spotlights appear, move and hurt, coins are picked up, and then the exit is
tried: one may take the last coin and leave in the same step. The bar shows action and reward one step late, so the
record keeps what is shown (`field_*`, `paid`) beside what comes next (`next_*`, `gained`).
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Sprites
from memorl.envs.character import walk
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import ENDED, PLAYING, Array, account, begin
from memorl.envs.options import Field, choose
from memorl.envs.random import integers
from memorl.envs.snapshot import Bounds
from memorl.envs.spotlight_beams import BEAM_BOUNDS, BEAMS, add_spot, move_spots
from memorl.envs.spotlight_options import MAX_COINS, TOP
from memorl.envs.spotlight_places import NARROW, WIDE, Cells, block, clear, inside, place
from memorl.envs.spotlight_symbols import describe
from memorl.envs.spotlight_targets import add_coin, coins, endless_coin, leave
from memorl.envs.spotlight_view import HEALTH, draw

STATE: list[Field] = [
    *BEAMS,
    *((name, np.int64) for name in ("x", "y", "facing", "alpha", "red_width", "coin_t", "coin_count", "taken")),
    *((name, np.int64) for name in ("field_across", "field_down", "next_across", "next_down")),
    *((name, np.int64) for name in ("open", "exit_x", "exit_y", "hurt", "paid", "gained", "success")),
    ("coins", np.int64, (MAX_COINS, 2)),
    *((name, np.float64) for name in ("health", "agent_health", "coins_collected")),
    ("ground_truth", np.float64, (4,)),
]


def bounds(rules: Array, endless: bool) -> Bounds:
    """What a saved state must lie within, so that compiled code stays inside its arrays."""
    fields = dict.fromkeys(("field_across", "field_down", "next_across", "next_down"), (0, 2))
    flags = dict.fromkeys(("open", "hurt", "paid", "gained", "success"), (0, 1))
    return {
        **BEAM_BOUNDS,
        **fields,
        **flags,
        **dict.fromkeys(("x", "y"), (0, SIZE + 2)),
        **dict.fromkeys(("exit_x", "exit_y", "coins"), (0, SIZE)),
        "facing": (0, 7),
        "alpha": (0, 255),
        "red_width": (0, SIZE),
        "coin_t": (0, 2**62),
        "coin_count": (0, 1 if endless else rules["num_coins"][:, 1:].max(1)),
        "taken": (0, 2**62),
    }


@leaf
def _start(env: Record, rules: Record, cells: Cells) -> None:
    env.facing = integers(env.stream, 0, 8)
    clear(cells)
    if rules.sample_agent_position:
        env.x, env.y = place(env, cells, WIDE)
    else:
        env.x, env.y = SIZE // 2, SIZE // 2
        block(cells, SIZE // 2, SIZE // 2, NARROW)
    env.spot_count, env.spawn_timer, env.spawned = 0, 0, 0
    for _ in range(rules.initial_spawns):
        add_spot(env, rules)
    env.coin_count = 0
    if rules.endless:
        clear(cells)
        if rules.coin_enabled:
            add_coin(env, cells, WIDE)
    else:
        for _ in range(choose(env.stream, rules.num_coins)):
            add_coin(env, cells, NARROW)
        if rules.use_exit:
            x, y = place(env, cells, NARROW)
            env.exit_x, env.exit_y = inside(x), inside(y)
    env.alpha = 0 if rules.light_dim_off_duration > 0 else rules.light_threshold
    env.health = rules.agent_health
    env.field_across, env.field_down, env.next_across, env.next_down = 0, 0, 0, 0
    env.red_width, env.coin_t, env.taken, env.open, env.success = 0, 0, 0, 0, 0
    env.hurt, env.paid, env.gained = 0, 0, 0


@leaf
def _dim(env: Record, rules: Record) -> None:
    if env.alpha <= rules.light_threshold:
        if rules.light_dim_off_duration > 0:
            env.alpha = min(255, env.alpha + 255 // rules.light_dim_off_duration)
        else:
            env.alpha = rules.light_threshold


@leaf
def _spotlights(env: Record, rules: Record) -> float:
    env.spawn_timer += 1
    if env.spawn_timer >= rules.interval and (rules.endless or env.spawned < rules.num_spawns):
        add_spot(env, rules)
        env.spawned += 1
        env.spawn_timer = 0
    hit = move_spots(env, rules)
    env.hurt = np.int64(hit and rules.visual_feedback)
    reward = 0.0
    if hit:
        env.health -= rules.spot_damage
        reward += rules.reward_inside_spotlight
        lost = min(1 - env.health / rules.agent_health, SIZE / HEALTH)
        env.red_width = max(env.red_width, int(HEALTH * lost))
    else:
        reward += rules.reward_outside_spotlight
    if env.health <= 0:
        env.phase = ENDED
        reward += rules.reward_death
    return reward


@leaf
def _advance(env: Record, rules: Record, cells: Cells, action: NDArray[np.int64]) -> float:
    walk(env, action, rules.straight, rules.diagonal)
    env.x = max(min(env.x, SIZE - rules.radius), rules.radius)
    env.y = max(min(env.y, SIZE - rules.radius), TOP + rules.radius)
    env.field_across, env.field_down = env.next_across, env.next_down
    env.next_across, env.next_down = action[0], action[1]
    _dim(env, rules)
    reward = 0.0
    reward += _spotlights(env, rules)
    if rules.endless:
        reward += endless_coin(env, rules, cells)
        env.coin_t += 1
        if env.coin_t == rules.steps_per_coin and rules.coin_enabled:
            env.phase = ENDED
    else:
        reward += coins(env, rules)
        reward += leave(env, rules)
    if env.length + 1 == rules.max_steps:
        env.phase = ENDED
    env.paid, env.gained = env.gained, np.int64(reward > 0)
    return reward


@leaf
def _report(env: Record, rules: Record) -> None:
    env.agent_health = env.health / rules.agent_health
    total = env.taken + env.coin_count
    if rules.endless:
        env.coins_collected = env.taken
    else:
        env.coins_collected = env.taken / total if total > 0 else np.nan
    env.ground_truth[0], env.ground_truth[1] = env.x / SIZE, env.y / SIZE
    for axis in range(2):
        env.ground_truth[2 + axis] = env.coins[0, axis] / SIZE if env.coin_count > 0 else 0.0


@entry
def play(
    low: int,
    high: int,
    actions: NDArray[np.int64],
    state: Array,
    rules: Array,
    levels: NDArray[np.int64],
    sprites: Sprites,
    shapes: Array,
    pixels: NDArray[np.uint8],
    looks: NDArray[np.float32],
    rewards: NDArray[np.float64],
    ends: NDArray[np.bool_],
) -> None:
    """One step of envs low .. high-1; without pixels `looks` holds their description."""
    cells = np.empty((SIZE, SIZE + 1), np.uint8)
    for i in range(low, high):
        env = state[i]
        rewards[i] = 0.0
        if env.phase == PLAYING:
            rewards[i] = _advance(env, rules[env.row], cells, actions[i])
            account(env, rewards[i])
        else:
            begin(env, rules, levels)
            _start(env, rules[env.row], cells)
        _report(env, rules[env.row])
        ends[i] = env.phase == ENDED
        if pixels.size:
            draw(env, rules[env.row], sprites, pixels[i])
        else:
            describe(env, rules[env.row], shapes, looks[i])
