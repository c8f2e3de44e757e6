"""The complex linear recurrence that the LRU and the linear RTU share.

    h_t = lambda h_{t-1} + B x_t            complex, lambda [N] and B [N, D], as pairs of real numbers

Legend: T time, B batch, D input, N units.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

from memorl.kernels import diag_scan
from memorl.memory.checks import require_positive

from .diagonal import Derivatives, Parameters


def rotation(re: Tensor, im: Tensor) -> Tensor:
    """Return the multiplication by the complex numbers re + i im [N] as matrices [N, 2, 2]."""
    return torch.stack([torch.stack([re, -im], -1), torch.stack([im, re], -1)], -2)


def ring(hidden_size: int, r_min: float, r_max: float, max_phase: float) -> tuple[Tensor, Tensor]:
    """Draw lambda uniform on the ring r_min <= |lambda| <= r_max, 0 < angle <= max_phase (lemma 3.2); return nu, theta.

    Raises:
        ValueError: If not 0 <= r_min <= r_max <= 1, or `max_phase` is not positive.
    """
    require_positive(max_phase=max_phase)
    if not 0 <= r_min <= r_max <= 1:
        raise ValueError(f"r_min is {r_min} and r_max is {r_max}; it must be 0 <= r_min <= r_max <= 1")
    radius = (r_min**2 + (r_max**2 - r_min**2) * torch.rand(hidden_size)).sqrt().clamp(1e-4, 1 - 1e-4)
    return torch.log(-torch.log(radius)), torch.log(max_phase * (1 - torch.rand(hidden_size)))


def linear_scan(x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> Tensor:
    """Return the states h_t = lambda h_{t-1} + B x_t, [T, B, N, 2]."""
    b = linear(x, torch.stack(p["B"], 1).flatten(0, 1)).to(h.dtype).unflatten(-1, (-1, 2))
    return diag_scan(torch.stack(p["lambda"], -1).to(h.dtype).expand_as(b), b, h, first)


def linear_derivatives(previous: Tensor, p: Parameters) -> Derivatives:
    """Return dh_t / dh_{t-1} = lambda, dh_t / dlambda = h_{t-1} and dh_t / dB = 1 x_t^T."""
    jacobian = rotation(*p["lambda"]).expand(*previous.shape, 2)
    return Derivatives(jacobian, {"lambda": previous, "B": previous.new_tensor([1.0, 0.0]).expand_as(previous)})
