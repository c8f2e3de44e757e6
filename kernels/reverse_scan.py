"""A linear recurrence backwards in time, which advantages and targets of values are.

Legend: T time, N environments.

    y_t = b_t + a_t y_{t+1},   y_{T+1} = 0                                          (1)

Never differentiated. It is `diag_scan` with time turned round where that is compiled, by Numba or Triton, and else one
multiply-add a step, in place, since `diag_scan`'s loop also looks for starts, of which there are none here.
"""

import torch
from torch import Tensor

from .backend import FLOATS, choose
from .diag_scan import diag_scan


def reverse_scan_reference(a: Tensor, b: Tensor) -> Tensor:
    """Equation (1), step by step."""
    outputs = [torch.zeros_like(b[0])]
    for a_t, b_t in zip(a.flip(0), b.flip(0), strict=True):
        outputs.append(b_t + a_t * outputs[-1])
    return torch.stack(outputs[:0:-1])


@torch.no_grad()
def reverse_scan(a: Tensor, b: Tensor, backend: str = "auto") -> Tensor:
    """Run the recurrence, equation (1).

    Args:
        a: What the later is multiplied by, [T, N].
        b: What is added, [T, N].
        backend: "reference", "loop", "compiled" (by Numba, on a CPU), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        y, [T, N]. It carries no gradient.

    Raises:
        ValueError: If the shapes differ, or the backend is unknown or cannot run on these tensors.
    """
    if a.shape != b.shape:
        raise ValueError(f"a and b have shapes {tuple(a.shape)} and {tuple(b.shape)}; expected [T, N] twice")
    form = choose(backend, b, a, compiled=FLOATS)
    if form == "reference":
        return reverse_scan_reference(a, b)
    if form in ("compiled", "triton"):
        never = torch.zeros(len(b), 1, dtype=torch.bool, device=b.device)
        turned = (a.flip(0)[:, None], b.flip(0)[:, None], torch.zeros_like(b[:1]), never)
        if form == "triton" or torch.compiler.is_compiling():
            return diag_scan(*turned, backend=form)[:, 0].flip(0)
        from .diag_compiled import forward  # the loop itself, since an operator takes longer than that

        return forward(*turned)[:, 0].flip(0)
    y = b.clone()
    rows = list(zip(y.unbind(0), a.unbind(0), strict=True))
    following = rows.pop()[0]
    for y_t, a_t in reversed(rows):
        following = y_t.addcmul_(a_t, following)
    return y
