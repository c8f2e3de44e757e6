"""The recurrence of `diagonal_loop` in Triton, equations (1) to (3) there: one launch forward, one backward.

See `lanes.py` for how it is laid out; a lane is a unit, and its state one register, or two. Four numbers are moved
for each unit of a GRU forward and eight backward, six and twelve for an LSTM; the gates are made again, and the
derivatives (equations (2), (3) and (5) to (8) of cells.py) never leave the registers. Each lane sums the
gradients of its weights over time in registers; torch sums these over the batch.
"""

from torch import Tensor

from memorl.kernels.common.gpu.lanes import launch
from memorl.kernels.common.operators import differentiable

from . import triton_gru, triton_lstm
from .cells import CELLS
from .states import swap_pairs

KERNELS = {
    "gru": (triton_gru.forward_kernel, triton_gru.backward_kernel),
    "lstm": (triton_lstm.forward_kernel, triton_lstm.backward_kernel),
}


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    T, B = first.shape
    N = h.shape[1]
    y = h.new_empty(T, *swap_pairs(h).shape)
    tensors = (x.contiguous() for x in (gates, swap_pairs(h), first, weight, y))
    launch(KERNELS[cell][0], B, N, *tensors, T, B, N)
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
    tensors = (x.contiguous() for x in (swap_pairs(dy, 4), swap_pairs(y, 4), gates, swap_pairs(h), first, weight))
    launch(KERNELS[cell][1], B, N, *tensors, dx, dh, dw, T, B, N)
    return dx, swap_pairs(dh), dw.sum(0)


def _fake_backward(dy, y, gates, h, first, weight, cell):  # type: ignore[no-untyped-def]
    return gates.new_empty(gates.shape), swap_pairs(h.new_empty(swap_pairs(h).shape)), weight.new_empty(weight.shape)


diagonal_loop_triton = differentiable(
    "diagonal_loop_triton",
    _forward,
    _backward,
    lambda gates, h, *_: swap_pairs(h.new_empty(gates.shape[0], *swap_pairs(h).shape), 4),
    _fake_backward,
    gradients="gates h weight",
)
