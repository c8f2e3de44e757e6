"""The recurrence of diagonal.py by torch's operators, equations (1) to (3) there, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common.operators import Tensors3, differentiable
from memorl.kernels.common.resets import CACHED_NUMBERS, add_product_, previous_states, reset_indices

from .cells import CELLS, stack_states, unstack_states


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    G, S, step, _ = CELLS[cell]
    y = gates.new_empty(S, len(gates), *h.shape[:2])
    w = weight.chunk(G)
    states = unstack_states(h, cell)
    for x_t, y_t, rows in zip(gates.unbind(0), y.unbind(1), reset_indices(first), strict=True):
        if rows is not None:
            states = tuple(s.index_fill(0, rows, 0) for s in states)
        states = tuple(out.copy_(s) for out, s in zip(y_t, step(x_t.chunk(G, -1), states, w), strict=True))
    return stack_states(y.unbind(0))


def _backward(dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensors3:
    G, S, _, derivatives = CELLS[cell]
    d = [e.clone(memory_format=torch.contiguous_format) for e in unstack_states(dy, cell)]
    previous = unstack_states(previous_states(h, y, first), cell)
    w = weight.chunk(G)
    resets = reset_indices(first)
    dx = gates.new_empty(gates.shape)
    dw = torch.zeros_like(weight)
    dh = [torch.zeros_like(e[0]) for e in d]
    block = max(1, CACHED_NUMBERS // d[0][0].numel())
    for end in range(len(y), 0, -block):
        part = slice(max(0, end - block), end)
        jacobian, gate_slopes, factors = derivatives(gates[part].chunk(G, -1), [s[part] for s in previous], w)
        for t in range(end - 1, part.start - 1, -1):
            for j in range(S):
                for i in range(S):
                    to = d[j][t - 1] if t else dh[j]
                    add_product_(to, jacobian[i][j][t - part.start], d[i][t], resets[t])
        for dx_g, dw_g, parts, s in zip(dx[part].chunk(G, -1), dw.chunk(G), gate_slopes, factors, strict=True):
            torch.mul(parts[0], d[0][part], out=dx_g)
            for factor, e in zip(parts[1:], d[1:], strict=True):
                dx_g.addcmul_(factor, e[part])
            dw_g += (dx_g * s).sum((0, 1))
    return dx, stack_states(dh), dw


diagonal_loop_torch = differentiable(
    "diagonal_loop_torch",
    _forward,
    _backward,
    "gates h weight",
    fake=lambda gates, h, *_: gates.new_empty(gates.shape[0], *h.shape),
)
