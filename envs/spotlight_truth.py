"""The ground truth of Searing Spotlights: exit, coins and figure lie above the darkness."""

from memorl.envs.episodes import Array
from memorl.envs.spotlight_options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, NOTHING


def unveiled(rules: Array) -> Array:
    """A copy of the rules by which nothing is hidden."""
    shown = rules.copy()
    shown["layers"] = [FLOOR, DARK, EXIT, COIN, AGENT, BAR]
    without = shown["endless"].astype(bool) & ~shown["coin_enabled"]
    shown["layers"][without, :, 3] = NOTHING
    return shown
