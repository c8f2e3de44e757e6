"""The complex linear recurrence that the LRU and the linear RTU share.

    h_t = lambda h_{t-1} + B x_t            complex, lambda [N] and B [N, D], as pairs of real numbers

Legend: T time, B batch, D input, N units.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

from memorl.kernels import diag_scan

from .diagonal import Derivatives
from .rtrl import Parameters


def rotation(re: Tensor, im: Tensor) -> Tensor:
    """Multiplication by the complex numbers re + i im [N], as matrices [N, 2, 2]."""
    return torch.stack([torch.stack([re, -im], -1), torch.stack([im, re], -1)], -2)


def ring(hidden_size: int, r_min: float, r_max: float, max_phase: float) -> tuple[Tensor, Tensor]:
    """nu and theta [N] of lambda uniform on the ring r_min <= |lambda| <= r_max, 0 < angle <= max_phase (lemma 3.2)."""
    radius = (r_min**2 + (r_max**2 - r_min**2) * torch.rand(hidden_size)).sqrt().clamp(1e-4, 1 - 1e-4)
    return torch.log(-torch.log(radius)), torch.log(max_phase * (1 - torch.rand(hidden_size)))


def linear_scan(x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> Tensor:
    """h_t = lambda h_{t-1} + B x_t with complex lambda [N] and B [N, D], [T, B, N, 2]."""
    (re, im), (b_re, b_im) = p["lambda"], p["B"]
    b = linear(x, torch.stack([b_re, b_im], 1).flatten(0, 1)).to(h.dtype).unflatten(-1, (-1, 2))
    return diag_scan(torch.stack([re, im], -1).to(h.dtype).expand_as(b), b, h, first)


def linear_derivatives(before: Tensor, p: Parameters) -> Derivatives:
    """dh_t / dh_{t-1} = lambda, dh_t / dlambda = h_{t-1}, dh_t / dB = 1 x_t^T."""
    jacobian = rotation(*p["lambda"]).expand(*before.shape, 2)
    return Derivatives(jacobian, {"lambda": before, "B": before.new_tensor([1.0, 0.0]).expand_as(before)})
