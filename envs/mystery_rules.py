"""The rules of Mystery Path, compiled: one function an event, and the loop over envs that calls them.

`tiles` says of every tile whether it is off the path, on it, or on it and visited; `walls`, around which the path was
laid, are only kept to be drawn in pictures of the ground truth. A figure that is off the path at the
end of a step is put back to the start by the next one, whose action is ignored.

Coordinates are pixels of the frame for the figure (x, y); start and goal are numbers of tiles.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Sprites
from memorl.envs.character import keep_inside, walk, walk_grid
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import ENDED, PLAYING, Array, account, begin
from memorl.envs.mystery_options import TILE
from memorl.envs.mystery_view import Scenery, describe, draw
from memorl.envs.options import Field, choose
from memorl.envs.path_search import SIDE, TILES, find_path
from memorl.envs.random import integers
from memorl.envs.snapshot import Bounds

STATE: list[Field] = [
    *((name, np.int64) for name in ("x", "y", "facing", "start", "goal", "num_fails", "success")),
    ("off", np.bool_),
    ("tiles", np.int8, (TILES,)),
    ("walls", np.int8, (TILES,)),
]

_OFF, _ON, _VISITED = 0, 1, 2
BOUNDS: Bounds = {
    "x": (0, SIZE - 1),
    "y": (0, SIZE - 1),
    "facing": (0, 7),
    "start": (0, TILES - 1),
    "goal": (0, TILES - 1),
    "success": (0, 1),
    "tiles": (_OFF, _VISITED),
    "walls": (0, 1),
}
"""What a saved state must lie within, so that compiled code stays inside its arrays."""


@leaf
def _place_on_start(env: Record, rules: Record) -> None:
    margin = TILE // 2 if rules.grid else rules.radius
    env.x, env.y = TILE * (env.start // SIDE) + margin, TILE * (env.start % SIDE) + margin


@leaf
def _start(env: Record, rules: Record) -> None:
    side = choose(env.stream, rules.cardinal_origin_choice)
    start, goal = integers(env.stream, 0, SIDE), integers(env.stream, 0, SIDE)
    near, far = (0, SIDE - 1) if side % 2 == 0 else (SIDE - 1, 0)
    if side < 2:
        env.start, env.goal = SIDE * near + start, SIDE * far + goal
    else:
        env.start, env.goal = SIDE * start + near, SIDE * goal + far
    path = np.empty(TILES, np.int64)
    length = find_path(env.stream, env.start, env.goal, path, env.walls)
    env.tiles[:] = _OFF
    for k in range(length):
        env.tiles[path[k]] = _ON
    env.tiles[env.start] = _VISITED
    _place_on_start(env, rules)
    env.facing, env.off, env.num_fails, env.success = 0, False, 0, 0


@leaf
def _move(env: Record, rules: Record, action: NDArray[np.int64]) -> None:
    if env.off:
        _place_on_start(env, rules)
    elif rules.grid:
        walk_grid(env, action[0], TILE, 0, SIZE)
    else:
        walk(env, action, rules.straight, rules.diagonal)
    if not rules.grid:
        keep_inside(env, 0, SIZE, rules.radius)


@leaf
def _advance(env: Record, rules: Record, action: NDArray[np.int64]) -> float:
    _move(env, rules, action)
    tile = SIDE * (env.x // TILE) + env.y // TILE
    reward = 0.0
    env.off = env.tiles[tile] == _OFF
    if tile == env.goal:
        reward = rules.reward_goal
        env.phase = ENDED
        env.success = 1
    elif env.off:
        reward = rules.reward_fall_off
        env.num_fails += 1
    elif env.tiles[tile] == _ON:
        reward = rules.reward_path_progress
        env.tiles[tile] = _VISITED
    if env.length + 1 == rules.max_steps:
        env.phase = ENDED
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
            rewards[i] = _advance(env, rules[env.row], actions[i])
            account(env, rewards[i])
        else:
            begin(env, rules, levels)
            _start(env, rules[env.row])
        ends[i] = env.phase == ENDED
        if pixels.size:
            draw(env, rules[env.row], scenery, sprites, pixels[i])
        else:
            describe(env, rules[env.row], vectors[i])
