"""A state as one tensor [B, S], for code that carries a tensor in the place of a dictionary.

Legend: B batch, S numbers of the state of one sequence.

    flat = [entry_1 - initial_1, ..., entry_n - initial_n]                                               (1)

Zeros are the initial state of every memory: code that starts from zeros, or resets by h * (1 - done), does what it
means to do.
"""

import torch
from torch import Tensor

from memorl.memory.base import Memory, State


def flat_size(memory: Memory) -> int:
    """Return S."""
    return sum(entry.numel() for entry in memory.initial_state(1).values())


def flatten_state(memory: Memory, state: State, batch_size: int) -> Tensor:
    """Return a state of `batch_size` sequences as one tensor, [B, S], equation (1)."""
    initial = memory.initial_state(1)
    entries = [(entry - initial[name]).reshape(batch_size, -1) for name, entry in state.items()]
    return torch.cat(entries, 1) if entries else torch.zeros(batch_size, 0)


def unflatten_state(memory: Memory, flat: Tensor) -> State:
    """Return the state of a memory from its flat form [B, S]."""
    initial = memory.initial_state(1)
    parts = flat.split([entry.numel() for entry in initial.values()], 1) if initial else ()
    return {
        name: entry + part.reshape(-1, *entry.shape[1:]).to(entry.dtype)
        for (name, entry), part in zip(initial.items(), parts, strict=True)
    }
