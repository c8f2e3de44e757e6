"""Both loops of the diagonal GRU on a CPU, equations (1) to (3) of diagonal_cells.py; see diagonal_compiled.py."""

from .activations_compiled import ONE, sigmoid, tanh
from .compiled import Array


def forward(gates: Array, h: Array, first: Array, w: Array, y: Array, low: int, high: int) -> None:
    """Fill the rows `low` to `high` of y [T, B, N]."""
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


def backward(
    dy: Array, y: Array, gates: Array, h: Array, first: Array, w: Array, dx: Array, dh: Array, dw: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    """Fill the rows `low` to `high` of dx [T, B, 3N], dh [B, N] and dw [B, 3N]."""
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
