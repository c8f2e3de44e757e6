"""Which form of a core runs: chosen by device and dtype, or named, and then it is that one or an error."""

import importlib.util
from functools import cache

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .packing import are_few, is_one_step

FLOATS = (torch.float32, torch.float64)
FEW = 64
"""Rows a thread up to which a cell compiled by Numba is faster than one of torch's operators."""

HAS_TRITON = importlib.util.find_spec("triton") is not None
HAS_NUMBA = importlib.util.find_spec("numba") is not None
"""Whether these are installed; they are imported only by what uses them."""


def is_transformed(*tensors: Tensor | None) -> bool:
    """Whether `torch.func` differentiates or maps here (`grad`, `jacrev`, `vmap`, ...), or derivatives go forward."""
    if torch.compiler.is_compiling():
        return False
    if forward_ad._current_level >= 0:
        return True
    return any(x is not None and torch._C._functorch.is_functorch_wrapped_tensor(x) for x in tensors)


@cache
def _numba_works() -> bool:
    """Whether it can be imported, which it cannot beside a NumPy that it does not know."""
    try:
        importlib.import_module("numba")
    except ImportError:
        return False
    return True


def choose(
    backend: str,
    *tensors: Tensor,
    weight: Tensor | None = None,
    plain: str = "loop",
    compiled: tuple[torch.dtype, ...] = (),
) -> str:
    """The form that runs: "reference", `plain`, "compiled" or "triton".

    Args:
        backend: One of these, or "auto": "triton" where it can run on a GPU, "compiled" where that can, else `plain`;
            under `torch.func` and forward-mode differentiation "reference", since these know no derivative of an
            operator.
        tensors: What goes in, and is computed on.
        weight: The weight of a matrix product, which Triton also takes in bfloat16.
        plain: What the form is called that runs everywhere.
        compiled: The precisions for which there is a form compiled by Numba, for a CPU.

    Returns:
        The name of the form.

    Raises:
        ValueError: If there is no such form, or it cannot run on these tensors.
    """
    if backend == "auto":
        if is_transformed(*tensors, weight):
            return "reference"
        if tensors[0].is_cuda:
            return plain if _refusal(tensors, weight) else "triton"
        lasting = torch.compiler.is_exporting()  # what is exported runs where there is no Numba, too
        return "compiled" if compiled and not lasting and not _refusal_of_numba(tensors, weight, compiled) else plain
    forms = ["reference", plain, *["compiled"] * bool(compiled), "triton"]
    if backend not in forms:
        raise ValueError(f"backend is {backend!r}; it must be one of {', '.join(['auto', *forms])}")
    reason = _refusal(tensors, weight) if backend == "triton" else ""
    reason = _refusal_of_numba(tensors, weight, compiled) if backend == "compiled" else reason
    if reason:
        raise ValueError(f"backend is {backend!r}, but {reason}")
    return backend


def choose_cell(backend: str, gates: Tensor, first: Tensor, *states: Tensor, weight: Tensor) -> str:
    """The form that runs of a cell with a weight, for its `gates` [T, B, ...] and `first` [T, B]; see `choose`.

    "auto" is "compiled" only where a thread has few rows, and "reference" for a single step on a CPU.
    """
    form = choose(backend, gates, *states, weight=weight, plain="packed", compiled=(torch.float32,))
    if backend == "auto" and form in ("packed", "compiled"):
        if is_one_step(gates):
            return "reference"
        if not are_few(first, FEW):
            return "packed"
    return form


def _refusal_of_numba(tensors: tuple[Tensor, ...], weight: Tensor | None, allowed: tuple[torch.dtype, ...]) -> str:
    """Why Numba's form cannot run, or nothing."""
    if not HAS_NUMBA:
        return "numba is not installed"
    if not torch.compiler.is_compiling() and not _numba_works():
        return "numba cannot be imported"
    given = tensors if weight is None else (*tensors, weight)
    if any(a.device.type != "cpu" or a.dtype not in allowed for a in given):
        kinds = ", ".join(sorted({f"{a.dtype} on {a.device}" for a in given}))
        names = " or ".join(str(dtype).removeprefix("torch.") for dtype in allowed)
        return f"the tensors are {kinds}; they must be {names} on a CPU"
    return "" if len({a.dtype for a in given}) == 1 else "the tensors are of different precision"


def _refusal(tensors: tuple[Tensor, ...], weight: Tensor | None) -> str:
    """Why Triton cannot run, or nothing."""
    if not HAS_TRITON:
        return "triton is not installed"
    given = tensors if weight is None or weight.dtype == torch.bfloat16 else (*tensors, weight)
    if any(a.dtype != torch.float32 for a in given):
        dtypes = ", ".join(sorted({str(a.dtype) for a in given}))
        return f"the tensors are {dtypes}; they must be float32" + ", a weight also bfloat16" * (weight is not None)
    if given[0].is_cuda:  # the properties, since torch.compile sees through these, and not through the capability
        major = torch.cuda.get_device_properties(given[0].device).major
        return "" if major >= 8 else "the GPU is older than Ampere"
    from .triton_tiles import INTERPRETED

    return "" if INTERPRETED else f"the tensors are on {given[0].device}, and Triton's interpreter is off"
