"""The recurrence of the LSTM over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units, U of a head (`heads`; one head has all). `gates` holds W_i x + b_i + b_h of every step
(one GEMM, made by the caller).

    h, c = 0 where first                            an episode starts from nothing
    i, f, g, o = gates + W h                        [B, 4H], in this order
    i, f, o = sigmoid(.),  g = tanh(.)              (1)
    c' = f * c + i * g                              (2)
    h' = o * tanh(c')                               (3)

Backward, with d = dL/dh' and e = dL/dc', each what is asked for from outside plus what later steps ask for:

    e    <- e + d * o (1 - tanh(c')^2)                                                          (4)
    dgates = [e * [g i (1 - i),  c f (1 - f),  i (1 - g^2)],  d * tanh(c') o (1 - o)]           (5)
    dL/dh = dgates W,  dL/dc = e * f,  both 0 where first                                       (6)

The factors of (4) and (5) need no recursion and are made for all steps at once; the loop is left with one small
GEMM and seven element-wise operations, and the weight gradient is one GEMM over T B rows.
Cost: 16 T B H U FLOP forward and backward inside the loop, 8 T B H U outside; 6 T B H floats are kept.
"""

from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.backend import choose_cell
from memorl.kernels.common.precision import without_autocast
from memorl.kernels.common.shapes import require_shapes

from .reference import lstm_loop_reference
from .torch_loop import lstm_loop_torch


def lstm_loop(
    gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor, backend: str = "auto"
) -> tuple[Tensor, Tensor]:
    """Run the LSTM's recurrence, equations (1) to (3).

    Args:
        gates: W_i x + b_i + b_h, [T, B, 4H], in the order i, f, g, o.
        h: The output before the first step, [B, H].
        c: The cell before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight: W of the output, [4H, U]; with one head U is H.
        backend: "reference", "torch", "numba" (on a CPU, float32), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The output and the cell after every step, both [T, B, H]. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    choice = choose_cell(backend, gates, first, h, c, weight=weight)
    T, B = gates.shape[:2]
    H = h.shape[-1]
    tensors = {"gates": gates, "h": h, "c": c, "first": first, "weight": weight}
    expected = {"gates": (T, B, 4 * H), "h": (B, H), "c": (B, H), "first": (T, B)}
    require_shapes("lstm_loop", tensors, weight=(4 * H, H // heads.count(weight, H)), **expected)
    if choice == "reference":
        with without_autocast(gates.device):
            return lstm_loop_reference(gates, h, c, first, weight)
    loop = lstm_loop_torch
    if choice == "numba":
        from .numba_loop import lstm_loop_numba as loop
    if choice == "triton":
        from .triton_loop import lstm_loop_triton as loop
    y, cells, *_ = loop(gates, h, c, first, weight)
    return y, cells
