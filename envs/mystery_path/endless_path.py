"""The path of Endless Mystery Path: a list of tiles that grows as the figure walks on.

`node_x` and `node_y` lead from left to right in segments of 8 columns: 7 x 7 tiles of `path_search`, and one tile more
that leads on in the row of the segment's end. Segment k is `first[k]` .. `first[k+1]` of the list. For each tile
`visited` is 1 if the figure was there, and `refreshed` is 1 if it was there since its last fall.
"""

import numpy as np

from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.rng import integers

from .path_search import SIDE, TILES, find_path

COLUMNS = SIDE + 1
MAX_NODES = 4096
FIRST_SEGMENTS = 3


@jit
def _add_node(env: Record, x: int, y: int) -> None:
    env.node_x[env.nodes] = x
    env.node_y[env.nodes] = y
    env.visited[env.nodes] = env.refreshed[env.nodes] = np.int8(env.nodes == 0)
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
def lay_first(env: Record) -> None:
    """Begin a new path."""
    env.nodes = 0
    env.segments = 0
    for _ in range(FIRST_SEGMENTS):
        add_segment(env)


@jit
def full(env: Record) -> bool:
    """Return True if a segment more might not fit."""
    return env.nodes + TILES >= MAX_NODES


@jit
def find_node(env: Record, x: int, y: int) -> int:
    """Return the node at tile (x, y), or -1."""
    segment = x // COLUMNS
    if segment >= 0:
        for node in range(env.first[segment], env.first[segment + 1]):
            if env.node_x[node] == x and env.node_y[node] == y:
                return node
    return -1
