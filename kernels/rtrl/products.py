"""Reverse cumulative products of Jacobians, and the terms of each step weighted by them.

Legend: T time, B batch, N units; a unit's Jacobian A is a number, or a 2 x 2 matrix in two last dimensions.

    W_T = 1,   W_{t-1} = W_t A_t,   0 where first at t           dh_T / dh_t                       (1)
    total = W_1 A_1,                0 where first at 1           dh_T / dh_0
    weighted_t = W_t term_t,        0 where an episode begins after t                              (2)

The products are made without division, so that a Jacobian of zero is no exception; they are never differentiated.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import FLOATS, choose
from memorl.kernels.common.resets import unsqueeze_like

from .jacobians import begins_later, jacobian_products
from .numba_products import weigh_by_reverse_products_numba
from .reference import reverse_jacobian_products_reference
from .torch_products import reverse_jacobian_products_torch


def reverse_jacobian_products(a: Tensor, first: Tensor, backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Multiply the Jacobians after each step, (1).

    Args:
        a: dh_t / dh_{t-1} of each unit, [T, B, N] or [T, B, N, 2, 2]; may be expanded.
        first: True where a step begins an episode, [T, B], bool.
        backend: "reference", "torch", "triton" (a GPU from Ampere on), or "auto".

    Returns:
        W, of the shape of a, and total, [B, N] or [B, N, 2, 2]. Neither carries a gradient.

    Raises:
        ValueError: If the backend is unknown or cannot run on these tensors.
    """
    choice = choose(backend, a)
    if choice == "reference":
        return reverse_jacobian_products_reference(a.detach(), first)
    if choice == "triton":
        from .triton_products import reverse_jacobian_products_triton

        return reverse_jacobian_products_triton(a.detach(), first)
    return reverse_jacobian_products_torch(a.detach(), first)


def weigh_by_reverse_products(
    a: Tensor, first: Tensor, terms: list[Tensor], backend: str = "auto"
) -> tuple[list[Tensor], Tensor]:
    """Multiply the terms of every step by the Jacobians of the steps after it, (2).

    Args:
        a: dh_t / dh_{t-1} of each unit, [T, B, N] or [T, B, N, 2, 2]; may be expanded.
        first: True where a step begins an episode, [T, B], bool.
        terms: Each [T, B, N], or [T, B, N, 2] where a is matrices; may be expanded.
        backend: "reference", "torch", "numba" (on a CPU), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        W_t term_t, of the shapes of the terms, and the total, [B, N] or [B, N, 2, 2]. Neither carries a gradient.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    for term in terms:
        if term.shape != a.shape[: term.dim()] or term.dim() != (4 if a.dim() == 5 else 3):
            raise ValueError(
                f"a has shape {tuple(a.shape)}, and a term {tuple(term.shape)}; it must be that of a state"
            )
    if first.shape != a.shape[:2] or first.dtype != torch.bool:
        raise ValueError(
            f"a has shape {tuple(a.shape)}, and first {tuple(first.shape)} of {first.dtype}; expected bool [T, B]"
        )
    choice = choose(backend, a, *terms, numba=FLOATS)
    if choice == "numba" and terms:
        return weigh_by_reverse_products_numba(a.detach(), first, [term.detach() for term in terms])
    w, total = reverse_jacobian_products(a, first, backend="torch" if choice == "numba" else choice)
    flat = [term.detach().flatten(0, 1) for term in terms]
    weighted = jacobian_products(w.flatten(0, 1), flat, begins_later(first).flatten())
    total = total.masked_fill(unsqueeze_like(first.any(0), total), 0)
    return [product.unflatten(0, first.shape) for product in weighted], total
