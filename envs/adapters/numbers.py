"""Numbers in infos as floats, so that a batch keeps each environment's own value.

Gymnasium's batches take the type of whoever reports a figure first: 0.75 after another environment's 1 becomes 0.
"""

from typing import Any, final

import gymnasium
import numpy as np


@final
class FloatInfos(gymnasium.Wrapper[Any, Any, Any, Any]):
    """One environment whose infos at the end of an episode hold every number as a float."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step the environment."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, reward, terminated, truncated, _as_floats(info) if terminated or truncated else info


def _as_floats(info: dict[str, Any]) -> dict[str, Any]:
    """Return an info with floats in the place of numbers."""
    return {key: _as_floats(value) if isinstance(value, dict) else _as_float(value) for key, value in info.items()}


def _as_float(value: Any) -> Any:
    """Return a number as a float, and anything else as it is."""
    is_number = isinstance(value, int | float | np.generic | np.ndarray) and np.ndim(value) == 0
    return float(value) if is_number and np.asarray(value).dtype.kind in "biuf" else value
