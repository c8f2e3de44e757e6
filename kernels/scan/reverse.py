"""A linear recurrence backwards in time, which computes advantages and value targets.

Legend: T time, N environments.

    y_t = b_t + a_t y_{t+1},   y_{T+1} = 0                                          (1)

Never differentiated. It is `diag_scan` with time reversed_ round where Numba or Triton runs it, and else one
multiply-add a step, in place, since `diag_scan`'s loop also looks for starts, of which there are none here.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import FLOATS, choose

from .reference import reverse_scan_reference
from .scan import diag_scan


@torch.no_grad()
def reverse_scan(a: Tensor, b: Tensor, backend: str = "auto") -> Tensor:
    """Run the recurrence, equation (1).

    Args:
        a: What the later is multiplied by, [T, N].
        b: What is added, [T, N].
        backend: "reference", "torch", "numba" (on a CPU), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        y, [T, N]. It carries no gradient.

    Raises:
        ValueError: If the shapes differ, or the backend is unknown or cannot run on these tensors.
    """
    if a.shape != b.shape:
        raise ValueError(f"a and b have shapes {tuple(a.shape)} and {tuple(b.shape)}; expected [T, N] twice")
    choice = choose(backend, b, a, numba=FLOATS)
    if choice == "reference":
        return reverse_scan_reference(a, b)
    if choice in ("numba", "triton"):
        never = torch.zeros(len(b), 1, dtype=torch.bool, device=b.device)
        reversed_ = (a.flip(0)[:, None], b.flip(0)[:, None], torch.zeros_like(b[:1]), never)
        if choice == "triton" or torch.compiler.is_compiling():
            return diag_scan(*reversed_, backend=choice)[:, 0].flip(0)
        from .numba_loop import scan  # the loop itself, since an operator takes longer than it

        return scan(*reversed_)[:, 0].flip(0)
    y = b.clone()
    rows = list(zip(y.unbind(0), a.unbind(0), strict=True))
    following = rows.pop()[0]
    for y_t, a_t in reversed(rows):
        following = y_t.addcmul_(a_t, following)
    return y
