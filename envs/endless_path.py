"""The path of Endless Mystery Path: a list of tiles that grows as the figure walks on.

`node_x` and `node_y` lead from left to right in segments of 8 columns: 7 x 7 tiles of `path_search`, and one tile more
that leads on in the row of the segment's end. Segment k is `first[k]` .. `first[k+1]` of the list. Of each tile it says
whether the figure was there (`visited`), and whether it was since its last fall (`refreshed`).
"""

import numpy as np

from memorl.envs.canvas import SIZE
from memorl.envs.compiled import Record, leaf
from memorl.envs.episodes import PLAYING, Array
from memorl.envs.mystery_options import TILE
from memorl.envs.options import Field
from memorl.envs.path_search import SIDE, TILES, find_path
from memorl.envs.random import integers
from memorl.envs.snapshot import Bounds

COLUMNS = SIDE + 1
MAX_NODES = 4096
PATH: list[Field] = [
    ("nodes", np.int64),
    ("segments", np.int64),
    ("first", np.int16, (2 + MAX_NODES // COLUMNS,)),
    ("node_x", np.int16, (MAX_NODES,)),
    ("node_y", np.int8, (MAX_NODES,)),
    ("visited", np.int8, (MAX_NODES,)),
    ("refreshed", np.int8, (MAX_NODES,)),
]

_FIRST_SEGMENTS = 3


def bounds(state: Array, rules: Array) -> Bounds:
    """What a saved state must lie within, so that compiled code stays inside its arrays.

    A segment has a node a column at least, and while the figure plays, one segment more than its own is laid.
    """
    playing = np.int64(state["phase"] == PLAYING)
    tiles = COLUMNS * (state["segments"] - playing)
    beyond = TILE * np.int64(state["off"])
    return {
        "nodes": (_FIRST_SEGMENTS * COLUMNS * playing, MAX_NODES),
        "segments": (_FIRST_SEGMENTS * playing, state["nodes"] // COLUMNS),
        "node": (0, np.maximum(state["nodes"] - 1, 0)),
        "first": (0, MAX_NODES),
        "node_x": (0, MAX_NODES),
        "node_y": (0, SIDE - 1),
        "visited": (0, 1),
        "refreshed": (0, 1),
        "x": (-beyond, np.maximum(TILE * tiles - 1, 0)),
        "y": (-beyond, SIZE - 1 + beyond),
        "camera": (-SIZE, TILE * MAX_NODES),
        "scroll": (-SIZE, SIZE),
        "facing": (0, 7),
        "stamina": (0, rules["stamina_level"]),
        "max_x": (0, MAX_NODES),
        "fallen": (0, 1),
        "ground_truth": (0, 1),
    }


@leaf
def _add_node(env: Record, x: int, y: int) -> None:
    env.node_x[env.nodes], env.node_y[env.nodes] = x, y
    env.visited[env.nodes] = env.refreshed[env.nodes] = np.int8(env.nodes == 0)
    env.nodes += 1


@leaf
def add_segment(env: Record) -> None:
    """Draw one more segment; the path must not be full."""
    start = env.node_y[env.nodes - 1] if env.nodes > 0 else integers(env.stream, 0, SIDE)
    end = integers(env.stream, 0, SIDE)
    path, walls = np.empty(TILES, np.int64), np.empty(TILES, np.int8)
    length = find_path(env.stream, start, SIDE * (SIDE - 1) + end, path, walls)
    left = COLUMNS * env.segments
    for k in range(length):
        _add_node(env, left + path[k] // SIDE, path[k] % SIDE)
    _add_node(env, left + SIDE, end)
    env.segments += 1
    env.first[env.segments] = env.nodes


@leaf
def lay_first(env: Record) -> None:
    """Begin a new path."""
    env.nodes, env.segments = 0, 0
    for _ in range(_FIRST_SEGMENTS):
        add_segment(env)


@leaf
def full(env: Record) -> bool:
    """Whether a segment more might not fit."""
    return env.nodes + TILES >= MAX_NODES


@leaf
def find_node(env: Record, x: int, y: int) -> int:
    """The node at tile (x, y), or -1."""
    segment = x // COLUMNS
    if segment >= 0:
        for node in range(env.first[segment], env.first[segment + 1]):
            if env.node_x[node] == x and env.node_y[node] == y:
                return node
    return -1
