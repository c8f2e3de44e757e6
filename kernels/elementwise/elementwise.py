"""A nonlinear recurrence in which each unit sees itself alone, with episode starts inside the loop.

Legend: T time, B batch, N units. A unit is a number, or a pair in a last dimension of size 2: two numbers that the
recurrence turns and scales as one complex number (r * h) and squashes one by one (act).

    h_t = act(gates_t + r * h_{t-1}),   h_{t-1} = 0 where first                     (1)

Backward, with e = dL/dh from outside, act' taken from h_t, and the bar for the complex conjugate:

    g_t = act'_t * (e_t + conj(r) g_{t+1}),   the last term 0 where first at t + 1    (2)
    dgates = g,   dr = sum over t, b of conj(h_{t-1}) g_t,   dL/dh_0 = conj(r) g_1    (3)

Forward is two operations a step, backward three; (2) is run on the conjugates, which act' does not mind. Nothing but h
is kept.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import choose
from memorl.kernels.common.shapes import require_shapes

from .reference import elementwise_loop_reference
from .torch_loop import elementwise_loop_torch


def elementwise_loop(
    gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str, backend: str = "auto"
) -> Tensor:
    """Run the element-wise recurrence, equation (1).

    Args:
        gates: What comes from the input, [T, B, N], or [T, B, N, 2] for pairs.
        h: The state before the first step, [B, N] or [B, N, 2].
        first: True where a step begins an episode, [T, B], bool.
        weight: r, [N] or [N, 2].
        activation: relu or tanh.
        backend: "reference", "torch", "numba" (on a CPU, float32), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The state after every step, of the shape of gates. Differentiable, once, in gates, h and weight.

    Raises:
        ValueError: If there is no such activation, shapes do not fit, or the backend is unknown or cannot run here.
    """
    if activation not in ("relu", "tanh"):
        raise ValueError(f"activation is {activation!r}; it must be relu or tanh")
    choice = choose(backend, gates, h, weight, numba=(torch.float32,))
    T, B = gates.shape[:2]
    units = tuple(gates.shape[2:])
    tensors = {"h": h, "first": first, "weight": weight}
    require_shapes("elementwise_loop", tensors, h=(B, *units), first=(T, B), weight=units)
    if choice == "reference":
        return elementwise_loop_reference(gates, h, first, weight, activation)
    loop = elementwise_loop_torch
    if choice == "numba":
        from .numba_loop import elementwise_loop_numba as loop
    if choice == "triton":
        from .triton_loop import elementwise_loop_triton as loop
    return loop(gates, h, first, weight, activation)
