"""Delayed Match to Sample: whether the bit on view equals the one N - 1 steps ago."""

from collections.abc import Mapping
from typing import final

import numpy as np

from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.curriculum import Kind, LastBits, bit, show_bit
from memorl.envs.episodes import Array
from memorl.envs.quiz import turn
from memorl.envs.single import SingleEnv


@leaf
def _show(env: Record, rules: Array, seen: Array) -> None:
    if show_bit(env, rules, seen):
        env.target = np.int64(bit(env, 0) == bit(env, env.lag - 1))


@entry
def play(actions: Array, state: Array, rules: Array, levels: Array, seen: Array, rewards: Array, ends: Array) -> None:
    """One step of every env."""
    for i in range(len(state)):
        rewards[i], ends[i] = turn(state[i], rules, levels, actions[i, 0], seen[i])
        if not ends[i]:
            _show(state[i], rules, seen[i])


@final
class DelayedMatchToSample(LastBits):
    """Whether the last bit equals the first of the last N, with an N that grows as the agent succeeds.

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

    def __init__(
        self,
        *,
        n: int = 2,
        curriculum: Kind = "none",
        max_n: int = 64,
        threshold: float = 0.98,
        window: int = 1000,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(
            play,
            n,
            curriculum,
            max_n,
            threshold,
            window,
            num_envs=num_envs,
            levels=levels,
            copy=copy,
            render_mode=render_mode,
        )


class SingleDelayedMatchToSample(SingleEnv):
    """One Delayed Match to Sample as a plain Gymnasium environment, with the arguments of `DelayedMatchToSample`."""

    batch = DelayedMatchToSample
