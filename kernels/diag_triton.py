"""The recurrence of `diag_scan` in Triton, equations (1) to (3) there: one launch forward, one backward.

See `triton_lanes` for how it is laid out. Three numbers are moved for each of y forward, and five backward; where a is
expanded it is read again from the cache, and two and four are left. A pair is two lanes of one thread.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from .triton_lanes import AHEAD, begun, by_step, launch, moved, place, present, take, times


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(a, b, h, first, y, a_time, a_row, T, B, W: tl.constexpr, PAIRS: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, W]."""
    lane, row = place(B, W)
    step = tl.cast(B, tl.int64) * W
    at = (a + row * a_row + lane % W, b + lane, first + row)
    by = (a_time, step, B)
    y += lane
    state = tl.load(h + lane, lane < B * W, other=0)
    ring, at = begun(at, by, lane, B * W, T, 0)
    for t in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            a_t, b_t, first_t = now[u]
            state = times(a_t, tl.where(first_t != 0, 0.0, state), PAIRS, False) + b_t
            tl.store(y, state, present(lane, B * W, t + u, T))
            y += step
            ring += (take(at, t + u + AHEAD, lane, B * W, T, 0),)
            at = moved(at, by)


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, a, y, h, first, da, db, dh, a_time, a_row, T, B, W: tl.constexpr, PAIRS: tl.constexpr
):
    """Fill da and db [T, B, W], and dh [B, W]; step n is time T - 1 - n."""
    lane, row = place(B, W)
    step = tl.cast(B, tl.int64) * W
    end = (T - 1) * step + lane
    a += (T - 1) * tl.cast(a_time, tl.int64) + row * a_row + lane % W
    at = (dy + end, a, first + (T - 1) * tl.cast(B, tl.int64) + row, y + end - step)
    by = (-step, -a_time, -B, -step)
    da += end
    db += end
    start = tl.load(h + lane, lane < B * W, other=0)
    carry = tl.zeros_like(start)
    ring, at = begun(at, by, lane, B * W, T, 1)
    for s in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            n = s + u
            e, a_t, first_t, old = now[u]
            here, wiped = present(lane, B * W, n, T), first_t != 0
            d = e + carry
            tl.store(db, d, here)
            old = tl.where(n == T - 1, start, old)
            tl.store(da, tl.where(wiped, 0.0, times(old, d, PAIRS, True)), here)
            carry = tl.where(n < T, tl.where(wiped, 0.0, times(a_t, d, PAIRS, True)), carry)
            da -= step
            db -= step
            ring += (take(at, n + AHEAD, lane, B * W, T, 1),)
            at = moved(at, by)
    tl.store(dh + lane, carry, lane < B * W)


@torch.library.custom_op("memorl::diag_scan_triton", mutates_args=())
def diag_scan_triton(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    """`diag_scan` on a GPU; its arguments."""
    a, (T, B, *units) = by_step(a), b.shape
    y = torch.empty_like(b, memory_format=torch.contiguous_format)
    tensors = (a, b.contiguous(), h.contiguous(), first.contiguous(), y)
    launch(_forward_kernel, B, h[0].numel(), *tensors, *a.stride()[:2], T, B, h[0].numel(), len(units) == 2)
    return y


@diag_scan_triton.register_fake
def _(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    return torch.empty_like(b, memory_format=torch.contiguous_format)


@torch.library.custom_op("memorl::diag_scan_triton_backward", mutates_args=())
def _backward(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of a, b and h."""
    a, (T, B, *units) = by_step(a), y.shape
    made = [torch.empty_like(x, memory_format=torch.contiguous_format) for x in (y, y, h)]
    tensors = (dy.contiguous(), a, y.contiguous(), h.contiguous(), first.contiguous(), *made)
    launch(_backward_kernel, B, h[0].numel(), *tensors, *a.stride()[:2], T, B, h[0].numel(), len(units) == 2)
    return made[0], made[1], made[2]


@_backward.register_fake
def _(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    da, db, dh = (torch.empty_like(x, memory_format=torch.contiguous_format) for x in (y, y, h))
    return da, db, dh


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    a, _, h, first = inputs
    ctx.save_for_backward(a, output, h, first)


def _differentiate(ctx, dy: Tensor):  # type: ignore[no-untyped-def]
    return *_backward(dy, *ctx.saved_tensors), None


diag_scan_triton.register_autograd(_differentiate, setup_context=_save)
