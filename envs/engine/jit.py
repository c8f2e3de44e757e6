"""Compile functions, and keep their disk cache valid when the code changes.

`jit` compiles a function that compiled code calls, into its caller. `compile_loop` compiles what Python calls: a loop
over the envs of a batch, without the GIL, kept on disk between runs. A loop closes over the functions of a game.

Numba's disk cache notices a change of the loop's own file (by its content or, in older versions, by its time), but not
of the files of the functions it calls, and confuses closures of one function. So the key of a loop here has the name of
every function, and the stamp of its index is a digest of all files of `envs` and of the loop and its functions.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from .symbols import name_functions_apart

Record: TypeAlias = Any
"""One element of a structured array inside compiled code: fields are attributes."""
Compiled: TypeAlias = Any
"""A function that `jit` made."""

jit = njit(nogil=True)
name_functions_apart()


def compile_loop(loop: Callable[..., Any], *functions: Compiled) -> Callable[..., Any]:
    """Compile a loop over compiled functions on its first call, or load it from the disk cache."""
    names = tuple(map(_name, functions))
    loop.__qualname__ = f"{loop.__name__}_{_hash(repr(names).encode())[:12]}"
    compiled = njit(nogil=True)(loop)
    files = [Path(function.py_func.__code__.co_filename) for function in (compiled, *functions)]
    compiled._cache = _LoopCache(loop, names, _digest(tuple(files)))
    return compiled


class _LoopCache(FunctionCache):
    def __init__(self, loop: Callable[..., Any], names: tuple[Any, ...], digest: str) -> None:
        super().__init__(loop)
        self._names = names
        self._cache_file._source_stamp = digest

    def _index_key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
        return signature, codegen.magic_tuple(), self._names

    def load_overload(self, *arguments: Any) -> Any:
        with suppress(Exception):  # what cannot be read is compiled again
            return super().load_overload(*arguments)
        return None

    def save_overload(self, *arguments: Any) -> None:
        with suppress(Exception):  # a full disk stops nobody
            super().save_overload(*arguments)


def _name(function: Compiled) -> tuple[Any, ...]:
    """Return the module and the name of a function, and the same of what it closes over."""
    if not hasattr(function, "py_func"):
        return (dumps(function),)
    python = function.py_func
    closed_over = [cell.cell_contents for cell in python.__closure__ or ()]
    return python.__module__, python.__qualname__, *map(_name, closed_over)


@cache
def _digest(files: tuple[Path, ...]) -> str:
    folder = Path(__file__).parents[1]
    every_file = sorted({*folder.rglob("*.py"), *(file for file in files if file.is_file())})
    return _hash(b"\0".join(file.read_bytes() for file in every_file))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
