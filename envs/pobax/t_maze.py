"""T-Maze of POBAX: the start says which way to turn at the end of a hallway, and time costs nothing."""

from collections.abc import Mapping
from typing import Annotated, Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDS, end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.options import MAX_COUNT, Integer
from memorl.envs.engine.rng import integers

_SOUTH = 1
_EAST = 2
_GOOD = 4.0
_BAD = -0.1
_LIMIT = 1000


@jit
def _start(env: Record, params: Record) -> None:
    env.place = 0
    env.goal = integers(env.rng, 0, 2)
    env.success = 0


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    junction = params.hallway_length + 1
    turns = action[0] <= _SOUTH and env.place == junction
    if turns:
        env.place += 1
        env.success = np.int64(action[0] == env.goal)
    elif action[0] > _SOUTH:
        env.place = min(env.place + 1, junction) if action[0] == _EAST else max(env.place - 1, 0)
    end_episode(env, turns, env.length + 1 >= _LIMIT and not turns)
    if not turns:
        return 0.0
    return _GOOD if env.success == 1 else _BAD


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.goal if env.place == 0 else 0
    vector[1 if env.place != params.hallway_length + 1 else 2] = 1


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POBAXTMaze(BatchedEnv):
    """Keep one bit to the end of a hallway, where it says which way to turn: POBAX's T-Maze.

    ## Task
    The start shows the goal, north (0) or south (1). `hallway_length` steps of hallway lie between the start and the
    junction, where a step north or south ends the episode.

    ## Actions
    `Discrete(4)`: north, south, east, west. North and south change nothing but at the junction.

    ## Observations
    float32 (4,), in [0, 1]: the goal, at the start; 1 everywhere but at the junction; 1 at the junction; and 0, always.
    So the start looks like the hallway if the goal is north. `symbolic_fields` has the names.

    ## Rewards
    4 for the right turn, -0.1 for the wrong one, else 0. One bit of memory returns 4, after hallway_length + 2 steps.
    With the default length that is 4 x 0.99^11 = 3.58 at a discount of 0.99. A policy without memory that always turns
    in the end returns 1.95 on average (1.75 discounted). The best one returns `memoryless_return` = 2 (1.79): it goes
    north at the junction, and never leaves the start where it shows a goal in the south, which saves the -0.1 in half
    of the episodes until the time limit ends them.

    ## Start
    At the start, with a new goal.

    ## End
    With the turn, or by a time limit after 1000 steps. Infos at the end: `reward` (the return), `length`, `success` (1
    for the right turn).

    ## Arguments
    `hallway_length` (1 or more), which `reset(options=...)` overrides for one episode; POBAX measures with 10. The
    other arguments are explained at `BatchedEnv`.

    ## Source
    Tao et al., Benchmarking Partial Observability in Reinforcement Learning with a Suite of Memory-Improvable Domains
    (RLC 2025), after Bakker, Reinforcement Learning with Long Short-Term Memory (NeurIPS 2001).

    ## Differences
    The goal comes from NumPy's `default_rng(seed)`, not from a key of JAX. In POBAX the step that ends an episode shows
    the first observation of the next; here it shows the last of this one, and the next step shows the first of the
    next. POBAX trains with the last action in view, too: `last_action=true`.
    """

    info_keys = ("reward", "length", "success")
    memoryless_return = 2.0
    symbolic_fields = ("goal", "hallway", "junction", "nothing")

    def __init__(
        self,
        *,
        hallway_length: Annotated[int, Integer(1, MAX_COUNT)] = 10,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        state = [
            *ENDS,
            Field("place", low=0, high=lambda state, params: params["hallway_length"] + 2),
            Field("goal", low=0, high=1),
            Field("success", low=0, high=1),
        ]
        super().__init__(Box(0, 1, (4,)), Discrete(4), _STEP_BATCH, locals(), state=state)
