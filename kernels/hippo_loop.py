"""HiPPO memories over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, C channels, N coefficients of each. u [T, B, C] are the samples, c [B, C, N] the coefficients.

    c  = 0 where first, else c                      an episode starts from nothing
    c' = u e_0 + M (c - u e_0)                      (1)

for each channel; M is one matrix for the measures of a window, and M_k of `legs_transition` for LegS, where k counts
the samples of that row's episode. (1) is the usual c' = Abar c + Bbar u, since A e_0 = B for all of these measures.

Backward, with d = dL/dc' (what the output asks for plus what the later steps ask for):

    dL/dc = M^T d,  0 where first                   (2)
    dL/du = d_0 - (M^T d)_0                         (3)

Cost: 2 T B C N^2 FLOP each way, and for LegS the matrices (`hippo_moves`).
"""

import torch
from torch import Tensor

from .backend import choose
from .hippo_moves import backward_step, begin, ended, forward_step, moves, step_reference
from .packing import pack
from .shapes import require_shapes


def hippo_loop_reference(
    u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str
) -> Tensor:
    """Equation (1), step by step, left to autograd."""
    outputs = []
    for u_t, first_t, k_t in zip(u, first, k, strict=True):
        c = step_reference(u_t, c.masked_fill(first_t[:, None, None], 0), k_t, transition, scheme)
        outputs.append(c)
    return torch.stack(outputs)


@torch.library.custom_op("memorl::hippo_loop", mutates_args=())
def _forward(u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> Tensor:
    """Return c after every step, [T, B, C, N]."""
    runs = pack(first)
    x, c, k = runs.take(u), begin(runs, c), runs.take(k[..., None])[:, 0]
    y = x.new_empty(*x.shape, c.shape[2])
    with torch.autocast(u.device.type, enabled=False):
        steps = moves(k, runs.sizes, transition, scheme, c)
        for n_runs, u_p, c_new, move in zip(runs.sizes, x.split(runs.sizes), y.split(runs.sizes), steps, strict=True):
            c = forward_step(u_p, c[:n_runs], move, c_new)
    return runs.put(y, u)


@_forward.register_fake
def _(u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> Tensor:
    return u.new_empty(*u.shape, c.shape[2])


@torch.library.custom_op("memorl::hippo_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str
) -> tuple[Tensor, Tensor]:
    """Return the gradients of u and of the first c."""
    runs = pack(first)
    d, k = runs.take(dy), runs.take(k[..., None])[:, 0]
    du, carry = d.new_empty(d.shape[:2]), d[:0]
    steps = moves(k, runs.sizes, transition, scheme, d, backward=True)
    parts = list(zip(d.split(runs.sizes), du.split(runs.sizes), strict=True))
    for (d_p, du_p), move in zip(reversed(parts), steps, strict=True):
        d_p[: len(carry)] += carry
        carry = backward_step(d_p, move, du_p)
    return runs.put(du, dy), ended(runs, carry, c)


@_backward.register_fake
def _(dy: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> tuple[Tensor, Tensor]:
    return dy.new_empty(dy.shape[:3]), torch.empty_like(c)


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, c, first, k, transition, ctx.scheme = inputs
    ctx.save_for_backward(c, first, k, transition)


def _differentiate(ctx, dy: Tensor):  # type: ignore[no-untyped-def]
    with torch.autocast(dy.device.type, enabled=False):
        du, dc = _backward(dy, *ctx.saved_tensors, ctx.scheme)
    return du, dc, None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_save)


def hippo_loop(
    u: Tensor,
    c: Tensor,
    first: Tensor,
    k: Tensor,
    transition: Tensor | None = None,
    scheme: str = "bilinear",
    backend: str = "auto",
) -> Tensor:
    """Run a HiPPO memory, equation (1).

    Args:
        u: The samples, [T, B, C].
        c: The coefficients before the first step, [B, C, N].
        first: True where a step begins an episode, [T, B], bool.
        k: How many samples of its episode came before each step (`hippo_moves.seen`), [T, B].
        transition: M of a measure that does not change in time, [N, N]; None is LegS, and only LegS reads k.
        scheme: How LegS moves from sample to sample, one of `SCHEMES`.
        backend: "reference", "packed" (runs side by side), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The coefficients after every step, [T, B, C, N]. Differentiable, once, in u and c.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors, with this scheme or
            order.
    """
    form = choose(backend, u, c, *([] if transition is None else [transition]), plain="packed")
    (T, B, C), N = u.shape, c.shape[-1]
    require_shapes("hippo_loop", {"c": c, "first": first, "k": k}, c=(B, C, N), first=(T, B), k=(T, B))
    if form == "reference":
        return hippo_loop_reference(u, c, first, k.detach(), transition, scheme)
    if form == "triton":
        from .hippo_triton import hippo_loop_triton, refusal

        if not (reason := refusal(c.shape[2], transition, scheme)):
            return hippo_loop_triton(u, c, first, k, transition, scheme)
        if backend == "triton":
            raise ValueError(f"backend is 'triton', but {reason}")
    return _forward(u, c, first, k, transition, scheme)
