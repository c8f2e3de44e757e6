"""An agent with a loss of its own: the policy gradient with a penalty for leaving the policy that acted.

    L = E[-rho_t A_t + beta KL_t] + c_1 E[(V_t - v_t)^2] - c_2 E[S[pi]],   rho_t = pi(a_t | h_t) / pi_old(a_t | h_t)

This is the PPO of section 4 of Schulman et al. (2017, https://arxiv.org/abs/1707.06347), with beta fixed.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from memorl.agents import Agent, Batch


@dataclass(eq=False, repr=False)
class KLPenalty(Agent):
    """A penalty in the place of the clipped surrogate.

    Args:
        kl_coef: Weight beta of the penalty.

    `Agent` explains the other arguments.
    """

    lr: float = 1e-3
    final_lr: float | None = None
    anneal_steps: int | None = None
    gamma: float = 0.99
    lam: float = 0.95
    value_coef: float = 0.5
    entropy_coef: float = 0.01
    final_entropy_coef: float | None = None
    normalize_advantage: bool = True
    normalize_values: bool = True
    max_grad_norm: float | None = 0.5
    epochs: int = 4
    minibatches: int = 4
    kl_coef: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.torch_optimizer = torch.optim.Adam(self.model.parameters(), self.lr)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss over a batch, to be minimised, and its parts."""
        (policy, value), _ = self.model(batch.obs, batch.state, batch.first)
        valid = batch.valid  # False where an episode has ended and the action is ignored
        log_ratio = (policy.log_prob(batch.action) - batch.log_prob).sum(-1)[valid]
        advantage = batch.advantage[valid]
        if self.normalize_advantage:
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        ratio = log_ratio.exp()
        kl = (ratio - 1 - log_ratio).mean()
        policy_loss = -(ratio * advantage).mean()
        target = batch.advantage + batch.value[:-1]
        value_loss = (((value - target) / self.model.value.deviation)[valid] ** 2).mean()
        entropy = policy.entropy()[valid].mean()
        entropy_coef = self.current_values["entropy_coef"]
        loss = policy_loss + self.kl_coef * kl + self.value_coef * value_loss - entropy_coef * entropy
        parts = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy, "approx_kl": kl}
        return loss, {name: part.detach() for name, part in parts.items()}
