"""Battleship of POPGym: find ships on a board that is never shown."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.rng import integers

from .task import Difficulty, POPGymTask, choose_sizes

_MAX_SIZE = 12
_SHIPS = (2, 3, 3, 4)
_SHIP_TILES = sum(_SHIPS)


@jit
def _place(env: Record, size: int, tiles: int) -> None:
    """Place a ship of so many tiles where it fits and touches no tile of another."""
    start = np.empty(2, np.int64)
    end = np.empty(2, np.int64)
    while True:
        for axis in range(2):
            start[axis] = integers(env.rng, 0, size)
            end[axis] = start[axis]
        axis = integers(env.rng, 0, 2)
        end[axis] += (tiles - 1) * (1 - 2 * integers(env.rng, 0, 2))
        if not 0 <= end[axis] < size:
            continue
        x_low, x_high = min(start[0], end[0]), max(start[0], end[0])
        y_low, y_high = min(start[1], end[1]), max(start[1], end[1])
        is_free = True
        for x in range(x_low, x_high + 1):
            for y in range(y_low, y_high + 1):
                is_free &= env.ships[x * _MAX_SIZE + y] == 0
        if is_free:
            for x in range(x_low, x_high + 1):
                for y in range(y_low, y_high + 1):
                    env.ships[x * _MAX_SIZE + y] = 1
            return


@jit
def _start(env: Record, params: Record) -> None:
    env.ships[:] = 0
    env.guessed[:] = 0
    for tiles in _SHIPS:
        _place(env, params.size, tiles)
    env.hits = 0
    env.hit = 0


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    tile = action[0] * _MAX_SIZE + action[1]
    env.hit = np.int64(env.ships[tile] > env.guessed[tile])
    env.guessed[tile] = 1
    env.hits += env.hit
    limit = params.size**2
    end_episode(env, env.hits == _SHIP_TILES, env.length + 1 >= limit)
    return 1.0 / _SHIP_TILES if env.hit else -1.0 / (limit - _SHIP_TILES)


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.hit


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymBattleship(POPGymTask):
    """Find ships on a board that is never shown: memory of where one has been.

    ## Task
    Four ships of 2, 3, 3 and 4 tiles lie on a board of 8 x 8 (easy), 10 x 10 (medium) or 12 x 12 (hard) tiles. Name
    tiles until every tile of every ship was named.

    ## Actions
    `MultiDiscrete([size, size])`: row and column of a tile.

    ## Observations
    `Discrete(2)`: 1 if the last tile had a ship and was new. It does not say which tile that was:
    `previous_action=True`, or `last_action=true` of train.py, does.

    ## Rewards
    1/12 for a hit, -1 / (tiles - 12) else. To name hits only returns 1, which no policy reaches. The policy with
    memory names the tile of the most places of ships that agree with all hits and misses. The memoryless one draws
    tiles, in the middle more often than at the edge; on the easy board a search over chances of tiles for each
    observation found nothing that is better.

    | | easy | medium | hard |
    |---|---|---|---|
    | upper bound | 1 | 1 | 1 |
    | a policy with memory | 0.523 | 0.574 | 0.599 |
    | a memoryless policy | -0.435 | -0.405 | -0.389 |

    ## Start
    With new places of the ships and observation 0.

    ## End
    When all ships are found, or by a time limit after as many steps as there are tiles. Infos at the end: `reward` (the
    return) and `length`.

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
        sizes = choose_sizes(difficulty, {"size": 8}, {"size": 10}, {"size": _MAX_SIZE})
        state = [
            Field("ships", np.int8, 0, 1, (_MAX_SIZE**2,)),
            Field("guessed", np.int8, 0, 1, (_MAX_SIZE**2,)),
            Field("hits", low=0, high=_SHIP_TILES),
            Field("hit", low=0, high=1),
        ]
        action_space = MultiDiscrete([int(sizes["size"])] * 2)
        super().__init__(Discrete(2), action_space, _STEP_BATCH, locals(), state, sizes)
