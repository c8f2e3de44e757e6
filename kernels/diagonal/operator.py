"""The operator of a backend of diagonal.py that has one loop for each cell: the code around these loops.

All h of a row lie before all c in the loops, [B, 2, N], so that neighbouring units are neighbouring numbers.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.library import CustomOpDef

from memorl.kernels.common.operators import differentiable


def _swap_pairs(x: Tensor, dims: int = 3) -> Tensor:
    """Return a tensor of `dims` dimensions with the last two swapped, and any other tensor as it is."""
    return x.mT if x.dim() == dims else x


def diagonal_operator(name: str, run: Callable[..., None]) -> CustomOpDef:
    """Make the differentiable operator of a backend.

    Args:
        name: The name of the operator.
        run: A function (cell, backward, (T, B, N), *tensors) that runs one of the loops. It fills the last tensors: y,
            or the gradients of the gates, of the first state, and of the weight in each row, [B, G N].
    """

    def forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str) -> Tensor:
        y = h.new_empty(len(gates), *_swap_pairs(h).shape)
        run(cell, False, (*first.shape, h.shape[1]), gates, _swap_pairs(h), first, weight, y)
        return _swap_pairs(y, 4)

    def backward(
        dy: Tensor, y: Tensor, gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, cell: str
    ) -> tuple[Tensor, Tensor, Tensor]:
        dx = gates.new_empty(gates.shape)
        dh = h.new_empty(_swap_pairs(h).shape)
        dw = h.new_empty(len(h), len(weight))
        arguments = (_swap_pairs(dy, 4), _swap_pairs(y, 4), gates, _swap_pairs(h), first, weight)
        run(cell, True, (*first.shape, h.shape[1]), *arguments, dx, dh, dw)
        return dx, _swap_pairs(dh), dw.sum(0)

    def fake(gates: Tensor, h: Tensor, *_: Any) -> Tensor:
        return _swap_pairs(h.new_empty(len(gates), *_swap_pairs(h).shape), 4)

    def fake_backward(dy, y, gates, h, first, weight, cell):  # type: ignore[no-untyped-def]
        dh = _swap_pairs(h.new_empty(_swap_pairs(h).shape))
        return gates.new_empty(gates.shape), dh, weight.new_empty(weight.shape)

    return differentiable(name, forward, backward, "gates h weight", fake=fake, fake_backward=fake_backward)
