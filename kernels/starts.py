"""Episode starts inside a loop over time, for recurrences that cost so little that reordering would not pay.

Rows are wiped by index, not by mask: what it costs is the number of starts, and a mask that is broadcast over units is
slow on a CPU (55 us against 8 for [64, 256]).
"""

import torch
from torch import Tensor

IN_CACHE = 1 << 16
"""Numbers of one kind that a backward pass takes at a time, so that its dozen passes over them stay in the cache."""


def wipe_(x: Tensor, rows: Tensor, value: float = 0) -> None:
    """Fill the rows [B] of x [B, ...] that are True; on a GPU by a mask, since counting them would wait for it."""
    if x.device.type == "cpu":
        x.index_fill_(0, rows.nonzero().flatten(), value)
    else:
        x.masked_fill_(rows.view(-1, *[1] * (x.dim() - 1)), value)


def starts(first: Tensor) -> list[Tensor | None]:
    """For each step of first [T, B] the rows that start an episode; None where there are none."""
    counts = first.sum(1).tolist()
    rows = first.nonzero()[:, 1].split(counts)
    return [row if count else None for row, count in zip(rows, counts, strict=True)]


def before(h: Tensor, y: Tensor, first: Tensor) -> Tensor:
    """The state before each step, of h before the first and y [T, B, ...] after each; zero where an episode starts."""
    old = torch.cat([h[None], y[:-1]])
    wipe_(old.flatten(0, 1), first.flatten())
    return old


def numbers(x: Tensor, dims: int) -> Tensor:
    """Pairs [..., 2] with `dims` dimensions as complex numbers, in the same memory if it can be; else x as it is."""
    if x.dim() != dims:
        return x
    if x.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"pairs are {x.dtype}; they must be torch.float32 or torch.float64")
    *strides, last = x.stride()
    even = last == 1 and not any(n % 2 for n in (x.storage_offset(), *strides))
    return torch.view_as_complex(x if even else x.clone(memory_format=torch.contiguous_format))


@torch.library.custom_op("memorl::products_without_rows", mutates_args=())
def products_without_rows(a: Tensor, s: list[Tensor], rows: Tensor) -> list[Tensor]:
    """Products of a [B, ...] with tensors of as many dimensions or more, its last ones repeated; never differentiated.

    Rows [B] that are True are zeros, replaced and not multiplied: what is wiped may be NaN.
    """
    products = [torch.mul(_over(a, x), x) for x in s]
    if rows.device.type == "cpu":
        wiped = rows.nonzero().flatten()
        return [product.index_fill_(0, wiped, 0) for product in products] if len(wiped) else products
    return [product.masked_fill_(_over(rows, product), 0) for product in products]


def _over(a: Tensor, x: Tensor) -> Tensor:
    return a.view(*a.shape, *[1] * (x.dim() - a.dim()))


@products_without_rows.register_fake
def _(a: Tensor, s: list[Tensor], rows: Tensor) -> list[Tensor]:
    return [torch.mul(_over(a, x), x) for x in s]
