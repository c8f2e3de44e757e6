"""Layouts of the states of diagonal cells: [..., N], or pairs [..., N, 2] of an LSTM."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .cells import CELLS


def unstack_states(h: Tensor, cell: str) -> tuple[Tensor, ...]:
    """Return the states of a cell, each [..., N], of h [..., N*]."""
    return h.unbind(-1) if CELLS[cell].states == 2 else (h,)


def stack_states(states: Sequence[Tensor]) -> Tensor:
    """Return the states of a cell, each [..., N], as h [..., N*]."""
    return torch.stack(list(states), -1) if len(states) == 2 else states[0]
