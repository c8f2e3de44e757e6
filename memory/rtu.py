"""Recurrent trace units (Elelimy et al., 2024, https://arxiv.org/abs/2409.01449), linear and nonlinear.

    lambda = r exp(i angle),   r = exp(-exp(nu)),   angle = exp(theta),   gamma = sqrt(1 - r^2)
    q_t = lambda * h_{t-1} + gamma * (W_1 x_t + i W_2 x_t)      a pair, as one complex number
    linear:      h_t = q_t,              y_t = act(h_t)          both halves, one by one
    nonlinear:   h_t = act(q_t),         y_t = h_t

The state holds the sensitivities of lambda and of gamma (W_1, W_2), the numbers that enter the recurrence; autograd
differentiates the functions of nu, theta and W that they are. In the linear unit the two halves are one complex number,
and half of the paper's traces are enough; in the nonlinear one act treats the halves apart, and all are needed.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import elementwise_loop
from memorl.memory.parts.complex_linear import linear_derivatives, linear_scan, ring, rotation
from memorl.memory.parts.diagonal import Credit, Derivatives, DiagonalMemory, EncoderGrad, Parameters

from .checks import require_choice

Activation = Literal["tanh", "relu"]


class RTU(DiagonalMemory):
    """One layer of recurrent trace units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units; the features that come out are 2 N, real parts first.
        nonlinear: Apply act inside the recurrence.
        activation: The function act, tanh or relu.
        r_min: The smallest initial |lambda|.
        r_max: The largest.
        max_phase: The largest initial angle of lambda.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N, 2]. With rtrl, linear: `dh/dlambda` [B, N, 2] and `dh/dB` [B, N, 2, D]; nonlinear: `dh/dg` and
    `dh/dphi` [B, N, 2], `dh/dW_1` and `dh/dW_2` [B, N, 2, D].

    Raises:
        ValueError: If a size is not positive, an activation unknown, or not 0 <= r_min <= r_max <= 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        nonlinear: bool = False,
        activation: Activation = "tanh",
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        credit: Credit = "bptt",
        encoder_grad: EncoderGrad = "chunk",
    ) -> None:
        super().__init__(input_size, hidden_size, 2 * hidden_size, True, credit, encoder_grad)
        require_choice(Activation, activation=activation)
        self.nonlinear = nonlinear
        self.activation = activation
        self.nu, self.theta = map(nn.Parameter, ring(hidden_size, r_min, r_max, max_phase))
        self.W_1, self.W_2 = (nn.Parameter(torch.randn(hidden_size, input_size) / input_size**0.5) for _ in range(2))

    def recurrent(self) -> Parameters:
        """Return lambda = g + i phi and gamma W, as complex numbers if the recurrence is linear, else as real ones."""
        r = torch.exp(-torch.exp(self.nu))
        angle = torch.exp(self.theta)
        gamma = torch.sqrt(1 - r * r)[:, None]
        g = r * torch.cos(angle)
        phi = r * torch.sin(angle)
        w_1 = gamma * self.W_1
        w_2 = gamma * self.W_2
        if self.nonlinear:
            return {"g": (g,), "phi": (phi,), "W_1": (w_1,), "W_2": (w_2,)}
        return {"lambda": (g, phi), "B": (w_1, w_2)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the states, twice."""
        if self.nonlinear:
            (g,), (phi,), (w_1,), (w_2,) = p.values()
            gates = linear(x, torch.stack([w_1, w_2], 1).flatten(0, 1)).to(h.dtype).unflatten(-1, (-1, 2))
            states = elementwise_loop(gates, h, first, torch.stack([g, phi], -1), self.activation)
        else:
            states = linear_scan(x, h, first, p)
        return states, states

    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return the derivatives of a complex linear recurrence; if nonlinear, times act' of each half."""
        if not self.nonlinear:
            return linear_derivatives(previous, p)
        slope = 1 - states * states if self.activation == "tanh" else (states > 0).to(states.dtype)
        rotated = torch.stack([-previous[..., 1], previous[..., 0]], -1)
        one, two = (slope * unit for unit in torch.eye(2, dtype=slope.dtype, device=slope.device))
        immediate = {"g": slope * previous, "phi": slope * rotated, "W_1": one, "W_2": two}
        return Derivatives(slope[..., None] * rotation(*p["g"], *p["phi"]), immediate)

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Return both halves side by side, real parts first."""
        y = h.transpose(-1, -2).flatten(-2)
        return y if self.nonlinear else {"tanh": torch.tanh, "relu": torch.relu}[self.activation](y)
