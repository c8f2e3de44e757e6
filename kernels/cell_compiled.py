"""What the compiled loops of cells share: a check of what they read, and threads for their rows."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .compiled import compiled
from .threads import share_out

ENOUGH = 1 << 22
"""Multiplications from which a second thread pays for being woken."""


def require_shapes(core: str, given: dict[str, Tensor], **wanted: tuple[int, ...]) -> None:
    """Raise ValueError naming the first tensor of another shape: compiled code does not look where it reads."""
    if given["first"].dtype != torch.bool:
        raise ValueError(f"{core}: first is {given['first'].dtype}; it must be torch.bool")
    for name, shape in wanted.items():
        if given[name].shape != shape:
            raise ValueError(f"{core}: {name} has shape {tuple(given[name].shape)}; expected {shape}")


def by_rows(function: Callable[..., None], arrays: tuple[Any, ...], rows: int, work: int) -> None:
    """Run the compiled `function(*arrays, low, high)` over all rows: in two or more threads, if that pays."""
    run = compiled(function)
    threads = min(torch.get_num_threads(), rows // 2) if work >= ENOUGH else 1
    share_out(lambda low, high: run(*arrays, low, high), rows, threads)
