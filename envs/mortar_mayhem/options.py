"""The options of Mortar Mayhem that depend on its variant, Memory Gym's defaults of them, and the state of an env.

All variants share one record of params, so that they share one compiled game; a variant that does not take an option
leaves its field untouched. The derived fields are what the game needs of the figure and the variant. In the state the
figure (x, y) is in pixels of the frame and the target in tiles; `rules` and `endless` explain the other fields.
"""

from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import SCALES, SPEED, Figures
from memorl.envs.engine.episodes import is_playing
from memorl.envs.engine.fields import Array, Field, fields
from memorl.envs.engine.options import MAX_COUNT, Choices, Option

MAX_COMMANDS = 1024
ENDLESS_SIZE = 6
"""The endless arena fills the picture: the figure leaves it on one side and enters on the other."""
SLOTS = 20
COMMAND_VECTOR = SLOTS * 9
"""Length of the command vector of the act-only variants: a one-hot command in each slot."""

PARAMS: list[Field] = [*Figures.PARAMS, *fields("grid act_only endless")]
ACT_ONLY_KINDS: dict[str, Option] = {"command_count": Choices(1, SLOTS)}
"""The kinds of options that differ: the act-only command vector has no room for more commands."""


def variant(grid: bool, act_only: bool, endless: bool) -> dict[str, Any]:
    """Return the defaults of the options that only some variants take, or with another default."""
    defaults: dict[str, Any] = {
        "allowed_commands": 5 if grid else 9,
        "explosion_duration": [2] if grid else [6],
        "explosion_delay": [6] if grid else [18],
    }
    if not grid:
        defaults["agent_speed"] = SPEED
    if not act_only:
        defaults |= {"command_show_duration": [3], "command_show_delay": [1]}
    if endless:
        return defaults | {"initial_command_count": 1, "max_steps": -1, "reward_new_command_success": 0.0}
    return defaults | {"arena_size": 5, "command_count": [10], "reward_episode_success": 0.0}


OUTSIDE = 4
"""The number of pixels by which the centre of the figure can leave the picture in the endless variant."""


def _longest(state: Array, params: Array) -> Any:
    endless = MAX_COMMANDS + 1 - is_playing(state, params)
    return np.where(params["endless"], endless, params["command_count"][:, 1:].max(1))


STATE: list[Field] = [
    *fields(
        "x y",
        low=lambda state, params: -OUTSIDE * params["endless"],
        high=lambda state, params: SIZE + OUTSIDE * params["endless"],
    ),
    Field("facing", low=0, high=7),
    *fields("target_x target_y", low=0, high=lambda state, params: params["arena_size"] - 1),
    Field("count", low=is_playing, high=_longest),
    *fields("current first_shown", low=0, high=lambda state, params: state["count"] - is_playing(state, params)),
    Field("command_on_view", low=-1, high=8),
    Field("frame", low=-1, high=2**62),
    *fields("show_duration show_delay", low=0, high=MAX_COUNT),
    *fields("explosion_duration explosion_delay", low=is_playing, high=MAX_COUNT),
    *fields("fuse blast", low=0, high=2**62),
    Field("success", low=0, high=1),
    Field("exploded", np.bool_),
    Field("commands", np.int8, 0, 8, (MAX_COMMANDS + 1,)),
    Field("commands_completed", np.float64),
    Field("max_command_sequence"),
    Field("ground_truth", np.float64, shape=(2,)),
    Field("drawn_figure", low=[[0, 0, -OUTSIDE, -OUTSIDE]], high=[[2**62, 7, *[SIZE + OUTSIDE] * 2]], shape=(4,)),
    Field(
        "drawn_scale",
        np.float64,
        low=lambda state, params: np.where(state["drawn_scale"] == 0, 0, SCALES.low),
        high=np.nextafter(SCALES.high, 0),
    ),
]
