"""What the picture of Searing Spotlights shows, in numbers: nothing is told of what is hidden.

The layers of the picture are gone through from the top down, with a map of what the layers before have left open; a
thing can be seen if one of its pixels is open. Darkness leaves open what a spotlight shines on. A spotlight is told if
a pixel would be dark without it, and of two that are the same in this only one.

A map has a bit a pixel: two words of 64 bits a column, row y in bit y % 64 of word y // 64.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Sprites
from memorl.envs.compiled import Record, leaf
from memorl.envs.options import MAX_CHOICES
from memorl.envs.spotlight_light import beam_of, columns_of, rows_of
from memorl.envs.spotlight_options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, MAX_COINS, MAX_SPOTS, TOP
from memorl.envs.spotlight_scenery import FLOORS, HURT
from memorl.envs.spotlight_view import HEALTH, LIGHTLESS, coin_is_above, facing_of, floor_of

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


def symbol_names(coins: int) -> tuple[str, ...]:
    """What the values mean, for at most so many coins."""
    return _FIXED + tuple(f"coin_{slot}_{what}" for slot in range(coins) for what in ("seen", "x", "y"))


Bits = NDArray[np.uint64]
_WORD = 64
_ALL = np.uint64(2**64 - 1)
MAPS = 3
"""Maps that `describe` needs to work: what is open, what is lit, and what is lit more than once."""


def _below() -> Bits:
    rows = [(1 << row) - 1 for row in range(SIZE + 1)]
    return np.array([[bits % 2**_WORD, bits >> _WORD] for bits in rows], np.uint64)


def _red() -> Bits:
    rows = FLOORS[HURT][:, 1::3] == 0
    bits = [sum(1 << int(row) for row in np.flatnonzero(column)) for column in rows]
    return np.array([[number % 2**_WORD, number >> _WORD] for number in bits], np.uint64)


_BELOW = _below()
"""The rows above row y of a column, [y][word]."""
_RED = _red()


def silhouettes(sprites: Sprites) -> Bits:
    """Where each sprite shows, [sprite][column], its row y in bit y; none is higher than 64 pixels."""
    shapes = np.zeros((len(sprites.place), _WORD), np.uint64)
    for shape, (first, columns, width, _, _) in zip(shapes, sprites.place.tolist(), strict=True):
        shown = sprites.keep[first : first + columns * width : 3].reshape(columns, width // 3) == 0
        shape[:columns] = (shown * (1 << np.arange(width // 3, dtype=np.uint64))).sum(1)
    return shapes


@leaf
def _part(column: np.uint64, top: int, word: int) -> np.uint64:
    """The bits of a sprite's column whose first row is row `top` of the picture, as they fall into a word."""
    shift = top - _WORD * word
    if shift <= -_WORD or shift >= _WORD:
        return np.uint64(0)
    return column << np.uint64(shift) if shift >= 0 else column >> np.uint64(-shift)


@leaf
def _uncover(opened: Bits, sprites: Sprites, shapes: Bits, k: int, x: int, y: int) -> bool:
    """Whether sprite k can be seen; what is under it can not."""
    left, top = x + sprites.place[k, 3], y + sprites.place[k, 4]
    seen = False
    for column in range(max(0, -left), min(sprites.place[k, 1], SIZE - left)):
        for word in range(2):
            part = _part(shapes[k, column], top, word)
            seen |= (opened[left + column, word] & part) != 0
            opened[left + column, word] &= ~part
    return seen


@leaf
def _shines(env: Record, k: int, x: int, word: int) -> np.uint64:
    low, high = rows_of(beam_of(env, k), x)
    return _BELOW[high, word] & ~_BELOW[low, word] if low < high else np.uint64(0)


@leaf
def _light(env: Record, maps: Bits, ignored: NDArray[np.bool_]) -> None:
    """Map what the spotlights shine on, once and more than once, without those that are ignored."""
    for x in range(SIZE):
        for word in range(2):
            maps[1, x, word], maps[2, x, word] = 0, 0
    for k in range(env.lit_count):
        left, right = columns_of(beam_of(env, k))
        for x in range(left, right if not ignored[k] else left):
            for word in range(2):
                bits = _shines(env, k, x, word)
                maps[2, x, word] |= maps[1, x, word] & bits
                maps[1, x, word] |= bits


