"""One step of a policy as a function of tensors alone, for programs that run where this library is not installed.

Legend: N environments, K action branches, C choices of all discrete branches together, A coordinates.

    action, state = step(obs, state, first)

is what `Policy` computes, without its checks and conversions: `obs` is a tensor [N, ...], or a dictionary of tensors
for a space with entries, `first` [N] is True where an observation begins an episode, and `state` holds tensors
[N, ...] by name. Where `first` is True the state may be anything, so that zeros do before the first step.
"""

from typing import Any, final

import torch
from torch import Tensor, nn

from memorl.memory import State

from .action_tensors import to_space
from .interface import Interface
from .model import ActorCritic
from .observations import ACTION_MASK, ENTRY, Observation
from .policy import LAST_ACTION


@final
class PolicyStep(nn.Module):
    """A step of a policy.

    Args:
        model: The model, which is set to evaluation and computes in float32.
        interface: The spaces that it was made for.
        state_names: The tensors of the state that go in and come out; None means all. A tensor that is left out stays
            as it is before the first step, and so nothing that acts may depend on it.
    """

    def __init__(self, model: ActorCritic, interface: Interface, state_names: tuple[str, ...] | None = None) -> None:
        super().__init__()
        self.model = model.eval()
        self.model.precision = "float32"
        self.interface = interface
        names = tuple(model.memory.initial_state(1)) + (LAST_ACTION,) * interface.last_action
        self.state_names = names if state_names is None else state_names

    def initial_state(self, N: int) -> State:
        """Return the state before the first step."""
        features = torch.zeros(N, self.interface.actions.feature_size)
        state = {**self.model.memory.initial_state(N), LAST_ACTION: features}
        return {name: state[name].clone() for name in self.state_names}  # a learned one is a view of a parameter

    def forward(
        self, obs: Tensor | Observation, state: State, first: Tensor, reward: Tensor | None = None,
        noise: Tensor | None = None, action_mask: Tensor | None = None,
    ) -> tuple[Any, State]:  # fmt: skip
        """Return the actions in the form of the environment's space, and the next state.

        Args:
            obs: The observations, [N, ...], or the entries of their space by name.
            state: The state, of `state_names`.
            first: True where an episode begins, [N].
            reward: The previous reward, [N], for a model that was trained with `last_reward`.
            noise: Random numbers [N, C + A] that choose the actions: uniform inside of (0, 1) for choices, standard
                normal for coordinates. Without them the actions are the most likely ones.
            action_mask: True where a choice is legal, [N, C], for masks that are not in the observations.
        """
        row = self._entries(obs, state.get(LAST_ACTION), first, reward, action_mask)
        memory = self.model.memory.initial_state(first.shape[0])
        memory |= {name: value for name, value in state.items() if name != LAST_ACTION}
        policy, _, after = self.model.forward_policy(row, memory, first[None])
        action = (policy.mode() if noise is None else policy.draw(noise[None]))[0]
        if LAST_ACTION in self.state_names:
            after[LAST_ACTION] = self.interface.actions.encode(action)
        return to_space(self.interface.actions, action), {name: after[name] for name in self.state_names}

    def _entries(
        self, obs: Tensor | Observation, last_action: Tensor | None, first: Tensor, reward: Tensor | None,
        action_mask: Tensor | None,
    ) -> Observation:  # fmt: skip
        """Return the entries that the model reads, one step of them, [1, N, ...]."""
        named = {ENTRY: obs} if isinstance(obs, Tensor) else dict(obs)
        masks = self.interface.masks
        if masks.entries:
            parts = [named.pop(name).flatten(1) != 0 for name in masks.entries]
            columns = torch.cat([torch.ones_like(first)[:, None], *parts], 1)
            named[ACTION_MASK] = columns[:, torch.from_numpy(masks.columns)]
        elif action_mask is not None:
            named[ACTION_MASK] = action_mask
        if last_action is not None:
            named[LAST_ACTION] = last_action.masked_fill(first[:, None], 0)
        if reward is not None:
            named["last_reward"] = reward.masked_fill(first, 0)[:, None]
        return {name: entry[None] for name, entry in named.items()}
