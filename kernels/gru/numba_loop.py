"""The recurrence of gru.py on a CPU, compiled by Numba: a step of few rows without a call.

Legend and equations as there. Rows stay in order; each thread takes some of them from the first step to the last.
"""

from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.cpu.activations import ONE, sigmoid, tanh
from memorl.kernels.common.cpu.cache import Array
from memorl.kernels.common.cpu.gates import thirds
from memorl.kernels.common.cpu.products import add_product, add_product_back, weight_blocks, zero_rows
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.operators import differentiable, empty
from memorl.kernels.common.resets import previous_states


def _run(
    gates: Array, h: Array, first: Array, w: Array, bias: Array, y: Array, act: Array, rec: Array, low: int, high: int
) -> None:
    H = h.shape[1]
    state = zero_rows(high - low, H)
    g = zero_rows(high - low, 3 * H)
    for row in range(low, high):
        state[row - low] = h[row]
    for t in range(len(gates)):
        for row in range(low, high):
            g[row - low] = bias
            if first[t, row]:
                state[row - low] = 0
        add_product(state, w, g)
        for row in range(low, high):
            x = gates[t, row]
            a = act[t, row]
            g_row = g[row - low]
            g_n = rec[t, row]
            previous = state[row - low]
            new = y[t, row]
            r, z, n = thirds(a)
            for i in range(2 * H):
                a[i] = sigmoid(x[i] + g_row[i])
            for i in range(H):
                g_n[i] = g_row[2 * H + i]
            x_n = x[2 * H :]
            for i in range(H):
                n[i] = tanh(x_n[i] + r[i] * g_n[i])
            for i in range(H):
                previous[i] = n[i] + z[i] * (previous[i] - n[i])
            for i in range(H):
                new[i] = previous[i]


def _run_back(
    dy: Array, previous: Array, act: Array, rec: Array, first: Array, weight: Array, d_gates: Array, dg: Array,
    dh: Array, low: int, high: int,
) -> None:  # fmt: skip
    H = dh.shape[1]
    carry = zero_rows(high - low, H)
    to = zero_rows(high - low, 3 * H)
    for t in range(len(dy) - 1, -1, -1):
        for row in range(low, high):
            a = act[t, row]
            g_n = rec[t, row]
            d = carry[row - low]
            to_row = to[row - low]
            out = d_gates[t, row]
            r, z, n = thirds(a)
            to_r, to_z, to_n = thirds(to_row)
            h = previous[t, row]
            dy_t = dy[t, row]
            out_n = out[2 * H :]
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


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return y [T, B, H], and the activations r, z, n [T, B, 3H] and the term g_n [T, B, H]."""
    T, B = first.shape
    H = h.shape[1]
    y, act, rec = (gates.new_empty(T, B, size) for size in (H, 3 * H, H))
    run_rows(_run, (gates, h, first, weight_blocks(weight, H).mT, bias, y, act, rec), B, T * B * weight.numel())
    return y, act, rec


def _backward(
    dy: Tensor, y: Tensor, act: Tensor, rec: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    T, B = first.shape
    H = h.shape[1]
    previous = previous_states(h, y, first)
    d_gates, dg, dh = empty(act, act, h)
    arguments = (dy, previous, act, rec, first, weight_blocks(weight, H))
    run_rows(_run_back, (*arguments, d_gates, dg, dh), B, T * B * weight.numel())
    flat = dg.flatten(0, 1)
    return d_gates, dh, heads.grad_weight(flat, previous.flatten(0, 1), weight), flat.sum(0)


def _fake(gates, h, *_):  # type: ignore[no-untyped-def]
    T, B, _ = gates.shape
    return tuple(gates.new_empty(T, B, n * h.shape[1]) for n in (1, 3, 1))


gru_loop_numba = differentiable(
    "gru_loop_numba", _forward, _backward, "gates h weight bias", "y act rec", shapes="act h weight bias", fake=_fake
)
