"""Checks of options of Searing Spotlights that are allowed one by one but do not go together."""

import math
from collections.abc import Mapping
from typing import Any

from .options import MAX_SPOTS


def check_together(values: Mapping[str, Any], endless: bool) -> None:
    """Raise ValueError where options that are allowed one by one do not go together."""
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
    """Raise ValueError where symbols would tell of what is black on black, or have no room for all coins."""
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
