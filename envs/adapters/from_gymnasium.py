"""Environments that are registered with Gymnasium."""

from typing import Any, Literal, final

import gymnasium
from gymnasium.vector import VectorEnv, VectorWrapper

from memorl.envs.engine.names import unknown_name

from .flat import Flat, is_nested
from .next_step import NextStep
from .numbers import FloatInfos


def make_batch(
    id: str,
    num_envs: int,
    vectorization_mode: Literal["sync", "async"] | None,
    wrappers: tuple[Any, ...] = (),
    **arguments: Any,
) -> VectorEnv[Any, Any, Any]:
    """Make a registered environment, batched, with next-step autoreset and no tuples in its observations.

    Raises:
        ValueError: There is no such id, or the environment cannot be made with these arguments.
    """
    if id not in gymnasium.registry:
        versions = [known for known in gymnasium.registry if known.rpartition("-v")[0] == id]
        if versions:
            raise ValueError(f"env.id is {id!r}; it must name a version: {' or '.join(sorted(versions))}")
        raise unknown_name("env.id", id, gymnasium.registry)
    if num_envs < 1:
        raise ValueError(f"num_envs is {num_envs!r}; it must be a whole number from 1")
    if vectorization_mode is not None:
        arguments["disable_env_checker"] = True
        wrappers = (*wrappers, FloatInfos)
    try:
        env = gymnasium.make_vec(id, num_envs, vectorization_mode, wrappers=wrappers or None, **arguments)
    except (TypeError, gymnasium.error.Error, ImportError) as error:
        raise ValueError(f"{id} cannot be made: {' '.join(str(error).split())}") from error
    env = NextStep(env)
    return Flat(env) if is_nested(env.single_observation_space) else env


@final
class FromGymnasium(VectorWrapper):
    """Any environment that is registered with Gymnasium, by its id.

    ## Task
    `env.id=CartPole-v1`: the task and the rewards of the environment of this id.

    ## Actions
    Agents take Discrete, MultiDiscrete of one row, and Box.

    ## Observations
    Agents take Box, Discrete, MultiDiscrete, MultiBinary, and dictionaries of these. Tuples, and dictionaries in
    dictionaries, become one dictionary of their innermost parts, named like "2" or "deck.0".

    ## Start
    As the environment's `reset`: env i of `seed=s` is seeded with s + i.

    ## End
    When it is terminated (for good) or truncated (a time limit: agents bootstrap). Infos at the end that are numbers
    are averaged and shown as `episode/<key>`.

    ## Arguments
    `id`; `num_envs`; `vectorization_mode`: "sync" steps one after the other, "async" gives each a process, null takes
    the environment's own batch where it has one. All other arguments are the environment's:
    `env=gymnasium env.id=FrozenLake-v1 env.is_slippery=false`.

    ## Source
    https://gymnasium.farama.org. A module that registers more is imported by a colon: `env.id=my_package:MyEnv-v0`.

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
        **arguments: Any,
    ) -> None:
        module, colon, name = id.rpartition(":")
        if colon:
            try:
                __import__(module)
            except ImportError as error:
                raise ValueError(f"env.id is {id!r}: {error}") from error
        if render_mode is not None:
            arguments["render_mode"] = render_mode
        super().__init__(make_batch(name, num_envs, vectorization_mode, **arguments))
