"""Actions as one tensor [..., K], whatever the space.

Legend: ... any leading shape (T, N), K action branches, D discrete branches, A coordinates of boxes; K = D + A. The
discrete branches come first.

A coordinate x whose bounds low and high are finite is centred and scaled, so that a policy acts in [-1, 1]:

    action = (high + low) / 2 + x (high - low) / 2                                                       (1)

An action outside of the bounds is clipped, and one of a space of whole numbers is rounded. `encode` gives the x of what
comes out, which is the action that was executed. The bits of a Box of type bool are discrete branches.
"""

import math
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from .branches import assemble, choices_of, has_bits, innermost_parts

MAX_BOUND = 1e30
"""A larger bound counts as infinite: some environments write the largest number of a type and mean infinity."""


class Actions:
    """The branches of an action space, and the conversion of actions to the environment's form and to features.

    Args:
        space: The action space of one environment: Discrete, MultiDiscrete, MultiBinary, Box, or a Tuple or a Dict of
            these.
        scale: Scale the coordinates with finite bounds, equation (1).

    Raises:
        ValueError: If the space is of another kind, or a part of it is empty.
    """

    def __init__(self, space: spaces.Space, scale: bool = True) -> None:
        self.space = space
        self.choices = choices_of(space)
        """Number of choices of each discrete branch."""
        boxes = [part for part in innermost_parts(space) if isinstance(part, spaces.Box) and not has_bits(part)]
        bounds = np.concatenate([np.zeros((2, 0)), *(np.stack([b.low.ravel(), b.high.ravel()]) for b in boxes)], 1)
        scaled = (np.abs(bounds) < MAX_BOUND).all(0) & (bounds[0] < bounds[1]) & scale
        low, high = np.where(scaled, bounds, [[-1.0], [1.0]])
        self.centre = (high + low) / 2
        self.half_width = (high - low) / 2
        whole = [np.full(math.prod(box.shape), _has_whole_numbers(box)) for box in boxes]
        self._is_whole = torch.from_numpy(np.concatenate([np.zeros(0, np.bool_), *whole]))
        self._limits = torch.from_numpy((bounds - self.centre) / self.half_width).float()
        """The bounds of the coordinates x, [2, A]."""
        self._scale = torch.from_numpy(np.stack([self.centre, self.half_width]))
        self._has_whole_numbers = bool(self._is_whole.any())
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
        return assemble(self.space, discrete, scaled, _join)

    def encode(self, action: Tensor) -> Tensor:
        """Return actions [..., K] as features: one-hot for each discrete branch, and the executed coordinates."""
        branches = zip(action.long().unbind(-1), self.choices, strict=False)
        features = [one_hot(branch, n).float() for branch, n in branches]
        if self.coordinates:
            features.append(self._executed(action[..., len(self.choices) :]))
        return torch.cat(features, -1)

    def _executed(self, x: Tensor) -> Tensor:
        """Return coordinates [..., A] clipped and rounded, as `to_env` makes them and the environment executes them."""
        if x.device != self._limits.device:
            self._is_whole = self._is_whole.to(x.device)
            self._limits = self._limits.to(x.device)
            self._scale = self._scale.to(x.device)
        clipped = x.clamp(*self._limits)
        if not self._has_whole_numbers:
            return clipped
        centre, half_width = self._scale
        rounded = ((clipped * half_width + centre).round() - centre) / half_width
        return torch.where(self._is_whole, rounded.float(), clipped)


def _join(columns: list[NDArray[Any]], space: spaces.Space) -> NDArray[Any]:
    """Return the actions of an innermost part of a space from its columns [N]."""
    rows = np.stack(columns, -1).reshape(-1, *(space.shape or ()))
    if isinstance(space, spaces.Box):
        return (rows + space.low).astype(space.dtype) if has_bits(space) else _to_box(rows, space)
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        rows = rows + space.start
    return rows.astype(space.dtype)


def _has_whole_numbers(space: spaces.Box) -> bool:
    return np.issubdtype(space.dtype, np.integer)


def _to_box(x: NDArray[np.float64], space: spaces.Box) -> NDArray[Any]:
    """Return the actions of a Box that are nearest to numbers x."""
    if not _has_whole_numbers(space):
        return np.clip(x, space.low, space.high).astype(space.dtype)
    rounded = np.rint(x)
    is_above = rounded >= space.high.astype(np.float64)  # which may be 1 more than the type's largest number
    whole = np.where(is_above, 0, np.maximum(rounded, space.low.astype(np.float64))).astype(space.dtype)
    return np.where(is_above, space.high, np.clip(whole, space.low, space.high))
