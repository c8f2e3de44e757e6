"""The recurrence of `elementwise_loop` in Triton, equations (1) to (3) there: one launch forward, one backward.

See `triton_lanes` for how it is laid out. Two numbers are moved for each of y forward, and three backward: y is read
once, since what is h_t in one step is h_{t-1} in the one that is taken before. Each lane sums its dr over time in a
register; torch sums these over the batch.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from .elementwise_loop import derive
from .triton_lanes import AHEAD, begun, launch, moved, place, present, take, times
from .triton_tiles import tanh


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(x, h, first, weight, y, T, B, W: tl.constexpr, PAIRS: tl.constexpr, RELU: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, W] of the gates x."""
    lane, row = place(B, W)
    step = tl.cast(B, tl.int64) * W
    at = (x + lane, first + row)
    by = (step, B)
    y += lane
    r = tl.load(weight + lane % W)
    state = tl.load(h + lane, lane < B * W, other=0)
    ring, at = begun(at, by, lane, B * W, T, 0)
    for t in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            x_t, first_t = now[u]
            state = x_t + times(r, tl.where(first_t != 0, 0.0, state), PAIRS, False)
            state = tl.where(state < 0, 0.0, state) if RELU else tanh(state)
            tl.store(y, state, present(lane, B * W, t + u, T))
            y += step
            ring += (take(at, t + u + AHEAD, lane, B * W, T, 0),)
            at = moved(at, by)


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, y, h, first, weight, dx, dh, dr, T, B, W: tl.constexpr, PAIRS: tl.constexpr, RELU: tl.constexpr
):
    """Fill dx [T, B, W], and of every row of the batch dh and dr [B, W]; step n is time T - 1 - n."""
    lane, row = place(B, W)
    step = tl.cast(B, tl.int64) * W
    end = (T - 1) * step + lane
    at = (dy + end, first + (T - 1) * tl.cast(B, tl.int64) + row, y + end - step)
    by = (-step, -B, -step)
    dx += end
    r = tl.load(weight + lane % W)
    start = tl.load(h + lane, lane < B * W, other=0)
    after = tl.load(y + end, lane < B * W, other=0)
    carry, total = tl.zeros_like(start), tl.zeros_like(start)
    ring, at = begun(at, by, lane, B * W, T, 1)
    for s in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            n = s + u
            e, first_t, old = now[u]
            here, wiped = present(lane, B * W, n, T), first_t != 0
            g = tl.where(here, e + carry, 0.0)
            g = tl.where(after <= 0, 0.0, g) if RELU else g * (1 - after * after)
            tl.store(dx, g, here)
            after = old
            old = tl.where(n == T - 1, start, old)
            total += tl.where(wiped, 0.0, times(old, g, PAIRS, True))
            carry = tl.where(n < T, tl.where(wiped, 0.0, times(r, g, PAIRS, True)), carry)
            dx -= step
            ring += (take(at, n + AHEAD, lane, B * W, T, 1),)
            at = moved(at, by)
    tl.store(dh + lane, carry, lane < B * W)
    tl.store(dr + lane, total, lane < B * W)


@torch.library.custom_op("memorl::elementwise_loop_triton", mutates_args=())
def elementwise_loop_triton(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    """`elementwise_loop` on a GPU; its arguments."""
    T, B, *units = gates.shape
    y = torch.empty_like(gates, memory_format=torch.contiguous_format)
    tensors = (gates.contiguous(), h.contiguous(), first.contiguous(), weight.contiguous(), y)
    W = weight.numel()
    launch(_forward_kernel, B, W, *tensors, T, B, W, len(units) == 2, activation == "relu")
    return y


@elementwise_loop_triton.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    return torch.empty_like(gates, memory_format=torch.contiguous_format)


@torch.library.custom_op("memorl::elementwise_loop_triton_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    T, B, *units = y.shape
    dx, dh, dr = (torch.empty_like(x, memory_format=torch.contiguous_format) for x in (y, h, h))
    tensors = (dy.contiguous(), y.contiguous(), h.contiguous(), first.contiguous(), weight.contiguous(), dx, dh, dr)
    W = weight.numel()
    launch(_backward_kernel, B, W, *tensors, T, B, W, len(units) == 2, activation == "relu")
    return dx, dh, dr.sum(0)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    dx, dh, dr = (torch.empty_like(x, memory_format=torch.contiguous_format) for x in (y, h, weight))
    return dx, dh, dr


derive(elementwise_loop_triton, _backward)
