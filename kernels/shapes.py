"""What a core is given must fit together: some of its forms do not look where they read."""

import torch
from torch import Tensor


def require_shapes(core: str, given: dict[str, Tensor], **wanted: tuple[int, ...]) -> None:
    """Raise ValueError naming the first tensor of another shape, or `first` where it is not bool."""
    if given["first"].dtype != torch.bool:
        raise ValueError(f"{core}: first is {given['first'].dtype}; it must be torch.bool")
    for name, shape in wanted.items():
        if given[name].shape != shape:
            raise ValueError(f"{core}: {name} has shape {tuple(given[name].shape)}; expected {shape}")
