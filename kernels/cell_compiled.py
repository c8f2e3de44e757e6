"""What the compiled loops of cells are made of: a small matrix product, and functions that a vector unit can compute.

Numba compiles these into the loops of gru_compiled.py and lstm_compiled.py, for float32. A step of a recurrence of few
rows is bound by reading its weight, and then by calls: torch takes some ten a step. Here four rows share what is read
of the weight, and a step has no calls.

For x in float32, with k the whole number nearest to x log2(e) and f = x log2(e) - k:

    e^x = 2^k 2^f,     2^f = 1 + f q(f),     q(f) = sum over j = 0 .. 6 of ln(2)^{j+1} f^j / (j+1)!       (1)
    e^x - 1 = 2^k f q(f) + (2^k - 1)         exact near 0                                                  (2)
    sigmoid(x) = 1 / (1 + e^{-x}),           tanh(x) = (e^{2x} - 1) / (e^{2x} + 1)                         (3)

The series (1) is cut at 5e-9 of 2^f; 2^k is made of k as bits.
"""

import threading
from collections.abc import Callable
from itertools import pairwise
from math import factorial, log

import numpy as np
import torch
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from torch import Tensor

from .compiled import Array, compiled

ENOUGH = 1 << 24
"""Multiplications from which a second thread pays for being started."""

_FUSED = {"contract"}
_LOG2E, _ONE, _TWO = np.float32(1 / log(2)), np.float32(1), np.float32(2)
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5, _Q6 = (np.float32(log(2) ** j / factorial(j)) for j in range(1, 8))
_BIAS, _ROUND, _LEAST, _MOST = np.float32(127), np.float32(127.5), np.float32(-126), np.float32(126)
_MANTISSA = np.int32(23)


@intrinsic
def _of_bits(context, bits):  # type: ignore[no-untyped-def]
    """The float32 with these bits, int32."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), make


@njit(fastmath=_FUSED, error_model="numpy")
def _expm1(x):  # type: ignore[no-untyped-def]
    """Equation (2)."""
    y = x * _LOG2E
    y = _MOST if y > _MOST else y
    y = _LEAST if y < _LEAST else y
    k = np.int32(y + _ROUND)  # of a positive number, so that it is rounded down
    f = y - (np.float32(k) - _BIAS)
    power = _of_bits(np.int32(k << _MANTISSA))
    q = _Q0 + f * (_Q1 + f * (_Q2 + f * (_Q3 + f * (_Q4 + f * (_Q5 + f * _Q6)))))
    return power * (f * q) + (power - _ONE)


@njit(fastmath=_FUSED, error_model="numpy")
def sigmoid(x):  # type: ignore[no-untyped-def]
    """Equation (3)."""
    return _ONE / (_TWO + _expm1(-x))


@njit(fastmath=_FUSED, error_model="numpy")
def tanh(x):  # type: ignore[no-untyped-def]
    """Equation (3)."""
    e = _expm1(_TWO * x)
    return e / (e + _TWO)


@njit(fastmath=_FUSED, error_model="numpy")
def _four(x, w, y, m, k):  # type: ignore[no-untyped-def]
    """Add what columns k .. k+3 of x contribute to rows m .. m+3."""
    w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
    y0, y1, y2, y3 = y[m], y[m + 1], y[m + 2], y[m + 3]
    a0, a1, a2, a3 = x[m, k], x[m, k + 1], x[m, k + 2], x[m, k + 3]
    b0, b1, b2, b3 = x[m + 1, k], x[m + 1, k + 1], x[m + 1, k + 2], x[m + 1, k + 3]
    c0, c1, c2, c3 = x[m + 2, k], x[m + 2, k + 1], x[m + 2, k + 2], x[m + 2, k + 3]
    d0, d1, d2, d3 = x[m + 3, k], x[m + 3, k + 1], x[m + 3, k + 2], x[m + 3, k + 3]
    for n in range(w.shape[1]):
        p, q, r, s = w0[n], w1[n], w2[n], w3[n]
        y0[n] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[n] += b0 * p + b1 * q + b2 * r + b3 * s
        y2[n] += c0 * p + c1 * q + c2 * r + c3 * s
        y3[n] += d0 * p + d1 * q + d2 * r + d3 * s


@njit(fastmath=_FUSED, error_model="numpy")
def _two(x, w, y, m, k):  # type: ignore[no-untyped-def]
    """The same of rows m and m+1."""
    w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
    y0, y1 = y[m], y[m + 1]
    a0, a1, a2, a3 = x[m, k], x[m, k + 1], x[m, k + 2], x[m, k + 3]
    b0, b1, b2, b3 = x[m + 1, k], x[m + 1, k + 1], x[m + 1, k + 2], x[m + 1, k + 3]
    for n in range(w.shape[1]):
        p, q, r, s = w0[n], w1[n], w2[n], w3[n]
        y0[n] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[n] += b0 * p + b1 * q + b2 * r + b3 * s


@njit(fastmath=_FUSED, error_model="numpy")
def _one(x, w, y, m, k):  # type: ignore[no-untyped-def]
    """Add what column k of x contributes to row m."""
    a, w_k, y_m = x[m, k], w[k], y[m]
    for n in range(w.shape[1]):
        y_m[n] += a * w_k[n]


@njit
def add_product(x, w, y):  # type: ignore[no-untyped-def]
    """y += x w, for x [M, K] of an even number of rows, w [K, N] and y [M, N]."""
    rows, whole = x.shape[0], x.shape[1] // 4 * 4
    for m in range(0, rows - 3, 4):
        for k in range(0, whole, 4):
            _four(x, w, y, m, k)
    if rows % 4:
        for k in range(0, whole, 4):
            _two(x, w, y, rows - 2, k)
    for m in range(rows):
        for k in range(whole, x.shape[1]):
            _one(x, w, y, m, k)


@njit
def rows_for(rows, width):  # type: ignore[no-untyped-def]
    """Zeros [rows, width], with one row more if their number is odd."""
    return np.zeros((rows + rows % 2, width), np.float32)


def require_shapes(core: str, given: dict[str, Tensor], **wanted: tuple[int, ...]) -> None:
    """Raise ValueError naming the first tensor of another shape: compiled code does not look where it reads."""
    if given["first"].dtype != torch.bool:
        raise ValueError(f"{core}: first is {given['first'].dtype}; it must be torch.bool")
    for name, shape in wanted.items():
        if given[name].shape != shape:
            raise ValueError(f"{core}: {name} has shape {tuple(given[name].shape)}; expected {shape}")


def by_rows(function: Callable[..., None], arrays: tuple[Array, ...], rows: int, work: int) -> None:
    """Run the compiled `function(*arrays, low, high)` over all rows: in two or more threads, if that pays."""
    blocks = min(torch.get_num_threads(), rows // 2) if work >= ENOUGH else 1
    edges = np.linspace(0, rows, max(1, blocks) + 1).astype(int).tolist()
    run = compiled(function)
    own, *spans = pairwise(edges)
    others = [threading.Thread(target=run, args=(*arrays, *span)) for span in spans]
    for thread in others:
        thread.start()
    run(*arrays, *own)
    for thread in others:
        thread.join()
