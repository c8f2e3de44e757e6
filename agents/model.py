"""Observation -> encoder -> memory -> policy and value.

    x = encoder(obs);  y = memory(x);  b = relu(W y);  policy = W relu(W b);  value = W relu(W b)

is the network of the Memory Gym paper. The policy and the critic may have less in common: with `share="encoder"` the
critic has its own y and b, of a memory and a layer of its own, with `share="none"` its own x, too.

Legend: T time, B batch, D features, H memory outputs, K action branches.
"""

import copy
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple

import torch
from gymnasium import spaces
from torch import Tensor, nn

from memorl.kernels import without_autocast
from memorl.memory import Memory, Parallel, State
from memorl.memory.checks import require_at_least, require_choice

from .actions import Actions
from .encoders import Encoder, orthogonal
from .heads import ActionDistribution, PolicyHead
from .normalise import ObservationNormaliser, Selection, ValueHead
from .observations import ACTION_MASK, Observation

Precision = Literal["float32", "bfloat16"]

Share = Literal["all", "encoder", "none"]
"""The parts that the policy and the critic share: encoder, memory and body; the encoder only; or nothing."""


class Output(NamedTuple):
    """The policy and the value of a model at every step."""

    policy: ActionDistribution  # the distribution over actions, [T, B, K]
    value: Tensor  # the expected return, [T, B]


class ActorCritic(nn.Module):
    """A policy and a critic over an encoder and a memory.

    Args:
        encoder: Maps observations [B, ...] to features [B, D].
        memory: Any memory whose input size is D.
        actions: The actions of the environment.
        body_size: Size of the layer after the memory; 0 leaves it out.
        branch_size: Size of the layer that the policy and the value each have of their own; 0 leaves it out.
        share: "all", "encoder" or "none": what the policy and the critic share. Parts that they do not share begin as
            copies.
        precision: "float32", or "bfloat16" for autocast (states, logits and values stay float32).
        observation_space: The observation space of one environment, for what `normalize_observations` selects.
        normalize_observations: Entries that are normalised by running moments: "unbounded" ones, whose bounds are
            missing or wide (floats beyond 100, whole numbers of more than two bytes), "all" vectors, too, or "none".

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, encoder: nn.Module, memory: Memory, actions: Actions, body_size: int = 512, branch_size: int = 512,
        share: Share = "all", precision: Precision = "float32", observation_space: spaces.Dict | None = None,
        normalize_observations: Selection = "unbounded",
    ) -> None:  # fmt: skip
        super().__init__()
        require_at_least(0, body_size=body_size, branch_size=branch_size)
        require_choice(Share, share=share)
        require_choice(Precision, precision=precision)
        require_choice(Selection, normalize_observations=normalize_observations)
        encoders = [part for part in encoder.modules() if isinstance(part, Encoder)]
        layouts = {name: layout for part in encoders for name, layout in part.layouts.items()}
        self.normaliser = ObservationNormaliser(observation_space, normalize_observations, layouts)
        for part in encoders:
            part.keep_scales(self.normaliser.names)
        self.encoder = encoder
        self.critic_encoder = copy.deepcopy(encoder) if share == "none" else None
        self.memory = memory if share == "all" else Parallel([memory, copy.deepcopy(memory)], split=share == "none")
        self.share = share
        self.precision = precision
        self.body = _layer(memory.output_size, body_size)
        self.critic_body = nn.Identity() if share == "all" else _layer(memory.output_size, body_size)
        self.policy_branch = _layer(body_size or memory.output_size, branch_size)
        self.value_branch = _layer(body_size or memory.output_size, branch_size)
        branch_output = branch_size or body_size or memory.output_size
        self.policy = PolicyHead(branch_output, actions)
        self.value = ValueHead(branch_output)
        orthogonal(self.policy, 0.1)
        orthogonal(self.value, 1.0)

    def forward(self, obs: Observation, state: State, first: Tensor) -> tuple[Output, State]:
        """Run over sequences of observations [T, B, ...] from the state before them; `first` is [T, B]."""
        policy, c, state = self.forward_policy(obs, state, first)
        return Output(policy, self.forward_value(c)), state

    def forward_policy(self, obs: Observation, state: State, first: Tensor) -> tuple[ActionDistribution, Tensor, State]:
        """Run without the values, and return also the critic's features c [T, B, ...] that `forward_value` takes."""
        with self._autocast(first.device):
            y, state = self.memory(self.encode(obs, first), state, first)
            if self.share == "all":
                b = self.body(y)
                c = b
            else:
                y, c = y.chunk(2, -1)
                b = self.body(y)
            return self.policy(self.policy_branch(b), obs.get(ACTION_MASK)), c, state

    def forward_value(self, c: Tensor) -> Tensor:
        """Return the values [T, B] of the critic's features c, of any number of steps."""
        with self._autocast(c.device):
            return self.value(self.value_branch(self.critic_body(c)))

    def copy_actor(self) -> "ActorCritic":
        """Return a copy that acts as this one does, without the parts of the critic alone; its values mean nothing."""
        actor = copy.deepcopy(self)
        if isinstance(actor.memory, Parallel) and self.share != "all":
            actor.memory, _ = actor.memory.members()
            actor.critic_encoder = None
            actor.share = "all"
        return actor

    def encode(self, obs: Observation, first: Tensor) -> Tensor:
        """Return the features [T, B, D] that the memory reads of observations [T, B, ...]; [T, B, 2 D] with "none"."""
        masks = (ACTION_MASK,) if self.policy.choices else ()
        flat = {name: entry.flatten(0, 1) for name, entry in obs.items() if name not in masks}
        normalised = self.normaliser(flat)
        x = self.encoder(normalised)
        if self.critic_encoder is not None:
            x = torch.cat([x, self.critic_encoder(normalised)], -1)
        return x.unflatten(0, first.shape)

    def _autocast(self, device: torch.device) -> AbstractContextManager[object]:
        if self.precision == "float32":
            return without_autocast(device)
        return torch.autocast(device.type, torch.bfloat16)


def _layer(input_size: int, size: int) -> nn.Module:
    """Return a linear layer with ReLU; at size 0 the identity."""
    if not size:
        return nn.Identity()
    layer = nn.Sequential(nn.Linear(input_size, size), nn.ReLU())
    orthogonal(layer)
    return layer
