"""The recurrence of diagonal.py by the letter, left to autograd."""

import torch
from torch import Tensor

from .cells import CELLS, stack_states, unstack_states


def diagonal_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    """Run equation (1) step by step."""
    G, _, step, _ = CELLS[cell]
    w = weight.chunk(G)
    states = unstack_states(h, cell)
    outputs = []
    for gates_t, first_t in zip(gates, first, strict=True):
        states = tuple(s.masked_fill(first_t[:, None], 0) for s in states)
        states = tuple(step(gates_t.chunk(G, -1), states, w))
        outputs.append(stack_states(states))
    return torch.stack(outputs)
