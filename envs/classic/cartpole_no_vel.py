"""CartPole-v1 of Gymnasium whose velocities are hidden."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDS
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.popgym.cart_pole import HIGHEST, STATE, advance, start

_LIMIT = 500


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    advance(env, params, action)
    return 1.0


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.x
    vector[2] = env.angle


_STEP_BATCH = compile_step_batch(start, _advance, describe=_describe)


@final
class CartPoleNoVel(BatchedEnv):
    """Balance a pole without seeing how fast anything moves: CartPole-v1 with its velocities masked.

    ## Task
    Keep a pole on a cart upright. Speeds must be told from one step to the next.

    ## Actions
    `Discrete(2)`: push to the left or to the right.

    ## Observations
    float32 (4,): the position of the cart, 0, the angle of the pole in radians, and 0; the zeros stand in the place of
    the velocities.

    ## Rewards
    1 at every step, so that a pole that is never dropped returns 500, which is the optimum. A player reaches it in
    every episode that takes the differences of two observations for the velocities x' and a' and pushes to the right
    if 0.5 x + x' + 10 a + 2 a' > 0. Without memory, pushing to where the pole leans returns 41 on average. The best
    policy without memory that we found, by a search over functions of x and a, is a wavy one and returns 127; that none
    returns more is not proven.

    ## Start
    Position, angle and both speeds uniform in [-0.05, 0.05).

    ## End
    When the pole leans by more than 12 degrees or the cart is more than 2.4 from the middle, or by a time limit after
    500 steps. Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    Those of `BatchedEnv`.

    ## Source
    CartPole-v1 of Gymnasium, after Barto, Sutton and Anderson (1983), masked as by CartPoleNoVel-v1 of
    RL Baselines3 Zoo. Other tasks are masked by `env.wrappers=memorl.envs.MaskVelocity`.

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
        high = np.array([HIGHEST[0], np.inf, HIGHEST[1], np.inf], np.float32)
        records: dict[str, Any] = {"state": [*ENDS, *STATE], "params": [Field("limit")]}
        super().__init__(Box(-high, high), Discrete(2), _STEP_BATCH, locals(), **records)

    def _derive_params(self, params: Array) -> None:
        params["limit"] = _LIMIT
