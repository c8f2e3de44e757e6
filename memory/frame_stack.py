"""Frame stacking (Mnih et al., 2015, https://doi.org/10.1038/nature14236): the last k inputs, side by side.

    y_t = [x_t, x_{t-1}, ..., x_{t-k+1}],   x = 0 before the episode

It stacks the features that the encoder made of each frame, so that a frame is encoded once.
"""

import torch
from torch import Tensor

from .base import Memory, State
from .checks import require_positive


class FrameStack(Memory):
    """The last k inputs of the episode, newest first.

    Args:
        input_size: Size D of the features that go in; k D come out.
        k: Number of inputs, the present one included.

    State: `past` [B, k - 1, D], the inputs before the present one, oldest first; zero where there was none.
    """

    zero: Tensor

    def __init__(self, input_size: int, k: int = 4) -> None:
        require_positive(k=k)
        super().__init__(input_size, k * input_size)
        self.k = k
        self.horizon = k - 1
        self.register_buffer("zero", torch.zeros(()), persistent=False)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        return {"past": self.zero.new_zeros(batch_size, self.horizon or 0, self.input_size)}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Stack over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        T = len(x)
        past = self.k - 1
        frames = torch.cat([state["past"].transpose(0, 1), x.to(state["past"].dtype)])  # [k - 1 + T, B, D]
        episode = torch.cat([first.new_zeros(past, x.shape[1]), first]).cumsum(0)  # the number of each frame's

        def back(j: int) -> Tensor:
            """Return the inputs of j steps ago, 0 where that was another episode, [T, B, D]."""
            rows = slice(past - j, past - j + T)
            return frames[rows].masked_fill((episode[rows] != episode[past:])[..., None], 0)

        y = torch.cat([back(j) for j in range(self.k)], -1)
        newest = frames[T:].masked_fill((episode[T:] != episode[-1])[..., None], 0)
        return y, {"past": newest.transpose(0, 1)}
