"""The rules of Endless Mystery Path, compiled: one function an event, and the loop over envs that calls them.

`node` is the tile of the path where the figure was last; the path always goes on for a segment more than the figure's.

A fall costs the walk from the start, with new stamina for every tile. Falls end the episode where they show that
nothing was remembered: left of the furthest column reached, or on a tile that was fallen on before. As a step goes at
most one tile, those fallen on and still to come lie in the furthest column and the next; `fallen` holds these two.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import Sprites
from memorl.envs.character import walk
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.endless_path import COLUMNS, PATH, add_segment, find_node, full, lay_first
from memorl.envs.endless_path_view import describe, draw
from memorl.envs.episodes import ENDED, PLAYING, Array, account, begin
from memorl.envs.mystery_options import TILE
from memorl.envs.mystery_view import Scenery
from memorl.envs.options import Field
from memorl.envs.path_search import SIDE

STATE: list[Field] = [
    *((name, np.int64) for name in ("x", "y", "facing", "scroll", "stamina")),
    *((name, np.int64) for name in ("node", "num_fails", "max_x", "tiles_visited")),
    ("camera", np.float64),
    ("off", np.bool_),
    ("ground_truth", np.int64, (3,)),
    ("fallen", np.int8, (2, SIDE + 2)),
    *PATH,
]

_ACTIONS = np.array([[0, 0], [2, 0], [0, 1], [0, 2]])
_RIGHT = 6


@leaf
def _point(env: Record) -> None:
    """Point the ground truth at the next tile; where that is to the left it stays as it was."""
    across = env.node_x[env.node + 1] - env.node_x[env.node]
    down = env.node_y[env.node + 1] - env.node_y[env.node]
    if across >= 0:
        env.ground_truth[0], env.ground_truth[1], env.ground_truth[2] = across == 1, down == -1, down == 1


@leaf
def _place_on_start(env: Record, rules: Record) -> None:
    env.x, env.y = rules.radius, TILE * env.node_y[0] + rules.radius
    env.camera, env.scroll = -rules.camera, 0


@leaf
def _start(env: Record, rules: Record) -> None:
    lay_first(env)
    env.node = 0
    _place_on_start(env, rules)
    _point(env)
    env.facing, env.off, env.stamina = _RIGHT, False, rules.stamina_level
    env.num_fails, env.max_x, env.tiles_visited = 0, 0, 0
    env.fallen[:] = 0


@leaf
def _move(env: Record, rules: Record, action: int) -> None:
    if env.off:
        _place_on_start(env, rules)
        return
    before = env.x
    walk(env, _ACTIONS[action], rules.straight, rules.diagonal)
    env.camera += env.x - before
    env.scroll += env.x - before
    if abs(env.scroll) >= TILE:
        env.scroll = 0


@leaf
def _tread(env: Record, rules: Record, node: int) -> float:
    reward = 0.0
    env.node, env.off = node, False
    if env.visited[node] == 0:
        reward += rules.reward_path_progress
        env.visited[node] = 1
        env.tiles_visited += 1
    if env.refreshed[node] == 0:
        reward += rules.reward_path_progress_dense
        env.refreshed[node] = 1
        env.stamina = rules.stamina_level
    return reward


@leaf
def _fall(env: Record, rules: Record, x: int, y: int) -> float:
    env.off = True
    env.num_fails += 1
    if x < env.max_x or env.fallen[x % 2, y + 1] == 1:
        env.phase = ENDED
    else:
        env.fallen[x % 2, y + 1] = 1
    env.refreshed[1 : env.nodes] = 0
    env.stamina = rules.stamina_level
    return rules.reward_fall_off


@leaf
def _advance(env: Record, rules: Record, action: int) -> float:
    _move(env, rules, action)
    x, y = env.x // TILE, env.y // TILE
    if x // COLUMNS > env.segments - 2:
        if full(env):
            env.phase = ENDED
        else:
            add_segment(env)
    node = find_node(env, x, y)
    reward = _fall(env, rules, x, y) if node < 0 else _tread(env, rules, node)
    env.stamina -= 1
    if env.stamina == 0 or env.length + 1 == rules.max_steps:
        env.phase = ENDED
    if env.node + 1 < env.nodes:
        _point(env)
    if node >= 0 and x > env.max_x:
        env.max_x = x
        env.fallen[(x + 1) % 2] = 0
    return reward + rules.reward_step


@entry
def play(
    low: int,
    high: int,
    actions: NDArray[np.int64],
    state: Array,
    rules: Array,
    levels: NDArray[np.int64],
    scenery: Scenery,
    sprites: Sprites,
    pixels: NDArray[np.uint8],
    vectors: NDArray[np.float32],
    rewards: NDArray[np.float64],
    ends: NDArray[np.bool_],
) -> None:
    """One step of envs low .. high-1; without pixels the vectors hold their description."""
    for i in range(low, high):
        env = state[i]
        rewards[i] = 0.0
        if env.phase == PLAYING:
            rewards[i] = _advance(env, rules[env.row], actions[i, 0])
            account(env, rewards[i])
        else:
            begin(env, rules, levels)
            _start(env, rules[env.row])
        ends[i] = env.phase == ENDED
        if pixels.size:
            draw(env, rules[env.row], scenery, sprites, pixels[i])
        else:
            describe(env, rules[env.row], scenery, sprites, vectors[i])
