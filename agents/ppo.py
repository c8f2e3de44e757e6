"""Proximal policy optimisation (Schulman et al., 2017, https://arxiv.org/abs/1707.06347).

    rho_t = pi(a_t | h_t) / pi_old(a_t | h_t)
    L^CLIP = E[min(rho_t A_t, clip(rho_t, 1 - epsilon, 1 + epsilon) A_t)]                     (eq. 7)
    L = L^CLIP - c_1 L^VF + c_2 S[pi]                                                         (eq. 9)

The expectation runs over the rows on which something was decided. What differs from the paper, and from CleanRL and
the Memory Gym agents, is listed in docs/ppo.md. Every default is that of the Memory Gym paper.
"""

from typing import final

import torch
from torch import Tensor

from memorl.memory.base import require_not_negative, require_positive

from .agent import Agent, Linear, masked_mean, standardize
from .model import ActorCritic
from .rollout import Batch


@final
class PPO(Agent):
    """The clipped surrogate, over several epochs.

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
        require_positive(lr=lr, clip=clip)
        require_not_negative(value_coef=value_coef)
        self.clip_value, self.value_coef = clip_value, value_coef
        self.normalize_advantage, self.joint_ratio = normalize_advantage, joint_ratio
        super().__init__(
            model,
            torch.optim.AdamW(model.parameters(), lr=lr, eps=adam_eps, weight_decay=weight_decay, fused=True),
            {
                "lr": Linear(lr, final_lr),
                "entropy_coef": Linear(entropy_coef, final_entropy_coef),
                "clip": Linear(clip, final_clip),
            },
            anneal_steps=anneal_steps,
            gamma=gamma,
            lam=lam,
            max_grad_norm=max_grad_norm,
            epochs=epochs,
            minibatches=minibatches,
            target_kl=target_kl,
        )

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss over a batch (eq. 9, to be minimised), and its parts."""
        (policy, value), _ = self.model(batch.obs, batch.state, batch.first)
        valid, clip = batch.valid, self.now["clip"]

        log_ratio = policy.log_prob(batch.action) - batch.log_prob
        if self.joint_ratio:
            log_ratio = log_ratio.sum(-1, keepdim=True)
        ratio = log_ratio.exp()
        gain = (standardize(batch.advantage, valid) if self.normalize_advantage else batch.advantage)[..., None]
        surrogate = torch.min(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain)
        policy_loss = -masked_mean(surrogate.mean(-1), valid)  # eq. 7

        old = batch.value[:-1]
        target = batch.advantage + old
        squared = (value - target) ** 2
        if self.clip_value:
            near = old + (value - old).clamp(-clip, clip)
            squared = torch.max(squared, (near - target) ** 2)
        value_loss, entropy = masked_mean(squared, valid), masked_mean(policy.entropy(), valid)

        loss = policy_loss + self.value_coef * value_loss - self.now["entropy_coef"] * entropy  # eq. 9
        with torch.no_grad():
            # the k3 estimate of http://joschu.net/blog/kl-approx.html
            kl = masked_mean((ratio - 1 - log_ratio).mean(-1), valid)
            clipped = masked_mean(((ratio - 1).abs() > clip).to(value.dtype).mean(-1), valid)
        parts = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy}
        return loss, {**{k: v.detach() for k, v in parts.items()}, "approx_kl": kl, "clipfrac": clipped}
