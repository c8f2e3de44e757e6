"""Observation -> encoder -> memory -> policy and value.

Legend: T time, B batch, K action branches.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from memorl.memory import Memory, State

from .actions import Actions
from .encoders import Observation, orthogonal
from .heads import Head, Policy

PRECISIONS = ("float32", "bfloat16")


class Output(NamedTuple):
    """What a model says of every step."""

    policy: Policy
    """The distribution over actions, [T, B, K]."""
    value: Tensor
    """The expected return, [T, B]."""


class ActorCritic(nn.Module):
    """A policy and a value that share an encoder and a memory: the network of the Memory Gym paper by default.

        x = encoder(obs);  y = memory(x);  b = relu(W y);  policy = W relu(W b);  value = W relu(W b)

    Args:
        encoder: Maps observations [B, ...] to features [B, memory.input_size].
        memory: Any memory.
        actions: What is acted in.
        body_size: Size of the layer after the memory; 0 leaves it out.
        branch_size: Size of the layer that the policy and the value each have of their own; 0 leaves it out.
        precision: "float32", or "bfloat16" for autocast (states, logits and values stay float32).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        encoder: nn.Module,
        memory: Memory,
        actions: Actions,
        body_size: int = 512,
        branch_size: int = 512,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(PRECISIONS)}")
        if min(body_size, branch_size) < 0:
            raise ValueError(f"body_size is {body_size} and branch_size {branch_size}; neither can be negative")
        self.encoder, self.memory, self.precision = encoder, memory, precision
        self.body, size = _layer(memory.output_size, body_size)
        self.policy_branch, branch = _layer(size, branch_size)
        self.value_branch, _ = _layer(size, branch_size)
        self.policy, self.value = Head(branch, actions), nn.Linear(branch, 1)
        orthogonal(self.policy, 0.1)
        orthogonal(self.value, 1.0)

    def forward(self, obs: Observation, state: State, first: Tensor) -> tuple[Output, State]:
        """Run over sequences of observations [T, B, ...] from the state before them; `first` is [T, B]."""
        policy, b, state = self.decide(obs, state, first)
        return Output(policy, self.judge(b)), state

    def decide(self, obs: Observation, state: State, first: Tensor) -> tuple[Policy, Tensor, State]:
        """The same without the values; in their place b, from which `judge` makes them, [T, B, ...]."""
        with self._cast(first):
            y, state = self.memory(self.encode(obs, first), state, first)
            b = self.body(y)
            return self.policy(self.policy_branch(b)), b, state

    def judge(self, b: Tensor) -> Tensor:
        """The values [T, B], of what `decide` gave for any number of steps."""
        with self._cast(b):
            return self.value(self.value_branch(b)).squeeze(-1).float()

    def _cast(self, like: Tensor) -> torch.autocast:
        return torch.autocast(like.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def encode(self, obs: Observation, first: Tensor) -> Tensor:
        """What the memory reads of observations [T, B, ...], [T, B, D]."""
        flat = obs.flatten(0, 1) if isinstance(obs, Tensor) else {k: v.flatten(0, 1) for k, v in obs.items()}
        return self.encoder(flat).unflatten(0, first.shape)


def _layer(input_size: int, size: int) -> tuple[nn.Module, int]:
    """A linear layer with ReLU and what comes out of it; nothing at size 0."""
    if not size:
        return nn.Identity(), input_size
    layer = nn.Sequential(nn.Linear(input_size, size), nn.ReLU())
    orthogonal(layer)
    return layer, size
