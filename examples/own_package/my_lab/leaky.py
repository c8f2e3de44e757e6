"""A memory: leaky integrators, which forget at one fixed pace.

h_t = decay * h_{t-1} + (1 - decay) * W x_t        y_t = tanh(U h_t)
"""

import torch
from torch import Tensor, nn

from memorl.memory import Memory, State, unroll


class Leaky(Memory):
    """Leaky integrators.

    Args:
        input_size: Size of the features that go in.
        hidden_size: Number of integrators, and size of the features that come out.
        decay: Share of the old state that stays at each step, between 0 and 1.

    State: `h` [B, hidden_size], zero at the start of an episode.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, input_size: int, hidden_size: int = 64, decay: float = 0.9) -> None:
        super().__init__(input_size, hidden_size)
        if not 0 <= decay <= 1:
            raise ValueError(f"decay is {decay}; it must lie between 0 and 1")
        self.decay = decay
        self.write = nn.Linear(input_size, hidden_size, bias=False)
        self.read = nn.Linear(hidden_size, hidden_size)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        return {"h": self.write.weight.new_zeros(batch_size, self.output_size)}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run over x [T, B, D]; where `first` [T, B] is True the state begins anew, before x is read."""
        state, first = self.prepare(x, state, first)
        written = self.write(x).to(state["h"].dtype)
        y, state = unroll(self.step, written, state, first, self.initial_state(x.shape[1]))
        return torch.tanh(self.read(y)), state

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by one step, x [B, hidden_size]."""
        h = self.decay * state["h"] + (1 - self.decay) * x
        return h, {"h": h}
