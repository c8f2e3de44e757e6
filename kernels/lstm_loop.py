"""The recurrence of the LSTM over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units. `gates` holds W_i x + b_i + b_h of every step (one GEMM, made by the caller).

    h, c = 0 where first                            an episode starts from nothing
    i, f, g, o = gates + W h                        [B, 4H], in this order
    i, f, o = sigmoid(.),  g = tanh(.)              (1)
    c' = f * c + i * g                              (2)
    h' = o * tanh(c')                               (3)

Backward, with d = dL/dh' and e = dL/dc', each what is asked for from outside plus what later steps ask for:

    e    <- e + d * o (1 - tanh(c')^2)                                                          (4)
    dgates = [e * [g i (1 - i),  c f (1 - f),  i (1 - g^2)],  d * tanh(c') o (1 - o)]           (5)
    dL/dh = dgates W,  dL/dc = e * f,  both 0 where first                                       (6)

The factors of (4) and (5) need no recursion and are made for all steps at once; the loop is left with one small
GEMM and seven element-wise operations, and the weight gradient is one GEMM over T B rows.
Cost: 16 T B H^2 FLOP forward and backward inside the loop, 8 T B H^2 outside; 6 T B H floats are kept.
"""

import torch
from torch import Tensor

from .repeated_linear import repeated_linear


def lstm_loop_reference(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Equations (1) to (3), step by step, left to autograd."""
    outputs, cells = [], []
    for gates_t, first_t in zip(gates, first, strict=True):
        h, c = h.masked_fill(first_t[:, None], 0), c.masked_fill(first_t[:, None], 0)
        i, f, g, o = (gates_t + h @ weight.t()).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
        cells.append(c)
    return torch.stack(outputs), torch.stack(cells)


@torch.library.custom_op("memorl::lstm_loop", mutates_args=())
def _forward(
    gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return y and the cells [T, B, H], the activations i, f, g, o [T, B, 4H] and tanh(cells)."""
    T, B, H = len(gates), *h.shape
    y, cells, squashed = (gates.new_empty(T, B, H) for _ in range(3))
    act = torch.empty_like(gates, memory_format=torch.contiguous_format)
    product = repeated_linear(weight, None, B, T)
    rows = (gates, first.unsqueeze(-1), y, cells, squashed, act, act[..., : 2 * H], *act.chunk(4, -1))
    for gates_t, start, h_new, c_new, s, a, i_f, i, f, g, o in zip(*(x.unbind() for x in rows), strict=True):
        h, c = h.masked_fill(start, 0), c.masked_fill(start, 0)
        torch.add(gates_t, product(h), out=a)
        i_f.sigmoid_()
        g.tanh_()
        o.sigmoid_()
        c = torch.mul(f, c, out=c_new).addcmul_(i, g)
        h = torch.mul(o, torch.tanh(c, out=s), out=h_new)
    return y, cells, act, squashed


@_forward.register_fake
def _(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    T, B, H = len(gates), *h.shape
    y, cells, squashed = (gates.new_empty(T, B, H) for _ in range(3))
    return y, cells, gates.new_empty(T, B, 4 * H), squashed


@torch.library.custom_op("memorl::lstm_loop_backward", mutates_args=())
def _backward(
    dy: Tensor,
    dcells: Tensor,
    y: Tensor,
    cells: Tensor,
    act: Tensor,
    squashed: Tensor,
    h: Tensor,
    c: Tensor,
    first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, of the first h and c, and of the weight."""
    T, B, H = y.shape
    starts = first.unsqueeze(-1)
    h_old, c_old = (torch.cat([a[None], b[:-1]]).masked_fill_(starts, 0) for a, b in ((h, y), (c, cells)))
    i, f, g, o = act.chunk(4, -1)
    to_cell = o * (1 - squashed * squashed)
    to_ifg = torch.cat([g * i * (1 - i), c_old * f * (1 - f), i * (1 - g * g)], -1).view(T, B, 3, H)
    to_o = squashed * o * (1 - o)
    d_gates, product = torch.empty_like(act), repeated_linear(weight.t(), None, B, T)
    dh, dc = torch.zeros_like(h), torch.zeros_like(c)
    rows = (dy, dcells, starts, f, to_cell, to_ifg, to_o, d_gates, d_gates.view(T, B, 4, H)[:, :, :3])
    columns = [x.unbind() for x in (*rows, d_gates[..., 3 * H :])]
    for dy_t, dc_t, start, f_t, k_c, k_ifg, k_o, d_all, d_ifg, d_o in reversed(list(zip(*columns, strict=True))):
        dh = dy_t + dh
        dc = torch.addcmul(dc_t, dh, k_c).add_(dc)
        torch.mul(k_ifg, dc.unsqueeze(1), out=d_ifg)
        torch.mul(k_o, dh, out=d_o)
        dh = product(d_all).masked_fill_(start, 0)
        dc = torch.mul(dc, f_t).masked_fill_(start, 0)
    return d_gates, dh, dc, d_gates.view(T * B, 4 * H).t() @ h_old.view(T * B, H)


@_backward.register_fake
def _(
    dy: Tensor,
    dcells: Tensor,
    y: Tensor,
    cells: Tensor,
    act: Tensor,
    squashed: Tensor,
    h: Tensor,
    c: Tensor,
    first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return torch.empty_like(act), torch.empty_like(h), torch.empty_like(c), torch.empty_like(weight)


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, h, c, first, weight = inputs
    ctx.save_for_backward(*output, h, c, first, weight)


def _differentiate(ctx, dy: Tensor, dcells: Tensor, *_: Tensor):  # type: ignore[no-untyped-def]
    d_gates, dh, dc, d_weight = _backward(dy.contiguous(), dcells.contiguous(), *ctx.saved_tensors)
    return d_gates, dh, dc, None, d_weight


_forward.register_autograd(_differentiate, setup_context=_save)


def lstm_loop(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Run the LSTM's recurrence, equations (1) to (3).

    Args:
        gates: W_i x + b_i + b_h, [T, B, 4H], in the order i, f, g, o.
        h: The output before the first step, [B, H].
        c: The cell before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight: W of the output, [4H, H].

    Returns:
        The output and the cell after every step, both [T, B, H]. Differentiable in all but `first`.
    """
    y, cells, _, _ = _forward(gates, h, c, first, weight)
    return y, cells
