"""The recurrence of lstm.py on a CPU, compiled by Numba: a step of few rows without a call.

Legend and equations as there. Rows stay in order; each thread takes some of them from the first step to the last.
"""

from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.cpu.activations import ONE, sigmoid, tanh
from memorl.kernels.common.cpu.cache import Array
from memorl.kernels.common.cpu.gates import quarters
from memorl.kernels.common.cpu.products import add_product, add_product_back, weight_blocks, zero_rows
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.operators import Tensors4, differentiable, empty
from memorl.kernels.common.resets import previous_states


def _run(
    gates: Array, h: Array, c: Array, first: Array, w: Array, y: Array, cells: Array, act: Array, tanh_c: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    H = h.shape[1]
    state = zero_rows(high - low, H)
    g = zero_rows(high - low, 4 * H)
    cell = c[low:high].copy()
    for row in range(low, high):
        state[row - low] = h[row]
    for t in range(len(gates)):
        for row in range(low, high):
            g[row - low] = gates[t, row]
            if first[t, row]:
                state[row - low] = 0
                cell[row - low] = 0
        add_product(state, w, g)
        for row in range(low, high):
            a = act[t, row]
            x = g[row - low]
            s = tanh_c[t, row]
            new = state[row - low]
            c_row = cell[row - low]
            i_t, f_t, g_t, o_t = quarters(a)
            _, _, x_g, x_o = quarters(x)
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
            y[t, row] = new
            cells[t, row] = c_row


def _run_back(
    dy: Array, dcells: Array, c_previous: Array, act: Array, tanh_c: Array, first: Array, weight: Array,
    d_gates: Array, dh: Array, dc: Array, low: int, high: int,
) -> None:  # fmt: skip
    H = dh.shape[1]
    carry = zero_rows(high - low, H)
    to = zero_rows(high - low, 4 * H)
    e_rows = zero_rows(high - low, H)
    for t in range(len(dy) - 1, -1, -1):
        for row in range(low, high):
            a = act[t, row]
            s = tanh_c[t, row]
            d = carry[row - low]
            e = e_rows[row - low]
            out = to[row - low]
            i_t, f_t, g_t, o_t = quarters(a)
            to_i, to_f, to_g, to_o = quarters(out)
            dy_t = dy[t, row]
            dc_t = dcells[t, row]
            c = c_previous[t, row]
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
                carry[row - low] = 0
                e_rows[row - low] = 0
    for row in range(low, high):
        dh[row] = carry[row - low]
        dc[row] = e_rows[row - low]


def _forward(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> Tensors4:
    """Return y and the cells [T, B, H], and i, f, g, o [T, B, 4H] and tanh(c) [T, B, H]."""
    T, B = first.shape
    H = h.shape[1]
    y, cells, act, tanh_c = (gates.new_empty(T, B, size) for size in (H, H, 4 * H, H))
    arguments = (gates, h, c, first, weight_blocks(weight, H).mT)
    run_rows(_run, (*arguments, y, cells, act, tanh_c), B, T * B * weight.numel())
    return y, cells, act, tanh_c


def _backward(
    dy: Tensor, dcells: Tensor, y: Tensor, cells: Tensor, act: Tensor, tanh_c: Tensor, h: Tensor, c: Tensor,
    first: Tensor, weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    T, B = first.shape
    H = h.shape[1]
    d_gates, dh, dc = empty(act, h, c)
    arguments = (dy, dcells, previous_states(c, cells, first), act, tanh_c, first, weight_blocks(weight, H))
    run_rows(_run_back, (*arguments, d_gates, dh, dc), B, T * B * weight.numel())
    return d_gates, dh, dc, heads.grad_weight(d_gates.flatten(0, 1), previous_states(h, y, first).flatten(0, 1), weight)


def _fake(gates, h, *_):  # type: ignore[no-untyped-def]
    T, B, _ = gates.shape
    return tuple(gates.new_empty(T, B, n * h.shape[1]) for n in (1, 1, 4, 1))


lstm_loop_numba = differentiable(
    "lstm_loop_numba", _forward, _backward, "gates h c weight", "y cells act tanh_c", "act h c weight", fake=_fake
)
