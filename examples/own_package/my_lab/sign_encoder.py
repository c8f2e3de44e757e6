"""An encoder: any module with `output_size` that maps observations to features."""

import torch
from gymnasium import spaces
from torch import Tensor, nn


class SignEncoder(nn.Module):
    """A table of features, one row for each of the signs -1, 0 and 1 in the first place of the observation.

    Args:
        space: The observation space, a dictionary; an observation that is none is its entry "observation".
        output_size: Size of the features.
    """

    def __init__(self, space: spaces.Dict, output_size: int = 32) -> None:
        super().__init__()
        size = (space["observation"].shape or ())[0]
        self.output_size = output_size
        self.table = nn.Embedding(3, output_size)
        self.linear = nn.Linear(size, output_size)

    def forward(self, obs: dict[str, Tensor]) -> Tensor:
        """Return features [B, F] of observations whose entries are [B, ...]."""
        x = obs["observation"]
        return torch.relu(self.table((x[:, 0].sign() + 1).long()) + self.linear(x))
