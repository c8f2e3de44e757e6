"""Both loops of the diagonal LSTM on a CPU, equations (4) to (8) of cells.py; see numba_loop.py.

They are short, since the compiler gives up making vectors of one that touches too many arrays.
"""

from memorl.kernels.common.cpu.activations import ONE, sigmoid, tanh
from memorl.kernels.common.cpu.cache import Array
from memorl.kernels.common.cpu.gates import quarters


def forward(gates: Array, h: Array, first: Array, w: Array, y: Array, low: int, high: int) -> None:
    """Fill the rows `low` to `high` of y [T, B, 2, N]."""
    N = h.shape[2]
    w_i, w_f, w_g, w_o = quarters(w)
    for row in range(low, high):
        s = h[row, 0].copy()
        c = h[row, 1].copy()
        for t in range(len(gates)):
            if first[t, row]:
                s[:] = 0
                c[:] = 0
            x = gates[t, row]
            x_i, x_f, x_g, x_o = quarters(x)
            for k in range(N):
                i = sigmoid(x_i[k] + w_i[k] * s[k])
                f = sigmoid(x_f[k] + w_f[k] * s[k])
                g = tanh(x_g[k] + w_g[k] * s[k])
                o = sigmoid(x_o[k] + w_o[k] * s[k])
                c[k] = f * c[k] + i * g
                s[k] = o * tanh(c[k])
            y[t, row, 0] = s
            y[t, row, 1] = c


def backward(
    dy: Array, y: Array, gates: Array, h: Array, first: Array, w: Array, dx: Array, dh: Array, dw: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    """Fill the rows `low` to `high` of dx [T, B, 4N], dh [B, 2, N] and dw [B, 4N]."""
    N = h.shape[2]
    w_i, w_f, w_g, w_o = quarters(w)
    for row in range(low, high):
        d = dh[row, 0]
        d_c = dh[row, 1]
        dw_row = dw[row]
        d[:] = 0
        d_c[:] = 0
        dw_row[:] = 0
        dw_i, dw_f, dw_g, dw_o = quarters(dw_row)
        previous = d.copy()
        previous_c = d.copy()
        for t in range(len(dy) - 1, -1, -1):
            state = y[t - 1, row] if t else h[row]
            previous[:] = state[0]
            previous_c[:] = state[1]
            if first[t, row]:
                previous[:] = 0
                previous_c[:] = 0
            x = gates[t, row]
            e = dy[t, row, 0]
            e_c = dy[t, row, 1]
            out = dx[t, row]
            x_i, x_f, x_g, x_o = quarters(x)
            d_i, d_f, d_g, d_o = quarters(out)
            for k in range(N):
                d_i[k] = sigmoid(x_i[k] + w_i[k] * previous[k])
            for k in range(N):
                d_f[k] = sigmoid(x_f[k] + w_f[k] * previous[k])
            for k in range(N):
                d_g[k] = tanh(x_g[k] + w_g[k] * previous[k])
            for k in range(N):
                d_o[k] = sigmoid(x_o[k] + w_o[k] * previous[k])
            for k in range(N):
                d[k] += e[k]
            for k in range(N):
                i = d_i[k]
                f = d_f[k]
                g = d_g[k]
                o = d_o[k]
                c = previous_c[k]
                tanh_c = tanh(f * c + i * g)
                e_k = d_c[k] + e_c[k] + d[k] * o * (ONE - tanh_c * tanh_c)
                d_i[k] = e_k * g * i * (ONE - i)
                d_f[k] = e_k * c * f * (ONE - f)
                d_g[k] = e_k * i * (ONE - g * g)
                d_o[k] = d[k] * tanh_c * o * (ONE - o)
                d_c[k] = e_k * f
            for k in range(N):
                dw_i[k] += d_i[k] * previous[k]
                dw_f[k] += d_f[k] * previous[k]
            for k in range(N):
                dw_g[k] += d_g[k] * previous[k]
                dw_o[k] += d_o[k] * previous[k]
            for k in range(N):
                d[k] = w_i[k] * d_i[k] + w_f[k] * d_f[k] + w_g[k] * d_g[k] + w_o[k] * d_o[k]
            if first[t, row]:
                d[:] = 0
                d_c[:] = 0
