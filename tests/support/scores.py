"""An environment that reports a score in every step, which is a float at the end only."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv


class Score(gymnasium.Env[Any, Any]):
    """Episodes of so many steps, with the score 0 in each but the last one, where it is 0.75."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, length: int = 3) -> None:
        self.length = length

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        over = self.t == self.length
        return np.zeros(2, np.float32), 1.0, over, False, {"score": 0.75 if over else 0}


def make_scores(num_envs: int) -> SyncVectorEnv:
    """Return a batch of Gymnasium's own, whose environments end one after the other."""
    return SyncVectorEnv([lambda n=n: Score(3 + n) for n in range(num_envs)])
