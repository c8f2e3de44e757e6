"""The options of Searing Spotlights that depend on its variant, and Memory Gym's defaults of them.

Both variants share one record of params, so that they share one compiled game; a variant that does not take an option
leaves its field untouched. The derived fields are what the game needs of figure, sprites and variant.
"""

from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import SCALE, Figures
from memorl.envs.engine.fields import Field, fields

from .layers import LAYERS

MANY = 2**31
MAX_SPOTS = 64
"""Spotlights that are under way at the same time."""
MAX_COINS = 16
MAX_RADIUS = SIZE

TOP = 4
"""Height of the bar at the upper edge, in pixels."""

PARAMS: list[Field] = [
    *Figures.PARAMS,
    *fields("endless coin coin_radius exit least beyond interval"),
    Field("exit_radius", np.float64),
    Field("layers", shape=(2, LAYERS)),
]


def variant(endless: bool) -> dict[str, Any]:
    """Return the defaults of the options that only one variant takes, or with another default."""
    if endless:
        return {
            "max_steps": -1,
            "initial_spawns": 3,
            "agent_health": 10,
            "steps_per_coin": 160,
            "spawn_interval": 50,
            "coin_enabled": True,
            "coin_show_duration": 6,
        }
    return {
        "max_steps": 256,
        "initial_spawns": 4,
        "agent_health": 5,
        "num_spawns": 30,
        "initial_spawn_interval": 30,
        "spawn_interval_threshold": 10,
        "spawn_interval_decay": 0.95,
        "num_coins": [1],
        "use_exit": True,
        "exit_scale": 2 * SCALE,
        "exit_visible": False,
        "reward_exit": 1.0,
        "reward_max_steps": 0.0,
    }
