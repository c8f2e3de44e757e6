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
    Every step shows a bit, drawn uniformly and independently. Beside the last bit stands a query: does it equal the bit
    N - 1 steps before (action 1), or not (action 0)? Curriculum, length of the episodes, actions, observations, start,
    end and arguments are the same as those of [N-Parity](n_parity.md).

    ## Rewards
    1 for the right answer to the query, else 0. Memory returns 1. As the sample is independent of the present bit, no
    policy without memory, or with one that reaches back fewer than N - 1 steps, returns more than `memoryless_return`
    = 1/2 on average.

    ## Source
    Khajehabdollahi et al., Emergent mechanisms for long timescales depend on training curriculum and affect
    performance in memory tasks (ICLR 2024), where it is called N-DMS.

    ## Differences
    The same as those of [N-Parity](n_parity.md), except that the bits of this task are fair in the paper, too.
    """

    step_batch = compile_quiz(_show)
