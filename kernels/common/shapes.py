"""Check the shapes of a core's tensors: some backends read memory without checking bounds."""

import torch
from torch import Tensor


def require_shapes(core: str, tensors: dict[str, Tensor], **expected: tuple[int, ...]) -> None:
    """Raise ValueError naming the first tensor of another shape, or `first` where it is not bool."""
    if tensors["first"].dtype != torch.bool:
        raise ValueError(f"{core}: first is {tensors['first'].dtype}; it must be torch.bool")
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise ValueError(f"{core}: {name} has shape {tuple(tensors[name].shape)}; expected {shape}")
