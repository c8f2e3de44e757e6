"""The random numbers that choose the actions of an evaluation."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

ROWS_AT_ONCE = 64  # rows of numbers that are drawn together, since one draw costs as much as many
LEAST = 2.0**-25  # stands for 0, which would be an action at infinity


class Draws:
    """Random numbers in (0, 1) for every row of N episodes; each episode has its own random stream.

    So an episode is the same whichever episodes run beside it.

    Args:
        seed: The seed of the evaluation.
        episodes: Of each episode, numbers that are its own: its level and its repetition.
        size: Numbers a row.
    """

    def __init__(self, seed: int, episodes: Sequence[tuple[int, int]], size: int) -> None:
        self.streams = [np.random.default_rng((seed, *episode)) for episode in episodes]
        self.size = size
        self.row = ROWS_AT_ONCE
        self.rows = torch.empty(0)

    def next(self) -> Tensor:
        """Return the numbers of the next row, [N, size]."""
        if self.row == ROWS_AT_ONCE:
            drawn = [stream.random((ROWS_AT_ONCE, self.size), np.float32) for stream in self.streams]
            self.rows = torch.from_numpy(np.stack(drawn, 1)).clamp(min=LEAST)
            self.row = 0
        self.row += 1
        return self.rows[self.row - 1]
