"""The recurrence of `elementwise_loop` in Triton, equations (1) to (3) there: one launch forward, one backward.

See lanes.py for the layout. Two numbers are moved for each of y forward, and three backward: y is read
once, since what is h_t in one step is h_{t-1} in the one that is taken before. Each lane sums its dr over time in a
register; torch sums these over the batch.
"""

import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common.gpu.lanes import AHEAD, launch, mask, multiply, offsets, prefetch, refill
from memorl.kernels.common.gpu.tiles import tanh
from memorl.kernels.common.operators import Tensors3, contiguous, differentiable, empty


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(x, h, first, weight, y, T, B, W: tl.constexpr, PAIRS: tl.constexpr, RELU: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, W] of the gates x."""
    lane, row, step = offsets(B, W)
    pointers = (x + lane, first + row)
    strides = (step, B)
    y += lane
    r = tl.load(weight + lane % W)
    state = tl.load(h + lane, lane < B * W, other=0)
    buffer, pointers = prefetch(pointers, strides, lane, B * W, T, 0)
    for t in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            x_t, first_t = buffer[0]
            state = x_t + multiply(r, tl.where(first_t != 0, 0.0, state), PAIRS, False)
            state = tl.where(state < 0, 0.0, state) if RELU else tanh(state)
            tl.store(y, state, mask(lane, B * W, t + u, T))
            y += step
            buffer, pointers = refill(buffer, pointers, strides, t + u + AHEAD, lane, B * W, T, 0)


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, y, h, first, weight, dx, dh, dr, T, B, W: tl.constexpr, PAIRS: tl.constexpr, RELU: tl.constexpr
):
    """Fill dx [T, B, W], and of every row of the batch dh and dr [B, W]; step n is time T - 1 - n."""
    lane, row, step = offsets(B, W)
    end = (T - 1) * step + lane
    pointers = (dy + end, first + (T - 1) * tl.cast(B, tl.int64) + row, y + end - step)
    strides = (-step, -B, -step)
    dx += end
    r = tl.load(weight + lane % W)
    start = tl.load(h + lane, lane < B * W, other=0)
    after = tl.load(y + end, lane < B * W, other=0)
    carry = tl.zeros_like(start)
    total = tl.zeros_like(start)
    buffer, pointers = prefetch(pointers, strides, lane, B * W, T, 1)
    for s in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            n = s + u
            e, first_t, previous = buffer[0]
            inside = mask(lane, B * W, n, T)
            reset = first_t != 0
            g = tl.where(inside, e + carry, 0.0)
            g = tl.where(after <= 0, 0.0, g) if RELU else g * (1 - after * after)
            tl.store(dx, g, inside)
            after = previous
            previous = tl.where(n == T - 1, start, previous)
            total += tl.where(reset, 0.0, multiply(previous, g, PAIRS, True))
            carry = tl.where(n < T, tl.where(reset, 0.0, multiply(r, g, PAIRS, True)), carry)
            dx -= step
            buffer, pointers = refill(buffer, pointers, strides, n + AHEAD, lane, B * W, T, 1)
    tl.store(dh + lane, carry, lane < B * W)
    tl.store(dr + lane, total, lane < B * W)


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    T, B, *units = gates.shape
    W = weight.numel()
    y = gates.new_empty(gates.shape)
    tensors = contiguous(gates, h, first, weight, y)
    launch(_forward_kernel, B, W, *tensors, T, B, W, len(units) == 2, activation == "relu")
    return y


def _backward(dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensors3:
    T, B, *units = y.shape
    W = weight.numel()
    dx, dh, dr = empty(y, h, h)
    tensors = contiguous(dy, y, h, first, weight, dx, dh, dr)
    launch(_backward_kernel, B, W, *tensors, T, B, W, len(units) == 2, activation == "relu")
    return dx, dh, dr.sum(0)


elementwise_loop_triton = differentiable(
    "elementwise_loop_triton", _forward, _backward, "gates h weight", shapes="y h weight"
)
