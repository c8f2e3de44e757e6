"""Returns, lengths and metrics of the episodes of a vector environment.

Legend: N environments.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

Episode = dict[str, float]
"""Return, length and the environment's own metrics of one episode."""


class EpisodeStatistics:
    """The running return and length of N environments, and the episodes that have ended."""

    def __init__(self, num_envs: int) -> None:
        self.returns = np.zeros(num_envs)
        self.lengths = np.zeros(num_envs, np.int64)
        self._ended: list[Episode] = []

    def reset(self) -> None:
        """Begin an episode in every environment."""
        self.returns[:] = 0
        self.lengths[:] = 0

    def update(self, reward: np.ndarray, first: np.ndarray, last: np.ndarray, infos: Mapping[str, Any]) -> None:
        """Count one step, [N], and keep the episodes that it ends."""
        self.returns = np.where(first, 0.0, self.returns + reward)
        self.lengths = np.where(first, 0, self.lengths + 1)
        for n in np.flatnonzero(last):
            own = _own_metrics(infos, int(n))
            self._ended.append({"return": float(self.returns[n]), "length": int(self.lengths[n]), **own})

    def pop(self) -> list[Episode]:
        """Return the episodes that ended since the last call."""
        ended = self._ended
        self._ended = []
        return ended

    def running(self) -> list[Episode]:
        """Return the return and length so far of every environment's current episode."""
        counts = zip(self.returns, self.lengths, strict=True)
        return [{"return": float(total), "length": float(length)} for total, length in counts]

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the running returns and lengths."""
        return {"returns": torch.from_numpy(self.returns.copy()), "lengths": torch.from_numpy(self.lengths.copy())}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue from a `state_dict`.

        Raises:
            ValueError: If it has another number of environments.
        """
        for name, own in (("returns", self.returns), ("lengths", self.lengths)):
            if state[name].shape != own.shape:
                raise ValueError(f"{name} has shape {tuple(state[name].shape)}; it must be {own.shape}")
        self.returns = state["returns"].cpu().numpy().copy()
        self.lengths = state["lengths"].cpu().numpy().copy()


def _own_metrics(infos: Mapping[str, Any], n: int) -> dict[str, float]:
    """Return the numbers that environment n reports with its last observation, without its reward and length."""
    reported = {key: values for key, values in infos.items() if f"_{key}" in infos and infos[f"_{key}"][n]}
    arrays = {key: values for key, values in reported.items() if isinstance(values, np.ndarray) and values.ndim == 1}
    numbers = {key: float(values[n]) for key, values in arrays.items() if values.dtype.kind in "biuf"}
    return {key: value for key, value in numbers.items() if key not in ("reward", "length")}
