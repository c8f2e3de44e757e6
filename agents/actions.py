"""Actions as one tensor [..., K], whatever the space.

Legend: ... any leading shape (T, N), K branches, C choices of all branches together.
"""

import math

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor
from torch.nn.functional import one_hot


class Actions:
    """The branches of an action space, and the conversion of actions to the environment's and to features.

    Args:
        space: The action space of one environment: Discrete, MultiDiscrete (one row) or Box.

    Raises:
        ValueError: If the space is of another kind.
    """

    def __init__(self, space: spaces.Space) -> None:
        self.space = space
        self.choices: tuple[int, ...] = ()
        """Number of choices of each branch; empty for a Box."""
        if isinstance(space, spaces.Discrete):
            self.choices = (int(space.n),)
            self.branches = 1
        elif isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
            self.choices = tuple(int(n) for n in space.nvec)
            self.branches = len(self.choices)
        elif isinstance(space, spaces.Box):
            self.branches = math.prod(space.shape)
        else:
            raise ValueError(f"action_space is {space}; it must be Discrete, MultiDiscrete of one row, or Box")
        self.feature_size = sum(self.choices) or self.branches

    def to_env(self, action: Tensor) -> np.ndarray:
        """Return actions [N, K] as a vector environment's `step` takes them; a Box clips them to its bounds."""
        rows = action.cpu().numpy()
        if isinstance(self.space, spaces.Box):
            rows = rows.reshape(-1, *self.space.shape)
            return np.clip(rows, self.space.low, self.space.high).astype(self.space.dtype)
        assert isinstance(self.space, spaces.Discrete | spaces.MultiDiscrete)
        return (rows[:, 0] if isinstance(self.space, spaces.Discrete) else rows) + self.space.start

    def encode(self, action: Tensor) -> Tensor:
        """Return actions [..., K] as features: one-hot [..., C], or the coordinates [..., K] of a Box."""
        if not self.choices:
            return action.float()
        branches = zip(action.unbind(-1), self.choices, strict=True)
        return torch.cat([one_hot(branch, n) for branch, n in branches], -1).float()
