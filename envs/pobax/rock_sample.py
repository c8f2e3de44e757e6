"""RockSample of POBAX: good and bad rocks on a map, told apart by a sensor that errs more the farther away it is.

A check of a rock at the distance d is right with the probability

    p(d) = (1 + 2^(-d / 20)) / 2                                                                                   (1)
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.draws import double
from memorl.envs.engine.episodes import ENDS, end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.options import MAX_COUNT, Integer, encode
from memorl.envs.engine.rng import integers

_MOST_ROCKS = 64
_SIZES = {"size": Integer(2, 64), "rocks": Integer(1, _MOST_ROCKS)}
_NORTH, _EAST, _SOUTH, _WEST, _SAMPLE, _CHECK = range(6)
_REWARD = 10.0
_HALF_EFFICIENCY = 20.0
_LIMIT = 1000


@jit
def _start(env: Record, params: Record) -> None:
    for rock in range(params.rocks):
        env.is_good[rock] = integers(env.rng, 0, 2)
    place = integers(env.rng, 0, params.size * (params.size - 1))
    env.y = place // (params.size - 1)
    env.x = place % (params.size - 1)
    env.sensed = 0


@jit
def _sample(env: Record, params: Record) -> float:
    for rock in range(params.rocks):
        if params.places[rock, 0] == env.y and params.places[rock, 1] == env.x:
            reward = _REWARD if env.is_good[rock] == 1 else -_REWARD
            env.is_good[rock] = 0
            return reward
    return 0.0


@jit
def _check(env: Record, params: Record, rock: int) -> None:
    distance = math.hypot(params.places[rock, 0] - env.y, params.places[rock, 1] - env.x)
    is_right = double(env.rng) < 0.5 * (1 + 2.0 ** (-distance / _HALF_EFFICIENCY))
    env.checked = rock
    env.sensed = 1 if is_right == (env.is_good[rock] == 1) else -1


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    act = action[0]
    last = params.size - 1
    reward = 0.0
    env.sensed = 0
    if act == _SAMPLE:
        reward = _sample(env, params)
    elif act >= _CHECK:
        _check(env, params, act - _CHECK)
    elif act == _NORTH or act == _SOUTH:  # noqa: SIM109
        env.y = min(max(env.y + (1 if act == _SOUTH else -1), 0), last)
    else:
        env.x = min(max(env.x + (1 if act == _EAST else -1), 0), last)
    leaves = env.x == last
    end_episode(env, leaves, env.length + 1 >= _LIMIT and not leaves)
    return reward + _REWARD if leaves else reward


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[env.y] = 1
    vector[params.size + env.x] = 1
    if env.sensed != 0:
        vector[2 * params.size + env.checked] = env.sensed


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POBAXRockSample(BatchedEnv):
    """Find out which rocks are good, sample these, and leave: POBAX's RockSample, by default RockSample(11, 11).

    ## Task
    `rocks` rocks lie on a map of `size` x `size` tiles, in the same places in every episode; each is good or bad, with
    probability 1/2. Sample the good ones, and leave by the easternmost column. A check senses a rock from afar; it is
    right with a probability of (1 + 2^(-d / 20)) / 2 at a distance of d tiles, so always on the rock's own tile.

    ## Actions
    `Discrete(5 + rocks)`: north, east, south, west, sample the rock on the agent's tile, and one check for each rock. A
    step over the edge of the map changes nothing, nor does a sample where no rock is.

    ## Observations
    float32 (2 size + rocks,): the row and the column of the agent, each one-hot, and a number for each rock: after a
    check, and only then, 1 or -1 for the rock that was checked, which seems good or bad; else 0. Where the rocks lie is
    never shown. `symbolic_fields` has the names.

    ## Rewards
    10 for a good rock, which is bad from then on, -10 for a bad one, 10 for leaving. The optimum without a discount is
    10 + 5 rocks, 65 by default: the time limit leaves enough steps to check every rock on its own tile, which a player
    with memory does. Wandering at random over the map, checking and sampling every rock on the way, needs no memory and
    returns 54 on average. Memory pays where time counts. At POBAX's discount of 0.99, on the map of `map_seed=0`, the
    player that goes to the nearest rock each time returns 49. The best policy without memory that we found, by a search
    over the ways to go from each tile, returns 41. That none is better, with memory or without, is not proven.

    ## Start
    On a tile that is drawn uniformly, the easternmost column excepted.

    ## End
    With a step into the easternmost column, or by a time limit after 1000 steps. Infos at the end: `reward` (the
    return) and `length`.

    ## Arguments
    `size` (2 to 64) and `rocks` (1 to 64); POBAX measures (11, 11) and (15, 15). `map_seed` chooses the places of the
    rocks, and `reset(options=...)` overrides it for one episode. The other arguments are explained at `BatchedEnv`.

    ## Source
    Smith and Simmons, Heuristic Search Value Iteration for POMDPs (UAI 2004), as in Tao et al., Benchmarking Partial
    Observability in Reinforcement Learning with a Suite of Memory-Improvable Domains (RLC 2025).

    ## Differences
    Draws come from NumPy's `default_rng(seed)` and `default_rng(map_seed)`, not from keys of JAX, so the maps are
    others. POBAX divides rewards by a running deviation of returns while it trains. In POBAX the step that ends an
    episode shows the first observation of the next.
    """

    def __init__(
        self,
        *,
        size: int = 11,
        rocks: int = 11,
        map_seed: Annotated[int, Integer(0, MAX_COUNT)] = 0,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        arguments = locals()
        self._sizes = encode(_SIZES, {"size": size, "rocks": rocks})
        if rocks > size * (size - 1):
            raise ValueError(
                f"rocks is {rocks}; it must be at most {size * (size - 1)}, the tiles that rocks may lie on"
            )
        names = [
            f"{kind}_{i}" for kind, count in (("row", size), ("column", size), ("rock", rocks)) for i in range(count)
        ]
        self.symbolic_fields = tuple(names)
        params = [Field("size"), Field("rocks"), Field("places", shape=(_MOST_ROCKS, 2))]
        state = [
            *ENDS,
            Field("is_good", np.int8, 0, 1, (_MOST_ROCKS,)),
            Field("y", low=0, high=size - 1),
            Field("x", low=0, high=size - 1),
            Field("checked", low=0, high=rocks - 1),
            Field("sensed", low=-1, high=1),
        ]
        low = np.repeat([0, -1], [2 * size, rocks]).astype(np.float32)
        space = Box(low, 1, dtype=np.float32)
        super().__init__(space, Discrete(5 + rocks), _STEP_BATCH, arguments, state=state, params=params)

    def _derive_params(self, params: Array) -> None:
        size, rocks = self._sizes["size"], self._sizes["rocks"]
        params["size"] = size
        params["rocks"] = rocks
        for seed in np.unique(params["map_seed"]):
            chosen = np.random.default_rng(seed).choice(size * (size - 1), rocks, replace=False)
            places = np.stack([chosen // (size - 1), chosen % (size - 1)], axis=1)
            params["places"][params["map_seed"] == seed, :rocks] = places
