"""Independently recurrent network (Li et al., 2018, https://arxiv.org/abs/1803.04831).

    h_t = relu(W x_t + u * h_{t-1} + b)                                                  (eq. 3)

Each unit sees itself alone: u is a vector, and |u| says how long a unit remembers.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import elementwise_loop
from memorl.memory.parts.diagonal import Derivatives, DiagonalMemory
from memorl.memory.parts.rtrl import Parameters


class IndRNN(DiagonalMemory):
    """One layer of independently recurrent units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N], the last output. With rtrl also `dh/dW` [B, N, D], `dh/du` and `dh/db` [B, N].
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        credit: Literal["bptt", "rtrl"] = "bptt",
        encoder_grad: Literal["chunk", "one_step", "none"] = "chunk",
    ) -> None:
        super().__init__(input_size, hidden_size, hidden_size, False, credit, encoder_grad)
        self.W = nn.Parameter(torch.randn(hidden_size, input_size) / input_size**0.5)
        self.u, self.b = nn.Parameter(torch.rand(hidden_size)), nn.Parameter(torch.zeros(hidden_size))

    def recurrent(self) -> Parameters:
        """All as they are."""
        return {"W": (self.W,), "u": (self.u,), "b": (self.b,)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Equation 3; nothing extra."""
        after = elementwise_loop(linear(x, self.W, self.b).to(h.dtype), h, first, self.u, "relu")
        return after, after

    def derivatives(self, before: Tensor, after: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """1 where the unit is on, times what each parameter multiplies."""
        on = (after > 0).to(after.dtype)
        return Derivatives(on * self.u, {"W": on, "u": on * before, "b": on})
