"""Observation -> encoder -> memory -> policy and value.

Legend: T time, B batch, D features, H memory outputs, K action branches.
"""

from typing import Literal, NamedTuple

import torch
from gymnasium import spaces
from torch import Tensor, nn

from memorl.memory import Memory, State
from memorl.memory.checks import require_at_least, require_choice

from .actions import Actions
from .encoders import orthogonal
from .heads import ActionDistribution, PolicyHead
from .normalise import ObservationNormaliser, Selection, ValueHead
from .observations import ACTION_MASK, Observation

Precision = Literal["float32", "bfloat16"]


class Output(NamedTuple):
    """The policy and the value of a model at every step."""

    policy: ActionDistribution  # the distribution over actions, [T, B, K]
    value: Tensor  # the expected return, [T, B]


class ActorCritic(nn.Module):
    """A policy and a value that share an encoder and a memory: the network of the Memory Gym paper by default.

        x = encoder(obs);  y = memory(x);  b = relu(W y);  policy = W relu(W b);  value = W relu(W b)

    Args:
        encoder: Maps observations [B, ...] to features [B, D].
        memory: Any memory whose input size is D.
        actions: The actions of the environment.
        body_size: Size of the layer after the memory; 0 leaves it out.
        branch_size: Size of the layer that the policy and the value each have of their own; 0 leaves it out.
        precision: "float32", or "bfloat16" for autocast (states, logits and values stay float32).
        observation_space: The observation space of one environment, for what `normalize_observations` selects.
        normalize_observations: Entries that are normalised by running moments: "unbounded" vectors, "all" vectors of
            floats, or "none".

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, encoder: nn.Module, memory: Memory, actions: Actions, body_size: int = 512, branch_size: int = 512,
        precision: Precision = "float32", observation_space: spaces.Dict | None = None,
        normalize_observations: Selection = "unbounded",
    ) -> None:  # fmt: skip
        super().__init__()
        require_at_least(0, body_size=body_size, branch_size=branch_size)
        require_choice(Precision, precision=precision)
        require_choice(Selection, normalize_observations=normalize_observations)
        self.normaliser = ObservationNormaliser(observation_space, normalize_observations)
        self.encoder = encoder
        self.memory = memory
        self.precision = precision
        self.body = _layer(memory.output_size, body_size)
        self.policy_branch = _layer(body_size or memory.output_size, branch_size)
        self.value_branch = _layer(body_size or memory.output_size, branch_size)
        branch_output = branch_size or body_size or memory.output_size
        self.policy = PolicyHead(branch_output, actions)
        self.value = ValueHead(branch_output)
        orthogonal(self.policy, 0.1)
        orthogonal(self.value, 1.0)

    def forward(self, obs: Observation, state: State, first: Tensor) -> tuple[Output, State]:
        """Run over sequences of observations [T, B, ...] from the state before them; `first` is [T, B]."""
        policy, b, state = self.forward_policy(obs, state, first)
        return Output(policy, self.forward_value(b)), state

    def forward_policy(self, obs: Observation, state: State, first: Tensor) -> tuple[ActionDistribution, Tensor, State]:
        """Run without the values, and return also the body's features b [T, B, ...] that `forward_value` takes."""
        with self._autocast(first.device):
            y, state = self.memory(self.encode(obs, first), state, first)
            b = self.body(y)
            return self.policy(self.policy_branch(b), obs.get(ACTION_MASK)), b, state

    def forward_value(self, b: Tensor) -> Tensor:
        """Return the values [T, B] of the body's features b, of any number of steps."""
        with self._autocast(b.device):
            return self.value(self.value_branch(b))

    def encode(self, obs: Observation, first: Tensor) -> Tensor:
        """Return the features [T, B, D] that the memory reads of observations [T, B, ...]."""
        flat = {name: entry.flatten(0, 1) for name, entry in obs.items() if name != ACTION_MASK}
        return self.encoder(self.normaliser(flat)).unflatten(0, first.shape)

    def _autocast(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")


def _layer(input_size: int, size: int) -> nn.Module:
    """Return a linear layer with ReLU; at size 0 the identity."""
    if not size:
        return nn.Identity()
    layer = nn.Sequential(nn.Linear(input_size, size), nn.ReLU())
    orthogonal(layer)
    return layer
