"""An interface holds the spaces of one environment, and turns its observations into the entries that a model reads.

Legend: N environments, F features of an action.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor

from .actions import Actions
from .masks import ActionMasks
from .observations import ACTION_MASK, Observation, as_dict_space, require_numbers, require_space
from .spaces import space_to_plain

WIDER = {np.dtype("uint16"): np.int32, np.dtype("uint32"): np.int64, np.dtype("uint64"): np.float32}
"""Types that torch cannot save or compute with, and the types of the tensors in their place."""


class Interface:
    """The spaces of one environment, and the entries that a model reads besides: the previous action and reward.

    Args:
        observation_space: The observations of one environment.
        action_space: The actions of one environment.
        device: Device of the tensors.
        last_action: Add the previous action to the observations, as features; zeros where `first`.
        last_reward: Add the previous reward to the observations.
        scale_actions: Scale the coordinates of actions with finite bounds; see `Actions`.

    Raises:
        ValueError: If one of the spaces is not supported.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        device: torch.device | str = "cpu",
        last_action: bool = False,
        last_reward: bool = False,
        scale_actions: bool = True,
    ) -> None:
        self.device = torch.device(device)
        self.last_action = last_action
        self.last_reward = last_reward
        require_space("observation_space", observation_space)
        require_space("action_space", action_space)
        self.actions = Actions(action_space, scale_actions)
        self.space = as_dict_space(observation_space)
        """The space of the environment's entries, with a mask where it has one."""
        self.masks = ActionMasks(self.actions, self.space)
        others = {name: entry for name, entry in self.space.items() if name not in self.masks.entries}
        self.env_space = spaces.Dict(others)
        """The space of the environment's own entries, without a mask."""
        for name, entry in others.items():
            require_numbers(f"observation_space[{name!r}]", entry)
        self.observation_space = self._extended_space()
        """The space of what an encoder reads: the previous action and reward beside these."""
        if not self.observation_space.spaces:
            found = f"nothing but the mask {ACTION_MASK!r}" if self.masks.entries else "no entries"
            raise ValueError(f"observation_space has {found}; it must have an entry for the encoder")

    @property
    def plain_spaces(self) -> dict[str, dict[str, Any]]:
        """Return the spaces of observations and actions in plain containers."""
        return {"observation": space_to_plain(self.space), "action": space_to_plain(self.actions.space)}

    def make_entries(
        self, arrays: Mapping[str, NDArray[Any]], infos: Mapping[str, Any], last: NDArray[np.bool_],
        previous_action: Tensor | None, reward: Tensor, first: Tensor,
    ) -> Observation:  # fmt: skip
        """Return the entries that a model reads.

        Args:
            arrays: The entries of the observations, each [N, ...].
            infos: The infos of the step, which may have masks.
            last: True where the episode ends, [N].
            previous_action: The features of the previous action, [N, F]; None where there is none.
            reward: The previous reward, [N].
            first: True where an episode begins, [N].
        """
        entries = {name: self.to_tensor(x) for name, x in arrays.items() if name not in self.masks.entries}
        if (masks := self.masks.read(arrays, infos, last)) is not None:
            entries[ACTION_MASK] = self.to_tensor(masks)
        if self.last_action:
            zeros = torch.zeros(len(reward), self.actions.feature_size, device=self.device)
            features = zeros if previous_action is None else previous_action
            entries["last_action"] = features.masked_fill(first[:, None], 0)
        if self.last_reward:
            entries["last_reward"] = reward[:, None]
        return entries

    def to_tensor(self, x: NDArray[Any]) -> Tensor:
        """Return an array on the device; float64 becomes float32, and a type of `WIDER` another."""
        if x.dtype in WIDER:
            x = x.astype(WIDER[x.dtype])
        tensor = torch.from_numpy(np.ascontiguousarray(x))
        tensor = tensor.pin_memory() if self.device.type == "cuda" else tensor  # or the host would wait for its copy
        tensor = tensor.to(self.device, non_blocking=True)
        return tensor.float() if tensor.dtype == torch.float64 else tensor

    def _extended_space(self) -> spaces.Dict:
        """Return the space with the entries of the previous action and reward."""
        extra: dict[str, spaces.Space] = {}
        if self.last_action:
            extra["last_action"] = spaces.Box(-np.inf, np.inf, (self.actions.feature_size,))
        if self.last_reward:
            extra["last_reward"] = spaces.Box(-np.inf, np.inf, (1,))
        if taken := sorted(extra.keys() & self.env_space.keys()):
            raise ValueError(f"observation_space has an entry {taken[0]!r} of its own; {taken[0]} must be false")
        return spaces.Dict({**self.env_space.spaces, **extra})
