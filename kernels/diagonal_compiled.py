"""The recurrence of diagonal_loop.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as in diagonal_cells.py; all h of a row lie before all c here, [B, 2, N]. The gradients of the
weights are summed over time in each row, and by torch over the rows. The LSTM's loops are short, since the compiler
gives up making vectors of one that touches too many arrays.
"""

import torch
from torch import Tensor

from .activations_compiled import ONE, sigmoid, tanh
from .cell_compiled import by_rows, require_shapes
from .compiled import Array, array
from .diagonal_cells import CELLS
from .diagonal_loop import derive, turned

COST = 32
"""Multiplications that a unit's step is worth."""


def _gru(gates: Array, h: Array, first: Array, w: Array, y: Array, low: int, high: int) -> None:
    N = h.shape[1]
    w_r, w_z, w_n = w[:N], w[N : 2 * N], w[2 * N :]
    for row in range(low, high):
        s = h[row].copy()
        for t in range(len(gates)):
            if first[t, row]:
                s[:] = 0
            x, out = gates[t, row], y[t, row]
            x_r, x_z, x_n = x[:N], x[N : 2 * N], x[2 * N :]
            for k in range(N):
                r, z = sigmoid(x_r[k] + w_r[k] * s[k]), sigmoid(x_z[k] + w_z[k] * s[k])
                n = tanh(x_n[k] + w_n[k] * r * s[k])
                s[k] = n + z * (s[k] - n)
            out[:] = s


