"""The processes of asynchronous environments, when one of them has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gymnasium.vector import AsyncVectorEnv, VectorEnv


@contextmanager
def end_with_lost_worker(env: VectorEnv[Any, Any, Any]) -> Iterator[None]:
    """End every process of an environment if one was lost in the block: Gymnasium would wait for it at the end."""
    try:
        yield
    except (EOFError, ConnectionError):
        batch = env.unwrapped
        if isinstance(batch, AsyncVectorEnv):
            for process in batch.processes:
                process.terminate()
            batch.closed = True
        raise
