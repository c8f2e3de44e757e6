"""Compile the loops of the cores for a CPU by Numba, which is optional and imported at the first call.

Numba keeps what it compiled on disk and notices a change of the file of a loop, but not of the files of what that
calls. The key here therefore carries a digest of every file of `kernels/`.
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

ROOT = Path(__file__).parents[2]
"""The folder `kernels/`."""


@cache
def compile_loop(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function compiled, without the GIL; kept on disk between runs, where there is a place for it."""
    from numba import njit
    from numba.core.caching import FunctionCache

    _prepare_numba()

    class FolderCache(FunctionCache):
        def _index_key(self, *signature: Any) -> tuple[Any, ...]:
            return (*super()._index_key(*signature), digest(ROOT))

        def load_overload(self, *args: Any) -> Any:
            with suppress(Exception):  # what cannot be read is compiled again
                return super().load_overload(*args)
            return None

        def save_overload(self, *args: Any) -> None:
            with suppress(Exception):  # nor does a full disk stop anybody
                super().save_overload(*args)

    dispatcher = njit(nogil=True)(function)
    with suppress(RuntimeError):  # no place can be written to
        dispatcher._cache = FolderCache(function)
    return dispatcher


@cache
def _prepare_numba() -> None:
    from .symbols import name_functions_apart

    name_functions_apart()


@cache
def digest(root: Path) -> str:
    """Return a digest of the names and contents of all Python files below a folder."""
    files = sorted(root.rglob("*.py"))
    parts = [part for file in files for part in (str(file.relative_to(root)).encode(), file.read_bytes())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def as_array(x: Tensor, dims: int = 0, leading: int = 0) -> Array:
    """Return the contiguous array that a compiled loop sees of a tensor.

    A tensor that is contiguous shares its memory, so that the loop can write it.

    Args:
        x: The tensor.
        dims: Number of dimensions at which the tensor is made of pairs [..., 2], which become complex numbers.
        leading: Number of leading dimensions (T and B) that get size 1 where they are expanded.
    """
    pairs = x.dim() == dims
    for dim in range(leading):
        x = x.narrow(dim, 0, 1) if x.stride(dim) == 0 and x.shape[dim] > 1 else x
    values = x.detach().contiguous().numpy()
    return values.view(f"c{2 * values.itemsize}").reshape(values.shape[:-1]) if pairs else values
