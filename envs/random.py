"""NumPy's random streams inside compiled code, equal to `numpy.random.default_rng(seed)` number for number.

A stream is uint64 [6]: the 128-bit state of PCG64 (high, low), its 128-bit increment (high, low), whether half a draw
is left over, and that half. PCG64 (O'Neill 2014, XSL-RR) steps and then mixes:

    s <- s * M + c  (mod 2^128)         output = rotate_right(s_high ^ s_low, s >> 122)

Bounded integers follow Lemire (2019) on 32-bit halves: the low half of an output is used first, the high half waits
for the next bounded integer, also across draws of doubles. A range of one value draws nothing.
Seeds go through `SeedSequence` (O'Neill's seed_seq_fe with a pool of four words).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memorl.envs.compiled import leaf

Stream = NDArray[np.uint64]
STREAM_WORDS = 6

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_MULTIPLIER_HIGH = np.uint64(0x2360ED051FC65DA4)
_MULTIPLIER_LOW = np.uint64(0x4385DF649FCCF645)


def stream_from_seed(seed: int) -> Stream:
    """The stream [6] of `numpy.random.default_rng(seed)`."""
    state: dict[str, Any] = dict(np.random.PCG64(seed).state)
    words = [part >> shift & (1 << 64) - 1 for part in state["state"].values() for shift in (64, 0)]
    return np.array([*words, state["has_uint32"], state["uinteger"]], np.uint64)


def are_streams(words: NDArray[np.uint64]) -> bool:
    """Whether each row of `words` [N, 6] can be a stream.

    An even increment may repeat one output for ever, so that a bounded draw never ends; a half of more than 32 bits
    would draw numbers out of bounds.
    """
    return bool(((words[:, 3] & _ONE == _ONE) & (words[:, 4] <= _ONE) & (words[:, 5] <= _LOW)).all())


def seeds_per_env(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    """What `reset(seed=...)` means for each env: s, s + 1, ... for a number s, else one seed or None each."""
    if isinstance(seed, int | np.integer):
        seeds: list[Any] = [int(seed) + i for i in range(num_envs)]
    elif isinstance(seed, Sequence | np.ndarray):
        seeds = [int(number) if isinstance(number, np.integer) else number for number in seed]
    else:
        seeds = [seed] * num_envs
    if len(seeds) != num_envs or not all(s is None or (isinstance(s, int) and s >= 0) for s in seeds):
        raise ValueError(f"{seed=} is not allowed: give a whole number >= 0, or {num_envs} of them")
    return seeds


@leaf
def _multiply_high(a: np.uint64, b: np.uint64) -> np.uint64:
    a_low, a_high, b_low, b_high = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    carry = (middle & _LOW) + a_low * b_high
    return a_high * b_high + (middle >> _HALF) + (carry >> _HALF)


@leaf
def _step(stream: Stream) -> None:
    high, low = stream[0], stream[1]
    high = _multiply_high(low, _MULTIPLIER_LOW) + high * _MULTIPLIER_LOW + low * _MULTIPLIER_HIGH
    low = low * _MULTIPLIER_LOW
    stream[1] = low + stream[3]
    stream[0] = high + stream[2] + (_ONE if stream[1] < low else np.uint64(0))


@leaf
def _draw64(stream: Stream) -> np.uint64:
    _step(stream)
    mixed = stream[0] ^ stream[1]
    turn = stream[0] >> np.uint64(58)
    return (mixed >> turn) | (mixed << ((np.uint64(64) - turn) & np.uint64(63)))


@leaf
def _draw32(stream: Stream) -> np.uint64:
    if stream[4] != 0:
        stream[4] = 0
        return stream[5]
    both = _draw64(stream)
    stream[4] = 1
    stream[5] = both >> _HALF
    return both & _LOW


@leaf
def integers(stream: Stream, low: int, high: int) -> Any:
    """One integer in [low, high), as `Generator.integers(low, high)`; high - low is in 1 .. 2^32 - 1."""
    count = np.uint64(high - low)
    if count == _ONE:
        return low
    product = _draw32(stream) * count
    if (product & _LOW) < count:
        threshold = (np.uint64(1 << 32) - count) % count
        while (product & _LOW) < threshold:
            product = _draw32(stream) * count
    return low + np.int64(product >> _HALF)


@leaf
def uniform(stream: Stream, low: float, high: float) -> float:
    """One double in [low, high), as `Generator.uniform(low, high)`."""
    return low + (high - low) * (np.int64(_draw64(stream) >> np.uint64(11)) * (1.0 / 9007199254740992.0))


@leaf
def _hash(value: np.uint64, constant: np.uint64, multiplier: np.uint64) -> tuple[np.uint64, np.uint64]:
    value = value ^ constant
    constant = constant * multiplier & _LOW
    value = value * constant & _LOW
    return value ^ value >> np.uint64(16), constant


@leaf
def seed_stream(stream: Stream, seed: int) -> None:
    """Make `stream` that of `numpy.random.default_rng(seed)`, for 0 <= seed < 2^63."""
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
    stream[:] = 0
    stream[2] = words[2] << _ONE | words[3] >> np.uint64(63)
    stream[3] = words[3] << _ONE | _ONE
    _step(stream)
    stream[1] += words[1]
    stream[0] += words[0] + (_ONE if stream[1] < words[1] else np.uint64(0))
    _step(stream)
