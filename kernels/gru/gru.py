"""The recurrence of the GRU over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units, U of a head (`heads`; one head has all). `gates` holds W_i x + b_i of every step
(one GEMM, made by the caller).

    h  = 0 where first, else h                      an episode starts from nothing
    g  = W h + b                                    [B, 3H], in the order r, z, n
    r  = sigmoid(gates_r + g_r)                     (1)
    z  = sigmoid(gates_z + g_z)                     (2)
    n  = tanh(gates_n + r * g_n)                    (3)
    h' = n + z * (h - n)                            (4)

Backward, with d = dL/dh' (what the output asks for plus what the later steps ask for):

    dg = d * [A_n g_n r (1 - r),  (h - n) z (1 - z),  A_n r],   A_n = (1 - z) (1 - n^2)      (5)
    dL/dh = dg W + d * z,  0 where first                                                      (6)

The bracket of (5) needs no recursion, so it is made for all steps at once; the loop is left with one
small GEMM and four element-wise operations, and the weight gradient is one GEMM over T B rows.
Cost: 12 T B H U FLOP forward and backward inside the loop, 6 T B H U outside; 6 T B H floats are kept.
"""

from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.backend import choose_cell
from memorl.kernels.common.precision import without_autocast
from memorl.kernels.common.shapes import require_shapes

from .reference import gru_loop_reference
from .torch_loop import gru_loop_torch


def gru_loop(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor, backend: str = "auto") -> Tensor:
    """Run the GRU's recurrence, equations (1) to (4).

    Args:
        gates: W_i x + b_i, [T, B, 3H], in the order r, z, n.
        h: The state before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight: W of the state, [3H, U]; with one head U is H.
        bias: b of the state, [3H].
        backend: "reference", "torch", "numba" (on a CPU, float32), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The state after every step, [T, B, H]. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    choice = choose_cell(backend, gates, first, h, bias, weight=weight)
    T, B = gates.shape[:2]
    H = h.shape[-1]
    tensors = {"gates": gates, "h": h, "first": first, "weight": weight, "bias": bias}
    expected = {"gates": (T, B, 3 * H), "h": (B, H), "first": (T, B), "bias": (3 * H,)}
    require_shapes("gru_loop", tensors, weight=(3 * H, H // heads.count(weight, H)), **expected)
    if choice == "reference":
        with without_autocast(gates.device):
            return gru_loop_reference(gates, h, first, weight, bias)
    if choice == "triton":
        from .triton_loop import gru_loop_triton

        return gru_loop_triton(gates, h, first, weight, bias)
    loop = gru_loop_torch
    if choice == "numba":
        from .numba_loop import gru_loop_numba as loop
    return loop(gates, h, first, weight, bias)[0]
