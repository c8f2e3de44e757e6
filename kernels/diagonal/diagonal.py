"""The recurrence of a GRU or LSTM whose units see themselves alone, with episode starts inside the loop.

Legend: T time, B batch, N units, G gates; [N*] is [N] for the GRU and [N, 2] for the LSTM, whose state is (h, c). The
cells, and their letters, are in diagonal_cells.py; `gates` holds W x + b of every step (one GEMM, made by the caller).

    h_t = cell(gates_t, h_{t-1}, w),   h_{t-1} = 0 where first                                     (1)

Backward, with e = dL/dh from outside; all derivatives of the cell are made at once, since they need no recursion:

    d_t = e_t + (dh_{t+1}/dh_t)^T d_{t+1},   the last term 0 where first at t + 1                   (2)
    dgates_t = d_t . dh_t/dx_t,   dw = sum over t, b of dgates_t * what w multiplies                (3)

The gates are made again in the backward pass: nothing but h is kept.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import choose
from memorl.kernels.common.shapes import require_shapes

from .cells import CELLS
from .reference import diagonal_loop_reference
from .torch_loop import diagonal_loop_torch


def diagonal_loop(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str, backend: str = "auto") -> Tensor:
    """Run the recurrence of a diagonal GRU or LSTM, equation (1).

    Args:
        gates: W x + b, [T, B, G N]: r, z, n of a GRU, i, f, g, o of an LSTM.
        h: The state before the first step, [B, N], or h and c of an LSTM, [B, N, 2].
        first: True where a step begins an episode, [T, B], bool.
        weight: w, [G N].
        cell: "gru" or "lstm".
        backend: "reference", "torch", "numba" (on a CPU, float32), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The state after every step, [T, B, N*]. Differentiable, once, in gates, h and weight.

    Raises:
        ValueError: If there is no such cell, shapes do not fit, or the backend is unknown or cannot run here.
    """
    if cell not in CELLS:
        raise ValueError(f"cell is {cell!r}; it must be {' or '.join(CELLS)}")
    choice = choose(backend, gates, h, weight, numba=(torch.float32,))
    T, B = gates.shape[:2]
    N = h.shape[1]
    G, S, *_ = CELLS[cell]
    tensors = {"gates": gates, "h": h, "first": first, "weight": weight}
    expected = {"gates": (T, B, G * N), "h": (B, N, 2)[: 1 + S], "first": (T, B), "weight": (G * N,)}
    require_shapes("diagonal_loop", tensors, **expected)
    if choice == "reference":
        return diagonal_loop_reference(gates, h, first, weight, cell)
    loop = diagonal_loop_torch
    if choice == "numba":
        from .numba_loop import diagonal_loop_numba as loop
    if choice == "triton":
        from .triton_loop import diagonal_loop_triton as loop
    return loop(gates, h, first, weight, cell)
