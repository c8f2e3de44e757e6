"""The recurrence of `elstm_loop` in Triton, equations (1) to (6) there: one launch forward, one backward.

See `triton_lanes` for how it is laid out. Six numbers are moved for each of c forward, with the derivatives (4) and
(5), and seven backward, which reads them. Each lane sums the gradients of its weights over time in registers; torch
sums these over the batch.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from .elstm_loop import derive
from .triton_lanes import AHEAD, begun, launch, moved, place, present, take
from .triton_tiles import tanh


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(gates, c, first, weight, y, slopes, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, N], and slopes [3, T, B, N] with a, u and v."""
    lane, row = place(B, N)
    step = tl.cast(B, tl.int64) * N
    two = row * N + lane  # lane n of row b lies at 2 N b + n
    at = (gates + two, gates + N + two, first + row)
    by = (2 * step, 2 * step, B)
    y += lane
    slopes += lane
    plane = T * step
    w_f, w_z = tl.load(weight + lane % N), tl.load(weight + N + lane % N)
    state = tl.load(c + lane, lane < B * N, other=0)
    ring, at = begun(at, by, lane, B * N, T, 0)
    for t in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            x_f, x_z, first_t = now[u]
            here = present(lane, B * N, t + u, T)
            state = tl.where(first_t != 0, 0.0, state)
            f, z = tl.sigmoid(x_f + w_f * state), tanh(x_z + w_z * state)
            of_f, of_z = (state - z) * f * (1 - f), (1 - f) * (1 - z * z)
            state = z + f * (state - z)
            tl.store(y, state, here)
            tl.store(slopes, f + w_f * of_f + w_z * of_z, here)
            tl.store(slopes + plane, of_f, here)
            tl.store(slopes + 2 * plane, of_z, here)
            y += step
            slopes += step
            ring += (take(at, t + u + AHEAD, lane, B * N, T, 0),)
            at = moved(at, by)


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, y, slopes, c, first, dgates, dc, dw, T, B, N: tl.constexpr
):
    """Fill dgates [T, B, 2N], and of every row of the batch dc [B, N] and dw [B, 2N]; step n is time T - 1 - n."""
    lane, row = place(B, N)
    step = tl.cast(B, tl.int64) * N
    end = (T - 1) * step + lane
    two = row * N + lane
    slopes += end
    plane = T * step
    first += (T - 1) * tl.cast(B, tl.int64) + row
    at = (dy + end, slopes, slopes + plane, slopes + 2 * plane, first, y + end - step)
    by = (-step, -step, -step, -step, -B, -step)
    dgates += 2 * (T - 1) * step + two
    start = tl.load(c + lane, lane < B * N, other=0)
    carry, dw_f, dw_z = tl.zeros_like(start), tl.zeros_like(start), tl.zeros_like(start)
    ring, at = begun(at, by, lane, B * N, T, 1)
    for s in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            n = s + u
            e, a, of_f, of_z, first_t, old = now[u]
            here, wiped = present(lane, B * N, n, T), first_t != 0
            old = tl.where(wiped, 0.0, tl.where(n == T - 1, start, old))
            d = tl.where(here, e + carry, 0.0)
            tl.store(dgates, d * of_f, here)
            tl.store(dgates + N, d * of_z, here)
            dw_f += d * of_f * old
            dw_z += d * of_z * old
            carry = tl.where(n < T, tl.where(wiped, 0.0, d * a), carry)
            dgates -= 2 * step
            ring += (take(at, n + AHEAD, lane, B * N, T, 1),)
            at = moved(at, by)
    tl.store(dc + lane, carry, lane < B * N)
    tl.store(dw + two, dw_f, lane < B * N)
    tl.store(dw + N + two, dw_z, lane < B * N)


@torch.library.custom_op("memorl::elstm_loop_triton", mutates_args=())
def elstm_loop_triton(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """`elstm_loop` on a GPU; its arguments."""
    (T, B, _), N = gates.shape, c.shape[1]
    y, slopes = gates.new_empty(T, B, N), gates.new_empty(3, T, B, N)
    tensors = (gates.contiguous(), c.contiguous(), first.contiguous(), weight.contiguous(), y, slopes)
    launch(_forward_kernel, B, N, *tensors, T, B, N)
    return y, slopes


@elstm_loop_triton.register_fake
def _(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    (T, B, _), N = gates.shape, c.shape[1]
    return gates.new_empty(T, B, N), gates.new_empty(3, T, B, N)


@torch.library.custom_op("memorl::elstm_loop_triton_backward", mutates_args=())
def _backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first c and the weight."""
    T, B, N = y.shape
    dgates, dc, dw = y.new_empty(T, B, 2 * N), c.new_empty(B, N), c.new_empty(B, 2 * N)
    tensors = (dy.contiguous(), y.contiguous(), slopes.contiguous(), c.contiguous(), first.contiguous())
    launch(_backward_kernel, B, N, *tensors, dgates, dc, dw, T, B, N)
    return dgates, dc, dw.sum(0)


@_backward.register_fake
def _(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    (T, B), N = first.shape, c.shape[1]
    return y.new_empty(T, B, 2 * N), c.new_empty(B, N), c.new_empty(2 * N)


derive(elstm_loop_triton, _backward)
