"""The recurrence of `hippo_loop` in Triton, equations (1) to (3) there: one launch forward, one backward.

Legend: T time, B batch, C channels, N coefficients; a program owns R of the B C channels, and keeps their c on chip.

The matrices of LegS are never made. With b_n, h and q_n of legs.py, and d = 1 / k, what M changes is a solve
and a product with A, which is lower triangular and commutes with its inverse; so row_in is no difference of two numbers
that are nearly the same where k is large:

    v - M v = d A z,   (I + h A) z = v                                                             (1)
    z_n = (v_n - h b_n s_n) / q_n,   (A z)_n = (n + 1) z_n + b_n s_n,   s_n = sum_{m < n} b_m z_m  (2)
    s_{n+1} = s_n (1 - n h) / q_n + b_n v_n / q_n                                                  (3)

M^T is the same with the sum over m > n, from the other end. (3) is a linear recurrence over n, of which log2 N parallel
steps are made (`tl.associative_scan`); since s_n and not s_{n+1} is wanted, each element also carries the map of all
before it. zoh has no such form. For the measures of a window M is one matrix, and row_in is one product a step.

What torch does here is launches: four a step for a window, and for LegS also the matrices, of N^2 numbers a row, where
c has C N. Here a step is the latency of a scan or product and of a load; nothing but c is written.
Predicted for an H100, B = 256, C = 16, N = 32, T = 128: 0.15 ms each way, 67 MB that take 0.02 ms; not measured.
"""

from typing import Any

import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common.gpu.tiles import launch
from memorl.kernels.common.operators import contiguous, differentiable

from .steps import fake_loop, fake_loop_backward

MAX_ORDER = 64
"""The largest N of a matrix that a product takes from chip without running out of registers."""

IMPLICIT_SHARE = {"euler": 0.0, "backward_euler": 1.0, "bilinear": 0.5}
"""h / d of the schemes of LegS that can be run here."""


@triton.jit
def _after(a, b, a_0, b_0, c, d, c_0, d_0):  # type: ignore[no-untyped-def]
    """Return the maps s -> c s + d and s -> c_0 s + d_0, each after s -> a s + b."""
    return a * c, c * b + d, a * c_0, c_0 * b + d_0


@triton.jit
def _change(v, k, M, n, N: tl.constexpr, P: tl.constexpr, H: tl.constexpr, BACK: tl.constexpr, PRECISION: tl.constexpr):  # type: ignore[no-untyped-def]
    """Return v - M v, or v - M^T v, of v [R, P] and k [R]; H is h / d, or negative for a matrix that is given."""
    if H < 0:
        m = tl.arange(0, P)
        at = m[:, None] * N + n[None, :] if BACK else n[None, :] * N + m[:, None]
        w = tl.load(M + at, (m < N)[:, None] & (n < N)[None, :], other=0)
        return v - tl.dot(v, w, input_precision=PRECISION)
    d = 1 / tl.maximum(k, 1.0)[:, None]
    h = H * d
    order = n.to(tl.float32)[None, :]
    q = 1 + (order + 1) * h
    b = tl.sqrt(2 * order + 1)
    zeros = tl.zeros_like(v)
    _, _, _, s = tl.associative_scan(
        ((1 - order * h) / q + zeros, b * v / q, zeros + 1, zeros), 1, _after, reverse=BACK
    )
    change = d * ((order + 1) * (v - h * b * s) / q + b * s)
    return tl.where((k > 0)[:, None], tl.where(n[None, :] < N, change, 0.0), v)


