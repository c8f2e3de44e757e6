"""The recurrence of lstm.py by torch's operators, a step of all runs at a time, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.operators import Tensors4, differentiable, empty
from memorl.kernels.common.packing import choose_layout
from memorl.kernels.common.resets import CACHED_NUMBERS


def _forward(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> Tensors4:
    """Return y and the cells [T, B, H], and in the order of computation i, f, g, o [T B, 4H] and tanh(c) [T B, H]."""
    H = h.shape[1]
    runs = choose_layout(first)
    x = runs.pack(gates)
    y, cells, tanh_c, act = (x.new_empty(len(x), n * H) for n in (1, 1, 1, 4))
    product = heads.repeated_product(weight, H, len(x) // len(runs.sizes), len(runs.sizes))
    h = runs.initial_states(h)
    c = runs.initial_states(c)
    parts = (x, y, cells, tanh_c, act, act[:, : 2 * H], *act.chunk(4, -1))
    columns = (part.split(runs.sizes) for part in parts)
    for reset, x_p, h_new, c_new, s, a, i_f, i, f, g, o in zip(runs.resets, *columns, strict=True):
        h, c = (previous[: len(s)] if reset is None else previous.index_fill(0, reset, 0) for previous in (h, c))
        product(h, x_p, a)
        i_f.sigmoid_()
        g.tanh_()
        o.sigmoid_()
        c = torch.mul(f, c, out=c_new).addcmul_(i, g)
        h = torch.mul(o, torch.tanh(c, out=s), out=h_new)
    return runs.unpack(y, gates), runs.unpack(cells, gates), act, tanh_c


def _factors(act: Tensor, tanh_c: Tensor, c: Tensor, out: Tensor) -> Tensor:
    """Write the bracket of (5) without d and e to `out` [rows, 4H]; return o (1 - tanh(c')^2) of (4)."""
    i, f, g, o = act.chunk(4, -1)
    a_i, a_f, a_g, a_o = out.chunk(4, -1)
    for gate, other, a in ((i, g, a_i), (f, c, a_f), (o, tanh_c, a_o)):
        torch.mul(gate, other, out=a)
    torch.addcmul(i, a_i, g, value=-1, out=a_g)
    to_cell = torch.addcmul(o, a_o, tanh_c, value=-1)
    for gate, a in ((i, a_i), (f, a_f), (o, a_o)):
        a.addcmul_(a, gate, value=-1)
    return to_cell


def _backward(
    dy: Tensor, dcells: Tensor, y: Tensor, cells: Tensor, act: Tensor, tanh_c: Tensor, h: Tensor, c: Tensor,
    first: Tensor, weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    H = h.shape[1]
    runs = choose_layout(first)
    h_previous, c_previous = (
        runs.previous_states(runs.initial_states(a), runs.pack(b)) for a, b in ((h, y), (c, cells))
    )
    d, e = (x.clone() if runs.order is None else x for x in (runs.pack(dy), runs.pack(dcells)))
    product = heads.repeated_product_back(weight, H, len(d) // len(runs.sizes), len(runs.sizes))
    d_gates = torch.empty_like(act)
    dh = d[:0]
    dc = e[:0]
    for steps, rows in runs.blocks(CACHED_NUMBERS // H):
        to_cell = _factors(act[rows], tanh_c[rows], c_previous[rows], d_gates[rows])
        for p in reversed(steps):
            at = runs.step_slice(p)
            d_p = d[at]
            e_p = e[at]
            d_all = d_gates[at]
            d_p[: len(dh)] += dh
            e_p[: len(dc)] += dc
            e_p.addcmul_(d_p, to_cell[at.start - rows.start : at.stop - rows.start])
            d_all[:, : 3 * H].view(-1, 3, H).mul_(e_p.unsqueeze(1))
            d_all[:, 3 * H :].mul_(d_p)
            dh = product(d_all, None, torch.empty_like(d_p))
            dc = e_p * act[at, H : 2 * H]
            for carry in (dh, dc):
                runs.reset_(p, carry)
    d_h = runs.grad_initial_state(dh, h)
    d_c = runs.grad_initial_state(dc, c)
    return runs.unpack(d_gates, dy), d_h, d_c, heads.grad_weight(d_gates, h_previous, weight)


def _fake(gates, h, *_):  # type: ignore[no-untyped-def]
    T, B, _ = gates.shape
    H = h.shape[1]
    return *(gates.new_empty(T, B, H) for _ in range(2)), *(gates.new_empty(T * B, n * H) for n in (4, 1))


def _fake_backward(dy, dcells, y, cells, act, tanh_c, h, c, first, weight):  # type: ignore[no-untyped-def]
    return act.new_empty(*first.shape, act.shape[1]), *empty(h, c, weight)


lstm_loop_torch = differentiable(
    "lstm_loop_torch", _forward, _backward, "gates h c weight", "y cells act tanh_c",
    fake=_fake, fake_backward=_fake_backward,
)  # fmt: skip
