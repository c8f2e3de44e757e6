"""Proximal policy optimisation (Schulman et al., 2017, https://arxiv.org/abs/1707.06347).

    rho_t = pi(a_t | h_t) / pi_old(a_t | h_t)
    L^CLIP = E[min(rho_t A_t, clip(rho_t, 1 - epsilon, 1 + epsilon) A_t)]                     (eq. 7)
    L = L^CLIP - c_1 L^VF + c_2 S[pi]                                                         (eq. 9)

The expectation runs over the decisions: the rows on which an action is not ignored. docs/ppo.md lists the differences
from the paper, from CleanRL and from the Memory Gym agents. The defaults are the settings of the Memory Gym paper.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memorl.memory.checks import require_at_least, require_positive

from .agent import Agent, LinearSchedule
from .masked import masked_mean, standardize
from .rollout import Batch


@final
@dataclass(eq=False, repr=False)
class PPO(Agent):
    """The clipped surrogate, over several epochs, with AdamW.

    Args:
        clip: Clip range of the probability ratio (epsilon of eq. 7).
        final_clip: Clip range at the end of `anneal_steps`; None keeps `clip`.
        clip_value: Clip the change of the value to the clip range, too.
        joint_ratio: Take one ratio for a whole action; False takes one for each action branch and averages.
        target_kl: Skip the remaining epochs once the approximate KL divergence of one is above this; None never does.
        adam_eps: Epsilon of AdamW.
        weight_decay: Weight decay of AdamW; with 0 it is Adam.

    `Agent` explains the other arguments.
    """

    lr: float = 2.75e-4
    final_lr: float | None = 1e-5
    anneal_steps: int | None = None
    gamma: float = 0.995
    lam: float = 0.95
    clip: float = 0.1
    final_clip: float | None = None
    clip_value: bool = True
    value_coef: float = 0.5
    entropy_coef: float = 1e-4
    final_entropy_coef: float | None = 1e-6
    normalize_advantage: bool = False
    normalize_values: bool = True
    joint_ratio: bool = True
    max_grad_norm: float | None = 0.25
    target_kl: float | None = None
    epochs: int = 3
    minibatches: int = 8
    adam_eps: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(clip=self.clip)
        require_at_least(0, final_clip=self.final_clip)
        self.schedules["clip"] = LinearSchedule(self.clip, self.final_clip)
        self.torch_optimizer = torch.optim.AdamW(
            self.model.parameters(), self.lr, eps=self.adam_eps, weight_decay=self.weight_decay, fused=True
        )

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss over a batch (eq. 9, to be minimised), and its parts."""
        (policy, value), _ = self.model(batch.obs, batch.state, batch.first)
        valid = batch.valid
        clip = self.current_values["clip"]

        log_ratio = policy.log_prob(batch.action) - batch.log_prob
        if self.joint_ratio:
            log_ratio = log_ratio.sum(-1, keepdim=True)
        ratio = log_ratio.exp()
        advantage = standardize(batch.advantage, valid) if self.normalize_advantage else batch.advantage
        gain = advantage[..., None]
        surrogate = torch.min(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain)
        policy_loss = -masked_mean(surrogate.mean(-1), valid)  # eq. 7

        old_value = batch.value[:-1]
        target = batch.advantage + old_value
        scale = self.model.value.deviation
        squared_error = ((value - target) / scale) ** 2
        if self.clip_value:
            clipped_value = old_value + (value - old_value).clamp(-clip * scale, clip * scale)
            squared_error = torch.max(squared_error, ((clipped_value - target) / scale) ** 2)
        value_loss = masked_mean(squared_error, valid)
        entropy = masked_mean(policy.entropy(), valid)
        loss = policy_loss + self.value_coef * value_loss - self.current_values["entropy_coef"] * entropy  # eq. 9

        with torch.no_grad():
            # the k3 estimate of http://joschu.net/blog/kl-approx.html
            approx_kl = masked_mean((ratio - 1 - log_ratio).mean(-1), valid)
            outside = ((ratio - 1).abs() > clip).to(value.dtype)
            clipfrac = masked_mean(outside.mean(-1), valid)
        parts = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy, "approx_kl": approx_kl}
        return loss, {name: part.detach() for name, part in {**parts, "clipfrac": clipfrac}.items()}