def _gru_back(
    dy: Array, y: Array, gates: Array, h: Array, first: Array, w: Array, dx: Array, dh: Array, dw: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    N = h.shape[1]
    w_r, w_z, w_n = w[:N], w[N : 2 * N], w[2 * N :]
    for row in range(low, high):
        d, to = dh[row], dw[row]
        d[:], to[:] = 0, 0
        to_r, to_z, to_n = to[:N], to[N : 2 * N], to[2 * N :]
        old = d.copy()
        for t in range(len(dy) - 1, -1, -1):
            old[:] = y[t - 1, row] if t else h[row]
            if first[t, row]:
                old[:] = 0
            x, e, out = gates[t, row], dy[t, row], dx[t, row]
            x_r, x_z, x_n = x[:N], x[N : 2 * N], x[2 * N :]
            of_r, of_z, of_n = out[:N], out[N : 2 * N], out[2 * N :]
            for k in range(N):
                h_k, d_k = old[k], d[k] + e[k]
                r, z = sigmoid(x_r[k] + w_r[k] * h_k), sigmoid(x_z[k] + w_z[k] * h_k)
                n = tanh(x_n[k] + w_n[k] * r * h_k)
                v, u = d_k * (ONE - z) * (ONE - n * n), d_k * (h_k - n) * z * (ONE - z)
                q = v * w_n[k] * h_k * r * (ONE - r)
                of_r[k], of_z[k], of_n[k] = q, u, v
                to_r[k] += q * h_k
                to_z[k] += u * h_k
                to_n[k] += v * r * h_k
                d[k] = d_k * z + w_r[k] * q + w_z[k] * u + w_n[k] * r * v
            if first[t, row]:
                d[:] = 0


def _lstm(gates: Array, h: Array, first: Array, w: Array, y: Array, low: int, high: int) -> None:
    N = h.shape[2]
    w_i, w_f, w_g, w_o = w[:N], w[N : 2 * N], w[2 * N : 3 * N], w[3 * N :]
    for row in range(low, high):
        s, c = h[row, 0].copy(), h[row, 1].copy()
        for t in range(len(gates)):
            if first[t, row]:
                s[:], c[:] = 0, 0
            x = gates[t, row]
            x_i, x_f, x_g, x_o = x[:N], x[N : 2 * N], x[2 * N : 3 * N], x[3 * N :]
            for k in range(N):
                i, f = sigmoid(x_i[k] + w_i[k] * s[k]), sigmoid(x_f[k] + w_f[k] * s[k])
                g, o = tanh(x_g[k] + w_g[k] * s[k]), sigmoid(x_o[k] + w_o[k] * s[k])
                c[k] = f * c[k] + i * g
                s[k] = o * tanh(c[k])
            y[t, row, 0], y[t, row, 1] = s, c


def _lstm_back(
    dy: Array, y: Array, gates: Array, h: Array, first: Array, w: Array, dx: Array, dh: Array, dw: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    N = h.shape[2]
    w_i, w_f, w_g, w_o = w[:N], w[N : 2 * N], w[2 * N : 3 * N], w[3 * N :]
    for row in range(low, high):
        d, d_c, to = dh[row, 0], dh[row, 1], dw[row]
        d[:], d_c[:], to[:] = 0, 0, 0
        to_i, to_f, to_g, to_o = to[:N], to[N : 2 * N], to[2 * N : 3 * N], to[3 * N :]
        old, old_c = d.copy(), d.copy()
        for t in range(len(dy) - 1, -1, -1):
            before = y[t - 1, row] if t else h[row]
            old[:], old_c[:] = before[0], before[1]
            if first[t, row]:
                old[:], old_c[:] = 0, 0
            x, e, e_c, out = gates[t, row], dy[t, row, 0], dy[t, row, 1], dx[t, row]
            x_i, x_f, x_g, x_o = x[:N], x[N : 2 * N], x[2 * N : 3 * N], x[3 * N :]
            of_i, of_f, of_g, of_o = out[:N], out[N : 2 * N], out[2 * N : 3 * N], out[3 * N :]
            for k in range(N):
                of_i[k] = sigmoid(x_i[k] + w_i[k] * old[k])
            for k in range(N):
                of_f[k] = sigmoid(x_f[k] + w_f[k] * old[k])
            for k in range(N):
                of_g[k] = tanh(x_g[k] + w_g[k] * old[k])
            for k in range(N):
                of_o[k] = sigmoid(x_o[k] + w_o[k] * old[k])
            for k in range(N):
                d[k] += e[k]
            for k in range(N):
                i, f, g, o, c = of_i[k], of_f[k], of_g[k], of_o[k], old_c[k]
                squashed = tanh(f * c + i * g)
                e_k = d_c[k] + e_c[k] + d[k] * o * (ONE - squashed * squashed)
                of_i[k], of_f[k] = e_k * g * i * (ONE - i), e_k * c * f * (ONE - f)
                of_g[k], of_o[k] = e_k * i * (ONE - g * g), d[k] * squashed * o * (ONE - o)
                d_c[k] = e_k * f
            for k in range(N):
                to_i[k] += of_i[k] * old[k]
                to_f[k] += of_f[k] * old[k]
            for k in range(N):
                to_g[k] += of_g[k] * old[k]
                to_o[k] += of_o[k] * old[k]
            for k in range(N):
                d[k] = w_i[k] * of_i[k] + w_f[k] * of_f[k] + w_g[k] * of_g[k] + w_o[k] * of_o[k]
            if first[t, row]:
                d[:], d_c[:] = 0, 0


LOOPS = {"gru": (_gru, _gru_back), "lstm": (_lstm, _lstm_back)}


@torch.library.custom_op("memorl::diagonal_loop_compiled", mutates_args=())
def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    (T, B), N = first.shape, h.shape[1]
    y = h.new_empty(T, *turned(h).shape)
    given = (gates, turned(h), first, weight, y)
    by_rows(LOOPS[cell][0], tuple(array(x, leading=0) for x in given), B, COST * T * B * N)
    return turned(y, 4)


@_forward.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    return turned(h.new_empty(gates.shape[0], *turned(h).shape), 4)


@torch.library.custom_op("memorl::diagonal_loop_compiled_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    (T, B), N = first.shape, h.shape[1]
    dx, dh, dw = gates.new_empty(gates.shape), h.new_empty(turned(h).shape), h.new_empty(B, CELLS[cell].gates * N)
    given = (turned(dy, 4), turned(y, 4), gates, turned(h), first, weight, dx, dh, dw)
    by_rows(LOOPS[cell][1], tuple(array(x, leading=0) for x in given), B, 2 * COST * T * B * N)
    return dx, turned(dh), dw.sum(0)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    return gates.new_empty(gates.shape), turned(h.new_empty(turned(h).shape)), weight.new_empty(weight.shape)


derive(_forward, _backward)


def diagonal_loop_compiled(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    """`diagonal_loop` on a CPU, float32; its arguments."""
    (T, B, _), N, (G, S, *_) = gates.shape, h.shape[1], CELLS[cell]
    given = {"gates": gates, "h": h, "first": first, "weight": weight}
    wanted = {"gates": (T, B, G * N), "h": (B, N, 2)[: 1 + S], "first": (T, B), "weight": (G * N,)}
    require_shapes("diagonal_loop", given, **wanted)
    return _forward(gates, h, first, weight, cell)
