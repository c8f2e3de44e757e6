"""The state of an env of Mortar Mayhem between steps, and the bounds of a loaded state.

Coordinates are pixels of the frame for the figure (x, y) and tiles for the target. `rules` and
`endless` say what the fields mean.
"""

from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import SCALES
from memorl.envs.engine.episodes import is_playing
from memorl.envs.engine.fields import Array, Field, fields

from .options import MANY, MAX_COMMANDS

OUTSIDE = 4
"""The centre of an endless figure gets so many pixels outside the picture."""


def _low(state: Array, params: Array) -> Any:
    return -OUTSIDE * params["endless"]


def _high(state: Array, params: Array) -> Any:
    return SIZE + OUTSIDE * params["endless"]


def _last_tile(state: Array, params: Array) -> Any:
    return params["arena_size"] - 1


def _longest(state: Array, params: Array) -> Any:
    endless = MAX_COMMANDS + 1 - is_playing(state, params)
    return np.where(params["endless"], endless, params["command_count"][:, 1:].max(1))


def _last_command(state: Array, params: Array) -> Any:
    return state["count"] - is_playing(state, params)


def _smallest(state: Array, params: Array) -> Any:
    return np.where(state["drawn_scale"] == 0, 0, SCALES.low)


STATE: list[Field] = [
    *fields("x y", low=_low, high=_high),
    Field("facing", low=0, high=7),
    *fields("target_x target_y", low=0, high=_last_tile),
    Field("count", low=is_playing, high=_longest),
    *fields("current first_shown", low=0, high=_last_command),
    Field("command_on_view", low=-1, high=8),
    Field("frame", low=-1, high=2**62),
    *fields("show_duration show_delay", low=0, high=MANY),
    *fields("explosion_duration explosion_delay", low=is_playing, high=MANY),
    *fields("fuse blast", low=0, high=2**62),
    Field("success", low=0, high=1),
    Field("exploded", np.bool_),
    Field("commands", np.int8, 0, 8, (MAX_COMMANDS + 1,)),
    Field("commands_completed", np.float64),
    Field("max_command_sequence"),
    Field("ground_truth", np.float64, shape=(2,)),
    Field("drawn_figure", low=[[0, 0, -OUTSIDE, -OUTSIDE]], high=[[2**62, 7, *[SIZE + OUTSIDE] * 2]], shape=(4,)),
    Field("drawn_scale", np.float64, _smallest, np.nextafter(SCALES.high, 0)),
]
