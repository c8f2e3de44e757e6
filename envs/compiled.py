"""Two decorators for compiled code, and the one rule that keeps its disk cache honest.

`leaf` marks a function that compiled code calls; it is compiled into its caller. `entry` marks what Python calls: one
whole batch of environments per call, without the GIL, kept on disk between runs.

Numba's disk cache notices a change of the file that holds the entry, but not of the files that hold its leaves. The key
here therefore carries a digest of every file in this folder, so that an edit or an upgrade anywhere recompiles.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from numba import njit
from numba.core.caching import FunctionCache

Record: TypeAlias = Any
"""One element of a structured array inside compiled code: fields are attributes."""

leaf = njit(nogil=True)


@cache
def _source_digest() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


class _FolderCache(FunctionCache):
    def _index_key(self, *signature: Any) -> tuple[Any, ...]:
        return (*super()._index_key(*signature), _source_digest())

    def load_overload(self, *given: Any) -> Any:
        with suppress(Exception):  # what cannot be read is compiled again
            return super().load_overload(*given)
        return None

    def save_overload(self, *given: Any) -> None:
        with suppress(Exception):  # nor does a full disk stop anybody
            super().save_overload(*given)


def entry(function: Callable[..., None]) -> Callable[..., None]:
    """Compile `function` on its first call, or load it from the disk cache."""
    dispatcher = njit(nogil=True, cache=True)(function)
    dispatcher._cache = _FolderCache(function)
    return dispatcher
