"""Gated recurrent unit (Cho et al., 2014, https://arxiv.org/abs/1406.1078), in cuDNN's form.

    r  = sigmoid(W_r x + b_r + U_r h + c_r)          reset gate       (eq. 5)
    z  = sigmoid(W_z x + b_z + U_z h + c_z)          update gate      (eq. 6)
    n  = tanh(W_n x + b_n + r * (U_n h + c_n))       candidate        (eq. 8; the paper has U (r * h), no biases)
    h' = (1 - z) * n + z * h                         new state        (eq. 7)

The parameters have the names and shapes of `torch.nn.GRU` with one layer: `load_state_dict` takes its weights,
and the outputs are equal. With several heads every U is block-diagonal, and only its blocks are kept:
`weight_hh_l0` [3 H, H / heads] (kernels/common/heads.py).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from memorl.kernels import gru_loop
from memorl.memory.parts.initialise import initialise

from .base import Memory, State
from .checks import require_heads


class GRU(Memory):
    """One layer of gated recurrent units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number H of units, also the size of the features that come out.
        init_gain: None initialises as `torch.nn.GRU` does; a number makes both weight matrices orthogonal with
            this gain and the biases zero (the agents of the Memory Gym paper use sqrt 2).
        heads: Number of groups of units that see only each other; the recurrence costs this many times less.

    State: `h` [B, H], the last output; zero at the start of an episode.
    """

    def __init__(self, input_size: int, hidden_size: int = 256, init_gain: float | None = None, heads: int = 1) -> None:
        require_heads(hidden_size, heads)
        super().__init__(input_size, hidden_size)
        self.weight_ih_l0 = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(3 * hidden_size, hidden_size // heads))
        self.bias_ih_l0 = nn.Parameter(torch.empty(3 * hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.empty(3 * hidden_size))
        initialise(self, hidden_size, init_gain)

    def initial_state(self, batch_size: int) -> State:
        """Zeros."""
        return {"h": self.weight_hh_l0.new_zeros(batch_size, self.output_size)}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        gates = F.linear(x, self.weight_ih_l0, self.bias_ih_l0).to(state["h"].dtype)
        y = gru_loop(gates, state["h"], first, self.weight_hh_l0, self.bias_hh_l0)
        return y, {"h": y[-1]}
