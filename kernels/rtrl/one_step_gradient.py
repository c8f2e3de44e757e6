"""The gradient of a step's own inputs: e_t J_t p, summed over the matrices p, in the letters of sensitivities.py.

The operator returns the states h as they are, which were made of inputs cut off from autograd; its derivative sends the
gradient of h_t to x_t, and to no other step.
"""

from typing import Any

import torch
from torch import Tensor

from memorl.kernels.common.operators import operator
from memorl.kernels.common.pairs import times_i_transposed


def _forward(h: Tensor, x: Tensor, immediate: list[Tensor], matrices: list[Tensor], counts: list[int]) -> Tensor:
    return h.clone()


_attach = operator("attach_one_step_gradient", _forward, lambda h, *_: torch.empty_like(h))


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, x, immediate, matrices, ctx.counts = inputs
    ctx.dtype = x.dtype
    ctx.save_for_backward(*immediate, *matrices)


def _differentiate(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    count = len(ctx.counts)
    immediate = ctx.saved_tensors[:count]
    matrices = ctx.saved_tensors[count:]
    remaining = iter(matrices)
    terms = []
    for factor, halves in zip(immediate, ctx.counts, strict=True):
        for side in (g, times_i_transposed(g)) if halves == 2 else (g,):
            unit = (side * factor).sum(-1) if g.dim() == 4 else side * factor  # [T, B, N]
            terms.append(unit @ next(remaining))
    return g, sum(terms).to(ctx.dtype), [None] * count, [None] * len(matrices), None


_attach.register_autograd(_differentiate, setup_context=_save)


def attach_one_step_gradient(
    h: Tensor, x: Tensor, immediate: list[Tensor], matrices: list[tuple[Tensor, ...]]
) -> Tensor:
    """Return h, whose gradient also goes to x by the step of x alone.

    Args:
        h: The states of a chunk, [T, B, N] or [T, B, N, 2], as a function of x detached.
        x: The inputs, [T, B, D].
        immediate: J of each matrix, as in `update_sensitivities`.
        matrices: For each the tensor [N, D], or the two of a complex matrix.
    """
    if not torch.is_grad_enabled():
        return h
    flat = [p for group in matrices for p in group]
    return _attach(h, x, immediate, flat, [len(group) for group in matrices])
