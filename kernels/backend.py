"""Which form of a core runs: chosen by device and dtype, or named, and then it is that one or an error."""

import importlib.util

import torch
from torch import Tensor

HAS_TRITON = importlib.util.find_spec("triton") is not None
"""Whether Triton is installed; it is imported only by what uses it."""


def choose(backend: str, *tensors: Tensor, weight: Tensor | None = None, plain: str = "loop") -> str:
    """The form that runs: "reference", `plain` or "triton".

    Args:
        backend: One of these, or "auto": "triton" where it can run on a GPU, else `plain`.
        tensors: What goes in, and is computed on.
        weight: The weight of a matrix product, which Triton also takes in bfloat16.
        plain: What the form is called that runs everywhere.

    Returns:
        The name of the form.

    Raises:
        ValueError: If there is no such form, or it cannot run on these tensors.
    """
    if backend == "auto":
        return "triton" if tensors[0].is_cuda and not _refusal(tensors, weight) else plain
    if backend not in ("reference", plain, "triton"):
        raise ValueError(f"backend is {backend!r}; it must be 'auto', 'reference', {plain!r} or 'triton'")
    if backend == "triton" and (reason := _refusal(tensors, weight)):
        raise ValueError(f"backend is 'triton', but {reason}")
    return backend


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
