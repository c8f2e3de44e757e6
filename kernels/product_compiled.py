"""A small matrix product that Numba compiles into the loop of a cell, float32.

A step of a recurrence of few rows is bound by reading its weight, and then by calls: torch takes some ten a step. Here
four rows share what is read of the weight, and a step has no calls.

The weight [G H, U] of K heads (`heads`) is read in blocks, one for each gate and head; that of one head is one block.
"""

import numpy as np
from numba import njit
from torch import Tensor

from . import heads
from .activations_compiled import FUSED


@njit(fastmath=FUSED, error_model="numpy")
def _four(x, at, w, y, to, m, k):  # type: ignore[no-untyped-def]
    """Add what columns k .. k+3 of x, from `at` on, contribute to rows m .. m+3 of y, from column `to` on."""
    w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
    width = w.shape[1]
    span = slice(to, to + width)
    y0, y1, y2, y3 = y[m, span], y[m + 1, span], y[m + 2, span], y[m + 3, span]
    k += at
    a0, a1, a2, a3 = x[m, k], x[m, k + 1], x[m, k + 2], x[m, k + 3]
    b0, b1, b2, b3 = x[m + 1, k], x[m + 1, k + 1], x[m + 1, k + 2], x[m + 1, k + 3]
    c0, c1, c2, c3 = x[m + 2, k], x[m + 2, k + 1], x[m + 2, k + 2], x[m + 2, k + 3]
    d0, d1, d2, d3 = x[m + 3, k], x[m + 3, k + 1], x[m + 3, k + 2], x[m + 3, k + 3]
    for n in range(width):
        p, q, r, s = w0[n], w1[n], w2[n], w3[n]
        y0[n] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[n] += b0 * p + b1 * q + b2 * r + b3 * s
        y2[n] += c0 * p + c1 * q + c2 * r + c3 * s
        y3[n] += d0 * p + d1 * q + d2 * r + d3 * s


@njit(fastmath=FUSED, error_model="numpy")
def _two(x, at, w, y, to, m, k):  # type: ignore[no-untyped-def]
    """The same of rows m and m+1."""
    w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
    width = w.shape[1]
    y0, y1 = y[m, to : to + width], y[m + 1, to : to + width]
    k += at
    a0, a1, a2, a3 = x[m, k], x[m, k + 1], x[m, k + 2], x[m, k + 3]
    b0, b1, b2, b3 = x[m + 1, k], x[m + 1, k + 1], x[m + 1, k + 2], x[m + 1, k + 3]
    for n in range(width):
        p, q, r, s = w0[n], w1[n], w2[n], w3[n]
        y0[n] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[n] += b0 * p + b1 * q + b2 * r + b3 * s


@njit(fastmath=FUSED, error_model="numpy")
def _one(x, at, w, y, to, m, k):  # type: ignore[no-untyped-def]
    """The same of column k for row m."""
    width = w.shape[1]
    a, w_k, y_m = x[m, at + k], w[k], y[m, to : to + width]
    for n in range(width):
        y_m[n] += a * w_k[n]


@njit
def _add_product(x, at, w, y, to):  # type: ignore[no-untyped-def]
    """y[:, to:] += x[:, at:] w, for as many columns as w [K, N] has, and an even number of rows."""
    rows, whole = x.shape[0], w.shape[0] // 4 * 4
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
    """g += W h for rows of h and g, of the blocks that `forward_blocks` made of W."""
    gates, heads, units, width = w.shape
    for gate in range(gates):
        for head in range(heads):
            _add_product(h, head * units, w[gate, head], g, (gate * heads + head) * width)


@njit
def add_product_back(d, w, h):  # type: ignore[no-untyped-def]
    """h += d W for rows of d and h, of the blocks that `backward_blocks` made of W."""
    gates, heads, units, width = w.shape
    for gate in range(gates):
        for head in range(heads):
            _add_product(d, (gate * heads + head) * units, w[gate, head], h, head * width)


def forward_blocks(weight: Tensor, H: int) -> Tensor:
    """The weight [G H, U] of H units as `add_product` reads it: [G, K, U, U], or [1, 1, H, G H] with one head."""
    return weight.t()[None, None] if heads.count(weight, H) == 1 else heads.blocks(weight, H).mT


def backward_blocks(weight: Tensor, H: int) -> Tensor:
    """The same as `add_product_back` reads it: [G, K, U, U], or [1, 1, G H, H] with one head."""
    return weight[None, None] if heads.count(weight, H) == 1 else heads.blocks(weight, H)


@njit
def rows_for(rows, width):  # type: ignore[no-untyped-def]
    """Zeros [rows, width], with one row more if their number is odd."""
    return np.zeros((rows + rows % 2, width), np.float32)
