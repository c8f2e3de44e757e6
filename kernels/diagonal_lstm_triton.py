"""Both Triton kernels of the diagonal LSTM, equations (4) to (8) of diagonal_cells.py; see diagonal_triton.py.

All h of a row lie before all c here, [B, 2, N], so that neighbouring lanes read neighbouring numbers.
"""

import triton
import triton.language as tl

from .triton_lanes import AHEAD, begun, moved, place, present, take
from .triton_tiles import tanh


@triton.jit(do_not_specialize=["T", "B"])
def forward_kernel(gates, h, first, weight, y, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, 2, N]."""
    lane, row = place(B, N)
    step = tl.cast(B, tl.int64) * N
    four = gates + 3 * row * N + lane  # lane n of row b lies at 4 N b + n
    at = (four, four + N, four + 2 * N, four + 3 * N, first + row)
    by = (4 * step, 4 * step, 4 * step, 4 * step, B)
    two = row * N + lane
    y += two
    unit = weight + lane % N
    w_i, w_f, w_g, w_o = tl.load(unit), tl.load(unit + N), tl.load(unit + 2 * N), tl.load(unit + 3 * N)
    state = tl.load(h + two, lane < B * N, other=0)
    c = tl.load(h + two + N, lane < B * N, other=0)
    ring, at = begun(at, by, lane, B * N, T, 0)
    for t in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            x_i, x_f, x_g, x_o, first_t = now[u]
            here, wiped = present(lane, B * N, t + u, T), first_t != 0
            state, c = tl.where(wiped, 0.0, state), tl.where(wiped, 0.0, c)
            kept = tl.sigmoid(x_f + w_f * state) * c
            o = tl.sigmoid(x_o + w_o * state)
            c = kept + tl.sigmoid(x_i + w_i * state) * tanh(x_g + w_g * state)
            state = o * tanh(c)
            tl.store(y, state, here)
            tl.store(y + N, c, here)
            y += 2 * step
            ring += (take(at, t + u + AHEAD, lane, B * N, T, 0),)
            at = moved(at, by)


@triton.jit(do_not_specialize=["T", "B"])
def backward_kernel(dy, y, gates, h, first, weight, dx, dh, dw, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill dx [T, B, 4N], and of every row of the batch dh [B, 2, N] and dw [B, 4N]; step n is time T - 1 - n."""
    lane, row = place(B, N)
    step = tl.cast(B, tl.int64) * N
    two = row * N + lane
    end = 2 * (T - 1) * step + two
    four = 3 * row * N + lane
    last = gates + 4 * (T - 1) * step + four
    first += (T - 1) * tl.cast(B, tl.int64) + row
    older = y + end - 2 * step
    at = (dy + end, dy + end + N, last, last + N, last + 2 * N, last + 3 * N, first, older, older + N)
    by = (-2 * step, -2 * step, -4 * step, -4 * step, -4 * step, -4 * step, -B, -2 * step, -2 * step)
    dx += 4 * (T - 1) * step + four
    unit = weight + lane % N
    w_i, w_f, w_g, w_o = tl.load(unit), tl.load(unit + N), tl.load(unit + 2 * N), tl.load(unit + 3 * N)
    start = tl.load(h + two, lane < B * N, other=0)
    start_c = tl.load(h + two + N, lane < B * N, other=0)
    carry, carry_c, zero = tl.zeros_like(start), tl.zeros_like(start), tl.zeros_like(start)
    dw_i, dw_f, dw_g, dw_o = zero, zero, zero, zero
    ring, at = begun(at, by, lane, B * N, T, 2)
    for s in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            k = s + u
            e, e_c, x_i, x_f, x_g, x_o, first_t, old, c = now[u]
            here, wiped = present(lane, B * N, k, T), first_t != 0
            old = tl.where(wiped, 0.0, tl.where(k == T - 1, start, old))
            c = tl.where(wiped, 0.0, tl.where(k == T - 1, start_c, c))
            i, f = tl.sigmoid(x_i + w_i * old), tl.sigmoid(x_f + w_f * old)
            g, o = tanh(x_g + w_g * old), tl.sigmoid(x_o + w_o * old)
            squashed = tanh(f * c + i * g)
            d = tl.where(here, e + carry, 0.0)
            d_c = tl.where(here, e_c + carry_c, 0.0) + d * o * (1 - squashed * squashed)
            of_i, of_f = d_c * g * i * (1 - i), d_c * c * f * (1 - f)
            of_g, of_o = d_c * i * (1 - g * g), d * squashed * o * (1 - o)
            tl.store(dx, of_i, here)
            tl.store(dx + N, of_f, here)
            tl.store(dx + 2 * N, of_g, here)
            tl.store(dx + 3 * N, of_o, here)
            dw_i += of_i * old
            dw_f += of_f * old
            dw_g += of_g * old
            dw_o += of_o * old
            back = w_i * of_i + w_f * of_f + w_g * of_g + w_o * of_o
            carry = tl.where(k < T, tl.where(wiped, 0.0, back), carry)
            carry_c = tl.where(k < T, tl.where(wiped, 0.0, d_c * f), carry_c)
            dx -= 4 * step
            ring += (take(at, k + AHEAD, lane, B * N, T, 2),)
            at = moved(at, by)
    tl.store(dh + two, carry, lane < B * N)
    tl.store(dh + two + N, carry_c, lane < B * N)
    tl.store(dw + four, dw_i, lane < B * N)
    tl.store(dw + N + four, dw_f, lane < B * N)
    tl.store(dw + 2 * N + four, dw_g, lane < B * N)
    tl.store(dw + 3 * N + four, dw_o, lane < B * N)
