"""The recurrence of the element-wise LSTM over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, N units. `gates` holds [F x + b_f, Z x + b_z] of every step (one GEMM, made by the caller).

    c_{t-1} = 0 where first                                     an episode starts from nothing
    f_t = sigmoid(gates_f + w_f * c_{t-1})                      (1)
    z_t = tanh(gates_z + w_z * c_{t-1})                         (2)
    c_t = f_t * c_{t-1} + (1 - f_t) * z_t                       (3)

Its derivatives at every step, which need no recursion, and the backward recursion for e = dL/dc from outside:

    u = (c_{t-1} - z) f (1 - f),   v = (1 - f) (1 - z^2)        dc_t / dgates_t, for f and for z      (4)
    a = f + w_f u + w_z v                                       dc_t / dc_{t-1}                       (5)
    d_t = e_t + a_{t+1} d_{t+1},   dgates_t = d_t * [u, v]      (6)

Forward is four operations a step, backward one; 3 T B N floats are kept.
"""

import torch
from torch import Tensor
from torch.library import CustomOpDef

from .backend import choose
from .starts import IN_CACHE, before, starts


def elstm_loop_reference(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Equations (1) to (3), step by step, left to autograd; c [T, B, N], and f and z [T, B, 2N] without a gradient."""
    outputs, activations = [], []
    for gates_t, first_t in zip(gates, first, strict=True):
        c = c.masked_fill(first_t[:, None], 0)
        q_f, q_z = (gates_t + torch.cat([c, c], -1) * weight).chunk(2, -1)
        f, z = torch.sigmoid(q_f), torch.tanh(q_z)
        c = f * c + (1 - f) * z
        outputs.append(c)
        activations.append(torch.cat([f, z], -1).detach())
    return torch.stack(outputs), torch.stack(activations)


def elstm_derivatives(act: Tensor, old: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Equations (4) and (5).

    Args:
        act: f and z, [T, B, 2N].
        old: c_{t-1}, zero where an episode starts, [T, B, N].
        weight: w_f and w_z, [2N].

    Returns:
        a, u and v, each [T, B, N].
    """
    (f, z), (w_f, w_z) = act.chunk(2, -1), weight.chunk(2)
    g = 1 - f
    u, v = (old - z).mul_(f).mul_(g), (z * z).neg_().add_(1).mul_(g)
    return torch.addcmul(f, w_f, u).addcmul_(w_z, v), u, v


@torch.library.custom_op("memorl::elstm_loop", mutates_args=())
def _forward(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return c [T, B, N], and f and z [T, B, 2N]."""
    (T, B, _), N = gates.shape, c.shape[1]
    y, act = gates.new_empty(T, B, N), torch.empty_like(gates, memory_format=torch.contiguous_format)
    x, q, w = gates.view(T, B, 2, N), act.view(T, B, 2, N), weight.view(2, N)
    rows = zip(x.unbind(0), q.unbind(0), *(p.unbind(0) for p in q.unbind(2)), y.unbind(0), starts(first), strict=True)
    for x_t, q_t, f, z, y_t, wiped in rows:
        c = c if wiped is None else c.index_fill(0, wiped, 0)
        torch.addcmul(x_t, w, c.unsqueeze(1), out=q_t)
        f.sigmoid_()
        z.tanh_()
        c = torch.lerp(z, c, f, out=y_t)
    return y, act


@_forward.register_fake
def _(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    y = gates.new_empty(*gates.shape[:2], c.shape[1])
    return y, torch.empty_like(gates, memory_format=torch.contiguous_format)


@torch.library.custom_op("memorl::elstm_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, act: Tensor, c: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first c and the weight."""
    old, d, wiped = before(c, y, first), dy.clone(memory_format=torch.contiguous_format), starts(first)
    T, B, N = y.shape
    dgates, d_weight, dc = torch.empty_like(act).view(T, B, 2, N), y.new_zeros(2, N), torch.zeros_like(y[0])
    block = max(1, IN_CACHE // (B * N))
    for end in range(T, 0, -block):
        part = slice(max(0, end - block), end)
        a, u, v = elstm_derivatives(act[part], old[part], weight)
        for t, a_t in zip(reversed(range(part.start, end)), a.flip(0).unbind(0), strict=True):
            to, rows = d[t - 1] if t else dc, wiped[t]
            if rows is None:
                to.addcmul_(a_t, d[t])
            else:
                to.add_((a_t * d[t]).index_fill_(0, rows, 0))
        for k, factor in enumerate((u, v)):
            now = torch.mul(factor, d[part], out=dgates[part, :, k])
            d_weight[k] += torch.mul(now, old[part], out=factor).sum((0, 1))
    return dgates.flatten(2), dc, d_weight.flatten()


@_backward.register_fake
def _(dy: Tensor, y: Tensor, act: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(act), c.new_empty(c.shape), torch.empty_like(weight)


def derive(forward: CustomOpDef, backward: CustomOpDef) -> None:
    """Let one operator be differentiated by the other, where both take and give what the two above do."""

    def save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
        _, c, first, weight = inputs
        ctx.save_for_backward(*output, c, first, weight)

    def differentiate(ctx, dy: Tensor, _: Tensor):  # type: ignore[no-untyped-def]
        dgates, dc, d_weight = backward(dy, *ctx.saved_tensors)
        return dgates, dc, None, d_weight

    forward.register_autograd(differentiate, setup_context=save)


derive(_forward, _backward)


def elstm_loop(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor, backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Run the element-wise LSTM's recurrence, equations (1) to (3).

    Args:
        gates: F x + b_f and Z x + b_z, [T, B, 2N].
        c: The cell before the first step, [B, N].
        first: True where a step begins an episode, [T, B], bool.
        weight: w_f and w_z, [2N].
        backend: "reference", "loop", "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The cell after every step, [T, B, N], differentiable, once, in all but `first`; and f and z, [T, B, 2N],
        which carry no gradient.

    Raises:
        ValueError: If the backend is unknown or cannot run on these tensors.
    """
    form = choose(backend, gates, c, weight)
    if form == "reference":
        return elstm_loop_reference(gates, c, first, weight)
    if form == "triton":
        from .elstm_triton import elstm_loop_triton

        y, act = elstm_loop_triton(gates, c, first, weight)
    else:
        y, act = _forward(gates.contiguous(), c, first, weight)
    return y, act.detach()
