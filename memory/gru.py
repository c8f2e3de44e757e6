"""Gated recurrent unit (Cho et al., 2014, https://arxiv.org/abs/1406.1078), in cuDNN's form.

    r  = sigmoid(W_r x + b_r + U_r h + c_r)          reset gate       (eq. 5)
    z  = sigmoid(W_z x + b_z + U_z h + c_z)          update gate      (eq. 6)
    n  = tanh(W_n x + b_n + r * (U_n h + c_n))       candidate        (eq. 8; the paper has U (r * h), no biases)
    h' = (1 - z) * n + z * h                         new state        (eq. 7)

With the weights of a `torch.nn.GRU` of one layer the outputs are equal (parts/gated_layer.py).
"""

from torch import Tensor
from torch.nn.functional import linear

from memorl.kernels import gru_loop
from memorl.memory.parts.gated_layer import GatedLayer

from .base import State


class GRU(GatedLayer):
    """One layer of gated recurrent units. `GatedLayer` explains the arguments.

    State: `h` [B, H], the last output; zero at the start of an episode.
    """

    gates = 3
    entries = ("h",)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        gates = linear(x, self.weight_ih_l0, self.bias_ih_l0).to(state["h"].dtype)
        y = gru_loop(gates, state["h"], first, self.weight_hh_l0, self.bias_hh_l0)
        return y, {"h": y[-1]}
