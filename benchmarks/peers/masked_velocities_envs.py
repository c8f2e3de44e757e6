"""CartPole and Pendulum whose velocities are hidden, as in RL-Zoo's MaskVelocityWrapper; registered with Gymnasium."""

from typing import Any

import gymnasium
import numpy as np

MASKS = {"CartPole-v1": (1, 0, 1, 0), "Pendulum-v1": (1, 1, 0)}


class MaskedVelocities(gymnasium.ObservationWrapper):
    """An environment that shows 0 for every velocity."""

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(gymnasium.make(name, **arguments))
        self.mask = np.array(MASKS[name], np.float32)

    def observation(self, observation: Any) -> Any:
        """Return an observation without its velocities."""
        return observation * self.mask


for name in MASKS:
    gymnasium.register(name.replace("-", "NoVel-"), MaskedVelocities, kwargs={"name": name})
