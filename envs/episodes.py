"""The life of an env inside compiled code: what all games keep, and how an episode begins.

Each env owns two random streams. Draws inside an episode come from `stream`, which goes on from episode to episode.
With levels (first, count) each episode first draws a level from the other stream, `chooser`, and seeds `stream` with
it. The rules of an episode are a row of an array: the last row holds the constructor's arguments, row i what
`reset(options=...)` gave to env i for one episode; `env.row` says which of the two is in force.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from memorl.envs.compiled import Record, leaf
from memorl.envs.options import Field, Integer, Option, encode
from memorl.envs.random import STREAM_WORDS, integers, seed_stream
from memorl.envs.snapshot import Bounds

Array: TypeAlias = NDArray[Any]

PLAYING, ENDED, CALLED = 0, 1, 2
"""`env.phase`: in an episode; over, so the next step begins another; sent back by `reset`."""

COMMON: list[Field] = [
    ("stream", np.uint64, (STREAM_WORDS,)),
    ("chooser", np.uint64, (STREAM_WORDS,)),
    ("row", np.int64),
    ("phase", np.int64),
    ("length", np.int64),
    ("reward", np.float64),
]

COMMON_BOUNDS: Bounds = {
    "phase": (PLAYING, CALLED),
    "length": (0, 2**62),
    "reward": (-np.finfo(np.float64).max, np.finfo(np.float64).max),
}
"""Of the fields that all games keep, but for the streams and for `row`, which must be one of the rows there are."""

_LEVELS: dict[str, Option] = {"levels.start": Integer(0, 2**62), "levels.count": Integer(1, 2**32 - 1)}


def level_range(levels: Mapping[str, int] | None) -> tuple[int, int]:
    """First level and how many there are; no levels are (0, 0)."""
    if levels is None:
        return 0, 0
    if not isinstance(levels, Mapping) or levels.keys() != {"start", "count"}:
        raise ValueError(f"{levels=} is not allowed: give {{'start': first level, 'count': how many}}")
    named = encode(_LEVELS, {f"levels.{key}": value for key, value in levels.items()})
    return named["levels.start"], named["levels.count"]


@leaf
def begin(env: Record, rules: Array, levels: NDArray[np.int64]) -> None:
    """What every game does first in a new episode; afterwards `env.row` names the rules to draw it by."""
    if env.phase == ENDED:
        env.row = len(rules) - 1
    env.phase, env.length, env.reward = PLAYING, 0, 0.0
    if levels[1] > 0:
        seed_stream(env.stream, levels[0] + integers(env.chooser, 0, levels[1]))


@leaf
def account(env: Record, reward: float) -> None:
    """Count a step and its reward towards the episode's totals."""
    env.length += 1
    env.reward += reward
