"""Threads for the rows of compiled loops."""

from collections.abc import Callable
from typing import Any

import torch

from .compiled import compiled
from .threads import share_out

ENOUGH = 1 << 22
"""Multiplications from which a second thread pays for being woken."""


def by_rows(function: Callable[..., None], arrays: tuple[Any, ...], rows: int, work: int) -> None:
    """Run the compiled `function(*arrays, low, high)` over all rows: in two or more threads, if that pays."""
    run = compiled(function)
    threads = min(torch.get_num_threads(), rows // 2) if work >= ENOUGH else 1
    share_out(lambda low, high: run(*arrays, low, high), rows, threads)
