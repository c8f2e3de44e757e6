"""The life of an env inside compiled code: what all games keep, and how an episode begins.

Each env owns two random streams. Draws inside an episode come from `rng`, which goes on from episode to episode.
With levels (first, count) each episode first draws a level from the other stream, `level_rng`, and seeds `rng` with
it. The params of an episode are a row of an array: the last row holds the constructor's arguments, row i what
`reset(options=...)` gave to env i for one episode; `env.row` says which of the two is in force.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fields import Array, Field
from .jit import Record, jit
from .rng import RNG_WORDS, integers, seed_rng

PLAYING = 0
ENDED = 1
RESETTING = 2
"""Values of `env.phase`: in an episode; over, so that the next step begins another; sent back by `reset`."""

_LARGEST = np.finfo(np.float64).max
COMMON: tuple[Field, ...] = (
    Field("rng", np.uint64, shape=(RNG_WORDS,)),
    Field("level_rng", np.uint64, shape=(RNG_WORDS,)),
    Field("row", low=0, high=lambda state, params: len(state)),
    Field("phase", low=PLAYING, high=RESETTING),
    Field("length", low=0, high=2**62),
    Field("reward", np.float64, -_LARGEST, _LARGEST),
)
"""The fields that every game keeps."""

ENDS: tuple[Field, ...] = (Field("terminated", np.bool_), Field("truncated", np.bool_))
"""The fields that `end_episode` writes; an env without them never truncates."""


def is_playing(state: Array, params: Array) -> Any:
    """Return 1 for each env in an episode and 0 for the others, as a bound of fields."""
    return np.int64(state["phase"] == PLAYING)


@jit
def begin_episode(env: Record, params: Array, levels: NDArray[np.int64]) -> None:
    """Begin an episode; afterwards `env.row` names the params to draw it by."""
    if env.phase == ENDED:
        env.row = len(params) - 1
    env.phase = PLAYING
    env.length = 0
    env.reward = 0.0
    if levels[1] > 0:
        seed_rng(env.rng, levels[0] + integers(env.level_rng, 0, levels[1]))


@jit
def end_episode(env: Record, terminated: bool, truncated: bool) -> None:
    """Write whether an episode ends, and how; it may end in both ways at once."""
    env.terminated = terminated
    env.truncated = truncated
    if terminated or truncated:
        env.phase = ENDED
