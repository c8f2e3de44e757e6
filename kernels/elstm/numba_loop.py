"""The recurrence of elstm_loop.py on a CPU, compiled by Numba, float32: a row and all its steps at a time.

Equations and letters as there. The gradients of the weights are summed over time in each row, and by torch over the
rows. Loops are short, since the compiler gives up making vectors of one that touches too many arrays.
"""

from torch import Tensor

from memorl.kernels.common.cpu.activations import ONE, sigmoid, tanh
from memorl.kernels.common.cpu.cache import Array
from memorl.kernels.common.cpu.gates import halves
from memorl.kernels.common.cpu.threads import run_rows

from .operator import elstm_operator, empty_gradients, empty_outputs

WORK_PER_UNIT = 16
"""The cost of one unit's step, in multiplications."""


def _loop(gates: Array, c: Array, first: Array, w: Array, y: Array, slopes: Array, low: int, high: int) -> None:
    N = c.shape[1]
    w_f, w_z = halves(w)
    for row in range(low, high):
        s = c[row].copy()
        for t in range(len(gates)):
            if first[t, row]:
                s[:] = 0
            x_f, x_z = halves(gates[t, row])
            a = slopes[0, t, row]
            u = slopes[1, t, row]
            v = slopes[2, t, row]
            for k in range(N):
                a[k] = sigmoid(x_f[k] + w_f[k] * s[k])
            for k in range(N):
                v[k] = tanh(x_z[k] + w_z[k] * s[k])
            for k in range(N):
                f = a[k]
                z = v[k]
                rest = ONE - a[k]
                above = s[k] - z
                u[k] = above * f * rest
                v[k] = rest * (ONE - z * z)
                s[k] = z + f * above
            for k in range(N):
                a[k] += w_f[k] * u[k] + w_z[k] * v[k]
            y[t, row] = s


def _back(
    dy: Array, y: Array, slopes: Array, c: Array, first: Array, dx: Array, dc: Array, dw: Array, low: int, high: int
) -> None:
    N = c.shape[1]
    for row in range(low, high):
        d = dc[row]
        to_f, to_z = halves(dw[row])
        d[:] = 0
        to_f[:] = 0
        to_z[:] = 0
        for t in range(len(dy) - 1, -1, -1):
            a = slopes[0, t, row]
            u = slopes[1, t, row]
            v = slopes[2, t, row]
            e = dy[t, row]
            previous = y[t - 1, row] if t else c[row]
            of_f, of_z = halves(dx[t, row])
            for k in range(N):
                d[k] += e[k]
            for k in range(N):
                of_f[k] = d[k] * u[k]
                of_z[k] = d[k] * v[k]
            if first[t, row]:
                d[:] = 0
            else:
                for k in range(N):
                    to_f[k] += of_f[k] * previous[k]
                    to_z[k] += of_z[k] * previous[k]
                for k in range(N):
                    d[k] *= a[k]


def _forward(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    y, slopes = empty_outputs(gates, c)
    run_rows(_loop, (gates, c, first, weight, y, slopes), len(c), WORK_PER_UNIT * y.numel())
    return y, slopes


def _backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    dx, dc, dw = empty_gradients(y, c)
    run_rows(_back, (dy, y, slopes, c, first, dx, dc, dw), len(c), WORK_PER_UNIT * y.numel())
    return dx, dc, dw.sum(0)


elstm_loop_numba = elstm_operator("elstm_loop_numba", _forward, _backward)