@triton.jit
def _owned_channels(channels, N: tl.constexpr, P: tl.constexpr, R: tl.constexpr):  # type: ignore[no-untyped-def]
    """Return the channels of this program, the orders n, where both exist, and the places of the coefficients."""
    row = tl.program_id(0) * R + tl.arange(0, R)
    n = tl.arange(0, P)
    row_in = row < channels
    return row, n, row_in, row_in[:, None] & (n < N)[None, :], row.to(tl.int64)[:, None] * N + n[None, :]


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(  # type: ignore[no-untyped-def]
    u, c, first, k, M, y, T, B, C: tl.constexpr, N: tl.constexpr, P: tl.constexpr, H: tl.constexpr,
    PRECISION: tl.constexpr, R: tl.constexpr,
):  # fmt: skip
    """Fill y [T, B, C, N]."""
    row, n, row_in, inside, at = _owned_channels(B * C, N, P, R)
    state = tl.load(c + at, inside, other=0)
    u = u + row
    first = first + row // C
    k = k + row // C
    y = y + at
    for _ in range(T):
        reset = tl.load(first, row_in, other=0) != 0
        sample = tl.where(n[None, :] == 0, tl.load(u, row_in, other=0)[:, None], 0.0)
        state = tl.where(reset[:, None], 0.0, state)
        state -= _change(state - sample, tl.load(k, row_in, other=0), M, n, N, P, H, False, PRECISION)
        tl.store(y, state, inside)
        u += B * C
        first += B
        k += B
        y += tl.cast(B, tl.int64) * C * N


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    dy, first, k, M, du, dc, T, B, C: tl.constexpr, N: tl.constexpr, P: tl.constexpr, H: tl.constexpr,
    PRECISION: tl.constexpr, R: tl.constexpr,
):  # fmt: skip
    """Fill du [T, B, C] and dc [B, C, N]."""
    row, n, row_in, inside, at = _owned_channels(B * C, N, P, R)
    last = (T - 1) * tl.cast(B, tl.int64)
    du = du + last * C + row
    first = first + last + row // C
    k = k + last + row // C
    dy = dy + last * C * N + at
    carry = tl.zeros((R, P), tl.float32)
    for _ in range(T):
        reset = tl.load(first, row_in, other=0) != 0
        d = tl.load(dy, inside, other=0) + carry
        change = _change(d, tl.load(k, row_in, other=0), M, n, N, P, H, True, PRECISION)
        tl.store(du, tl.sum(tl.where(n[None, :] == 0, change, 0.0), 1), row_in)
        carry = tl.where(reset[:, None], 0.0, d - change)
        du -= B * C
        first -= B
        k -= B
        dy -= tl.cast(B, tl.int64) * C * N
    tl.store(dc + at, carry, inside)


def why_unavailable(order: int, transition: Tensor | None, scheme: str) -> str:
    """Return the reason why this backend cannot run, or an empty text."""
    if transition is None:
        return (
            "" if scheme in IMPLICIT_SHARE else f"the scheme is {scheme}; it must be one of {', '.join(IMPLICIT_SHARE)}"
        )
    return "" if order <= MAX_ORDER else f"the order is {order}; with a given transition it must be at most {MAX_ORDER}"


def _sizes(C: int, N: int, transition: Tensor | None, scheme: str) -> dict[str, Any]:
    """Return the constants that the kernels are compiled for."""
    width = triton.next_power_of_2(N)
    if transition is None:
        return {"C": C, "N": N, "P": max(4, width), "H": IMPLICIT_SHARE[scheme]}
    return {"C": C, "N": N, "P": max(16, width), "H": -1.0}


def _forward(u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> Tensor:
    """Run `hippo_loop` on a GPU, with arguments that `why_unavailable` allows."""
    T, B, C = u.shape
    y = fake_loop(u, c)
    tensors = contiguous(u, c, first, k.to(c.dtype), c if transition is None else transition, y)
    launch(_forward_kernel, B * C, *tensors, T, B, **_sizes(C, c.shape[2], transition, scheme))
    return y


def _backward(dy: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> tuple[Tensor, Tensor]:
    T, B, C, N = dy.shape
    du, dc = fake_loop_backward(dy)
    tensors = contiguous(dy, first, k.to(dy.dtype), dc if transition is None else transition, du, dc)
    launch(_backward_kernel, B * C, *tensors, T, B, **_sizes(C, N, transition, scheme))
    return du, dc


hippo_loop_triton = differentiable(
    "hippo_loop_triton", _forward, _backward, "u c", fake=fake_loop, fake_backward=fake_loop_backward
)
