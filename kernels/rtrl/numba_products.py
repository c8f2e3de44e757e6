"""What each step still owes to the end of a sequence: its own part times the product of the Jacobians after it.

Legend: T time, B batch, N units; a unit's Jacobian A is a number, or a 2 x 2 matrix in two last dimensions.

    owed_t = W_t part_t,     0 where an episode begins after t,     W and the total those of torch_products.py

Where Numba is installed W stays in the cache: a part is read once, its product written once, and what is owed by steps
before an episode's start is not computed at all. It is written row by row, as the GEMM over time that follows wants it.
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import FLOATS, choose
from memorl.kernels.common.cpu.cache import Array, as_array
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.resets import masked_products

from .torch_products import suffix_products, suffix_products_reference

WORK_PER_NUMBER = 4
"""Multiplications that a number of a part is worth: what it costs is memory."""


def times(a: Tensor, s: list[Tensor], wiped: Tensor) -> list[Tensor]:
    """A S for each S, A [B, N] or [B, N, 2, 2]; zeros where wiped [B]."""
    if a.dim() == 2:
        return masked_products(a, s, wiped)
    halves = [masked_products(a[..., i], [x[:, :, i, None] for x in s], wiped) for i in range(2)]
    return [one.add_(other) for one, other in zip(*halves, strict=True)]


def begins_later(first: Tensor) -> Tensor:
    """Whether an episode begins after a step, [T, B]."""
    return (first.long().flip(0).cumsum(0).flip(0) - first.long()) > 0


def _weigh(
    a: Array, first: Array, parts: tuple[Array, ...], owed: tuple[Array, ...], total: Array, low: int, high: int
) -> None:
    _, steps, units = owed[0].shape
    for r in range(low, high):
        w = total[r]
        begun = False
        w[:] = 1
        for t in range(steps - 1, -1, -1):
            for part, out in zip(parts, owed):  # noqa: B905
                part_t = part[t % part.shape[0], r % part.shape[1]]
                out_t = out[r, t]
                for n in range(units):
                    out_t[n] = 0 if begun else w[n] * part_t[n]
            begun = begun or first[t, r]
            if not begun:
                a_t = a[t % a.shape[0], r % a.shape[1]]
                for n in range(units):
                    w[n] *= a_t[n]
        if begun:
            w[:] = 0


def _weigh_pairs(
    a: Array, first: Array, parts: tuple[Array, ...], owed: tuple[Array, ...], total: Array, low: int, high: int
) -> None:
    _, steps, units, _ = owed[0].shape
    for r in range(low, high):
        w = total[r]
        begun = False
        w[:, 0, 0] = 1
        w[:, 0, 1] = 0
        w[:, 1, 0] = 0
        w[:, 1, 1] = 1
        for t in range(steps - 1, -1, -1):
            for part, out in zip(parts, owed):  # noqa: B905
                part_t = part[t % part.shape[0], r % part.shape[1]]
                out_t = out[r, t]
                for n in range(units):
                    out_t[n, 0] = 0 if begun else w[n, 0, 0] * part_t[n, 0] + w[n, 0, 1] * part_t[n, 1]
                    out_t[n, 1] = 0 if begun else w[n, 1, 0] * part_t[n, 0] + w[n, 1, 1] * part_t[n, 1]
            begun = begun or first[t, r]
            if not begun:
                a_t = a[t % a.shape[0], r % a.shape[1]]
                for n in range(units):
                    for i in range(2):
                        left = w[n, i, 0]
                        right = w[n, i, 1]
                        w[n, i, 0] = left * a_t[n, 0, 0] + right * a_t[n, 1, 0]
                        w[n, i, 1] = left * a_t[n, 0, 1] + right * a_t[n, 1, 1]
        if begun:
            w[:] = 0


@torch.library.custom_op("memorl::suffix_weighted_numba", mutates_args=())
def _weighted(a: Tensor, first: Tensor, parts: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    T, B, *unit = parts[0].shape
    total = a.new_empty(a.shape[1:])
    owed = [a.new_empty(B, T, *unit) for _ in parts]
    given, outs = (tuple(as_array(x, leading=2) for x in xs) for xs in (parts, owed))
    arrays = (as_array(a, leading=2), as_array(first), given, outs, as_array(total))
    run_rows(_weigh if a.dim() == 3 else _weigh_pairs, arrays, B, WORK_PER_NUMBER * len(parts) * parts[0].numel())
    return [out.transpose(0, 1) for out in owed], total


@_weighted.register_fake
def _(a: Tensor, first: Tensor, parts: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    T, B, *unit = parts[0].shape
    return [a.new_empty(B, T, *unit).transpose(0, 1) for _ in parts], a.new_empty(a.shape[1:])


def suffix_weighted(
    a: Tensor, first: Tensor, parts: list[Tensor], backend: str = "auto"
) -> tuple[list[Tensor], Tensor]:
    """Weigh what every step adds by the Jacobians of the steps after it.

    Args:
        a: dh_t / dh_{t-1} of each unit, [T, B, N] or [T, B, N, 2, 2]; may be expanded.
        first: True where a step begins an episode, [T, B], bool.
        parts: Each [T, B, N], or [T, B, N, 2] where a is matrices; may be expanded.
        backend: "reference", "torch", "numba" (on a CPU), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        What is owed, of the shapes of the parts, and total, [B, N] or [B, N, 2, 2]. Neither carries a gradient.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    for part in parts:
        if part.shape != a.shape[: part.dim()] or part.dim() != (4 if a.dim() == 5 else 3):
            raise ValueError(
                f"a has shape {tuple(a.shape)}, and a part {tuple(part.shape)}; it must be that of a state"
            )
    if first.shape != a.shape[:2] or first.dtype != torch.bool:
        raise ValueError(
            f"a has shape {tuple(a.shape)}, and first {tuple(first.shape)} of {first.dtype}; expected bool [T, B]"
        )
    chosen = choose(backend, a, *parts, numba=FLOATS)
    if chosen == "numba" and parts:
        return _weighted(a.detach(), first, [part.detach() for part in parts])
    if chosen == "reference":
        w, total = suffix_products_reference(a.detach(), first)
    else:
        w, total = suffix_products(a, first, backend="torch" if chosen == "numba" else chosen)
    flat = [part.detach().flatten(0, 1) for part in parts]
    owed = times(w.flatten(0, 1), flat, begins_later(first).flatten())
    total = total.masked_fill(first.any(0).view(-1, *[1] * (total.dim() - 1)), 0)
    return [product.unflatten(0, first.shape) for product in owed], total
