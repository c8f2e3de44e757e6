"""The recurrence of a GRU or LSTM whose units see themselves alone, with episode starts inside the loop.

Legend: T time, B batch, N units, G gates; [N*] is [N] for the GRU and [N, 2] for the LSTM, whose state is (h, c). The
cells, and their letters, are in diagonal_cells.py; `gates` holds W x + b of every step (one GEMM, made by the caller).

    h_t = cell(gates_t, h_{t-1}, w),   h_{t-1} = 0 where first                                     (1)

Backward, with e = dL/dh from outside; all derivatives of the cell are made at once, since they need no recursion:

    d_t = e_t + (dh_{t+1}/dh_t)^T d_{t+1},   the last term 0 where first at t + 1                   (2)
    dgates_t = d_t . dh_t/dx_t,   dw = sum over t, b of dgates_t * what w multiplies                (3)

The gates are made again in the backward pass: nothing but h is kept.
"""

import torch
from torch import Tensor
from torch.library import CustomOpDef

from .backend import choose
from .diagonal_cells import CELLS
from .starts import IN_CACHE, before, starts


def diagonal_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    """Equation (1), step by step, left to autograd."""
    G, _, step, _ = CELLS[cell]
    w, outputs = weight.unflatten(0, (G, -1)), []
    for gates_t, first_t in zip(gates, first, strict=True):
        h = step(gates_t.unflatten(-1, (G, -1)), torch.where(first_t.view(-1, *[1] * (h.dim() - 1)), 0, h), w)
        outputs.append(h)
    return torch.stack(outputs)


@torch.library.custom_op("memorl::diagonal_loop", mutates_args=())
def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    G, _, step, _ = CELLS[cell]
    y = gates.new_empty(gates.shape[0], *h.shape)
    x, w = gates.unflatten(-1, (G, -1)), weight.view(G, -1)
    for x_t, y_t, rows in zip(x.unbind(0), y.unbind(0), starts(first), strict=True):
        h = y_t.copy_(step(x_t, h if rows is None else h.index_fill(0, rows, 0), w))
    return y


@_forward.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    return gates.new_empty(gates.shape[0], *h.shape)


@torch.library.custom_op("memorl::diagonal_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    G, pair, _, slopes = CELLS[cell]
    old, d, wiped = before(h, y, first), dy.clone(memory_format=torch.contiguous_format), starts(first)
    x, w = gates.unflatten(-1, (G, -1)), weight.view(G, -1)
    dx, dw, dh = torch.empty_like(x, memory_format=torch.contiguous_format), torch.zeros_like(w), torch.zeros_like(d[0])
    block = max(1, IN_CACHE // h.numel())
    for end in range(len(y), 0, -block):
        part = slice(max(0, end - block), end)
        jacobian, by_gate, seen = slopes(x[part], old[part], w)
        for t in range(end - 1, part.start - 1, -1):
            a, rows = jacobian[t - part.start], wiped[t]
            back = (a * d[t].unsqueeze(-1)).sum(-2) if pair else a * d[t]
            (d[t - 1] if t else dh).add_(back if rows is None else back.index_fill_(0, rows, 0))
        for g in range(G):
            product = by_gate[g] * d[part]
            dx[part, :, g] = product.sum(-1) if pair else product
            dw[g] += (dx[part, :, g] * seen[g]).sum((0, 1))
    return dx.flatten(2), dh, dw.flatten()


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(torch.empty_like(a, memory_format=torch.contiguous_format) for a in (gates, h, weight))  # type: ignore[return-value]


def derive(forward: CustomOpDef, backward: CustomOpDef) -> None:
    """Let one operator be differentiated by the other, where both take and give what the two above do."""

    def save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
        *tensors, ctx.cell = inputs
        ctx.save_for_backward(output, *tensors)

    def differentiate(ctx, dy: Tensor):  # type: ignore[no-untyped-def]
        dgates, dh, dw = backward(dy, *ctx.saved_tensors, ctx.cell)
        return dgates, dh, None, dw, None

    forward.register_autograd(differentiate, setup_context=save)


derive(_forward, _backward)


def diagonal_loop(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str, backend: str = "auto") -> Tensor:
    """Run the recurrence of a diagonal GRU or LSTM, equation (1).

    Args:
        gates: W x + b, [T, B, G N]: r, z, n of a GRU, i, f, g, o of an LSTM.
        h: The state before the first step, [B, N], or h and c of an LSTM, [B, N, 2].
        first: True where a step begins an episode, [T, B], bool.
        weight: w, [G N].
        cell: "gru" or "lstm".
        backend: "reference", "loop", "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The state after every step, [T, B, N*]. Differentiable, once, in gates, h and weight.

    Raises:
        ValueError: If there is no such cell, or the backend is unknown or cannot run on these tensors.
    """
    if cell not in CELLS:
        raise ValueError(f"cell is {cell!r}; it must be {' or '.join(CELLS)}")
    form = choose(backend, gates, h, weight)
    if form == "reference":
        return diagonal_loop_reference(gates, h, first, weight, cell)
    if form == "triton":
        from .diagonal_triton import diagonal_loop_triton

        return diagonal_loop_triton(gates, h, first, weight, cell)
    return _forward(gates, h, first, weight, cell)
