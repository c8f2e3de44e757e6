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
from torch.library import CustomOpDef

from .backend import choose
from .shapes import require_shapes
from .starts import numbers, starts


def elementwise_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    """Equation (1), step by step, left to autograd; pairs are multiplied by hand."""
    outputs = []
    for gates_t, first_t in zip(gates, first, strict=True):
        h = torch.where(first_t.view(-1, *[1] * (h.dim() - 1)), 0, h)
        if h.dim() == 3:
            (r_re, r_im), (h_re, h_im) = weight.unbind(-1), h.unbind(-1)
            h = torch.stack([r_re * h_re - r_im * h_im, r_re * h_im + r_im * h_re], -1)
        else:
            h = weight * h
        h = {"relu": torch.relu, "tanh": torch.tanh}[activation](gates_t + h)
        outputs.append(h)
    return torch.stack(outputs)


def times_slope_(g: Tensor, y: Tensor, activation: str) -> None:
    """Multiply g by act' of what became y, in place."""
    if activation == "relu":
        torch.ops.aten.threshold_backward.grad_input(g, y, 0, grad_input=g)
    else:
        torch.ops.aten.tanh_backward.grad_input(g, y, grad_input=g)


@torch.library.custom_op("memorl::elementwise_loop", mutates_args=())
def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    y = torch.empty_like(gates, memory_format=torch.contiguous_format)
    act_ = torch.relu_ if activation == "relu" else torch.tanh_
    x, out = numbers(gates.contiguous(), 4), numbers(y, 4)
    h, r = numbers(h.contiguous(), 3), numbers(weight.contiguous(), 2)
    rows = zip(x.unbind(0), out.unbind(0), y.unbind(0), starts(first), strict=True)
    for x_t, h_t, parts, wiped in rows:
        h = torch.addcmul(x_t, r, h if wiped is None else h.index_fill(0, wiped, 0), out=h_t)
        act_(parts)
    return y


@_forward.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    return torch.empty_like(gates, memory_format=torch.contiguous_format)


@torch.library.custom_op("memorl::elementwise_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state and the weight."""
    dgates, r = dy.clone(memory_format=torch.contiguous_format), numbers(weight.contiguous(), 2)
    g, old = numbers(dgates, 4).conj_physical_(), numbers(y, 4)
    g_s, parts, y_s = g.unbind(0), dgates.unbind(0), y.unbind(0)
    old_s, wiped = (numbers(h.contiguous(), 3), *old.unbind(0)), starts(first)
    dh, dr = torch.zeros_like(g_s[0]), torch.zeros_like(g_s[0])
    for t in range(len(g_s) - 1, -1, -1):
        times_slope_(parts[t], y_s[t], activation)
        to, rows = g_s[t - 1] if t else dh, wiped[t]
        if rows is None:
            to.addcmul_(r, g_s[t])
            dr.addcmul_(old_s[t], g_s[t])
        else:
            to.add_((r * g_s[t]).index_fill_(0, rows, 0))
            dr.add_((old_s[t] * g_s[t]).index_fill_(0, rows, 0))
    dr = dr.sum(0)
    for x in (g, dh, dr):
        x.conj_physical_()
    return (dgates, torch.view_as_real(dh), torch.view_as_real(dr)) if g.is_complex() else (dgates, dh, dr)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    dh, dr = (torch.empty_like(x, memory_format=torch.contiguous_format) for x in (h, weight))
    return torch.empty_like(y), dh, dr


def derive(forward: CustomOpDef, backward: CustomOpDef) -> None:
    """Let one operator be differentiated by the other, where both take and give what the two above do."""

    def save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
        _, h, first, weight, ctx.activation = inputs
        ctx.save_for_backward(output, h, first, weight)

    def differentiate(ctx, dy: Tensor):  # type: ignore[no-untyped-def]
        dgates, dh, dr = backward(dy, *ctx.saved_tensors, ctx.activation)
        return dgates, dh, None, dr, None

    forward.register_autograd(differentiate, setup_context=save)


derive(_forward, _backward)


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
        backend: "reference", "loop", "compiled" (by Numba, on a CPU, float32), "triton" (a GPU from Ampere on), or
            "auto".

    Returns:
        The state after every step, of the shape of gates. Differentiable, once, in gates, h and weight.

    Raises:
        ValueError: If there is no such activation, shapes do not fit, or the backend is unknown or cannot run here.
    """
    if activation not in ("relu", "tanh"):
        raise ValueError(f"activation is {activation!r}; it must be relu or tanh")
    form = choose(backend, gates, h, weight, compiled=(torch.float32,))
    (T, B), units = gates.shape[:2], tuple(gates.shape[2:])
    given = {"h": h, "first": first, "weight": weight}
    require_shapes("elementwise_loop", given, h=(B, *units), first=(T, B), weight=units)
    if form == "reference":
        return elementwise_loop_reference(gates, h, first, weight, activation)
    if form == "compiled":
        from .elementwise_compiled import elementwise_loop_compiled

        return elementwise_loop_compiled(gates, h, first, weight, activation)
    if form == "triton":
        from .elementwise_triton import elementwise_loop_triton

        return elementwise_loop_triton(gates, h, first, weight, activation)
    return _forward(gates, h, first, weight, activation)
