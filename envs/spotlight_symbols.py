"""What the picture of Searing Spotlights shows, in numbers: nothing is told of what is hidden.

Each thing stamps its label into a small map, layer by layer as in the picture; darkness wipes out what no spotlight
shines on. What is left of a label can be seen. A spotlight is told if a pixel would be dark without it, and of two
that are the same in this only one.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Sprites
from memorl.envs.compiled import Record, leaf
from memorl.envs.options import MAX_CHOICES
from memorl.envs.spotlight_options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, MAX_COINS, MAX_SPOTS, TOP
from memorl.envs.spotlight_scenery import HURT, Scenery, Scratch
from memorl.envs.spotlight_view import HEALTH, coin_is_above, facing_of, floor_of

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
_RED_LABEL, _EXIT_LABEL, _AGENT_LABEL, _COIN_LABEL = 1, 2, 3, 4
assert len(_FIXED) == _COINS
assert MAX_COINS == MAX_CHOICES


def symbol_names(coins: int) -> tuple[str, ...]:
    """What the values mean, for at most so many coins."""
    return _FIXED + tuple(f"coin_{slot}_{what}" for slot in range(coins) for what in ("seen", "x", "y"))


@leaf
def _stamp(labels: NDArray[np.uint8], sprites: Sprites, k: int, x: int, y: int, old: int, new: int) -> bool:
    """Write a label where sprite k shows (old < 0), or say whether label `old` is still there."""
    first, columns, rows = sprites.place[k, 0], sprites.place[k, 1], sprites.place[k, 2] // 3
    left, top = x + sprites.place[k, 3], y + sprites.place[k, 4]
    for column in range(columns):
        for row in range(rows):
            inside = 0 <= left + column < SIZE and 0 <= top + row < SIZE
            if inside and sprites.keep[first + 3 * (column * rows + row)] == 0:
                if labels[left + column, top + row] == old:
                    return True
                if old < 0:
                    labels[left + column, top + row] = new
    return False


@leaf
def _draw_label(env: Record, rules: Record, sprites: Sprites, labels: NDArray[np.uint8], label: int, ask: bool) -> bool:
    """Stamp the thing of a label into the map, or (`ask`) say whether it can be seen there."""
    old = label if ask else -1
    if label == _EXIT_LABEL:
        return rules.use_exit and _stamp(labels, sprites, rules.exit, env.exit_x, env.exit_y, old, label)
    if label == _AGENT_LABEL:
        return _stamp(labels, sprites, rules.figure + facing_of(env), env.x, env.y, old, label)
    coin = env.coins[label - _COIN_LABEL]
    return _stamp(labels, sprites, rules.coin, coin[0], coin[1], old, label)


@leaf
def _fill_red(labels: NDArray[np.uint8], floor: NDArray[np.uint8]) -> None:
    for x in range(SIZE):
        for y in range(SIZE):
            labels[x, y] = _RED_LABEL if floor[x, 3 * y + 1] == 0 else 0


@leaf
def _fill_zeros(area: NDArray[np.uint8], rows: int) -> None:
    for x in range(SIZE):
        for y in range(rows):
            area[x, y] = 0


@leaf
def _is_red(labels: NDArray[np.uint8]) -> bool:
    for x in range(SIZE):
        for y in range(SIZE):
            if labels[x, y] == _RED_LABEL:
                return True
    return False


@leaf
def _cover(env: Record, cover: NDArray[np.uint8], spans: NDArray[np.int64], k: int, change: int) -> bool:
    """Count spotlight k in (1) or out (-1); whether there is a pixel in it and in no other one."""
    x, y, radius = int(env.lit[k, 0]), int(env.lit[k, 1]), int(env.lit[k, 2])
    alone = False
    for column in range(max(0, x - radius), min(SIZE, x + radius)):
        half = int(spans[radius, column - x + radius])
        for row in range(max(TOP, y - half), min(SIZE, y + half)):
            alone |= cover[column, row] == 1
            cover[column, row] += change
    return alone


@leaf
def _map(env: Record, rules: Record, scenery: Scenery, scratch: Scratch, sprites: Sprites) -> None:
    labels, cover = scratch.labels, scratch.cover
    order = rules.layers[np.int64(coin_is_above(env, rules))]
    for k in range(LAYERS):
        layer = order[k]
        if layer == FLOOR and floor_of(env, rules) == HURT:
            _fill_red(labels, scenery.floors[HURT])
        elif layer == FLOOR or (layer == COIN and rules.endless and not rules.coin_enabled):
            _fill_zeros(labels, SIZE)
        elif layer == DARK and env.alpha == 255:
            for x in range(SIZE):
                for y in range(SIZE):
                    labels[x, y] = labels[x, y] if cover[x, y] else 0
        elif layer == BAR:
            _fill_zeros(labels, TOP)
        elif layer == COIN:
            for coin in range(env.coin_count):
                _draw_label(env, rules, sprites, labels, _COIN_LABEL + coin, False)
        elif layer == EXIT:
            _draw_label(env, rules, sprites, labels, _EXIT_LABEL, False)
        elif layer == AGENT:
            _draw_label(env, rules, sprites, labels, _AGENT_LABEL, False)


@leaf
def _tell_spots(env: Record, scenery: Scenery, scratch: Scratch, looks: NDArray[np.float32]) -> None:
    """From left to right, then from top to bottom, so that nothing is told of their age."""
    told = np.zeros(MAX_SPOTS, np.bool_)
    for k in range(env.lit_count):
        told[k] = _cover(env, scratch.cover, scenery.spans, k, 0)
        if not told[k]:
            _cover(env, scratch.cover, scenery.spans, k, -1)
    for slot in range(SPOT_SLOTS):
        best = -1
        for k in range(env.lit_count):
            if told[k] and (best < 0 or (env.lit[k, 0], env.lit[k, 1]) < (env.lit[best, 0], env.lit[best, 1])):
                best = k
        if best < 0:
            return
        told[best] = False
        at = _SPOTS + 4 * slot
        looks[at] = 1
        for i in range(3):
            looks[at + 1 + i] = env.lit[best, i] / SIZE


@leaf
def describe(
    env: Record, rules: Record, scenery: Scenery, scratch: Scratch, sprites: Sprites, looks: NDArray[np.float32]
) -> None:
    """Write the values named by `symbol_names`."""
    looks[:] = 0
    _fill_zeros(scratch.cover, SIZE)
    if env.alpha > 0:
        for k in range(env.lit_count):
            _cover(env, scratch.cover, scenery.spans, k, 1)
        _tell_spots(env, scenery, scratch, looks)
    _map(env, rules, scenery, scratch, sprites)
    labels = scratch.labels
    looks[0], looks[2] = env.alpha / 255, min(env.red_width / HEALTH, 1.0)
    looks[1] = env.hurt and _is_red(labels)
    if rules.show_last_action:
        looks[_ACROSS + env.field_across] = 1
        looks[_DOWN + env.field_down] = 1
    if rules.show_last_positive_reward and env.length > 0:
        looks[_REWARD], looks[_REWARD + 1] = 1, env.paid
    if _draw_label(env, rules, sprites, labels, _AGENT_LABEL, True):
        looks[_FIGURE] = 1
        looks[_FIGURE + 1 + facing_of(env)] = 1
        looks[_FIGURE + 9], looks[_FIGURE + 10] = env.x / SIZE, env.y / SIZE
    if _draw_label(env, rules, sprites, labels, _EXIT_LABEL, True):
        looks[_GATE], looks[_GATE + 1] = 1, env.open
        looks[_GATE + 2], looks[_GATE + 3] = env.exit_x / SIZE, env.exit_y / SIZE
    at = _COINS
    for coin in range(env.coin_count):
        if _draw_label(env, rules, sprites, labels, _COIN_LABEL + coin, True):
            looks[at], looks[at + 1], looks[at + 2] = 1, env.coins[coin, 0] / SIZE, env.coins[coin, 1] / SIZE
            at += 3
