"""The recurrence of elementwise_loop.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as there. A pair's two numbers lie apart while a row is computed. The gradients of r are summed
over time in each row, and by torch over the rows.
"""

import numpy as np
from torch import Tensor

from memorl.kernels.common.cpu.activations import ONE, tanh
from memorl.kernels.common.cpu.cache import Array
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.operators import Tensors3, differentiable, empty

WORK_PER_UNIT = 8
"""The cost of one number's step, in multiplications."""

_ZERO = np.float32(0)


def _numbers(x: Array, h: Array, first: Array, r: Array, y: Array, relu: bool, low: int, high: int) -> None:
    for row in range(low, high):
        s = h[row].copy()
        for t in range(len(x)):
            x_t = x[t, row]
            if first[t, row]:
                s[:] = 0
            if relu:
                for k in range(len(s)):
                    q = x_t[k] + r[k] * s[k]
                    s[k] = _ZERO if q < _ZERO else q
            else:
                for k in range(len(s)):
                    s[k] = tanh(x_t[k] + r[k] * s[k])
            y[t, row] = s


def _pairs(x: Array, h: Array, first: Array, r: Array, y: Array, relu: bool, low: int, high: int) -> None:
    r_re = r[:, 0].copy()
    r_im = r[:, 1].copy()
    q_re = r_re.copy()
    q_im = r_im.copy()
    for row in range(low, high):
        re = h[row, :, 0].copy()
        im = h[row, :, 1].copy()
        for t in range(len(x)):
            x_t = x[t, row]
            y_t = y[t, row]
            if first[t, row]:
                re[:] = 0
                im[:] = 0
            for k in range(len(re)):
                q_re[k] = x_t[k, 0] + (r_re[k] * re[k] - r_im[k] * im[k])
                q_im[k] = x_t[k, 1] + (r_re[k] * im[k] + r_im[k] * re[k])
            if relu:
                for k in range(len(re)):
                    re[k] = _ZERO if q_re[k] < _ZERO else q_re[k]
                    im[k] = _ZERO if q_im[k] < _ZERO else q_im[k]
            else:
                for k in range(len(re)):
                    re[k] = tanh(q_re[k])
                    im[k] = tanh(q_im[k])
            for k in range(len(re)):
                y_t[k, 0] = re[k]
                y_t[k, 1] = im[k]


def _numbers_back(
    dy: Array, y: Array, h: Array, first: Array, r: Array, dx: Array, dh: Array, dr: Array, relu: bool,
    low: int, high: int,
) -> None:  # fmt: skip
    for row in range(low, high):
        d = dh[row]
        to = dr[row]
        d[:] = 0
        to[:] = 0
        for t in range(len(dy) - 1, -1, -1):
            e = dy[t, row]
            out = dx[t, row]
            new = y[t, row]
            previous = y[t - 1, row] if t else h[row]
            if relu:
                for k in range(len(d)):
                    out[k] = _ZERO if new[k] <= _ZERO else e[k] + d[k]
            else:
                for k in range(len(d)):
                    out[k] = (e[k] + d[k]) * (ONE - new[k] * new[k])
            if first[t, row]:
                d[:] = 0
            else:
                for k in range(len(d)):
                    to[k] += previous[k] * out[k]
                    d[k] = r[k] * out[k]


def _pairs_back(
    dy: Array, y: Array, h: Array, first: Array, r: Array, dx: Array, dh: Array, dr: Array, relu: bool,
    low: int, high: int,
) -> None:  # fmt: skip
    N = len(r)
    r_re = r[:, 0].copy()
    r_im = r[:, 1].copy()
    re = r_re.copy()
    im = r_re.copy()
    to_re = r_re.copy()
    to_im = r_re.copy()
    for row in range(low, high):
        re[:] = 0
        im[:] = 0
        to_re[:] = 0
        to_im[:] = 0
        for t in range(len(dy) - 1, -1, -1):
            e = dy[t, row]
            out = dx[t, row]
            new = y[t, row]
            previous = y[t - 1, row] if t else h[row]
            if relu:
                for k in range(N):
                    re[k] = _ZERO if new[k, 0] <= _ZERO else e[k, 0] + re[k]
                    im[k] = _ZERO if new[k, 1] <= _ZERO else e[k, 1] + im[k]
            else:
                for k in range(N):
                    re[k] = (e[k, 0] + re[k]) * (ONE - new[k, 0] * new[k, 0])
                    im[k] = (e[k, 1] + im[k]) * (ONE - new[k, 1] * new[k, 1])
            for k in range(N):
                out[k, 0] = re[k]
                out[k, 1] = im[k]
            if first[t, row]:
                re[:] = 0
                im[:] = 0
            else:
                for k in range(N):
                    to_re[k] += previous[k, 0] * re[k] + previous[k, 1] * im[k]
                    to_im[k] += previous[k, 0] * im[k] - previous[k, 1] * re[k]
                for k in range(N):
                    g_re = re[k]
                    g_im = im[k]
                    re[k] = r_re[k] * g_re + r_im[k] * g_im
                    im[k] = r_re[k] * g_im - r_im[k] * g_re
        dh[row, :, 0] = re
        dh[row, :, 1] = im
        dr[row, :, 0] = to_re
        dr[row, :, 1] = to_im


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    y = gates.new_empty(gates.shape)
    loop = _pairs if h.dim() == 3 else _numbers
    run_rows(loop, (gates, h, first, weight, y, activation == "relu"), len(h), WORK_PER_UNIT * y.numel())
    return y


def _backward(dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensors3:
    dx, dh, dr = empty(y, h, h)
    arguments = (dy, y, h, first, weight, dx, dh, dr, activation == "relu")
    run_rows(_pairs_back if h.dim() == 3 else _numbers_back, arguments, len(h), WORK_PER_UNIT * y.numel())
    return dx, dh, dr.sum(0)


elementwise_loop_numba = differentiable(
    "elementwise_loop_numba", _forward, _backward, "gates h weight", shapes="y h weight"
)
