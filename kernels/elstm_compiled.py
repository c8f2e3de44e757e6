"""The recurrence of elstm_loop.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as there. The gradients of the weights are summed over time in each row, and by torch over the
rows. Loops are short, since the compiler gives up making vectors of one that touches too many arrays.
"""

import torch
from torch import Tensor

from .activations_compiled import ONE, sigmoid, tanh
from .compiled import Array, array
from .elstm_loop import derive
from .threads import by_rows

COST = 16
"""Multiplications that a unit's step is worth."""


def _loop(gates: Array, c: Array, first: Array, w: Array, y: Array, slopes: Array, low: int, high: int) -> None:
    N = c.shape[1]
    w_f, w_z = w[:N], w[N:]
    for row in range(low, high):
        s = c[row].copy()
        for t in range(len(gates)):
            if first[t, row]:
                s[:] = 0
            x_f, x_z = gates[t, row, :N], gates[t, row, N:]
            a, u, v = slopes[0, t, row], slopes[1, t, row], slopes[2, t, row]
            for k in range(N):
                a[k] = sigmoid(x_f[k] + w_f[k] * s[k])
            for k in range(N):
                v[k] = tanh(x_z[k] + w_z[k] * s[k])
            for k in range(N):
                f, z, rest = a[k], v[k], ONE - a[k]
                above = s[k] - z
                u[k], v[k], s[k] = above * f * rest, rest * (ONE - z * z), z + f * above
            for k in range(N):
                a[k] += w_f[k] * u[k] + w_z[k] * v[k]
            y[t, row] = s


def _back(
    dy: Array, y: Array, slopes: Array, c: Array, first: Array, dx: Array, dc: Array, dw: Array, low: int, high: int
) -> None:
    N = c.shape[1]
    for row in range(low, high):
        d, to_f, to_z = dc[row], dw[row, :N], dw[row, N:]
        d[:], to_f[:], to_z[:] = 0, 0, 0
        for t in range(len(dy) - 1, -1, -1):
            a, u, v = slopes[0, t, row], slopes[1, t, row], slopes[2, t, row]
            e, old, of_f, of_z = dy[t, row], y[t - 1, row] if t else c[row], dx[t, row, :N], dx[t, row, N:]
            for k in range(N):
                d[k] += e[k]
            for k in range(N):
                of_f[k], of_z[k] = d[k] * u[k], d[k] * v[k]
            if first[t, row]:
                d[:] = 0
            else:
                for k in range(N):
                    to_f[k] += of_f[k] * old[k]
                    to_z[k] += of_z[k] * old[k]
                for k in range(N):
                    d[k] *= a[k]


@torch.library.custom_op("memorl::elstm_loop_compiled", mutates_args=())
def elstm_loop_compiled(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """`elstm_loop` on a CPU, float32; its arguments."""
    (T, B), N = first.shape, c.shape[1]
    y, slopes = gates.new_empty(T, B, N), gates.new_empty(3, T, B, N)
    by_rows(_loop, tuple(array(x, leading=0) for x in (gates, c, first, weight, y, slopes)), B, COST * y.numel())
    return y, slopes


@elstm_loop_compiled.register_fake
def _(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    (T, B, _), N = gates.shape, c.shape[1]
    return gates.new_empty(T, B, N), gates.new_empty(3, T, B, N)


@torch.library.custom_op("memorl::elstm_loop_compiled_backward", mutates_args=())
def _backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first c and the weight."""
    (T, B), N = first.shape, c.shape[1]
    dx, dc, dw = y.new_empty(T, B, 2 * N), c.new_empty(B, N), c.new_empty(B, 2 * N)
    by_rows(_back, tuple(array(x, leading=0) for x in (dy, y, slopes, c, first, dx, dc, dw)), B, COST * y.numel())
    return dx, dc, dw.sum(0)


@_backward.register_fake
def _(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    (T, B), N = first.shape, c.shape[1]
    return y.new_empty(T, B, 2 * N), c.new_empty(B, N), c.new_empty(2 * N)


derive(elstm_loop_compiled, _backward)
