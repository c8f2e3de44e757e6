"""Texts in observations, which no encoder reads."""

import warnings
from typing import Any, final

import gymnasium
from gymnasium import spaces


@final
class WithoutTexts(gymnasium.ObservationWrapper[Any, Any, Any]):
    """One environment whose dictionary of observations has no texts, such as MiniGrid's `mission`."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        space = env.observation_space
        parts = space.spaces if isinstance(space, spaces.Dict) else {}
        self.texts = [name for name, part in parts.items() if part.dtype is not None and part.dtype.kind == "U"]
        if self.texts:
            left_out = f"the observation of {env} has texts, which are left out: {', '.join(self.texts)}"
            warnings.warn(left_out, stacklevel=1)
            self.observation_space = spaces.Dict({name: p for name, p in parts.items() if name not in self.texts})

    def observation(self, observation: Any) -> Any:
        """Return the observation without its texts."""
        if not self.texts:
            return observation
        return {name: part for name, part in observation.items() if name not in self.texts}
