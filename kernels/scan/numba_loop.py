"""The linear recurrence of scan.py on a CPU, compiled by Numba: every number is read once and written once.

A loop of torch operations pays some microseconds a step, and reads the state that the step before wrote. Compiled, a
step is one multiply-add a number on the way through memory. Numba is not needed, only used where it is installed, and
is imported at the first call.

Legend as in scan.py; pairs are complex numbers here.
"""

import numpy as np
import torch
from torch import Tensor

from memorl.kernels.common.cpu.cache import Array, as_array
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.operators import differentiable, empty

WORK_PER_NUMBER = 4
"""The cost of one number's step, in multiplications: most of it is memory traffic."""


def _scan(a: Array, b: Array, h: Array, first: Array, y: Array, low: int, high: int) -> None:
    for t in range(y.shape[0]):
        for r in range(low, high):
            a_t = a[t % a.shape[0], r % a.shape[1]]
            y_t = y[t, r]
            b_t = b[t % b.shape[0], r % b.shape[1]]
            previous = y[t - 1, r] if t > 0 else h[r % h.shape[0]]
            if first[t % first.shape[0], r % first.shape[1]]:
                for n in range(len(y_t)):
                    y_t[n] = b_t[n]
            else:
                for n in range(len(y_t)):
                    y_t[n] = a_t[n] * previous[n] + b_t[n]


def _scan_back(
    e: Array, a: Array, y: Array, h: Array, first: Array, d: Array, da: Array, dh: Array, low: int, high: int
) -> None:
    zeros = np.zeros(d.shape[2], d.dtype)
    for r in range(low, high):
        for n in range(d.shape[2]):
            d[-1, r, n] = e[-1, r % e.shape[1], n]
    for t in range(d.shape[0] - 1, -1, -1):
        for r in range(low, high):
            a_t = a[t % a.shape[0], r % a.shape[1]]
            d_t = d[t, r]
            da_t = da[t, r]
            previous, to = (y[t - 1, r], d[t - 1, r]) if t > 0 else (h[r % h.shape[0]], dh[r])
            e_t = e[(t - 1) % e.shape[0], r % e.shape[1]] if t > 0 else zeros
            if first[t % first.shape[0], r % first.shape[1]]:
                for n in range(len(d_t)):
                    da_t[n] = 0
                    to[n] = e_t[n]
            else:
                for n in range(len(d_t)):
                    da_t[n] = np.conj(previous[n]) * d_t[n]
                    to[n] = e_t[n] + np.conj(a_t[n]) * d_t[n]


def scan(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    """Return the state after every step."""
    y = torch.empty_like(b, memory_format=torch.contiguous_format)
    arrays = (as_array(a, 4, 2), as_array(b, 4, 2), as_array(h, 3, 1), as_array(first, 0, 2), as_array(y, 4))
    run_rows(_scan, arrays, len(h), WORK_PER_NUMBER * y.numel())
    return y


def _backward(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    da, db, dh = empty(y, y, h)
    inputs = (*(as_array(x, 4, 2) for x in (dy, a, y)), as_array(h, 3, 1), as_array(first, 0, 2))
    arrays = (*inputs, as_array(db, 4), as_array(da, 4), as_array(dh, 3))
    run_rows(_scan_back, arrays, len(h), 2 * WORK_PER_NUMBER * y.numel())
    return da, db, dh


diag_scan_numba = differentiable("diag_scan_numba", scan, _backward, "a b h", shapes="y y h")
