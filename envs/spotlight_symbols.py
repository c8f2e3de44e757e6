"""What the picture of Searing Spotlights shows, in numbers: nothing is told of what is hidden.

A thing is told if a pixel of it can be seen; a spotlight if a pixel would be dark without it, and of two that are the
same in this only one.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE
from memorl.envs.compiled import Record, leaf
from memorl.envs.episodes import Array
from memorl.envs.options import MAX_CHOICES
from memorl.envs.spotlight_bits import NONE, bit
from memorl.envs.spotlight_options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, MAX_COINS, MAX_SPOTS, NOTHING
from memorl.envs.spotlight_scenery import HURT
from memorl.envs.spotlight_sight import Order, Things, floor_is_red, sees, shines_alone, shines_openly
from memorl.envs.spotlight_view import FIELD, HEALTH, REWARD, REWARD_WIDTH, coin_is_above, facing_of, floor_of

SPOT_SLOTS = 16
"""Spotlights that are told of; others that can be seen at the same time are left out."""

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
_ACROSS, _DOWN, _REWARD, _FIGURE, _GATE, _SPOTS, _COINS = 3, 6, 9, 11, 22, 26, 26 + 4 * SPOT_SLOTS
assert len(_FIXED) == _COINS
assert MAX_COINS == MAX_CHOICES
assert MAX_SPOTS <= 64


def symbol_names(coins: int) -> tuple[str, ...]:
    """What the values mean, for at most so many coins."""
    return _FIXED + tuple(f"coin_{slot}_{what}" for slot in range(coins) for what in ("seen", "x", "y"))


@leaf
def _leftmost(places: Array, count: int, done: np.uint64) -> int:
    """The first from left to right, then from top to bottom, of those without a bit in `done`."""
    best, least = -1, np.int64(0)
    for k in range(count):
        rank = 4 * SIZE * np.int64(places[k, 0]) + np.int64(places[k, 1])
        if not done & bit(k) and (best < 0 or rank < least):
            best, least = k, rank
    return best


@leaf
def _tell_spots(env: Record, rules: Record, things: Things, order: Order, looks: NDArray[np.float32]) -> None:
    """In order of place, so that nothing is told of their age."""
    above = LAYERS
    for i in range(LAYERS - 1, 0, -1):
        if order[i] == DARK:
            break
        if order[i] != BAR and order[i] != NOTHING:
            above = i
    at, done, idle = _SPOTS, NONE, NONE
    for _ in range(env.lit_count):
        k = _leftmost(env.lit, env.lit_count, done)
        done |= bit(k)
        if above < LAYERS:
            shown = shines_openly(env, rules, things, order, above, k, idle)
        else:
            shown = shines_alone(env, k, idle)
        if not shown:
            idle |= bit(k)
        elif at < _COINS:
            looks[at] = 1
            for i in range(3):
                looks[at + 1 + i] = env.lit[k, i] / SIZE
            at += 4


@leaf
def _tell_figure(env: Record, looks: NDArray[np.float32]) -> None:
    looks[_FIGURE] = 1
    looks[_FIGURE + 1 + facing_of(env)] = 1
    looks[_FIGURE + 9], looks[_FIGURE + 10] = env.x / SIZE, env.y / SIZE


@leaf
def _tell_exit(env: Record, looks: NDArray[np.float32]) -> None:
    looks[_GATE], looks[_GATE + 1] = 1, env.open
    looks[_GATE + 2], looks[_GATE + 3] = env.exit_x / SIZE, env.exit_y / SIZE


@leaf
def _tell_coins(
    env: Record, rules: Record, things: Things, order: Order, under: int, looks: NDArray[np.float32]
) -> None:
    """In order of place, so that nothing is told of which was drawn first."""
    at, done = _COINS, NONE
    for _ in range(env.coin_count):
        best = _leftmost(env.coins, env.coin_count, done)
        done |= bit(best)
        x, y = env.coins[best, 0], env.coins[best, 1]
        if sees(env, rules, things, order, under, best + 1, things[1], x, y):
            looks[at], looks[at + 1], looks[at + 2] = 1, x / SIZE, y / SIZE
            at += 3


@leaf
def _tell_things(env: Record, rules: Record, things: Things, order: Order, looks: NDArray[np.float32]) -> None:
    for under in range(1, LAYERS + 1):
        layer = order[under - 1]
        if layer == FLOOR and floor_of(env, rules) == HURT:
            looks[1] = floor_is_red(env, rules, things, order, under)
        elif layer == COIN and not (rules.endless and not rules.coin_enabled):
            _tell_coins(env, rules, things, order, under, looks)
        elif layer == EXIT and rules.use_exit:
            if sees(env, rules, things, order, under, MAX_COINS, things[2], env.exit_x, env.exit_y):
                _tell_exit(env, looks)
        elif layer == AGENT and sees(env, rules, things, order, under, MAX_COINS, things[0], env.x, env.y):
            _tell_figure(env, looks)


@leaf
def _tell_bar(env: Record, rules: Record, looks: NDArray[np.float32]) -> None:
    """More health lost than there was makes a bar that is longer than its field, and covers those of the action."""
    looks[2] = env.red_width / HEALTH
    if rules.show_last_action:
        looks[_ACROSS + env.field_across] = 1
        looks[_DOWN + env.field_down] = 1
    rewarded = rules.show_last_positive_reward and env.length > 0
    if rewarded:
        looks[_REWARD], looks[_REWARD + 1] = 1, env.paid
    if env.red_width > HEALTH:
        left, width = (REWARD, REWARD_WIDTH) if rules.show_last_action else (HEALTH, HEALTH)
        if rewarded and left < env.red_width <= left + width:
            looks[2] = left / HEALTH
        if env.red_width >= (left if rewarded else HEALTH + FIELD):
            looks[_ACROSS : _ACROSS + len(_DIRECTIONS)] = 0
        if env.red_width >= SIZE:
            looks[_DOWN : _DOWN + len(_DIRECTIONS)] = 0


@leaf
def describe(env: Record, rules: Record, shapes: Array, looks: NDArray[np.float32]) -> None:
    """Write the values named by `symbol_names`."""
    for i in range(len(looks)):
        looks[i] = 0
    order = rules.layers[np.int64(coin_is_above(env, rules))]
    things = shapes[rules.figure + facing_of(env)], shapes[rules.coin], shapes[rules.exit]
    if env.alpha > 0:
        _tell_spots(env, rules, things, order, looks)
    _tell_things(env, rules, things, order, looks)
    looks[0] = env.alpha / 255
    _tell_bar(env, rules, looks)
