"""Both Triton kernels of the diagonal GRU, equations (1) to (3) of cells.py; see triton_loop.py."""

import triton
import triton.language as tl

from memorl.kernels.common.gpu.lanes import AHEAD, load_gates, mask, offsets, prefetch, refill, store_gates
from memorl.kernels.common.gpu.tiles import tanh


@triton.jit(do_not_specialize=["T", "B"])
def forward_kernel(gates, h, first, weight, y, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, N]."""
    lane, row, step = offsets(B, N)
    three = 2 * row * N + lane  # lane n of row b lies at 3 N b + n
    pointers = (gates + three, gates + N + three, gates + 2 * N + three, first + row)
    strides = (3 * step, 3 * step, 3 * step, B)
    y += lane
    w_r, w_z, w_n = load_gates(weight + lane % N, N, 3)
    state = tl.load(h + lane, lane < B * N, other=0)
    buffer, pointers = prefetch(pointers, strides, lane, B * N, T, 0)
    for t in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            x_r, x_z, x_n, first_t = buffer[0]
            state = tl.where(first_t != 0, 0.0, state)
            r = tl.sigmoid(x_r + w_r * state)
            z = tl.sigmoid(x_z + w_z * state)
            n = tanh(x_n + w_n * r * state)
            state = n + z * (state - n)
            tl.store(y, state, mask(lane, B * N, t + u, T))
            y += step
            buffer, pointers = refill(buffer, pointers, strides, t + u + AHEAD, lane, B * N, T, 0)


@triton.jit(do_not_specialize=["T", "B"])
def backward_kernel(dy, y, gates, h, first, weight, dx, dh, dw, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill dx [T, B, 3N], and of every row of the batch dh [B, N] and dw [B, 3N]; step n is time T - 1 - n."""
    lane, row, step = offsets(B, N)
    end = (T - 1) * step + lane
    three = 2 * row * N + lane
    last = gates + 3 * (T - 1) * step + three
    first += (T - 1) * tl.cast(B, tl.int64) + row
    pointers = (dy + end, last, last + N, last + 2 * N, first, y + end - step)
    strides = (-step, -3 * step, -3 * step, -3 * step, -B, -step)
    dx += 3 * (T - 1) * step + three
    w_r, w_z, w_n = load_gates(weight + lane % N, N, 3)
    start = tl.load(h + lane, lane < B * N, other=0)
    carry = tl.zeros_like(start)
    dw_r = tl.zeros_like(start)
    dw_z = tl.zeros_like(start)
    dw_n = tl.zeros_like(start)
    buffer, pointers = prefetch(pointers, strides, lane, B * N, T, 1)
    for s in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            k = s + u
            e, x_r, x_z, x_n, first_t, previous = buffer[0]
            inside = mask(lane, B * N, k, T)
            reset = first_t != 0
            previous = tl.where(reset, 0.0, tl.where(k == T - 1, start, previous))
            d = tl.where(inside, e + carry, 0.0)
            r = tl.sigmoid(x_r + w_r * previous)
            z = tl.sigmoid(x_z + w_z * previous)
            n = tanh(x_n + w_n * r * previous)
            d_n = d * (1 - z) * (1 - n * n)
            d_z = d * (previous - n) * z * (1 - z)
            d_r = d_n * w_n * previous * r * (1 - r)
            store_gates(dx, N, (d_r, d_z, d_n), inside)
            dw_r += d_r * previous
            dw_z += d_z * previous
            dw_n += d_n * r * previous
            to_previous = d * z + w_r * d_r + w_z * d_z + w_n * r * d_n
            carry = tl.where(k < T, tl.where(reset, 0.0, to_previous), carry)
            dx -= 3 * step
            buffer, pointers = refill(buffer, pointers, strides, k + AHEAD, lane, B * N, T, 1)
    tl.store(dh + lane, carry, lane < B * N)
    store_gates(dw + three, N, (dw_r, dw_z, dw_n), lane < B * N)
