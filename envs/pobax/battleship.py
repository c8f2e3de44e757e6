"""Battleship of POBAX: sink ships on a board that is never shown, with no tile named twice."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDS, end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.rng import integers

_SHIPS = {10: (5, 4, 3, 2), 5: (3, 2), 3: (2,)}
_MOST_SHIPS = 4
_LIMIT = 1000


@jit
def _is_free(env: Record, tile: int, step: int, tiles: int) -> bool:
    taken = 0
    for i in range(tiles):
        taken += env.ships[tile + i * step]
    return taken == 0


@jit
def _place(env: Record, size: int, tiles: int) -> None:
    """Place a ship on one of the rows of free tiles that lie east, or south, of their first tile; all are as likely."""
    is_horizontal = integers(env.rng, 0, 2) == 1
    step = 1 if is_horizontal else size
    rows = size if is_horizontal else size - tiles + 1
    columns = size - tiles + 1 if is_horizontal else size
    left = 0
    for y in range(rows):
        for x in range(columns):
            left += _is_free(env, y * size + x, step, tiles)
    left = integers(env.rng, 0, left)
    for y in range(rows):
        for x in range(columns):
            if _is_free(env, y * size + x, step, tiles):
                if left == 0:
                    for i in range(tiles):
                        env.ships[y * size + x + i * step] = 1
                    return
                left -= 1


@jit
def _start(env: Record, params: Record) -> None:
    env.ships[:] = 0
    env.action_mask[:] = 1
    env.left = 0
    env.hit = 0
    for tiles in params.ships:
        if tiles > 0:
            _place(env, params.size, tiles)
        env.left += tiles


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    tile = action[0]
    env.hit = np.int64(env.ships[tile] == 1 and env.action_mask[tile] == 1)
    env.action_mask[tile] = 0
    env.left -= env.hit
    is_over = env.left <= 0
    end_episode(env, is_over, env.length + 1 >= _LIMIT and not is_over)
    if is_over:
        env.action_mask[:] = 1
        return 1.0 * params.size**2
    return -1.0


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.hit


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POBAXBattleship(BatchedEnv):
    """Sink ships on a board that is never shown, with as few shots as possible: POBAX's Battleship.

    ## Task
    Ships of 5, 4, 3 and 2 tiles lie on a board of 10 x 10 tiles; they may touch. Shoot at tiles until all tiles of all
    ships are hit. `size=5` has ships of 3 and 2 tiles, `size=3` one of 2.

    ## Actions
    `Discrete(size^2)`: the tile, row by row. The infos of every step have a mask, `action_mask` [size^2]: 1 for each
    tile that was not shot at, and for all tiles at an end. Agents of this library obey it, but do not see it. A shot at
    a tile that the mask forbids misses.

    ## Observations
    float32 (1,): 1 if the last shot hit. It does not say which tile that was: `last_action=true` does.

    ## Rewards
    size^2 for the last hit, -1 for any other shot: a return of 1 + size^2 less the number of shots, so at most 87 by
    default, with no miss. A player that remembers its shots, and shoots where most places of ships are left that the
    misses allow and the hits support, returns 50 on average; a better one may exist. Without memory, the mask alone
    makes an order of the tiles, or one for after a hit and one for after a miss: a random order returns
    101 - 14 x 101 / 15 = 6.7 on average, row by row 15.3. A search over orders and over pairs of them found none
    that is better by more than chance.

    ## Start
    With new places of the ships, and 0.

    ## End
    When all ships are sunk, or by a time limit after 1000 steps, which no agent that obeys the mask reaches. Infos at
    the end: `reward` (the return) and `length` (the number of shots).

    ## Arguments
    `size` (10, 5 or 3). The other arguments are explained at `BatchedEnv`.

    ## Source
    Silver and Veness, Monte-Carlo Planning in Large POMDPs (NeurIPS 2010), as in Tao et al., Benchmarking Partial
    Observability in Reinforcement Learning with a Suite of Memory-Improvable Domains (RLC 2025).

    ## Differences
    Draws come from NumPy's `default_rng(seed)`, not from keys of JAX. In POBAX the step that ends an episode shows the
    first observation of the next. POBAX does not discount, and trains with the last action in view.
    """

    every_step_keys = ("action_mask",)

    def __init__(
        self,
        *,
        size: int = 10,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        arguments = locals()
        if isinstance(size, bool) or size not in _SHIPS:
            raise ValueError(f"size is {size!r}; it must be one of {', '.join(map(str, _SHIPS))}")
        self._size = size
        params = [Field("size"), Field("ships", shape=(_MOST_SHIPS,))]
        state = [
            *ENDS,
            Field("ships", np.int8, 0, 1, (size**2,)),
            Field("action_mask", np.int8, 0, 1, (size**2,)),
            Field("left", low=0, high=sum(_SHIPS[size])),
            Field("hit", low=0, high=1),
        ]
        super().__init__(Box(0, 1, (1,)), Discrete(size**2), _STEP_BATCH, arguments, state=state, params=params)

    def _derive_params(self, params: Array) -> None:
        params["size"] = self._size
        ships = _SHIPS[self._size]
        params["ships"][:, : len(ships)] = ships
