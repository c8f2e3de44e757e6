"""Distributions over Discrete, MultiDiscrete and Box actions, and the layer that makes them.

Legend: ... any leading shape (T, B), K action branches, C choices of all branches together, D features.

Log-probabilities are kept per branch, [..., K]; their sum over K is the log-probability of the whole action.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from .actions import Actions


class ActionDistribution(ABC):
    """A distribution over actions [..., K] at every step."""

    @abstractmethod
    def sample(self) -> Tensor:
        """Draw actions, [..., K]."""

    @abstractmethod
    def mode(self) -> Tensor:
        """Return the most likely actions, [..., K]."""

    @abstractmethod
    def log_prob(self, action: Tensor) -> Tensor:
        """Return the log-probability of each branch of the actions, [..., K]."""

    @abstractmethod
    def entropy(self) -> Tensor:
        """Return the entropy, summed over the branches, [...]."""


class Categorical(ActionDistribution):
    """Independent choices; `logits` [..., C] are split into branches of `choices` each."""

    def __init__(self, logits: Tensor, choices: tuple[int, ...]) -> None:
        self.log_probs = [branch.log_softmax(-1) for branch in logits.float().split(choices, -1)]

    def sample(self) -> Tensor:
        """Draw by the exponential race: argmax p / e is a draw from p where e is Exp(1)."""
        return torch.stack([(p - torch.empty_like(p).exponential_().log_()).argmax(-1) for p in self.log_probs], -1)

    def mode(self) -> Tensor:
        """Return the most likely choice of each branch."""
        return torch.stack([p.argmax(-1) for p in self.log_probs], -1)

    def log_prob(self, action: Tensor) -> Tensor:
        """Return the log-probability of the choice of each branch."""
        branches = zip(self.log_probs, action.split(1, -1), strict=True)
        return torch.cat([p.gather(-1, choice) for p, choice in branches], -1)

    def entropy(self) -> Tensor:
        """Return the entropy, summed over the branches."""
        return torch.stack([-(p.exp() * p).sum(-1) for p in self.log_probs]).sum(0)


class Gaussian(ActionDistribution):
    """Independent normal distributions; the scale does not depend on the observation (CleanRL's choice)."""

    def __init__(self, mean: Tensor, log_std: Tensor) -> None:
        self.mean = mean.float()
        self.log_std = log_std.float().expand_as(mean)

    def sample(self) -> Tensor:
        """Draw actions without bounds; `Actions.to_env` clips them."""
        return torch.normal(self.mean, self.log_std.exp()).detach()

    def mode(self) -> Tensor:
        """Return the mean."""
        return self.mean

    def log_prob(self, action: Tensor) -> Tensor:
        """Return the log-density of each coordinate."""
        scaled = (action - self.mean) * torch.exp(-self.log_std)
        return -0.5 * scaled**2 - self.log_std - 0.5 * math.log(2 * math.pi)

    def entropy(self) -> Tensor:
        """Return the entropy, summed over the coordinates."""
        return (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)


class PolicyHead(nn.Module):
    """A linear layer from features [..., D] to the distribution over actions.

    Args:
        input_size: Size D of the features.
        actions: The actions of the environment.
    """

    def __init__(self, input_size: int, actions: Actions) -> None:
        super().__init__()
        self.choices = actions.choices
        self.linear = nn.Linear(input_size, actions.feature_size)
        if not self.choices:
            self.log_std = nn.Parameter(torch.zeros(actions.branches))

    def forward(self, x: Tensor) -> ActionDistribution:
        """Return the distribution for features x [..., D]."""
        out = self.linear(x)
        return Categorical(out, self.choices) if self.choices else Gaussian(out, self.log_std)
