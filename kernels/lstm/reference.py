"""The recurrence of lstm.py by the letter, left to autograd."""

import torch
from torch import Tensor

from memorl.kernels.common import heads


def lstm_loop_reference(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Run equations (1) to (3) step by step."""
    outputs = []
    cells = []
    for gates_t, first_t in zip(gates, first, strict=True):
        h = h.masked_fill(first_t[:, None], 0)
        c = c.masked_fill(first_t[:, None], 0)
        i, f, g, o = (gates_t + heads.linear(h, weight)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
        cells.append(c)
    return torch.stack(outputs), torch.stack(cells)
