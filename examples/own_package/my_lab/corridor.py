"""An environment: a sign at the start of a corridor, and a choice at its end."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class Corridor(gymnasium.Env[NDArray[np.float32], np.int64]):
    """The first observation shows 1 or -1; after `length` steps the agent says which one.

    Without a memory the best return is 0.5, and with one 1.

    Args:
        length: Steps between the sign and the choice.
        render_mode: Nothing is drawn.
    """

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, length: int = 6, render_mode: str | None = None) -> None:
        if length < 1:
            raise ValueError(f"length is {length}; it must be at least 1")
        self.length = length
        self.render_mode = render_mode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode with a new sign."""
        super().reset(seed=seed)
        self.sign = int(self.np_random.integers(2))
        self.steps = 0
        return np.array([2 * self.sign - 1, 0], np.float32), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Walk on; the action at the end is the choice."""
        over = self.steps == self.length
        success = over and action == self.sign
        self.steps += 1
        is_end = self.steps == self.length
        info = {"success": float(success)} if over else {}
        return np.array([0, is_end], np.float32), float(success), over, False, info
