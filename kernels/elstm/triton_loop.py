"""The recurrence of `elstm_loop` in Triton, equations (1) to (6) there: one launch forward, one backward.

See lanes.py for the layout. Six numbers are moved for each of c forward, with the derivatives (4) and
(5), and seven backward, which reads them. Each lane sums the gradients of its weights over time in registers; torch
sums these over the batch.
"""

import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common.gpu.lanes import AHEAD, launch, load_gates, mask, offsets, prefetch, refill, store_gates
from memorl.kernels.common.gpu.tiles import tanh
from memorl.kernels.common.operators import contiguous

from .operator import elstm_operator, empty_gradients, empty_outputs


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(gates, c, first, weight, y, slopes, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, N], and slopes [3, T, B, N] with a, u and v."""
    lane, row, step = offsets(B, N)
    two = row * N + lane  # lane n of row b lies at 2 N b + n
    pointers = (gates + two, gates + N + two, first + row)
    strides = (2 * step, 2 * step, B)
    y += lane
    slopes += lane
    plane = T * step
    w_f, w_z = load_gates(weight + lane % N, N, 2)
    state = tl.load(c + lane, lane < B * N, other=0)
    buffer, pointers = prefetch(pointers, strides, lane, B * N, T, 0)
    for t in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            x_f, x_z, first_t = buffer[0]
            inside = mask(lane, B * N, t + u, T)
            state = tl.where(first_t != 0, 0.0, state)
            f = tl.sigmoid(x_f + w_f * state)
            z = tanh(x_z + w_z * state)
            of_f = (state - z) * f * (1 - f)
            of_z = (1 - f) * (1 - z * z)
            state = z + f * (state - z)
            tl.store(y, state, inside)
            store_gates(slopes, plane, (f + w_f * of_f + w_z * of_z, of_f, of_z), inside)
            y += step
            slopes += step
            buffer, pointers = refill(buffer, pointers, strides, t + u + AHEAD, lane, B * N, T, 0)


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, y, slopes, c, first, dgates, dc, dw, T, B, N: tl.constexpr
):
    """Fill dgates [T, B, 2N], and of every row of the batch dc [B, N] and dw [B, 2N]; step n is time T - 1 - n."""
    lane, row, step = offsets(B, N)
    end = (T - 1) * step + lane
    two = row * N + lane
    slopes += end
    plane = T * step
    first += (T - 1) * tl.cast(B, tl.int64) + row
    pointers = (dy + end, slopes, slopes + plane, slopes + 2 * plane, first, y + end - step)
    strides = (-step, -step, -step, -step, -B, -step)
    dgates += 2 * (T - 1) * step + two
    start = tl.load(c + lane, lane < B * N, other=0)
    carry = tl.zeros_like(start)
    dw_f = tl.zeros_like(start)
    dw_z = tl.zeros_like(start)
    buffer, pointers = prefetch(pointers, strides, lane, B * N, T, 1)
    for s in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            n = s + u
            e, a, of_f, of_z, first_t, previous = buffer[0]
            inside = mask(lane, B * N, n, T)
            reset = first_t != 0
            previous = tl.where(reset, 0.0, tl.where(n == T - 1, start, previous))
            d = tl.where(inside, e + carry, 0.0)
            store_gates(dgates, N, (d * of_f, d * of_z), inside)
            dw_f += d * of_f * previous
            dw_z += d * of_z * previous
            carry = tl.where(n < T, tl.where(reset, 0.0, d * a), carry)
            dgates -= 2 * step
            buffer, pointers = refill(buffer, pointers, strides, n + AHEAD, lane, B * N, T, 1)
    tl.store(dc + lane, carry, lane < B * N)
    store_gates(dw + two, N, (dw_f, dw_z), lane < B * N)


def _forward(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    T, B, _ = gates.shape
    N = c.shape[1]
    y, slopes = empty_outputs(gates, c)
    tensors = contiguous(gates, c, first, weight, y, slopes)
    launch(_forward_kernel, B, N, *tensors, T, B, N)
    return y, slopes


def _backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    T, B, N = y.shape
    dgates, dc, dw = empty_gradients(y, c)
    tensors = contiguous(dy, y, slopes, c, first, dgates, dc, dw)
    launch(_backward_kernel, B, N, *tensors, T, B, N)
    return dgates, dc, dw.sum(0)


elstm_loop_triton = elstm_operator("elstm_loop_triton", _forward, _backward)
