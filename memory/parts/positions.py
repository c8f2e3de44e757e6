"""Encodings of the position of a step in time, for attention.

    p(n) = [sin(n w_0), ..., sin(n w_{D/2-1}), cos(n w_0), ..., cos(n w_{D/2-1})],   w_i = 10000^(-2 i / D)     (1)

is the sinusoid of Vaswani et al. (2017, https://arxiv.org/abs/1706.03762, section 3.5), sines and cosines side by side
instead of interleaved. The same frequencies rotate pairs of features in rotary positions (Su et al., 2021,
https://arxiv.org/abs/2104.09864, eq. 34), by which a query and a key meet at the angle of their distance:

    R(n) [a, b] = [a cos(n w) - b sin(n w), a sin(n w) + b cos(n w)],   R(n) q . R(m) k = q . R(m - n) k         (2)
"""

from typing import Literal

import torch
from torch import Tensor

Positions = Literal["none", "absolute", "learned", "relative", "rotary"]


def angles(n: Tensor, size: int) -> Tensor:
    """Return the angles n w of (1) for positions n [...], [..., size / 2]."""
    exponent = torch.arange(size // 2, device=n.device, dtype=n.dtype) * (-2 / size)
    return n[..., None] * 10_000**exponent


def sinusoids(n: Tensor, size: int) -> Tensor:
    """Return (1) for positions n [...], [..., size]."""
    angle = angles(n, size)
    return torch.cat([angle.sin(), angle.cos()], -1)


def rotate(x: Tensor, n: Tensor) -> Tensor:
    """Rotate features x [..., T, E] at positions n [T] by (2)."""
    angle = angles(n, x.shape[-1])
    sin = angle.sin()
    cos = angle.cos()
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)
