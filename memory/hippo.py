"""HiPPO-RNN (Gu et al., 2020, https://arxiv.org/abs/2008.07669): a gated cell that reads an optimal history.

    u  = U_x x + U_h h + b                   what is written into the memory, C channels
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
from memorl.memory.parts.hippo_measure import Measure, histories

from .base import Memory, State
from .checks import require_positive


class HiPPO(Memory):
    """A gated recurrent cell that reads a HiPPO memory of what it has written.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number H of units, also the size of the features that come out.
        channels: Number C of signals that are remembered.
        order: Number N of coefficients that each is remembered by.
        measure: What is remembered: "legs" (the whole episode), or a window: "legt", "lmu", "lagt", "fout".
        theta: Length of the window in steps; "legs" has none.
        discretisation: "bilinear", "zoh" (exact for what is constant between samples), "backward_euler" or "euler".

    Raises:
        ValueError: If an argument is out of its range, or the scheme is not stable for this measure and order.

    State: `h` [B, H], the last output, and `c` [B, C, N], the coefficients, both zero at the start of an episode; for
    legs also `clock` [B], the steps that the episode has had.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        channels: int = 8,
        order: int = 32,
        measure: str = "legs",
        theta: float = 64.0,
        discretisation: str = "bilinear",
    ) -> None:
        require_positive(hidden_size=hidden_size, channels=channels)
        super().__init__(input_size, hidden_size)
        self.channels, self.hippo = channels, Measure(measure, order, theta, discretisation)
        self.write_x, self.write_h = nn.Linear(input_size, channels), nn.Parameter(torch.empty(channels, hidden_size))
        self.gates_x = nn.Linear(input_size, 2 * hidden_size)
        self.gates_c = nn.Parameter(torch.empty(2 * hidden_size, channels * order))
        for weight in (self.write_x.weight, self.write_h):
            nn.init.kaiming_uniform_(weight)
        for part in (*self.gates_x.weight.chunk(2), *self.gates_c.chunk(2)):
            nn.init.xavier_normal_(part)
        for bias in (self.write_x.bias, self.gates_x.bias):
            nn.init.zeros_(bias)

    def initial_state(self, batch_size: int) -> State:
        """Zeros."""
        memory = self.hippo.initial_state(batch_size, self.channels, self.write_h)
        return {"h": self.write_h.new_zeros(batch_size, self.output_size)} | memory

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        h, c = state["h"], state["c"]
        k, clock = self.hippo.seen(state, first)
        y, memories = hippo_cell_loop(
            self.write_x(x).to(h.dtype),
            self.gates_x(x).to(h.dtype),
            c,
            h,
            first,
            k,
            self.write_h,
            self.gates_c,
            self.hippo.transition,
            self.hippo.discretisation,
        )
        return y, {"h": y[-1], "c": memories[-1]} | clock

    def pictures(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """The reconstructed history of each channel after every step."""
        return histories(self, self.reconstruct, x, state, first)

    def reconstruct(self, state: State, points: Tensor) -> Tensor:
        """What the memory holds of u.

        Args:
            state: A state of B rows.
            points: Places [P] in the remembered span, 0 its oldest moment and 1 the newest. The span is the episode so
                far for legs, the last theta steps for the other measures.

        Returns:
            The channels of u at these places, [B, C, P].
        """
        return self.hippo.read(state["c"], points)
