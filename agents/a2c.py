"""Synchronous advantage actor-critic (Mnih et al., 2016, https://arxiv.org/abs/1602.01783, alg. S3, in lockstep).

    L = E[-log pi(a_t | h_t) A_t] + c_1 E[(V_t - v_t)^2] - c_2 E[S[pi]]

    n_step:  v_t = V_t + A_t, with A_t the n-step advantage, n up to the end of the rollout (`lam` below 1 mixes n's)
    vtrace:  v_t and A_t of `returns.vtrace`, with the ratios and values of the current policy

On policy the two are the same (Espeholt et al., 2018, https://arxiv.org/abs/1802.01561, remark 1). With a memory that
carries its sensitivities (`credit="rtrl"`) and short rollouts this is R2AC (Irie et al., 2024,
https://arxiv.org/abs/2305.19044): the length of a rollout sets how often the agent learns, not how far credit reaches.
"""

from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

from memorl.memory.checks import require_positive

from .agent import Agent
from .masked import masked_mean, standardize
from .returns import vtrace
from .rollout import Batch


@final
@dataclass(eq=False, repr=False)
class A2C(Agent):
    """One gradient step over each rollout, or several with V-trace.

    Args:
        optimizer: "rmsprop" (alpha 0.99) or "adam".
        optimizer_eps: Epsilon of the optimizer.
        returns: "n_step" or "vtrace".
        lam: Decay of the trace; 1 is the n-step return.
        rho_clip: Upper bound of a step's ratio in V-trace; a low one biases towards the policy that acted.
        trace_clip: Upper bound of the ratios along the trace in V-trace.
        reduction: "mean" over the decisions of a minibatch, or their "sum", as in IMPALA and R2AC.
        epochs: Passes over a rollout; more than one needs V-trace.
        minibatches: Parts that a pass is split into; more than one needs V-trace.

    `Agent` explains the other arguments.

    Raises:
        ValueError: If an argument is out of its range, or n-step returns would be learned from more than once.
    """

    lr: float = 7e-4
    final_lr: float | None = None
    anneal_steps: int | None = None
    optimizer: Literal["rmsprop", "adam"] = "rmsprop"
    optimizer_eps: float = 1e-5
    returns: Literal["n_step", "vtrace"] = "n_step"
    gamma: float = 0.99
    lam: float = 1.0
    rho_clip: float = 1.0
    trace_clip: float = 1.0
    value_coef: float = 0.25
    entropy_coef: float = 0.01
    final_entropy_coef: float | None = None
    normalize_advantage: bool = False
    normalize_values: bool = True
    reduction: Literal["mean", "sum"] = "mean"
    max_grad_norm: float | None = 0.5
    epochs: int = 1
    minibatches: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(optimizer_eps=self.optimizer_eps, rho_clip=self.rho_clip, trace_clip=self.trace_clip)
        passes = self.epochs * self.minibatches
        if self.returns == "n_step" and passes != 1:
            raise ValueError(f"epochs * minibatches is {passes}; it must be 1 unless returns=vtrace")
        parameters = self.model.parameters()
        if self.optimizer == "rmsprop":
            self.torch_optimizer = torch.optim.RMSprop(parameters, self.lr, alpha=0.99, eps=self.optimizer_eps)
        else:
            self.torch_optimizer = torch.optim.Adam(parameters, self.lr, eps=self.optimizer_eps, fused=True)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss over a batch, to be minimised, and its parts."""
        (policy, value), _ = self.model(batch.obs, batch.state, batch.first)
        valid = batch.valid
        log_prob = policy.log_prob(batch.action).sum(-1)
        log_ratio = log_prob.detach() - batch.log_prob.sum(-1)

        target = batch.advantage + batch.value[:-1]
        advantage = batch.advantage
        if self.returns == "vtrace":
            values = torch.cat([value.detach(), batch.value[-1:]])
            rows = (batch.reward, values, batch.last, batch.terminal)
            target, advantage = vtrace(*rows, log_ratio, self.gamma, self.lam, self.rho_clip, self.trace_clip)
        if self.normalize_advantage:
            advantage = standardize(advantage, valid)

        policy_loss = -masked_mean(log_prob * advantage, valid)
        value_loss = masked_mean(((value - target) / self.model.value.deviation) ** 2, valid)
        entropy = masked_mean(policy.entropy(), valid)
        loss = policy_loss + self.value_coef * value_loss - self.current_values["entropy_coef"] * entropy
        if self.reduction == "sum":
            loss = loss * valid.sum()
        approx_kl = masked_mean(log_ratio.exp() - 1 - log_ratio, valid)
        parts = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy, "approx_kl": approx_kl}
        return loss, {name: part.detach() for name, part in parts.items()}
