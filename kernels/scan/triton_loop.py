"""The recurrence of `diag_scan` in Triton, equations (1) to (3) there: one launch forward, one backward.

See lanes.py for the layout. Three numbers are moved for each of y forward, and five backward; where a is
expanded it is read again from the cache, and two and four are left. A pair is two lanes of one thread.
"""

import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common.gpu import lanes
from memorl.kernels.common.gpu.lanes import AHEAD, mask, multiply, offsets, prefetch, refill
from memorl.kernels.common.operators import contiguous, differentiable, empty


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(a, b, h, first, y, a_time, a_row, T, B, W: tl.constexpr, PAIRS: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, W]."""
    lane, row, step = offsets(B, W)
    pointers = (a + row * a_row + lane % W, b + lane, first + row)
    strides = (a_time, step, B)
    y += lane
    state = tl.load(h + lane, lane < B * W, other=0)
    buffer, pointers = prefetch(pointers, strides, lane, B * W, T, 0)
    for t in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            a_t, b_t, first_t = buffer[0]
            state = multiply(a_t, tl.where(first_t != 0, 0.0, state), PAIRS, False) + b_t
            tl.store(y, state, mask(lane, B * W, t + u, T))
            y += step
            buffer, pointers = refill(buffer, pointers, strides, t + u + AHEAD, lane, B * W, T, 0)


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, a, y, h, first, da, db, dh, a_time, a_row, T, B, W: tl.constexpr, PAIRS: tl.constexpr
):
    """Fill da and db [T, B, W], and dh [B, W]; step n is time T - 1 - n."""
    lane, row, step = offsets(B, W)
    end = (T - 1) * step + lane
    a += (T - 1) * tl.cast(a_time, tl.int64) + row * a_row + lane % W
    pointers = (dy + end, a, first + (T - 1) * tl.cast(B, tl.int64) + row, y + end - step)
    strides = (-step, -a_time, -B, -step)
    da += end
    db += end
    start = tl.load(h + lane, lane < B * W, other=0)
    carry = tl.zeros_like(start)
    buffer, pointers = prefetch(pointers, strides, lane, B * W, T, 1)
    for s in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            n = s + u
            e, a_t, first_t, previous = buffer[0]
            inside = mask(lane, B * W, n, T)
            reset = first_t != 0
            d = e + carry
            tl.store(db, d, inside)
            previous = tl.where(n == T - 1, start, previous)
            tl.store(da, tl.where(reset, 0.0, multiply(previous, d, PAIRS, True)), inside)
            carry = tl.where(n < T, tl.where(reset, 0.0, multiply(a_t, d, PAIRS, True)), carry)
            da -= step
            db -= step
            buffer, pointers = refill(buffer, pointers, strides, n + AHEAD, lane, B * W, T, 1)
    tl.store(dh + lane, carry, lane < B * W)


def _forward(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    a = lanes.contiguous_rows(a)
    T, B, *units = b.shape
    W = h[0].numel()
    y = b.new_empty(b.shape)
    tensors = (a, *contiguous(b, h, first, y))
    lanes.launch(_forward_kernel, B, W, *tensors, *a.stride()[:2], T, B, W, len(units) == 2)
    return y


def _backward(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a = lanes.contiguous_rows(a)
    T, B, *units = y.shape
    W = h[0].numel()
    da, db, dh = empty(y, y, h)
    tensors = contiguous(y, h, first, da, db, dh)
    lanes.launch(_backward_kernel, B, W, dy.contiguous(), a, *tensors, *a.stride()[:2], T, B, W, len(units) == 2)
    return da, db, dh


diag_scan_triton = differentiable("diag_scan_triton", _forward, _backward, "a b h", shapes="y y h")
