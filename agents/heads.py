"""Distributions over actions, and the layer that makes them.

Legend: ... any leading shape (T, B), K action branches, C choices of all discrete branches together, A coordinates,
F features.

Log-probabilities are kept per branch, [..., K]; their sum over K is the log-probability of the whole action.

Choices that a mask forbids have probability 0 (Huang and Ontanon, 2022, https://arxiv.org/abs/2006.14171): they are
never drawn, count nothing in the entropy, and their logits get no gradient.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from .actions import Actions

ILLEGAL_LOGIT = -1e9
"""The logit of an illegal choice: finite, so that the entropy is finite; a branch without a legal choice is uniform."""


class ActionDistribution(ABC):
    """A distribution over actions [..., K] at every step."""

    @abstractmethod
    def sample(self) -> Tensor:
        """Draw actions, [..., K]."""

    @abstractmethod
    def draw(self, noise: Tensor) -> Tensor:
        """Return the actions [..., K] that random numbers [..., C + A] choose.

        The numbers of choices are uniform inside of (0, 1), those of coordinates are standard normal.
        """

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
    """Independent choices; `logits` [..., C] are split into branches of `choices` each, legal where `mask` is True."""

    def __init__(self, logits: Tensor, choices: tuple[int, ...], mask: Tensor | None = None) -> None:
        logits = logits.float() if mask is None else logits.float().masked_fill(~mask, ILLEGAL_LOGIT)
        self.log_probs = [branch.log_softmax(-1) for branch in logits.split(choices, -1)]

    def sample(self) -> Tensor:
        """Draw by the exponential race: argmax p / e is a draw from p where e is Exp(1)."""
        return torch.stack([(p - torch.empty_like(p).exponential_().log_()).argmax(-1) for p in self.log_probs], -1)

    def draw(self, noise: Tensor) -> Tensor:
        """Return the choices of the same race, in which e is -log of a number."""
        numbers = noise.split([p.shape[-1] for p in self.log_probs], -1)
        races = zip(self.log_probs, numbers, strict=True)
        return torch.stack([(p - (-u.log()).log()).argmax(-1) for p, u in races], -1)

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

    def draw(self, noise: Tensor) -> Tensor:
        """Return the actions as many deviations from the mean as the numbers say."""
        return self.mean + self.log_std.exp() * noise

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


class Joint(ActionDistribution):
    """Discrete branches and coordinates, independent of each other."""

    def __init__(self, choices: Categorical, coordinates: Gaussian) -> None:
        self.choices = choices
        self.coordinates = coordinates

    def sample(self) -> Tensor:
        """Draw actions; the choices are whole numbers in floating point."""
        return torch.cat([self.choices.sample(), self.coordinates.sample()], -1)

    def draw(self, noise: Tensor) -> Tensor:
        """Return the choices and the coordinates that the numbers choose."""
        of_choices, of_coordinates = noise.tensor_split([noise.shape[-1] - self.coordinates.mean.shape[-1]], -1)
        return torch.cat([self.choices.draw(of_choices), self.coordinates.draw(of_coordinates)], -1)

    def mode(self) -> Tensor:
        """Return the most likely choices and the mean coordinates."""
        return torch.cat([self.choices.mode(), self.coordinates.mode()], -1)

    def log_prob(self, action: Tensor) -> Tensor:
        """Return the log-probability of each branch."""
        choice, coordinate = action.tensor_split([len(self.choices.log_probs)], -1)
        return torch.cat([self.choices.log_prob(choice.long()), self.coordinates.log_prob(coordinate)], -1)

    def entropy(self) -> Tensor:
        """Return the entropy, summed over the branches."""
        return self.choices.entropy() + self.coordinates.entropy()


class PolicyHead(nn.Module):
    """A linear layer from features [..., F] to the distribution over actions.

    Args:
        input_size: Size F of the features.
        actions: The actions of the environment.
    """

    def __init__(self, input_size: int, actions: Actions) -> None:
        super().__init__()
        self.choices = actions.choices
        self.linear = nn.Linear(input_size, actions.feature_size)
        if actions.coordinates:
            self.log_std = nn.Parameter(torch.zeros(actions.coordinates))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> ActionDistribution:
        """Return the distribution for features x [..., F]; `mask` [..., C] is True where a choice is legal."""
        logits, mean = self.linear(x).tensor_split([sum(self.choices)], -1)
        if not self.choices:
            return Gaussian(mean, self.log_std)
        categorical = Categorical(logits, self.choices, mask)
        return Joint(categorical, Gaussian(mean, self.log_std)) if mean.shape[-1] else categorical
