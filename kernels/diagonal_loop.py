"""The recurrence of a GRU or LSTM whose units see themselves alone, with episode starts inside the loop.

Legend: T time, B batch, N units, G gates; [N*] is [N] for the GRU and [N, 2] for the LSTM, whose state is (h, c). The
cells, and their letters, are in diagonal_cells.py; `gates` holds W x + b of every step (one GEMM, made by the caller).

    h_t = cell(gates_t, h_{t-1}, w),   h_{t-1} = 0 where first                                     (1)

Backward, with e = dL/dh from outside; all derivatives of the cell are made at once, since they need no recursion:

    d_t = e_t + (dh_{t+1}/dh_t)^T d_{t+1},   the last term 0 where first at t + 1                   (2)
    dgates_t = d_t . dh_t/dx_t,   dw = sum over t, b of dgates_t * what w multiplies                (3)

The gates are made again in the backward pass: nothing but h is kept.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.library import CustomOpDef

from .backend import choose
from .diagonal_cells import CELLS
from .shapes import require_shapes
from .starts import IN_CACHE, before, starts


def apart(h: Tensor, cell: str) -> tuple[Tensor, ...]:
    """The states of a cell, each [..., N], of h [..., N*]."""
    return h.unbind(-1) if CELLS[cell].states == 2 else (h,)


def together(states: Sequence[Tensor]) -> Tensor:
    """The states [..., N*] of those of a cell."""
    return torch.stack(list(states), -1) if len(states) == 2 else states[0]


def turned(x: Tensor, dims: int = 3) -> Tensor:
    """States of pairs, which have so many dimensions, between [..., N, 2] and [..., 2, N]; others as they are."""
    return x.mT if x.dim() == dims else x


def diagonal_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    """Equation (1), step by step, left to autograd."""
    G, _, step, _ = CELLS[cell]
    w, states, outputs = weight.chunk(G), apart(h, cell), []
    for gates_t, first_t in zip(gates, first, strict=True):
        states = tuple(s.masked_fill(first_t[:, None], 0) for s in states)
        states = tuple(step(gates_t.chunk(G, -1), states, w))
        outputs.append(together(states))
    return torch.stack(outputs)


@torch.library.custom_op("memorl::diagonal_loop", mutates_args=())
def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    G, S, step, _ = CELLS[cell]
    y = gates.new_empty(S, len(gates), *h.shape[:2])
    w, states = weight.chunk(G), apart(h, cell)
    for x_t, y_t, rows in zip(gates.unbind(0), y.unbind(1), starts(first), strict=True):
        if rows is not None:
            states = tuple(s.index_fill(0, rows, 0) for s in states)
        states = tuple(out.copy_(s) for out, s in zip(y_t, step(x_t.chunk(G, -1), states, w), strict=True))
    return together(y.unbind(0))


@_forward.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
    return gates.new_empty(gates.shape[0], *h.shape)


@torch.library.custom_op("memorl::diagonal_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    G, S, _, slopes = CELLS[cell]
    d = [e.clone(memory_format=torch.contiguous_format) for e in apart(dy, cell)]
    old, w, wiped = apart(before(h, y, first), cell), weight.chunk(G), starts(first)
    dx, dw = gates.new_empty(gates.shape), torch.zeros_like(weight)
    dh = [torch.zeros_like(e[0]) for e in d]
    block = max(1, IN_CACHE // d[0][0].numel())
    for end in range(len(y), 0, -block):
        part = slice(max(0, end - block), end)
        jacobian, by_gate, seen = slopes(gates[part].chunk(G, -1), [s[part] for s in old], w)
        for t in range(end - 1, part.start - 1, -1):
            rows = wiped[t]
            for j in range(S):
                to = d[j][t - 1] if t else dh[j]
                for i in range(S):
                    if rows is None:
                        to.addcmul_(jacobian[i][j][t - part.start], d[i][t])
                    else:
                        to.add_((jacobian[i][j][t - part.start] * d[i][t]).index_fill_(0, rows, 0))
        for dx_g, dw_g, parts, s in zip(dx[part].chunk(G, -1), dw.chunk(G), by_gate, seen, strict=True):
            torch.mul(parts[0], d[0][part], out=dx_g)
            for factor, e in zip(parts[1:], d[1:], strict=True):
                dx_g.addcmul_(factor, e[part])
            dw_g += (dx_g * s).sum((0, 1))
    return dx, together(dh), dw


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, Tensor, Tensor]:
    return gates.new_empty(gates.shape), h.new_empty(h.shape), weight.new_empty(weight.shape)


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
        backend: "reference", "loop", "compiled" (by Numba, on a CPU, float32), "triton" (a GPU from Ampere on), or
            "auto".

    Returns:
        The state after every step, [T, B, N*]. Differentiable, once, in gates, h and weight.

    Raises:
        ValueError: If there is no such cell, shapes do not fit, or the backend is unknown or cannot run here.
    """
    if cell not in CELLS:
        raise ValueError(f"cell is {cell!r}; it must be {' or '.join(CELLS)}")
    form = choose(backend, gates, h, weight, compiled=(torch.float32,))
    (T, B), N, (G, S, *_) = gates.shape[:2], h.shape[1], CELLS[cell]
    given = {"gates": gates, "h": h, "first": first, "weight": weight}
    wanted = {"gates": (T, B, G * N), "h": (B, N, 2)[: 1 + S], "first": (T, B), "weight": (G * N,)}
    require_shapes("diagonal_loop", given, **wanted)
    if form == "reference":
        return diagonal_loop_reference(gates, h, first, weight, cell)
    if form == "compiled":
        from .diagonal_compiled import diagonal_loop_compiled

        return diagonal_loop_compiled(gates, h, first, weight, cell)
    if form == "triton":
        from .diagonal_triton import diagonal_loop_triton

        return diagonal_loop_triton(gates, h, first, weight, cell)
    return _forward(gates, h, first, weight, cell)
