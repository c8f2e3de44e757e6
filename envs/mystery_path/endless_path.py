"""The state of Endless Mystery Path, and its path: a list of tiles that grows as the figure walks on.

`node_x` and `node_y` lead from left to right in segments of 8 columns: 7 x 7 tiles of `path_search`, and one tile more
that leads on in the row of the segment's end. Segment k is `first[k]` .. `first[k+1]` of the list. For each tile
`visited` is 1 if the figure was there, and `refreshed` is 1 if it was there since its last fall. A segment has a node a
column at least, and while the figure plays, one segment more than its own is laid.
"""

from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.episodes import is_playing
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.rng import integers

from .options import TILE
from .path_search import SIDE, TILES, find_path

COLUMNS = SIDE + 1
MAX_NODES = 4096
FIRST_SEGMENTS = 3


def _outside(state: Array, params: Array) -> Any:
    return -TILE * np.int64(state["off_path"])


def _right(state: Array, params: Array) -> Any:
    columns = COLUMNS * (state["segments"] - is_playing(state, params))
    return np.maximum(TILE * columns - 1, 0)


STATE: list[Field] = [
    Field("nodes", low=lambda state, params: FIRST_SEGMENTS * COLUMNS * is_playing(state, params), high=MAX_NODES),
    Field(
        "segments",
        low=lambda state, params: FIRST_SEGMENTS * is_playing(state, params),
        high=lambda state, params: state["nodes"] // COLUMNS,
    ),
    Field("x", low=_outside, high=_right),
    Field("y", low=_outside, high=lambda state, params: SIZE - 1 - _outside(state, params)),
    Field("facing", low=0, high=7),
    Field("scroll", low=-SIZE, high=SIZE),
    Field("stamina", low=0, high=lambda state, params: params["stamina_level"]),
    Field("node", low=0, high=lambda state, params: np.maximum(state["nodes"] - 1, 0)),
    Field("num_fails"),
    Field("max_x", low=0, high=MAX_NODES),
    Field("tiles_visited"),
    Field("camera", np.float64, -SIZE, TILE * MAX_NODES),
    Field("off_path", np.bool_),
    Field("ground_truth", low=0, high=1, shape=(3,)),
    Field("fallen", np.int8, 0, 1, (2, SIDE + 2)),
    Field("first", np.int16, 0, MAX_NODES, (2 + MAX_NODES // COLUMNS,)),
    Field("node_x", np.int16, 0, MAX_NODES, (MAX_NODES,)),
    Field("node_y", np.int8, 0, SIDE - 1, (MAX_NODES,)),
    Field("visited", np.int8, 0, 1, (MAX_NODES,)),
    Field("refreshed", np.int8, 0, 1, (MAX_NODES,)),
]


@jit
def _add_node(env: Record, x: int, y: int) -> None:
    env.node_x[env.nodes] = x
    env.node_y[env.nodes] = y
    env.visited[env.nodes] = env.nodes == 0
    env.refreshed[env.nodes] = env.nodes == 0
    env.nodes += 1


@jit
def add_segment(env: Record) -> None:
    """Draw one more segment; the path must not be full."""
    start = env.node_y[env.nodes - 1] if env.nodes > 0 else integers(env.rng, 0, SIDE)
    end = integers(env.rng, 0, SIDE)
    path = np.empty(TILES, np.int64)
    walls = np.empty(TILES, np.int8)
    length = find_path(env.rng, start, SIDE * (SIDE - 1) + end, path, walls)
    left = COLUMNS * env.segments
    for k in range(length):
        _add_node(env, left + path[k] // SIDE, path[k] % SIDE)
    _add_node(env, left + SIDE, end)
    env.segments += 1
    env.first[env.segments] = env.nodes


@jit
def find_node(env: Record, x: int, y: int) -> int:
    """Return the node at tile (x, y), or -1."""
    segment = x // COLUMNS
    if segment >= 0:
        for node in range(env.first[segment], env.first[segment + 1]):
            if env.node_x[node] == x and env.node_y[node] == y:
                return node
    return -1
