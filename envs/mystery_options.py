"""What Mystery Path can be told: which options each variant takes, what they may be, and Memory Gym's defaults.

All variants share one record of rules; a variant that does not take an option leaves its field untouched. The derived
fields are what the game needs of the figure and, in the endless variant, of the camera.
"""

from typing import Any

import numpy as np

from memorl.envs.character import SCALE, SCALES, SPEED
from memorl.envs.options import Choices, Field, Flag, Integer, Number, Option
from memorl.envs.path_search import SIDE

TILE = 84 // SIDE

_MANY = 2**31
_OPTIONS: dict[str, Option] = {
    "max_steps": Integer(-1, _MANY),
    "agent_scale": SCALES,
    "agent_speed": Number(-1000, 1000),
    "cardinal_origin_choice": Choices(0, 3),
    "show_origin": Flag(),
    "show_goal": Flag(),
    "show_past_path": Flag(),
    "show_background": Flag(),
    "show_stamina": Flag(),
    "visual_feedback": Flag(),
    "camera_offset_scale": Number(-1000, 1000),
    "stamina_level": Integer(1, _MANY),
    "reward_goal": Number(),
    "reward_fall_off": Number(),
    "reward_path_progress": Number(),
    "reward_path_progress_dense": Number(),
    "reward_step": Number(),
}
_ENDLESS = ("show_past_path", "show_background", "show_stamina", "camera_offset_scale", "stamina_level")

RULES: list[Field] = [
    *(option.field(name) for name, option in _OPTIONS.items()),
    *((name, np.int64) for name in ("grid", "figure", "figure_x", "radius", "straight", "diagonal")),
    ("camera", np.float64),
]


def variant(grid: bool, endless: bool) -> tuple[dict[str, Option], dict[str, Any]]:
    """The options of a variant, and the default of each."""
    defaults = {
        "max_steps": -1 if endless else 128 if grid else 512,
        "agent_scale": SCALE,
        "agent_speed": SPEED,
        "cardinal_origin_choice": [0, 1, 2, 3],
        "show_origin": False,
        "show_goal": False,
        "show_past_path": True,
        "show_background": False,
        "show_stamina": False,
        "visual_feedback": True,
        "camera_offset_scale": 5.0,
        "stamina_level": 20,
        "reward_goal": 1.0,
        "reward_fall_off": 0.0,
        "reward_path_progress": 0.0 if grid else 0.1,
        "reward_path_progress_dense": 0.0,
        "reward_step": 0.0,
    }
    absent = {"cardinal_origin_choice", "show_goal", "reward_goal"} if endless else {*_ENDLESS}
    absent |= {"agent_speed"} if grid else set()
    absent |= set() if endless else {"reward_path_progress_dense"}
    options = {name: option for name, option in _OPTIONS.items() if name not in absent}
    if endless:
        options["agent_speed"] = Number(-TILE, TILE + 1)
    return options, {name: defaults[name] for name in options}
