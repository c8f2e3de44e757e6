"""Both Triton kernels of the diagonal LSTM, equations (4) to (8) of cells.py; see triton_loop.py."""

import triton
import triton.language as tl

from memorl.kernels.common.gpu.lanes import AHEAD, load_gates, mask, offsets, prefetch, refill, store_gates
from memorl.kernels.common.gpu.tiles import tanh


@triton.jit(do_not_specialize=["T", "B"])
def forward_kernel(gates, h, first, weight, y, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, 2, N]."""
    lane, row, step = offsets(B, N)
    four = gates + 3 * row * N + lane  # lane n of row b lies at 4 N b + n
    pointers = (four, four + N, four + 2 * N, four + 3 * N, first + row)
    strides = (4 * step, 4 * step, 4 * step, 4 * step, B)
    two = row * N + lane
    y += two
    w_i, w_f, w_g, w_o = load_gates(weight + lane % N, N, 4)
    state = tl.load(h + two, lane < B * N, other=0)
    c = tl.load(h + two + N, lane < B * N, other=0)
    buffer, pointers = prefetch(pointers, strides, lane, B * N, T, 0)
    for t in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            x_i, x_f, x_g, x_o, first_t = buffer[0]
            inside = mask(lane, B * N, t + u, T)
            reset = first_t != 0
            state = tl.where(reset, 0.0, state)
            c = tl.where(reset, 0.0, c)
            kept = tl.sigmoid(x_f + w_f * state) * c
            o = tl.sigmoid(x_o + w_o * state)
            c = kept + tl.sigmoid(x_i + w_i * state) * tanh(x_g + w_g * state)
            state = o * tanh(c)
            store_gates(y, N, (state, c), inside)
            y += 2 * step
            buffer, pointers = refill(buffer, pointers, strides, t + u + AHEAD, lane, B * N, T, 0)


@triton.jit(do_not_specialize=["T", "B"])
def backward_kernel(dy, y, gates, h, first, weight, dx, dh, dw, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill dx [T, B, 4N], and of every row of the batch dh [B, 2, N] and dw [B, 4N]; step n is time T - 1 - n."""
    lane, row, step = offsets(B, N)
    two = row * N + lane
    end = 2 * (T - 1) * step + two
    four = 3 * row * N + lane
    last = gates + 4 * (T - 1) * step + four
    first += (T - 1) * tl.cast(B, tl.int64) + row
    older = y + end - 2 * step
    pointers = (dy + end, dy + end + N, last, last + N, last + 2 * N, last + 3 * N, first, older, older + N)
    strides = (-2 * step, -2 * step, -4 * step, -4 * step, -4 * step, -4 * step, -B, -2 * step, -2 * step)
    dx += 4 * (T - 1) * step + four
    w_i, w_f, w_g, w_o = load_gates(weight + lane % N, N, 4)
    start = tl.load(h + two, lane < B * N, other=0)
    start_c = tl.load(h + two + N, lane < B * N, other=0)
    carry = tl.zeros_like(start)
    carry_c = tl.zeros_like(start)
    zero = tl.zeros_like(start)
    dw_i = zero
    dw_f = zero
    dw_g = zero
    dw_o = zero
    buffer, pointers = prefetch(pointers, strides, lane, B * N, T, 2)
    for s in range(0, T, AHEAD):
        for u in tl.static_range(AHEAD):
            k = s + u
            e, e_c, x_i, x_f, x_g, x_o, first_t, previous, c = buffer[0]
            inside = mask(lane, B * N, k, T)
            reset = first_t != 0
            previous = tl.where(reset, 0.0, tl.where(k == T - 1, start, previous))
            c = tl.where(reset, 0.0, tl.where(k == T - 1, start_c, c))
            i = tl.sigmoid(x_i + w_i * previous)
            f = tl.sigmoid(x_f + w_f * previous)
            g = tanh(x_g + w_g * previous)
            o = tl.sigmoid(x_o + w_o * previous)
            tanh_c = tanh(f * c + i * g)
            d = tl.where(inside, e + carry, 0.0)
            d_c = tl.where(inside, e_c + carry_c, 0.0) + d * o * (1 - tanh_c * tanh_c)
            d_i = d_c * g * i * (1 - i)
            d_f = d_c * c * f * (1 - f)
            d_g = d_c * i * (1 - g * g)
            d_o = d * tanh_c * o * (1 - o)
            store_gates(dx, N, (d_i, d_f, d_g, d_o), inside)
            dw_i += d_i * previous
            dw_f += d_f * previous
            dw_g += d_g * previous
            dw_o += d_o * previous
            to_previous = w_i * d_i + w_f * d_f + w_g * d_g + w_o * d_o
            carry = tl.where(k < T, tl.where(reset, 0.0, to_previous), carry)
            carry_c = tl.where(k < T, tl.where(reset, 0.0, d_c * f), carry_c)
            dx -= 4 * step
            buffer, pointers = refill(buffer, pointers, strides, k + AHEAD, lane, B * N, T, 2)
    store_gates(dh + two, N, (carry, carry_c), lane < B * N)
    store_gates(dw + four, N, (dw_i, dw_f, dw_g, dw_o), lane < B * N)
