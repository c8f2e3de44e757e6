"""The update that all agents share: advantages once a rollout, then for each minibatch a loss, a gradient and a step.

An agent knows neither the environment nor the kind of the model's memory.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from memorl.memory.checks import require_at_least, require_between, require_positive

from .model import ActorCritic
from .returns import gae
from .rollout import Batch, Rollout
from .saved import load_optimizer

MAX_ANNEAL_STEPS = 10**13
MAX_EPOCHS = 10_000
MAX_MINIBATCHES = 10**6
"""Numbers above these are slips of the keyboard."""


class NotFiniteError(FloatingPointError):
    """A loss or a parameter is not finite."""


class LinearSchedule(NamedTuple):
    """A value that moves linearly from `start` to `end` and then stays; if `end` is None, it stays at `start`."""

    start: float
    end: float | None

    def value(self, fraction: float) -> float:
        """Return the value after a fraction of the steps."""
        return self.start if self.end is None else self.start + (self.end - self.start) * min(1.0, fraction)


@dataclass(eq=False, repr=False)
class Agent(ABC):
    """Base class; subclasses give the defaults, make the optimizer and define the loss.

    Args:
        model: The model to train.
        lr: Learning rate.
        final_lr: Learning rate at the end of `anneal_steps`, reached linearly; None keeps `lr`.
        anneal_steps: Environment steps over which the schedules run; then they stay at their ends. None stays at their
            starts; in a run it is `total_steps`.
        gamma: Discount.
        lam: Decay of the generalised advantage estimate.
        value_coef: Weight of the value loss (the squared error, without a half).
        entropy_coef: Weight of the entropy bonus.
        final_entropy_coef: Weight of the entropy bonus at the end of `anneal_steps`; None keeps `entropy_coef`.
        normalize_advantage: Scale the advantages of a minibatch to mean 0 and deviation 1.
        normalize_values: Scale the values by the running moments of their targets (`normalise`, equation 3), and the
            value loss with them, so that one weight of that loss suits rewards of any size.
        max_grad_norm: Norm at which gradients are clipped; None leaves them.
        epochs: Passes over a rollout.
        minibatches: Parts that a pass is split into.

    Raises:
        ValueError: If an argument is out of its range.
    """

    model: ActorCritic
    lr: float
    final_lr: float | None
    anneal_steps: int | None
    gamma: float
    lam: float
    value_coef: float
    entropy_coef: float
    final_entropy_coef: float | None
    normalize_advantage: bool
    normalize_values: bool
    max_grad_norm: float | None
    epochs: int
    minibatches: int
    target_kl: float | None = field(default=None, init=False)
    torch_optimizer: torch.optim.Optimizer = field(init=False)
    steps: int = field(default=0, init=False)  # environment steps learned from so far

    def __post_init__(self) -> None:
        require_positive(lr=self.lr)
        require_between(1, MAX_ANNEAL_STEPS, anneal_steps=self.anneal_steps)
        require_between(1, MAX_EPOCHS, epochs=self.epochs)
        require_between(1, MAX_MINIBATCHES, minibatches=self.minibatches)
        require_positive(max_grad_norm=self.max_grad_norm, target_kl=self.target_kl)
        require_at_least(0, final_lr=self.final_lr, value_coef=self.value_coef)
        require_at_least(0, entropy_coef=self.entropy_coef, final_entropy_coef=self.final_entropy_coef)
        for name, value in {"gamma": self.gamma, "lam": self.lam}.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
        entropy_coef = LinearSchedule(self.entropy_coef, self.final_entropy_coef)
        self.schedules = {"lr": LinearSchedule(self.lr, self.final_lr), "entropy_coef": entropy_coef}

    @property
    def current_values(self) -> dict[str, float]:
        """Return the present value of each schedule."""
        fraction = self.steps / self.anneal_steps if self.anneal_steps else 0.0
        return {name: schedule.value(fraction) for name, schedule in self.schedules.items()}

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss over a batch, to be minimised, and its detached parts, `approx_kl` among them."""

    def require_sequences(self, sequences: int) -> None:
        """Raise ValueError if a rollout with this number of sequences cannot be split into the minibatches."""
        if self.minibatches > sequences:
            allowed = f"it must be at most {sequences}, the sequences of a rollout"
            ways = "fewer agent.minibatches, more num_envs or a shorter sequence_length"
            raise ValueError(f"agent.minibatches is {self.minibatches}; {allowed} ({ways})")

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Learn from a rollout and return the metrics.

        Raises:
            ValueError: If there are fewer sequences than minibatches.
            NotFiniteError: If the loss is not finite; the parameters cannot be used any more.
        """
        self.require_sequences(len(rollout.states) * rollout.first.shape[1])
        values = self.current_values
        for group in self.torch_optimizer.param_groups:
            group["lr"] = values["lr"]
        advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, self.gamma, self.lam)
        if self.normalize_values:
            self.model.value.rescale((advantage + rollout.value[:-1])[~rollout.last[:-1]])
        stats = self._optimize(rollout, advantage)
        self.model.normaliser.update({name: entry[:-1] for name, entry in rollout.obs.items()})
        self.steps += rollout.steps
        losses = {f"losses/{name}": _mean(stats, name) for name in stats[0]}
        self._require_finite(losses)
        losses["losses/explained_variance"] = _explained_variance(rollout, advantage)
        charts = {"learning_rate" if name == "lr" else name: value for name, value in values.items()}
        return losses | {f"charts/{name}": value for name, value in charts.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer and the steps learned from."""
        return {"optimizer": self.torch_optimizer.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`; the parameters of the model are to be loaded afterwards.

        Raises:
            ValueError: If it is that of other parameters.
        """
        load_optimizer(self.torch_optimizer, state["optimizer"])
        self.steps = state["steps"]

    def _optimize(self, rollout: Rollout, advantage: Tensor) -> list[dict[str, Tensor]]:
        """Run the epochs and return the parts of each minibatch's loss."""
        stats: list[dict[str, Tensor]] = []
        for epoch in range(self.epochs):
            for batch in rollout.minibatches(self.minibatches, advantage):
                loss, parts = self.loss(batch)
                self.torch_optimizer.zero_grad()
                loss.backward()
                norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.max_grad_norm or math.inf)
                self.torch_optimizer.step()
                stats.append({**parts, "loss": loss.detach(), "grad_norm": norm})
            if self.target_kl is not None and _mean(stats[epoch * self.minibatches :], "approx_kl") > self.target_kl:
                break
        return stats

    def _require_finite(self, losses: Mapping[str, float]) -> None:
        """Raise NotFiniteError if a loss or a parameter is not finite."""
        for name, value in losses.items():
            if not math.isfinite(value):
                raise NotFiniteError(f"{name} is {value} at step {self.steps}")
        if not torch.stack([p.isfinite().all() for p in self.model.parameters()]).all():
            raise NotFiniteError(f"a parameter is not finite at step {self.steps}")


def _explained_variance(rollout: Rollout, advantage: Tensor) -> float:
    """Return 1 - Var[target - value] / Var[target] over the decisions of a rollout."""
    valid = ~rollout.last[:-1]
    target = (advantage + rollout.value[:-1])[valid]
    unexplained = advantage[valid].var() / target.var().clamp(min=1e-12)
    return 1 - unexplained.item()


def _mean(stats: list[dict[str, Tensor]], name: str) -> float:
    return torch.stack([parts[name] for parts in stats]).mean().item()
