"""Position Only Pendulum of POPGym: a pendulum is swung up by its position without its speed."""

from collections.abc import Mapping
from typing import final

from gymnasium.spaces import Box

from .pendulum import ACTIONS, STATE, STEP_BATCH, make_sizes
from .task import Difficulty, POPGymTask, choose_sizes


@final
class POPGymPositionOnlyPendulum(POPGymTask):
    """Swing a pendulum up without seeing how fast it moves.

    ## Task
    Swing a pendulum up and keep it there. The speed must be told from one step to the next.

    ## Actions
    `Box(-2, 2, (1,))`: the torque; one beyond the bounds counts as the bound.

    ## Observations
    `Box` (2,), float32: the cosine and the sine of the angle, which is 0 upright.

    ## Rewards
    From -1 / limit (hanging still) to 1 / limit (upright, still, no torque), linear in the cost of Pendulum-v1.

    The upper bound is what the best policy would return if it saw the speed, by dynamic programming. The policy with
    memory filters angle and speed, pumps energy, and holds the top. The memoryless one turns towards the top with ten
    times the angle; a search over a torque for each of 16 angles found nothing better.

    | | easy | medium | hard |
    |---|---|---|---|
    | upper bound | 0.916 | 0.888 | 0.832 |
    | a policy with memory | 0.908 | 0.878 | 0.817 |
    | a memoryless policy | 0.368 | 0.368 | 0.369 |

    ## Start
    With a uniform angle, and a speed uniform in [-1, 1).

    ## End
    By a time limit after 200 (easy), 150 (medium) or 100 (hard) steps. Infos at the end: `reward` (the return) and
    `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7, over
    Pendulum-v1 of Gymnasium.

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
        sizes = choose_sizes(difficulty, make_sizes(200), make_sizes(150), make_sizes(100))
        super().__init__(Box(-1, 1, (2,)), ACTIONS, STEP_BATCH, locals(), STATE, sizes)
