"""Episodes side by side: a block of sequences [T, B] as runs that begin together, longest first.

An episode start makes what follows independent of what came before. So the runs between starts can go through a
recurrence in parallel: step p of the loop computes step p of every run that is that long. Sorted by length, those are
always the first `sizes[p]` runs, and no place is wasted (the layout of `torch.nn.utils.rnn.PackedSequence`).

With many rows a step is large enough as it is, and the reordering costs more than it gains: then the rows stay in
order, one run each from end to end, and the loop resets those that begin an episode (`choose_layout`).

Legend: T time, B batch, S runs, L steps of the longest one; a place is t B + b, one of T B.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from .resets import reset_indices, unsqueeze_like

MIN_ROWS_IN_ORDER = 32
"""A batch with this many rows or more is computed row by row, in order, without packing."""


class Packing(NamedTuple):
    """The order in which the places of a block are computed."""

    order: Tensor | None
    """The places in the order of computation: step by step, in each step run by run, [T B]; None leaves their order."""
    inverse: Tensor | None
    """The index of each place in that order, [T B]."""
    sizes: list[int]
    """Number of runs that reach each step, [L], never increasing; the first is S."""
    edges: list[int]
    """The index at which each step begins in that order, [L + 1]."""
    row: Tensor
    """The row of the batch that each run is in, [S]."""
    reset_mask: Tensor
    """True where a run begins an episode, False where it goes on from the state before the block, [S]."""
    resets: list[Tensor | None]
    """For each step the runs that begin another episode there, if any, [L]."""

    def pack(self, x: Tensor) -> Tensor:
        """Return x [T, B, ...] in the order of computation, [T B, ...]."""
        return x.flatten(0, 1) if self.order is None else x.flatten(0, 1).index_select(0, self.order)

    def unpack(self, x: Tensor, like: Tensor) -> Tensor:
        """Return x [T B, ...] in the order of time, in the shape of like [T, B, ...]."""
        places = x if self.inverse is None else x.index_select(0, self.inverse)
        return places.view(*like.shape[:2], *x.shape[1:])

    def step_slice(self, step: int) -> slice:
        """Return the indices of a step in the order of computation."""
        return slice(self.edges[step], self.edges[step + 1])

    def blocks(self, places: int) -> Iterator[tuple[range, slice]]:
        """Yield ranges of steps and their indices, the last range first, of at most `places` places or one step."""
        end = len(self.sizes)
        while end:
            begin = min(bisect_left(self.edges, self.edges[end] - places), end - 1)
            yield range(begin, end), slice(self.edges[begin], self.edges[end])
            end = begin

    def initial_states(self, state: Tensor) -> Tensor:
        """Return the state that each run begins with, [S, ...], from the state before the block, [B, ...]."""
        states = state.index_select(0, self.row)
        return torch.where(unsqueeze_like(self.reset_mask, states), state.new_zeros(()), states)

    def grad_initial_state(self, gradient: Tensor, like: Tensor) -> Tensor:
        """Return the gradient of the state before the block, [B, ...], from the gradient of `initial_states`."""
        kept = gradient.masked_fill(unsqueeze_like(self.reset_mask, gradient), 0)
        return torch.zeros_like(like).index_add_(0, self.row, kept)

    def previous_states(self, start: Tensor, after: Tensor) -> Tensor:
        """Return the state before each step, [T B, H], from `initial_states` and the states after each step."""
        states = after.split(self.sizes)
        previous = torch.cat([start, *(x[:n] for x, n in zip(states, self.sizes[1:], strict=False))])
        for step, x in enumerate(previous.split(self.sizes)):
            self.reset_(step, x)
        return previous

    def reset_(self, step: int, x: Tensor) -> None:
        """Zero x [runs, ...] where a run begins another episode in a step."""
        rows = self.resets[step]
        if rows is not None:
            x.index_fill_(0, rows, 0)


def is_single_step(x: Tensor) -> bool:
    """Return whether T is 1, so that no loop is needed; False while compiling, as reading T would fix it."""
    return not torch.compiler.is_compiling() and len(x) == 1


def has_few_rows(first: Tensor, rows: int) -> bool:
    """Return whether a thread has at most `rows` rows of the batch."""
    return first.shape[1] <= rows * (1 if torch.compiler.is_compiling() else torch.get_num_threads())


def keeps_order(first: Tensor) -> bool:
    """Return whether `choose_layout` leaves the rows in order whatever T is, which a compiler may not know."""
    return first.shape[1] >= MIN_ROWS_IN_ORDER


def choose_layout(first: Tensor) -> Packing:
    """Return runs side by side, or rows in order if there are many rows or only one step."""
    return _in_order(first) if keeps_order(first) else pack_runs(first)


def _in_order(first: Tensor) -> Packing:
    T, B = first.shape
    sizes = [B] * T
    edges = list(accumulate(sizes, initial=0))
    row = torch.arange(B, device=first.device)
    return Packing(None, None, sizes, edges, row, first[0], [None, *reset_indices(first)[1:]])


def pack_runs(first: Tensor) -> Packing:
    """Find the runs of a block; `first` [T, B] is True where an episode begins."""
    T, B = first.shape
    if T == 1:
        return _in_order(first)
    starts = first.clone()
    starts[0] = True
    time = torch.arange(T, device=first.device)[:, None]
    since = time - torch.where(starts, time, 0).cummax(0).values  # steps since the run began, [T, B]
    run = starts.t().flatten().cumsum(0).view(B, T).t() - 1  # which run, counted row by row, [T, B]
    lengths = torch.bincount(run.flatten())
    by_length = lengths.argsort(descending=True, stable=True)
    rank = torch.empty_like(by_length).scatter_(0, by_length, torch.arange(len(lengths), device=first.device))[run]
    order = (since * len(lengths) + rank).flatten().argsort()
    inverse = torch.empty_like(order).scatter_(0, order, torch.arange(T * B, device=first.device))
    sizes = torch.bincount(since.flatten()).tolist()
    begin = order[: sizes[0]]
    edges = list(accumulate(sizes, initial=0))
    return Packing(order, inverse, sizes, edges, begin % B, first.flatten()[begin], [None] * len(sizes))
