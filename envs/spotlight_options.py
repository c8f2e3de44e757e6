"""What Searing Spotlights can be told: the options of each variant, what they may be, and Memory Gym's defaults.

Both variants share one record of rules, so that they share one compiled game; a variant that does not take an option
leaves its field untouched. The derived fields are what the game needs of figure, sprites and variant.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from memorl.envs.canvas import SIZE
from memorl.envs.character import SCALE, SCALES, SPEED
from memorl.envs.options import Choices, Field, Flag, Integer, Number, Option

MAX_SPOTS = 64
"""Spotlights that are under way at the same time."""
MAX_COINS = 16
MAX_RADIUS = SIZE

TOP = 4
"""Height of the bar at the upper edge, in pixels."""

_MANY = 2**31
_SHARED: dict[str, tuple[Option, Any]] = {
    "max_steps": (Integer(-1, _MANY), 256),
    "initial_spawns": (Integer(0, MAX_SPOTS), 4),
    "spot_min_radius": (Number(1, MAX_RADIUS), 30 * SCALE),
    "spot_max_radius": (Number(1, MAX_RADIUS), 55 * SCALE),
    "spot_min_speed": (Number(0, 2), 0.0025),
    "spot_max_speed": (Number(0, 2), 0.0075),
    "spot_damage": (Number(), 1.0),
    "visual_feedback": (Flag(), True),
    "black_background": (Flag(), False),
    "hide_chessboard": (Flag(), False),
    "light_dim_off_duration": (Integer(0, _MANY), 6),
    "light_threshold": (Integer(0, 255), 255),
    "coin_scale": (Number(0.1, 1), 1.5 * SCALE),
    "coins_visible": (Flag(), False),
    "agent_speed": (Number(-1000, 1000), SPEED),
    "agent_health": (Number(0.001), 5),
    "agent_scale": (SCALES, SCALE),
    "agent_visible": (Flag(), False),
    "sample_agent_position": (Flag(), True),
    "show_last_action": (Flag(), True),
    "show_last_positive_reward": (Flag(), True),
    "reward_inside_spotlight": (Number(), 0.0),
    "reward_outside_spotlight": (Number(), 0.0),
    "reward_death": (Number(), 0.0),
    "reward_coin": (Number(), 0.25),
}
_FINITE: dict[str, tuple[Option, Any]] = {
    "num_spawns": (Integer(0, MAX_SPOTS), 30),
    "initial_spawn_interval": (Number(0, _MANY), 30),
    "spawn_interval_threshold": (Number(0, _MANY), 10),
    "spawn_interval_decay": (Number(), 0.95),
    "num_coins": (Choices(0, MAX_COINS), [1]),
    "use_exit": (Flag(), True),
    "exit_scale": (Number(0.1, 1), 2 * SCALE),
    "exit_visible": (Flag(), False),
    "reward_exit": (Number(), 1.0),
    "reward_max_steps": (Number(), 0.0),
}
_ENDLESS: dict[str, tuple[Option, Any]] = {
    "steps_per_coin": (Integer(-1, _MANY), 160),
    "spawn_interval": (Integer(1, _MANY), 50),
    "coin_enabled": (Flag(), True),
    "coin_show_duration": (Integer(0, _MANY), 6),
}
_OWN_DEFAULTS = {"max_steps": -1, "initial_spawns": 3, "agent_health": 10}
"""Where the endless variant differs."""

_DERIVED = ("endless", "figure", "radius", "straight", "diagonal", "coin", "coin_radius", "exit", "least", "beyond")
LAYERS = 6
RULES: list[Field] = [
    *(option.field(name) for name, (option, _) in (_SHARED | _FINITE | _ENDLESS).items()),
    *((name, np.int64) for name in _DERIVED),
    ("interval", np.int64),
    ("exit_radius", np.float64),
    ("layers", np.int64, (2, LAYERS)),
]

FLOOR, DARK, BAR, COIN, EXIT, AGENT, NOTHING = range(7)
"""Layers of the picture."""


def variant(endless: bool) -> tuple[dict[str, Option], dict[str, Any]]:
    """The options of a variant, and the default of each."""
    table = _SHARED | (_ENDLESS if endless else _FINITE)
    defaults = {name: default for name, (_, default) in table.items()}
    return {name: option for name, (option, _) in table.items()}, defaults | (_OWN_DEFAULTS if endless else {})


def stack(coin_above: bool, exit_above: bool, agent_above: bool, with_exit: bool) -> list[int]:
    """The layers from the lowest up, with the original's arithmetic of where to insert one among the others."""
    order = [FLOOR, DARK, BAR]
    dark = 1
    things = [(COIN, coin_above, 1), (EXIT, exit_above, 2), (AGENT, agent_above, 3)]
    for layer, above, offset in things if with_exit else (things[0], things[2]):
        order.insert(dark + offset if above else dark, layer)
        dark += not above
    return order + [NOTHING] * (LAYERS - len(order))


def check(values: Mapping[str, Any], endless: bool) -> None:
    """ValueError where options that are allowed one by one do not go together."""
    for kind in ("radius", "speed"):
        low, high = values[f"spot_min_{kind}"], values[f"spot_max_{kind}"]
        if low > high:
            raise ValueError(f"spot_min_{kind}={low} is not allowed: give at most spot_max_{kind}={high}")
    if endless:
        slowest, interval = values["spot_min_speed"], values["spawn_interval"]
        crossing = math.inf if slowest <= 0 else 1 / slowest
        most = values["initial_spawns"] + crossing / interval + 2
        told = f"initial_spawns={values['initial_spawns']}, spawn_interval={interval} and spot_min_speed={slowest}"
    else:
        most = values["initial_spawns"] + values["num_spawns"]
        told = f"initial_spawns={values['initial_spawns']} and num_spawns={values['num_spawns']}"
    if most > MAX_SPOTS:
        raise ValueError(f"{told} are not allowed together: at most {MAX_SPOTS} spotlights at the same time")


def final_darkness(threshold: int, duration: int) -> int:
    """The opacity at which darkness stays: it grows by equal steps until it is above the threshold, 255 at most."""
    if duration == 0:
        return threshold
    pace = 255 // duration
    return min(255, (threshold // pace + 1) * pace) if pace else 0


def check_symbols(values: Mapping[str, Any], room: int) -> None:
    """ValueError where symbols would tell of what is black on black, or have no room for all coins."""
    for name, refused in {"black_background": True, "coin_enabled": False}.items():
        if name in values and bool(values[name]) == refused:
            raise ValueError(f"{name}={refused} is not allowed with symbols: it hides things in black")
    threshold, duration = int(values["light_threshold"]), int(values["light_dim_off_duration"])
    if final_darkness(threshold, duration) in (253, 254):
        raise ValueError(
            f"light_threshold={threshold} with light_dim_off_duration={duration} is not allowed with symbols: "
            "the dark would end one or two levels short of black"
        )
    if values.get("exit_scale", 1) < 0.5:
        raise ValueError(f"exit_scale={float(values['exit_scale'])} is not allowed with symbols: give at least 0.5")
    most = int(values["num_coins"][1:].max()) if "num_coins" in values else 1
    if most > room:
        raise ValueError(f"num_coins with {most} is not allowed: symbols have room for {room} coins")
