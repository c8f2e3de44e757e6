"""Pendulum-v1 of Gymnasium whose velocity is hidden."""

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDS
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.popgym.pendulum import ACTIONS, STATE, start, swing

_LIMIT = 200


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    return -swing(env, params, action)


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = math.cos(env.angle)
    vector[1] = math.sin(env.angle)


_STEP_BATCH = compile_step_batch(start, _advance, describe=_describe)


@final
class PendulumNoVel(BatchedEnv):
    """Swing a pendulum up without seeing how fast it moves: Pendulum-v1 with its velocity masked.

    ## Task
    Swing a pendulum up and keep it there. The torque is too weak to lift it at once, and the speed must be told from
    one step to the next.

    ## Actions
    `Box(-2, 2, (1,))`: the torque; one beyond the bounds counts as the bound.

    ## Observations
    float32 (3,): the cosine and the sine of the angle, which is 0 upright, and 0 in the place of the velocity.

    ## Rewards
    -(angle^2 + 0.1 speed^2 + 0.001 torque^2), from -16.27 to 0 at every step. The optimum with the
    speed in view is about -139 on average, by dynamic programming on a grid. The same plan, played with the difference
    of two angles for the speed, returns about -140. Without memory no torque returns -1210 on average. The best policy
    without memory that we found, by a search, is the torque -8 sin a - 4.6 sin 3 a and returns -1025; that none returns
    more is not proven.

    ## Start
    With a uniform angle, and a speed uniform in [-1, 1).

    ## End
    By a time limit after 200 steps. Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    Those of `BatchedEnv`.

    ## Source
    Pendulum-v1 of Gymnasium, masked as by PendulumNoVel-v1 of RL Baselines3 Zoo. Other tasks are masked by
    `env.wrappers=memorl.envs.MaskVelocity`.

    ## Differences
    None but next-step autoreset: the same seed and actions give the same episodes.
    """

    def __init__(
        self,
        *,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        high = np.array([1, 1, 8], np.float32)
        records: dict[str, Any] = {"state": [*ENDS, *STATE], "params": [Field("limit"), Field("two", np.float64)]}
        super().__init__(Box(-high, high), ACTIONS, _STEP_BATCH, locals(), **records)

    def _derive_params(self, params: Array) -> None:
        params["limit"] = _LIMIT
        params["two"] = 2.0