@leaf
def _shines_alone(env: Record, maps: Bits, k: int) -> bool:
    left, right = columns_of(beam_of(env, k))
    for x in range(left, right):
        for word in range(2):
            bar = _BELOW[TOP, word]
            if _shines(env, k, x, word) & ~maps[2, x, word] & ~bar:
                return True
    return False


@leaf
def _tell_spots(env: Record, maps: Bits, looks: NDArray[np.float32]) -> None:
    """From left to right, then from top to bottom, so that nothing is told of their age."""
    done = np.zeros(MAX_SPOTS, np.bool_)
    _light(env, maps, done)
    for k in range(env.lit_count):
        if not _shines_alone(env, maps, k):
            done[k] = True
            _light(env, maps, done)
    for slot in range(SPOT_SLOTS):
        best = -1
        for k in range(env.lit_count):
            if not done[k] and (best < 0 or (env.lit[k, 0], env.lit[k, 1]) < (env.lit[best, 0], env.lit[best, 1])):
                best = k
        if best < 0:
            return
        done[best] = True
        at = _SPOTS + 4 * slot
        looks[at] = 1
        for i in range(3):
            looks[at + 1 + i] = env.lit[best, i] / SIZE


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
def _keep(opened: Bits, which: Bits) -> bool:
    """Whether anything is open there; elsewhere nothing is any more."""
    left = np.uint64(0)
    for x in range(SIZE):
        for word in range(2):
            opened[x, word] &= which[x, word]
            left |= opened[x, word]
    return left != 0


@leaf
def _tell_things(
    env: Record, rules: Record, sprites: Sprites, shapes: Bits, maps: Bits, looks: NDArray[np.float32]
) -> None:
    opened = maps[0]
    for x in range(SIZE):
        opened[x, 0], opened[x, 1] = _ALL, _ALL
    order = rules.layers[np.int64(coin_is_above(env, rules))]
    coins_seen = np.zeros(MAX_COINS, np.bool_)
    for k in range(LAYERS - 1, -1, -1):
        layer = order[k]
        if layer == FLOOR and floor_of(env, rules) == HURT:
            looks[1] = _keep(opened, _RED)
        elif layer == DARK and env.alpha == LIGHTLESS:
            _keep(opened, maps[1])
        elif layer == BAR:
            for x in range(SIZE):
                opened[x, 0] &= ~_BELOW[TOP, 0]
        elif layer == COIN and rules.endless and not rules.coin_enabled:
            return
        elif layer == COIN:
            for coin in range(env.coin_count - 1, -1, -1):
                at = env.coins[coin]
                coins_seen[coin] = _uncover(opened, sprites, shapes, rules.coin, at[0], at[1])
        elif layer == EXIT and rules.use_exit:
            if _uncover(opened, sprites, shapes, rules.exit, env.exit_x, env.exit_y):
                _tell_exit(env, looks)
        elif layer == AGENT and _uncover(opened, sprites, shapes, rules.figure + facing_of(env), env.x, env.y):
            _tell_figure(env, looks)
    at = _COINS
    for coin in range(env.coin_count):
        if coins_seen[coin]:
            looks[at], looks[at + 1], looks[at + 2] = 1, env.coins[coin, 0] / SIZE, env.coins[coin, 1] / SIZE
            at += 3


@leaf
def describe(
    env: Record, rules: Record, sprites: Sprites, shapes: Bits, maps: Bits, looks: NDArray[np.float32]
) -> None:
    """Write the values named by `symbol_names`."""
    for i in range(len(looks)):
        looks[i] = 0
    if env.alpha > 0:
        _tell_spots(env, maps, looks)
    _tell_things(env, rules, sprites, shapes, maps, looks)
    looks[0], looks[2] = env.alpha / 255, min(env.red_width / HEALTH, 1.0)
    if rules.show_last_action:
        looks[_ACROSS + env.field_across] = 1
        looks[_DOWN + env.field_down] = 1
    if rules.show_last_positive_reward and env.length > 0:
        looks[_REWARD], looks[_REWARD + 1] = 1, env.paid
