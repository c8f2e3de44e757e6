"""The recurrence of the HiPPO-RNN over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units, C channels, N coefficients of each. `to_u` [T, B, C] and `to_h` [T, B, 2H] hold what
the inputs contribute at every step (one GEMM, made by the caller).

    h, c = 0 where first                            an episode starts from nothing
    u  = to_u + U h                                 what is written, [B, C]                    (1)
    c' = u e_0 + M (c - u e_0)                      the memory, see `hippo_loop`               (2)
    g, v = sigmoid, tanh of to_h + P c'             gate and candidate, [B, H] each            (3)
    h' = h + g * (v - h)                            (4)

Backward, with d = dL/dh' and e = dL/dc' (what the outputs ask for plus what the later steps ask for):

    dp = d * [(v - h) g (1 - g),  g (1 - v^2)],     e += dp P                                  (5)
    du = e_0 - (M^T e)_0                            dL/dc = M^T e,  0 where first              (6)
    dL/dh = d * (1 - g) + du U,  0 where first                                                 (7)

The bracket of (5) is made for all steps at once, the gradients of U and P are one GEMM each.
Cost: 2 T B (C N^2 + 2 H C N + H C) FLOP each way inside the loop; T B (C N + 3 H) floats are kept.

This form also runs on a GPU, where it is a dozen launches a step and not a match for one kernel. `hippo_triton` has the
memory's step; with it, products with U and P, 2 H C N numbers that every program would read again at every step, as
`gru_triton` does, would have to share a kernel.
"""

import torch
from torch import Tensor

from .backend import is_transformed
from .gradients import asked
from .hippo_moves import backward_step, begin, ended, forward_step, moves, step_reference
from .packing import pack
from .repeated_linear import repeated_linear
from .shapes import require_shapes


