"""Threads that share the envs of a batch."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any

import numpy as np


class Threads:
    """A block of envs for each thread.

    Args:
        num_envs: How many envs there are.
        threads: The largest number of threads.
    """

    def __init__(self, num_envs: int, threads: int) -> None:
        edges = np.linspace(0, num_envs, min(threads, num_envs) + 1).astype(int).tolist()
        self._blocks = list(pairwise(edges))
        self._pool = ThreadPoolExecutor(len(self._blocks) - 1) if len(self._blocks) > 1 else None

    def run(self, loop: Callable[..., None], *arguments: Any) -> None:
        """Call the compiled `loop(low, high, *arguments)` for all envs, a block of them in each thread."""
        own, *others = self._blocks
        if self._pool is None:
            loop(*own, *arguments)
            return
        futures = [self._pool.submit(loop, *block, *arguments) for block in others]
        try:
            loop(*own, *arguments)
        finally:
            wait(futures)
        for future in futures:
            future.result()

    def close(self) -> None:
        """End the threads."""
        if self._pool:
            self._pool.shutdown()
