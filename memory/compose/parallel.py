"""Memories side by side: each reads the features by itself, and their outputs are concatenated.

y = [memory_1(x), ..., memory_n(x)],  or of inputs of their own:  y = [memory_1(x_1), ..., memory_n(x_n)]
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from memorl.memory.base import Memory, State

from .several import Several, join_states, split_state


@final
class Parallel(Several):
    """Several memories as one.

    Args:
        memories: The memories.
        split: Whether each memory reads features of its own, side by side in x; else all read the same features.

    State: the states of all, the names prefixed by the place of the memory: `0.h`, `1.h`, ...

    Raises:
        ValueError: If there is none, or memories that read the same features have other sizes of the input.

    Example:
        >>> import torch
        >>> from memorl.memory import GRU, LSTM
        >>> memory = Parallel([GRU(8, 16), LSTM(8, 32)])
        >>> y, state = memory(torch.randn(5, 2, 8))
        >>> y.shape, sorted(state)
        (torch.Size([5, 2, 48]), ['0.h', '1.c', '1.h'])
    """

    def __init__(self, memories: Sequence[Memory], split: bool = False) -> None:
        if not memories:
            raise ValueError("memories is empty; there must be at least one")
        sizes = [memory.input_size for memory in memories]
        if not split and len(set(sizes)) > 1:
            raise ValueError(f"memories take {', '.join(map(str, sizes))} features; all must take as many")
        output_size = sum(memory.output_size for memory in memories)
        super().__init__(sum(sizes) if split else sizes[0], output_size, memories)
        self.split = split
        horizons = [memory.horizon for memory in memories]
        self.horizon = None if None in horizons else max(h for h in horizons if h is not None)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run every memory over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        outputs = []
        states = []
        for memory, own_x, own_state in self._inputs(x, state):
            y, next_state = memory(own_x, own_state, first)
            outputs.append(y)
            states.append(next_state)
        return torch.cat(outputs, -1), join_states(states)

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return the heat maps of all, the names prefixed as in the state."""
        state, first = self.prepare(x, state, first)
        inputs = self._inputs(x, state)
        return join_states([memory.heatmaps(own_x, own_state, first) for memory, own_x, own_state in inputs])

    def _inputs(self, x: Tensor, state: State) -> list[tuple[Memory, Tensor, State]]:
        """Return each memory with its features and its state."""
        members = self.members()
        features = x.split([memory.input_size for memory in members], -1) if self.split else [x] * len(members)
        return list(zip(members, features, split_state(state, len(members)), strict=True))
