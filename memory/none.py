"""No memory: the control that every memory is compared with."""

from torch import Tensor

from .base import Memory, State


class NoMemory(Memory):
    """Returns its input and has no state.

    Args:
        input_size: Size of the features that go in, and come out.
    """

    horizon = 0

    def __init__(self, input_size: int) -> None:
        super().__init__(input_size, input_size)

    def initial_state(self, batch_size: int) -> State:
        """Return the empty state."""
        return {}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Return x and the empty state."""
        state, _ = self.prepare(x, state, first)
        return x, state
