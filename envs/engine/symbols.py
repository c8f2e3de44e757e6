"""Names of compiled functions that no two processes share.

Numba names a compiled function by its Python name, its types and a number that counts from 1 in every process, and a
record by such a number alone. Where a process loads from the disk cache what two others compiled, functions with the
same name are taken for each other, and an environment plays by the rules of another one. So each process counts from a
number of its own.
"""

import itertools
import os

from numba.core.bytecode import FunctionIdentity


def name_functions_apart() -> None:
    """Count the functions that this process compiles, and each process that it forks, from a random number."""
    _count_from_random()
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_count_from_random)


def _count_from_random() -> None:
    FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(7)))
