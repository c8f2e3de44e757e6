"""Arrange a mask of any form in the order of the branches of an action space.

Legend: C choices of all discrete branches together, in the order of `Actions.choices`.

A mask is an array with a number for each choice, or it has parts that are masks: one for each part of the action space
(of those that have choices, at the least), or one for each branch, in their order. The names of a dictionary are those
of a Dict of actions; for any other action space its parts count in the order of their names, "2" before "10". A part
that is missing or None allows everything. Single numbers, one for each choice, are an array in pieces.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from .branches import choices_of

Read = Callable[[Any, spaces.Space, str], NDArray[Any]]
"""A function that returns the legal choices of a space, read from an array or None; the text names the array."""


def arrange(mask: Any, space: spaces.Space, place: str, read: Read) -> NDArray[Any]:
    """Return the arrays of a mask, read by `read` and joined, [C].

    Args:
        mask: The mask.
        space: The action space.
        place: The name of the mask in messages.
        read: Reads an array.

    Raises:
        ValueError: If the parts are not those of the space.
    """
    parts = _parts(mask)
    if parts is None:
        return read(mask, space, place)
    if isinstance(mask, Mapping) and isinstance(space, spaces.Dict):
        if unknown := [name for name in mask if name not in space.spaces]:
            raise ValueError(f"{place} has a part {unknown[0]!r}; known are {', '.join(map(str, space))}")
        pairs = [(name, mask.get(name), part) for name, part in space.items()]
    else:
        children = _children(space)
        with_choices = [child for child in children if choices_of(child)]
        branches = [spaces.Discrete(n) for n in choices_of(space)]
        layouts = [layout for layout in (children, with_choices, branches) if len(layout) == len(parts)]
        choices = sum(choices_of(space))
        if not layouts and len(parts) == choices and all(np.size(part) == 1 for part in parts.values()):
            return read(np.concatenate([np.ravel(part) for part in parts.values()]), space, place)
        if not layouts:
            allowed = f"{len(branches)}, one for each branch, or {choices}, one number for each choice"
            raise ValueError(f"{place} has {len(parts)} parts; it must have {allowed}")
        pairs = [(name, part, child) for (name, part), child in zip(parts.items(), layouts[0], strict=True)]
    return np.concatenate([arrange(part, child, f"{place}[{name!r}]", read) for name, part, child in pairs])


def nest(parts: Mapping[str, Any]) -> Any:
    """Return parts that are named like "1.a" as nested dictionaries; the part "" is the whole mask."""
    if parts.keys() == {""}:
        return parts[""]
    split = [(*name.partition("."), part) for name, part in parts.items()]
    names = dict.fromkeys(first for first, *_ in split)
    return {name: nest({rest: part for first, _, rest, part in split if first == name}) for name in names}


def _parts(mask: Any) -> dict[Any, Any] | None:
    """Return the parts of a mask in their order; None if the mask is an array or None."""
    if isinstance(mask, Mapping):
        return {name: mask[name] for name in sorted(mask, key=_rank)}
    is_sequence = isinstance(mask, tuple | list) or (isinstance(mask, np.ndarray) and mask.dtype.kind == "O")
    has_parts = is_sequence and any(x is None or isinstance(x, Mapping | tuple | list) or np.ndim(x) for x in mask)
    return dict(enumerate(mask)) if has_parts else None


def _rank(name: Any) -> tuple[bool, int, str]:
    is_number = str(name).isdecimal()
    return not is_number, int(name) if is_number else 0, str(name)


def _children(space: spaces.Space) -> list[spaces.Space]:
    """Return the parts of an action space, or the parts along the first axis of a space that has no parts."""
    if isinstance(space, spaces.Tuple | spaces.Dict):
        return list(space.values() if isinstance(space, spaces.Dict) else space)
    if isinstance(space, spaces.MultiBinary) and len(space.shape) > 1:
        return [spaces.MultiBinary(space.shape[1:])] * space.shape[0]
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim > 1:
        return [spaces.MultiDiscrete(row) for row in space.nvec]
    return [space] if len(choices_of(space)) == 1 else []
