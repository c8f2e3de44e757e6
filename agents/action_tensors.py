"""Actions as tensors of their space, for programs without NumPy; `Actions.to_env` does the same with arrays.

Legend: N environments, K action branches.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from .actions import Actions
from .branches import has_bits


def to_space(actions: Actions, action: Tensor) -> Any:
    """Return actions [N, K] in the form of their space, a tensor [N, ...] for each of its innermost parts."""
    D = len(actions.choices)
    discrete = iter(action[:, :D].long().unbind(1))
    if not actions.coordinates:  # a program cannot be saved with an empty tensor
        return _assemble(actions.space, discrete, iter(()))
    scaled = action[:, D:].double() * torch.from_numpy(actions.half_width) + torch.from_numpy(actions.centre)
    return _assemble(actions.space, discrete, iter(scaled.unbind(1)))


def _assemble(space: spaces.Space, discrete: Iterator[Tensor], scaled: Iterator[Tensor]) -> Any:
    """Return the actions of a space, made from the next columns [N] of the discrete branches and the coordinates."""
    if isinstance(space, spaces.Dict):
        return {name: _assemble(part, discrete, scaled) for name, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_assemble(part, discrete, scaled) for part in space)
    assert space.shape is not None
    is_discrete = has_bits(space) or not isinstance(space, spaces.Box)
    columns = discrete if is_discrete else scaled
    rows = torch.stack([next(columns) for _ in range(math.prod(space.shape))], -1).reshape(-1, *space.shape)
    if isinstance(space, spaces.Box):
        rows = rows + torch.from_numpy(space.low) if is_discrete else _to_box(rows, space)
    elif isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        rows = rows + torch.as_tensor(space.start)
    return rows.to(_type_of(space))


def _to_box(rows: Tensor, space: spaces.Box) -> Tensor:
    """Return the numbers of a Box that are nearest to rows [N, ...], in float64."""
    low, high = (torch.from_numpy(bound.astype(np.float64)) for bound in (space.low, space.high))
    is_whole = np.issubdtype(space.dtype, np.integer)
    return (rows.round() if is_whole else rows).clamp(low, high)


def _type_of(space: spaces.Space) -> torch.dtype:
    """Return the type of a space's actions; one that torch does not compute with becomes int64."""
    name = np.dtype(space.dtype).name
    return torch.int64 if name in ("uint16", "uint32", "uint64") else getattr(torch, name)
