"""Synchronous advantage actor-critic (Mnih et al., 2016, https://arxiv.org/abs/1602.01783, alg. S3, in lockstep).

    L = E[-log pi(a_t | h_t) A_t] + c_1 E[(V_t - v_t)^2] - c_2 E[S[pi]]

    n_step:  v_t = V_t + A_t, with A_t the n-step advantage, n up to the end of the rollout (`lam` below 1 mixes n's)
    vtrace:  v_t and A_t of `returns.vtrace`, with the ratios and values of the current policy

On policy the two are the same (Espeholt et al., 2018, https://arxiv.org/abs/1802.01561, remark 1). With a memory that
carries its sensitivities (`credit="rtrl"`) and short rollouts this is R2AC (Irie et al., 2024,
https://arxiv.org/abs/2305.19044): the length of a rollout sets how often the agent learns, not how far credit reaches.
"""

from typing import Literal, final

import torch
from torch import Tensor

from .agent import Agent
from .checks import require_at_least, require_positive
from .masked import masked_mean, standardize
from .model import ActorCritic
from .returns import vtrace
from .rollout import Batch
from .schedule import LinearSchedule


@final
class A2C(Agent):
    """One gradient step over each rollout, or several with V-trace.

    Args:
        model: The model to train.
        lr: Learning rate.
        final_lr: Learning rate at the end of `anneal_steps`, reached linearly; None keeps `lr`.
        anneal_steps: Environment steps over which the schedules of learning rate and entropy weight run.
        optimizer: "rmsprop" (alpha 0.99) or "adam".
        optimizer_eps: Epsilon of the optimizer.
        returns: "n_step" or "vtrace".
        gamma: Discount.
        lam: Decay of the trace; 1 is the n-step return.
        rho_clip: Upper bound of a step's ratio in V-trace; a low one biases towards the policy that acted.
        trace_clip: Upper bound of the ratios along the trace in V-trace.
        value_coef: Weight of the value loss (c_1; the loss is the squared error, without a half).
        entropy_coef: Weight of the entropy bonus (c_2).
        final_entropy_coef: Weight of the entropy bonus at the end of `anneal_steps`; None keeps `entropy_coef`.
        normalize_advantage: Scale the advantages of a minibatch to mean 0 and deviation 1.
        reduction: "mean" over the decisions of a minibatch, or their "sum", as in IMPALA and R2AC.
        normalize_values: Scale the values by the running moments of their targets, and the value loss with them.
        max_grad_norm: Norm at which gradients are clipped; None leaves them.
        epochs: Passes over a rollout; more than one needs V-trace.
        minibatches: Parts that a pass is split into; more than one needs V-trace.

    Raises:
        ValueError: If an argument is out of its range, or n-step returns would be learned from more than once.
    """

    def __init__(
        self,
        model: ActorCritic,
        lr: float = 7e-4,
        final_lr: float | None = None,
        anneal_steps: int = 163_840_000,
        optimizer: Literal["rmsprop", "adam"] = "rmsprop",
        optimizer_eps: float = 1e-5,
        returns: Literal["n_step", "vtrace"] = "n_step",
        gamma: float = 0.99,
        lam: float = 1.0,
        rho_clip: float = 1.0,
        trace_clip: float = 1.0,
        value_coef: float = 0.25,
        entropy_coef: float = 0.01,
        final_entropy_coef: float | None = None,
        normalize_advantage: bool = False,
        reduction: Literal["mean", "sum"] = "mean",
        normalize_values: bool = True,
        max_grad_norm: float | None = 0.5,
        epochs: int = 1,
        minibatches: int = 1,
    ) -> None:
        require_positive(lr=lr, optimizer_eps=optimizer_eps, rho_clip=rho_clip, trace_clip=trace_clip)
        require_at_least(0, value_coef=value_coef)
        if returns == "n_step" and epochs * minibatches != 1:
            raise ValueError(f"epochs * minibatches is {epochs * minibatches}; it must be 1 unless returns=vtrace")
        self.returns = returns
        self.rho_clip = rho_clip
        self.trace_clip = trace_clip
        self.value_coef = value_coef
        self.normalize_advantage = normalize_advantage
        self.reduction = reduction
        parameters = model.parameters()
        super().__init__(
            model,
            torch.optim.RMSprop(parameters, lr=lr, alpha=0.99, eps=optimizer_eps)
            if optimizer == "rmsprop"
            else torch.optim.Adam(parameters, lr=lr, eps=optimizer_eps, fused=True),
            {"lr": LinearSchedule(lr, final_lr), "entropy_coef": LinearSchedule(entropy_coef, final_entropy_coef)},
            anneal_steps=anneal_steps,
            gamma=gamma,
            lam=lam,
            max_grad_norm=max_grad_norm,
            epochs=epochs,
            minibatches=minibatches,
            normalize_values=normalize_values,
        )

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
        parts = {
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "approx_kl": masked_mean(log_ratio.exp() - 1 - log_ratio, valid),
        }
        return loss, {name: part.detach() for name, part in parts.items()}
