"""The recurrence of diagonal_loop.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as in diagonal_cells.py; all h of a row lie before all c here, [B, 2, N]. The gradients of the
weights are summed over time in each row, and by torch over the rows.
"""

import torch
from torch import Tensor

from . import diagonal_gru_compiled, diagonal_lstm_compiled
from .compiled import array
from .diagonal_cells import CELLS
from .diagonal_loop import derive, turned
from .threads import by_rows

COST = 32
"""Multiplications that a unit's step is worth."""


LOOPS = {
    "gru": (diagonal_gru_compiled.forward, diagonal_gru_compiled.backward),
    "lstm": (diagonal_lstm_compiled.forward, diagonal_lstm_compiled.backward),
}


@torch.library.custom_op("memorl::diagonal_loop_compiled", mutates_args=())
def diagonal_loop_compiled(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    """`diagonal_loop` on a CPU, float32; its arguments."""
    (T, B), N = first.shape, h.shape[1]
    y = h.new_empty(T, *turned(h).shape)
    given = (gates, turned(h), first, weight, y)
    by_rows(LOOPS[cell][0], tuple(array(x, leading=0) for x in given), B, COST * T * B * N)
    return turned(y, 4)


@diagonal_loop_compiled.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    return turned(h.new_empty(gates.shape[0], *turned(h).shape), 4)


@torch.library.custom_op("memorl::diagonal_loop_compiled_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    (T, B), N = first.shape, h.shape[1]
    dx, dh, dw = gates.new_empty(gates.shape), h.new_empty(turned(h).shape), h.new_empty(B, CELLS[cell].gates * N)
    given = (turned(dy, 4), turned(y, 4), gates, turned(h), first, weight, dx, dh, dw)
    by_rows(LOOPS[cell][1], tuple(array(x, leading=0) for x in given), B, 2 * COST * T * B * N)
    return dx, turned(dh), dw.sum(0)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    return gates.new_empty(gates.shape), turned(h.new_empty(turned(h).shape)), weight.new_empty(weight.shape)


derive(diagonal_loop_compiled, _backward)
