"""The recurrence of gru_loop.py on a CPU, compiled by Numba: a step of few rows without a call.

Legend and equations as there. Rows stay in order; each thread takes some of them from the first step to the last.
"""

import torch
from torch import Tensor

from . import heads
from .activations_compiled import ONE, sigmoid, tanh
from .compiled import Array, array
from .gru_loop import derive
from .product_compiled import add_product, add_product_back, backward_blocks, forward_blocks, rows_for
from .starts import before
from .threads import by_rows


def _run(
    gates: Array, h: Array, first: Array, w: Array, bias: Array, y: Array, act: Array, rec: Array, low: int, high: int
) -> None:
    H = h.shape[1]
    state, g = rows_for(high - low, H), rows_for(high - low, 3 * H)
    for row in range(low, high):
        state[row - low] = h[row]
    for t in range(len(gates)):
        for row in range(low, high):
            g[row - low] = bias
            if first[t, row]:
                state[row - low] = 0
        add_product(state, w, g)
        for row in range(low, high):
            x, a, g_row, g_n, old, new = (
                gates[t, row],
                act[t, row],
                g[row - low],
                rec[t, row],
                state[row - low],
                y[t, row],
            )
            r, z, n = a[:H], a[H : 2 * H], a[2 * H :]
            for i in range(2 * H):
                a[i] = sigmoid(x[i] + g_row[i])
            for i in range(H):
                g_n[i] = g_row[2 * H + i]
            x_n = x[2 * H :]
            for i in range(H):
                n[i] = tanh(x_n[i] + r[i] * g_n[i])
            for i in range(H):
                old[i] = n[i] + z[i] * (old[i] - n[i])
            for i in range(H):
                new[i] = old[i]


def _run_back(
    dy: Array,
    old: Array,
    act: Array,
    rec: Array,
    first: Array,
    weight: Array,
    d_gates: Array,
    dg: Array,
    dh: Array,
    low: int,
    high: int,
) -> None:
    H = dh.shape[1]
    carry, to = rows_for(high - low, H), rows_for(high - low, 3 * H)
    for t in range(len(dy) - 1, -1, -1):
        for row in range(low, high):
            a, g_n, d, to_row, out = act[t, row], rec[t, row], carry[row - low], to[row - low], d_gates[t, row]
            r, z, n = a[:H], a[H : 2 * H], a[2 * H :]
            to_r, to_z, to_n = to_row[:H], to_row[H : 2 * H], to_row[2 * H :]
            h, dy_t, out_n = old[t, row], dy[t, row], out[2 * H :]
            for i in range(H):
                d[i] += dy_t[i]
            for i in range(H):
                out_n[i] = d[i] * (ONE - z[i]) * (ONE - n[i] * n[i])
            for i in range(H):
                to_z[i] = d[i] * (h[i] - n[i]) * z[i] * (ONE - z[i])
            for i in range(H):
                to_n[i] = out_n[i] * r[i]
            for i in range(H):
                to_r[i] = to_n[i] * g_n[i] * (ONE - r[i])
            for i in range(H):
                d[i] *= z[i]
            for i in range(2 * H):
                out[i] = to_row[i]
            dg[t, row] = to_row
        add_product_back(to, weight, carry)
        for row in range(low, high):
            if first[t, row]:
                carry[row - low] = 0
    for row in range(low, high):
        dh[row] = carry[row - low]


@torch.library.custom_op("memorl::gru_loop_compiled", mutates_args=())
def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return y [T, B, H], and the activations r, z, n [T, B, 3H] and the term g_n [T, B, H]."""
    (T, B), H = first.shape, h.shape[1]
    y, act, rec = (gates.new_empty(T, B, size) for size in (H, 3 * H, H))
    given = tuple(array(x, leading=0) for x in (gates, h, first, forward_blocks(weight, H), bias))
    by_rows(_run, (*given, *(array(x, leading=0) for x in (y, act, rec))), B, T * B * weight.numel())
    return y, act, rec


@_forward.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    (T, B), H = first.shape, h.shape[1]
    return gates.new_empty(T, B, H), gates.new_empty(T, B, 3 * H), gates.new_empty(T, B, H)


@torch.library.custom_op("memorl::gru_loop_compiled_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, act: Tensor, rec: Tensor, h: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state, the weight and the bias."""
    (T, B), H, old = first.shape, h.shape[1], before(h, y, first)
    d_gates, dg, dh = torch.empty_like(act), torch.empty_like(act), h.new_empty(B, H)
    given = tuple(array(x, leading=0) for x in (dy, old, act, rec, first, backward_blocks(weight, H)))
    by_rows(_run_back, (*given, *(array(x, leading=0) for x in (d_gates, dg, dh))), B, T * B * weight.numel())
    flat = dg.flatten(0, 1)
    return d_gates, dh, heads.outer(flat, old.flatten(0, 1), weight), flat.sum(0)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, act: Tensor, rec: Tensor, h: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    d_gates, d_weight = torch.empty_like(act), weight.new_empty(weight.shape)
    return d_gates, h.new_empty(h.shape), d_weight, weight.new_empty(len(weight))


derive(_forward, _backward)


def gru_loop_compiled(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`gru_loop` on a CPU, float32; its arguments."""
    return _forward(gates, h, first, weight, bias)[0]
