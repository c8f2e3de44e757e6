"""What Mortar Mayhem can be told: which options each variant takes, what they may be, and Memory Gym's defaults.

All variants share one record of rules, so that they share one compiled game; a variant that does not take an option
leaves its field untouched. The derived fields are what the game needs of the figure and the variant.
"""

from typing import Any

import numpy as np

from memorl.envs.canvas import SIZE
from memorl.envs.character import SCALE, SCALES, SPEED
from memorl.envs.episodes import PLAYING, Array
from memorl.envs.options import Choices, Field, Flag, Integer, Number, Option
from memorl.envs.snapshot import Bounds

MAX_COMMANDS = 1024
ENDLESS_SIZE = 6
"""The endless arena fills the picture, so that leaving it on one side is entering it on the other."""
OUTSIDE = 4
"""How many pixels outside the picture the centre of an endless figure gets."""
SLOTS = 20
VECTOR = SLOTS * 9
"""Length of the command vector of the act-only variants: a one-hot command in each slot."""

_MANY = 2**31
OPTIONS: dict[str, Option] = {
    "agent_scale": SCALES,
    "agent_speed": Number(-1000, 1000),
    "arena_size": Integer(2, 6),
    "allowed_commands": Integer(4, 9),
    "command_count": Choices(1, MAX_COMMANDS),
    "initial_command_count": Integer(1, MAX_COMMANDS),
    "command_show_duration": Choices(0, _MANY),
    "command_show_delay": Choices(0, _MANY),
    "explosion_duration": Choices(1, _MANY),
    "explosion_delay": Choices(1, _MANY),
    "max_steps": Integer(-1, _MANY),
    "visual_feedback": Flag(),
    "reward_command_failure": Number(),
    "reward_command_success": Number(),
    "reward_episode_success": Number(),
    "reward_new_command_success": Number(),
}

_DERIVED = ("grid", "act_only", "endless", "figure", "radius", "straight", "diagonal")
RULES: list[Field] = [
    *(option.field(name) for name, option in OPTIONS.items()),
    *((name, np.int64) for name in _DERIVED),
]


def variant(grid: bool, act_only: bool, endless: bool) -> tuple[dict[str, Option], dict[str, Any]]:
    """The options of a variant, and the default of each."""
    defaults = {
        "agent_scale": SCALE,
        "agent_speed": SPEED,
        "arena_size": 5,
        "allowed_commands": 5 if grid else 9,
        "command_count": [10],
        "initial_command_count": 1,
        "command_show_duration": [3],
        "command_show_delay": [1],
        "explosion_duration": [2] if grid else [6],
        "explosion_delay": [6] if grid else [18],
        "max_steps": -1,
        "visual_feedback": True,
        "reward_command_failure": 0.0,
        "reward_command_success": 0.1,
        "reward_episode_success": 0.0,
        "reward_new_command_success": 0.0,
    }
    absent = {"agent_speed"} if grid else set()
    if endless:
        absent |= {"arena_size", "command_count", "reward_episode_success"}
    else:
        absent |= {"initial_command_count", "max_steps", "reward_new_command_success"}
    if act_only:
        absent |= {"command_show_duration", "command_show_delay"}
    options = {name: option for name, option in OPTIONS.items() if name not in absent}
    if act_only:
        options["command_count"] = Choices(1, SLOTS)
    return options, {name: defaults[name] for name in options}


def bounds(state: Array, rules: Array, endless: bool) -> Bounds:
    """What a saved state must lie within, so that compiled code stays inside its arrays."""
    playing, edge = np.int64(state["phase"] == PLAYING), OUTSIDE if endless else 0
    longest = MAX_COMMANDS + 1 - playing if endless else rules["command_count"][:, 1:].max(1)
    return {
        "x": (-edge, SIZE + edge),
        "y": (-edge, SIZE + edge),
        "facing": (0, 7),
        "target_x": (0, rules["arena_size"] - 1),
        "target_y": (0, rules["arena_size"] - 1),
        "count": (playing, longest),
        "current": (0, state["count"] - playing),
        "told": (0, state["count"] - playing),
        "shown": (-1, 8),
        "frame": (-1, 2**62),
        "show_duration": (0, _MANY),
        "show_delay": (0, _MANY),
        "explosion_duration": (playing, _MANY),
        "explosion_delay": (playing, _MANY),
        "fuse": (0, 2**62),
        "blast": (0, 2**62),
        "success": (0, 1),
        "commands": (0, 8),
        "look": ([[0, 0, -edge, -edge]], [[2**62, 7, SIZE + edge, SIZE + edge]]),
        "look_scale": (np.where(state["look_scale"] == 0, 0, SCALES.low), np.nextafter(SCALES.high, 0)),
    }
