"""The options of Searing Spotlights: Memory Gym's defaults of those that differ, checks, and the state of an env.

Both variants share one record of params, so that they share one compiled game; a variant that does not take an option
leaves its field untouched. The derived fields are what the game needs of figure, sprites and variant.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.drawing.character import SCALE, Figures
from memorl.envs.engine.fields import Array, Field, fields

MAX_SPOTS = 64
"""Spotlights that are under way at the same time."""
MAX_COINS = 16
MAX_RADIUS = SIZE

TOP = 4
"""Height of the bar at the upper edge, in pixels."""

FLOOR = 0
DARK = 1
BAR = 2
COIN = 3
EXIT = 4
AGENT = 5
NOTHING = 6
LAYERS = 6
"""The number of layers of the picture; where there are fewer, the last are NOTHING."""

PARAMS: list[Field] = [
    *Figures.PARAMS,
    *fields("endless coin coin_radius exit least beyond interval"),
    Field("exit_radius", np.float64),
    Field("layers", shape=(2, LAYERS)),
]


def variant(endless: bool) -> dict[str, Any]:
    """Return the defaults of the options that only one variant takes, or with another default."""
    if endless:
        spots = {"initial_spawns": 3, "spawn_interval": 50}
        coin = {"steps_per_coin": 160, "coin_enabled": True, "coin_show_duration": 6}
        return spots | coin | {"max_steps": -1, "agent_health": 10}
    spots = {"initial_spawns": 4, "num_spawns": 30, "initial_spawn_interval": 30}
    spawn: dict[str, Any] = {"spawn_interval_threshold": 10, "spawn_interval_decay": 0.95}
    exit_ = {"use_exit": True, "exit_scale": 2 * SCALE, "exit_visible": False, "reward_exit": 1.0}
    return spots | spawn | exit_ | {"max_steps": 256, "agent_health": 5, "num_coins": [1], "reward_max_steps": 0.0}


def _most_coins(state: Array, params: Array) -> Any:
    return np.where(params["endless"], 1, params["num_coins"][:, 1:].max(1))


SPOT_COLUMNS = 9
_FAR = 4 * SIZE

STATE: list[Field] = [
    Field("spots", np.float64, [[0, 0, 0, *[-_FAR] * 6]], [[MAX_RADIUS, 2, 1, *[_FAR] * 6]], (MAX_SPOTS, SPOT_COLUMNS)),
    Field("lit", np.int16, [[-_FAR, -_FAR, 0]], [[_FAR, _FAR, MAX_RADIUS]], (MAX_SPOTS, 3)),
    *fields("spot_count lit_count", low=0, high=MAX_SPOTS),
    *fields("spawn_timer spawned", low=0, high=2**62),
    *fields("x y", low=0, high=SIZE + 2),
    Field("facing", low=0, high=7),
    Field("alpha", low=0, high=255),
    Field("red_width", low=0, high=SIZE),
    Field("coin_t", low=0, high=2**62),
    Field("coin_count", low=0, high=_most_coins),
    Field("num_taken", low=0, high=2**62),
    *fields("bar_across bar_down next_across next_down", low=0, high=2),
    *fields("exit_open is_hurt bar_reward next_reward success", low=0, high=1),
    *fields("exit_x exit_y", low=0, high=SIZE),
    Field("coins", low=0, high=SIZE, shape=(MAX_COINS, 2)),
    *fields("health agent_health coins_collected", np.float64),
    Field("ground_truth", np.float64, shape=(4,)),
]


def check_together(values: Mapping[str, Any], endless: bool) -> None:
    """Raise ValueError where options that are allowed one by one are not allowed together."""
    for kind in ("radius", "speed"):
        low = values[f"spot_min_{kind}"]
        high = values[f"spot_max_{kind}"]
        if low > high:
            raise ValueError(f"spot_min_{kind} is {low}; it must be at most spot_max_{kind}, {high}")
    if endless:
        slowest = values["spot_min_speed"]
        interval = values["spawn_interval"]
        crossing = math.inf if slowest <= 0 else 1 / slowest
        most = values["initial_spawns"] + crossing / interval + 2
        named = f"spawn_interval is {interval} and spot_min_speed is {slowest}"
    else:
        most = values["initial_spawns"] + values["num_spawns"]
        named = f"num_spawns is {values['num_spawns']}"
    if most > MAX_SPOTS:
        named = f"initial_spawns is {values['initial_spawns']} and {named}"
        raise ValueError(f"{named}; together they must make at most {MAX_SPOTS} spotlights at the same time")


def final_darkness(threshold: int, duration: int) -> int:
    """Return the opacity at which darkness stays: it grows by equal steps to above the threshold, or to 255."""
    if duration == 0:
        return threshold
    pace = 255 // duration
    return min(255, (threshold // pace + 1) * pace) if pace else 0


def check_symbols(values: Mapping[str, Any], room: int) -> None:
    """Raise ValueError where symbols would describe things that the picture hides, or have no room for all coins."""
    for name, refused in {"black_background": True, "coin_enabled": False}.items():
        if name in values and bool(values[name]) == refused:
            raise ValueError(f"{name} is {refused}; with symbols it must be {not refused}, as it hides things in black")
    threshold = int(values["light_threshold"])
    duration = int(values["light_dim_off_duration"])
    if final_darkness(threshold, duration) in (253, 254):
        raise ValueError(
            f"light_threshold is {threshold} and light_dim_off_duration is {duration}; "
            "with symbols they must not make a darkness one or two levels short of black"
        )
    if values.get("exit_scale", 1) < 0.5:
        raise ValueError(f"exit_scale is {float(values['exit_scale'])}; with symbols it must be at least 0.5")
    most = int(values["num_coins"][1:].max()) if "num_coins" in values else 1
    if most > room:
        raise ValueError(f"num_coins has {most}; with symbols it must have at most {room}, as the constructor's")
