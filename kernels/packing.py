"""Episodes side by side: a block of sequences [T, B] as runs that begin together, longest first.

An episode start makes what follows independent of what came before. So the runs between starts can go through a
recurrence in parallel: step p of the loop computes step p of every run that is that long. Sorted by length, those are
always the first `sizes[p]` runs, and no place is wasted (the layout of `torch.nn.utils.rnn.PackedSequence`).

With many rows a step is large enough as it is, and the reordering costs more than it gains: then the rows stay in
order, one run each from end to end, and the loop wipes those that begin an episode (`lay_out`).

Legend: T time, B batch, S runs, L steps of the longest one; a place is t B + b, one of T B.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from .starts import starts

MANY = 32
"""Rows from which they stay in order."""


class Packing(NamedTuple):
    """Where each place of a block goes."""

    order: Tensor | None
    """The places in the order of computation: step by step, in each step run by run, [T B]; None is as they are."""
    inverse: Tensor | None
    """Where each place is found in that order, [T B]."""
    sizes: list[int]
    """How many runs are as long as each step, [L], falling; the first is S."""
    edges: list[int]
    """Where each step begins in that order, [L + 1]."""
    row: Tensor
    """The row of the batch that each run is in, [S]."""
    fresh: Tensor
    """True where a run begins an episode, False where it goes on from the state before the block, [S, 1]."""
    wiped: list[Tensor | None]
    """For each step the runs that begin another episode there, if any, [L]."""

    def take(self, x: Tensor) -> Tensor:
        """x [T, B, ...] in the order of computation, [T B, ...]."""
        return x.flatten(0, 1) if self.order is None else x.flatten(0, 1).index_select(0, self.order)

    def put(self, x: Tensor, like: Tensor) -> Tensor:
        """x [T B, ...] back in the shape of like [T, B, ...]."""
        places = x if self.inverse is None else x.index_select(0, self.inverse)
        return places.view(*like.shape[:2], *x.shape[1:])

    def at(self, step: int) -> slice:
        """Where a step lies in the order of computation."""
        return slice(self.edges[step], self.edges[step + 1])

    def blocks(self, places: int) -> Iterator[tuple[range, slice]]:
        """From last to first, the steps that have so many places together, or one step, and where these lie."""
        end = len(self.sizes)
        while end:
            begin = min(bisect_left(self.edges, self.edges[end] - places), end - 1)
            yield range(begin, end), slice(self.edges[begin], self.edges[end])
            end = begin

    def begin(self, state: Tensor) -> Tensor:
        """The state that the runs begin with, [S, H], of that before the block, [B, H]."""
        return torch.where(self.fresh, state.new_zeros(()), state.index_select(0, self.row))

    def ended(self, gradient: Tensor, like: Tensor) -> Tensor:
        """The gradient of the state before the block, [B, H], of that of the runs' beginnings, [S, H]."""
        return torch.zeros_like(like).index_add_(0, self.row, gradient.masked_fill(self.fresh, 0))

    def before(self, start: Tensor, after: Tensor) -> Tensor:
        """The state before each step, [T B, H], of that at the beginning, [S, H], and those after the steps."""
        states = after.split(self.sizes)
        old = torch.cat([start, *(x[:n] for x, n in zip(states, self.sizes[1:], strict=False))])
        for step, x in enumerate(old.split(self.sizes)):
            self.wipe_(step, x)
        return old

    def wipe_(self, step: int, x: Tensor) -> None:
        """Zero x [runs, ...] where a run begins another episode in a step."""
        rows = self.wiped[step]
        if rows is not None:
            x.index_fill_(0, rows, 0)


def is_one_step(x: Tensor) -> bool:
    """Whether there is a single step, which needs no loop; not while compiling, where length would be looked at."""
    return not torch.compiler.is_compiling() and len(x) == 1


def are_few(first: Tensor, rows: int) -> bool:
    """Whether a thread has at most so many rows."""
    return first.shape[1] <= rows * (1 if torch.compiler.is_compiling() else torch.get_num_threads())


def are_many(first: Tensor) -> bool:
    """Whether `lay_out` leaves the rows in order whatever T is, which a compiler may not know."""
    return first.shape[1] >= MANY


def lay_out(first: Tensor) -> Packing:
    """Runs side by side, or rows in order where these are many or there is one step."""
    return _in_order(first) if are_many(first) else pack(first)


def _in_order(first: Tensor) -> Packing:
    T, B = first.shape
    wiped, sizes = [None, *starts(first)[1:]], [B] * T
    return Packing(
        None,
        None,
        sizes,
        list(accumulate(sizes, initial=0)),
        torch.arange(B, device=first.device),
        first[0][:, None],
        wiped,
    )


def pack(first: Tensor) -> Packing:
    """Find the runs of a block; `first` [T, B] is True where an episode begins."""
    T, B = first.shape
    if T == 1:
        return _in_order(first)
    begins = first.clone()
    begins[0] = True
    time = torch.arange(T, device=first.device)[:, None]
    since = time - torch.where(begins, time, 0).cummax(0).values  # steps since the run began, [T, B]
    run = begins.t().flatten().cumsum(0).view(B, T).t() - 1  # which run, counted row by row, [T, B]
    lengths = torch.bincount(run.flatten())
    by_length = lengths.argsort(descending=True, stable=True)
    rank = torch.empty_like(by_length).scatter_(0, by_length, torch.arange(len(lengths), device=first.device))[run]
    order = (since * len(lengths) + rank).flatten().argsort()
    inverse = torch.empty_like(order).scatter_(0, order, torch.arange(T * B, device=first.device))
    sizes = torch.bincount(since.flatten()).tolist()
    begin = order[: sizes[0]]
    edges = list(accumulate(sizes, initial=0))
    return Packing(order, inverse, sizes, edges, begin % B, first.flatten()[begin][:, None], [None] * len(sizes))
