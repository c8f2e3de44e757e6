"""The options of Mystery Path that depend on its variant, and Memory Gym's defaults of them.

All variants share one record of params; a variant that does not take an option leaves its field untouched. The derived
fields are what the game needs of the figure and, in the endless variant, of the camera.
"""

from typing import Any

import numpy as np

from memorl.envs.drawing.character import SPEED, Figures
from memorl.envs.engine.fields import Field, fields
from memorl.envs.engine.options import Number, Option

from .path_search import SIDE

TILE = 84 // SIDE

PARAMS: list[Field] = [*Figures.PARAMS, *fields("grid figure_x"), Field("camera", np.float64)]
ENDLESS_KINDS: dict[str, Option] = {"agent_speed": Number(-TILE, TILE + 1)}
"""The kinds of options that differ: on the endless path a step goes at most one tile."""


def variant(grid: bool, endless: bool) -> dict[str, Any]:
    """Return the defaults of the options that only some variants take, or with another default."""
    defaults: dict[str, Any] = {"reward_path_progress": 0.0 if grid else 0.1}
    if not grid:
        defaults["agent_speed"] = SPEED
    if endless:
        shown = {"show_past_path": True, "show_background": False, "show_stamina": False}
        numbers = {"camera_offset_scale": 5.0, "stamina_level": 20, "reward_path_progress_dense": 0.0}
        return defaults | shown | numbers | {"max_steps": -1}
    own = {"cardinal_origin_choice": [0, 1, 2, 3], "show_goal": False, "reward_goal": 1.0}
    return defaults | own | {"max_steps": 128 if grid else 512}
