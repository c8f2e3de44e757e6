"""Linear recurrent unit (Orvieto et al., 2023, https://arxiv.org/abs/2303.06349).

    lambda = exp(-exp(nu) + i exp(theta))              |lambda| < 1 whatever nu is       (eq. 6)
    h_t = lambda * h_{t-1} + gamma * (B x_t)           complex                           (eq. 7)
    y_t = Re(C h_t) + D x_t

gamma starts as sqrt(1 - |lambda|^2), so that all units are about as large, and is learned as exp(log_gamma).

With rtrl the sensitivities are those of lambda and of gamma B, the numbers that enter the recurrence; how they come
from nu, theta, log_gamma and B is a function without memory, and autograd's.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import diag_scan

from .base import require_positive
from .diagonal import Derivatives, DiagonalMemory
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


class LRU(DiagonalMemory):
    """One layer of linear recurrent units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of complex units.
        output_size: Size H of the features that come out; None is N.
        r_min: The smallest |lambda| at the start.
        r_max: The largest; the paper's default is 1, its long tasks have 0.999.
        max_phase: The largest angle of lambda at the start.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N, 2], real and imaginary parts. With rtrl also `dh/dlambda` [B, N, 2] and `dh/dB` [B, N, 2, D].

    Raises:
        ValueError: If a size is not positive, or not 0 <= r_min <= r_max <= 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        output_size: int | None = None,
        r_min: float = 0.9,
        r_max: float = 0.999,
        max_phase: float = 2 * math.pi,
        credit: Literal["bptt", "rtrl"] = "bptt",
        encoder_grad: Literal["chunk", "one_step", "none"] = "chunk",
    ) -> None:
        H, N, D = hidden_size if output_size is None else output_size, hidden_size, input_size
        super().__init__(D, N, H, True, credit, encoder_grad)
        require_positive(max_phase=max_phase)
        require_ring(r_min, r_max)
        nu, theta = ring(N, r_min, r_max, max_phase)
        self.nu, self.theta = nn.Parameter(nu), nn.Parameter(theta)
        self.log_gamma = nn.Parameter(0.5 * torch.log1p(-torch.exp(-2 * torch.exp(nu))))
        self.B_re, self.B_im = (nn.Parameter(torch.randn(N, D) / (2 * D) ** 0.5) for _ in range(2))
        self.C_re, self.C_im = (nn.Parameter(torch.randn(H, N) / N**0.5) for _ in range(2))
        self.D = nn.Parameter(torch.randn(H, D) / D**0.5)

    def recurrent(self) -> Parameters:
        """lambda and gamma B, complex."""
        r, angle, gamma = torch.exp(-torch.exp(self.nu)), torch.exp(self.theta), torch.exp(self.log_gamma)[:, None]
        return {"lambda": (r * torch.cos(angle), r * torch.sin(angle)), "B": (gamma * self.B_re, gamma * self.B_im)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Equation 7; nothing extra."""
        after = linear_scan(x, h, first, p)
        return after, after

    def derivatives(self, before: Tensor, after: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Those of a complex linear recurrence."""
        return linear_derivatives(before, p)

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Re(C h) + D x."""
        y = linear(h.flatten(-2), torch.stack([self.C_re, -self.C_im], -1).flatten(1))
        return (y + linear(x, self.D)).to(h.dtype)


def require_ring(r_min: float, r_max: float) -> None:
    """Raise ValueError unless 0 <= r_min <= r_max <= 1."""
    if not 0 <= r_min <= r_max <= 1:
        raise ValueError(f"r_min is {r_min} and r_max is {r_max}; it must be 0 <= r_min <= r_max <= 1")
