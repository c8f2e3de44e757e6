"""The options of Mortar Mayhem that depend on its variant, and Memory Gym's defaults of them.

All variants share one record of params, so that they share one compiled game; a variant that does not take an option
leaves its field untouched. The derived fields are what the game needs of the figure and the variant.
"""

from typing import Any

from memorl.envs.drawing.character import SPEED, Figures
from memorl.envs.engine.fields import Field, fields
from memorl.envs.engine.options import Choices, Option

MAX_COMMANDS = 1024
MANY = 2**31
ENDLESS_SIZE = 6
"""The endless arena fills the picture, so that leaving it on one side is entering it on the other."""
SLOTS = 20
COMMAND_VECTOR = SLOTS * 9
"""Length of the command vector of the act-only variants: a one-hot command in each slot."""

PARAMS: list[Field] = [*Figures.PARAMS, *fields("grid act_only endless")]


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


def ranges(act_only: bool) -> dict[str, Option]:
    """Return the kinds of options that differ: the act-only command vector has no room for more commands."""
    return {"command_count": Choices(1, SLOTS)} if act_only else {}
