"""Mine Sweeper of POPGym: clear a field that is never shown."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.engine.draws import choose_distinct
from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .task import Difficulty, POPGymTask, choose_sizes

_MAX_SIZE = 8
_MAX_MINES = 10


@jit
def _start(env: Record, params: Record) -> None:
    env.mines[:] = 0
    env.viewed[:] = 0
    choose_distinct(env.rng, params.size**2, env.places[: params.mines])
    for i in range(params.mines):
        x, y = divmod(env.places[i], params.size)
        env.mines[x * _MAX_SIZE + y] = 1
    env.clear = params.size**2 - params.mines
    env.near = 0


@jit
def _count_near(env: Record, size: int, x: int, y: int) -> int:
    """Return the number of mines on a square and the eight around it."""
    count = 0
    for i in range(max(x - 1, 0), min(x + 2, size)):
        for j in range(max(y - 1, 0), min(y + 2, size)):
            count += env.mines[i * _MAX_SIZE + j]
    return count


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    square = action[0] * _MAX_SIZE + action[1]
    limit = params.size**2 - params.mines
    gain = 1 / limit
    is_mine = env.mines[square] == 1
    if is_mine:
        reward = -0.5 - gain
    elif env.viewed[square]:
        reward = -0.5 / (limit - 2)
    else:
        env.viewed[square] = 1
        env.clear -= 1
        reward = gain
    terminated = is_mine or env.clear == 0
    end_episode(env, terminated, env.length + 1 == limit and not terminated)
    env.near = _count_near(env, params.size, action[0], action[1])
    return reward


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.near


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymMineSweeper(POPGymTask):
    """Clear a field of mines that is never shown: memory of numbers and of where they were.

    ## Task
    2, 6 or 10 mines lie under the squares of a field of 4 x 4 (easy), 6 x 6 (medium) or 8 x 8 (hard). Open every square
    that has none.

    ## Actions
    `MultiDiscrete([size, size])`: row and column of a square.

    ## Observations
    `Discrete(mines + 1)`, at most 10: how many mines are on the opened square and the eight around it. It does not say
    which square that was: `previous_action=True`, or `last_action=true` of train.py, does.

    ## Rewards
    1 / clear squares for a new clear square; -0.5 / (clear squares - 2) for one that was opened before; for a mine
    -0.5 - 1 / clear squares. Opening all clear squares once returns 1.

    The bound of the easy field is its optimum; those of the others count the risk of the first square alone. The policy
    with memory opens the square with the least chance of a mine. The memoryless policy draws squares with chances that
    depend on the number that is shown, found by a search (easy, medium), or any square (hard): there a search found
    nothing that is better by more than 0.002.

    | | easy | medium | hard |
    |---|---|---|---|
    | upper bound | 0.766 | 0.744 | 0.763 |
    | a policy with memory | 0.756 | 0.520 | 0.482 |
    | a memoryless policy | -0.172 | -0.384 | -0.431 |

    ## Start
    With new mines and observation 0.

    ## End
    With a mine, when all clear squares are open, or by a time limit after as many steps as there are clear squares.
    Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7.

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
        hard = {"size": _MAX_SIZE, "mines": _MAX_MINES}
        sizes = choose_sizes(difficulty, {"size": 4, "mines": 2}, {"size": 6, "mines": 6}, hard)
        size = int(sizes["size"])
        counts = min(int(sizes["mines"]) + 1, 10)
        squares = _MAX_SIZE**2
        state = [
            Field("mines", np.int8, 0, 1, (squares,)),
            Field("viewed", np.int8, 0, 1, (squares,)),
            Field("places", np.int64, 0, squares - 1, (_MAX_MINES,)),
            Field("clear", low=0, high=squares),
            Field("near", low=0, high=counts - 1),
        ]
        super().__init__(Discrete(counts), MultiDiscrete([size, size]), _STEP_BATCH, locals(), state, sizes)
