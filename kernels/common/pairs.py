"""Complex numbers kept as pairs in a last dimension of size 2."""

import torch
from torch import Tensor


def as_complex(x: Tensor, dims: int) -> Tensor:
    """Return pairs [..., 2] with `dims` dimensions as complex numbers, in the same memory if it can be; else x itself.

    Raises:
        ValueError: If pairs are neither float32 nor float64.
    """
    if x.dim() != dims:
        return x
    if x.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"pairs are {x.dtype}; they must be torch.float32 or torch.float64")
    *strides, last = x.stride()
    even = last == 1 and not any(n % 2 for n in (x.storage_offset(), *strides))
    return torch.view_as_complex(x if even else x.clone(memory_format=torch.contiguous_format))


def times_i_transposed(g: Tensor) -> Tensor:
    """Return the row vectors g' [..., 2] with g (i s) = g' s for all complex numbers s as pairs."""
    return torch.stack([g[..., 1], -g[..., 0]], -1)
