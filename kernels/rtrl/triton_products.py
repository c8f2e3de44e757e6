"""The products of `reverse_jacobian_products` in Triton: one launch.

See common/gpu/lanes.py for how it is laid out. A matrix is four lanes of one thread. Two numbers are moved for each of
W; where the Jacobians are expanded they are read again from the cache, and one is left.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common.gpu.lanes import (
    AHEAD,
    LANES,
    advance,
    contiguous_rows,
    launch,
    load_step,
    mask,
    offsets,
    prefetch,
)


@triton.jit
def _entries(x):  # type: ignore[no-untyped-def]
    """The entries 11, 12, 21, 22 of the matrices x [LANES]."""
    left, right = tl.split(tl.reshape(x, (LANES // 4, 2, 2)))
    x_11, x_21 = tl.split(left)
    x_12, x_22 = tl.split(right)
    return x_11, x_12, x_21, x_22


@triton.jit
def _product(w, a, MATRIX: tl.constexpr):  # type: ignore[no-untyped-def]
    """W A, of numbers or of matrices."""
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
    lane, row = offsets(B, W)
    step = tl.cast(B, tl.int64) * W
    a += (T - 1) * tl.cast(a_time, tl.int64) + row * a_row + lane % W
    pointers = (a, first + (T - 1) * tl.cast(B, tl.int64) + row)
    strides = (-a_time, -B)
    w += (T - 1) * step + lane
    product = tl.full((LANES,), 1.0, tl.float32)
    if MATRIX:
        product = tl.where((lane % 4 == 0) | (lane % 4 == 3), product, 0.0)
    buffer, pointers = prefetch(pointers, strides, lane, B * W, T, 0)
    for s in range(0, T, AHEAD):
        loaded = buffer
        buffer = ()
        for u in tl.static_range(AHEAD):
            n = s + u
            a_t, first_t = loaded[u]
            tl.store(w, product, mask(lane, B * W, n, T))
            product = tl.where(n < T, tl.where(first_t != 0, 0.0, _product(product, a_t, MATRIX)), product)
            w -= step
            buffer += (load_step(pointers, n + AHEAD, lane, B * W, T, 0),)
            pointers = advance(pointers, strides)
    tl.store(total + lane, product, lane < B * W)


@torch.library.custom_op("memorl::reverse_jacobian_products_triton", mutates_args=())
def reverse_jacobian_products_triton(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `reverse_jacobian_products` does, on a GPU."""
    a, (T, B), W = contiguous_rows(a), first.shape, a[0, 0].numel()
    w = torch.empty_like(a, memory_format=torch.contiguous_format)
    total = a.new_empty(a.shape[1:])
    launch(_kernel, B, W, a, first.contiguous(), w, total, *a.stride()[:2], T, B, W, a.dim() == 5)
    return w, total


@reverse_jacobian_products_triton.register_fake
def _(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(a, memory_format=torch.contiguous_format), a.new_empty(a.shape[1:])
