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
    Every step shows a bit, drawn uniformly and independently. Beside the last of them stands a query: is the number of
    ones among the last N bits, the present one included, odd (action 1) or even (action 0)? When it will come is not
    known: an episode has M steps, drawn uniformly from n + 2 .. 4 n + 1, where n is the largest N asked for.

    ## Curriculum
    n begins at the argument `n`. `none`: N = n, always. `single`: N = n, and n grows. `multi`: n grows, and each
    question is about an N drawn uniformly from 2 .. n, so that all of them must be kept in mind. Episodes are judged
    `window` at a time, those of all envs of the batch together. When more than `threshold` of their answers are right,
    and more than `threshold` of the answers to questions with N = n, n grows by one, up to `max_n`; episodes under way
    go on with the old n and are not judged. n is part of `state_dict`; `reset` with a seed begins the curriculum anew,
    `reset` without one goes on with it. An episode with its own `n`, by `reset(options=...)`, asks for N = n and is
    not judged.

    ## Actions
    `Discrete(2)`. All but the last are ignored.

    ## Observations
    float32, in [0, 1]: the bit, and whether it is the last. With `multi` the latter has an entry for each N from 2 to
    `max_n` instead, and that of the N asked for is 1. `symbolic_fields` names the values.

    ## Rewards
    1 for the right answer to the query, else 0. Memory returns 1. As N is at least 2, the parity is that of a bit
    which is not on view plus something independent of it, and so uniform whatever is: no policy without memory returns
    more than `memoryless_return` = 1/2 on average. The same holds of a memory that reaches back fewer than N - 1
    steps.

    ## Start
    With a first bit.

    ## End
    With the answer, after M steps. Infos at the end: `reward` (the return), `length`, `success` (1 if the answer was
    right), `n`.

    ## Arguments
    `n` (2 to `max_n`) says for how long the memory must last, or does so at first; `reset(options=...)` overrides it
    for one episode. `curriculum` (`none`, `single`, `multi`), `max_n` (2 to 256), `threshold` (0 to 1, itself
    excluded), `window` (1 or more). The other arguments are those of `BatchedEnv`. To evaluate where a curriculum has
    led, give that n as the argument.

    ## Source
    Khajehabdollahi et al., Emergent mechanisms for long timescales depend on training curriculum and affect
    performance in memory tasks (ICLR 2024), with its lengths of sequences, first N and threshold.

    ## Differences
    There the task is supervised. Its networks answer at every end of a sequence for all N of `multi` at once, on
    readouts of their own; here one of these questions is drawn. A query marks the last bit. n is judged on the
    training episodes, with the actions that were sampled, rather than on separate test batches. There each sequence
    has its own probability of a one, and all sequences of a batch have the same length; here bits are fair, without
    which the parity of an even N could be guessed, and each episode has its own length.
    """

    step_batch = compile_quiz(_show)
