"""Effects on the whole process: a run seeds torch and sets its threads, and a script keeps freed memory."""

import ctypes
import os
import sys

import torch

from memorl.memory.checks import require_between

MAX_THREADS_PER_CPU = 4

M_TRIM_THRESHOLD = -1  # of glibc's malloc.h
M_TOP_PAD = -2
M_MMAP_THRESHOLD = -3


def prepare_process(seed: int, threads: int | None = None) -> None:
    """Seed torch, and set the number of its CPU threads (None leaves it).

    Raises:
        ValueError: If the number of threads is far above that of the CPUs; torch does not survive a million.
    """
    require_between(1, MAX_THREADS_PER_CPU * (os.cpu_count() or 1), threads=threads)
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)


def keep_freed_memory() -> None:
    """Keep the large blocks that an update frees for the next one, where glibc allocates.

    By default they go back to the kernel, which clears their pages anew; that took a fifth of an update on 2 CPU cores
    (docs/log.md).
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc and hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_TOP_PAD, 1 << 28)
