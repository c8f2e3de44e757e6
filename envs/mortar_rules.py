"""The rules of Mortar Mayhem, compiled: one function an event.

An episode first shows its commands, `show_duration` steps a command and `show_delay` blank steps after it, while the
figure cannot move (`frame` counts these). Then a fuse burns: when `fuse` is a multiple of the explosion delay all tiles
but the target explode, the command is judged, and the tiles stay deadly while `blast` counts up to the explosion
duration. After that the target moves by the next command. What is different in the endless variant is in
`mortar_endless`.

Coordinates are pixels of the frame for the figure (x, y) and tiles for the target.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE
from memorl.envs.character import keep_inside, walk, walk_grid
from memorl.envs.compiled import Record, leaf
from memorl.envs.episodes import ENDED
from memorl.envs.mortar_arena import MOVES, TILE, low_edge
from memorl.envs.mortar_endless import draw_command, judge, move
from memorl.envs.mortar_options import MAX_COMMANDS
from memorl.envs.options import Field, choose
from memorl.envs.random import integers

STATE: list[Field] = [
    *((name, np.int64) for name in ("x", "y", "facing", "target_x", "target_y", "count", "current", "shown", "frame")),
    *((name, np.int64) for name in ("told", "show_duration", "show_delay", "explosion_duration", "explosion_delay")),
    *((name, np.int64) for name in ("fuse", "blast", "success")),
    ("exploded", np.bool_),
    ("commands", np.int8, (MAX_COMMANDS + 1,)),
    ("commands_completed", np.float64),
    ("max_command_sequence", np.int64),
    ("ground_truth", np.float64, (2,)),
    ("look", np.int64, (4,)),
    ("look_scale", np.float64),
]


@leaf
def _draw_commands(env: Record, rules: Record) -> None:
    size = rules.arena_size
    tile_x, tile_y = (env.x - low_edge(size)) // TILE, (env.y - low_edge(size)) // TILE
    env.target_x, env.target_y = tile_x, tile_y
    valid = np.empty(9, np.int64)
    for k in range(env.count):
        if rules.endless:
            draw_command(env, rules, k)
            continue
        possible = 0
        for command in range(rules.allowed_commands):
            if 0 <= tile_x + MOVES[command, 0] < size and 0 <= tile_y + MOVES[command, 1] < size:
                valid[possible] = command
                possible += 1
        command = valid[integers(env.stream, 0, possible)]
        env.commands[k] = command
        tile_x, tile_y = tile_x + MOVES[command, 0], tile_y + MOVES[command, 1]


@leaf
def _aim(env: Record, rules: Record) -> None:
    command = env.commands[env.current]
    env.target_x += MOVES[command, 0]
    env.target_y += MOVES[command, 1]
    if rules.endless:
        env.target_x, env.target_y = env.target_x % rules.arena_size, env.target_y % rules.arena_size


@leaf
def _showing(env: Record) -> bool:
    return env.frame < (env.count - env.told) * (env.show_duration + env.show_delay)


@leaf
def _show(env: Record) -> None:
    period = env.show_duration + env.show_delay
    env.shown = -1
    if _showing(env) and env.frame % period < env.show_duration:
        env.shown = env.commands[env.told + env.frame // period]


@leaf
def start(env: Record, rules: Record) -> None:
    """Draw a new episode."""
    tile = integers(env.stream, 0, rules.arena_size**2)
    middle = low_edge(rules.arena_size) + TILE // 2
    env.x, env.y = middle + TILE * (tile // rules.arena_size), middle + TILE * (tile % rules.arena_size)
    if rules.endless or (rules.act_only and not rules.grid):
        env.x += integers(env.stream, -2, 2)
        env.y += integers(env.stream, -2, 2)
    env.count = rules.initial_command_count if rules.endless else choose(env.stream, rules.command_count)
    _draw_commands(env, rules)
    env.show_duration, env.show_delay = 0, 0
    if not rules.act_only:
        env.show_duration = choose(env.stream, rules.command_show_duration)
        env.show_delay = choose(env.stream, rules.command_show_delay)
    env.explosion_duration = choose(env.stream, rules.explosion_duration)
    env.explosion_delay = choose(env.stream, rules.explosion_delay)
    env.facing, env.current, env.told, env.frame, env.fuse, env.blast, env.success = 0, 0, 0, 0, 0, 0, 0
    env.exploded, env.commands_completed = False, 0.0
    _aim(env, rules)
    _show(env)


@leaf
def _judge(env: Record, rules: Record, on_target: bool) -> float:
    env.current += 1
    env.exploded = True
    env.fuse = 1
    reward = rules.reward_command_success if on_target else rules.reward_command_failure
    if not on_target:
        env.phase = ENDED
    if env.current == env.count:
        env.phase = ENDED
        env.success = 1
        reward += rules.reward_episode_success
    return reward


@leaf
def advance(env: Record, rules: Record, action: NDArray[np.int64]) -> float:
    """Play one step; its reward."""
    env.frame += 1
    _show(env)
    if _showing(env):
        return 0.0
    low = low_edge(rules.arena_size)
    high = SIZE - low
    if rules.grid:
        walk_grid(env, action[0], TILE, low, high)
    elif rules.endless:
        move(env, rules, action, low, high)
    else:
        walk(env, action, rules.straight, rules.diagonal)
        keep_inside(env, low, high, rules.radius)
    on_target = (env.x - low) // TILE == env.target_x and (env.y - low) // TILE == env.target_y
    reward = 0.0
    if not env.exploded and env.fuse > 0 and env.fuse % env.explosion_delay == 0:
        reward = judge(env, rules, on_target) if rules.endless else _judge(env, rules, on_target)
    if not env.exploded:
        env.fuse += 1
    elif env.blast > 0 and env.blast % env.explosion_duration == 0:
        env.exploded = False
        env.blast = 0
        if env.current < env.count:
            _aim(env, rules)
    else:
        env.blast += 1
        if not on_target:
            env.phase = ENDED
            reward = rules.reward_command_failure
    if env.phase == ENDED and not rules.endless:
        env.commands_completed = (env.current - 1 + env.success) / env.count
    return reward
