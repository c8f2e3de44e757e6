"""Delayed Match to Sample: does the bit on view equal the one N - 1 steps ago?"""

from typing import final

import numpy as np

from memorl.envs.engine.fields import Array
from memorl.envs.engine.jit import Record, jit

from .last_bits import LastBits, bit_before, show_bit
from .quiz import compile_quiz


@jit
def _show(env: Record, params: Record, vector: Array) -> None:
    if show_bit(env, params, vector):
        env.target = np.int64(bit_before(env, 0) == bit_before(env, env.lag - 1))


@final
class DelayedMatchToSample(LastBits):
    """Say if the last bit equals the first of the last N, with an N that grows as the agent succeeds.

    ## Task
    Every step shows a bit, drawn uniformly and independently. Beside the last of them stands a query: does it equal
    the bit N - 1 steps before (action 1), or not (action 0)? When the query will come is not known: an episode has M
    steps, drawn uniformly from n + 2 .. 4 n + 1, where n is the largest N asked for.

    ## Curriculum
    That of [N-Parity](n_parity.md).

    ## Actions
    `Discrete(2)`. All but the last are ignored.

    ## Observations
    Those of [N-Parity](n_parity.md).

    ## Rewards
    1 for the right answer to the query, else 0. Memory returns 1. As N is at least 2, the sample is not on view and is
    independent of what is, so that a match has probability 1/2: no policy without memory returns more than
    `memoryless_return` = 1/2 on average. The same holds of a memory that reaches back fewer than N - 1 steps.

    ## Start
    With a first bit.

    ## End
    With the answer, after M steps. Infos at the end: `reward` (the return), `length`, `success` (1 if the answer was
    right), `n`.

    ## Arguments
    Those of [N-Parity](n_parity.md).

    ## Source
    Khajehabdollahi et al., Emergent mechanisms for long timescales depend on training curriculum and affect
    performance in memory tasks (ICLR 2024), where it is called N-DMS.

    ## Differences
    Those of [N-Parity](n_parity.md), but that the bits of this task are fair there too.
    """

    step_batch = compile_quiz(_show)
