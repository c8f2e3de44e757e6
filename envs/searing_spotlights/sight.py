"""The search for visible things in the picture of Searing Spotlights, without drawing it.

A thing is visible if one of its pixels is not covered by the layers above it: the bar, the dark outside the spotlights,
and other things. So the search goes through the columns of a thing until one of its pixels is left open. Things in the
dark without a spotlight nearby are not searched.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.jit import Record, jit

from .bits import NONE, RED, TOPS, Word, beam, bit, rows, shape
from .light import beam_of, columns_of, rows_of
from .options import AGENT, BAR, COIN, DARK, EXIT, LAYERS, TOP
from .view import LIGHTLESS

Order = NDArray[np.int64]
"""The layers from the lowest up."""
Things: TypeAlias = tuple[Record, Record, Record]
"""The silhouettes of figure, coin and exit; records, since passing arrays on costs more than the search."""


@jit
def _coins(env: Record, coin: Record, first: int, x: int, top: int) -> Word:
    """Return the pixels of a column that coins cover, from coin `first` on."""
    bits = NONE
    for k in range(first, env.coin_count):
        bits |= shape(coin, env.coins[k, 0], env.coins[k, 1], x, top)
    return bits


@jit
def _near(env: Record, left: int, right: int, top: int, bottom: int) -> Word:
    """Return the spotlights that may shine into a box, a bit each."""
    bits = NONE
    for k in range(env.lit_count):
        x, y, radius = beam_of(env, k)
        across = max(left - x, x - right, 0)
        down = max(top - y, y - bottom, 0)
        if across * across + down * down <= (radius + 1) * (radius + 1):
            bits |= bit(k)
    return bits


@jit
def _open(
    env: Record, params: Record, things: Things, order: Order, under: int, spots: Word, x: int, top: int, bits: Word
) -> Word:
    """Return the pixels of a column, among `bits`, that the layers from number `under` on leave open."""
    figure, coin, gate = things
    for i in range(under, LAYERS):
        layer = order[i]
        if bits == 0:
            break
        if layer == DARK and env.alpha == LIGHTLESS:
            lit = NONE
            for k in range(env.lit_count):
                if spots & bit(k):
                    lit |= beam(env, k, x, top)
            bits &= lit
        elif layer == BAR:
            bits &= ~rows(0, TOP, top)
        elif layer == COIN and params.endless and not params.coin_enabled:
            bits = NONE
        elif layer == COIN:
            bits &= ~_coins(env, coin, 0, x, top)
        elif layer == EXIT and params.use_exit:
            bits &= ~shape(gate, env.exit_x, env.exit_y, x, top)
        elif layer == AGENT:
            bits &= ~shape(figure, env.x, env.y, x, top)
    return bits


@jit
def shines(env: Record, params: Record, things: Things, order: Order, above: int, k: int, ignored: Word) -> bool:
    """Return True if only spotlight k shines on some pixel that the layers from number `above` on leave open.

    The spotlights in `ignored` do not count. The search begins in the middle.
    """
    _, y, radius = beam_of(env, k)
    left, right = columns_of(beam_of(env, k))
    if y + radius <= TOP or y - radius >= SIZE:
        return False
    middle = (left + right) // 2
    for i in range(left, right):
        x = i + middle - left if i < left + right - middle else i + middle - right
        low, high = rows_of(beam_of(env, k), x)
        for top in TOPS:
            bits = rows(max(low, TOP), high, top)
            for other in range(env.lit_count if bits else 0):
                if other != k and not ignored & bit(other):
                    bits &= ~beam(env, other, x, top)
            if _open(env, params, things, order, above, NONE, x, top, bits):
                return True
    return False


@jit
def floor_is_red(env: Record, params: Record, things: Things, order: Order, under: int) -> bool:
    """Return True if some red of the floor of a step that hurts can be seen; the search begins at the figure."""
    spots = _near(env, 0, SIZE, 0, SIZE)
    for i in range(SIZE):
        x = (env.x + i) % SIZE
        for word in range(len(TOPS)):
            if _open(env, params, things, order, under, spots, x, TOPS[word], RED[x, word]):
                return True
    return False


@jit
def sees(
    env: Record, params: Record, things: Things, order: Order, under: int, coins: int, thing: Record, x: int, y: int
) -> bool:
    """Return True if a thing at (x, y) can be seen under the layers and the coins from these numbers on."""
    left = x + thing.left
    top = y + thing.top
    right = left + thing.columns
    bottom = top + thing.rows
    dark = False
    for i in range(under, LAYERS):
        dark |= order[i] == DARK and env.alpha == LIGHTLESS
    spots = _near(env, left, right, top, bottom)
    if dark and spots == 0:
        return False
    for column in range(max(0, left), min(SIZE, right)):
        bits = thing.bits[column - left] & rows(0, SIZE, top)
        bits = _open(env, params, things, order, under, spots, column, top, bits)
        if bits & ~_coins(env, things[1], coins, column, top):
            return True
    return False
