"""The recurrence of elementwise.py by torch's operators, equations (1) to (3) there, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common.operators import Tensors3, differentiable
from memorl.kernels.common.pairs import as_complex
from memorl.kernels.common.resets import add_product_, reset_indices


def multiply_slope_(g: Tensor, y: Tensor, activation: str) -> None:
    """Multiply the gradient g by the slope act'(x) in place; the slope is computed from y = act(x)."""
    if activation == "relu":
        torch.ops.aten.threshold_backward.grad_input(g, y, 0, grad_input=g)
    else:
        torch.ops.aten.tanh_backward.grad_input(g, y, grad_input=g)


def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    y = torch.empty_like(gates, memory_format=torch.contiguous_format)
    act_ = torch.relu_ if activation == "relu" else torch.tanh_
    x = as_complex(gates.contiguous(), 4)
    out = as_complex(y, 4)
    h = as_complex(h.contiguous(), 3)
    r = as_complex(weight.contiguous(), 2)
    rows = zip(x.unbind(0), out.unbind(0), y.unbind(0), reset_indices(first), strict=True)
    for x_t, h_t, parts, reset in rows:
        h = torch.addcmul(x_t, r, h if reset is None else h.index_fill(0, reset, 0), out=h_t)
        act_(parts)
    return y


def _backward(dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensors3:
    dgates = dy.clone(memory_format=torch.contiguous_format)
    r = as_complex(weight.contiguous(), 2)
    g = as_complex(dgates, 4).conj_physical_()
    previous = as_complex(y, 4)
    g_s = g.unbind(0)
    parts = dgates.unbind(0)
    y_s = y.unbind(0)
    old_s = (as_complex(h.contiguous(), 3), *previous.unbind(0))
    resets = reset_indices(first)
    dh = torch.zeros_like(g_s[0])
    dr = torch.zeros_like(g_s[0])
    for t in range(len(g_s) - 1, -1, -1):
        multiply_slope_(parts[t], y_s[t], activation)
        add_product_(g_s[t - 1] if t else dh, r, g_s[t], resets[t])
        add_product_(dr, old_s[t], g_s[t], resets[t])
    dr = dr.sum(0)
    for x in (g, dh, dr):
        x.conj_physical_()
    return (dgates, torch.view_as_real(dh), torch.view_as_real(dr)) if g.is_complex() else (dgates, dh, dr)


elementwise_loop_torch = differentiable(
    "elementwise_loop_torch", _forward, _backward, "gates h weight", shapes="y h weight"
)
