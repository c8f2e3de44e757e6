"""Scale the numbers of an entry by the bounds of its space, where these tell the size of the numbers.

Whole numbers are scaled by their bounds to 0 .. 1, or to -1 .. 1 where they have both signs. Floats stay as they are,
but for images from 0 to 255. Bounds that are missing, or so wide that the numbers within may have any size, tell
nothing: such entries are for running moments (`normalise`).
"""

from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from .layouts import Layout, image_shape

MAX_FLOAT = 100
"""A larger bound of floats is not used: few networks learn from larger numbers."""

MAX_WHOLE = (1 << 16) - 1
"""A larger distance between the bounds of whole numbers, beyond two bytes, is not used."""

MAX_SCALED = (1 << 31) - 2
"""A larger distance is the range of a 32 or 64 bit type, not a bound."""

MAX_CELLS = 15
"""Images of bytes with at most this many rows and columns hold codes of cells, as in MiniGrid, and no brightness."""

LARGEST_CODE = 10
"""The largest code of MiniGrid."""


class Scale(NamedTuple):
    """The numbers of an entry become (x - offset) / largest."""

    offset: NDArray[np.float64]  # one number for an image, one for each place of a vector
    largest: NDArray[np.float64]  # likewise


def scale_of(space: spaces.Box | spaces.MultiBinary, layout: Layout) -> Scale:
    """Return the scale of an entry by its bounds; the offset 0 and the size 1 change nothing."""
    if isinstance(space, spaces.MultiBinary) or space.dtype.kind == "b":
        return _same(1)
    if space.dtype.kind == "f":
        return _same(255 if _has_brightness(space, layout) else 1)
    low = np.asarray(space.low, np.float64)
    high = np.asarray(space.high, np.float64)
    if layout != "vector":
        low, high = low.min(), high.max()
        if space.dtype == np.uint8 and high == 255 and max(image_shape(space.shape, layout)[:2]) <= MAX_CELLS:
            return _same(LARGEST_CODE)
    offset = np.clip(0.0, low, high)
    largest = np.maximum(high - offset, offset - low)
    kept = (largest == 0) | (high - low > MAX_SCALED)
    return Scale(np.where(high - low > MAX_SCALED, 0, offset), np.where(kept, 1, largest))


def is_wide(space: spaces.Space, layout: Layout) -> bool:
    """Return whether the bounds of an entry are too wide to tell the size of its numbers, or of some of them."""
    if not isinstance(space, spaces.Box) or space.dtype.kind == "b":
        return False
    low = np.asarray(space.low, np.float64)
    high = np.asarray(space.high, np.float64)
    if space.dtype.kind != "f":
        return bool((high - low > MAX_WHOLE).any())
    return not _has_brightness(space, layout) and bool((low < -MAX_FLOAT).any() or (high > MAX_FLOAT).any())


def is_of_bits(space: spaces.Box) -> bool:
    """Return whether the numbers of an entry are zeros and ones."""
    return space.dtype.kind != "f" and bool((space.low >= 0).all() and (space.high <= 1).all())


def _has_brightness(space: spaces.Box, layout: Layout) -> bool:
    """Return whether an entry is an image whose floats go up to 255."""
    return layout != "vector" and bool((space.high == 255).all())


def _same(largest: Any) -> Scale:
    return Scale(np.zeros(()), np.full((), float(largest)))
