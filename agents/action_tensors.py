"""Actions as tensors of their space, for programs without NumPy; `Actions.to_env` does the same with arrays.

Legend: N environments, K action branches.
"""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from .actions import Actions
from .branches import assemble, has_bits


def to_space(actions: Actions, action: Tensor) -> Any:
    """Return actions [N, K] in the form of their space, a tensor [N, ...] for each of its innermost parts."""
    D = len(actions.choices)
    discrete = iter(action[:, :D].long().unbind(1))
    if not actions.coordinates:  # a program cannot be saved with an empty tensor
        return assemble(actions.space, discrete, iter(()), _join)
    scaled = action[:, D:].double() * torch.from_numpy(actions.half_width) + torch.from_numpy(actions.centre)
    return assemble(actions.space, discrete, iter(scaled.unbind(1)), _join)


def _join(columns: list[Tensor], space: spaces.Space) -> Tensor:
    """Return the actions of an innermost part of a space from its columns [N]."""
    rows = torch.stack(columns, -1).reshape(-1, *(space.shape or ()))
    if isinstance(space, spaces.Box):
        rows = rows + torch.from_numpy(space.low) if has_bits(space) else _to_box(rows, space)
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
