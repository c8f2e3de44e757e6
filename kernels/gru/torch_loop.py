"""The recurrence of gru.py by torch's operators, a step of all runs at a time, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.operators import Tensors4, differentiable, empty
from memorl.kernels.common.packing import choose_layout, keeps_order
from memorl.kernels.common.resets import CACHED_NUMBERS


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return y [T, B, H], and in the order of computation the activations r, z, n and the terms g, both [T B, 3H]."""
    H = h.shape[1]
    runs = choose_layout(first)
    x = runs.pack(gates)
    y = x.new_empty(len(x), H)
    act = torch.empty_like(x)
    rec = torch.empty_like(x)
    product = heads.repeated_product(weight, H, len(x) // len(runs.sizes), len(runs.sizes))
    h = runs.initial_states(h)
    gs = (rec, rec[:, : 2 * H], rec[:, 2 * H :])
    acts = (act[:, : 2 * H], act[:, :H], act[:, H : 2 * H], act[:, 2 * H :])
    columns = (part.split(runs.sizes) for part in (x[:, : 2 * H], x[:, 2 * H :], y, *gs, *acts))
    for reset, i_rz, i_n, h_new, g, g_rz, g_n, rz, r, z, n in zip(runs.resets, *columns, strict=True):
        h = h[: len(r)] if reset is None else h.index_fill(0, reset, 0)
        product(h, bias, g)
        torch.add(i_rz, g_rz, out=rz).sigmoid_()
        torch.addcmul(i_n, r, g_n, out=n).tanh_()
        h = torch.lerp(n, h, z, out=h_new)
    return runs.unpack(y, gates), act, rec


def _factors(act: Tensor, g_n: Tensor, h: Tensor, out: Tensor) -> None:
    """Write the bracket of (5), its last factor A_n r first, and then A_n itself to `out` [rows, 4H]."""
    r, z, n = act.chunk(3, -1)
    a_nr, a_r, a_z, a_n = out.chunk(4, -1)
    torch.addcmul(a_n.fill_(1), n, n, value=-1, out=a_n)
    a_n.addcmul_(z, a_n, value=-1)
    torch.mul(a_n, r, out=a_nr)
    torch.mul(a_nr, g_n, out=a_r)
    a_r.addcmul_(a_r, r, value=-1)
    torch.sub(h, n, out=a_z).mul_(z)
    a_z.addcmul_(a_z, z, value=-1)


def _backward(dy: Tensor, y: Tensor, act: Tensor, rec: Tensor, h: Tensor, first: Tensor, weight: Tensor) -> Tensors4:
    """Return the gradients of the gates, the first state, the weight and the bias.

    A row [4H] holds the gradient of g_n, those of r and z, which g and the gates have in common, and that of gates_n.
    So dg and dgates are two views of the same memory, and the rows of the weight are rolled to fit.
    """
    H = h.shape[1]
    runs = choose_layout(first)
    h_previous = runs.previous_states(runs.initial_states(h), runs.pack(y))
    d = runs.pack(dy)
    d = d.clone() if runs.order is None else d
    product = heads.repeated_product_back(weight.roll(H, 0), H, len(d) // len(runs.sizes), len(runs.sizes))
    out = d.new_empty(len(d), 4 * H)
    carry = d[:0]
    for steps, rows in runs.blocks(CACHED_NUMBERS // H):
        _factors(act[rows], rec[rows, 2 * H :], h_previous[rows], out[rows])
        for p in reversed(steps):
            at = runs.step_slice(p)
            d_p = d[at]
            out_p = out[at]
            d_p[: len(carry)] += carry
            out_p.view(-1, 4, H).mul_(d_p.unsqueeze(1))
            carry = product(out_p[:, : 3 * H], d_p * act[at, H : 2 * H], torch.empty_like(d_p))
            runs.reset_(p, carry)
    dg = out[:, : 3 * H]
    d_gates = runs.unpack(out[:, H:], dy)
    d_gates = d_gates if keeps_order(first) else d_gates.contiguous()
    d_weight = heads.grad_weight(dg, h_previous, weight).roll(-H, 0)
    return d_gates, runs.grad_initial_state(carry, h), d_weight, dg.sum(0).roll(-H)


def _fake(gates, h, *_):  # type: ignore[no-untyped-def]
    T, B, _ = gates.shape
    H = h.shape[1]
    return gates.new_empty(T, B, H), gates.new_empty(T * B, 3 * H), gates.new_empty(T * B, 3 * H)


def _fake_backward(dy, y, act, rec, h, first, weight):  # type: ignore[no-untyped-def]
    out = act.new_empty(*first.shape, 4 * h.shape[1])[..., h.shape[1] :]
    d_gates = out if keeps_order(first) else torch.empty_like(out, memory_format=torch.contiguous_format)
    return d_gates, *empty(h, weight), weight.new_empty(len(weight))


gru_loop_torch = differentiable(
    "gru_loop_torch", _forward, _backward, "gates h weight bias", "y act rec", fake=_fake, fake_backward=_fake_backward
)
