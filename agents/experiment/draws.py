"""The random numbers that choose the actions of an evaluation."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from memorl.agents import Actions

ROWS_AT_ONCE = 64  # rows of numbers that are drawn together, since one draw costs as much as many
LEAST = 2.0**-25  # stands for 0, which would be an action at infinity


class Draws:
    """Random numbers that choose actions, for every row of N episodes; each episode has its own random stream.

    So an episode is the same whichever episodes run beside it.

    Args:
        seed: The seed of the evaluation.
        episodes: Of each episode, numbers that are its own: its level and its repetition.
        actions: The actions of the environment.
    """

    def __init__(self, seed: int, episodes: Sequence[tuple[int, int]], actions: Actions) -> None:
        self.streams = [np.random.default_rng((seed, *episode)) for episode in episodes]
        self.actions = actions
        self.row = ROWS_AT_ONCE
        self.rows = torch.empty(0)

    def next(self) -> Tensor:
        """Return the numbers of the next row, [N, C + A], as `ActionDistribution.draw` takes them."""
        if self.row == ROWS_AT_ONCE:
            drawn = [stream.random((ROWS_AT_ONCE, self.actions.feature_size), np.float32) for stream in self.streams]
            self.rows = torch.from_numpy(np.stack(drawn, 1)).clamp(min=LEAST)
            coordinates = self.rows[..., sum(self.actions.choices) :]
            coordinates.copy_(torch.special.ndtri(coordinates))
            self.row = 0
        self.row += 1
        return self.rows[self.row - 1]
