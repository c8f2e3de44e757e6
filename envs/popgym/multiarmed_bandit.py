"""Multiarmed Bandit of POPGym: find the arm that pays best, anew in every episode."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Discrete

from memorl.envs.engine.draws import double, single
from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .task import Difficulty, POPGymTask, choose_sizes

_MAX_ARMS = 30


@jit
def _start(env: Record, params: Record) -> None:
    for arm in range(params.arms):
        env.chances[arm] = single(env.rng)
    env.paid = 0


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    env.paid = np.int64(np.float32(double(env.rng)) < env.chances[action[0]])
    end_episode(env, False, env.length >= params.limit - 1)
    scale = 1 / params.limit
    return scale if env.paid else -scale


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.paid


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymMultiarmedBandit(POPGymTask):
    """Find the arm that pays best and keep to it: memory of one's own actions and of what they brought.

    ## Task
    Each of 10 (easy), 20 (medium) or 30 (hard) arms pays with a chance of its own, drawn uniformly in every episode.

    ## Actions
    `Discrete(arms)`: the arm.

    ## Observations
    `Discrete(2)`: 1 if the last arm paid. It does not say which arm that was: `previous_action=True`, or
    `last_action=true` of train.py, does.

    ## Rewards
    1 / steps if the arm pays, and as much less if not. One that knew the chances would return (arms - 1) / (arms + 1).
    The upper bound is lower: that of pulling any number of arms at once, one a step on average. The policy with memory
    pulls the arm of the highest mean plus 1.5 deviations, as its pulls so far tell them.

    An observation says whether the last arm paid. So the best memoryless policy keeps to one arm while that pays, and
    else pulls another one at random. With a, the chance of the one, and b, the mean of the others, b / (1 - a + b) of
    its pulls pay, which is convex in a and concave in b.

    | | easy | medium | hard |
    |---|---|---|---|
    | upper bound | 0.802 | 0.857 | 0.882 |
    | a policy with memory | 0.715 | 0.817 | 0.853 |
    | memoryless optimum | 0.089 | 0.094 | 0.096 |

    ## Start
    With new chances and observation 0.

    ## End
    By a time limit, after 200, 400 or 600 steps. Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7.

    ## Differences
    POPGym's infos hold the chances, that is, the answer; these do not. Next-step autoreset.
    """

    def __init__(
        self,
        *,
        difficulty: Difficulty = "easy",
        previous_action: bool = False,
        antialias: bool = False,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        easy = {"arms": 10, "limit": 200}
        medium = {"arms": 20, "limit": 400}
        hard = {"arms": _MAX_ARMS, "limit": 600}
        sizes = choose_sizes(difficulty, easy, medium, hard)
        state = [Field("chances", np.float32, 0, 1, (_MAX_ARMS,)), Field("paid", low=0, high=1)]
        super().__init__(Discrete(2), Discrete(int(sizes["arms"])), _STEP_BATCH, locals(), state, sizes)
