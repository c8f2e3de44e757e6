"""Velocity Only Cart Pole of POPGym: a pole is balanced by speeds without positions."""

from collections.abc import Mapping
from typing import final

import numpy as np
from gymnasium.spaces import Box, Discrete

from .cart_pole import STATE, STEP_BATCH, make_sizes
from .task import Difficulty, POPGymTask, choose_sizes


@final
class POPGymVelocityOnlyCartPole(POPGymTask):
    """Balance a pole without seeing where anything is: a memory that integrates.

    ## Task
    Keep a pole on a cart upright. Positions must be summed up from speeds.

    ## Actions
    `Discrete(2)`: push to the left or to the right.

    ## Observations
    `Box` (2,), float32: the speed of the cart and that of the angle of the pole. The first observation of an episode
    has the position and the angle instead, as in POPGym.

    ## Rewards
    1 / limit at every step, so that a pole that is never dropped returns 1. The best policy sums speeds
    up to positions. But it hardly needs to: the memoryless policy that pushes to the right if a' + 0.1 x' > 0,
    with the speeds x' and a', drops few poles in 400 steps. It is the best of these that a search found.

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 1 | 1 | 1 |
    | a memoryless policy | 1.000 | 0.999 | 0.853 |

    ## Start
    Position, angle and both speeds uniform in [-0.05, 0.05).

    ## End
    When the pole leans by more than 12 degrees or the cart is more than 2.4 from the middle, or by a time limit after
    200 (easy), 400 (medium) or 600 (hard) steps. Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7, over
    CartPole-v1 of Gymnasium.

    ## Differences
    None but next-step autoreset.
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
        sizes = choose_sizes(
            difficulty,
            make_sizes(200, shows_speeds=True),
            make_sizes(400, shows_speeds=True),
            make_sizes(600, shows_speeds=True),
        )
        super().__init__(Box(-np.inf, np.inf, (2,)), Discrete(2), STEP_BATCH, locals(), STATE, sizes)
