"""Policies over Discrete, MultiDiscrete and Box actions.

Legend: ... any leading shape (T, B), K action branches, C choices of all branches together, D features.

Log-probabilities are kept per branch, [..., K]; their sum over K is that of the whole action.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from .actions import Actions


class Policy(ABC):
    """The distribution over actions at every step, [..., K]."""

    @abstractmethod
    def sample(self) -> Tensor:
        """Draw actions, [..., K]."""

    @abstractmethod
    def mode(self) -> Tensor:
        """The likeliest actions, [..., K]."""

    @abstractmethod
    def log_prob(self, action: Tensor) -> Tensor:
        """Log-probability of each branch of the actions, [..., K]."""

    @abstractmethod
    def entropy(self) -> Tensor:
        """Entropy summed over the branches, [...]."""


class Categorical(Policy):
    """Independent choices; `logits` [..., C] are cut into the branches, of `choices` each."""

    def __init__(self, logits: Tensor, choices: tuple[int, ...]) -> None:
        self.log_probs = [part.log_softmax(-1) for part in logits.float().split(choices, -1)]

    def sample(self) -> Tensor:
        """Draw by the exponential race: argmax p / e is a draw from p where e is Exp(1)."""
        return torch.stack([(p - torch.empty_like(p).exponential_().log_()).argmax(-1) for p in self.log_probs], -1)

    def mode(self) -> Tensor:
        """The likeliest choice of each branch."""
        return torch.stack([p.argmax(-1) for p in self.log_probs], -1)

    def log_prob(self, action: Tensor) -> Tensor:
        """Of each branch."""
        branches = zip(self.log_probs, action.split(1, -1), strict=True)
        return torch.cat([p.gather(-1, a) for p, a in branches], -1)

    def entropy(self) -> Tensor:
        """Summed over the branches."""
        return torch.stack([-(p.exp() * p).sum(-1) for p in self.log_probs]).sum(0)


class Gaussian(Policy):
    """Independent normals; the scale does not depend on the observation (CleanRL's choice)."""

    def __init__(self, mean: Tensor, log_std: Tensor) -> None:
        self.mean, self.log_std = mean.float(), log_std.float().expand_as(mean)

    def sample(self) -> Tensor:
        """Unbounded; an environment's bounds are applied on the way to it."""
        return torch.normal(self.mean, self.log_std.exp()).detach()

    def mode(self) -> Tensor:
        """The mean."""
        return self.mean

    def log_prob(self, action: Tensor) -> Tensor:
        """Of each coordinate."""
        scaled = (action - self.mean) * torch.exp(-self.log_std)
        return -0.5 * scaled**2 - self.log_std - 0.5 * math.log(2 * math.pi)

    def entropy(self) -> Tensor:
        """Summed over the coordinates."""
        return (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)


class Head(nn.Module):
    """From features [..., D] to the policy.

    Args:
        input_size: Size D of the features.
        actions: What is acted in.
    """

    def __init__(self, input_size: int, actions: Actions) -> None:
        super().__init__()
        self.choices = actions.choices
        self.linear = nn.Linear(input_size, actions.feature_size)
        if not self.choices:
            self.log_std = nn.Parameter(torch.zeros(actions.branches))

    def forward(self, x: Tensor) -> Policy:
        """The policy at x [..., D]."""
        out = self.linear(x)
        return Categorical(out, self.choices) if self.choices else Gaussian(out, self.log_std)
