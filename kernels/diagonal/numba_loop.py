"""The recurrence of diagonal.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as in cells.py; all h of a row lie before all c here, [B, 2, N]. The gradients of the
weights are summed over time in each row, and by torch over the rows.
"""

from torch import Tensor

from memorl.kernels.common.cpu.cache import as_arrays
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.operators import differentiable

from . import numba_gru, numba_lstm
from .cells import CELLS
from .states import swap_pairs

WORK_PER_UNIT = 32
"""Multiplications that a step of one unit is worth."""

LOOPS = {
    "gru": (numba_gru.forward, numba_gru.backward),
    "lstm": (numba_lstm.forward, numba_lstm.backward),
}


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    T, B = first.shape
    N = h.shape[1]
    y = h.new_empty(T, *swap_pairs(h).shape)
    arrays = as_arrays(gates, swap_pairs(h), first, weight, y)
    run_rows(LOOPS[cell][0], arrays, B, WORK_PER_UNIT * T * B * N)
    return swap_pairs(y, 4)


def _backward(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    T, B = first.shape
    N = h.shape[1]
    dx = gates.new_empty(gates.shape)
    dh = h.new_empty(swap_pairs(h).shape)
    dw = h.new_empty(B, CELLS[cell].gates * N)
    arrays = as_arrays(swap_pairs(dy, 4), swap_pairs(y, 4), gates, swap_pairs(h), first, weight, dx, dh, dw)
    run_rows(LOOPS[cell][1], arrays, B, 2 * WORK_PER_UNIT * T * B * N)
    return dx, swap_pairs(dh), dw.sum(0)


def _fake_backward(dy, y, gates, h, first, weight, cell):  # type: ignore[no-untyped-def]
    return gates.new_empty(gates.shape), swap_pairs(h.new_empty(swap_pairs(h).shape)), weight.new_empty(weight.shape)


diagonal_loop_numba = differentiable(
    "diagonal_loop_numba",
    _forward,
    _backward,
    lambda gates, h, *_: swap_pairs(h.new_empty(gates.shape[0], *swap_pairs(h).shape), 4),
    _fake_backward,
    gradients="gates h weight",
)
