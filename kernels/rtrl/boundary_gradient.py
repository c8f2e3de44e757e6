"""Pass the gradient at the start of a chunk on to the parameters: equation (4) of sensitivities.py.

    dL/dp = backpropagation through the chunk + (dL/dh_0) S_0

The operator returns h_0 itself. Its derivative sends the gradient of h_0 to the parameters by way of S_0 and no
further; all else is left to autograd, so whatever runs the chunk may be as fast as it likes.

A complex parameter of an analytic recurrence is a pair (re, im) of tensors with one S: dh/d im = i dh/d re.
"""

from typing import Any

import torch
from torch import Tensor

from memorl.kernels.common.operators import operator
from memorl.kernels.common.pairs import times_i_transposed
from memorl.kernels.common.resets import masked_products


def _forward(h: Tensor, first: Tensor, s: list[Tensor], parameters: list[Tensor], counts: list[int]) -> Tensor:
    return h.clone()


_attach = operator("attach_boundary_gradient", _forward, lambda h, *_: torch.empty_like(h))


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, first, s, _, ctx.counts = inputs
    ctx.save_for_backward(first, *s)


def _differentiate(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    first, *s = ctx.saved_tensors
    sides = [[product.sum((0, 2) if g.dim() == 3 else 0) for product in masked_products(g, s, first)]]
    if 2 in ctx.counts:
        sides.append([product.sum((0, 2)) for product in masked_products(times_i_transposed(g), s, first)])
    gradients = [sides[i][k] for k, count in enumerate(ctx.counts) for i in range(count)]
    return None, None, [None] * len(s), gradients, None


_attach.register_autograd(_differentiate, setup_context=_save)


def attach_boundary_gradient(h: Tensor, first: Tensor, s: list[Tensor], parameters: list[tuple[Tensor, ...]]) -> Tensor:
    """Return h, whose gradient goes to the parameters by way of the sensitivities.

    Args:
        h: The state before a chunk, [B, N] or [B, N, 2].
        first: True where the chunk begins an episode, [B]: no gradient goes back from there.
        s: The sensitivity of each parameter before the chunk, as in `update_sensitivities`.
        parameters: For each the tensor [N] or [N, D], or the two of a complex number.
    """
    if not torch.is_grad_enabled():
        return h
    flat = [p for group in parameters for p in group]
    return _attach(h, first, s, flat, [len(group) for group in parameters])
