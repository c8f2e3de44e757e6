"""Complex numbers as pairs: how a gradient passes through a multiplication by i."""

import torch
from torch import Tensor


def times_i_transposed(g: Tensor) -> Tensor:
    """Return the row vectors g' [..., 2] with g (i s) = g' s for all complex numbers s as pairs."""
    return torch.stack([g[..., 1], -g[..., 0]], -1)
