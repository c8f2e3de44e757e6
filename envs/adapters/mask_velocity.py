"""Hide the velocities of a classic task: a wrapper for `env.wrappers`, as MaskVelocityWrapper of RL Baselines3 Zoo."""

from collections.abc import Sequence
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.spaces import Box

VELOCITIES = {
    "Acrobot": (4, 5),
    "CartPole": (1, 3),
    "LunarLander": (2, 3, 5),
    "LunarLanderContinuous": (2, 3, 5),
    "MountainCar": (1,),
    "MountainCarContinuous": (1,),
    "Pendulum": (2,),
}
"""The entries of an observation that are velocities, by the id without its version."""


@final
class MaskVelocity(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Show 0 in the place of velocities: `env=MountainCar-v0 env.wrappers=memorl.envs.MaskVelocity`.

    Args:
        env: The environment; its observations are vectors.
        entries: The entries that show 0; None takes those that are velocities in Gymnasium's classic tasks.

    Raises:
        ValueError: The velocities of the environment are not known, or it has no such entries.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], entries: Sequence[int] | None = None) -> None:
        super().__init__(env)
        name = env.spec.id.rpartition("-v")[0] if env.spec else ""
        if entries is None and name not in VELOCITIES:
            raise ValueError(
                f"entries is None; it must be a list for {name or env}, as only {list(VELOCITIES)} are known"
            )
        space = env.observation_space
        if not isinstance(space, Box) or len(space.shape) != 1:
            raise ValueError(f"the observations are {space}; they must be vectors")
        masked = list(VELOCITIES[name] if entries is None else entries)
        if not set(masked) <= set(range(space.shape[0])):
            raise ValueError(f"entries is {masked}; it must be a list of whole numbers from 0 to {space.shape[0] - 1}")
        self._shown = np.ones(space.shape, space.dtype)
        self._shown[masked] = 0

    def observation(self, observation: Any) -> Any:
        """Return an observation without its velocities."""
        return observation * self._shown
