"""The recurrence of cell.py by torch's operators, a step of all runs at a time, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common.operators import differentiable, empty
from memorl.kernels.common.packing import pack_runs
from memorl.kernels.common.repeated_linear import repeated_linear

from .steps import backward_step, forward_step, transition_matrices


def _forward(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return h [T, B, H] and c [T, B, C, N] after every step, and in the order of computation g, v [T B, 2H]."""
    H = h.shape[1]
    runs = pack_runs(first)
    x = runs.pack(to_u)
    act = runs.pack(to_h).clone()
    y = x.new_empty(len(x), H)
    memories = x.new_empty(*x.shape, c.shape[2])
    rows = len(x) // len(runs.sizes), len(runs.sizes)
    write = repeated_linear(U, *rows)
    read = repeated_linear(P, *rows)
    c = runs.initial_states(c)
    h = runs.initial_states(h)
    columns = (part.split(runs.sizes) for part in (x, act, act[:, :H], act[:, H:], y, memories))
    with torch.autocast(x.device.type, enabled=False):
        steps = transition_matrices(runs.pack(k), runs.sizes, transition, scheme, c)
        for n_runs, move, u, a, g, v, h_new, c_new in zip(runs.sizes, steps, *columns, strict=True):
            h = h[:n_runs]
            c = forward_step(write(h, u, torch.empty_like(u)), c[:n_runs], move, c_new)
            read(c.flatten(1), a, a)
            h = torch.lerp(h, v.tanh_(), g.sigmoid_(), out=h_new)
    return runs.unpack(y, to_u), runs.unpack(memories, to_u), act


def _backward(
    dy: Tensor, dmemories: Tensor, y: Tensor, memories: Tensor, act: Tensor, c: Tensor, h: Tensor, first: Tensor,
    k: Tensor, U: Tensor, P: Tensor, transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    runs = pack_runs(first)
    g, v = act.chunk(2, -1)
    h_previous = runs.previous_states(runs.initial_states(h), runs.pack(y))
    bracket = torch.stack([(v - h_previous) * g * (1 - g), g * (1 - v * v)], 1)  # [T B, 2, H]
    d = runs.pack(dy)
    e = runs.pack(dmemories)
    dp = torch.empty_like(act)
    du = dy.new_empty(len(act), len(U))
    rows = len(d) // len(runs.sizes), len(runs.sizes)
    unwrite = repeated_linear(U.t(), *rows)
    unread = repeated_linear(P.t(), *rows)
    steps = transition_matrices(runs.pack(k), runs.sizes, transition, scheme, c, backward=True)
    dh = d[:0]
    dc = e[:0]
    columns = (part.split(runs.sizes) for part in (d, e, 1 - g, bracket, dp.view_as(bracket), dp, du))
    parts = reversed(list(zip(*columns, strict=True)))
    for (d_p, e_p, keep, k_p, dp_split, dp_p, du_p), move in zip(parts, steps, strict=True):
        d_p[: len(dh)] += dh
        torch.mul(k_p, d_p.unsqueeze(1), out=dp_split)
        e_p[: len(dc)] += dc
        e_p = unread(dp_p, e_p.flatten(1), torch.empty_like(e_p.flatten(1))).view_as(e_p)
        dc = backward_step(e_p, move, du_p)
        dh = unwrite(du_p, d_p * keep, torch.empty_like(d_p))
    dU = du.t() @ h_previous
    dP = dp.t() @ runs.pack(memories).flatten(1)
    d_c = runs.grad_initial_state(dc, c)
    return runs.unpack(du, dy), runs.unpack(dp, dy), d_c, runs.grad_initial_state(dh, h), dU, dP


def _fake(to_u, to_h, c, h, *_):  # type: ignore[no-untyped-def]
    T, B, C = to_u.shape
    H = h.shape[1]
    return to_u.new_empty(T, B, H), to_u.new_empty(T, B, C, c.shape[2]), to_u.new_empty(T * B, 2 * H)


def _fake_backward(dy, dmemories, y, memories, act, c, h, first, k, U, P, transition, scheme):  # type: ignore[no-untyped-def]
    return dy.new_empty(*first.shape, len(U)), dy.new_empty(*first.shape, len(P)), *empty(c, h, U, P)


hippo_cell_loop_torch = differentiable(
    "hippo_cell_loop_torch", _forward, _backward, "to_u to_h c h U P", "y memories act",
    fake=_fake, fake_backward=_fake_backward,
)  # fmt: skip
