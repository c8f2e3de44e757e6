"""Choose the backend of a core by device and dtype; a backend that the user names runs, or there is an error."""

import importlib.util
from functools import cache

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .packing import has_few_rows, is_single_step

Dtypes = tuple[torch.dtype, ...]

FLOATS = (torch.float32, torch.float64)
MAX_ROWS_PER_THREAD = 64
"""Up to this many rows a thread, a cell compiled by Numba is faster than a cell of torch's operators."""

HAS_TRITON = importlib.util.find_spec("triton") is not None
HAS_NUMBA = importlib.util.find_spec("numba") is not None
"""True if the library is installed; only the backends that use it import it."""


def is_transformed(*tensors: Tensor | None) -> bool:
    """Return whether `torch.func` differentiates or maps here (`grad`, `vmap`, ...), or derivatives go forward."""
    if torch.compiler.is_compiling():
        return False
    if forward_ad._current_level >= 0:
        return True
    return any(x is not None and torch._C._functorch.is_functorch_wrapped_tensor(x) for x in tensors)


@cache
def _numba_works() -> bool:
    """Return whether Numba can be imported; it refuses a NumPy version that it does not know."""
    try:
        importlib.import_module("numba")
    except ImportError:
        return False
    return True


def choose(
    backend: str, *tensors: Tensor, weight: Tensor | None = None, numba: Dtypes = (), triton: bool = True
) -> str:
    """Return the backend that runs: "reference", "torch", "numba" or "triton".

    Args:
        backend: One of these, or "auto": "triton" where it can run on a GPU, "numba" where it can on a CPU, else
            "torch"; under `torch.func` and forward-mode differentiation "reference", since these know no derivative
            of an operator, and under `torch.export`, since what is exported runs where this library is not installed.
        tensors: The tensors that the core computes with.
        weight: The weight of a matrix product, which Triton also takes in bfloat16.
        numba: The precisions of the core's backend for Numba; empty where it has none.
        triton: Whether the core has a backend for Triton.

    Raises:
        ValueError: If there is no such backend, or it cannot run on these tensors.
    """
    if backend == "auto":
        if torch.compiler.is_exporting() or is_transformed(*tensors, weight):
            return "reference"
        if tensors[0].is_cuda:
            return "triton" if triton and not _why_no_triton(tensors, weight) else "torch"
        return "numba" if numba and not _why_no_numba(tensors, weight, numba) else "torch"
    known = ["reference", "torch", *["numba"] * bool(numba), *["triton"] * triton]
    if backend not in known:
        raise ValueError(f"backend is {backend!r}; it must be one of {', '.join(['auto', *known])}")
    reason = _why_no_triton(tensors, weight) if backend == "triton" else ""
    reason = _why_no_numba(tensors, weight, numba) if backend == "numba" else reason
    if reason:
        raise ValueError(f"backend is {backend!r}, but {reason}")
    return backend


def choose_cell(backend: str, gates: Tensor, first: Tensor, *states: Tensor, weight: Tensor) -> str:
    """Return the backend that runs a cell with a weight, for its `gates` [T, B, ...] and `first` [T, B]; see `choose`.

    "auto" is "numba" only where a thread has few rows, and "reference" for a single step on a CPU.
    """
    choice = choose(backend, gates, *states, weight=weight, numba=(torch.float32,))
    if backend == "auto" and choice in ("torch", "numba"):
        if is_single_step(gates):
            return "reference"
        if not has_few_rows(first, MAX_ROWS_PER_THREAD):
            return "torch"
    return choice


def _why_no_numba(tensors: tuple[Tensor, ...], weight: Tensor | None, allowed: Dtypes) -> str:
    """Return the reason why Numba cannot run, or an empty text."""
    if not HAS_NUMBA:
        return "numba is not installed"
    if not torch.compiler.is_compiling() and not _numba_works():
        return "numba cannot be imported"
    with_weight = tensors if weight is None else (*tensors, weight)
    if any(a.device.type != "cpu" or a.dtype not in allowed for a in with_weight):
        kinds = ", ".join(sorted({f"{a.dtype} on {a.device}" for a in with_weight}))
        names = " or ".join(str(dtype).removeprefix("torch.") for dtype in allowed)
        return f"the tensors are {kinds}; they must be {names} on a CPU"
    return "" if len({a.dtype for a in with_weight}) == 1 else "the tensors are of different precision"


def _why_no_triton(tensors: tuple[Tensor, ...], weight: Tensor | None) -> str:
    """Return the reason why Triton cannot run, or an empty text."""
    if not HAS_TRITON:
        return "triton is not installed"
    with_weight = tensors if weight is None or weight.dtype == torch.bfloat16 else (*tensors, weight)
    if any(a.dtype != torch.float32 for a in with_weight):
        dtypes = ", ".join(sorted({str(a.dtype) for a in with_weight}))
        return f"the tensors are {dtypes}; they must be float32" + ", a weight also bfloat16" * (weight is not None)
    if with_weight[0].is_cuda:  # the properties, since torch.compile sees through these, and not through the capability
        major = torch.cuda.get_device_properties(with_weight[0].device).major
        return "" if major >= 8 else "the GPU is older than Ampere"
    from .gpu.tiles import INTERPRETED

    return "" if INTERPRETED else f"the tensors are on {with_weight[0].device}, and Triton's interpreter is off"
