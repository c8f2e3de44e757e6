"""Actions as one tensor [..., K], whatever the space.

Legend: ... any leading shape (T, N), K branches, C choices of all branches together.
"""

import math

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor


class Actions:
    """What is known of an action space: the branches, and how to turn actions into the environment's and features.

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
            self.choices, self.branches = (int(space.n),), 1
        elif isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
            self.choices, self.branches = tuple(int(n) for n in space.nvec), len(space.nvec)
        elif isinstance(space, spaces.Box):
            self.branches = math.prod(space.shape)
        else:
            raise ValueError(f"action_space is {space}; supported are Discrete, MultiDiscrete of one row, and Box")
        self.feature_size = sum(self.choices) or self.branches

    def to_env(self, action: Tensor) -> np.ndarray:
        """Actions [N, K] as a vector environment's `step` takes them; a Box's are clipped to its bounds."""
        rows = action.cpu().numpy()
        if isinstance(self.space, spaces.Box):
            rows = rows.reshape(-1, *self.space.shape)
            return np.clip(rows, self.space.low, self.space.high).astype(self.space.dtype)
        assert isinstance(self.space, spaces.Discrete | spaces.MultiDiscrete)
        return (rows[:, 0] if isinstance(self.space, spaces.Discrete) else rows) + self.space.start

    def encode(self, action: Tensor) -> Tensor:
        """Actions [..., K] as features: one-hot [..., C], or a Box's coordinates [..., K]."""
        if not self.choices:
            return action.float()
        parts = zip(action.unbind(-1), self.choices, strict=True)
        return torch.cat([torch.nn.functional.one_hot(a, n) for a, n in parts], -1).float()
