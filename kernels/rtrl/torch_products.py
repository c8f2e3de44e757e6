"""What a state still owes to each step by the end of a sequence: products of Jacobians from behind.

Legend: T time, B batch, N units; a unit's Jacobian A is a number, or a 2 x 2 matrix in two last dimensions.

    W_T = 1,   W_{t-1} = W_t A_t,   0 where first at t           dh_T / dh_t
    total = W_1 A_1,                0 where first at 1           dh_T / dh_0

Made without division, so that a Jacobian of zero is no exception; never differentiated.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import choose
from memorl.kernels.common.resets import zero_rows_


def suffix_products_reference(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """The definition: for each step the product of all that follow it."""
    mask = first.view(*first.shape, *[1] * (a.dim() - 2))
    a, one = a.masked_fill(mask, 0), torch.eye(2).to(a) if a.dim() == 5 else a.new_ones(())
    products = []
    for t in range(-1, len(a)):
        w = one.expand_as(a[0])
        for a_s in a[t + 1 :].flip(0):
            w = w @ a_s if a.dim() == 5 else w * a_s
        products.append(w)
    return torch.stack(products[1:]), products[0]


@torch.library.custom_op("memorl::suffix_products_torch", mutates_args=())
def _products(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    w = torch.empty_like(a, memory_format=torch.contiguous_format)
    total = a.new_empty(a.shape[1:])
    w[-1] = torch.eye(2, dtype=a.dtype, device=a.device) if a.dim() == 5 else 1
    w_s = (total, *w.unbind(0))
    a = a.clone(memory_format=torch.contiguous_format)
    zero_rows_(a.flatten(0, 1), first.flatten())
    for t, a_t in reversed(list(enumerate(a.unbind(0)))):
        now = w_s[t + 1]
        out = w_s[t]
        if a.dim() == 5:
            torch.mul(now[..., :1], a_t[..., :1, :], out=out).addcmul_(now[..., 1:], a_t[..., 1:, :])
        else:
            torch.mul(now, a_t, out=out)
    return w, total


@_products.register_fake
def _(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(a, memory_format=torch.contiguous_format), a.new_empty(a.shape[1:])


def suffix_products(a: Tensor, first: Tensor, backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Multiply the Jacobians after each step.

    Args:
        a: dh_t / dh_{t-1} of each unit, [T, B, N] or [T, B, N, 2, 2]; may be expanded.
        first: True where a step begins an episode, [T, B], bool.
        backend: "reference", "torch", "triton" (a GPU from Ampere on), or "auto".

    Returns:
        W, of the shape of a, and total, [B, N] or [B, N, 2, 2]. Neither carries a gradient.

    Raises:
        ValueError: If the backend is unknown or cannot run on these tensors.
    """
    chosen = choose(backend, a)
    if chosen == "reference":
        return suffix_products_reference(a.detach(), first)
    if chosen == "triton":
        from .triton_products import suffix_products_triton

        return suffix_products_triton(a.detach(), first)
    return _products(a.detach(), first)
