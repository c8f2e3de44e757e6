"""Checks that the tensors of a core fit together: some of its backends do not look where they read."""

import torch
from torch import Tensor


def require_shapes(core: str, given: dict[str, Tensor], **expected: tuple[int, ...]) -> None:
    """Raise ValueError naming the first tensor of another shape, or `first` where it is not bool."""
    if given["first"].dtype != torch.bool:
        raise ValueError(f"{core}: first is {given['first'].dtype}; it must be torch.bool")
    for name, shape in expected.items():
        if given[name].shape != shape:
            raise ValueError(f"{core}: {name} has shape {tuple(given[name].shape)}; expected {shape}")
