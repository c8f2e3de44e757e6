"""The recurrence of lstm_loop.py on a CPU, compiled by Numba: a step of few rows without a call.

Legend and equations as there. Rows stay in order; each thread takes some of them from the first step to the last.
"""

import torch
from torch import Tensor

from . import heads
from .activations_compiled import ONE, sigmoid, tanh
from .compiled import Array, array
from .lstm_loop import derive
from .product_compiled import add_product, add_product_back, backward_blocks, forward_blocks, rows_for
from .starts import before
from .threads import by_rows


def _run(
    gates: Array,
    h: Array,
    c: Array,
    first: Array,
    w: Array,
    y: Array,
    cells: Array,
    act: Array,
    squashed: Array,
    low: int,
    high: int,
) -> None:
    H = h.shape[1]
    state, g = rows_for(high - low, H), rows_for(high - low, 4 * H)
    cell = c[low:high].copy()
    for row in range(low, high):
        state[row - low] = h[row]
    for t in range(len(gates)):
        for row in range(low, high):
            g[row - low] = gates[t, row]
            if first[t, row]:
                state[row - low], cell[row - low] = 0, 0
        add_product(state, w, g)
        for row in range(low, high):
            a, x, s, new = act[t, row], g[row - low], squashed[t, row], state[row - low]
            c_row, (i_t, f_t, g_t, o_t) = cell[row - low], (a[:H], a[H : 2 * H], a[2 * H : 3 * H], a[3 * H :])
            x_g, x_o = x[2 * H : 3 * H], x[3 * H :]
            for n in range(2 * H):
                a[n] = sigmoid(x[n])
            for n in range(H):
                g_t[n] = tanh(x_g[n])
            for n in range(H):
                o_t[n] = sigmoid(x_o[n])
            for n in range(H):
                c_row[n] = f_t[n] * c_row[n] + i_t[n] * g_t[n]
            for n in range(H):
                s[n] = tanh(c_row[n])
            for n in range(H):
                new[n] = o_t[n] * s[n]
            y[t, row], cells[t, row] = new, c_row


def _run_back(
    dy: Array,
    dcells: Array,
    c_old: Array,
    act: Array,
    squashed: Array,
    first: Array,
    weight: Array,
    d_gates: Array,
    dh: Array,
    dc: Array,
    low: int,
    high: int,
) -> None:
    H = dh.shape[1]
    carry, to = rows_for(high - low, H), rows_for(high - low, 4 * H)
    e_rows = rows_for(high - low, H)
    for t in range(len(dy) - 1, -1, -1):
        for row in range(low, high):
            a, s, d, e, out = act[t, row], squashed[t, row], carry[row - low], e_rows[row - low], to[row - low]
            i_t, f_t, g_t, o_t = a[:H], a[H : 2 * H], a[2 * H : 3 * H], a[3 * H :]
            to_i, to_f, to_g, to_o = out[:H], out[H : 2 * H], out[2 * H : 3 * H], out[3 * H :]
            dy_t, dc_t, c = dy[t, row], dcells[t, row], c_old[t, row]
            for n in range(H):
                d[n] += dy_t[n]
            for n in range(H):
                e[n] += dc_t[n] + d[n] * o_t[n] * (ONE - s[n] * s[n])
            for n in range(H):
                to_i[n] = e[n] * g_t[n] * i_t[n] * (ONE - i_t[n])
            for n in range(H):
                to_f[n] = e[n] * c[n] * f_t[n] * (ONE - f_t[n])
            for n in range(H):
                to_g[n] = e[n] * i_t[n] * (ONE - g_t[n] * g_t[n])
            for n in range(H):
                to_o[n] = d[n] * s[n] * o_t[n] * (ONE - o_t[n])
            for n in range(H):
                e[n] *= f_t[n]
            d[:] = 0
            d_gates[t, row] = out
        add_product_back(to, weight, carry)
        for row in range(low, high):
            if first[t, row]:
                carry[row - low], e_rows[row - low] = 0, 0
    for row in range(low, high):
        dh[row], dc[row] = carry[row - low], e_rows[row - low]


@torch.library.custom_op("memorl::lstm_loop_compiled", mutates_args=())
def _forward(
    gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return y and the cells [T, B, H], and i, f, g, o [T, B, 4H] and tanh(c) [T, B, H]."""
    (T, B), H = first.shape, h.shape[1]
    y, cells, act, squashed = (gates.new_empty(T, B, size) for size in (H, H, 4 * H, H))
    given = tuple(array(x, leading=0) for x in (gates, h, c, first, forward_blocks(weight, H)))
    made = tuple(array(x, leading=0) for x in (y, cells, act, squashed))
    by_rows(_run, (*given, *made), B, T * B * weight.numel())
    return y, cells, act, squashed


@_forward.register_fake
def _(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (T, B), H = first.shape, h.shape[1]
    y, cells, act, squashed = (gates.new_empty(T, B, size) for size in (H, H, 4 * H, H))
    return y, cells, act, squashed


@torch.library.custom_op("memorl::lstm_loop_compiled_backward", mutates_args=())
def _backward(
    dy: Tensor,
    dcells: Tensor,
    y: Tensor,
    cells: Tensor,
    act: Tensor,
    squashed: Tensor,
    h: Tensor,
    c: Tensor,
    first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, of the first h and c, and of the weight."""
    (T, B), H = first.shape, h.shape[1]
    d_gates, dh, dc = torch.empty_like(act), h.new_empty(B, H), h.new_empty(B, H)
    given = dy, dcells, before(c, cells, first), act, squashed, first, backward_blocks(weight, H), d_gates, dh, dc
    by_rows(_run_back, tuple(array(x, leading=0) for x in given), B, T * B * weight.numel())
    return d_gates, dh, dc, heads.outer(d_gates.flatten(0, 1), before(h, y, first).flatten(0, 1), weight)


@_backward.register_fake
def _(
    dy: Tensor,
    dcells: Tensor,
    y: Tensor,
    cells: Tensor,
    act: Tensor,
    squashed: Tensor,
    h: Tensor,
    c: Tensor,
    first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return torch.empty_like(act), h.new_empty(h.shape), h.new_empty(h.shape), weight.new_empty(weight.shape)


derive(_forward, _backward)


def lstm_loop_compiled(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """`lstm_loop` on a CPU, float32; its arguments."""
    y, cells, *_ = _forward(gates, h, c, first, weight)
    return y, cells
