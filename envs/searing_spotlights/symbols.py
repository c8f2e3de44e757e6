"""The symbolic observation of Searing Spotlights: it describes all that the picture shows, and nothing hidden.

A thing is described if a pixel of it can be seen; a spotlight if a pixel would be dark without it, and only one of two
that are the same in this.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Scene
from memorl.envs.engine.fields import Array
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import MAX_CHOICES

from .bits import NONE, bit
from .options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, MAX_COINS, MAX_SPOTS, NOTHING
from .scenery import HURT
from .sight import Order, Things, floor_is_red, sees, shines
from .view import FIELD, HEALTH, REWARD, REWARD_WIDTH, coin_is_above, facing_of, floor_of

SPOT_SLOTS = 16
"""Spotlights that are described; others that can be seen at the same time are left out."""

_DIRECTIONS = ("none", "minus", "plus")
_FIXED = (
    "darkness",
    "hurt",
    "health_lost",
    *(f"last_{axis}_{way}" for axis in ("horizontal", "vertical") for way in _DIRECTIONS),
    *("reward_told", "last_reward"),
    *("agent_seen", *(f"agent_facing_{45 * facing}" for facing in range(8)), "agent_x", "agent_y"),
    *("exit_seen", "exit_open", "exit_x", "exit_y"),
    *(f"spot_{slot}_{what}" for slot in range(SPOT_SLOTS) for what in ("seen", "x", "y", "radius")),
)
_ACROSS = _FIXED.index("last_horizontal_none")
_DOWN = _FIXED.index("last_vertical_none")
_REWARD = _FIXED.index("reward_told")
_FIGURE = _FIXED.index("agent_seen")
_GATE = _FIXED.index("exit_seen")
_SPOTS = _FIXED.index("spot_0_seen")
_COINS = len(_FIXED)
assert MAX_COINS == MAX_CHOICES
assert MAX_SPOTS <= 64


def symbol_names(coins: int) -> tuple[str, ...]:
    """Return the names of the values; the description has room for `coins` coins."""
    return _FIXED + tuple(f"coin_{slot}_{what}" for slot in range(coins) for what in ("seen", "x", "y"))


@jit
def _leftmost(places: Array, count: int, done: np.uint64) -> int:
    """Return the first from left to right, then from top to bottom, of those without a bit in `done`."""
    best = -1
    least = np.int64(0)
    for k in range(count):
        rank = 4 * SIZE * np.int64(places[k, 0]) + np.int64(places[k, 1])
        if not done & bit(k) and (best < 0 or rank < least):
            best = k
            least = rank
    return best


@jit
def _write_spots(env: Record, params: Record, things: Things, order: Order, vector: NDArray[np.float32]) -> None:
    """Write spotlights in the order of their places, so that the order does not tell their age."""
    above = LAYERS
    for i in range(LAYERS - 1, 0, -1):
        if order[i] == DARK:
            break
        if order[i] != BAR and order[i] != NOTHING:
            above = i
    at = _SPOTS
    done = NONE
    idle = NONE
    for _ in range(env.lit_count):
        k = _leftmost(env.lit, env.lit_count, done)
        done |= bit(k)
        if not shines(env, params, things, order, above, k, idle):
            idle |= bit(k)
        elif at < _COINS:
            vector[at] = 1
            for i in range(3):
                vector[at + 1 + i] = env.lit[k, i] / SIZE
            at += 4


@jit
def _write_coins(
    env: Record, params: Record, things: Things, order: Order, under: int, vector: NDArray[np.float32]
) -> None:
    """Write coins in the order of their places, so that the order does not tell which was drawn first."""
    at = _COINS
    done = NONE
    for _ in range(env.coin_count):
        best = _leftmost(env.coins, env.coin_count, done)
        done |= bit(best)
        x = env.coins[best, 0]
        y = env.coins[best, 1]
        if sees(env, params, things, order, under, best + 1, things[1], x, y):
            vector[at] = 1
            vector[at + 1] = x / SIZE
            vector[at + 2] = y / SIZE
            at += 3


@jit
def _write_bar(env: Record, params: Record, vector: NDArray[np.float32]) -> None:
    """Write the bar; if more health was lost than was left, the bar is longer than its field and covers others."""
    vector[2] = env.red_width / HEALTH
    if params.show_last_action:
        vector[_ACROSS + env.bar_across] = 1
        vector[_DOWN + env.bar_down] = 1
    rewarded = params.show_last_positive_reward and env.length > 0
    if rewarded:
        vector[_REWARD] = 1
        vector[_REWARD + 1] = env.bar_reward
    if env.red_width > HEALTH:
        left, width = (REWARD, REWARD_WIDTH) if params.show_last_action else (HEALTH, HEALTH)
        if rewarded and left < env.red_width <= left + width:
            vector[2] = left / HEALTH
        if env.red_width >= (left if rewarded else HEALTH + FIELD):
            vector[_ACROSS : _ACROSS + len(_DIRECTIONS)] = 0
        if env.red_width >= SIZE:
            vector[_DOWN : _DOWN + len(_DIRECTIONS)] = 0


@jit
def describe(env: Record, params: Record, scene: Scene, vector: NDArray[np.float32]) -> None:
    """Write the values named by `symbol_names`."""
    order = params.layers[np.int64(coin_is_above(env, params))]
    shapes = scene.scenery
    things = shapes[params.figure + facing_of(env)], shapes[params.coin], shapes[params.exit]
    if env.alpha > 0:
        _write_spots(env, params, things, order, vector)
    for under in range(1, LAYERS + 1):
        layer = order[under - 1]
        if layer == FLOOR and floor_of(env, params) == HURT:
            vector[1] = floor_is_red(env, params, things, order, under)
        elif layer == COIN and not (params.endless and not params.coin_enabled):
            _write_coins(env, params, things, order, under, vector)
        elif layer == EXIT and params.use_exit:
            if sees(env, params, things, order, under, MAX_COINS, things[2], env.exit_x, env.exit_y):
                vector[_GATE] = 1
                vector[_GATE + 1] = env.exit_open
                vector[_GATE + 2] = env.exit_x / SIZE
                vector[_GATE + 3] = env.exit_y / SIZE
        elif layer == AGENT and sees(env, params, things, order, under, MAX_COINS, things[0], env.x, env.y):
            vector[_FIGURE] = 1
            vector[_FIGURE + 1 + facing_of(env)] = 1
            vector[_FIGURE + 9] = env.x / SIZE
            vector[_FIGURE + 10] = env.y / SIZE
    vector[0] = env.alpha / 255
    _write_bar(env, params, vector)
