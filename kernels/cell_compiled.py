"""What the compiled loops of cells share: a check of what they read, and threads for their rows."""

import threading
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .compiled import Array, compiled

ENOUGH = 1 << 24
"""Multiplications from which a second thread pays for being started."""


def require_shapes(core: str, given: dict[str, Tensor], **wanted: tuple[int, ...]) -> None:
    """Raise ValueError naming the first tensor of another shape: compiled code does not look where it reads."""
    if given["first"].dtype != torch.bool:
        raise ValueError(f"{core}: first is {given['first'].dtype}; it must be torch.bool")
    for name, shape in wanted.items():
        if given[name].shape != shape:
            raise ValueError(f"{core}: {name} has shape {tuple(given[name].shape)}; expected {shape}")


def by_rows(function: Callable[..., None], arrays: tuple[Array, ...], rows: int, work: int) -> None:
    """Run the compiled `function(*arrays, low, high)` over all rows: in two or more threads, if that pays."""
    blocks = min(torch.get_num_threads(), rows // 2) if work >= ENOUGH else 1
    edges = np.linspace(0, rows, max(1, blocks) + 1).astype(int).tolist()
    run = compiled(function)
    own, *spans = pairwise(edges)
    others = [threading.Thread(target=run, args=(*arrays, *span)) for span in spans]
    for thread in others:
        thread.start()
    run(*arrays, *own)
    for thread in others:
        thread.join()
