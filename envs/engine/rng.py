"""NumPy's random streams inside compiled code, equal to `numpy.random.default_rng(seed)` number for number.

A stream is uint64 [6]: the 128-bit state of PCG64 (high, low), its 128-bit increment (high, low), whether half a draw
is left over, and that half. PCG64 (O'Neill 2014, XSL-RR) steps and then mixes:

    s <- s * M + c  (mod 2^128)         output = rotate_right(s_high ^ s_low, s >> 122)

Bounded integers follow Lemire (2019) on 32-bit halves: the low half of an output is used first, the high half waits
for the next bounded integer, also across draws of doubles. A range of one value draws nothing.
Seeds go through `SeedSequence` (O'Neill's seed_seq_fe with a pool of four words).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Rng = NDArray[np.uint64]
RNG_WORDS = 6

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_MULTIPLIER_HIGH = np.uint64(0x2360ED051FC65DA4)
_MULTIPLIER_LOW = np.uint64(0x4385DF649FCCF645)


def rng_from_seed(seed: int) -> Rng:
    """Return the stream [6] of `numpy.random.default_rng(seed)`."""
    state: dict[str, Any] = dict(np.random.PCG64(seed).state)
    words = [part >> shift & (1 << 64) - 1 for part in state["state"].values() for shift in (64, 0)]
    return np.array([*words, state["has_uint32"], state["uinteger"]], np.uint64)


def are_rngs(words: NDArray[np.uint64]) -> bool:
    """Return True if each row of `words` [N, 6] can be a stream.

    An even increment may repeat one output for ever, so that a bounded draw never ends; a half of more than 32 bits
    would draw numbers out of bounds.
    """
    return bool(((words[:, 3] & _ONE == _ONE) & (words[:, 4] <= _ONE) & (words[:, 5] <= _LOW)).all())


@jit
def _multiply_high(a: np.uint64, b: np.uint64) -> np.uint64:
    a_low = a & _LOW
    a_high = a >> _HALF
    b_low = b & _LOW
    b_high = b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    carry = (middle & _LOW) + a_low * b_high
    return a_high * b_high + (middle >> _HALF) + (carry >> _HALF)


@jit
def _step(rng: Rng) -> None:
    high = rng[0]
    low = rng[1]
    high = _multiply_high(low, _MULTIPLIER_LOW) + high * _MULTIPLIER_LOW + low * _MULTIPLIER_HIGH
    low = low * _MULTIPLIER_LOW
    rng[1] = low + rng[3]
    rng[0] = high + rng[2] + (_ONE if rng[1] < low else np.uint64(0))


@jit
def draw64(rng: Rng) -> np.uint64:
    """Draw 64 bits."""
    _step(rng)
    mixed = rng[0] ^ rng[1]
    turn = rng[0] >> np.uint64(58)
    return (mixed >> turn) | (mixed << ((np.uint64(64) - turn) & np.uint64(63)))


@jit
def draw32(rng: Rng) -> np.uint64:
    """Draw 32 bits: the half that is left over, or the lower half of 64."""
    if rng[4] != 0:
        rng[4] = 0
        return rng[5]
    both = draw64(rng)
    rng[4] = 1
    rng[5] = both >> _HALF
    return both & _LOW


@jit
def integers(rng: Rng, low: int, high: int) -> Any:
    """Draw one integer in [low, high), as `Generator.integers(low, high)`; high - low is in 1 .. 2^32 - 1."""
    count = np.uint64(high - low)
    if count == _ONE:
        return low
    product = draw32(rng) * count
    if (product & _LOW) < count:
        threshold = (np.uint64(1 << 32) - count) % count
        while (product & _LOW) < threshold:
            product = draw32(rng) * count
    return low + np.int64(product >> _HALF)


@jit
def double(rng: Rng) -> float:
    """Draw a double in [0, 1), as `Generator.random()`."""
    return np.int64(draw64(rng) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit
def uniform(rng: Rng, low: float, high: float) -> float:
    """Draw one double in [low, high), as `Generator.uniform(low, high)`."""
    return low + (high - low) * double(rng)


@jit
def _hash(value: np.uint64, constant: np.uint64, multiplier: np.uint64) -> tuple[np.uint64, np.uint64]:
    value = value ^ constant
    constant = constant * multiplier & _LOW
    value = value * constant & _LOW
    return value ^ value >> np.uint64(16), constant


@jit
def seed_rng(rng: Rng, seed: int) -> None:
    """Make `rng` equal to `numpy.random.default_rng(seed)`, for 0 <= seed < 2^63."""
    pool = np.zeros(4, np.uint64)
    pool[0] = np.uint64(seed) & _LOW
    pool[1] = np.uint64(seed) >> _HALF
    constant = np.uint64(0x43B0D7E5)
    for i in range(4):
        pool[i], constant = _hash(pool[i], constant, np.uint64(0x931E8875))
    for i in range(4):
        for j in range(4):
            if i != j:
                hashed, constant = _hash(pool[i], constant, np.uint64(0x931E8875))
                mixed = np.uint64(0xCA01F9DD) * pool[j] - np.uint64(0x4973F715) * hashed & _LOW
                pool[j] = mixed ^ mixed >> np.uint64(16)
    words = np.empty(4, np.uint64)
    constant = np.uint64(0x8B51F9DD)
    for i in range(4):
        low, constant = _hash(pool[2 * i % 4], constant, np.uint64(0x58F38DED))
        high, constant = _hash(pool[(2 * i + 1) % 4], constant, np.uint64(0x58F38DED))
        words[i] = low | high << _HALF
    rng[:] = 0
    rng[2] = words[2] << _ONE | words[3] >> np.uint64(63)
    rng[3] = words[3] << _ONE | _ONE
    _step(rng)
    rng[1] += words[1]
    rng[0] += words[0] + (_ONE if rng[1] < words[1] else np.uint64(0))
    _step(rng)
