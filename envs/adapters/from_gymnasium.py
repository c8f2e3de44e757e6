"""Environments that are registered with Gymnasium."""

import inspect
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal, final

import gymnasium
import numpy as np
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv, VectorWrapper

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.names import unknown_name

from .errors import describe_error
from .flat import Flat, is_nested
from .ids import find_spec
from .minigrid_bounds import Corrected, correct_bounds
from .next_step import NextStep
from .returns import ValidReturns, require_spaces
from .shapes import ShapedObservations
from .statistics import KnownStatistics
from .texts import WithoutTexts
from .wrappers import Wrapper, find_wrappers

MAX_PROCESSES = 1024

CREATOR_ERRORS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, TypeError, gymnasium.error.Error,
)  # fmt: skip
"""What a constructor raises for arguments that it cannot use, besides a ValueError, which is left as it is."""


def make_batch(
    id: str,
    num_envs: int,
    vectorization_mode: Literal["sync", "async"] | None,
    wrappers: Sequence[Any] = (),
    **arguments: Any,
) -> VectorEnv[Any, Any, Any]:
    """Make a registered environment, batched, with next-step autoreset and no tuples in its observations.

    Raises:
        ValueError: There is no such id, or the environment cannot be made with these arguments.
    """
    spec = find_spec("env.id", id)
    if num_envs < 1:
        raise ValueError(f"num_envs is {num_envs!r}; it must be a whole number from 1")
    if vectorization_mode == "async" and num_envs > MAX_PROCESSES:
        raise ValueError(f"num_envs is {num_envs}; with vectorization_mode=async it must be at most {MAX_PROCESSES}")
    if vectorization_mode is None and spec.vector_entry_point is not None:
        if wrappers:
            raise ValueError("env.wrappers need env.vectorization_mode=sync or async; null takes the env's own batch")
    else:
        vectorization_mode = vectorization_mode or "sync"
        arguments["disable_env_checker"] = True
        shaped = partial(ShapedObservations, types=vectorization_mode == "sync")
        of_user = map(Corrected, wrappers)
        wrappers = (require_spaces, correct_bounds, *of_user, ValidReturns, WithoutTexts, shaped, KnownStatistics)
    try:
        creator = spec.entry_point if vectorization_mode else spec.vector_entry_point
        _check_arguments(load_env_creator(creator) if isinstance(creator, str) else creator, arguments)
        env = gymnasium.make_vec(spec, num_envs, vectorization_mode, wrappers=wrappers or None, **arguments)
    except CREATOR_ERRORS as error:
        raise ValueError(f"{id} cannot be made: {describe_error(error)}") from error
    env = NextStep(env)
    return Flat(env) if is_nested(env.single_observation_space) else env


def _check_arguments(creator: Any, arguments: dict[str, Any]) -> None:
    """Raise ValueError for the first argument that an environment's constructor does not take."""
    parameters: dict[str, Any] = {}
    with suppress(ValueError, TypeError):  # no signature
        parameters = dict(inspect.signature(creator).parameters)
    if not parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    of_gymnasium = {"max_episode_steps", "disable_env_checker", "render_mode"}
    for name in arguments:
        if name not in parameters and name not in of_gymnasium:
            raise unknown_name("an argument of env", name, parameters)


@final
class FromGymnasium(VectorWrapper):
    """Any environment that is registered with Gymnasium, by its id.

    ## Task
    `env.id=CartPole-v1`: the task and the rewards of the environment of this id.

    ## Actions
    Agents take Discrete, MultiDiscrete, MultiBinary, Box, and Tuples and Dicts of these.

    ## Observations
    Agents take Box, Discrete, MultiDiscrete, MultiBinary, and dictionaries of these. Tuples, and dictionaries in
    dictionaries, become one dictionary of their innermost parts, named like "2" or "deck.0". Texts are left out, at
    any depth. One that has not the shape or the entries of its space is named. MiniGrid's spaces say 0 .. 255; here
    they have the bounds of what is shown, 10 for codes and 1 for one-hot ones.

    ## Start
    As the environment's `reset`: env i of `seed=s` is seeded with s + i.

    ## End
    When it is terminated (for good) or truncated (a time limit: agents bootstrap). Infos at the end that are numbers
    are averaged and shown as `episode/<key>`.

    ## Arguments
    `id`; `num_envs`; `vectorization_mode`: "sync" steps one after the other, "async" gives each a process, null takes
    the environment's own batch where it has one, whose envs draw from one seed; `wrappers`: a class by its path, with
    arguments as `{_target_: gymnasium.wrappers.TimeLimit, max_episode_steps: 100}`, or a list. All other arguments are
    the environment's: `env=FrozenLake-v1 env.is_slippery=false`. `env=MountainCar-v0
    env.wrappers=memorl.envs.MaskVelocity` hides the velocities of a classic task, as ids with `NoVel` of RL Baselines3
    Zoo do; [CartPole](cartpole_no_vel.md) and [Pendulum](pendulum_no_vel.md) are native without them.

    ## Source
    https://gymnasium.farama.org. `env=CartPole-v1` is short for `env=gymnasium env.id=CartPole-v1`. A module of your
    own is imported by a colon, before an id that it registers or a class in it: `env=my_package:MyEnv-v0`,
    `env=my_package:MyEnv`.

    ## Differences
    The step after an end is the reset (next-step autoreset), also in a batch that resets in the same step, or not by
    itself: see `memorl.envs.NextStep`. The state cannot be saved: a resumed run begins new episodes.
    """

    def __init__(
        self,
        id: str,
        *,
        num_envs: int = 1,
        vectorization_mode: Literal["sync", "async"] | None = "sync",
        render_mode: str | None = None,
        wrappers: Sequence[Wrapper] | Wrapper = (),
        **arguments: Any,
    ) -> None:
        if render_mode is not None:
            arguments["render_mode"] = render_mode
        super().__init__(make_batch(id, num_envs, vectorization_mode, find_wrappers(wrappers), **arguments))

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every env; a batch that takes one seed for all envs gets a seed made from all seeds."""
        takes_many = isinstance(self.env.unwrapped, SyncVectorEnv | AsyncVectorEnv | BatchedEnv)
        if not takes_many and isinstance(seed, Sequence | np.ndarray):
            seed = int(np.random.SeedSequence([int(s) for s in seed]).generate_state(1)[0])
        return super().reset(seed=seed, options=options)
