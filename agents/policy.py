"""A trained model as a policy, which takes the environment's observations and returns the environment's actions.

Legend: N environments, K action branches.

    action, state = policy(obs, state, first)       nothing is kept; None is the state before the first step
    action = policy.act(obs, first)                 the state is kept inside; policy.reset() begins anew

One environment or many: observations have the shape of the space, or N of them in front, and so have actions.
`first` is True where an observation begins an episode.
"""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from memorl.memory import State
from memorl.memory.checks import require_tensors

from .interface import Interface
from .model import ActorCritic
from .observations import Observation, require_valid
from .random_stream import RandomStream
from .rows import first_row, masks_to_rows, numbers_to_rows, to_rows

PREFIX = "memory."
"""The prefix of the names of the memory's tensors in the state of a policy."""

LAST_ACTION = "last_action"
"""The name of the features of the previous action in the state of a policy."""


@final
class Policy:
    """A model that acts.

    Args:
        model: The model; it is set to evaluation.
        interface: The spaces that it was made for.
        greedy: Take the most likely action instead of sampling.
        seed: Seed of the samples, which neither use nor move torch's own random numbers.
    """

    def __init__(self, model: ActorCritic, interface: Interface, greedy: bool = False, seed: int = 0) -> None:
        self.model = model.eval()
        self.interface = interface
        self.greedy = greedy
        self.random = RandomStream(seed, interface.device)
        self.reset()

    def reset(self) -> None:
        """Forget the episode that `act` is in."""
        self.state: State | None = None

    def act(self, obs: Any, first: Any = None, *, reward: Any = None, infos: Mapping[str, Any] | None = None) -> Any:
        """Return the action, and keep the state for the next call; see `__call__`."""
        action, self.state = self(obs, self.state, first, reward=reward, infos=infos)
        return action

    @torch.no_grad()
    def __call__(
        self, obs: Any, state: State | None = None, first: Any = None, *, reward: Any = None,
        infos: Mapping[str, Any] | None = None,
    ) -> tuple[Any, State]:  # fmt: skip
        """Return the action, and the state for the next call.

        Args:
            obs: What the environment, or a batch of N, shows.
            state: What the previous call returned, tensors [N, ...] by name; None before the first step.
            first: True where an episode begins, a bool, or [N]; None means nowhere but before the first step.
            reward: The reward of the previous action, or [N], for a model that was trained with `last_reward`.
            infos: The infos beside the observation, where they hold an `action_mask`.

        Raises:
            ValueError: If the observation is not of the space, a number is missing or not finite, or the state is
                another than a call before returned for N environments.
        """
        arrays, is_one = to_rows(obs, self.interface.space)
        require_valid(arrays, self.interface.env_space.spaces)
        N = len(next(iter(arrays.values())))
        start = self._initial_state(N)
        if state is None:
            state = start
            is_first = np.ones(N, np.bool_)
        else:
            is_first = numbers_to_rows("first", first, N, np.bool_)
            _require_state(state, start, N)
        if reward is None and self.interface.last_reward and not is_first.all():
            raise ValueError("reward is missing; the model was trained with last_reward=true, and reads it")
        rewards = np.where(is_first, 0.0, numbers_to_rows("reward", reward, N, np.float64))
        require_valid({"reward": rewards}, {})
        masks = masks_to_rows(infos or {}, is_one)
        first_rows = self.interface.to_tensor(is_first)
        inputs = (state.get(LAST_ACTION), self.interface.to_tensor(rewards), first_rows)
        entries = self.interface.make_entries(arrays, masks, np.zeros(N, np.bool_), *inputs)
        action, state = self._choose(entries, state, first_rows)
        batch = self.interface.actions.to_env(action)
        return first_row(batch) if is_one else batch, state

    def _choose(self, entries: Observation, state: State, first: Tensor) -> tuple[Tensor, State]:
        """Return the actions [N, K] and the next state; `first` is [N]."""
        row = {name: entry[None] for name, entry in entries.items()}
        memory = {name.removeprefix(PREFIX): value for name, value in state.items() if name.startswith(PREFIX)}
        distribution, _, memory = self.model.forward_policy(row, memory, first[None])
        with self.random.use():
            action = (distribution.mode() if self.greedy else distribution.sample())[0]
        after = {f"{PREFIX}{name}": value for name, value in memory.items()}
        if self.interface.last_action:
            after[LAST_ACTION] = self.interface.actions.encode(action)
        return action, after

    def _initial_state(self, count: int) -> State:
        """Return the state before the first step."""
        memory = self.model.memory.initial_state(count)
        state = {f"{PREFIX}{name}": value for name, value in memory.items()}
        if self.interface.last_action:
            state[LAST_ACTION] = torch.zeros(count, self.interface.actions.feature_size, device=self.interface.device)
        return state


def _require_state(state: State, start: State, count: int) -> None:
    """Raise ValueError unless a state has the names, shapes, types and device of the one before the first step."""
    require_tensors("state", state)
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    if shapes != {name: tuple(value.shape) for name, value in start.items()}:
        raise ValueError(f"state is {shapes}; it must be what the call before returned for {count} environments")
    for name, own in start.items():
        value = state[name]
        if value.dtype != own.dtype or value.device != own.device:
            found = f"of {value.dtype} on {value.device}"
            raise ValueError(f"state[{name!r}] is {found}; it must be of {own.dtype} on {own.device}")
