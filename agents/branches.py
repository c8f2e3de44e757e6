"""The parts of an action space, and the discrete branches that they are made of."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


def choices_of(space: spaces.Space) -> tuple[int, ...]:
    """Return the number of choices of each discrete branch of an action space.

    Raises:
        ValueError: If the space is of another kind than those of `Actions`, or a part of it is empty.
    """
    return tuple(int(n) for part in innermost_parts(space) for n in choices_in_shape(part).flat)


def innermost_parts(space: spaces.Space) -> Iterator[spaces.Space]:
    """Yield the innermost parts of a space, which are neither a Tuple nor a Dict.

    Raises:
        ValueError: As `choices_of`.
    """
    if isinstance(space, spaces.Tuple | spaces.Dict):
        _require_some(space, len(space.spaces))
        for part in space.values() if isinstance(space, spaces.Dict) else space:
            yield from innermost_parts(part)
    elif isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary | spaces.Box):
        _require_some(space, math.prod(space.shape or ()))
        yield space
    else:
        allowed = "Discrete, MultiDiscrete, MultiBinary, Box, or a Tuple or a Dict of these"
        raise ValueError(f"action_space is {in_words(space)}; it must be {allowed}")


def choices_in_shape(space: spaces.Space) -> NDArray[Any]:
    """Return the number of choices of each discrete branch of a part, in the shape of its actions."""
    if isinstance(space, spaces.MultiBinary):
        return np.full(space.shape, 2)
    if isinstance(space, spaces.MultiDiscrete):
        return space.nvec
    if isinstance(space, spaces.Discrete):
        return np.array(space.n)
    if isinstance(space, spaces.Box) and has_bits(space):
        return 1 + space.high - space.low.astype(np.int64)
    return np.array([], np.int64)


def has_bits(space: spaces.Space) -> bool:
    """Return whether a space is a Box of type bool; its actions are bits and no coordinates."""
    return isinstance(space, spaces.Box) and space.dtype == np.bool_


def assemble(
    space: spaces.Space, discrete: Iterator[Any], scaled: Iterator[Any], join: Callable[[list[Any], spaces.Space], Any]
) -> Any:
    """Return the actions of a space, made from the next columns [N] of the discrete branches and the coordinates.

    Args:
        space: The space.
        discrete: The columns of the discrete branches.
        scaled: The columns of the coordinates.
        join: Makes the actions of an innermost part from its columns.
    """
    if isinstance(space, spaces.Dict):
        return {name: assemble(part, discrete, scaled, join) for name, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(assemble(part, discrete, scaled, join) for part in space)
    assert space.shape is not None
    columns = scaled if isinstance(space, spaces.Box) and not has_bits(space) else discrete
    return join([next(columns) for _ in range(math.prod(space.shape))], space)


def in_words(space: spaces.Space) -> str:
    """Return a space in one line."""
    return " ".join(str(space).split())


def _require_some(space: spaces.Space, count: int) -> None:
    if not count:
        raise ValueError(f"action_space has {in_words(space)}, which is empty; it must hold at least one action")
