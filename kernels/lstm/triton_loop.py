"""The recurrence of `lstm_loop` in Triton, equations (1) to (6) there: one launch forward, one backward.

Only y and the cells are kept. Backward, one large product makes the gates of all steps again; the kernel then has the
chain of dL/dh and dL/dc alone, and the gradient of the weight is one large product over T B rows. Nothing is added
atomically, so results repeat to the bit, and no number leaves the GPU.

Legend: T time, B batch, H units, U of a head; a program owns ROWS rows of a head and computes TILE columns at a time.
Cost: 8 T B H U FLOP forward in the loop; backward 8 T B H U in the loop and 16 T B H U in large products.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.gpu.tiles import add_products, launch, owned_rows, tanh, tile_size
from memorl.kernels.common.operators import contiguous, differentiable
from memorl.kernels.common.resets import previous_states


@triton.jit(do_not_specialize=["T", "B"])
def _forward_kernel(  # type: ignore[no-untyped-def]
    gates, first, weight, states, cells, T, B,
    H: tl.constexpr, U: tl.constexpr, R: tl.constexpr, TILE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Fill states and cells, both [1 + T, B, H], of which the first are given."""
    row, row_in, head = owned_rows(B, R, U)
    step = tl.cast(B, tl.int64) * H
    at = (row * H)[:, None]
    first += row
    for _ in range(T):
        alive = row_in & (tl.load(first, row_in, other=1) == 0)
        for j in range(0, U, TILE):
            col = head + j + tl.arange(0, TILE)
            col_in = col < head + U
            inside = row_in[:, None] & col_in[None, :]
            pre = gates + 4 * at + col[None, :]
            sums = ()
            for gate in tl.static_range(4):
                sums += (tl.load(pre + gate * H, inside, other=0),)  # type: ignore[assignment]
            i, f, g, o = add_products(
                sums, states + at + head, alive, weight + col * U, col_in, H * U, U, TILE, PRECISION
            )
            c_previous = tl.load(cells + at + col[None, :], alive[:, None] & col_in[None, :], other=0)
            kept = tl.sigmoid(f) * c_previous
            c = kept + tl.sigmoid(i) * tanh(g)
            tl.store(cells + at + step + col[None, :], c, inside)
            tl.store(states + at + step + col[None, :], tl.sigmoid(o) * tanh(c), inside)
        tl.debug_barrier()
        at += step
        first += B


@triton.jit(do_not_specialize=["T", "B"])
def _backward_kernel(  # type: ignore[no-untyped-def]
    pre, cells, c_previous, first, weight, dy, dcells, d_gates, dh_carry, dc_carry, T, B,
    H: tl.constexpr, U: tl.constexpr, R: tl.constexpr, TILE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Fill d_gates [T, B, 4H]; bring both carries [B, H], zeros, to dL/dh and dL/dc of the start."""
    row, row_in, head = owned_rows(B, R, U)
    step = tl.cast(B, tl.int64) * H
    at = (T - 1) * step + (row * H)[:, None]
    at_first = first + (T - 1) * tl.cast(B, tl.int64) + row
    dh_carry += (row * H)[:, None]
    dc_carry += (row * H)[:, None]
    for _ in range(T):
        alive = row_in & (tl.load(at_first, row_in, other=1) == 0)
        for j in range(0, U, TILE):
            col = head + j + tl.arange(0, TILE)
            inside = row_in[:, None] & (col < head + U)[None, :]
            one = at + col[None, :]
            four = 4 * at + col[None, :]
            i = tl.sigmoid(tl.load(pre + four, inside, other=0))
            f = tl.sigmoid(tl.load(pre + four + H, inside, other=0))
            g = tanh(tl.load(pre + four + 2 * H, inside, other=0))
            o = tl.sigmoid(tl.load(pre + four + 3 * H, inside, other=0))
            tanh_c = tanh(tl.load(cells + one, inside, other=0))
            c = tl.load(c_previous + one, inside, other=0)
            d = tl.load(dy + one, inside, other=0) + tl.load(dh_carry + col[None, :], inside, other=0)
            e = tl.load(dcells + one, inside, other=0) + tl.load(dc_carry + col[None, :], inside, other=0)
            e += d * o * (1 - tanh_c * tanh_c)
            tl.store(d_gates + four, e * g * i * (1 - i), inside)
            tl.store(d_gates + four + H, e * c * f * (1 - f), inside)
            tl.store(d_gates + four + 2 * H, e * i * (1 - g * g), inside)
            tl.store(d_gates + four + 3 * H, d * tanh_c * o * (1 - o), inside)
            tl.store(dc_carry + col[None, :], tl.where(alive[:, None], e * f, 0.0), inside)
        tl.debug_barrier()
        for j in range(0, U, TILE):
            col = j + tl.arange(0, TILE)
            col_in = col < U
            dh = tl.zeros((R, TILE), tl.float32)
            for gate in range(0, 4 * H, H):
                for k in range(0, U, TILE):
                    term = k + tl.arange(0, TILE)
                    d_in = row_in[:, None] & (term < U)[None, :]
                    term = gate + head + term
                    d = tl.load(d_gates + 4 * at + term[None, :], d_in, other=0).to(weight.dtype.element_ty)
                    w_in = (term < gate + head + U)[:, None] & col_in[None, :]
                    w = tl.load(weight + term[:, None] * U + col[None, :], w_in, other=0)
                    dh = tl.dot(d, w, dh, input_precision=PRECISION)
            dh = tl.where(alive[:, None], dh, 0.0)
            tl.store(dh_carry + head + col[None, :], dh, row_in[:, None] & col_in[None, :])
        tl.debug_barrier()
        at -= step
        at_first -= B


def _forward(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Run `lstm_loop` on a GPU; the weight may be in bfloat16, too, which makes the products in the loop so."""
    T, B, _ = gates.shape
    H = h.shape[1]
    states, cells = (x.new_empty(T + 1, B, H) for x in (h, c))
    states[0] = h
    cells[0] = c
    tensors = contiguous(gates, first, weight, states, cells)
    U = H // heads.count(weight, H)
    launch(_forward_kernel, B, *tensors, T, B, heads=H // U, H=H, U=U, TILE=tile_size(U))
    return states[1:], cells[1:]


def _backward(
    dy: Tensor, dcells: Tensor, y: Tensor, cells: Tensor, gates: Tensor, h: Tensor, c: Tensor, first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    T, B, _ = gates.shape
    H = h.shape[1]
    h_previous, c_previous = (previous_states(a, b, first).flatten(0, 1) for a, b in ((h, y), (c, cells)))
    pre = gates.flatten(0, 1) + heads.linear(h_previous.to(weight.dtype), weight)
    d_gates = torch.empty_like(pre)
    dh = h.new_zeros(B, H)
    dc = c.new_zeros(B, H)
    tensors = contiguous(pre, cells, c_previous, first, weight, dy, dcells)
    U = H // heads.count(weight, H)
    launch(_backward_kernel, B, *tensors, d_gates, dh, dc, T, B, heads=H // U, H=H, U=U, TILE=tile_size(U))
    return d_gates.view_as(gates), dh, dc, heads.grad_weight(d_gates, h_previous, weight).to(weight.dtype)


lstm_loop_triton = differentiable(
    "lstm_loop_triton",
    _forward,
    _backward,
    "gates h c weight",
    "y cells",
    fake=lambda gates, h, c, *_: tuple(x.new_empty(len(gates) + 1, *x.shape)[1:] for x in (h, c)),
)
