"""Episode starts inside a loop over time, for recurrences that cost so little that reordering would not pay."""

import torch
from torch import Tensor


def starts(first: Tensor, dims: int) -> list[Tensor | None]:
    """For each step of first [T, B] the mask of its starts, with `dims` dimensions; None where there is none."""
    masks = first.view(*first.shape, *[1] * (dims - 1)).unbind(0)
    return [mask if some else None for mask, some in zip(masks, first.any(1).tolist(), strict=True)]


def before(h: Tensor, y: Tensor, first: Tensor) -> Tensor:
    """The state before each step, of h before the first and y [T, B, ...] after each; zero where an episode starts."""
    mask = first.view(*first.shape, *[1] * (y.dim() - 2))
    return torch.cat([h[None], y[:-1]]).masked_fill_(mask, 0)


def numbers(x: Tensor, dims: int) -> Tensor:
    """Pairs [..., 2] with `dims` dimensions as complex numbers, in the same memory; anything else as it is."""
    return torch.view_as_complex(x) if x.dim() == dims else x
