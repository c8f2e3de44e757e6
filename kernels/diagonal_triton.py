"""The recurrence of `diagonal_loop` in Triton, equations (1) to (3) there: one launch forward, one backward.

See `triton_lanes` for how it is laid out; a lane is a unit, and its state one register, or two. Four numbers are moved
for each unit of a GRU forward and eight backward, six and twelve for an LSTM; the gates are made again, and the
derivatives (equations (2), (3) and (5) to (8) of diagonal_cells.py) never leave the registers. Each lane sums the
gradients of its weights over time in registers; torch sums these over the batch.
"""

import torch
from torch import Tensor

from . import diagonal_gru_triton, diagonal_lstm_triton
from .diagonal_cells import CELLS
from .diagonal_loop import derive, turned
from .triton_lanes import launch

KERNELS = {
    "gru": (diagonal_gru_triton.forward_kernel, diagonal_gru_triton.backward_kernel),
    "lstm": (diagonal_lstm_triton.forward_kernel, diagonal_lstm_triton.backward_kernel),
}


@torch.library.custom_op("memorl::diagonal_loop_triton", mutates_args=())
def diagonal_loop_triton(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    """`diagonal_loop` on a GPU; its arguments."""
    (T, B), N = first.shape, h.shape[1]
    y = h.new_empty(T, *turned(h).shape)
    tensors = (x.contiguous() for x in (gates, turned(h), first, weight, y))
    launch(KERNELS[cell][0], B, N, *tensors, T, B, N)
    return turned(y, 4)


@diagonal_loop_triton.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    return turned(h.new_empty(gates.shape[0], *turned(h).shape), 4)


@torch.library.custom_op("memorl::diagonal_loop_triton_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    (T, B), N = first.shape, h.shape[1]
    dx, dh, dw = gates.new_empty(gates.shape), h.new_empty(turned(h).shape), h.new_empty(B, CELLS[cell].gates * N)
    tensors = (x.contiguous() for x in (turned(dy, 4), turned(y, 4), gates, turned(h), first, weight))
    launch(KERNELS[cell][1], B, N, *tensors, dx, dh, dw, T, B, N)
    return dx, turned(dh), dw.sum(0)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    return gates.new_empty(gates.shape), turned(h.new_empty(turned(h).shape)), weight.new_empty(weight.shape)


derive(diagonal_loop_triton, _backward)