def hippo_cell_loop_reference(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Equations (1) to (4), step by step, left to autograd."""
    outputs, memories = [], []
    for u_t, h_t, first_t, k_t in zip(to_u, to_h, first, k, strict=True):
        c, h = c.masked_fill(first_t[:, None, None], 0), h.masked_fill(first_t[:, None], 0)
        c = step_reference(u_t + h @ U.t(), c, k_t, transition, scheme)
        g, v = (h_t + c.flatten(1) @ P.t()).chunk(2, -1)
        h = h + torch.sigmoid(g) * (torch.tanh(v) - h)
        outputs.append(h)
        memories.append(c)
    return torch.stack(outputs), torch.stack(memories)


@torch.library.custom_op("memorl::hippo_cell_loop", mutates_args=())
def _forward(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return h [T, B, H] and c [T, B, C, N] after every step, and in the order of computation g, v [T B, 2H]."""
    H, runs = h.shape[1], pack(first)
    x, act, k = runs.take(to_u), runs.take(to_h).clone(), runs.take(k[..., None])[:, 0]
    y, memories = x.new_empty(len(x), H), x.new_empty(*x.shape, c.shape[2])
    rows = len(x) // len(runs.sizes), len(runs.sizes)
    write, read = repeated_linear(U, *rows), repeated_linear(P, *rows)
    c, h = begin(runs, c), runs.begin(h)
    columns = (part.split(runs.sizes) for part in (x, act, act[:, :H], act[:, H:], y, memories))
    with torch.autocast(x.device.type, enabled=False):
        steps = moves(k, runs.sizes, transition, scheme, c)
        for n_runs, move, u, a, g, v, h_new, c_new in zip(runs.sizes, steps, *columns, strict=True):
            h = h[:n_runs]
            c = forward_step(write(h, u, torch.empty_like(u)), c[:n_runs], move, c_new)
            read(c.flatten(1), a, a)
            h = torch.lerp(h, v.tanh_(), g.sigmoid_(), out=h_new)
    return runs.put(y, to_u), runs.put(memories, to_u), act


@_forward.register_fake
def _(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    T, B, C = to_u.shape
    y, memories = to_u.new_empty(T, B, h.shape[1]), to_u.new_empty(T, B, C, c.shape[2])
    return y, memories, to_u.new_empty(T * B, 2 * h.shape[1])


@torch.library.custom_op("memorl::hippo_cell_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, dm: Tensor, y: Tensor, memories: Tensor, act: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor,
    U: Tensor, P: Tensor, transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the gradients of to_u, to_h, the first c and h, U and P."""
    runs = pack(first)
    g, v = act.chunk(2, -1)
    h_old, k = runs.before(runs.begin(h), runs.take(y)), runs.take(k[..., None])[:, 0]
    bracket = torch.stack([(v - h_old) * g * (1 - g), g * (1 - v * v)], 1)  # [T B, 2, H]
    d, e, dp, du = runs.take(dy), runs.take(dm), torch.empty_like(act), dy.new_empty(len(act), len(U))
    rows = len(d) // len(runs.sizes), len(runs.sizes)
    unwrite, unread = repeated_linear(U.t(), *rows), repeated_linear(P.t(), *rows)
    steps = moves(k, runs.sizes, transition, scheme, c, backward=True)
    dh, dc = d[:0], e[:0]
    columns = (part.split(runs.sizes) for part in (d, e, 1 - g, bracket, dp.view_as(bracket), dp, du))
    parts = reversed(list(zip(*columns, strict=True)))
    for (d_p, e_p, keep, k_p, dp_split, dp_p, du_p), move in zip(parts, steps, strict=True):
        d_p[: len(dh)] += dh
        torch.mul(k_p, d_p.unsqueeze(1), out=dp_split)
        e_p[: len(dc)] += dc
        e_p = unread(dp_p, e_p.flatten(1), torch.empty_like(e_p.flatten(1))).view_as(e_p)
        dc = backward_step(e_p, move, du_p)
        dh = unwrite(du_p, d_p * keep, torch.empty_like(d_p))
    dU, dP = du.t() @ h_old, dp.t() @ runs.take(memories).flatten(1)
    return runs.put(du, dy), runs.put(dp, dy), ended(runs, dc, c), runs.ended(dh, h), dU, dP


@_backward.register_fake
def _(
    dy: Tensor, dm: Tensor, y: Tensor, memories: Tensor, act: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor,
    U: Tensor, P: Tensor, transition: Tensor | None, scheme: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    to_u, to_h = dy.new_empty(*first.shape, len(U)), dy.new_empty(*first.shape, len(P))
    return to_u, to_h, torch.empty_like(c), torch.empty_like(h), torch.empty_like(U), torch.empty_like(P)


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    ctx.save_for_backward(*output, *inputs[2:9])
    ctx.scheme = inputs[9]
    ctx.set_materialize_grads(False)


def _differentiate(ctx, dy: Tensor | None, dm: Tensor | None, *_: Tensor | None):  # type: ignore[no-untyped-def]
    y, memories, *kept = ctx.saved_tensors
    with torch.autocast(y.device.type, enabled=False):
        d_u, d_h, dc, dh, dU, dP = _backward(asked(dy, y), asked(dm, memories), y, memories, *kept, ctx.scheme)
    return d_u, d_h, dc, dh, None, None, dU, dP, None, None


_forward.register_autograd(_differentiate, setup_context=_save)


def hippo_cell_loop(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None = None, scheme: str = "bilinear",
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Run the HiPPO-RNN's recurrence, equations (1) to (4).

    Args:
        to_u: What the inputs write, [T, B, C].
        to_h: What the inputs give to gate and candidate, [T, B, 2H].
        c: The coefficients before the first step, [B, C, N].
        h: The output before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        k: How many samples of its episode came before each step, [T, B].
        U: From the output to what is written, [C, H].
        P: From the coefficients to gate and candidate, [2H, C N].
        transition: M of a measure that does not change in time, [N, N]; None is LegS, and only LegS reads k.
        scheme: How LegS moves from sample to sample, one of `SCHEMES`.

    Returns:
        The output [T, B, H] and the coefficients [T, B, C, N] after every step. Differentiable, once, in all floating
        arguments but k and `transition`.

    Raises:
        ValueError: If shapes do not fit.
    """
    (T, B, C), H, N = to_u.shape, h.shape[-1], c.shape[-1]
    given = {"to_h": to_h, "c": c, "h": h, "first": first, "k": k, "U": U, "P": P}
    wanted = {"to_h": (T, B, 2 * H), "c": (B, C, N), "h": (B, H), "first": (T, B), "k": (T, B)}
    require_shapes("hippo_cell_loop", given, U=(C, H), P=(2 * H, C * N), **wanted)
    if is_transformed(to_u, to_h, c, h, U, P):
        return hippo_cell_loop_reference(to_u, to_h, c, h, first, k.detach(), U, P, transition, scheme)
    y, memories, _ = _forward(to_u, to_h, c, h, first, k, U, P, transition, scheme)
    return y, memories
