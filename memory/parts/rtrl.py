"""Real-time recurrent learning, exact and in chunks, for recurrences whose units see only themselves.

(Williams and Zipser, 1989, https://doi.org/10.1162/neco.1989.1.2.270; Irie et al., 2023,
https://arxiv.org/abs/2305.19044; the chunk form is the hybrid of Schmidhuber, 1992, for a diagonal Jacobian.)

Legend: T steps of a chunk, B batch, N units, D inputs; a unit's state h is a number, or a pair in a last dimension of
size 2, and its Jacobian A_t = dh_t / dh_{t-1} then a 2 x 2 matrix. A parameter p is [N] or [N, D]: row n is unit n's.

    left_t = the derivative of h_t by p, h_{t-1} held fixed; for p [N, D] it is left_t x_t^T
    S_t = A_t S_{t-1} + left_t x_t^T            the sensitivity dh_t / dp, over the whole past; 0 where first     (1)
    dL/dp = sum over t of e_t S_t               e_t = dL_t / dh_t, of step t alone                                (2)

Nothing is kept of the past but S, which is as large as p, once a row. A chunk needs (1) at its end only:

    S_T = (A_T ... A_1) S_0 + sum over t of (A_T ... A_{t+1}) left_t x_t^T                    one GEMM            (3)
    dL/dp = backpropagation through the chunk + (dL/dh_0) S_0                                 equal to (2)        (4)

(4) is a matter of the state that comes in: `credit` lets its gradient go to the parameters by way of S_0. All else is
autograd's, so whatever runs the chunk may be as fast as it likes. S_0 is a constant; with S_0 = 0 this is truncated
backpropagation. S made with older parameters is used as it is.

A complex parameter of an analytic recurrence is a pair (re, im) of tensors with one S: dh/d im = i dh/d re.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from memorl.kernels import begins_later, masked_products, suffix_weighted, times, zero_rows_
from memorl.memory.base import State

Parameters = Mapping[str, tuple[Tensor, ...]]
"""By name, the parameters as they enter the recurrence: one tensor [N] or [N, D], or the two of a complex number."""


def sensitivities(parameters: Parameters, pairs: bool, batch_size: int) -> State:
    """S = 0 for `batch_size` rows: dh/d<name>, [B, N] or [B, N, D], or with a 2 after N for pairs."""
    return {
        f"dh/d{name}": p.new_zeros(batch_size, len(p), *[2] * pairs, *p.shape[1:])
        for name, (p, *_) in parameters.items()
    }


def turned(g: Tensor) -> Tensor:
    """What makes of a row vector g [..., 2] the one with g i s = turned(g) s, for complex numbers as pairs."""
    return torch.stack([g[..., 1], -g[..., 0]], -1)


def credit(h: Tensor, first: Tensor, parameters: Parameters, state: State) -> Tensor:
    """The state before a chunk, whose gradient goes to the parameters by way of S_0, equation (4).

    Args:
        h: [B, N] or [B, N, 2].
        first: True where the chunk begins an episode, [B]: no credit goes back from there.
        parameters: As in `Parameters`.
        state: Has the sensitivities of `sensitivities`.
    """
    s = [state[f"dh/d{name}"] for name in parameters]
    flat = [p for group in parameters.values() for p in group]
    return _credit(h, first, s, flat, [len(group) for group in parameters.values()])


@torch.library.custom_op("memorl::rtrl_credit", mutates_args=())
def _credit(h: Tensor, first: Tensor, s: list[Tensor], parameters: list[Tensor], counts: list[int]) -> Tensor:
    """h; the rest is for its gradient."""
    return h.clone()


@_credit.register_fake
def _(h: Tensor, first: Tensor, s: list[Tensor], parameters: list[Tensor], counts: list[int]) -> Tensor:
    return torch.empty_like(h)


def _save_credit(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, first, s, _, ctx.counts = inputs
    ctx.save_for_backward(first, *s)


def _give_credit(ctx, g: Tensor):  # type: ignore[no-untyped-def]
    first, *s = ctx.saved_tensors
    sides = [[product.sum((0, 2) if g.dim() == 3 else 0) for product in masked_products(g, s, first)]]
    if 2 in ctx.counts:
        sides.append([product.sum((0, 2)) for product in masked_products(turned(g), s, first)])
    gradients = [sides[i][k] for k, count in enumerate(ctx.counts) for i in range(count)]
    return None, None, [None] * len(s), gradients, None


_credit.register_autograd(_give_credit, setup_context=_save_credit)


@torch.no_grad()
def advance(jacobian: Tensor, first: Tensor, left: Mapping[str, Tensor], x: Tensor, state: State) -> State:
    """Equation (3): the sensitivities after a chunk; what lies before an episode's start is replaced by zeros.

    Args:
        jacobian: A, [T, B, N] or [T, B, N, 2, 2]; may be expanded.
        first: [T, B].
        left: By name, left_t, [T, B, N] or [T, B, N, 2]; may be expanded.
        x: [T, B, D].
        state: The sensitivities before the chunk, those of matrices with D in the last dimension.
    """
    parts = {id(part): part for part in left.values()}  # a bias has the part of a matrix
    weighted, total = suffix_weighted(jacobian, first, list(parts.values()))
    owed = dict(zip(parts, weighted, strict=True))
    x = x.clone()
    zero_rows_(x.flatten(0, 1), begins_later(first).flatten())
    before = [state[f"dh/d{name}"] for name in left]
    kept = times(total, before, first.any(0))
    after: State = {}
    for (name, part), s, old in zip(left.items(), before, kept, strict=True):
        new = owed[id(part)]
        if s.dim() == new.dim() - 1:
            after[f"dh/d{name}"] = old.add_(new.sum(0))
        else:
            rows = old.flatten(1, -2)  # [B, N(2), D]
            after[f"dh/d{name}"] = rows.baddbmm_(new.flatten(2).permute(1, 2, 0), x.transpose(0, 1)).view_as(s)
    return after


@torch.no_grad()
def advance_reference(
    jacobian: Tensor, first: Tensor, left: Mapping[str, Tensor], x: Tensor, state: State
) -> Iterator[State]:
    """Equation (1), step by step: the sensitivities after every step."""
    state = {f"dh/d{name}": state[f"dh/d{name}"] for name in left}
    for t in range(len(x)):
        for name, part in left.items():
            s = state[f"dh/d{name}"]
            now = (
                part[t]
                if s.dim() == part.dim() - 1
                else part[t][..., None] * x[t].view(len(s), *[1] * (s.dim() - 2), -1)
            )
            state[f"dh/d{name}"] = times(jacobian[t], [s], first[t])[0] + now
        yield dict(state)


def one_step(h: Tensor, x: Tensor, parameters: Parameters, left: Mapping[str, Tensor]) -> Tensor:
    """h, whose gradient also goes to x by the step of x alone: e_t left_t p, summed over the matrices p.

    Args:
        h: The states of a chunk, [T, B, N] or [T, B, N, 2], as a function of x detached.
        x: [T, B, D].
        parameters: As in `Parameters`.
        left: As in `advance`.
    """
    matrices = {name: group for name, group in parameters.items() if group[0].dim() == 2}
    flat = [p for group in matrices.values() for p in group]
    return _one_step(h, x, [left[name] for name in matrices], flat, [len(group) for group in matrices.values()])


@torch.library.custom_op("memorl::rtrl_one_step", mutates_args=())
def _one_step(h: Tensor, x: Tensor, left: list[Tensor], matrices: list[Tensor], counts: list[int]) -> Tensor:
    """h; the rest is for the gradient of x."""
    return h.clone()


@_one_step.register_fake
def _(h: Tensor, x: Tensor, left: list[Tensor], matrices: list[Tensor], counts: list[int]) -> Tensor:
    return torch.empty_like(h)


def _save_one_step(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, x, left, matrices, ctx.counts = inputs
    ctx.dtype = x.dtype
    ctx.save_for_backward(*left, *matrices)


def _give_one_step(ctx, g: Tensor):  # type: ignore[no-untyped-def]
    left, matrices = ctx.saved_tensors[: len(ctx.counts)], ctx.saved_tensors[len(ctx.counts) :]
    remaining, terms = iter(matrices), []
    for factor, count in zip(left, ctx.counts, strict=True):
        for side in (g, turned(g)) if count == 2 else (g,):
            unit = (side * factor).sum(-1) if g.dim() == 4 else side * factor  # [T, B, N]
            terms.append(unit @ next(remaining))
    return g, sum(terms).to(ctx.dtype), [None] * len(left), [None] * len(matrices), None


_one_step.register_autograd(_give_one_step, setup_context=_save_one_step)
