"""The layout of an image in an observation: which of its axes are rows, columns, channels, and frames of a stack.

Letters of a layout: h rows, w columns, c channels, f frames. "hwc" is what most environments have, "chw" is torch's,
"hw" a grey image, "fhw", "hwf", "fhwc", "fchw", "cfhw", "hwcf" and "hwfc" are stacks of frames; "vector" is no image.
Frames become channels.

An entry counts as an image if it has bits, whole numbers from 0 or -1 on, or floats from 0 to 1, 0 to 255 or, with
three axes or more, -1 to 1, in a shape that one of the layouts fits. Rows and columns that are equal are found as such;
else, of a first and a last axis that both could be channels, the shorter one is; of equal ones, the last. Of four axes
the first two are rows and columns if both are longer than the last two, unless the middle ones are equal.
"""

from typing import Literal, get_args

import numpy as np
from gymnasium import spaces
from torch import Tensor

Layout = Literal["hwc", "chw", "hw", "fhw", "hwf", "fhwc", "fchw", "cfhw", "hwcf", "hwfc", "vector"]
"""The axes of an entry, without the batch."""

LAYOUTS = get_args(Layout)

MIN_SIDE = 3
"""The smallest number of rows and columns of an image with channels."""

COLOURS = (1, 3)
"""Channels of a grey image and of one with colours."""

MIN_SIDE_OF_GREY = 16
"""The smallest number of rows and columns of an image without channels; a smaller matrix is a vector."""


def _is_image_type(space: spaces.Box | spaces.MultiBinary) -> bool:
    """Return whether the numbers of an entry can be those of an image."""
    if isinstance(space, spaces.MultiBinary) or space.dtype == np.bool_:
        return True
    if space.dtype.kind != "f":
        return bool((space.low >= -1).all())
    if len(space.shape) > 2 and (space.low == -1).all() and (space.high == 1).all():
        return True
    return bool((space.low == 0).all()) and any((space.high == high).all() for high in (1, 255))


def guess_layout(space: spaces.Box | spaces.MultiBinary) -> Layout:
    """Return the layout of an entry."""
    shape = space.shape
    if not _is_image_type(space) or not 2 <= len(shape) <= 4:
        return "vector"
    if len(shape) == 2:
        return "hw" if min(shape) >= MIN_SIDE_OF_GREY else "vector"
    if len(shape) == 4 and shape[1] != shape[2] and min(shape[:2]) > max(shape[2:]):
        if min(shape[:2]) < MIN_SIDE:
            return "vector"
        return "hwfc" if shape[2] not in COLOURS and shape[3] in COLOURS else "hwcf"
    first, middle, last = shape[-3:]
    channels_first = middle == last if (first == middle) != (middle == last) else first < last
    if min(shape[-2:] if channels_first else shape[-3:-1]) < MIN_SIDE:
        return "vector"
    if len(shape) == 4:
        return "fchw" if channels_first else "fhwc"
    return "chw" if channels_first else "hwc"


def choose_layout(name: str, space: spaces.Box | spaces.MultiBinary, layout: Layout | None) -> Layout:
    """Return the layout of an entry: the named one, or a guess if the name is None.

    Raises:
        ValueError: If there is no such layout, or the entry has another number of axes.
    """
    if layout is None:
        return guess_layout(space)
    if layout not in LAYOUTS:
        raise ValueError(f"encoder.layouts[{name!r}] is {layout!r}; it must be one of {', '.join(LAYOUTS)}")
    if layout != "vector" and len(layout) != len(space.shape):
        raise ValueError(f"encoder.layouts[{name!r}] is {layout!r}; the shape of the entry is {space.shape}")
    return layout


def image_shape(shape: tuple[int, ...], layout: Layout) -> tuple[int, int, int]:
    """Return rows, columns and channels of an entry."""
    sizes = dict(zip(layout, shape, strict=True))
    return sizes["h"], sizes["w"], sizes.get("c", 1) * sizes.get("f", 1)


def channels_last(images: Tensor, layout: Layout) -> Tensor:
    """Return images [B, ...] of a layout as [B, H, W, C]."""
    axes = [1 + layout.index(letter) for letter in "hwfc" if letter in layout]
    return images.permute(0, *axes).reshape(images.shape[0], *image_shape(images.shape[1:], layout))
