"""Recurrent trace units (Elelimy et al., 2024, https://arxiv.org/abs/2409.01449), linear and nonlinear.

    lambda = r exp(i angle),   r = exp(-exp(nu)),   angle = exp(theta),   gamma = sqrt(1 - r^2)
    q_t = lambda * h_{t-1} + gamma * (W_1 x_t + i W_2 x_t)      a pair, as one complex number
    linear:      h_t = q_t,              y_t = act(h_t)          both halves, one by one
    nonlinear:   h_t = act(q_t),         y_t = h_t

The sensitivities are those of lambda and of gamma (W_1, W_2), the numbers that enter the recurrence; how those come
from nu, theta and W is a function without memory, and autograd's. In the linear unit the halves are one complex
number, and half of the paper's traces say it all; in the nonlinear one act parts them, and all are needed.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import elementwise_loop
from memorl.memory.parts.complex_linear import linear_derivatives, linear_scan, ring, rotation
from memorl.memory.parts.diagonal import Derivatives, DiagonalMemory
from memorl.memory.parts.rtrl import Parameters

from .checks import require_positive, require_ring


class RTU(DiagonalMemory):
    """One layer of recurrent trace units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units; the features that come out are 2 N, real parts first.
        nonlinear: Whether act is inside the recurrence.
        activation: act: tanh or relu.
        r_min: The smallest |lambda| at the start.
        r_max: The largest.
        max_phase: The largest angle of lambda at the start.
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
        activation: Literal["tanh", "relu"] = "tanh",
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        credit: Literal["bptt", "rtrl"] = "bptt",
        encoder_grad: Literal["chunk", "one_step", "none"] = "chunk",
    ) -> None:
        super().__init__(input_size, hidden_size, 2 * hidden_size, True, credit, encoder_grad)
        require_positive(max_phase=max_phase)
        require_ring(r_min, r_max)
        if activation not in ("tanh", "relu"):
            raise ValueError(f"activation is {activation!r}; it must be tanh or relu")
        self.nonlinear, self.activation = nonlinear, activation
        self.nu, self.theta = map(nn.Parameter, ring(hidden_size, r_min, r_max, max_phase))
        self.W_1, self.W_2 = (nn.Parameter(torch.randn(hidden_size, input_size) / input_size**0.5) for _ in range(2))

    def recurrent(self) -> Parameters:
        """lambda = g + i phi and gamma W: complex numbers where the recurrence is linear, else each for itself."""
        r, angle = torch.exp(-torch.exp(self.nu)), torch.exp(self.theta)
        g, phi, gamma = r * torch.cos(angle), r * torch.sin(angle), torch.sqrt(1 - r * r)[:, None]
        w_1, w_2 = gamma * self.W_1, gamma * self.W_2
        if self.nonlinear:
            return {"g": (g,), "phi": (phi,), "W_1": (w_1,), "W_2": (w_2,)}
        return {"lambda": (g, phi), "B": (w_1, w_2)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """The states; nothing extra."""
        if not self.nonlinear:
            after = linear_scan(x, h, first, p)
            return after, after
        (g,), (phi,), (w_1,), (w_2,) = p.values()
        gates = linear(x, torch.stack([w_1, w_2], 1).flatten(0, 1)).to(h.dtype).unflatten(-1, (-1, 2))
        after = elementwise_loop(gates, h, first, torch.stack([g, phi], -1), self.activation)
        return after, after

    def derivatives(self, before: Tensor, after: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Those of a complex linear recurrence; if nonlinear, times act', which parts the halves."""
        if not self.nonlinear:
            return linear_derivatives(before, p)
        slope = 1 - after * after if self.activation == "tanh" else (after > 0).to(after.dtype)
        rotated = torch.stack([-before[..., 1], before[..., 0]], -1)
        one, two = slope * slope.new_tensor([1.0, 0.0]), slope * slope.new_tensor([0.0, 1.0])
        immediate = {"g": slope * before, "phi": slope * rotated, "W_1": one, "W_2": two}
        return Derivatives(slope[..., None] * rotation(*p["g"], *p["phi"]), immediate)

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Both halves side by side, real parts first."""
        y = h.transpose(-1, -2).flatten(-2)
        return y if self.nonlinear else {"tanh": torch.tanh, "relu": torch.relu}[self.activation](y)
