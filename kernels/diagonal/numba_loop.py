"""The recurrence of diagonal.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as in cells.py. The gradients of the weights are summed over time in each row, and by torch over
the rows.
"""

from torch import Tensor

from memorl.kernels.common.cpu.threads import run_rows

from . import numba_gru, numba_lstm
from .operator import diagonal_operator

WORK_PER_UNIT = 32
"""The cost of one unit's step, in multiplications."""

LOOPS = {
    "gru": (numba_gru.forward, numba_gru.backward),
    "lstm": (numba_lstm.forward, numba_lstm.backward),
}


def _run(cell: str, backward: bool, sizes: tuple[int, int, int], *tensors: Tensor) -> None:
    T, B, N = sizes
    run_rows(LOOPS[cell][backward], tensors, B, (1 + backward) * WORK_PER_UNIT * T * B * N)


diagonal_loop_numba = diagonal_operator("diagonal_loop_numba", _run)
