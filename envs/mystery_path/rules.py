"""The rules of Mystery Path, compiled: one function an event.

`tiles` says of every tile whether it is off the path, on it, or on it and visited; `walls`, around which the path was
laid, are only kept to be drawn in pictures of the ground truth. A figure that is off the path at the
end of a step is put back to the start by the next one, whose action is ignored.

Coordinates are pixels of the frame for the figure (x, y); start and goal are numbers of tiles.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import keep_inside, walk, walk_grid
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.fields import Field, fields
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import choose
from memorl.envs.engine.rng import integers

from .options import TILE
from .path_search import SIDE, TILES, find_path

_OFF = 0
_ON = 1
_VISITED = 2
STATE: list[Field] = [
    *fields("x y", low=0, high=SIZE - 1),
    Field("facing", low=0, high=7),
    *fields("start goal", low=0, high=TILES - 1),
    Field("num_fails"),
    Field("success", low=0, high=1),
    Field("off_path", np.bool_),
    Field("tiles", np.int8, _OFF, _VISITED, (TILES,)),
    Field("walls", np.int8, 0, 1, (TILES,)),
]


@jit
def _place_on_start(env: Record, params: Record) -> None:
    margin = TILE // 2 if params.grid else params.radius
    env.x = TILE * (env.start // SIDE) + margin
    env.y = TILE * (env.start % SIDE) + margin


@jit
def start(env: Record, params: Record) -> None:
    """Draw a new path and place the figure on its first tile."""
    side = choose(env.rng, params.cardinal_origin_choice)
    start = integers(env.rng, 0, SIDE)
    goal = integers(env.rng, 0, SIDE)
    near = 0 if side % 2 == 0 else SIDE - 1
    far = SIDE - 1 - near
    if side < 2:
        env.start = SIDE * near + start
        env.goal = SIDE * far + goal
    else:
        env.start = SIDE * start + near
        env.goal = SIDE * goal + far
    path = np.empty(TILES, np.int64)
    length = find_path(env.rng, env.start, env.goal, path, env.walls)
    env.tiles[:] = _OFF
    for k in range(length):
        env.tiles[path[k]] = _ON
    env.tiles[env.start] = _VISITED
    _place_on_start(env, params)
    env.facing = 0
    env.off_path = False
    env.num_fails = 0
    env.success = 0


@jit
def _move(env: Record, params: Record, action: NDArray[np.int64]) -> None:
    if env.off_path:
        _place_on_start(env, params)
    elif params.grid:
        walk_grid(env, action[0], TILE, 0, SIZE)
    else:
        walk(env, action, params.straight, params.diagonal)
    if not params.grid:
        keep_inside(env, 0, SIZE, params.radius)


@jit
def advance(env: Record, params: Record, action: NDArray[np.int64]) -> float:
    """Play one step and return its reward."""
    _move(env, params, action)
    tile = SIDE * (env.x // TILE) + env.y // TILE
    reward = 0.0
    env.off_path = env.tiles[tile] == _OFF
    if tile == env.goal:
        reward = params.reward_goal
        env.phase = ENDED
        env.success = 1
    elif env.off_path:
        reward = params.reward_fall_off
        env.num_fails += 1
    elif env.tiles[tile] == _ON:
        reward = params.reward_path_progress
        env.tiles[tile] = _VISITED
    if env.length + 1 == params.max_steps:
        env.phase = ENDED
    return reward + params.reward_step
