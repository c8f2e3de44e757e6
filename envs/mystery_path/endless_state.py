"""The state of an env of Endless Mystery Path between steps, and the bounds of a loaded state.

A segment has a node a column at least, and while the figure plays, one segment more than its own is laid. The
fields are explained in `endless_rules` and `endless_path`.
"""

from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.episodes import is_playing
from memorl.envs.engine.fields import Array, Field

from .endless_path import COLUMNS, FIRST_SEGMENTS, MAX_NODES
from .options import TILE
from .path_search import SIDE


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
