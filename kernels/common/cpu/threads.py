"""Run compiled loops on threads: the threads of torch's own OpenMP pool, if it has one.

After each of torch's operators its threads go on spinning for some milliseconds, waiting for the next one. Threads of
our own would have to share the cores with them: on 2 cores the LSTM's loop, T = 128 and 4 rows of 256 units, took 11 ms
on two threads of Python's, more than the 7 ms on one, and takes 4 ms on torch's.

`GOMP_parallel` is how code compiled by GCC enters a parallel region; on Linux the OpenMP libraries of GCC, Intel and
LLVM have it. Where it is not found, threads of Python's are started.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from .cache import as_array, compile_loop

MIN_WORK_FOR_THREADS = 1 << 22
"""From this many multiplications on, a second thread saves more time than waking it costs."""

_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@cache
def _openmp() -> Callable[[Any, None, int, int], None] | None:
    """Return OpenMP's entrance to a parallel region, in the library that torch has loaded; None if there is none."""
    try:
        function = ctypes.CDLL(None).GOMP_parallel
    except (AttributeError, OSError, TypeError):
        return None
    function.argtypes = (_WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
    function.restype = None
    return function


def run_threads(run: Callable[[int, int], None], rows: int, threads: int) -> None:
    """Call run(low, high), which releases the GIL, for spans that cover all rows, each in a thread."""
    count = min(threads, rows)
    if count <= 1:
        run(0, rows)
        return
    spans = list(pairwise(rows * i // count for i in range(count + 1)))
    remaining = iter(spans)
    errors: list[BaseException] = []

    def work(_: Any = None) -> None:
        try:
            for span in remaining:
                run(*span)
        except BaseException as error:  # or it would be lost: nobody above here is Python
            errors.append(error)

    parallel = _openmp()
    if parallel:
        parallel(_WORK(work), None, len(spans), 0)
    else:
        others = [threading.Thread(target=work) for _ in spans[1:]]
        for thread in others:
            thread.start()
        work()
        for thread in others:
            thread.join()
    if errors:
        raise errors[0]


def run_rows(function: Callable[..., None], arguments: tuple[Any, ...], rows: int, work: int) -> None:
    """Compile `function` and run it over all rows, with arrays of the tensors; on several threads if that is faster.

    Args:
        function: Takes the arguments, and the first row and the end of the rows that it computes.
        arguments: Tensors, which become arrays, and what Numba knows as it is.
        rows: The number of rows.
        work: The number of multiplications that all rows together are worth.
    """
    run = compile_loop(function)
    arrays = [as_array(x) if isinstance(x, Tensor) else x for x in arguments]
    threads = min(torch.get_num_threads(), rows // 2) if work >= MIN_WORK_FOR_THREADS else 1
    run_threads(lambda low, high: run(*arrays, low, high), rows, threads)
