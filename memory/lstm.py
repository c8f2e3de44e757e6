"""Long short-term memory (Hochreiter and Schmidhuber, 1997, https://doi.org/10.1162/neco.1997.9.8.1735)
with the forget gate of Gers et al. (2000, https://doi.org/10.1162/089976600300015015).

    i, f, o = sigmoid(W x + b + U h + c)      input, forget and output gates, each with its own W, b, U, c
    g  = tanh(W x + b + U h + c)              candidate
    c' = f * c + i * g                        cell
    h' = o * tanh(c')                         output

The parameters have the names and shapes of `torch.nn.LSTM` with one layer: `load_state_dict` takes its weights,
and the outputs are equal. With several heads every U is block-diagonal, and only its blocks are kept:
`weight_hh_l0` [4 H, H / heads] (kernels/common/heads.py).
"""

import torch
from torch import Tensor, nn

from memorl.kernels import lstm_layer
from memorl.memory.parts.initialise import initialise

from .base import Memory, State
from .checks import require_heads


class LSTM(Memory):
    """One layer of long short-term memory.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number H of units, also the size of the features that come out.
        init_gain: None initialises as `torch.nn.LSTM` does; a number makes both weight matrices orthogonal with
            this gain and the biases zero.
        heads: Number of groups of units that see only each other; the recurrence costs this many times less.

    State: `h` [B, H], the last output, and `c` [B, H], the cell; both zero at the start of an episode.
    """

    def __init__(self, input_size: int, hidden_size: int = 256, init_gain: float | None = None, heads: int = 1) -> None:
        require_heads(hidden_size, heads)
        super().__init__(input_size, hidden_size)
        self.weight_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size, hidden_size // heads))
        self.bias_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size))
        initialise(self, hidden_size, init_gain)

    def initial_state(self, batch_size: int) -> State:
        """Zeros."""
        return {name: self.weight_hh_l0.new_zeros(batch_size, self.output_size) for name in ("h", "c")}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        weights = (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0 + self.bias_hh_l0)
        y, cell = lstm_layer(x, state["h"], state["c"], first, *weights)
        return y, {"h": y[-1], "c": cell}
