"""The recurrence of elementwise_loop.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as there. A pair's two numbers lie apart while a row is computed. The gradients of r are summed
over time in each row, and by torch over the rows.
"""

import numpy as np
import torch
from torch import Tensor

from .activations_compiled import ONE, tanh
from .compiled import Array, array
from .elementwise_loop import derive
from .threads import by_rows

COST = 8
"""Multiplications that a number's step is worth."""

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
    r_re, r_im = r[:, 0].copy(), r[:, 1].copy()
    q_re, q_im = r_re.copy(), r_im.copy()
    for row in range(low, high):
        re, im = h[row, :, 0].copy(), h[row, :, 1].copy()
        for t in range(len(x)):
            x_t, y_t = x[t, row], y[t, row]
            if first[t, row]:
                re[:], im[:] = 0, 0
            for k in range(len(re)):
                q_re[k] = x_t[k, 0] + (r_re[k] * re[k] - r_im[k] * im[k])
                q_im[k] = x_t[k, 1] + (r_re[k] * im[k] + r_im[k] * re[k])
            if relu:
                for k in range(len(re)):
                    re[k] = _ZERO if q_re[k] < _ZERO else q_re[k]
                    im[k] = _ZERO if q_im[k] < _ZERO else q_im[k]
            else:
                for k in range(len(re)):
                    re[k], im[k] = tanh(q_re[k]), tanh(q_im[k])
            for k in range(len(re)):
                y_t[k, 0], y_t[k, 1] = re[k], im[k]


def _numbers_back(
    dy: Array, y: Array, h: Array, first: Array, r: Array, dx: Array, dh: Array, dr: Array, relu: bool,
    low: int, high: int,
) -> None:  # fmt: skip
    for row in range(low, high):
        d, to = dh[row], dr[row]
        d[:], to[:] = 0, 0
        for t in range(len(dy) - 1, -1, -1):
            e, out, new, old = dy[t, row], dx[t, row], y[t, row], y[t - 1, row] if t else h[row]
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
                    to[k] += old[k] * out[k]
                    d[k] = r[k] * out[k]


def _pairs_back(
    dy: Array, y: Array, h: Array, first: Array, r: Array, dx: Array, dh: Array, dr: Array, relu: bool,
    low: int, high: int,
) -> None:  # fmt: skip
    N = len(r)
    r_re, r_im = r[:, 0].copy(), r[:, 1].copy()
    re, im, to_re, to_im = r_re.copy(), r_re.copy(), r_re.copy(), r_re.copy()
    for row in range(low, high):
        re[:], im[:], to_re[:], to_im[:] = 0, 0, 0, 0
        for t in range(len(dy) - 1, -1, -1):
            e, out, new, old = dy[t, row], dx[t, row], y[t, row], y[t - 1, row] if t else h[row]
            if relu:
                for k in range(N):
                    re[k] = _ZERO if new[k, 0] <= _ZERO else e[k, 0] + re[k]
                    im[k] = _ZERO if new[k, 1] <= _ZERO else e[k, 1] + im[k]
            else:
                for k in range(N):
                    re[k] = (e[k, 0] + re[k]) * (ONE - new[k, 0] * new[k, 0])
                    im[k] = (e[k, 1] + im[k]) * (ONE - new[k, 1] * new[k, 1])
            for k in range(N):
                out[k, 0], out[k, 1] = re[k], im[k]
            if first[t, row]:
                re[:], im[:] = 0, 0
            else:
                for k in range(N):
                    to_re[k] += old[k, 0] * re[k] + old[k, 1] * im[k]
                    to_im[k] += old[k, 0] * im[k] - old[k, 1] * re[k]
                for k in range(N):
                    g_re, g_im = re[k], im[k]
                    re[k], im[k] = r_re[k] * g_re + r_im[k] * g_im, r_re[k] * g_im - r_im[k] * g_re
        dh[row, :, 0], dh[row, :, 1], dr[row, :, 0], dr[row, :, 1] = re, im, to_re, to_im


@torch.library.custom_op("memorl::elementwise_loop_compiled", mutates_args=())
def elementwise_loop_compiled(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    """`elementwise_loop` on a CPU, float32; its arguments."""
    y = gates.new_empty(gates.shape)
    arrays = tuple(array(x, leading=0) for x in (gates, h, first, weight, y))
    by_rows(_pairs if h.dim() == 3 else _numbers, (*arrays, activation == "relu"), len(h), COST * y.numel())
    return y


@elementwise_loop_compiled.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    return gates.new_empty(gates.shape)


@torch.library.custom_op("memorl::elementwise_loop_compiled_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    dx, dh, dr = y.new_empty(y.shape), h.new_empty(h.shape), h.new_empty(h.shape)
    arrays = tuple(array(x, leading=0) for x in (dy, y, h, first, weight, dx, dh, dr))
    by_rows(_pairs_back if h.dim() == 3 else _numbers_back, (*arrays, activation == "relu"), len(h), COST * y.numel())
    return dx, dh, dr.sum(0)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    return y.new_empty(y.shape), h.new_empty(h.shape), weight.new_empty(weight.shape)


derive(elementwise_loop_compiled, _backward)
