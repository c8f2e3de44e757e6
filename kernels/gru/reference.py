"""The recurrence of gru.py by the letter, left to autograd."""

import torch
from torch import Tensor

from memorl.kernels.common import heads


def gru_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Run equations (1) to (4) step by step."""
    outputs = []
    for gates_t, first_t in zip(gates, first, strict=True):
        h = h.masked_fill(first_t[:, None], 0)
        i_r, i_z, i_n = gates_t.chunk(3, -1)
        g_r, g_z, g_n = heads.linear(h, weight, bias).chunk(3, -1)
        r = torch.sigmoid(i_r + g_r)
        z = torch.sigmoid(i_z + g_z)
        n = torch.tanh(i_n + r * g_n)
        h = n + z * (h - n)
        outputs.append(h)
    return torch.stack(outputs)
