"""Independently recurrent network (Li et al., 2018, https://arxiv.org/abs/1803.04831).

    h_t = relu(W x_t + u * h_{t-1} + b)                                                  (eq. 3)

A unit depends on its own previous state alone: u is a vector, and |u| says how long a unit remembers.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import elementwise_loop
from memorl.memory.parts.diagonal import Credit, Derivatives, DiagonalMemory, EncoderGrad, Parameters


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
        self, input_size: int, hidden_size: int = 256, credit: Credit = "bptt", encoder_grad: EncoderGrad = "chunk"
    ) -> None:
        super().__init__(input_size, hidden_size, hidden_size, False, credit, encoder_grad)
        self.W = nn.Parameter(torch.randn(hidden_size, input_size) / input_size**0.5)
        self.u = nn.Parameter(torch.rand(hidden_size))
        self.b = nn.Parameter(torch.zeros(hidden_size))

    def recurrent(self) -> Parameters:
        """Return W, u and b."""
        return {"W": (self.W,), "u": (self.u,), "b": (self.b,)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the states by equation 3, twice."""
        states = elementwise_loop(linear(x, self.W, self.b).to(h.dtype), h, first, self.u, "relu")
        return states, states

    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return the slope of relu, times the factor of each parameter."""
        slope = (states > 0).to(states.dtype)
        return Derivatives(slope * self.u, {"W": slope, "u": slope * previous, "b": slope})
