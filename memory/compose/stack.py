"""Memories in a row: each reads the features of the previous one.

With `credit="rtrl"` inside, the gradient of each memory's own recurrence is exact over the whole history; the gradient
of a lower memory through a higher one is exact within the sequence and ends at its first row (Irie et al., 2024, sec.
5).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import final

from torch import Tensor

from memorl.memory.base import Memory, State

from .several import Several, join_states, split_state


@final
class Stack(Several):
    """Several memories as one.

    Args:
        memories: From the first to the last; each takes the features of the previous one.

    State: the states of all, the names prefixed by the place in the stack: `0.h`, `1.h`, ...

    Raises:
        ValueError: If there is none, or the sizes of two neighbours differ.

    Example:
        >>> import torch
        >>> from memorl.memory import GRU, LSTM
        >>> memory = Stack([GRU(8, 16), LSTM(16, 32)])
        >>> y, state = memory(torch.randn(5, 2, 8))
        >>> y.shape, sorted(state)
        (torch.Size([5, 2, 32]), ['0.h', '1.c', '1.h'])
    """

    def __init__(self, memories: Sequence[Memory]) -> None:
        if not memories:
            raise ValueError("memories is empty; a stack needs at least one")
        for i, (below, above) in enumerate(pairwise(memories)):
            if below.output_size != above.input_size:
                raise ValueError(
                    f"memories[{i + 1}] takes {above.input_size} features; memories[{i}] gives {below.output_size}"
                )
        super().__init__(memories[0].input_size, memories[-1].output_size, memories)
        horizons = [memory.horizon for memory in memories]
        self.horizon = None if None in horizons else sum(h for h in horizons if h is not None)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the memories in a row over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        states = split_state(state, len(self.memories))
        for i, memory in enumerate(self.members()):
            x, states[i] = memory(x, states[i], first)
        return x, join_states(states)

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return the heat maps of all, the names prefixed as in the state."""
        state, first = self.prepare(x, state, first)
        heatmaps: dict[str, Tensor] = {}
        for i, (memory, own) in enumerate(zip(self.members(), split_state(state, len(self.memories)), strict=True)):
            heatmaps |= {f"{i}.{name}": heatmap for name, heatmap in memory.heatmaps(x, own, first).items()}
            x, _ = memory(x, own, first)
        return heatmaps
