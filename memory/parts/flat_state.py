"""A state as one tensor [B, S], for code that carries a tensor in the place of a dictionary.

Legend: B batch, S numbers of the state of one sequence.

    flat = [entry_1 - initial_1, ..., entry_n - initial_n]                                               (1)

Zeros are the initial state of every memory: code that starts from zeros, or resets by h * (1 - done), does what it
means to do.
"""

import torch
from torch import Tensor

from memorl.memory.base import State


def flatten_state(state: State, initial: State, like: Tensor) -> Tensor:
    """Return a state as one tensor [B, S], equation (1); `initial` is that of one sequence, `like` any [T, B, ...]."""
    entries = [(entry - initial[name]).reshape(len(entry), -1) for name, entry in state.items()]
    return torch.cat(entries, 1) if entries else like.new_zeros(like.shape[1], 0)


def unflatten_state(flat: Tensor, initial: State) -> State:
    """Return a state from its flat form [B, S]; `initial` is that of one sequence."""
    parts = flat.split([entry.numel() for entry in initial.values()], 1) if initial else ()
    return {
        name: entry + part.reshape(-1, *entry.shape[1:]).to(entry.dtype)
        for (name, entry), part in zip(initial.items(), parts, strict=True)
    }
