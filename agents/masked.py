"""Statistics over the decisions of a batch.

Legend: L rows of a sequence, M sequences.
"""

from torch import Tensor


def masked_mean(x: Tensor, valid: Tensor) -> Tensor:
    """Return the mean of x [L, M] over the rows that are valid."""
    return x.masked_fill(~valid, 0).sum() / valid.sum().clamp(min=1)


def standardize(x: Tensor, valid: Tensor) -> Tensor:
    """Return x [L, M] shifted and scaled to mean 0 and deviation 1 over the rows that are valid."""
    centred = x - masked_mean(x, valid)
    variance = (centred**2).masked_fill(~valid, 0).sum() / (valid.sum() - 1).clamp(min=1)
    return centred / variance.sqrt().add(1e-8)
