"""A memory with the signature of `torch.nn.GRU`, for code that expects one.

Legend: T time, B batch, D input_size, H output_size, S numbers of the state of one sequence.

    y, h = rnn(x, h)                  x [T, B, D]   h [1, B, S]   ->   y [T, B, H]

h = zeros is the initial state of any memory, so that `h * (1 - done)` resets. The output of the last step is y[-1];
h is the whole state, and S may be larger than H.
"""

from typing import final

from torch import Tensor, nn

from memorl.memory.base import Memory
from memorl.memory.checks import require_shape
from memorl.memory.parts.flat_state import flatten_state, unflatten_state


@final
class AsGRU(nn.Module):
    """A memory that is called as a `torch.nn.GRU` of one layer.

    Args:
        memory: Any memory.
        batch_first: Whether x, y and `first` have the batch before time, [B, T, ...]; h has not, as in torch.

    Example:
        >>> import torch
        >>> from memorl.memory import LRU, AsGRU
        >>> rnn = AsGRU(LRU(8, 16))
        >>> y, h = rnn(torch.randn(5, 2, 8))
        >>> y.shape, h.shape
        (torch.Size([5, 2, 16]), torch.Size([1, 2, 32]))
        >>> y, h = rnn(torch.randn(5, 2, 8), h)
    """

    num_layers = 1

    def __init__(self, memory: Memory, batch_first: bool = False) -> None:
        super().__init__()
        self.memory = memory
        self.batch_first = batch_first
        self.input_size = memory.input_size
        self.output_size = memory.output_size
        self.hidden_size = sum(entry.numel() for entry in memory.initial_state(1).values())
        """Size S of h, for `torch.zeros(rnn.num_layers, B, rnn.hidden_size)`; the size of y is `output_size`."""

    def forward(self, x: Tensor, h: Tensor | None = None, first: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run over a sequence.

        Args:
            x: Features [T, B, D]; [B, T, D] with `batch_first`; [T, D] for one sequence.
            h: The h that the previous call returned, [1, B, S]; [1, S] for one sequence; None means the initial state.
            first: True where x[t] begins an episode, of x's shape without D, bool; None means nowhere.

        Returns:
            y like x with H in the place of D, and h.

        Raises:
            ValueError: If a shape is another one.
        """
        batched = x.dim() == 3
        x = self._to_memory(x, batched)
        first = None if first is None else self._to_memory(first, batched)
        B = x.shape[1]
        initial = self.memory.initial_state(1)
        state = None
        if h is not None:
            require_shape((1, B, self.hidden_size) if batched else (1, self.hidden_size), h=h)
            state = unflatten_state(h.reshape(B, self.hidden_size), initial)
        y, state = self.memory(x, state, first)
        flat = flatten_state(state, initial, y)
        if not batched:
            return y[:, 0], flat
        return (y.transpose(0, 1) if self.batch_first else y), flat[None]

    def _to_memory(self, x: Tensor, batched: bool) -> Tensor:
        """Return x [T, B, ...], from whichever order of time and batch, or from one sequence."""
        if not batched:
            return x[:, None]
        return x.transpose(0, 1) if self.batch_first else x
