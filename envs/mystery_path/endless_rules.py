"""The rules of Endless Mystery Path, compiled: one function an event.

`node` is the tile of the path where the figure was last; the path always goes on for a segment more than the figure's.

A fall costs the walk from the start, with new stamina for every tile. Falls end the episode where they show that
nothing was remembered: left of the furthest column reached, or on a tile that was fallen on before. As a step goes at
most one tile, those fallen on and still to come lie in the furthest column and the next; `fallen` holds these two.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.character import walk
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.jit import Record, jit

from .endless_path import COLUMNS, FIRST_SEGMENTS, MAX_NODES, add_segment, find_node
from .options import TILE
from .path_search import TILES

_ACTIONS = np.array([[0, 0], [2, 0], [0, 1], [0, 2]])
_RIGHT = 6


@jit
def _point(env: Record) -> None:
    """Point the ground truth at the next tile, unless this tile is to the left."""
    across = env.node_x[env.node + 1] - env.node_x[env.node]
    down = env.node_y[env.node + 1] - env.node_y[env.node]
    if across >= 0:
        env.ground_truth[0] = across == 1
        env.ground_truth[1] = down == -1
        env.ground_truth[2] = down == 1


@jit
def _place_on_start(env: Record, params: Record) -> None:
    env.x = params.radius
    env.y = TILE * env.node_y[0] + params.radius
    env.camera = -params.camera
    env.scroll = 0


@jit
def start(env: Record, params: Record) -> None:
    """Draw the first segments of a new path and place the figure on its first tile."""
    env.nodes = 0
    env.segments = 0
    for _ in range(FIRST_SEGMENTS):
        add_segment(env)
    env.node = 0
    _place_on_start(env, params)
    _point(env)
    env.facing = _RIGHT
    env.off_path = False
    env.stamina = params.stamina_level
    env.num_fails = 0
    env.max_x = 0
    env.tiles_visited = 0
    env.fallen[:] = 0


@jit
def _move(env: Record, params: Record, action: int) -> None:
    if env.off_path:
        _place_on_start(env, params)
        return
    before = env.x
    walk(env, _ACTIONS[action], params.straight, params.diagonal)
    env.camera += env.x - before
    env.scroll += env.x - before
    if abs(env.scroll) >= TILE:
        env.scroll = 0


@jit
def _tread(env: Record, params: Record, node: int) -> float:
    reward = 0.0
    env.node = node
    env.off_path = False
    if env.visited[node] == 0:
        reward += params.reward_path_progress
        env.visited[node] = 1
        env.tiles_visited += 1
    if env.refreshed[node] == 0:
        reward += params.reward_path_progress_dense
        env.refreshed[node] = 1
        env.stamina = params.stamina_level
    return reward


@jit
def _fall(env: Record, params: Record, x: int, y: int) -> float:
    env.off_path = True
    env.num_fails += 1
    if x < env.max_x or env.fallen[x % 2, y + 1] == 1:
        env.phase = ENDED
    else:
        env.fallen[x % 2, y + 1] = 1
    env.refreshed[1 : env.nodes] = 0
    env.stamina = params.stamina_level
    return params.reward_fall_off


@jit
def advance(env: Record, params: Record, action: NDArray[np.int64]) -> float:
    """Play one step and return its reward."""
    _move(env, params, action[0])
    x = env.x // TILE
    y = env.y // TILE
    if x // COLUMNS > env.segments - 2:
        if env.nodes + TILES >= MAX_NODES:
            env.phase = ENDED
        else:
            add_segment(env)
    node = find_node(env, x, y)
    reward = _fall(env, params, x, y) if node < 0 else _tread(env, params, node)
    env.stamina -= 1
    if env.stamina == 0 or env.length + 1 == params.max_steps:
        env.phase = ENDED
    if env.node + 1 < env.nodes:
        _point(env)
    if node >= 0 and x > env.max_x:
        env.max_x = x
        env.fallen[(x + 1) % 2] = 0
    return reward + params.reward_step
