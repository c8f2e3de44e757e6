"""Both loops of the diagonal LSTM on a CPU, equations (4) to (8) of diagonal_cells.py; see diagonal_compiled.py.

They are short, since the compiler gives up making vectors of one that touches too many arrays.
"""

from .activations_compiled import ONE, sigmoid, tanh
from .compiled import Array


def forward(gates: Array, h: Array, first: Array, w: Array, y: Array, low: int, high: int) -> None:
    """Fill the rows `low` to `high` of y [T, B, 2, N]."""
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


def backward(
    dy: Array, y: Array, gates: Array, h: Array, first: Array, w: Array, dx: Array, dh: Array, dw: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    """Fill the rows `low` to `high` of dx [T, B, 4N], dh [B, 2, N] and dw [B, 4N]."""
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
