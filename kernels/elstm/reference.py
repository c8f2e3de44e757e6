"""The recurrence of elstm.py by the letter, left to autograd."""

import torch
from torch import Tensor


def elstm_loop_reference(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Run equations (1) to (3) step by step; return c, and a, u and v, [3, T, B, N], without a gradient."""
    outputs = []
    slopes = []
    w_f, w_z = weight.chunk(2)
    for gates_t, first_t in zip(gates, first, strict=True):
        c = c.masked_fill(first_t[:, None], 0)
        x_f, x_z = gates_t.chunk(2, -1)
        f = torch.sigmoid(x_f + w_f * c)
        z = torch.tanh(x_z + w_z * c)
        u = (c - z) * f * (1 - f)
        v = (1 - f) * (1 - z * z)
        slopes.append(torch.stack([f + w_f * u + w_z * v, u, v]).detach())
        c = f * c + (1 - f) * z
        outputs.append(c)
    return torch.stack(outputs), torch.stack(slopes, 1)
