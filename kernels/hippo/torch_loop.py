"""The recurrence of hippo.py by torch's operators, a step of all runs at a time, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common.operators import differentiable
from memorl.kernels.common.packing import pack_runs

from .steps import backward_step, fake_loop, fake_loop_backward, forward_step, transition_matrices


def _forward(u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> Tensor:
    """Return c after every step, [T, B, C, N]."""
    runs = pack_runs(first)
    x = runs.pack(u)
    c = runs.initial_states(c)
    y = x.new_empty(*x.shape, c.shape[2])
    with torch.autocast(u.device.type, enabled=False):
        steps = transition_matrices(runs.pack(k), runs.sizes, transition, scheme, c)
        for n_runs, u_p, c_new, move in zip(runs.sizes, x.split(runs.sizes), y.split(runs.sizes), steps, strict=True):
            c = forward_step(u_p, c[:n_runs], move, c_new)
    return runs.unpack(y, u)


def _backward(
    dy: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str
) -> tuple[Tensor, Tensor]:
    runs = pack_runs(first)
    d = runs.pack(dy)
    du = d.new_empty(d.shape[:2])
    carry = d[:0]
    steps = transition_matrices(runs.pack(k), runs.sizes, transition, scheme, d, backward=True)
    parts = list(zip(d.split(runs.sizes), du.split(runs.sizes), strict=True))
    for (d_p, du_p), move in zip(reversed(parts), steps, strict=True):
        d_p[: len(carry)] += carry
        carry = backward_step(d_p, move, du_p)
    return runs.unpack(du, dy), runs.grad_initial_state(carry, c)


hippo_loop_torch = differentiable(
    "hippo_loop_torch", _forward, _backward, "u c", fake=fake_loop, fake_backward=fake_loop_backward
)
