"""Linear recurrent unit (Orvieto et al., 2023, https://arxiv.org/abs/2303.06349).

    lambda = exp(-exp(nu) + i exp(theta))              |lambda| < 1 whatever nu is       (eq. 6)
    h_t = lambda * h_{t-1} + gamma * (B x_t)           complex                           (eq. 7)
    y_t = Re(C h_t) + D x_t

gamma starts as sqrt(1 - |lambda|^2), so that all units are about as large, and is learned as exp(log_gamma).

With rtrl the state holds the sensitivities of lambda and of gamma B, the numbers that enter the recurrence; autograd
differentiates the functions of nu, theta, log_gamma and B that they are.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.memory.parts.complex_linear import linear_derivatives, linear_scan, ring
from memorl.memory.parts.diagonal import Credit, Derivatives, DiagonalMemory, EncoderGrad, Parameters


class LRU(DiagonalMemory):
    """One layer of linear recurrent units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of complex units.
        output_size: Size H of the features that come out; None is N.
        r_min: The smallest initial |lambda|.
        r_max: The largest; the paper's default is 1, its long tasks have 0.999.
        max_phase: The largest initial angle of lambda.
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
        credit: Credit = "bptt",
        encoder_grad: EncoderGrad = "chunk",
    ) -> None:
        D = input_size
        N = hidden_size
        H = N if output_size is None else output_size
        super().__init__(D, N, H, True, credit, encoder_grad)
        self.nu, self.theta = map(nn.Parameter, ring(N, r_min, r_max, max_phase))
        self.log_gamma = nn.Parameter(0.5 * torch.log1p(-torch.exp(-2 * torch.exp(self.nu.detach()))))
        self.B_re, self.B_im = (nn.Parameter(torch.randn(N, D) / (2 * D) ** 0.5) for _ in range(2))
        self.C_re, self.C_im = (nn.Parameter(torch.randn(H, N) / N**0.5) for _ in range(2))
        self.D = nn.Parameter(torch.randn(H, D) / D**0.5)

    def recurrent(self) -> Parameters:
        """Return lambda and gamma B, complex."""
        r = torch.exp(-torch.exp(self.nu))
        angle = torch.exp(self.theta)
        gamma = torch.exp(self.log_gamma)[:, None]
        return {"lambda": (r * torch.cos(angle), r * torch.sin(angle)), "B": (gamma * self.B_re, gamma * self.B_im)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the states by equation 7, twice."""
        states = linear_scan(x, h, first, p)
        return states, states

    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return the derivatives of a complex linear recurrence."""
        return linear_derivatives(previous, p)

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Return Re(C h) + D x."""
        y = linear(h.flatten(-2), torch.stack([self.C_re, -self.C_im], -1).flatten(1))
        return (y + linear(x, self.D)).to(h.dtype)
