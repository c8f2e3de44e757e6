"""Loops of the cores compiled for a CPU by Numba, where it is installed: it is not needed, and imported when called.

Numba keeps what it compiled on disk and notices a change of the file of a loop, but not of the files of what that
calls. The key here therefore carries a digest of every file of this folder.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


@cache
def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """The function compiled, without the GIL; kept on disk between runs, where there is a place for it."""
    from numba import njit
    from numba.core.caching import FunctionCache

    class FolderCache(FunctionCache):
        def _index_key(self, *signature: Any) -> tuple[Any, ...]:
            return (*super()._index_key(*signature), _digest())

        def load_overload(self, *given: Any) -> Any:
            with suppress(Exception):  # what cannot be read is compiled again
                return super().load_overload(*given)
            return None

        def save_overload(self, *given: Any) -> None:
            with suppress(Exception):  # nor does a full disk stop anybody
                super().save_overload(*given)

    dispatcher = njit(nogil=True)(function)
    with suppress(RuntimeError):  # no place can be written to
        dispatcher._cache = FolderCache(function)
    return dispatcher


@cache
def _digest() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def array(x: Tensor, dims: int = 0, leading: int = 2) -> Array:
    """What a compiled loop sees of a tensor, contiguous; leading dimensions, T and B, have size 1 if they are expanded.

    With `dims` dimensions it is made of pairs [..., 2], which become complex numbers. A tensor that is contiguous
    shares its memory, so that the loop can write it.
    """
    pairs = x.dim() == dims
    for dim in range(leading):
        x = x.narrow(dim, 0, 1) if x.stride(dim) == 0 and x.shape[dim] > 1 else x
    numbers = x.detach().contiguous().numpy()
    return numbers.view(f"c{2 * numbers.itemsize}").reshape(numbers.shape[:-1]) if pairs else numbers
