"""Reverse cumulative products of Jacobians in torch: a loop over time from the end."""

import torch
from torch import Tensor

from memorl.kernels.common.operators import operator
from memorl.kernels.common.resets import zero_rows_


def empty_products(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Return new tensors for W and the total."""
    return torch.empty_like(a, memory_format=torch.contiguous_format), a.new_empty(a.shape[1:])


def _products(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    w, total = empty_products(a, first)
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


reverse_jacobian_products_torch = operator("reverse_jacobian_products_torch", _products, empty_products)
