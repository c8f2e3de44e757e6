"""The linear recurrence of diag_scan.py on a CPU, compiled by Numba: every number is read once and written once.

A loop of torch operations pays some microseconds a step, and reads the state that the step before wrote. Compiled, a
step is one multiply-add a number on the way through memory. Numba is not needed, only used where it is installed, and
is imported at the first call.

Legend as in diag_scan.py; pairs are complex numbers here.
"""

import numpy as np
import torch
from torch import Tensor

from .compiled import Array, array
from .threads import by_rows

COST = 4
"""Multiplications that a number's step is worth: what it costs is memory."""


def _scan(a: Array, b: Array, h: Array, first: Array, y: Array, low: int, high: int) -> None:
    for t in range(y.shape[0]):
        for r in range(low, high):
            a_t, y_t = a[t % a.shape[0], r % a.shape[1]], y[t, r]
            b_t = b[t % b.shape[0], r % b.shape[1]]
            old = y[t - 1, r] if t > 0 else h[r % h.shape[0]]
            if first[t % first.shape[0], r % first.shape[1]]:
                for n in range(len(y_t)):
                    y_t[n] = b_t[n]
            else:
                for n in range(len(y_t)):
                    y_t[n] = a_t[n] * old[n] + b_t[n]


def _scan_back(
    e: Array, a: Array, y: Array, h: Array, first: Array, d: Array, da: Array, dh: Array, low: int, high: int
) -> None:
    nothing = np.zeros(d.shape[2], d.dtype)
    for r in range(low, high):
        for n in range(d.shape[2]):
            d[-1, r, n] = e[-1, r % e.shape[1], n]
    for t in range(d.shape[0] - 1, -1, -1):
        for r in range(low, high):
            a_t, d_t, da_t = a[t % a.shape[0], r % a.shape[1]], d[t, r], da[t, r]
            old, to = (y[t - 1, r], d[t - 1, r]) if t > 0 else (h[r % h.shape[0]], dh[r])
            e_t = e[(t - 1) % e.shape[0], r % e.shape[1]] if t > 0 else nothing
            if first[t % first.shape[0], r % first.shape[1]]:
                for n in range(len(d_t)):
                    da_t[n] = 0
                    to[n] = e_t[n]
            else:
                for n in range(len(d_t)):
                    da_t[n] = np.conj(old[n]) * d_t[n]
                    to[n] = e_t[n] + np.conj(a_t[n]) * d_t[n]


def forward(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    """The states."""
    y = torch.empty_like(b, memory_format=torch.contiguous_format)
    arrays = (array(a, 4), array(b, 4), array(h, 3, 1), array(first), array(y, 4))
    by_rows(_scan, arrays, len(h), COST * y.numel())
    return y


def backward(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of a, b and h."""
    da, db, dh = torch.empty_like(y), torch.empty_like(y), torch.empty_like(h, memory_format=torch.contiguous_format)
    given = *(array(x, 4) for x in (dy, a, y)), array(h, 3, 1), array(first)
    by_rows(_scan_back, (*given, array(db, 4), array(da, 4), array(dh, 3, 1)), len(h), 2 * COST * y.numel())
    return da, db, dh
