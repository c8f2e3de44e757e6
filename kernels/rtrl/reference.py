"""The definitions of the products of Jacobians and of the sensitivities, step by step."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .jacobians import jacobian_products


def reverse_jacobian_products_reference(a: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Return W and the total by the definition: for each step the product of all Jacobians that follow it."""
    mask = first.view(*first.shape, *[1] * (a.dim() - 2))
    a = a.masked_fill(mask, 0)
    one = torch.eye(2).to(a) if a.dim() == 5 else a.new_ones(())
    products = []
    for t in range(-1, len(a)):
        w = one.expand_as(a[0])
        for a_s in a[t + 1 :].flip(0):
            w = w @ a_s if a.dim() == 5 else w * a_s
        products.append(w)
    return torch.stack(products[1:]), products[0]


@torch.no_grad()
def update_sensitivities_reference(
    s: list[Tensor], jacobian: Tensor, first: Tensor, immediate: list[Tensor], x: Tensor
) -> Iterator[list[Tensor]]:
    """Yield the sensitivities after every step, by equation (1) of sensitivities.py."""
    for t in range(len(x)):
        after = []
        for s_p, immediate_p in zip(s, immediate, strict=True):
            added = immediate_p[t]
            if s_p.dim() > added.dim():
                added = added[..., None] * x[t].view(len(s_p), *[1] * (s_p.dim() - 2), -1)
            after.append(jacobian_products(jacobian[t], [s_p], first[t])[0] + added)
        s = after
        yield s
