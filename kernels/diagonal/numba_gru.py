"""Both loops of the diagonal GRU on a CPU, equations (1) to (3) of cells.py; see numba_loop.py."""

from memorl.kernels.common.cpu.activations import ONE, sigmoid, tanh
from memorl.kernels.common.cpu.cache import Array
from memorl.kernels.common.cpu.gates import thirds


def forward(gates: Array, h: Array, first: Array, w: Array, y: Array, low: int, high: int) -> None:
    """Fill the rows `low` to `high` of y [T, B, N]."""
    N = h.shape[1]
    w_r, w_z, w_n = thirds(w)
    for row in range(low, high):
        s = h[row].copy()
        for t in range(len(gates)):
            if first[t, row]:
                s[:] = 0
            x = gates[t, row]
            out = y[t, row]
            x_r, x_z, x_n = thirds(x)
            for k in range(N):
                r = sigmoid(x_r[k] + w_r[k] * s[k])
                z = sigmoid(x_z[k] + w_z[k] * s[k])
                n = tanh(x_n[k] + w_n[k] * r * s[k])
                s[k] = n + z * (s[k] - n)
            out[:] = s


def backward(
    dy: Array, y: Array, gates: Array, h: Array, first: Array, w: Array, dx: Array, dh: Array, dw: Array,
    low: int, high: int,
) -> None:  # fmt: skip
    """Fill the rows `low` to `high` of dx [T, B, 3N], dh [B, N] and dw [B, 3N]."""
    N = h.shape[1]
    w_r, w_z, w_n = thirds(w)
    for row in range(low, high):
        d = dh[row]
        dw_row = dw[row]
        d[:] = 0
        dw_row[:] = 0
        dw_r, dw_z, dw_n = thirds(dw_row)
        previous = d.copy()
        for t in range(len(dy) - 1, -1, -1):
            previous[:] = y[t - 1, row] if t else h[row]
            if first[t, row]:
                previous[:] = 0
            x = gates[t, row]
            e = dy[t, row]
            out = dx[t, row]
            x_r, x_z, x_n = thirds(x)
            d_r, d_z, d_n = thirds(out)
            for k in range(N):
                h_k = previous[k]
                d_k = d[k] + e[k]
                r = sigmoid(x_r[k] + w_r[k] * h_k)
                z = sigmoid(x_z[k] + w_z[k] * h_k)
                n = tanh(x_n[k] + w_n[k] * r * h_k)
                v = d_k * (ONE - z) * (ONE - n * n)
                u = d_k * (h_k - n) * z * (ONE - z)
                q = v * w_n[k] * h_k * r * (ONE - r)
                d_r[k] = q
                d_z[k] = u
                d_n[k] = v
                dw_r[k] += q * h_k
                dw_z[k] += u * h_k
                dw_n[k] += v * r * h_k
                d[k] = d_k * z + w_r[k] * q + w_z[k] * u + w_n[k] * r * v
            if first[t, row]:
                d[:] = 0
