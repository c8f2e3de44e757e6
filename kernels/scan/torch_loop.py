"""The recurrence of scan.py by torch's operators, equations (1) to (3) there, without a graph a step.

Both loops are one multiply-add a step, and da is made for a block of steps at once, while they are in the cache. (2)
is run on the conjugates, where it reads as (1) backwards in time.
"""

import torch
from torch import Tensor

from memorl.kernels.common.operators import differentiable
from memorl.kernels.common.pairs import as_complex
from memorl.kernels.common.resets import CACHED_NUMBERS, add_product_, reset_indices, zero_rows_


def _forward(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    y = torch.empty_like(b, memory_format=torch.contiguous_format)
    a = as_complex(a, 4)
    b = as_complex(b.contiguous(), 4)
    h = as_complex(h.contiguous(), 3)
    out = as_complex(y, 4)
    for a_t, b_t, y_t, rows in zip(a.unbind(0), b.unbind(0), out.unbind(0), reset_indices(first), strict=True):
        h = torch.addcmul(b_t, a_t, h if rows is None else h.index_fill(0, rows, 0), out=y_t)
    return y


def _backward(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    db = dy.clone(memory_format=torch.contiguous_format)
    da = torch.empty_like(y)
    d, a, previous, out = (as_complex(x, 4) for x in (db, a, y, da))
    d_s = d.conj_physical_().unbind(0)
    a_s = a.unbind(0)
    resets = reset_indices(first)
    dh = torch.zeros_like(d_s[0])
    block = max(1, CACHED_NUMBERS // d_s[0].numel())
    for end in range(len(d_s), 0, -block):
        begin = max(0, end - block)
        for t in range(end - 1, begin - 1, -1):
            add_product_(d_s[t - 1] if t else dh, a_s[t], d_s[t], resets[t])
        later = max(begin, 1)
        torch.mul(previous[later - 1 : end - 1], d[later:end], out=out[later:end])
    torch.mul(as_complex(h.contiguous(), 3), d[0], out=out[0])
    zero_rows_(out.flatten(0, 1), first.flatten())
    for x in (d, out, dh):
        x.conj_physical_()
    return da, db, torch.view_as_real(dh) if dh.is_complex() else dh


diag_scan_torch = differentiable("diag_scan_torch", _forward, _backward, "a b h", shapes="y y h")
