"""What the tasks of POPGym have in common: a difficulty, time limits, and the wrappers that POPGym trains with."""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Space
from gymnasium.vector.utils import batch_space

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDS
from memorl.envs.engine.fields import Array, Field

Difficulty = Literal["easy", "medium", "hard"]
Sizes = Mapping[str, int | float]
"""What a difficulty sets, by name, in the params of every episode."""


def choose_sizes(difficulty: Difficulty, easy: Sizes, medium: Sizes, hard: Sizes) -> Sizes:
    """Return the sizes of a difficulty; ValueError if there is none of that name."""
    sizes = {"easy": easy, "medium": medium, "hard": hard}
    if not isinstance(difficulty, str) or difficulty not in sizes:
        raise ValueError(f"difficulty is {difficulty!r}; it must be one of {list(sizes)}")
    return sizes[difficulty]


class POPGymTask(BatchedEnv, ABC):
    """A task of POPGym: with the same seed and actions the observations, rewards and ends are POPGym's.

    Args:
        space: The space of the observation of one env.
        action_space: The space of its action.
        step_batch: The compiled step.
        arguments: The arguments of the task's constructor. Besides those of `BatchedEnv` they include
            previous_action: Show the action before, 0 at first, as POPGym's wrapper `PreviousAction`.
            antialias: Show whether this is the first step, as POPGym's wrapper `Antialias`.
        state: Fields of an env besides those of every task.
        sizes: What the difficulty sets.
    """

    def __init__(
        self,
        space: Space[Any],
        action_space: Discrete | MultiDiscrete | Box,
        step_batch: Callable[..., bool],
        arguments: Mapping[str, Any],
        state: Sequence[Field],
        sizes: Sizes,
    ) -> None:
        self._sizes = sizes
        for name in ("previous_action", "antialias"):
            if not isinstance(arguments[name], bool):
                raise ValueError(f"{name} is {arguments[name]!r}; it must be True or False")
        params = [Field(name, np.float64 if isinstance(value, float) else np.int64) for name, value in sizes.items()]
        super().__init__(space, action_space, step_batch, arguments, state=[*ENDS, *state], params=params)
        shown: dict[str, Space[Any]] = {"observation": space}
        if arguments["previous_action"]:
            shown["prev_action"] = action_space
        if arguments["antialias"]:
            shown["is_t0"] = Discrete(2)
        self._shows_more = len(shown) > 1
        if self._shows_more:
            self.single_observation_space = Dict(shown)
            self.observation_space = batch_space(self.single_observation_space, self.num_envs)

    def _derive_params(self, params: Array) -> None:
        for name, value in self._sizes.items():
            params[name] = value

    def _complete_observation(self, observation: Any, actions: Array) -> Any:
        if not self._shows_more:
            return observation
        shown: Any = self.single_observation_space
        is_first = self._state["length"] == 0
        entries = {"observation": observation}
        if "prev_action" in shown.spaces:
            previous = np.where(is_first[:, None], 0, actions).astype(self.single_action_space.dtype)
            entries["prev_action"] = previous.reshape(self.action_space.shape)
        if "is_t0" in shown.spaces:
            entries["is_t0"] = is_first.astype(np.int64)
        return entries
