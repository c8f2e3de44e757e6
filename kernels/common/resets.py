"""Episode starts inside a loop over time, for recurrences so cheap that packing would cost more than it saves.

Rows are set to zero by index, not by mask: what it costs is the number of starts, and a mask that is broadcast over
units is slow on a CPU (55 us against 8 for [64, 256]).
"""

import torch
from torch import Tensor

from .operators import operator

CACHED_NUMBERS = 1 << 16
"""The number of elements of a tensor that a backward pass handles at a time, so that they stay in the cache."""


def unsqueeze_like(a: Tensor, x: Tensor) -> Tensor:
    """Return a with dimensions of size 1 behind its own, as many in all as x has."""
    return a.view(*a.shape, *[1] * (x.dim() - a.dim()))


def zero_rows_(x: Tensor, mask: Tensor, value: float = 0) -> None:
    """Fill the rows [B] of x [B, ...] that are True; on a GPU by a mask, since counting them would wait for it.

    An exported program has no counts that depend on data, and takes the mask, too.
    """
    if x.device.type == "cpu" and not torch.compiler.is_exporting():
        x.index_fill_(0, mask.nonzero().flatten(), value)
    else:
        x.masked_fill_(unsqueeze_like(mask, x), value)


def reset_indices(first: Tensor) -> list[Tensor | None]:
    """Return for each step of first [T, B] the rows that start an episode; None where there are none."""
    counts = first.sum(1).tolist()
    rows = first.nonzero()[:, 1].split(counts)
    return [row if count else None for row, count in zip(rows, counts, strict=True)]


def add_product_(out: Tensor, a: Tensor, b: Tensor, reset: Tensor | None) -> None:
    """Add a b [B, ...] to `out`, except in the rows `reset`, whatever a b is there."""
    if reset is None:
        out.addcmul_(a, b)
    else:
        out.add_((a * b).index_fill_(0, reset, 0))


def previous_states(h: Tensor, y: Tensor, first: Tensor) -> Tensor:
    """Return the state before each step [T, B, ...], zero where an episode starts.

    Args:
        h: The state before the first step, [B, ...].
        y: The state after each step, [T, B, ...].
        first: True where a step begins an episode, [T, B].
    """
    previous = torch.cat([h[None], y[:-1]])
    zero_rows_(previous.flatten(0, 1), first.flatten())
    return previous


def steps_since_start(first: Tensor, before: Tensor) -> Tensor:
    """Return how many steps of its episode came before each step, [T, B].

    Args:
        first: True where a step begins an episode, [T, B].
        before: How many steps of its episode came before the first row, [B], floating.
    """
    time = torch.arange(len(first), device=first.device)[:, None]
    start = torch.where(first, time, -1)
    if len(first) > 1:
        start = start.cummax(0).values  # which ONNX does not know
    return torch.where(start < 0, before + time.to(before.dtype), (time - start).to(before.dtype))


def _products(a: Tensor, s: list[Tensor], mask: Tensor) -> list[Tensor]:
    return [torch.mul(unsqueeze_like(a, x), x) for x in s]


def _masked_products(a: Tensor, s: list[Tensor], mask: Tensor) -> list[Tensor]:
    products = _products(a, s, mask)
    for product in products:
        zero_rows_(product, mask)
    return products


_masked_products_operator = operator("masked_products", _masked_products, _products)


def masked_products(a: Tensor, s: list[Tensor], mask: Tensor) -> list[Tensor]:
    """Return a [B, ...] times each of s, of as many dimensions or more; zeros in the rows where mask [B] is True.

    Rows are replaced and not multiplied, since they may be NaN; never differentiated.
    """
    if torch.compiler.is_exporting():
        return _masked_products(a, s, mask)
    return _masked_products_operator(a, s, mask)
