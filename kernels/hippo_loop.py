"""HiPPO memories over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, C channels, N coefficients of each. u [T, B, C] are the samples, c [B, C, N] the coefficients.

    c  = 0 where first, else c                      an episode starts from nothing
    c' = u e_0 + M (c - u e_0)                      (1)

for each channel; M is one matrix for the measures of a window, and M_k of `legs_transition` for LegS, where k counts
the samples of that row's episode. (1) is the usual c' = Abar c + Bbar u, since A e_0 = B for all of these measures.

Backward, with d = dL/dc' (what the output asks for plus what the later steps ask for):

    dL/dc = M^T d,  0 where first                   (2)
    dL/du = d_0 - (M^T d)_0                         (3)

Cost: 2 T B C N^2 FLOP each way. For LegS the M_k of the clocks that occur in a stretch of steps are made together, in
O(N^2) each, and forgotten after it, so that memory does not grow with the length of an episode, which has no maximum.
The reference takes O(N) a step, by the recurrence over n; on a CPU its N operations on small tensors are the slower way.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from .legs_transition import legs_transition
from .packing import Packing, pack

STRETCH = 2**22
"""Most floats that the matrices of a stretch of steps may take."""


def seen(first: Tensor, clock: Tensor) -> Tensor:
    """k: how many samples of its episode came before each step, [T, B], of how many came before the block, [B]."""
    time = torch.arange(len(first), device=first.device)[:, None]
    start = torch.where(first, time, -1).cummax(0).values
    return torch.where(start < 0, clock + time.to(clock.dtype), (time - start).to(clock.dtype))


def legs_step(u: Tensor, c: Tensor, k: Tensor, scheme: str) -> Tensor:
    """One step of LegS in O(N), for u [B, C], c [B, C, N] and k [B]; `scheme` is not zoh, which has no such form."""
    N, d = c.shape[2], (1 / k.clamp_min(1))[:, None]
    n = torch.arange(N, dtype=c.dtype, device=c.device)
    b = (2 * n + 1).sqrt()
    h = {"euler": 0.0, "backward_euler": 1.0, "bilinear": 0.5}[scheme] * d
    sums = (c * b).cumsum(-1) - c * b  # A c is b_n times this, and (n + 1) c_n
    x = c - (d - h)[..., None] * (sums * b + (n + 1) * c) + (d * u)[..., None] * b
    y, total = [], torch.zeros_like(u)
    for i in range(N):
        y.append((x[..., i] - h * b[i] * total) / (1 + (i + 1) * h))
        total = total + b[i] * y[-1]
    begun = torch.stack([u, *[torch.zeros_like(u)] * (N - 1)], -1)
    return torch.where((k > 0)[:, None, None], torch.stack(y, -1), begun)


def step_reference(u: Tensor, c: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> Tensor:
    """Equation (1) for one step, u [B, C], c [B, C, N] and k [B], in O(N) where there is such a form."""
    if transition is None and scheme != "zoh":
        return legs_step(u, c, k, scheme)
    move = legs_transition(k, c.shape[2], scheme) if transition is None else transition
    sample = torch.nn.functional.pad(u[..., None], (0, c.shape[2] - 1))
    return sample + (c - sample) @ move.mT


def hippo_loop_reference(
    u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str
) -> Tensor:
    """Equation (1), step by step, left to autograd."""
    outputs = []
    for u_t, first_t, k_t in zip(u, first, k, strict=True):
        c = step_reference(u_t, c.masked_fill(first_t[:, None, None], 0), k_t, transition, scheme)
        outputs.append(c)
    return torch.stack(outputs)


def moves(
    k: Tensor, sizes: list[int], transition: Tensor | None, scheme: str, like: Tensor, backward: bool = False
) -> Iterator[Tensor]:
    """M^T of every step, [N, N] or [runs, N, N], or M itself from the last step to the first.

    Args:
        k: Samples before, in the order of computation, [T B].
        sizes: How many of these belong to each step.
        transition: M, [N, N]; None for LegS.
        scheme: How LegS moves.
        like: Any tensor [..., N] of the type of the result.
        backward: Which of the two.
    """
    if transition is not None:
        yield from [transition if backward else transition.mT] * len(sizes)
        return
    N, clocks = like.shape[-1], k.to(like.dtype).split(sizes)
    steps = max(1, STRETCH // (sizes[0] * N * N))
    starts = range(0, len(sizes), steps)
    for start in reversed(starts) if backward else starts:
        stretch = clocks[start : start + steps]
        if len(stretch) == 1:
            distinct, indices = stretch[0], [None]
        else:
            distinct, index = torch.cat(stretch).unique(return_inverse=True)
            indices = index.split([len(part) for part in stretch])
        table = legs_transition(distinct, N, scheme)
        table = table if backward else table.mT.contiguous()
        for i in reversed(indices) if backward else indices:
            yield table if i is None else table[i]


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
def _(
    dy: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None, scheme: str
) -> tuple[Tensor, Tensor]:
    return dy.new_empty(dy.shape[:3]), torch.empty_like(c)


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, c, first, k, transition, ctx.scheme = inputs
    ctx.save_for_backward(c, first, k, transition)


def _differentiate(ctx, dy: Tensor):  # type: ignore[no-untyped-def]
    with torch.autocast(dy.device.type, enabled=False):
        du, dc = _backward(dy, *ctx.saved_tensors, ctx.scheme)
    return du, dc, None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_save)


def begin(runs: Packing, c: Tensor) -> Tensor:
    """The coefficients that the runs begin with, [S, C, N]."""
    return runs.begin(c.flatten(1)).view(-1, *c.shape[1:])


def ended(runs: Packing, gradient: Tensor, like: Tensor) -> Tensor:
    """The gradient of the coefficients before the block, [B, C, N], of that of the runs' beginnings."""
    return runs.ended(gradient.flatten(1), like.flatten(1)).view_as(like)


def forward_step(u: Tensor, c: Tensor, move: Tensor, out: Tensor) -> Tensor:
    """Equation (1), of u [runs, C] and c [runs, C, N], written to `out`."""
    c = c.clone()
    c[..., 0] -= u
    torch.matmul(c, move, out=out)
    out[..., 0] += u
    return out


def backward_step(d: Tensor, move: Tensor, du: Tensor) -> Tensor:
    """Equations (2) and (3): return dL/dc of d [runs, C, N], and write dL/du to `du`."""
    carry = d @ move
    torch.sub(d[..., 0], carry[..., 0], out=du)
    return carry


def hippo_loop(
    u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None = None, scheme: str = "bilinear"
) -> Tensor:
    """Run a HiPPO memory, equation (1).

    Args:
        u: The samples, [T, B, C].
        c: The coefficients before the first step, [B, C, N].
        first: True where a step begins an episode, [T, B], bool.
        k: How many samples of its episode came before each step (see `seen`), [T, B].
        transition: M of a measure that does not change in time, [N, N]; None is LegS, and only LegS reads k.
        scheme: How LegS moves from sample to sample, one of `SCHEMES`.

    Returns:
        The coefficients after every step, [T, B, C, N]. Differentiable, once, in u and c.
    """
    return _forward(u, c, first, k, transition, scheme)
