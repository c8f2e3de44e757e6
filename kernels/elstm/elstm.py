"""The recurrence of the element-wise LSTM over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, N units. `gates` holds [F x + b_f, Z x + b_z] of every step (one GEMM, made by the caller).

    c_{t-1} = 0 where first                                     an episode starts from nothing
    f_t = sigmoid(gates_f + w_f * c_{t-1})                      (1)
    z_t = tanh(gates_z + w_z * c_{t-1})                         (2)
    c_t = f_t * c_{t-1} + (1 - f_t) * z_t                       (3)

Its derivatives at every step, which need no recursion, and the backward recursion for e = dL/dc from outside:

    u = (c_{t-1} - z) f (1 - f),   v = (1 - f) (1 - z^2)        dc_t / dgates_t, for f and for z      (4)
    a = f + w_f u + w_z v                                       dc_t / dc_{t-1}                       (5)
    d_t = e_t + a_{t+1} d_{t+1},   dgates_t = d_t * [u, v]      (6)

a, u and v are made forward, once: backward is then (6) alone, and who wants the derivatives for their own sake, as
exact recurrent learning does, has them. 4 T B N floats are kept.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import choose
from memorl.kernels.common.shapes import require_shapes

from .reference import elstm_loop_reference
from .torch_loop import elstm_loop_torch


def elstm_loop(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor, backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Run the element-wise LSTM's recurrence, equations (1) to (3).

    Args:
        gates: F x + b_f and Z x + b_z, [T, B, 2N].
        c: The cell before the first step, [B, N].
        first: True where a step begins an episode, [T, B], bool.
        weight: w_f and w_z, [2N].
        backend: "reference", "torch", "numba" (on a CPU, float32), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The cell after every step, [T, B, N], differentiable, once, in all but `first`; and a, u and v of (4) and (5),
        [3, T, B, N], which carry no gradient.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    choice = choose(backend, gates, c, weight, numba=(torch.float32,))
    T, B = gates.shape[:2]
    N = c.shape[-1]
    tensors = {"gates": gates, "c": c, "first": first, "weight": weight}
    require_shapes("elstm_loop", tensors, gates=(T, B, 2 * N), c=(B, N), first=(T, B), weight=(2 * N,))
    if choice == "reference":
        return elstm_loop_reference(gates, c, first, weight)
    loop = elstm_loop_torch
    if choice == "numba":
        from .numba_loop import elstm_loop_numba as loop
    if choice == "triton":
        from .triton_loop import elstm_loop_triton as loop
    y, slopes = loop(gates, c, first, weight)
    return y, slopes.detach()
