"""Proof of Memory: two ends of a line, of which one is good, shown at first and then hidden.

With the position x in steps of 1/5, the good end g = -1 or 1, and the step t, after which the observation is o(t):

    o(t) = (-g, x / 5, g)  for t <= 2,  else  (0, x / 5, 0)                                                        (1)
    x(t) = x(t - 1)  for t <= 2,  else  x(t - 1) + a(t),   a = -1 or 1                                              (2)
    r(t) = 0 for t <= 2,  1.6 at x = 5 g,  -1.6 at x = -5 g,  else -0.1                                             (3)
"""

from collections.abc import Mapping
from typing import final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDS, end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.rng import integers

from .quiz import length_below

END = 5
_FARTHEST_START = 2
_SHOWN_STEPS = 2
_STEP_LIMIT = 16
_PENALTY = 0.1
_REWARD = 1.0 + 6 * _PENALTY


@jit
def _start(env: Record, params: Record) -> None:
    env.position = integers(env.rng, -_FARTHEST_START, _FARTHEST_START + 1)
    env.goal = 2 * integers(env.rng, 0, 2) - 1
    env.success = 0


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    reward = 0.0
    has_arrived = False
    if env.length >= _SHOWN_STEPS:
        env.position += 2 * action[0] - 1
        reward = -_PENALTY
        has_arrived = abs(env.position) == END
        if has_arrived:
            env.success = np.int64(env.position == END * env.goal)
            reward = _REWARD if env.success else -_REWARD
    end_episode(env, has_arrived, env.length + 1 == _STEP_LIMIT)
    return reward


@jit
def _describe(env: Record, params: Record, scene: None, vector: Array) -> None:
    if env.length <= _SHOWN_STEPS:
        vector[0] = -env.goal
        vector[2] = env.goal
    vector[1] = env.position / END


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class ProofOfMemory(BatchedEnv):
    """Walk to the good one of two ends, which is shown before the first step and hidden after it.

    ## Task
    The agent stands near the middle of a line, and for two steps cannot move. Meanwhile it is shown which end is good.
    Then it walks. A few steps of memory are enough, so that a wrong memory shows within minutes.

    ## Actions
    `Discrete(2)`: left, right. The first two are ignored.

    ## Observations
    float32 (3,), in [-1, 1], with names in `symbolic_fields`: 1 on the side of the good end and -1 on the other, and
    the position between them. The ends are shown in the first three observations, of which the last is the one that
    the first step is decided on; then they are 0.

    ## Rewards
    1.6 at the good end, -1.6 at the other, -0.1 for each step that does not reach an end, and 0 while the agent
    cannot move. One bit of memory returns `perfect_return` = 1.2 on average. Without memory only the first step can
    follow what was shown; the best that a search over policies of the observation, random ones among them, found goes
    to the end on its own side, from the middle to the left, and returns `memoryless_return` = 0.34 on average.

    ## Start
    At -2/5, -1/5, 0, 1/5 or 2/5, with a new good end.

    ## End
    At one of the ends, or by a time limit after 16 steps. Infos at the end: `reward` (the return), `length`, `success`
    (1 at the good end).

    ## Arguments
    All are explained at `BatchedEnv`.

    ## Source
    Pleines et al., ProofofMemory-v0 of CleanRL's ppo_trxl; https://github.com/vwxyzjn/cleanrl.

    ## Differences
    Start and good end come from NumPy's `default_rng(seed)`; there they come from NumPy's global stream, which no seed
    of `reset` reaches. Next-step autoreset.
    """

    info_keys = ("reward", "length", "success")
    perfect_return = 1.2
    memoryless_return = 0.34
    symbolic_fields = ("left", "position", "right")

    def __init__(
        self,
        *,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        state = [
            *ENDS,
            Field("position", low=-END, high=END),
            Field("goal", low=-1, high=1),
            Field("success", low=0, high=1),
            length_below(lambda state, params: _STEP_LIMIT),
        ]
        super().__init__(Box(-1, 1, (3,)), Discrete(2), _STEP_BATCH, locals(), state=state)
