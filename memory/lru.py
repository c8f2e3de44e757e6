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

from memorl.memory.parts.complex_linear import linear_derivatives, linear_scan, ring
from memorl.memory.parts.diagonal import Derivatives, DiagonalMemory
from memorl.memory.parts.rtrl import Parameters

from .checks import require_positive, require_ring


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
