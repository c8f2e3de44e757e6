"""Proximal policy optimisation (Schulman et al., 2017, https://arxiv.org/abs/1707.06347).

    rho_t = pi(a_t | h_t) / pi_old(a_t | h_t)
    L^CLIP = E[min(rho_t A_t, clip(rho_t, 1 - epsilon, 1 + epsilon) A_t)]                     (eq. 7)
    L = L^CLIP - c_1 L^VF + c_2 S[pi]                                                         (eq. 9)

The expectation runs over the rows on which something was decided. What differs from the paper, and from CleanRL and
the Memory Gym agents, is listed in docs/ppo.md. Every default is that of the Memory Gym paper.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from memorl.memory.base import require_positive

from .model import ActorCritic
from .returns import gae
from .rollout import Batch, Rollout


class PPO:
    """The update. Knows nothing of the environment, nor of which memory the model has.

    Args:
        model: What is trained.
        lr: Learning rate of AdamW.
        final_lr: Where the learning rate ends, linearly over `anneal_steps`; None keeps it.
        gamma: Discount.
        lam: Decay of the generalised advantage estimate.
        clip: How far the probability ratio may move (epsilon of eq. 7).
        final_clip: Where the clip range ends; None keeps it.
        clip_value: Clip the value's move by the clip range, too.
        value_coef: Weight of the value loss (c_1 of eq. 9; the loss is the squared error, without a half).
        entropy_coef: Weight of the entropy bonus (c_2 of eq. 9).
        final_entropy_coef: Where the weight of the entropy ends; None keeps it.
        anneal_steps: Environment steps over which the three schedules run; they stay at their ends after it.
        normalize_advantage: Scale the advantages of a minibatch to mean 0 and deviation 1.
        joint_ratio: One ratio for a whole action; False takes one for each action branch and averages.
        max_grad_norm: Norm at which gradients are clipped; None leaves them.
        target_kl: Skip the epochs left once the approximate KL divergence of one is above this; None never does.
        epochs: Passes over a rollout.
        minibatches: Parts that a pass is dealt into.
        adam_eps: Epsilon of AdamW.
        weight_decay: Weight decay of AdamW; with 0 it is Adam.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        model: ActorCritic,
        lr: float = 2.75e-4,
        final_lr: float | None = 1e-5,
        gamma: float = 0.995,
        lam: float = 0.95,
        clip: float = 0.1,
        final_clip: float | None = None,
        clip_value: bool = True,
        value_coef: float = 0.5,
        entropy_coef: float = 1e-4,
        final_entropy_coef: float | None = 1e-6,
        anneal_steps: int = 163_840_000,
        normalize_advantage: bool = False,
        joint_ratio: bool = True,
        max_grad_norm: float | None = 0.25,
        target_kl: float | None = None,
        epochs: int = 3,
        minibatches: int = 8,
        adam_eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        require_positive(lr=lr, clip=clip, anneal_steps=anneal_steps, epochs=epochs, minibatches=minibatches)
        for name, value in (("max_grad_norm", max_grad_norm), ("target_kl", target_kl)):
            require_positive(**{name: 1 if value is None else value})
        weights = {"final_lr": final_lr, "final_clip": final_clip, "final_entropy_coef": final_entropy_coef}
        for name, weight in {**weights, "entropy_coef": entropy_coef, "value_coef": value_coef}.items():
            if weight is not None and not 0 <= weight < float("inf"):
                raise ValueError(f"{name} is {weight}; it must be at least 0")
        if not (0 <= gamma <= 1 and 0 <= lam <= 1):
            raise ValueError(f"gamma is {gamma} and lam {lam}; both must lie between 0 and 1")
        self.model, self.gamma, self.lam = model, gamma, lam
        self.schedules = {
            "lr": (lr, lr if final_lr is None else final_lr),
            "clip": (clip, clip if final_clip is None else final_clip),
            "entropy_coef": (entropy_coef, entropy_coef if final_entropy_coef is None else final_entropy_coef),
        }
        self.clip, self.entropy_coef, self.value_coef = clip, entropy_coef, value_coef
        self.anneal_steps, self.clip_value = anneal_steps, clip_value
        self.normalize_advantage, self.joint_ratio = normalize_advantage, joint_ratio
        self.max_grad_norm, self.target_kl = max_grad_norm, target_kl
        self.epochs, self.minibatches = epochs, minibatches
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=lr, eps=adam_eps, weight_decay=weight_decay, fused=True
        )
        self.steps = 0
        """Environment steps learned from so far."""

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
        lr = self._anneal("lr")
        self.clip, self.entropy_coef = self._anneal("clip"), self._anneal("entropy_coef")
        self.optimizer.param_groups[0]["lr"] = lr
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
        return {
            **means,
            "losses/explained_variance": 1 - unexplained.item(),
            "charts/learning_rate": lr,
            "charts/entropy_coef": self.entropy_coef,
            "charts/clip": self.clip,
        }

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss over a batch (eq. 9, to be minimised), and its parts."""
        (policy, value), _ = self.model(batch.obs, batch.state, batch.first)
        valid = batch.valid.to(value.dtype)
        count = valid.sum().clamp(min=1)

        def mean(x: Tensor) -> Tensor:
            return (x * valid).sum() / count

        log_ratio = policy.log_prob(batch.action) - batch.log_prob
        if self.joint_ratio:
            log_ratio = log_ratio.sum(-1, keepdim=True)
        ratio = log_ratio.exp()
        scaled = batch.advantage
        if self.normalize_advantage:
            centred = scaled - mean(scaled)
            scaled = centred / ((centred**2 * valid).sum() / (count - 1).clamp(min=1)).sqrt().add(1e-8)
        gain = scaled[..., None]
        surrogate = torch.min(ratio * gain, ratio.clamp(1 - self.clip, 1 + self.clip) * gain)
        policy_loss = -mean(surrogate.mean(-1))  # eq. 7

        target = batch.advantage + batch.value
        squared = (value - target) ** 2
        if self.clip_value:
            near = batch.value + (value - batch.value).clamp(-self.clip, self.clip)
            squared = torch.max(squared, (near - target) ** 2)
        value_loss, entropy = mean(squared), mean(policy.entropy())

        loss = policy_loss + self.value_coef * value_loss - self.entropy_coef * entropy  # eq. 9
        with torch.no_grad():
            kl = mean((ratio - 1 - log_ratio).mean(-1))  # the k3 estimate of http://joschu.net/blog/kl-approx.html
            clipped = mean(((ratio - 1).abs() > self.clip).to(value.dtype).mean(-1))
        parts = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy}
        return loss, {**{k: v.detach() for k, v in parts.items()}, "approx_kl": kl, "clipfrac": clipped}

    def state_dict(self) -> dict[str, Any]:
        """The optimizer and the steps done."""
        return {"optimizer": self.optimizer.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]

    def _anneal(self, name: str) -> float:
        start, end = self.schedules[name]
        return start + (end - start) * min(1.0, self.steps / self.anneal_steps)


def _mean(stats: list[dict[str, Tensor]], name: str) -> float:
    return torch.stack([stat[name] for stat in stats]).mean().item()


def _finite(x: float) -> bool:
    return x - x == 0
