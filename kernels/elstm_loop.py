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

a, u and v are made forward, once: backward is then (6) alone, and who wants the derivatives for their own sake, as
exact recurrent learning does, has them. 4 T B N floats are kept.
"""

import torch
from torch import Tensor
from torch.library import CustomOpDef

from .backend import choose
from .gradients import asked
from .shapes import require_shapes
from .starts import IN_CACHE, before, starts


def elstm_loop_reference(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Equations (1) to (3), step by step, left to autograd; and a, u and v, [3, T, B, N], without a gradient."""
    outputs, slopes, (w_f, w_z) = [], [], weight.chunk(2)
    for gates_t, first_t in zip(gates, first, strict=True):
        c = c.masked_fill(first_t[:, None], 0)
        x_f, x_z = gates_t.chunk(2, -1)
        f, z = torch.sigmoid(x_f + w_f * c), torch.tanh(x_z + w_z * c)
        u, v = (c - z) * f * (1 - f), (1 - f) * (1 - z * z)
        slopes.append(torch.stack([f + w_f * u + w_z * v, u, v]).detach())
        c = f * c + (1 - f) * z
        outputs.append(c)
    return torch.stack(outputs), torch.stack(slopes, 1)


def _derive_(slopes: Tensor, old: Tensor, w: Tensor) -> None:
    """Equations (4) and (5), in slopes [3, ..., N], where f and z lie in the place of u and v."""
    (a, u, v), (w_f, w_z) = slopes, w
    a.copy_(u)
    rest = 1 - u
    u.mul_(rest).mul_(old - v)
    torch.addcmul(rest, rest, v * v, value=-1, out=v)
    a.addcmul_(w_f, u).addcmul_(w_z, v)


@torch.library.custom_op("memorl::elstm_loop", mutates_args=())
def _forward(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return c [T, B, N], and a, u and v [3, T, B, N]."""
    (T, B, _), N = gates.shape, c.shape[1]
    y, slopes, start = gates.new_empty(T, B, N), gates.new_empty(3, T, B, N), c
    x, w = gates.unflatten(2, (2, N)), weight.view(2, N)
    q = slopes[1:].permute(1, 2, 0, 3)
    rows = zip(x.unbind(0), q.unbind(0), *(p.unbind(0) for p in slopes[1:]), y.unbind(0), starts(first), strict=True)
    for x_t, q_t, f, z, y_t, wiped in rows:
        c = c if wiped is None else c.index_fill(0, wiped, 0)
        torch.addcmul(x_t, w, c.unsqueeze(1), out=q_t)
        f.sigmoid_()
        z.tanh_()
        c = torch.lerp(z, c, f, out=y_t)
    old, block = before(start, y, first), max(1, IN_CACHE // (B * N))
    for slopes_b, old_b in zip(slopes.split(block, 1), old.split(block), strict=True):
        _derive_(slopes_b, old_b, w)
    return y, slopes


@_forward.register_fake
def _(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    (T, B, _), N = gates.shape, c.shape[1]
    return gates.new_empty(T, B, N), gates.new_empty(3, T, B, N)


@torch.library.custom_op("memorl::elstm_loop_backward", mutates_args=())
def _backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first c and the weight."""
    d = dy.clone(memory_format=torch.contiguous_format)
    steps, dc, a = d.unbind(0), torch.zeros_like(d[0]), slopes[0].unbind(0)
    for a_t, d_t, to, rows in zip(a[::-1], steps[::-1], (*steps[-2::-1], dc), starts(first)[::-1], strict=True):
        if rows is None:
            to.addcmul_(a_t, d_t)
        else:
            to.add_((a_t * d_t).index_fill_(0, rows, 0))
    dgates = d.unsqueeze(2) * slopes[1:].permute(1, 2, 0, 3)
    d_weight = (dgates * before(c, y, first).unsqueeze(2)).sum((0, 1))
    return dgates.flatten(2), dc, d_weight.flatten()


@_backward.register_fake
def _(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    (T, B), N = first.shape, c.shape[1]
    return y.new_empty(T, B, 2 * N), c.new_empty(B, N), y.new_empty(2 * N)


def derive(forward: CustomOpDef, backward: CustomOpDef) -> None:
    """Let one operator be differentiated by the other, where both take and give what the two above do."""

    def save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
        _, c, first, _ = inputs
        ctx.save_for_backward(*output, c, first)
        ctx.set_materialize_grads(False)

    def differentiate(ctx, dy: Tensor | None, _: Tensor | None):  # type: ignore[no-untyped-def]
        y, *kept = ctx.saved_tensors
        dgates, dc, d_weight = backward(asked(dy, y), y, *kept)
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
        backend: "reference", "loop", "compiled" (by Numba, on a CPU, float32), "triton" (a GPU from Ampere on), or
            "auto".

    Returns:
        The cell after every step, [T, B, N], differentiable, once, in all but `first`; and a, u and v of (4) and (5),
        [3, T, B, N], which carry no gradient.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    form = choose(backend, gates, c, weight, compiled=(torch.float32,))
    (T, B), N = gates.shape[:2], c.shape[-1]
    given = {"gates": gates, "c": c, "first": first, "weight": weight}
    require_shapes("elstm_loop", given, gates=(T, B, 2 * N), c=(B, N), first=(T, B), weight=(2 * N,))
    if form == "reference":
        return elstm_loop_reference(gates, c, first, weight)
    if form == "compiled":
        from .elstm_compiled import elstm_loop_compiled

        y, slopes = elstm_loop_compiled(gates, c, first, weight)
    elif form == "triton":
        from .elstm_triton import elstm_loop_triton

        y, slopes = elstm_loop_triton(gates, c, first, weight)
    else:
        y, slopes = _forward(gates, c, first, weight)
    return y, slopes.detach()
