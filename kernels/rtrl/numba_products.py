"""Terms weighted by the products of the Jacobians after them, in one compiled pass.

W stays in the cache: a term is read once, its product written once, and the products of steps before an episode's start
are not computed at all. They are written row by row, as the GEMM over time that follows wants them.
"""

from torch import Tensor

from memorl.kernels.common.cpu.cache import Array, as_array
from memorl.kernels.common.cpu.threads import run_rows
from memorl.kernels.common.operators import operator

WORK_PER_NUMBER = 4
"""The cost of one number of a term, in multiplications: most of it is memory traffic."""


def _weigh(
    a: Array, first: Array, terms: tuple[Array, ...], weighted: tuple[Array, ...], total: Array, low: int, high: int
) -> None:
    _, steps, units = weighted[0].shape
    for r in range(low, high):
        w = total[r]
        begun = False
        w[:] = 1
        for t in range(steps - 1, -1, -1):
            for term, out in zip(terms, weighted):  # noqa: B905
                term_t = term[t % term.shape[0], r % term.shape[1]]
                out_t = out[r, t]
                for n in range(units):
                    out_t[n] = 0 if begun else w[n] * term_t[n]
            begun = begun or first[t, r]
            if not begun:
                a_t = a[t % a.shape[0], r % a.shape[1]]
                for n in range(units):
                    w[n] *= a_t[n]
        if begun:
            w[:] = 0


def _weigh_pairs(
    a: Array, first: Array, terms: tuple[Array, ...], weighted: tuple[Array, ...], total: Array, low: int, high: int
) -> None:
    _, steps, units, _ = weighted[0].shape
    for r in range(low, high):
        w = total[r]
        begun = False
        w[:, 0, 0] = 1
        w[:, 0, 1] = 0
        w[:, 1, 0] = 0
        w[:, 1, 1] = 1
        for t in range(steps - 1, -1, -1):
            for term, out in zip(terms, weighted):  # noqa: B905
                term_t = term[t % term.shape[0], r % term.shape[1]]
                out_t = out[r, t]
                for n in range(units):
                    out_t[n, 0] = 0 if begun else w[n, 0, 0] * term_t[n, 0] + w[n, 0, 1] * term_t[n, 1]
                    out_t[n, 1] = 0 if begun else w[n, 1, 0] * term_t[n, 0] + w[n, 1, 1] * term_t[n, 1]
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


def _empty(a: Tensor, first: Tensor, terms: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    T, B, *unit = terms[0].shape
    return [a.new_empty(B, T, *unit).transpose(0, 1) for _ in terms], a.new_empty(a.shape[1:])


def _run(a: Tensor, first: Tensor, terms: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    weighted, total = _empty(a, first, terms)
    inputs = tuple(as_array(x, leading=2) for x in terms)
    outputs = tuple(as_array(x.transpose(0, 1)) for x in weighted)
    work = WORK_PER_NUMBER * len(terms) * terms[0].numel()
    loop = _weigh if a.dim() == 3 else _weigh_pairs
    run_rows(loop, (as_array(a, leading=2), first, inputs, outputs, total), len(total), work)
    return weighted, total


weigh_by_reverse_products_numba = operator("weigh_by_reverse_products_numba", _run, _empty)
