"""Products of a chunk's Jacobians with other tensors, and the mask that ends them at the start of an episode."""

from torch import Tensor

from memorl.kernels.common.resets import masked_products


def jacobian_products(a: Tensor, s: list[Tensor], mask: Tensor) -> list[Tensor]:
    """Return A S for each S, with A [B, N] or [B, N, 2, 2]; zeros where the mask [B] is True."""
    if a.dim() == 2:
        return masked_products(a, s, mask)
    halves = [masked_products(a[..., i], [x[:, :, i, None] for x in s], mask) for i in range(2)]
    return [one.add_(other) for one, other in zip(*halves, strict=True)]


def begins_later(first: Tensor) -> Tensor:
    """Return True where an episode begins after a step, [T, B]."""
    return (first.long().flip(0).cumsum(0).flip(0) - first.long()) > 0
