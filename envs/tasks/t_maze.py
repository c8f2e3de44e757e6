"""T-Maze: an oracle says which way to turn at the end of a corridor.

    o--s---------------------j      the oracle at x = 0, the start at x = o, the junction at x = o + L

With the position (x, y), the goal g, the time t after a step, and T = L + 2 o + 1 steps in an episode:

    reward(t) = -1 / L  if x < t - o,  else 0       for t < T                                                      (1)
    reward(T) = 1  if y = g,  else 0                                                                               (2)
"""

from collections.abc import Mapping
from typing import Annotated, Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.options import MAX_COUNT, Integer
from memorl.envs.engine.rng import integers

from .quiz import length_below

_EAST = 0
_NORTH = 1
_SOUTH = 3


@jit
def _start(env: Record, params: Record) -> None:
    env.x = params.oracle_distance
    env.y = 0
    env.goal = 2 * integers(env.rng, 0, 2) - 1
    env.has_seen = False


@jit
def _move(env: Record, action: int, junction: int) -> None:
    if action == _NORTH or action == _SOUTH:  # noqa: SIM109
        if env.x == junction:
            env.y = min(max(env.y + (1 if action == _NORTH else -1), -1), 1)
    elif env.y == 0:
        env.x = min(max(env.x + (1 if action == _EAST else -1), 0), junction)


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    time = env.length + 1
    _move(env, action[0], params.oracle_distance + params.corridor_length)
    if time > params.corridor_length + 2 * params.oracle_distance:
        env.phase = ENDED
        env.success = np.int64(env.y == env.goal)
        return 1.0 * env.success
    return -1.0 / params.corridor_length if env.x < time - params.oracle_distance else 0.0


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    if env.x == 0:
        if not env.has_seen:
            vector[1] = env.goal
        env.has_seen = True
    elif env.x == params.oracle_distance + params.corridor_length:
        vector[0] = 1
        vector[1] = env.y


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class TMaze(BatchedEnv):
    """Learn at the start, or on the way back to it, which way to turn at the end of a corridor, and keep it.

    ## Task
    An oracle at the western end of a corridor shows the goal, north or south, once, the first time that the agent
    stands there. The goal lies beside the junction at the eastern end. The episode is just long enough to visit the
    oracle, walk east and turn. In the passive task (`env=t_maze_passive`) the agent starts at the oracle; in the active
    one (`env=t_maze_active`) it must first go `oracle_distance` steps west, away from the goal.

    ## Actions
    `Discrete(4)`: east, north, west, south. A step into a wall changes nothing.

    ## Observations
    float32 (2,), in [-1, 1]: 1 at the junction and beside it, and the goal or the side. (0, goal) at the first visit of
    the oracle, where 1 is north and -1 south; (0, 0) in the corridor, and at the oracle from then on; (1, y) at the
    junction, y = 0, and beside it, y = 1 and -1. `symbolic_fields` has the names.

    ## Rewards
    1 at the last step for standing at the goal, else 0. At the other steps -1 / corridor_length for each step that the
    agent is behind the way straight to the oracle and back: if x < t - oracle_distance, where x counts the steps from
    the oracle, and t the steps of the episode. One bit of memory returns 1. As nothing else shows the goal and there is
    not a step to spare after a visit of the oracle, no policy without memory returns more than `memoryless_return` =
    1/2 on average.

    ## Start
    `oracle_distance` steps east of the oracle, with a new goal.

    ## End
    After corridor_length + 2 oracle_distance + 1 steps, which is an end of the task and no time limit. Infos at the
    end: `reward` (the return), `length`, `success` (1 at the goal).

    ## Arguments
    `corridor_length` (1 or more), `oracle_distance` (0 or more); `reset(options=...)` overrides both for one episode.
    The paper has 0 (passive, lengths of 50 to 1500) and 1 (active, 20 to 500). The other arguments are explained at
    `BatchedEnv`.

    ## Source
    Ni et al., When Do Transformers Shine in RL? Decoupling Memory from Credit Assignment (NeurIPS 2023), which extends
    Bakker, Reinforcement Learning with Long Short-Term Memory (NeurIPS 2001).

    ## Differences
    The goal comes from NumPy's `default_rng(seed)`. The code of the paper can also pay for waiting at the oracle, which
    its experiments do not use, and has no oracle farther away than 1.
    """

    info_keys = ("reward", "length", "success")
    memoryless_return = 0.5
    symbolic_fields = ("junction", "goal_or_side")

    def __init__(
        self,
        *,
        corridor_length: Annotated[int, Integer(1, MAX_COUNT)] = 50,
        oracle_distance: Annotated[int, Integer(0, MAX_COUNT)] = 0,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        state = [
            Field("x", low=0, high=lambda state, params: params["corridor_length"] + params["oracle_distance"]),
            Field("y", low=-1, high=1),
            Field("goal", low=-1, high=1),
            Field("has_seen", np.bool_),
            Field("success", low=0, high=1),
            length_below(lambda state, params: params["corridor_length"] + 2 * params["oracle_distance"] + 1),
        ]
        super().__init__(Box(-1, 1, (2,)), Discrete(4), _STEP_BATCH, locals(), state=state)
