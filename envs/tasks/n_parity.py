"""N-Parity: is the number of ones among the last N bits odd?"""

from typing import final

from memorl.envs.engine.fields import Array
from memorl.envs.engine.jit import Record, jit

from .last_bits import LastBits, bit_before, show_bit
from .quiz import compile_quiz


@jit
def _show(env: Record, params: Record, vector: Array) -> None:
    if show_bit(env, params, vector):
        ones = 0
        for steps in range(env.lag):
            ones += bit_before(env, steps)
        env.target = ones % 2


@final
class NParity(LastBits):
    """Say if the number of ones among the last N bits is odd, with an N that grows as the agent succeeds.

    ## Task
    Every step shows a bit, drawn uniformly and independently. Beside the last bit stands a query: is the number of ones
    among the last N bits, the present one included, odd (action 1) or even (action 0)? The length of an episode is
    drawn uniformly from n + 2 .. 4 n + 1, where n is the largest possible N.

    ## Curriculum
    n begins at the argument `n`. `none`: N = n, always. `single`: N = n, and n grows. `multi`: n grows, and each
    question draws N uniformly from 2 .. n. Episodes are judged `window` at a time, those of all envs together. When
    more than `threshold` of their answers are right, and of the answers to questions with N = n, too, n grows by one,
    up to `max_n`; episodes under way go on with the old n and are not judged. n is part of `state_dict`; only a `reset`
    with a seed begins the curriculum anew. An episode with its own `n`, by `reset(options=...)`, asks for N = n and is
    not judged.

    ## Actions
    `Discrete(2)`. All but the last are ignored.

    ## Observations
    float32, in [0, 1]: the bit, and 1 if it is the last. With `multi` the latter is one-hot over N from 2 to `max_n`.
    `symbolic_fields` has the names.

    ## Rewards
    1 for the right answer to the query, else 0. Memory returns 1. As N is at least 2, one of the bits is not on view
    and independent of the others, so that no policy without memory, or with one that reaches back fewer than N - 1
    steps, returns more than `memoryless_return` = 1/2 on average.

    ## Start
    With a first bit.

    ## End
    With the answer, after M steps. Infos at the end: `reward` (the return), `length`, `success` (1 if the answer was
    right), `n`.

    ## Arguments
    `n` (2 to `max_n`), which `reset(options=...)` overrides for one episode; `curriculum` (`none`, `single`, `multi`);
    `max_n` (2 to 256); `threshold` (0 <= threshold < 1); `window` (1 or more). The other arguments are explained at
    `BatchedEnv`. To evaluate what a curriculum has reached, set `n` to its n.

    ## Source
    Khajehabdollahi et al., Emergent mechanisms for long timescales depend on training curriculum and affect
    performance in memory tasks (ICLR 2024), with its lengths of sequences, first N and threshold.

    ## Differences
    In the paper the task is supervised, and for `multi` its networks answer for all N at once; here one question is
    drawn. A query marks the last bit. n is judged on the training episodes with their sampled actions, not on separate
    test batches. In the paper each sequence has its own probability of a one, and a batch has one length; here bits are
    fair, as otherwise the parity of an even N could be guessed, and each episode has its own length.
    """

    step_batch = compile_quiz(_show)
