"""The recurrence of `gru_loop` in Triton, equations (1) to (6) there: one launch forward, one backward.

Only y is kept. Backward, one large product makes g = W h + b of all steps again; the kernel then has the chain of
dL/dh alone, and the gradient of the weight is one large product over T B rows. Nothing is added atomically, so results
repeat to the bit, and no number leaves the GPU.

Legend: T time, B batch, H units, U of a head; a program owns ROWS rows of a head and computes TILE columns at a time.
Cost: 6 T B H U FLOP forward in the loop; backward 6 T B H U in the loop and 12 T B H U in large products.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.gpu.tiles import add_products, launch, owned_rows, tanh, tile_size
from memorl.kernels.common.operators import Tensors4, contiguous, differentiable
from memorl.kernels.common.resets import previous_states


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(  # type: ignore[no-untyped-def]
    gates, first, weight, bias, states, T, B,
    H: tl.constexpr, U: tl.constexpr, R: tl.constexpr, TILE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Fill states [1 + T, B, H], of which the first is given."""
    row, row_in, head = owned_rows(B, R, U)
    gates += (row * 3 * H)[:, None]
    previous = states + (row * H)[:, None]
    new = previous + tl.cast(B, tl.int64) * H
    first += row
    for _ in range(T):
        alive = row_in & (tl.load(first, row_in, other=1) == 0)
        for j in range(0, U, TILE):
            col = head + j + tl.arange(0, TILE)
            col_in = col < head + U
            inside = row_in[:, None] & col_in[None, :]
            zeros = tl.zeros((R, TILE), tl.float32)
            g = (zeros, zeros, zeros)
            g_r, g_z, g_n = add_products(g, previous + head, alive, weight + col * U, col_in, H * U, U, TILE, PRECISION)
            i = gates + col[None, :]
            r = tl.sigmoid(tl.load(i, inside, other=0) + g_r + tl.load(bias + col, col_in, other=0)[None, :])
            z = tl.sigmoid(tl.load(i + H, inside, other=0) + g_z + tl.load(bias + H + col, col_in, other=0)[None, :])
            g_n += tl.load(bias + 2 * H + col, col_in, other=0)[None, :]
            n = tanh(tl.load(i + 2 * H, inside, other=0) + r * g_n)
            h = tl.load(previous + col[None, :], alive[:, None] & col_in[None, :], other=0)
            tl.store(new + col[None, :], n + z * (h - n), inside)
        tl.debug_barrier()
        previous = new
        new += tl.cast(B, tl.int64) * H
        gates += tl.cast(B, tl.int64) * 3 * H
        first += B


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    gates, g, h_previous, first, weight, dy, d_gates, dg_n, carry, T, B,
    H: tl.constexpr, U: tl.constexpr, R: tl.constexpr, TILE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Fill d_gates [T, B, 3H], and the n part of dg [T, B, H]; bring carry [B, H], zeros, to dL/dh of the start."""
    row, row_in, head = owned_rows(B, R, U)
    step = tl.cast(B, tl.int64) * H
    at = (T - 1) * step + (row * H)[:, None]
    at_first = first + (T - 1) * tl.cast(B, tl.int64) + row
    carry += (row * H)[:, None]
    for _ in range(T):
        for j in range(0, U, TILE):
            col = head + j + tl.arange(0, TILE)
            inside = row_in[:, None] & (col < head + U)[None, :]
            one = at + col[None, :]
            three = 3 * at + col[None, :]
            g_n = tl.load(g + three + 2 * H, inside, other=0)
            r = tl.sigmoid(tl.load(gates + three, inside, other=0) + tl.load(g + three, inside, other=0))
            z = tl.sigmoid(tl.load(gates + three + H, inside, other=0) + tl.load(g + three + H, inside, other=0))
            n = tanh(tl.load(gates + three + 2 * H, inside, other=0) + r * g_n)
            h = tl.load(h_previous + one, inside, other=0)
            c = carry + col[None, :]
            d = tl.load(dy + one, inside, other=0) + tl.load(c, inside, other=0)
            d_n = d * (1 - z) * (1 - n * n)
            tl.store(d_gates + three, d_n * g_n * r * (1 - r), inside)
            tl.store(d_gates + three + H, d * (h - n) * z * (1 - z), inside)
            tl.store(d_gates + three + 2 * H, d_n, inside)
            tl.store(dg_n + one, d_n * r, inside)
            tl.store(c, d * z, inside)
        tl.debug_barrier()
        alive = row_in & (tl.load(at_first, row_in, other=1) == 0)
        for j in range(0, U, TILE):
            col = j + tl.arange(0, TILE)
            col_in = col < U
            c = carry + head + col[None, :]
            dh = tl.load(c, row_in[:, None] & col_in[None, :], other=0)
            for k in range(0, U, TILE):
                term = head + k + tl.arange(0, TILE)
                term_in = term < head + U
                d_in = row_in[:, None] & term_in[None, :]
                w = weight + term[:, None] * U + col[None, :]
                w_in = term_in[:, None] & col_in[None, :]
                three = d_gates + 3 * at + term[None, :]
                d_r = tl.load(three, d_in, other=0).to(weight.dtype.element_ty)
                d_z = tl.load(three + H, d_in, other=0).to(weight.dtype.element_ty)
                d_n = tl.load(dg_n + at + term[None, :], d_in, other=0).to(weight.dtype.element_ty)
                dh = tl.dot(d_r, tl.load(w, w_in, other=0), dh, input_precision=PRECISION)
                dh = tl.dot(d_z, tl.load(w + H * U, w_in, other=0), dh, input_precision=PRECISION)
                dh = tl.dot(d_n, tl.load(w + 2 * H * U, w_in, other=0), dh, input_precision=PRECISION)
            tl.store(c, tl.where(alive[:, None], dh, 0.0), row_in[:, None] & col_in[None, :])
        tl.debug_barrier()
        at -= step
        at_first -= B


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Run `gru_loop` on a GPU; the weight may be in bfloat16, too, which makes the products in the loop so."""
    T, B, _ = gates.shape
    H = h.shape[1]
    states = h.new_empty(T + 1, B, H)
    states[0] = h
    tensors = contiguous(gates, first, weight, bias, states)
    U = H // heads.count(weight, H)
    launch(_forward_kernel, B, *tensors, T, B, heads=H // U, H=H, U=U, TILE=tile_size(U))
    return states[1:]


def _backward(dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> Tensors4:
    T, B, _ = gates.shape
    H = h.shape[1]
    h_previous = previous_states(h, y, first).flatten(0, 1)
    g = heads.linear(h_previous.to(weight.dtype), weight).float() + bias
    d_gates = torch.empty_like(g)
    dg_n = torch.empty_like(h_previous)
    carry = h.new_zeros(B, H)
    tensors = contiguous(gates, g, h_previous, first, weight, dy)
    U = H // heads.count(weight, H)
    launch(_backward_kernel, B, *tensors, d_gates, dg_n, carry, T, B, heads=H // U, H=H, U=U, TILE=tile_size(U))
    dg = (d_gates[:, : 2 * H], dg_n)
    d_weight = torch.cat([heads.grad_weight(d, h_previous, weight) for d in dg]).to(weight.dtype)
    return d_gates.view_as(gates), carry, d_weight, torch.cat([d.sum(0) for d in dg])


gru_loop_triton = differentiable(
    "gru_loop_triton",
    _forward,
    _backward,
    "gates h weight bias",
    fake=lambda gates, h, *_: h.new_empty(gates.shape[0] + 1, *h.shape)[1:],
)
