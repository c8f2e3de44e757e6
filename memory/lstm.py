"""Long short-term memory (Hochreiter and Schmidhuber, 1997, https://doi.org/10.1162/neco.1997.9.8.1735)
with the forget gate of Gers et al. (2000, https://doi.org/10.1162/089976600300015015).

    i, f, o = sigmoid(W x + b + U h + c)      input, forget and output gates, each with its own W, b, U, c
    g  = tanh(W x + b + U h + c)              candidate
    c' = f * c + i * g                        cell
    h' = o * tanh(c')                         output

With the weights of a `torch.nn.LSTM` of one layer the outputs are equal (parts/gated_layer.py).
"""

from torch import Tensor

from memorl.kernels import lstm_layer
from memorl.memory.parts.gated_layer import GatedLayer

from .base import State


class LSTM(GatedLayer):
    """One layer of long short-term memory. `GatedLayer` explains the arguments.

    State: `h` [B, H], the last output, and `c` [B, H], the cell; both zero at the start of an episode.
    """

    gates = 4
    entries = ("h", "c")

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        weights = (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0 + self.bias_hh_l0)
        y, cell = lstm_layer(x, state["h"], state["c"], first, *weights)
        return y, {"h": y[-1], "c": cell}
