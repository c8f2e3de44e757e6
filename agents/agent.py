"""The update that all agents share: advantages once a rollout, then epochs of minibatches, each a loss, gradient, step.

An agent does not see the environment, nor the kind of memory that the model has.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .checks import require_at_least, require_fraction, require_positive
from .model import ActorCritic
from .returns import gae
from .rollout import Batch, Rollout
from .schedule import LinearSchedule


class Agent(ABC):
    """Base class; subclasses define the loss.

    Args:
        model: The model to train.
        optimizer: The optimizer of the model's parameters.
        schedules: The values that change with the steps; `lr` is one of them.
        anneal_steps: Environment steps over which the schedules run.
        gamma: Discount.
        lam: Decay of the generalised advantage estimate.
        max_grad_norm: Norm at which gradients are clipped; None leaves them.
        epochs: Passes over a rollout.
        minibatches: Parts that a pass is split into.
        normalize_values: Scale the values by the running moments of their targets (`normalise`, equation 3), and the
            value loss with them, so that one weight of that loss suits rewards of any size.
        target_kl: Skip the remaining epochs once the approximate KL divergence of one is above this; None never does.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        model: ActorCritic,
        optimizer: torch.optim.Optimizer,
        schedules: Mapping[str, LinearSchedule],
        *,
        anneal_steps: int,
        gamma: float,
        lam: float,
        max_grad_norm: float | None,
        epochs: int,
        minibatches: int,
        normalize_values: bool,
        target_kl: float | None = None,
    ) -> None:
        require_positive(anneal_steps=anneal_steps, epochs=epochs, minibatches=minibatches)
        require_positive(max_grad_norm=max_grad_norm, target_kl=target_kl)
        require_fraction(gamma=gamma, lam=lam)
        for name, (start, end) in schedules.items():
            require_at_least(0, **{name: start, f"final_{name}": end})
        self.model = model
        self.optimizer = optimizer
        self.schedules = schedules
        self.anneal_steps = anneal_steps
        self.gamma = gamma
        self.lam = lam
        self.max_grad_norm = max_grad_norm
        self.epochs = epochs
        self.minibatches = minibatches
        self.normalize_values = normalize_values
        self.target_kl = target_kl
        self.steps = 0
        """Environment steps learned from so far."""
        self.current_values = self._scheduled_values()
        """The present value of each schedule."""

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss over a batch, to be minimised, and its detached parts, `approx_kl` among them."""

    def require_sequences(self, sequences: int) -> None:
        """Raise ValueError if a rollout of so many sequences cannot be split into the minibatches."""
        if self.minibatches > sequences:
            raise ValueError(
                f"minibatches is {self.minibatches}; it must be at most {sequences}, the sequences of a rollout"
            )

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Learn from a rollout and return the metrics.

        Raises:
            ValueError: If there are fewer sequences than minibatches.
            FloatingPointError: If the loss is not finite; the parameters cannot be used any more.
        """
        self.require_sequences(len(rollout.states) * rollout.first.shape[1])
        self.current_values = self._scheduled_values()
        for group in self.optimizer.param_groups:
            group["lr"] = self.current_values["lr"]
        self.steps += rollout.steps
        advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, self.gamma, self.lam)
        if self.normalize_values:
            self.model.value.rescale((advantage + rollout.value[:-1])[~rollout.last[:-1]])
        stats = self._optimize(rollout, advantage)
        self.model.normaliser.update({name: entry[:-1] for name, entry in rollout.obs.items()})
        losses = {f"losses/{name}": _mean(stats, name) for name in stats[0]}
        self._require_finite(losses)
        losses["losses/explained_variance"] = _explained_variance(rollout, advantage)
        charts = {"learning_rate" if name == "lr" else name: value for name, value in self.current_values.items()}
        return losses | {f"charts/{name}": value for name, value in charts.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer and the steps learned from."""
        return {"optimizer": self.optimizer.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]

    def _optimize(self, rollout: Rollout, advantage: Tensor) -> list[dict[str, Tensor]]:
        """Run the epochs and return the parts of each minibatch's loss."""
        stats: list[dict[str, Tensor]] = []
        for epoch in range(self.epochs):
            for batch in rollout.minibatches(self.minibatches, advantage):
                loss, parts = self.loss(batch)
                self.optimizer.zero_grad()
                loss.backward()
                norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.max_grad_norm or math.inf)
                self.optimizer.step()
                stats.append({**parts, "loss": loss.detach(), "grad_norm": norm})
            if self.target_kl is not None and _mean(stats[epoch * self.minibatches :], "approx_kl") > self.target_kl:
                break
        return stats

    def _require_finite(self, losses: Mapping[str, float]) -> None:
        """Raise FloatingPointError if a loss or a parameter is not finite."""
        for name, value in losses.items():
            if not math.isfinite(value):
                raise FloatingPointError(f"{name} is {value} at step {self.steps}")
        if not torch.stack([p.isfinite().all() for p in self.model.parameters()]).all():
            raise FloatingPointError(f"a parameter is not finite at step {self.steps}")

    def _scheduled_values(self) -> dict[str, float]:
        fraction = self.steps / self.anneal_steps
        return {name: schedule.value(fraction) for name, schedule in self.schedules.items()}


def _explained_variance(rollout: Rollout, advantage: Tensor) -> float:
    """Return 1 - Var[target - value] / Var[target] over the decisions of a rollout."""
    valid = ~rollout.last[:-1]
    target = (advantage + rollout.value[:-1])[valid]
    unexplained = advantage[valid].var() / target.var().clamp(min=1e-12)
    return 1 - unexplained.item()


def _mean(stats: list[dict[str, Tensor]], name: str) -> float:
    return torch.stack([parts[name] for parts in stats]).mean().item()
