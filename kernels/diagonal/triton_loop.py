"""The recurrence of `diagonal_loop` in Triton, equations (1) to (3) there: one launch forward, one backward.

See lanes.py for the layout; a lane is a unit, and its state one register, or two. Four numbers are moved
for each unit of a GRU forward and eight backward, six and twelve for an LSTM; the gates are made again, and the
derivatives (equations (2), (3) and (5) to (8) of cells.py) never leave the registers. Each lane sums the
gradients of its weights over time in registers; torch sums these over the batch.
"""

from torch import Tensor

from memorl.kernels.common.gpu.lanes import launch
from memorl.kernels.common.operators import contiguous

from . import triton_gru, triton_lstm
from .operator import diagonal_operator

KERNELS = {
    "gru": (triton_gru.forward_kernel, triton_gru.backward_kernel),
    "lstm": (triton_lstm.forward_kernel, triton_lstm.backward_kernel),
}


def _run(cell: str, backward: bool, sizes: tuple[int, int, int], *tensors: Tensor) -> None:
    _, B, N = sizes
    launch(KERNELS[cell][backward], B, N, *contiguous(*tensors), *sizes)


diagonal_loop_triton = diagonal_operator("diagonal_loop_triton", _run)
