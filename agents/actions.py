"""Actions as one tensor [..., K], whatever the space.

Legend: ... any leading shape (T, N), K action branches, D discrete branches, A coordinates of boxes; K = D + A. The
discrete branches come first.

A coordinate x whose bounds low and high are finite is centred and scaled, so that a policy acts in [-1, 1]:

    action = (high + low) / 2 + x (high - low) / 2                                                       (1)

An x outside of the bounds is clipped, and `encode` gives the clipped one, which is the action that was executed.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

MAX_BOUND = 1e30
"""A bound beyond this is none: some environments write the largest number of a type where they mean infinity."""


class Actions:
    """The branches of an action space, and the conversion of actions to the environment's and to features.

    Args:
        space: The action space of one environment: Discrete, MultiDiscrete, MultiBinary, Box, or a Tuple or a Dict of
            these.
        scale: Scale the coordinates with finite bounds, equation (1).

    Raises:
        ValueError: If the space is of another kind.
    """

    def __init__(self, space: spaces.Space, scale: bool = True) -> None:
        self.space = space
        leaves = list(_leaves(space))
        if not leaves:
            raise ValueError(f"action_space is {space}; it must hold at least one action")
        self.choices = tuple(int(n) for leaf in leaves for n in _choices(leaf).flat)
        """Number of choices of each discrete branch."""
        boxes = [leaf for leaf in leaves if isinstance(leaf, spaces.Box)]
        bounds = np.concatenate([np.zeros((2, 0)), *(np.stack([b.low.ravel(), b.high.ravel()]) for b in boxes)], 1)
        scaled = (np.abs(bounds) < MAX_BOUND).all(0) & (bounds[0] < bounds[1]) & scale
        low, high = np.where(scaled, bounds, [[-1.0], [1.0]])
        self.centre = (high + low) / 2
        self.half_width = (high - low) / 2
        self.bounds = torch.from_numpy((bounds - self.centre) / self.half_width).float()
        """The bounds of the coordinates x, [2, A]."""
        self.coordinates = bounds.shape[1]
        self.branches = len(self.choices) + self.coordinates
        self.feature_size = sum(self.choices) + self.coordinates
        self.dtype = torch.float32 if self.coordinates else torch.int64

    def to_env(self, action: Tensor) -> Any:
        """Return actions [N, K] as a vector environment's `step` takes them."""
        rows = action.cpu().numpy()
        D = len(self.choices)
        discrete = iter(rows[:, :D].astype(np.int64).T)
        scaled = iter((rows[:, D:] * self.half_width + self.centre).T)
        return _assemble(self.space, discrete, scaled)

    def encode(self, action: Tensor) -> Tensor:
        """Return actions [..., K] as features: one-hot for each discrete branch, and the clipped coordinates."""
        branches = zip(action.long().unbind(-1), self.choices, strict=False)
        features = [one_hot(branch, n).float() for branch, n in branches]
        if self.coordinates:
            low, high = self.bounds.to(action.device)
            features.append(action[..., len(self.choices) :].clamp(low, high))
        return torch.cat(features, -1)


def _leaves(space: spaces.Space) -> Iterator[spaces.Space]:
    """Yield the parts of a space that are no Tuple and no Dict."""
    if isinstance(space, spaces.Tuple | spaces.Dict):
        for part in space.values() if isinstance(space, spaces.Dict) else space:
            yield from _leaves(part)
    elif isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary | spaces.Box):
        yield space
    else:
        allowed = "Discrete, MultiDiscrete, MultiBinary, Box, or a Tuple or a Dict of these"
        raise ValueError(f"action_space is {space}; it must be {allowed}")


def _choices(space: spaces.Space) -> NDArray[Any]:
    """Return the number of choices of each branch of a part, in its shape."""
    if isinstance(space, spaces.MultiBinary):
        return np.full(space.shape, 2)
    if isinstance(space, spaces.MultiDiscrete):
        return space.nvec
    return np.array(space.n if isinstance(space, spaces.Discrete) else [])


def _assemble(space: spaces.Space, discrete: Iterator[NDArray[Any]], scaled: Iterator[NDArray[Any]]) -> Any:
    """Return the actions of a space from the next columns [N] of the discrete branches and of the coordinates."""
    if isinstance(space, spaces.Dict):
        return {name: _assemble(part, discrete, scaled) for name, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_assemble(part, discrete, scaled) for part in space)
    assert space.shape is not None
    columns = scaled if isinstance(space, spaces.Box) else discrete
    rows = np.stack([next(columns) for _ in range(math.prod(space.shape))], -1).reshape(-1, *space.shape)
    if isinstance(space, spaces.Box):
        whole = np.issubdtype(space.dtype, np.integer)
        rows = np.clip(np.rint(rows) if whole else rows, space.low, space.high)
    elif isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        rows = rows + space.start
    return rows.astype(space.dtype)
