"""What actions were worth.

Legend: T rows, N environments. Row t of reward, last and terminal speaks of what the action of row t - 1 led to.
"""

import torch
from torch import Tensor


def gae(reward: Tensor, value: Tensor, last: Tensor, terminal: Tensor, gamma: float, lam: float) -> Tensor:
    """Generalised advantage estimate (Schulman et al., 2016, https://arxiv.org/abs/1506.02438, eq. 16).

        delta_t = r_{t+1} + gamma V_{t+1} (1 - terminal_{t+1}) - V_t
        A_t = delta_t + gamma lam A_{t+1} (1 - last_{t+1})

    A time limit is `last` but not `terminal`: it is valued and cuts the trace. Rows that are `last` are no
    decisions; what stands there is to be masked.

    Args:
        reward: [T + 1, N].
        value: [T + 1, N].
        last: [T + 1, N], bool.
        terminal: [T + 1, N], bool.
        gamma: Discount.
        lam: Decay of the trace.

    Returns:
        Advantages, [T, N].
    """
    delta = reward[1:] + gamma * value[1:].masked_fill(terminal[1:], 0) - value[:-1]
    decay = gamma * lam * (~last[1:]).to(value.dtype)
    advantage, following = torch.empty_like(delta), torch.zeros_like(delta[0])
    for t in reversed(range(len(delta))):
        following = torch.addcmul(delta[t], decay[t], following, out=advantage[t])
    return advantage
