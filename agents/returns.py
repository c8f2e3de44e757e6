"""Advantages and value targets of the actions of a rollout.

Legend: T rows, N environments. Row t of reward, last and terminal is the result of the action of row t - 1.
"""

import torch
from torch import Tensor

from memorl.kernels import reverse_scan


def gae(reward: Tensor, value: Tensor, last: Tensor, terminal: Tensor, gamma: float, lam: float) -> Tensor:
    """Return the generalised advantage estimate (Schulman et al., 2016, https://arxiv.org/abs/1506.02438, eq. 16).

        delta_t = r_{t+1} + gamma V_{t+1} (1 - terminal_{t+1}) - V_t
        A_t = delta_t + gamma lam A_{t+1} (1 - last_{t+1})

    A time limit is `last` but not `terminal`: it is valued and cuts the trace. Rows that are `last` are no
    decisions; their advantages are to be masked.

    Args:
        reward, value, last, terminal: [T + 1, N] each; the flags are bool.
        gamma: Discount.
        lam: Decay of the trace.

    Returns:
        Advantages, [T, N].
    """
    delta = reward[1:] + gamma * value[1:].masked_fill(terminal[1:], 0) - value[:-1]
    return reverse_scan(gamma * lam * (~last[1:]).to(value.dtype), delta)


def vtrace(
    reward: Tensor, value: Tensor, last: Tensor, terminal: Tensor, log_ratio: Tensor, gamma: float, lam: float = 1.0,
    rho_clip: float = 1.0, trace_clip: float = 1.0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return V-trace (Espeholt et al., 2018, https://arxiv.org/abs/1802.01561, eq. 1 and section 4.2).

        rho_t = min(rho_clip, ratio_t),  c_t = lam min(trace_clip, ratio_t),  ratio = pi / acting pi
        delta_t = rho_t (r_{t+1} + gamma V_{t+1} (1 - terminal_{t+1}) - V_t)
        v_t = V_t + delta_t + gamma c_t (v_{t+1} - V_{t+1}) (1 - last_{t+1})
        A_t = rho_t (r_{t+1} + gamma v_{t+1} (1 - terminal_{t+1}) - V_t)

    At an end, and after the last row, v is V.

    Args:
        reward, value, last, terminal: [T + 1, N] each; the flags are bool, the values of the current policy.
        log_ratio: Logarithms of the ratios of whole actions, [T, N].
        gamma: Discount.
        lam: Decay of the trace.
        rho_clip: Bound of rho; it decides which policy's value v converges to.
        trace_clip: Bound of c; it decides how fast.

    Returns:
        The targets v and the advantages A, both [T, N].
    """
    ratio = log_ratio.exp()
    rho = ratio.clamp(max=rho_clip)
    next_value = value[1:].masked_fill(terminal[1:], 0)
    decay = gamma * lam * ratio.clamp(max=trace_clip) * (~last[1:]).to(value.dtype)
    excess = reverse_scan(decay, rho * (reward[1:] + gamma * next_value - value[:-1]))  # v - V
    next_excess = torch.cat([excess[1:], torch.zeros_like(excess[:1])]).masked_fill(last[1:], 0)
    return value[:-1] + excess, rho * (reward[1:] + gamma * (next_value + next_excess) - value[:-1])
