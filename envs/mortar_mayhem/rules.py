"""The rules of Mortar Mayhem, compiled: one function an event.

An episode first shows its commands, `show_duration` steps a command and `show_delay` blank steps after it, while the
figure cannot move (`frame` counts these). Then a fuse burns: when `fuse` is a multiple of the explosion delay all tiles
but the target explode, the command is judged, and the tiles stay deadly while `blast` counts up to the explosion
duration. After that the target moves by the next command. `endless` has the different rules of
the endless variant.

Coordinates are pixels of the frame for the figure (x, y) and tiles for the target.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import keep_inside, walk, walk_grid, walk_through
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import choose
from memorl.envs.engine.rng import integers

from .arena import MOVES, TILE, low_edge
from .endless import draw_command, draw_figure, finish_endless_command


@jit
def _draw_commands(env: Record, params: Record) -> None:
    size = params.arena_size
    tile_x = (env.x - low_edge(size)) // TILE
    tile_y = (env.y - low_edge(size)) // TILE
    env.target_x = tile_x
    env.target_y = tile_y
    valid = np.empty(9, np.int64)
    for k in range(env.count):
        if params.endless:
            draw_command(env, params, k)
            continue
        possible = 0
        for command in range(params.allowed_commands):
            if 0 <= tile_x + MOVES[command, 0] < size and 0 <= tile_y + MOVES[command, 1] < size:
                valid[possible] = command
                possible += 1
        command = valid[integers(env.rng, 0, possible)]
        env.commands[k] = command
        tile_x = tile_x + MOVES[command, 0]
        tile_y = tile_y + MOVES[command, 1]


@jit
def _aim(env: Record, params: Record) -> None:
    command = env.commands[env.current]
    env.target_x += MOVES[command, 0]
    env.target_y += MOVES[command, 1]
    if params.endless:
        env.target_x = env.target_x % params.arena_size
        env.target_y = env.target_y % params.arena_size


@jit
def _showing(env: Record) -> bool:
    return env.frame < (env.count - env.first_shown) * (env.show_duration + env.show_delay)


@jit
def _show(env: Record) -> None:
    period = env.show_duration + env.show_delay
    env.command_on_view = -1
    if _showing(env) and env.frame % period < env.show_duration:
        env.command_on_view = env.commands[env.first_shown + env.frame // period]


@jit
def start(env: Record, params: Record) -> None:
    """Draw a new episode."""
    tile = integers(env.rng, 0, params.arena_size**2)
    middle = low_edge(params.arena_size) + TILE // 2
    env.x = middle + TILE * (tile // params.arena_size)
    env.y = middle + TILE * (tile % params.arena_size)
    if params.endless or (params.act_only and not params.grid):
        env.x += integers(env.rng, -2, 2)
        env.y += integers(env.rng, -2, 2)
    env.count = params.initial_command_count if params.endless else choose(env.rng, params.command_count)
    _draw_commands(env, params)
    env.show_duration = 0
    env.show_delay = 0
    if not params.act_only:
        env.show_duration = choose(env.rng, params.command_show_duration)
        env.show_delay = choose(env.rng, params.command_show_delay)
    env.explosion_duration = choose(env.rng, params.explosion_duration)
    env.explosion_delay = choose(env.rng, params.explosion_delay)
    env.facing = 0
    env.current = 0
    env.first_shown = 0
    env.frame = 0
    env.fuse = 0
    env.blast = 0
    env.success = 0
    env.exploded = False
    env.commands_completed = 0.0
    _aim(env, params)
    _show(env)


@jit
def _finish_command(env: Record, params: Record, on_target: bool) -> float:
    """Finish the present command and return its reward."""
    reward = params.reward_command_success if on_target else params.reward_command_failure
    if not on_target:
        env.phase = ENDED
    if env.current == env.count:
        env.phase = ENDED
        env.success = 1
        reward += params.reward_episode_success
    return reward


@jit
def advance(env: Record, params: Record, action: NDArray[np.int64]) -> float:
    """Play one step and return its reward."""
    env.frame += 1
    _show(env)
    if _showing(env):
        return 0.0
    low = low_edge(params.arena_size)
    high = SIZE - low
    if params.grid:
        walk_grid(env, action[0], TILE, low, high)
    elif params.endless:
        walk_through(env, action, params.agent_speed, low, high, 0.5 * params.radius)
        draw_figure(env, params)
    else:
        walk(env, action, params.straight, params.diagonal)
        keep_inside(env, low, high, params.radius)
    on_target = (env.x - low) // TILE == env.target_x and (env.y - low) // TILE == env.target_y
    reward = 0.0
    if not env.exploded and env.fuse > 0 and env.fuse % env.explosion_delay == 0:
        env.current += 1
        env.exploded = True
        env.fuse = 1
        if params.endless:
            reward = finish_endless_command(env, params, on_target)
        else:
            reward = _finish_command(env, params, on_target)
    if not env.exploded:
        env.fuse += 1
    elif env.blast > 0 and env.blast % env.explosion_duration == 0:
        env.exploded = False
        env.blast = 0
        if env.current < env.count:
            _aim(env, params)
    else:
        env.blast += 1
        if not on_target:
            env.phase = ENDED
            reward = params.reward_command_failure
    if env.phase == ENDED and not params.endless:
        env.commands_completed = (env.current - 1 + env.success) / env.count
    return reward
