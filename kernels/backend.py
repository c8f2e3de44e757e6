"""Which form of a core runs: chosen by device and dtype, or named, and then it is that one or an error."""

import importlib.util

import torch
from torch import Tensor

HAS_TRITON = importlib.util.find_spec("triton") is not None
"""Whether Triton is installed; it is imported only by what uses it."""


def choose(backend: str, weight: Tensor, *others: Tensor) -> str:
    """The form that runs: "reference", "packed" or "triton".

    Args:
        backend: One of these, or "auto": "triton" where it can run on a GPU, else "packed".
        weight: The weight of the recurrence.
        others: What else goes in, and is computed on.

    Returns:
        The name of the form.

    Raises:
        ValueError: If there is no such form, or it cannot run on these tensors.
    """
    if backend == "auto":
        return "triton" if weight.is_cuda and not _refusal(weight, *others) else "packed"
    if backend not in ("reference", "packed", "triton"):
        raise ValueError(f"backend is {backend!r}; it must be 'auto', 'reference', 'packed' or 'triton'")
    if backend == "triton" and (reason := _refusal(weight, *others)):
        raise ValueError(f"backend is 'triton', but {reason}")
    return backend


def _refusal(weight: Tensor, *others: Tensor) -> str:
    """Why Triton cannot run, or nothing."""
    if not HAS_TRITON:
        return "triton is not installed"
    if any(a.dtype != torch.float32 for a in others) or weight.dtype not in (torch.float32, torch.bfloat16):
        dtypes = ", ".join(sorted({str(a.dtype) for a in (weight, *others)}))
        return f"the tensors are {dtypes}; they must be float32, the weight float32 or bfloat16"
    if weight.is_cuda:
        return "" if torch.cuda.get_device_capability(weight.device) >= (8, 0) else "the GPU is older than Ampere"
    from .triton_tiles import INTERPRETED

    return "" if INTERPRETED else f"the tensors are on {weight.device}, and Triton's interpreter is off"
