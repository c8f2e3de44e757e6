"""Position Only Cart Pole of POPGym: a pole is balanced by positions without speeds."""

from collections.abc import Mapping
from typing import final

from gymnasium.spaces import Box, Discrete

from .cart_pole import HIGHEST, STATE, STEP_BATCH, make_sizes
from .task import Difficulty, POPGymTask, choose_sizes


@final
class POPGymPositionOnlyCartPole(POPGymTask):
    """Balance a pole without seeing how fast anything moves.

    ## Task
    Keep a pole on a cart upright. Speeds must be told from one step to the next.

    ## Actions
    `Discrete(2)`: push to the left or to the right.

    ## Observations
    `Box` (2,), float32: the position of the cart and the angle of the pole in radians.

    ## Rewards
    1 / limit at every step, so that a pole that is never dropped returns 1. The best policy tells speeds
    from one position to the next. The memoryless policy is the best that a search found. It pushes to where the pole
    leans, but against that in stripes of the angle: p(right) = sigmoid(64.4 a - 0.8 x - 7.6 sin(190 a + 33.6 x)) with
    the position x and the angle a.

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 1 | 1 | 1 |
    | a memoryless policy | 0.339 | 0.171 | 0.114 |

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
        sizes = choose_sizes(difficulty, make_sizes(200), make_sizes(400), make_sizes(600))
        super().__init__(Box(-HIGHEST, HIGHEST), Discrete(2), STEP_BATCH, locals(), STATE, sizes)
