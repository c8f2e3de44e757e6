"""A small matrix product that Numba compiles into the loop of a cell, float32.

A step of a recurrence of few rows is bound by reading its weight, and then by calls: torch takes some ten a step. Here
four rows share what is read of the weight, and a step has no calls.

The weight [G H, U] of K heads (`heads`) is read in blocks, one for each gate and head; that of one head is one block.
"""

import numpy as np
from numba import njit
from torch import Tensor

from memorl.kernels.common import heads

from .activations import FUSED


@njit
def _four_of(x, k):  # type: ignore[no-untyped-def]
    """Return x[k] to x[k + 3]."""
    return x[k], x[k + 1], x[k + 2], x[k + 3]


@njit(fastmath=FUSED, error_model="numpy")
def _four(x, at, w, y, to, m, k):  # type: ignore[no-untyped-def]
    """Add what columns k .. k+3 of x, from `at` on, contribute to rows m .. m+3 of y, from column `to` on."""
    width = w.shape[1]
    w0, w1, w2, w3 = _four_of(w, k)
    y0 = y[m, to : to + width]
    y1 = y[m + 1, to : to + width]
    y2 = y[m + 2, to : to + width]
    y3 = y[m + 3, to : to + width]
    a0, a1, a2, a3 = _four_of(x[m], at + k)
    b0, b1, b2, b3 = _four_of(x[m + 1], at + k)
    c0, c1, c2, c3 = _four_of(x[m + 2], at + k)
    d0, d1, d2, d3 = _four_of(x[m + 3], at + k)
    for n in range(width):
        p = w0[n]
        q = w1[n]
        r = w2[n]
        s = w3[n]
        y0[n] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[n] += b0 * p + b1 * q + b2 * r + b3 * s
        y2[n] += c0 * p + c1 * q + c2 * r + c3 * s
        y3[n] += d0 * p + d1 * q + d2 * r + d3 * s


@njit(fastmath=FUSED, error_model="numpy")
def _two(x, at, w, y, to, m, k):  # type: ignore[no-untyped-def]
    """Add what columns k .. k+3 of x contribute to rows m and m+1 of y; see `_four`."""
    width = w.shape[1]
    w0, w1, w2, w3 = _four_of(w, k)
    y0 = y[m, to : to + width]
    y1 = y[m + 1, to : to + width]
    a0, a1, a2, a3 = _four_of(x[m], at + k)
    b0, b1, b2, b3 = _four_of(x[m + 1], at + k)
    for n in range(width):
        p = w0[n]
        q = w1[n]
        r = w2[n]
        s = w3[n]
        y0[n] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[n] += b0 * p + b1 * q + b2 * r + b3 * s


@njit(fastmath=FUSED, error_model="numpy")
def _one(x, at, w, y, to, m, k):  # type: ignore[no-untyped-def]
    """Add what column k contributes to row m."""
    width = w.shape[1]
    a = x[m, at + k]
    w_k = w[k]
    y_m = y[m, to : to + width]
    for n in range(width):
        y_m[n] += a * w_k[n]


@njit
def _add_product(x, at, w, y, to):  # type: ignore[no-untyped-def]
    """Add x[:, at:] w to y[:, to:], for as many columns as w [K, N] has, and an even number of rows."""
    rows = x.shape[0]
    whole = w.shape[0] // 4 * 4
    for m in range(0, rows - 3, 4):
        for k in range(0, whole, 4):
            _four(x, at, w, y, to, m, k)
    if rows % 4:
        for k in range(0, whole, 4):
            _two(x, at, w, y, to, rows - 2, k)
    for m in range(rows):
        for k in range(whole, w.shape[0]):
            _one(x, at, w, y, to, m, k)


@njit
def add_product(h, w, g):  # type: ignore[no-untyped-def]
    """Add W h to g for rows of h and g; w is `weight_blocks` of W, each transposed."""
    gates, heads, units, width = w.shape
    for gate in range(gates):
        for head in range(heads):
            _add_product(h, head * units, w[gate, head], g, (gate * heads + head) * width)


@njit
def add_product_back(d, w, h):  # type: ignore[no-untyped-def]
    """Add d W to h for rows of d and h; w is `weight_blocks` of W."""
    gates, heads, units, width = w.shape
    for gate in range(gates):
        for head in range(heads):
            _add_product(d, (gate * heads + head) * units, w[gate, head], h, head * width)


def weight_blocks(weight: Tensor, H: int) -> Tensor:
    """Return the weight [G H, U] in blocks, [G, K, U, U], or [1, 1, G H, H] with one head."""
    return weight[None, None] if heads.count(weight, H) == 1 else heads.blocks(weight, H)


@njit
def zero_rows(rows, width):  # type: ignore[no-untyped-def]
    """Return zeros [rows, width], with one row more if their number is odd."""
    return np.zeros((rows + rows % 2, width), np.float32)
