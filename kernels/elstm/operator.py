"""Make the operator of a backend of elstm.py, and the tensors that every backend fills."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.library import CustomOpDef

from memorl.kernels.common.operators import differentiable


def empty_outputs(gates: Tensor, c: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
    """Return new tensors for c [T, B, N], and for a, u and v [3, T, B, N]."""
    shape = (*gates.shape[:2], c.shape[1])
    return gates.new_empty(shape), gates.new_empty(3, *shape)


def empty_gradients(y: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return new tensors for the gradients of the gates, the first c, and the weight of each row, [B, 2N]."""
    T, B, N = y.shape
    return y.new_empty(T, B, 2 * N), c.new_empty(B, N), c.new_empty(B, 2 * N)


def _fake_backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    dx, dc, dw = empty_gradients(y, c)
    return dx, dc, dw.sum(0)


def elstm_operator(name: str, forward: Callable[..., Any], backward: Callable[..., Any]) -> CustomOpDef:
    """Make the differentiable operator of a backend."""
    return differentiable(name, forward, backward, "gates c weight", "y slopes", "", empty_outputs, _fake_backward)
