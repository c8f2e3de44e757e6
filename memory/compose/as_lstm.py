"""A memory with the signature of `torch.nn.LSTM`, for code that expects one.

Legend: T time, B batch, D input_size, H output_size, S half of the numbers of the state of one sequence, rounded up.

    y, (h, c) = rnn(x, (h, c))        x [T, B, D]   h, c [1, B, S]   ->   y [T, B, H]

The first half of the memory's state is h and the second half c, filled up with a zero where the number is odd. h = c =
zeros is the initial state of any memory. The output of the last step is y[-1].
"""

from typing import final

import torch
from torch import Tensor, nn

from memorl.memory.base import Memory
from memorl.memory.checks import require_shape

from .as_gru import AsGRU


@final
class AsLSTM(nn.Module):
    """A memory that is called as a `torch.nn.LSTM` of one layer. `AsGRU` explains the arguments.

    Example:
        >>> import torch
        >>> from memorl.memory import GRU, AsLSTM
        >>> rnn = AsLSTM(GRU(8, 16))
        >>> y, (h, c) = rnn(torch.randn(5, 2, 8))
        >>> y.shape, h.shape, c.shape
        (torch.Size([5, 2, 16]), torch.Size([1, 2, 8]), torch.Size([1, 2, 8]))
    """

    num_layers = 1

    def __init__(self, memory: Memory, batch_first: bool = False) -> None:
        super().__init__()
        self.rnn = AsGRU(memory, batch_first)
        self.batch_first = batch_first
        self.input_size = memory.input_size
        self.output_size = memory.output_size
        self.hidden_size = (self.rnn.hidden_size + 1) // 2
        """Size S of h and of c; the size of y is `output_size`."""

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None, first: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run over a sequence; see `AsGRU.forward`."""
        size = self.rnn.hidden_size
        flat = None
        if state is not None:
            h, c = state
            shape = (
                (1, x.shape[0 if self.batch_first else 1], self.hidden_size) if x.dim() == 3 else (1, self.hidden_size)
            )
            require_shape(shape, h=h, c=c)
            flat = torch.cat([h, c], -1)[..., :size]
        y, flat = self.rnn(x, flat, first)
        padded = nn.functional.pad(flat, (0, 2 * self.hidden_size - size))
        h, c = padded.chunk(2, -1) if self.hidden_size else (padded, padded)
        return y, (h, c)
