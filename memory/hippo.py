"""HiPPO-RNN (Gu et al., 2020, https://arxiv.org/abs/2008.07669): a gated cell that reads an optimal history.

    u  = U_x x + U_h h + b                   what the cell writes into the memory, C channels
    c' = hippo(c, u)                         N coefficients a channel, by fixed matrices (`hippo_matrices`)
    g  = sigmoid(G_x x + G_c c' + b_g)       gate
    v  = tanh(V_x x + V_c c' + b_v)          candidate
    h' = (1 - g) * h + g * v                 output

This is the order and the gate of the paper's code, which made its numbers; the text has u = L h' and any cell. h
reaches itself only through the gate and through the memory. With the measure legs the whole episode is remembered, the
older the coarser in proportion, and there is no window or time step to tune: when the episode is played at another
speed, the coefficients stay (exactly so with zoh).
"""

import torch
from torch import Tensor, nn

from memorl.kernels import hippo_cell_loop
from memorl.memory.parts.hippo_memory import Discretisation, HiPPOMeasure, HiPPOMemory

from .base import State


class HiPPO(HiPPOMemory):
    """A gated recurrent cell with a HiPPO memory of the signals that it writes. `HiPPOMemory` explains the arguments.

    State: `h` [B, H], the last output, and `c` [B, C, N], the coefficients, both zero at the start of an episode; for
    legs also `clock` [B], the steps that the episode has had.
    """

    def __init__(
        self, input_size: int, hidden_size: int = 256, channels: int = 8, order: int = 32,
        measure: HiPPOMeasure = "legs", theta: float = 64.0, discretisation: Discretisation = "bilinear",
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, channels, order, measure, theta, discretisation)
        self.write_x = nn.Linear(input_size, channels)
        self.write_h = nn.Parameter(torch.empty(channels, hidden_size))
        self.gates_x = nn.Linear(input_size, 2 * hidden_size)
        self.gates_c = nn.Parameter(torch.empty(2 * hidden_size, channels * order))
        for weight in (self.write_x.weight, self.write_h):
            nn.init.kaiming_uniform_(weight)
        for part in (*self.gates_x.weight.chunk(2), *self.gates_c.chunk(2)):
            nn.init.xavier_normal_(part)
        for bias in (self.write_x.bias, self.gates_x.bias):
            nn.init.zeros_(bias)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        h = self.write_h.new_zeros(batch_size, self.output_size)
        return {"h": h} | self.initial_coefficients(batch_size, self.channels, h)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        h = state["h"]
        k, clock = self.advance_clock(state, first)
        inputs = (self.write_x(x).to(h.dtype), self.gates_x(x).to(h.dtype))
        scheme = (self.transition, self.discretisation)
        y, c = hippo_cell_loop(*inputs, state["c"], h, first, k, self.write_h, self.gates_c, *scheme)
        return y, {"h": y[-1], "c": c[-1]} | clock

    def coefficients(self, state: State) -> Tensor:
        """Return the coefficients of u."""
        return state["c"]
