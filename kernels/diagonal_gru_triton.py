"""Both Triton kernels of the diagonal GRU, equations (1) to (3) of diagonal_cells.py; see diagonal_triton.py."""

import triton
import triton.language as tl

from .triton_lanes import AHEAD, begun, moved, place, present, take
from .triton_tiles import tanh


@triton.jit(do_not_specialize=["T", "B"])
def forward_kernel(gates, h, first, weight, y, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill y [T, B, N]."""
    lane, row = place(B, N)
    step = tl.cast(B, tl.int64) * N
    three = 2 * row * N + lane  # lane n of row b lies at 3 N b + n
    at = (gates + three, gates + N + three, gates + 2 * N + three, first + row)
    by = (3 * step, 3 * step, 3 * step, B)
    y += lane
    unit = weight + lane % N
    w_r, w_z, w_n = tl.load(unit), tl.load(unit + N), tl.load(unit + 2 * N)
    state = tl.load(h + lane, lane < B * N, other=0)
    ring, at = begun(at, by, lane, B * N, T, 0)
    for t in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            x_r, x_z, x_n, first_t = now[u]
            state = tl.where(first_t != 0, 0.0, state)
            r, z = tl.sigmoid(x_r + w_r * state), tl.sigmoid(x_z + w_z * state)
            n = tanh(x_n + w_n * r * state)
            state = n + z * (state - n)
            tl.store(y, state, present(lane, B * N, t + u, T))
            y += step
            ring += (take(at, t + u + AHEAD, lane, B * N, T, 0),)
            at = moved(at, by)


@triton.jit(do_not_specialize=["T", "B"])
def backward_kernel(dy, y, gates, h, first, weight, dx, dh, dw, T, B, N: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fill dx [T, B, 3N], and of every row of the batch dh [B, N] and dw [B, 3N]; step n is time T - 1 - n."""
    lane, row = place(B, N)
    step = tl.cast(B, tl.int64) * N
    end = (T - 1) * step + lane
    three = 2 * row * N + lane
    last = gates + 3 * (T - 1) * step + three
    first += (T - 1) * tl.cast(B, tl.int64) + row
    at = (dy + end, last, last + N, last + 2 * N, first, y + end - step)
    by = (-step, -3 * step, -3 * step, -3 * step, -B, -step)
    dx += 3 * (T - 1) * step + three
    unit = weight + lane % N
    w_r, w_z, w_n = tl.load(unit), tl.load(unit + N), tl.load(unit + 2 * N)
    start = tl.load(h + lane, lane < B * N, other=0)
    carry, dw_r, dw_z, dw_n = tl.zeros_like(start), tl.zeros_like(start), tl.zeros_like(start), tl.zeros_like(start)
    ring, at = begun(at, by, lane, B * N, T, 1)
    for s in range(0, T, AHEAD):
        now = ring
        ring = ()
        for u in tl.static_range(AHEAD):
            k = s + u
            e, x_r, x_z, x_n, first_t, old = now[u]
            here, wiped = present(lane, B * N, k, T), first_t != 0
            old = tl.where(wiped, 0.0, tl.where(k == T - 1, start, old))
            d = tl.where(here, e + carry, 0.0)
            r, z = tl.sigmoid(x_r + w_r * old), tl.sigmoid(x_z + w_z * old)
            n = tanh(x_n + w_n * r * old)
            of_n, of_z = d * (1 - z) * (1 - n * n), d * (old - n) * z * (1 - z)
            of_r = of_n * w_n * old * r * (1 - r)
            tl.store(dx, of_r, here)
            tl.store(dx + N, of_z, here)
            tl.store(dx + 2 * N, of_n, here)
            dw_r += of_r * old
            dw_z += of_z * old
            dw_n += of_n * r * old
            back = d * z + w_r * of_r + w_z * of_z + w_n * r * of_n
            carry = tl.where(k < T, tl.where(wiped, 0.0, back), carry)
            dx -= 3 * step
            ring += (take(at, k + AHEAD, lane, B * N, T, 1),)
            at = moved(at, by)
    tl.store(dh + lane, carry, lane < B * N)
    tl.store(dw + three, dw_r, lane < B * N)
    tl.store(dw + N + three, dw_z, lane < B * N)
    tl.store(dw + 2 * N + three, dw_n, lane < B * N)
