"""The first-order linear recurrence over a whole sequence, real or complex, with episode starts inside the loop.

Legend: T time, B batch, N units. A complex number is a pair in a last dimension of size 2.

    h_t = a_t h_{t-1} + b_t,   h_{t-1} = 0 where first                          (1)

Backward, with e = dL/dh from outside and the bar for the complex conjugate:

    d_t = e_t + conj(a_{t+1}) d_{t+1},   the last term 0 where first at t + 1     (2)
    db_t = d_t,   da_t = conj(h_{t-1}) d_t,   dL/dh_0 = conj(a_1) d_1 or 0        (3)

Cost: 2 T B N multiply-adds in the loops (four times that for pairs); nothing is kept but a and h.
"""

from torch import Tensor

from memorl.kernels.common.backend import FLOATS, choose

from .reference import diag_scan_reference
from .torch_loop import diag_scan_torch


def diag_scan(a: Tensor, b: Tensor, h: Tensor, first: Tensor, backend: str = "auto") -> Tensor:
    """Run the linear recurrence, equation (1).

    Args:
        a: What the state is multiplied by, [T, B, N], or [T, B, N, 2] for complex numbers; may be expanded.
        b: What is added, of the same shape.
        h: The state before the first step, [B, N] or [B, N, 2].
        first: True where a step begins an episode, [T, B], bool.
        backend: "reference", "torch", "numba" (on a CPU), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The state after every step, of the shape of b. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If the shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    if a.shape != b.shape or h.shape != b.shape[1:] or first.shape != b.shape[:2]:
        shapes = ", ".join(str(tuple(x.shape)) for x in (a, b, h, first))
        raise ValueError(f"a, b, h and first have shapes {shapes}; expected [T, B, N] twice, [B, N] and [T, B]")
    choice = choose(backend, b, a, h, numba=FLOATS)
    if choice == "reference":
        return diag_scan_reference(a, b, h, first)
    loop = diag_scan_torch
    if choice == "numba":
        from .numba_loop import diag_scan_numba as loop
    if choice == "triton":
        from .triton_loop import diag_scan_triton as loop
    return loop(a, b, h, first)
