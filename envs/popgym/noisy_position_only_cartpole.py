"""Noisy Position Only Cart Pole of POPGym: a pole is balanced by noisy positions."""

from collections.abc import Mapping
from typing import final

from gymnasium.spaces import Box, Discrete

from .cart_pole import HIGHEST, STATE, STEP_BATCH, make_sizes
from .task import Difficulty, POPGymTask, choose_sizes


@final
class POPGymNoisyPositionOnlyCartPole(POPGymTask):
    """Balance a pole by noisy positions: a memory that filters.

    ## Task
    Keep a pole on a cart upright. Speeds must be told from many noisy steps.

    ## Actions
    `Discrete(2)`: push to the left or to the right.

    ## Observations
    `Box` (2,), float32: the position of the cart and the angle of the pole in radians, each with normal noise of
    deviation 0.1 (easy), 0.2 (medium) or 0.3 (hard), and then clipped to the bounds.

    ## Rewards
    1 / limit at every step, so that a pole that is never dropped returns 1. No policy is known to
    reach that. The policy with memory is a Kalman filter and a linear regulator. The memoryless one, with
    p(right) = sigmoid(70 a - 1.5 x), is the best of this form that a search found; with medium noise a search over a
    table of 12 x 24 positions and angles found nothing that is better by more than 0.01.

    | | easy | medium | hard |
    |---|---|---|---|
    | upper bound | 1 | 1 | 1 |
    | a policy with memory | 0.988 | 0.636 | 0.383 |
    | a memoryless policy | 0.249 | 0.199 | 0.167 |

    ## Start
    Position, angle and both speeds uniform in [-0.05, 0.05).

    ## End
    When the pole leans by more than 12 degrees or the cart is more than 2.4 from the middle, or by a time limit after
    200 steps. Infos at the end: `reward` (the return) and `length`.

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
        sizes = choose_sizes(difficulty, make_sizes(200, 0.1), make_sizes(200, 0.2), make_sizes(200, 0.3))
        super().__init__(Box(-HIGHEST, HIGHEST), Discrete(2), STEP_BATCH, locals(), STATE, sizes)
