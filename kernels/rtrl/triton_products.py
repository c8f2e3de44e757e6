"""The products of `reverse_jacobian_products` in Triton: one launch.

See lanes.py for the layout. A matrix is four lanes of one thread. Two numbers are moved for each of
W; where the Jacobians are expanded they are read again from the cache, and one is left.
"""

import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common.gpu import lanes
from memorl.kernels.common.gpu.lanes import AHEAD, LANES, mask, offsets, prefetch, refill
from memorl.kernels.common.operators import operator

from .torch_products import empty_products


@triton.jit
def _entries(x):  # type: ignore[no-untyped-def]
    """Return the entries 11, 12, 21, 22 of the matrices x [LANES]."""
    left, right = tl.split(tl.reshape(x, (LANES // 4, 2, 2)))
    x_11, x_21 = tl.split(left)
    x_12, x_22 = tl.split(right)
    return x_11, x_12, x_21, x_22


@triton.jit
def _product(w, a, MATRIX: tl.constexpr):  # type: ignore[no-untyped-def]
    """Return W A, of numbers or of matrices."""
    if not MATRIX:
        return w * a
    w_11, w_12, w_21, w_22 = _entries(w)
    a_11, a_12, a_21, a_22 = _entries(a)
    left = tl.join(w_11 * a_11 + w_12 * a_21, w_21 * a_11 + w_22 * a_21)
    right = tl.join(w_11 * a_12 + w_12 * a_22, w_21 * a_12 + w_22 * a_22)
    return tl.reshape(tl.join(left, right), (LANES,))


@triton.jit(do_not_specialize=["T", "B"])
def _kernel(a, first, w, total, a_time, a_row, T, B, W: tl.constexpr, MATRIX: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill w [T, B, W] and total [B, W]; step n is time T - 1 - n."""
    lane, row, step = offsets(B, W)
    a += (T - 1) * tl.cast(a_time, tl.int64) + row * a_row + lane % W
    pointers = (a, first + (T - 1) * tl.cast(B, tl.int64) + row)
    strides = (-a_time, -B)
    w += (T - 1) * step + lane
    product = tl.full((LANES,), 1.0, tl.float32)
    if MATRIX:
        product = tl.where((lane % 4 == 0) | (lane % 4 == 3), product, 0.0)
    buffer, pointers = prefetch(pointers, strides, lane, B * W, T, 0)
    for s in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            n = s + u
            a_t, first_t = buffer[0]
            tl.store(w, product, mask(lane, B * W, n, T))
            product = tl.where(n < T, tl.where(first_t != 0, 0.0, _product(product, a_t, MATRIX)), product)
            w -= step
            buffer, pointers = refill(buffer, pointers, strides, n + AHEAD, lane, B * W, T, 0)
    tl.store(total + lane, product, lane < B * W)


def _products(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    a = lanes.contiguous_rows(a)
    T, B = first.shape
    W = a[0, 0].numel()
    w, total = empty_products(a, first)
    lanes.launch(_kernel, B, W, a, first.contiguous(), w, total, *a.stride()[:2], T, B, W, a.dim() == 5)
    return w, total


reverse_jacobian_products_triton = operator("reverse_jacobian_products_triton", _products, empty_products)
