"""Returns, lengths and metrics of the episodes of a vector environment.

Legend: N environments.

An environment reports figures of its own in the infos of its last step. Every number counts: Python's, NumPy's, arrays
of no dimension, and those in dictionaries in dictionaries, which are named like "combat.kills". One that has a name of
`OWN_FIGURES` is kept as "env_return" and so on.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch

from .saved import require_like

Episode = dict[str, float]
"""Return, length and the environment's own figures of one episode."""

OWN_FIGURES = ("return", "length", "level", "cut")
"""Names of the figures of an episode that are not the environment's."""


class EpisodeStatistics:
    """The running return and length of N environments, and the episodes that have ended.

    Args:
        num_envs: N.
        repeated: Figures of the environment that are the return and the length once more, and are left out.
    """

    def __init__(self, num_envs: int, repeated: Collection[str] = ()) -> None:
        self.repeated = repeated
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
            episode = {"return": float(self.returns[n]), "length": int(self.lengths[n])}
            for key, number in _env_figures(infos, int(n)).items():
                if key not in self.repeated:
                    episode[f"env_{key}" if key in OWN_FIGURES else key] = number
            self._ended.append(episode)

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
            ValueError: If it has another number of environments, or values that no episode has.
        """
        require_like("episodes", state, self.state_dict())
        if not state["returns"].isfinite().all() or (state["lengths"] < 0).any():
            raise ValueError("episodes has returns that are not finite, or lengths below 0")
        self.returns = state["returns"].cpu().numpy().copy()
        self.lengths = state["lengths"].cpu().numpy().copy()


def _env_figures(infos: Mapping[str, Any], n: int) -> dict[str, float]:
    """Return the numbers that environment n reports with its last observation, by name."""
    found: dict[str, float] = {}
    for key, values in infos.items():
        if f"_{key}" not in infos or not infos[f"_{key}"][n]:
            continue
        if isinstance(values, Mapping):
            found |= {f"{key}.{name}": number for name, number in _env_figures(values, n).items()}
        elif isinstance(values, np.ndarray) and values.ndim == 1 and _is_number(values[n]):
            found[key] = float(values[n])
    return found


def _is_number(value: Any) -> bool:
    """Return whether a value is a number: Python's, NumPy's, or in an array of no dimension."""
    kinds = int | float | np.generic | np.ndarray
    return isinstance(value, kinds) and np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf"
