"""What every agent does with a rollout; what it minimises is its own.

Advantages once a rollout, then epochs of minibatches: loss, gradient, clip, step. Knows nothing of the environment, nor
of which memory the model has.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from memorl.memory.base import require_not_negative, require_positive

from .model import ActorCritic
from .returns import gae
from .rollout import Batch, Rollout


class Linear(NamedTuple):
    """A figure that goes from `start` to `end` as the steps do, and stays there; None as the end keeps the start."""

    start: float
    end: float | None

    def at(self, share: float) -> float:
        """Where it stands after a share of the steps."""
        return self.start if self.end is None else self.start + (self.end - self.start) * min(1.0, share)


class Agent(ABC):
    """An update over rollouts.

    Args:
        model: What is trained.
        optimizer: Of the model's parameters.
        schedules: What changes with the steps; `lr` is one of them.
        anneal_steps: Environment steps over which the schedules run.
        gamma: Discount.
        lam: Decay of the generalised advantage estimate.
        max_grad_norm: Norm at which gradients are clipped; None leaves them.
        epochs: Passes over a rollout.
        minibatches: Parts that a pass is dealt into.
        target_kl: Skip the epochs left once the approximate KL divergence of one is above this; None never does.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        model: ActorCritic,
        optimizer: torch.optim.Optimizer,
        schedules: Mapping[str, Linear],
        *,
        anneal_steps: int,
        gamma: float,
        lam: float,
        max_grad_norm: float | None,
        epochs: int,
        minibatches: int,
        target_kl: float | None = None,
    ) -> None:
        require_positive(anneal_steps=anneal_steps, epochs=epochs, minibatches=minibatches)
        for name, value in (("max_grad_norm", max_grad_norm), ("target_kl", target_kl)):
            require_positive(**{name: 1 if value is None else value})
        for name, (start, end) in schedules.items():
            require_not_negative(**{name: start, f"final_{name}": start if end is None else end})
        if not (0 <= gamma <= 1 and 0 <= lam <= 1):
            raise ValueError(f"gamma is {gamma} and lam {lam}; both must lie between 0 and 1")
        self.model, self.optimizer, self.schedules = model, optimizer, schedules
        self.anneal_steps, self.gamma, self.lam = anneal_steps, gamma, lam
        self.max_grad_norm, self.target_kl = max_grad_norm, target_kl
        self.epochs, self.minibatches = epochs, minibatches
        self.steps = 0
        """Environment steps learned from so far."""
        self.now = self._anneal()
        """Where the schedules stand."""

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss over a batch, to be minimised, and its parts, detached, `approx_kl` among them."""

    def require(self, sequences: int) -> None:
        """Raise ValueError if rollouts of so many sequences cannot be learned from."""
        if self.minibatches > sequences:
            raise ValueError(f"minibatches is {self.minibatches}; a rollout has only {sequences} sequences")

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Learn from a rollout and return what to log.

        Raises:
            ValueError: If there are fewer sequences than minibatches.
            FloatingPointError: If the loss is not finite; the model is then spoilt.
        """
        self.require(len(rollout.states) * rollout.first.shape[1])
        self.now = self._anneal()
        for group in self.optimizer.param_groups:
            group["lr"] = self.now["lr"]
        self.steps += rollout.steps

        advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, self.gamma, self.lam)
        stats: list[dict[str, Tensor]] = []
        for epoch in range(self.epochs):
            for batch in rollout.minibatches(self.minibatches, advantage):
                loss, stat = self.loss(batch)
                self.optimizer.zero_grad()
                loss.backward()
                norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.max_grad_norm or float("inf"))
                self.optimizer.step()
                stats.append({**stat, "loss": loss.detach(), "grad_norm": norm})
            recent = stats[epoch * self.minibatches :]
            if self.target_kl is not None and _mean(recent, "approx_kl") > self.target_kl:
                break
        means = {f"losses/{name}": _mean(stats, name) for name in stats[0]}
        if not all(map(_finite, means.values())):
            wrong = next(name for name, value in means.items() if not _finite(value))
            raise FloatingPointError(f"{wrong} is {means[wrong]} at step {self.steps}")
        if not torch.stack([p.isfinite().all() for p in self.model.parameters()]).all():
            raise FloatingPointError(f"a parameter is not finite at step {self.steps}")
        decided = ~rollout.last[:-1]
        target = (advantage + rollout.value[:-1])[decided]
        unexplained = advantage[decided].var() / target.var().clamp(min=1e-12)
        charts = {f"charts/{'learning_rate' if name == 'lr' else name}": value for name, value in self.now.items()}
        return {**means, "losses/explained_variance": 1 - unexplained.item(), **charts}

    def state_dict(self) -> dict[str, Any]:
        """The optimizer and the steps done."""
        return {"optimizer": self.optimizer.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]

    def _anneal(self) -> dict[str, float]:
        return {name: line.at(self.steps / self.anneal_steps) for name, line in self.schedules.items()}


def masked_mean(x: Tensor, valid: Tensor) -> Tensor:
    """The mean of x [L, M] over the rows that are valid."""
    return x.masked_fill(~valid, 0).sum() / valid.sum().clamp(min=1)


def standardize(x: Tensor, valid: Tensor) -> Tensor:
    """X [L, M] with mean 0 and deviation 1 over the rows that are valid."""
    centred = x - masked_mean(x, valid)
    variance = (centred**2).masked_fill(~valid, 0).sum() / (valid.sum() - 1).clamp(min=1)
    return centred / variance.sqrt().add(1e-8)


def _mean(stats: list[dict[str, Tensor]], name: str) -> float:
    return torch.stack([stat[name] for stat in stats]).mean().item()


def _finite(x: float) -> bool:
    return x - x == 0
