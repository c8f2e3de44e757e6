"""The recurrences of hippo.py and cell.py by the letter, left to autograd."""

import torch
from torch import Tensor

from .steps import step_reference


def hippo_loop_reference(
    u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str
) -> Tensor:
    """Run equation (1) of hippo.py step by step."""
    outputs = []
    for u_t, first_t, k_t in zip(u, first, k, strict=True):
        c = step_reference(u_t, c.masked_fill(first_t[:, None, None], 0), k_t, transition, scheme)
        outputs.append(c)
    return torch.stack(outputs)


def hippo_cell_loop_reference(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Run equations (1) to (4) of cell.py step by step."""
    outputs = []
    memories = []
    for u_t, h_t, first_t, k_t in zip(to_u, to_h, first, k, strict=True):
        c = c.masked_fill(first_t[:, None, None], 0)
        h = h.masked_fill(first_t[:, None], 0)
        c = step_reference(u_t + h @ U.t(), c, k_t, transition, scheme)
        g, v = (h_t + c.flatten(1) @ P.t()).chunk(2, -1)
        h = h + torch.sigmoid(g) * (torch.tanh(v) - h)
        outputs.append(h)
        memories.append(c)
    return torch.stack(outputs), torch.stack(memories)
